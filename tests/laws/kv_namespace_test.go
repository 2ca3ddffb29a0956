// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

func kvNamespace() subject {
	// file writes entries in one of the two forms.
	file := func(w world, text string) string {
		path := filepath.Join(w.t.TempDir(), "entries.json")
		require.NoError(w.t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	return subject{
		name:    "KvNamespace",
		token:   provider.Name + ":index:KvNamespace",
		prepare: func(world) {},
		program: func(world) object {
			return object{"title": "sessions", "entries": object{"config/limits": "10", "empty": "", "motd": "hello"}}
		},
		changes: []change{
			{
				name: "renamed", covers: []string{"title"},
				edit: func(_ world, o object) object { return o.with("logins", "title") },
				diff: map[string]p.DiffKind{"title": p.Update},
			},
			{
				name: "moved to another account", covers: []string{"accountId"},
				edit: func(_ world, o object) object { return o.with(otherAccount, "accountId") },
				diff: map[string]p.DiffKind{"accountId": p.UpdateReplace},
			},
			{
				name: "entries changed", covers: []string{"entries"},
				edit: func(_ world, o object) object {
					return o.with("bye", "entries", "motd").with("new", "entries", "more").with(nil, "entries", "config/limits")
				},
				diff: map[string]p.DiffKind{
					"entries.motd": p.Update, "entries.more": p.Add, `entries["config/limits"]`: p.Delete,
				},
			},
			{
				name: "entries of a file", covers: []string{"entriesFile"},
				edit: func(w world, o object) object {
					return o.with(nil, "entries", "motd").with(file(w, `{"motd":"bye","more":"new"}`), "entriesFile")
				},
				diff: map[string]p.DiffKind{"entries.motd": p.Update, "entries.more": p.Add},
			},
			{
				name: "entries moved to a file as wrangler takes it", idle: true,
				edit: func(w world, o object) object {
					text := `[{"key":"config/limits","value":"10"},{"key":"empty","value":""},{"key":"motd","value":"hello"}]`
					return o.with(nil, "entries").with(file(w, text), "entriesFile")
				},
				diff: map[string]p.DiffKind{},
			},
			{
				name: "entries left out", edit: func(_ world, o object) object { return o.with(nil, "entries") },
				diff: map[string]p.DiffKind{"entries": p.Delete},
			},
		},
		drifts: []drift{
			{
				name: "keys changed",
				make: func(w world, s *stack) error {
					return errors.Join(
						w.client().PutKVPairs(w.t.Context(), account, s.id, []cfapi.KVPair{{Key: "motd", Value: "theirs"}}),
						w.client().DeleteKVKeys(w.t.Context(), account, s.id, []string{"empty"}))
				},
				diff: map[string]p.DiffKind{"entries.motd": p.Update, "entries.empty": p.Add},
			},
			{
				name: "renamed",
				make: func(w world, s *stack) error {
					return w.client().RenameKVNamespace(w.t.Context(), account, s.id, "theirs")
				},
				diff: map[string]p.DiffKind{"title": p.Update},
			},
			{
				name: "deleted", gone: true,
				make: func(w world, s *stack) error { return w.client().DeleteKVNamespace(w.t.Context(), account, s.id) },
			},
		},
		unclaimed: "Cloudflare chooses the id, so there is nothing that the state could hold",
		importID:  func(_ world, s *stack) string { return account + "/" + s.id },
		unreadable: map[string]string{
			"entries": "which keys the program manages is about this program alone",
		},
	}
}

// TestKeysOfOthersAreLeftAlone: what a Worker writes is neither seen nor removed.
func TestKeysOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	r := kvNamespace()
	w, s := built(t, r)
	theirs := []cfapi.KVPair{{Key: "theirs", Value: "1"}}
	require.NoError(t, w.client().PutKVPairs(t.Context(), account, s.id, theirs))
	before := s.state(t)
	require.NoError(t, s.refresh())
	assert.Equal(t, before, s.state(t))
	s.mustUp(properties(r.program(w).with(nil, "entries")))
	values, err := w.client().KVValues(t.Context(), account, s.id, []string{"theirs", "motd"})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"theirs": "1"}, values)
}

// TestAFileOfEntriesIsReadOrRefused: each refusal says what is wrong, and never a value.
func TestAFileOfEntriesIsReadOrRefused(t *testing.T) {
	t.Parallel()
	_, s := begun(t, kvNamespace())
	for text, reason := range map[string]string{
		`"hidden"`:                   "neither a JSON object of texts nor a list",
		`{"a": `:                     "neither a JSON object of texts nor a list",
		`{"a": {"hidden": 1}}`:       `the value of "a" is not a text`,
		`{"a": null}`:                `the value of "a" is not a text`,
		`{"": "hidden"}`:             `"" cannot be a key`,
		`{"own": "hidden"}`:          ", too: leave one of them out",
		`[{"key": "a"}]`:             "item 1 of the list does not have a key and a value",
		`[{"value": "hidden"}]`:      "item 1 of the list does not have a key and a value",
		`[{"key": "a", "value": 1}]`: "item 1 of the list does not have a key and a value",
		`[{"key": "a", "value": "hidden"},{"key": "a", "value": ""}]`: `"a" is there twice`,
		`[{"key": "a", "value": "hidden", "expiration_ttl": 60}]`:     `"a" has "expiration_ttl"`,
	} {
		path := filepath.Join(t.TempDir(), "entries.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := s.preview(properties(object{"entries": object{"own": "hidden"}, "entriesFile": path}))
		require.ErrorContains(t, err, reason, text)
		assert.NotContains(t, err.Error(), "hidden")
	}
	_, err := s.preview(properties(object{"entriesFile": filepath.Join(t.TempDir(), "none.json")}))
	require.ErrorContains(t, err, "entriesFile")
	require.ErrorContains(t, err, "no such file")
}

// TestAReplacementWarnsOfTheDataThatGoes: in the preview, by name.
func TestAReplacementWarnsOfTheDataThatGoes(t *testing.T) {
	t.Parallel()
	for r, lost := range map[string]string{
		"KvNamespace": `KV namespace \"sessions\" is replaced, and with it goes all its keys`,
		"D1Database":  `D1 database \"orders\" is replaced, and with it goes all data in it`,
		"Queue":       `queue \"orders\" is replaced, and with it goes all messages in it`,
	} {
		subject := subjects()[slices.IndexFunc(subjects(), func(s subject) bool { return s.name == r })]
		w, s := built(t, subject)
		_, err := s.preview(properties(subject.program(w)))
		require.NoError(t, err)
		assert.NotContains(t, s.logs.String(), "is replaced")
		_, err = s.preview(properties(subject.program(w).with(otherAccount, "accountId")))
		require.NoError(t, err)
		assert.Contains(t, s.logs.String(), lost)
	}
}

// TestManyEntriesTakeFewRequests: 10,000 are written by one, and 100 are read by one.
func TestManyEntriesTakeFewRequests(t *testing.T) {
	t.Parallel()
	r := kvNamespace()
	w, s := begun(t, r)
	entries := object{}
	for i := range 10_001 {
		entries[fmt.Sprintf("key-%d", i)] = "value"
	}
	program := r.program(w).with(entries, "entries")
	s.mustUp(properties(program))
	assert.Len(t, w.requests(), 1+2)
	require.NoError(t, s.refresh())
	assert.Len(t, w.requests(), 1+101)
	s.mustUp(properties(program.with("other", "entries", "key-7")))
	assert.Len(t, w.requests(), 1)
	s.mustUp(properties(program.with(nil, "entries")))
	assert.Len(t, w.requests(), 2)
}

// TestWrongEntriesAreRefused: before anything is asked of Cloudflare, and by the name of the key.
func TestWrongEntriesAreRefused(t *testing.T) {
	t.Parallel()
	r := kvNamespace()
	w, s := begun(t, r)
	for key, value := range map[string]string{
		"big": strings.Repeat("x", 25<<20+1), "..": "x", strings.Repeat("k", 513): "x",
	} {
		_, err := s.preview(properties(r.program(w).with(value, "entries", key)))
		require.ErrorContains(t, err, "entries")
		require.ErrorContains(t, err, key)
	}
	assert.Empty(t, w.Calls())
}

// TestASecretEntryIsSecretInTheState: a value that the program marks is one everywhere.
func TestASecretEntryIsSecretInTheState(t *testing.T) {
	t.Parallel()
	r := kvNamespace()
	w, s := begun(t, r)
	program := properties(r.program(w).with(secret("entry"), "entries", "motd"))
	check := func(when string) {
		state, err := json.Marshal(plain(property.New(withoutSecrets(s.outputs))))
		require.NoError(t, err)
		assert.NotContains(t, string(state), secretMark, when)
	}
	s.mustUp(program)
	check("create")
	s.mustUp(properties(r.program(w).with(secret("other entry"), "entries", "motd")))
	check("update")
	require.NoError(t, s.refresh())
	check("refresh")
	assert.Empty(t, withoutSecrets(s.inputs).Get("entries").AsMap().Get("motd"))
}

// withoutSecrets removes what the engine would encrypt.
func withoutSecrets(m property.Map) property.Map {
	for name, value := range m.All {
		switch {
		case value.Secret():
			m = m.Delete(name)
		case value.IsMap():
			m = m.Set(name, property.New(withoutSecrets(value.AsMap())))
		}
	}
	return m
}
