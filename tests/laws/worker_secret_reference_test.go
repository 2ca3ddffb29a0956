// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
)

// secretsProgram is the argument that makes this program one that looks secrets up
// in the directory that follows.
const secretsProgram = "look-up-secrets"

// lookUp is the program: it answers on standard output. The exit status is 0 if there is such a secret.
func lookUp(directory string) int {
	asked := map[string]string{}
	for in := bufio.NewScanner(os.Stdin); in.Scan() && in.Text() != ""; {
		key, value, _ := strings.Cut(in.Text(), "=")
		asked[key] = value
	}
	value, err := os.ReadFile(filepath.Join(directory, asked["group"], asked["name"]))
	if err != nil {
		return 1
	}
	if _, err := os.Stdout.Write(value); err != nil {
		return 2
	}
	return 0
}

// TestAReferenceIsItsValue: a value that changes behind an unchanged reference is a
// change of that secret, and what cannot be resolved is told by both names.
func TestAReferenceIsItsValue(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	dir := t.TempDir()
	inFile := func(path ...string) func(value string) error {
		name := filepath.Join(append([]string{dir}, path...)...)
		return func(value string) error {
			if value == "" {
				return os.Remove(name)
			}
			return errors.Join(os.MkdirAll(filepath.Dir(name), 0o750), os.WriteFile(name, []byte(value+"\n"), 0o600))
		}
	}
	inVariable := func(name string) func(value string) error {
		t.Cleanup(func() { assert.NoError(t, os.Unsetenv(name)) })
		return func(value string) error {
			if value == "" {
				return os.Unsetenv(name)
			}
			return os.Setenv(name, value) //nolint:usetesting // t.Setenv forbids parallel tests; nobody else has the name
		}
	}
	groups, err := json.Marshal(map[string]any{ // nested configuration arrives as JSON
		"mounted":  map[string]any{"directory": filepath.Join(dir, "mounted")},
		"prefixed": map[string]any{"envPrefix": "LAWS_GROUP_"},
		"asked":    map[string]any{"command": []string{os.Args[0], secretsProgram, filepath.Join(dir, "programs")}},
		"*":        map[string]any{"directory": filepath.Join(dir, "all")},
	})
	require.NoError(t, err)
	for reference, set := range map[string]func(value string) error{
		"env:LAWS_REFERENCE":                   inVariable("LAWS_REFERENCE"),
		"file:" + filepath.Join(dir, "a file"): inFile("a file"),
		"$secrets-group/mounted/api-key":       inFile("mounted", "api-key"),
		"$secrets-group/prefixed/api-key":      inVariable("LAWS_GROUP_API_KEY"),
		"$secrets-group/asked/api-key":         inFile("programs", "asked", "api-key"),
		"$secrets-group/whatever/api-key":      inFile("all", "whatever", "api-key"),
	} {
		for _, config := range []any{string(groups), secretsGroupsOf(groups)} {
			require.NoError(t, set(valueOf("one")))
			w := newWorld(t)
			r.prepare(w)
			w.config = object{"secretsGroups": config}
			s := newStack(t, w.cloud, r.token)
			program := r.program(w).with(reference, "secrets", "TOKEN")
			s.mustUp(properties(program))
			w.hasSecrets(ownSecrets(nil))
			s.idle(w, program)
			s.idle(w, r.program(w)) // the same value, in the program
			s.mustUp(properties(program))

			require.NoError(t, set(valueOf("rotated")))
			s.previews(program, map[string]p.DiffKind{"secrets.TOKEN": p.Update})
			assert.Equal(t, []string{patchCall}, w.callsOf(s, program), reference)
			w.hasSecrets(ownSecrets(map[string]string{"TOKEN": valueOf("rotated")}))
			s.idle(w, program)

			require.NoError(t, set(""))
			w.forget()
			_, err := s.preview(properties(program))
			var failures checkError
			require.ErrorAs(t, err, &failures, reference)
			require.Len(t, failures, 1)
			assert.Equal(t, "secrets.TOKEN", failures[0].Property)
			assert.Contains(t, failures[0].Reason, fmt.Sprintf("%q", reference))
			assert.NotContains(t, failures[0].Reason, secretMark)
			require.Error(t, s.up(properties(program)))
			assert.Empty(t, w.Calls())
			w.hasSecrets(ownSecrets(map[string]string{"TOKEN": valueOf("rotated")}))
			assert.NotContains(t, s.logs.String(), secretMark)
		}
	}
	_, err = os.Stat(filepath.Join(dir, "programs", "asked", "api-key"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// secretsGroupsOf is the configuration as an SDK nests it.
func secretsGroupsOf(groups []byte) object {
	var m map[string]map[string]any
	o := object{}
	if json.Unmarshal(groups, &m) == nil {
		for name, group := range m {
			for member, value := range group {
				o = o.with(value, name, member)
			}
		}
	}
	return o
}

// TestReferencesThatLeadNowhere: all are told at once, each by its secret.
func TestReferencesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w).with(object{
		"A": "env:LAWS_NO_SUCH_VARIABLE", "B": "file:/no/such/file", "C": "$secrets-group/none/key", "D": secret("one"),
	}, "secrets")
	_, err := s.check(s.inputs, properties(program))
	var failures checkError
	require.ErrorAs(t, err, &failures)
	require.Len(t, failures, 3)
	for i, name := range []string{"A", "B", "C"} {
		assert.Equal(t, "secrets."+name, failures[i].Property)
		assert.Contains(t, failures[i].Reason, program["secrets"].(object)[name])
	}
	assert.NotContains(t, err.Error(), secretMark)
}
