// SPDX-License-Identifier: Apache-2.0

package secretref_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/secretref"
)

// write returns the path of a new file.
func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestOtherTextIsItsOwnValue(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "hunter2", " env:HOME", "ENV:HOME", "env", "environment:HOME", "file", "$secrets-group", "$secrets-groups/a/b",
		"secrets-group/a/b", "a\nb", "https://example.com/file:x",
	} {
		value, err := new(secretref.Resolver).Resolve(t.Context(), text)
		require.NoError(t, err)
		assert.Equal(t, text, value)
		assert.False(t, secretref.IsReference(text), "%q", text)
	}
}

func TestLiteralEscapes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "hunter2", "env:HOME", "env:not a name", "file:/etc/passwd", "$secrets-group/a/b", "literal:x", " ",
	} {
		value, err := new(secretref.Resolver).Resolve(t.Context(), "literal:"+text)
		require.NoError(t, err)
		assert.Equal(t, text, value)
		assert.True(t, secretref.IsReference("literal:"+text))
	}
}

func TestMalformedReferenceIsNotRepeated(t *testing.T) {
	t.Parallel()
	r := &secretref.Resolver{Groups: map[string]secretref.Group{"*": {Directory: t.TempDir()}}}
	for prefix, texts := range map[string][]string{
		"env:": {"", "hunter2 hunter2", "1hunter2", "hunter2-hunter2", "hunter2=hunter2", "hünter2", "hunter2\n", "A.B"},
		"file:": {
			"", "hunter2\nhunter2", "hunter2\x00", "hunter2\x7f", "hunter2\xff",
		},
		"$secrets-group/": {
			"", "hunter2", "hunter2/", "/hunter2", "hunter2/hunter2/hunter2", "hunter2/../x", "../hunter2", "hunter2/..",
			"./hunter2", "hunter2/.", "hunter2/a..b", "a..b/hunter2", "*/hunter2", "hunter2/*", "hunter2/a b",
			"hunter2/a\n", "hunter2\n/a", `hunter2\a`, `hunter2/a\b`, "hunter2/é",
		},
	} {
		for _, text := range texts {
			assert.True(t, secretref.IsReference(prefix+text), "%q", prefix+text)
			value, err := r.Resolve(t.Context(), prefix+text)
			require.ErrorContains(t, err, "malformed reference: "+prefix, "%q", text)
			assert.Empty(t, value)
			require.ErrorContains(t, err, "literal:")
			assert.NotContains(t, err.Error(), "hunter2", "%q", text)
		}
	}
}

func TestVariable(t *testing.T) {
	t.Setenv("SECRETREF_SET", " hunter2\n")
	t.Setenv("_secretref_2", "env:SECRETREF_SET")
	t.Setenv("SECRETREF_EMPTY", "")
	r := &secretref.Resolver{}
	value, err := r.Resolve(t.Context(), "env:SECRETREF_SET")
	require.NoError(t, err)
	assert.Equal(t, " hunter2\n", value, "nothing is removed from a variable")
	value, err = r.Resolve(t.Context(), "env:_secretref_2")
	require.NoError(t, err)
	assert.Equal(t, "env:SECRETREF_SET", value, "what is resolved is not resolved again")
	_, err = r.Resolve(t.Context(), "env:SECRETREF_EMPTY")
	require.ErrorContains(t, err, `"env:SECRETREF_EMPTY": the environment variable SECRETREF_EMPTY is empty`)
	_, err = r.Resolve(t.Context(), "env:SECRETREF_UNSET")
	require.ErrorContains(t, err, `"env:SECRETREF_UNSET": the environment variable SECRETREF_UNSET is not set`)
}

func TestFile(t *testing.T) {
	t.Parallel()
	most := strings.Repeat("x", 64<<10)
	for name, c := range map[string]struct{ content, value string }{
		"no line ending":       {"hunter2", "hunter2"},
		"one line ending":      {"hunter2\n", "hunter2"},
		"a Windows one":        {"hunter2\r\n", "hunter2"},
		"two line endings":     {"hunter2\n\n", "hunter2\n"},
		"two Windows ones":     {"hunter2\r\n\r\n", "hunter2\r\n"},
		"two returns":          {"hunter2\r\r\n", "hunter2\r"},
		"a return alone":       {"hunter2\r", "hunter2\r"},
		"an ending in front":   {"\nhunter2", "\nhunter2"},
		"spaces around":        {" hunter2 \n", " hunter2 "},
		"a reference":          {"env:HOME\n", "env:HOME"},
		"empty":                {"", ""},
		"an empty line":        {"\n", ""},
		"not ASCII":            {"pässwörd ☃\n", "pässwörd ☃"},
		"as long as it may be": {most, most},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, err := new(secretref.Resolver).Resolve(t.Context(), "file:"+write(t, c.content))
			require.NoError(t, err)
			assert.Equal(t, c.value, value)
		})
	}
}

func TestFileThatHoldsNoValue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct{ path, says string }{
		"missing":                   {filepath.Join(dir, "nope"), "read the file"},
		"a directory":               {dir, "it is a directory"},
		"a device":                  {os.DevNull, "it is a device"},
		"too long by one":           {write(t, strings.Repeat("x", 64<<10+1)), "larger than 64 KiB"},
		"too long by a line":        {write(t, strings.Repeat("x", 64<<10)+"\n"), "larger than 64 KiB"},
		"not UTF-8":                 {write(t, "hunter2\xff"), "not valid UTF-8"},
		"not UTF-8 at the very end": {write(t, "hunter2\xc3\n"), "not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, err := new(secretref.Resolver).Resolve(t.Context(), "file:"+c.path)
			require.ErrorContains(t, err, c.says)
			assert.Empty(t, value)
			require.ErrorContains(t, err, `"file:`)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
	_, err := new(secretref.Resolver).Resolve(t.Context(), "file:"+filepath.Join(dir, "nope"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestRelativePathsStartAtTheWorkingDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.MkdirAll("secrets/nested", 0o700))
	require.NoError(t, os.WriteFile("secrets/a", []byte("hunter2"), 0o600))
	r := &secretref.Resolver{Groups: map[string]secretref.Group{"any": {Directory: "secrets"}}}
	for _, reference := range []string{"file:secrets/a", "file:./secrets/nested/../a", "$secrets-group/any/a"} {
		value, err := r.Resolve(t.Context(), reference)
		require.NoError(t, err)
		assert.Equal(t, "hunter2", value)
	}
	_, err := r.Resolve(t.Context(), "file:nope")
	require.ErrorContains(t, err, string(filepath.Separator)+"nope", "says where it looked")
	require.ErrorContains(t, err, filepath.Base(dir))
}

func TestGroupsLieWhereTheyAreMapped(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"own/key.a": "file of own\n", "rest/g-1/key": "file of the rest"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	t.Setenv("SECRETREF_OWN_KEY_A_2", "variable of own")
	t.Setenv("SECRETREF_ALL_G_1_KEY", "variable of the rest")
	own := map[string]secretref.Group{
		"dir": {Directory: filepath.Join(dir, "own")},
		"env": {EnvPrefix: "SECRETREF_OWN_"},
		"*":   {Directory: filepath.Join(dir, "rest")},
	}
	all := map[string]secretref.Group{"*": {EnvPrefix: "SECRETREF_ALL_"}}
	for reference, c := range map[string]struct {
		groups      map[string]secretref.Group
		value, says string
	}{
		"$secrets-group/dir/key.a":   {own, "file of own", ""},
		"$secrets-group/env/key-a.2": {own, "variable of own", ""},
		"$secrets-group/g-1/key":     {own, "file of the rest", ""},
		"$secrets-group/g-1/Key":     {all, "variable of the rest", ""},
		"$secrets-group/dir/g-1":     {own, "", "read the file"},
		"$secrets-group/env/key":     {own, "", "SECRETREF_OWN_KEY is not set"},
		"$secrets-group/other/key":   {own, "", "read the file"},
		"$secrets-group/G_1/KEY":     {all, "variable of the rest", ""},
		"$secrets-group/g/none":      {all, "", "SECRETREF_ALL_G_NONE is not set"},
		"$secrets-group/absent/key":  {nil, "", `the secrets group "absent"`},
	} {
		value, err := (&secretref.Resolver{Groups: c.groups}).Resolve(t.Context(), reference)
		assert.Equal(t, c.value, value, reference)
		if c.says == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, c.says)
		assert.ErrorContains(t, err, reference)
	}
}

func TestGroupHasOneMember(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		group secretref.Group
		says  string
	}{
		"a directory":               {secretref.Group{Directory: "x"}, ""},
		"a prefix":                  {secretref.Group{EnvPrefix: "X_"}, ""},
		"a program":                 {secretref.Group{Command: []string{"x"}}, ""},
		"a program with arguments":  {secretref.Group{Command: []string{"x", "", "y"}}, ""},
		"nothing":                   {secretref.Group{}, "has 0"},
		"an empty command":          {secretref.Group{Command: []string{}}, "has 0"},
		"a directory and a prefix":  {secretref.Group{Directory: "x", EnvPrefix: "X_"}, "has 2"},
		"a directory and a program": {secretref.Group{Directory: "x", Command: []string{"x"}}, "has 2"},
		"a prefix and a program":    {secretref.Group{EnvPrefix: "x", Command: []string{"x"}}, "has 2"},
		"all":                       {secretref.Group{Directory: "x", EnvPrefix: "x", Command: []string{"x"}}, "has 3"},
		"a prefix of no name":       {secretref.Group{EnvPrefix: "X-"}, "envPrefix"},
		"a prefix with a digit":     {secretref.Group{EnvPrefix: "1X"}, "envPrefix"},
		"a directory with a NUL":    {secretref.Group{Directory: "x\x00"}, "NUL"},
		"a program without a name":  {secretref.Group{Command: []string{"", "x"}}, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.group.Validate()
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			r := &secretref.Resolver{Groups: map[string]secretref.Group{"any": c.group}}
			_, resolved := r.Resolve(t.Context(), "$secrets-group/any/x")
			require.ErrorContains(t, resolved, err.Error())
		})
	}
}
