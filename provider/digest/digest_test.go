// SPDX-License-Identifier: Apache-2.0

package digest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

func tree(t *testing.T, files map[string]string) digest.Digest {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	d, _, err := digest.OfFS(fsys)
	require.NoError(t, err)
	return d
}

func TestDigestIsWhatSha256sumSays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"index.js": "a", "B.js": "b", "lib/x y.wasm": "\x00asm", "a-b.txt": "c"} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c",
		`find . -type f -printf '%P\0' | xargs -0 sha256sum | LC_ALL=C sort | sha256sum`)
	cmd.Dir = dir
	out, err := cmd.Output()
	require.NoError(t, err)
	got, files, err := digest.OfFS(os.DirFS(dir))
	require.NoError(t, err)
	assert.Equal(t, strings.Fields(string(out))[0], got.String())
	assert.Len(t, files, 4)
}

func TestEveryPartMatters(t *testing.T) {
	t.Parallel()
	base := tree(t, map[string]string{"index.js": "a", "lib.js": "b"})
	for name, files := range map[string]map[string]string{
		"content changed":           {"index.js": "A", "lib.js": "b"},
		"file renamed":              {"index.js": "a", "lib2.js": "b"},
		"case of a name changed":    {"index.js": "a", "LIB.js": "b"},
		"file moved":                {"index.js": "a", "x/lib.js": "b"},
		"contents swapped":          {"index.js": "b", "lib.js": "a"},
		"file added":                {"index.js": "a", "lib.js": "b", "c.js": ""},
		"file removed":              {"index.js": "a"},
		"content moved across file": {"index.js": "ab", "lib.js": ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.NotEqual(t, base, tree(t, files))
		})
	}
	assert.Equal(t, base, tree(t, map[string]string{"lib.js": "b", "index.js": "a"}), "order does not matter")
}

func TestTreeRefusesWhatItCannotName(t *testing.T) {
	t.Parallel()
	one := digest.OfBytes([]byte("x"))
	for _, name := range []string{"", ".", "/a", "a/", "a//b", "../a", "a/../b", "a\nb", "a\\b", "a\x7f"} {
		_, err := digest.OfTree(map[string]digest.Digest{name: one})
		require.Error(t, err, "%q", name)
	}
	_, err := digest.OfTree(nil)
	require.Error(t, err)
	_, err = digest.OfTree(map[string]digest.Digest{"a": {}})
	require.Error(t, err)
}

func TestLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.js"), []byte("a"), 0o600))
	require.NoError(t, os.Symlink("index.js", filepath.Join(dir, "link.js")))
	_, _, err := digest.OfFS(os.DirFS(dir))
	assert.ErrorContains(t, err, `"link.js"`)
}

func TestParseAcceptsOnlyItsOwnText(t *testing.T) {
	t.Parallel()
	d := digest.OfBytes([]byte("x"))
	for _, s := range []string{d.String(), "sha256:" + d.String()} {
		got, err := digest.Parse(s)
		require.NoError(t, err)
		assert.Equal(t, d, got)
	}
	for _, s := range []string{
		"", "ab", strings.ToUpper(d.String()), strings.Repeat("g", 64), "sha512:" + d.String(), d.String() + "0",
	} {
		_, err := digest.Parse(s)
		require.Error(t, err, "%q", s)
	}
	assert.True(t, digest.Digest{}.IsZero())
	assert.Empty(t, digest.Digest{}.String())
	assert.Empty(t, digest.Digest{}.Short())
	assert.Equal(t, d.String()[:12], d.Short())
}

func FuzzParseRoundTrips(f *testing.F) {
	f.Add(strings.Repeat("0a", 32))
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := digest.Parse(s); err == nil && strings.TrimPrefix(s, "sha256:") != d.String() {
			t.Errorf("%q became %q", s, d)
		}
	})
}

func BenchmarkOfReader10MB(b *testing.B) {
	content := strings.Repeat("0123456789abcdef", 10<<16)
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if _, _, err := digest.OfReader(strings.NewReader(content)); err != nil {
			b.Fatal(err)
		}
	}
}
