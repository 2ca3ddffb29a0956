// SPDX-License-Identifier: Apache-2.0

package assets_test

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/assets"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// files makes a directory of files with contents.
func files(contents map[string]string) fstest.MapFS {
	directory := fstest.MapFS{}
	for name, content := range contents {
		directory[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return directory
}

func read(t *testing.T, directory fs.FS) assets.Tree {
	t.Helper()
	tree, err := assets.Read(t.Context(), directory)
	require.NoError(t, err)
	return tree
}

func TestFilesWithAMeaningAreNotAssets(t *testing.T) {
	t.Parallel()
	tree := read(t, files(map[string]string{
		"index.html": "home", "a/_headers": "served", "_headers": "/*\n  A: b\n", "_redirects": "/a /b\n",
		".assetsignore": "secret*\n", "secret.txt": "secret", "a/secrets/b": "secret", ".well-known/x": "served",
	}))
	assert.ElementsMatch(t, []string{"index.html", "a/_headers", ".well-known/x"}, slices.Collect(maps.Keys(tree.Files)))
	assert.Equal(t, "/*\n  A: b\n", tree.Headers)
	assert.Equal(t, "/a /b\n", tree.Redirects)
	assert.Equal(t, int64(len("home")+2*len("served")), tree.Size())
}

func TestTheDigestIsThatOfTheDirectory(t *testing.T) {
	t.Parallel()
	directory := files(map[string]string{"index.html": "home", "a/b.txt": "b", "_headers": "/*\n  A: b\n"})
	want, _, err := digest.OfFS(directory)
	require.NoError(t, err)
	assert.Equal(t, want, read(t, directory).Digest(), "of all that is not ignored")

	before := read(t, directory)
	for name, change := range map[string]func(fstest.MapFS){
		"content":   func(d fstest.MapFS) { d["a/b.txt"] = &fstest.MapFile{Data: []byte("c")} },
		"name":      func(d fstest.MapFS) { d["a/c.txt"] = d["a/b.txt"]; delete(d, "a/b.txt") },
		"headers":   func(d fstest.MapFS) { d["_headers"] = &fstest.MapFile{Data: []byte("/*\n  A: c\n")} },
		"redirects": func(d fstest.MapFS) { d["_redirects"] = &fstest.MapFile{Data: []byte("/a /b\n")} },
	} {
		changed := maps.Clone(directory)
		change(changed)
		assert.NotEqual(t, before.Digest(), read(t, changed).Digest(), name)
	}
	changed := maps.Clone(directory)
	changed[".assetsignore"] = &fstest.MapFile{Data: []byte("*.tmp\n")}
	changed["a.tmp"] = &fstest.MapFile{Data: []byte("x")}
	assert.Equal(t, before.Digest(), read(t, changed).Digest(), "what is ignored")
}

func TestAHashTellsContentAndExtension(t *testing.T) {
	t.Parallel()
	tree := read(t, files(map[string]string{"a.html": "x", "b.html": "x", "a.txt": "x", "c.html": "y", "a": "xhtml"}))
	assert.Regexp(t, `^[0-9a-f]{32}$`, tree.Files["a.html"].Hash)
	assert.Equal(t, tree.Files["a.html"].Hash, tree.Files["b.html"].Hash)
	assert.NotEqual(t, tree.Files["a.html"].Hash, tree.Files["a.txt"].Hash, "it is served with another content type")
	assert.NotEqual(t, tree.Files["a.html"].Hash, tree.Files["c.html"].Hash)
}

func TestWhatCloudflareWouldRefuseIsNamed(t *testing.T) {
	t.Parallel()
	large := fstest.MapFS{"big.bin": {Data: bytes.Repeat([]byte{0}, assets.MaxSize+1)}, "a": {}}
	for _, test := range []struct {
		directory fs.FS
		message   string
	}{
		{large, `"big.bin" has 25.0 MiB; Cloudflare allows 25 MiB a file`},
		{fstest.MapFS{"link": {Mode: fs.ModeSymlink, Data: []byte("a")}}, `"link" is neither a file nor a directory`},
		{files(map[string]string{"_headers": "/*\n"}), "there is no file to serve in it"},
		{files(map[string]string{"_worker.js": "code"}), `"_worker.js" is code of Cloudflare Pages`},
		{files(map[string]string{"_worker.js/index.js": "code"}), `"_worker.js" is code of Cloudflare Pages`},
	} {
		_, err := assets.Read(t.Context(), test.directory)
		require.ErrorContains(t, err, test.message)
	}
	delete(large, "a")
	large["big.bin"].Data = large["big.bin"].Data[1:]
	assert.Len(t, read(t, large).Files, 1, "exactly the limit")
	published := files(map[string]string{"_worker.js": "code", ".assetsignore": ""})
	assert.Contains(t, read(t, published).Files, "_worker.js")
}

func TestReadingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := assets.Read(ctx, files(map[string]string{"a": ""}))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestAFileThatChangesIsNotSent(t *testing.T) {
	t.Parallel()
	directory := files(map[string]string{"a.txt": "one"})
	tree := read(t, directory)
	content, err := tree.Content(directory, "a.txt")
	require.NoError(t, err)
	assert.Equal(t, "one", string(content))
	directory["a.txt"].Data = []byte("two")
	_, err = tree.Content(directory, "a.txt")
	assert.ErrorContains(t, err, `"a.txt" has changed while it was uploaded`)
}

func TestListingsAreCompared(t *testing.T) {
	t.Parallel()
	was := assets.ParseListing(read(t, files(map[string]string{"a": "1", "b": "2", "c  d": "3"})).Lines())
	is := assets.ParseListing(read(t, files(map[string]string{"a": "1", "b": "x", "e": "3"})).Lines())
	added, changed, gone := assets.Compare(was, is)
	assert.Equal(t, [][]string{{"e"}, {"b"}, {"c  d"}}, [][]string{added, changed, gone})
}

func TestContentTypesAreNoMattersOfTheMachine(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "text/html; charset=utf-8", assets.ContentType("a.b.HTML"))
	assert.Equal(t, "text/javascript; charset=utf-8", assets.ContentType("a.js"))
	assert.Equal(t, "image/png", assets.ContentType("a.png"))
	assert.Equal(t, assets.NoContentType, assets.ContentType("LICENSE"))
	assert.Equal(t, assets.NoContentType, assets.ContentType("a.unknown"))
}
