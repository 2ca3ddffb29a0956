// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/assets"
)

var siteFiles = map[string]string{
	"index.html": "home", "docs/index.html": "docs", "secret.txt": "secret", ".assetsignore": "secret.txt\n",
	"_headers": "/*\n  A: b\n", "_redirects": "/old / 301\n",
}

func tarOf(t *testing.T, files map[string]string, more ...tar.Header) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "docs/", Mode: 0o755}))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		require.NoError(t, w.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: "./" + name, Size: int64(len(files[name])), Mode: 0o644,
		}))
		_, err := w.Write([]byte(files[name]))
		require.NoError(t, err)
	}
	for _, header := range more {
		require.NoError(t, w.WriteHeader(&header))
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func zipOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, text := range files {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
	require.NoError(t, os.WriteFile(name, content, 0o600))
	return name
}

func assetsOf(a *resource.Archive) WorkerAssets {
	return WorkerAssets{Archive: &types.AssetOrArchive{Archive: a}}
}

// TestAnArchiveIsADirectory: whatever its form, it has the same digest and the same contents.
func TestAnArchiveIsADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	members := map[string]any{}
	for name, text := range siteFiles {
		writeFile(t, filepath.Join(dir, "site", filepath.FromSlash(name)), []byte(text))
		members[name] = &resource.Asset{Text: text}
	}
	docs := writeFile(t, filepath.Join(dir, "docs.tgz"), gzipped(t, tarOf(t, map[string]string{"index.html": "docs"})))
	nested := maps.Clone(members)
	delete(nested, "docs/index.html")
	nested["docs"] = &resource.Archive{Path: docs}
	nested["index.html"] = &resource.Asset{Path: filepath.Join(dir, "site", "index.html")}
	mixed := map[string]any{".": &resource.Archive{Path: filepath.Join(dir, "site")}}

	directory, err := openAssets(t.Context(), bundleStore{}, WorkerAssets{Directory: filepath.Join(dir, "site")})
	require.NoError(t, err)
	want, err := directory.tree(t.Context())
	require.NoError(t, err)
	for form, a := range map[string]*resource.Archive{
		"directory": {Path: filepath.Join(dir, "site")},
		"zip":       {Path: writeFile(t, filepath.Join(dir, "site.zip"), zipOf(t, siteFiles))},
		"tar":       {Path: writeFile(t, filepath.Join(dir, "site.tar"), tarOf(t, siteFiles))},
		"tar.gz":    {Path: writeFile(t, filepath.Join(dir, "site.tar.gz"), gzipped(t, tarOf(t, siteFiles)))},
		"texts":     {Assets: members},
		"nested":    {Assets: nested},
		"at .":      {Assets: mixed},
	} {
		source, err := openAssets(t.Context(), bundleStore{}, assetsOf(a))
		require.NoError(t, err, form)
		tree, err := source.tree(t.Context())
		require.NoError(t, err, form)
		assert.Equal(t, want, tree, form)
		content, err := source.content(t.Context(), tree, "docs/index.html")
		require.NoError(t, err, form)
		assert.Equal(t, "docs", string(content), form)
		source.close()
	}
}

func TestWhatIsUnpackedIsRemoved(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	left := func() []os.DirEntry {
		t.Helper()
		entries, err := os.ReadDir(temporary)
		require.NoError(t, err)
		return entries
	}
	source, err := openAssets(t.Context(), bundleStore{}, assetsOf(&resource.Archive{
		Assets: map[string]any{"a": &resource.Asset{Text: "a"}},
	}))
	require.NoError(t, err)
	assert.Len(t, left(), 1)
	source.close()
	assert.Empty(t, left())
	_, err = openAssets(t.Context(), bundleStore{}, assetsOf(&resource.Archive{
		Assets: map[string]any{"a": &resource.Asset{Text: "a"}, "b": &resource.Asset{URI: "ftp://example.com/b"}},
	}))
	require.Error(t, err)
	assert.Empty(t, left())
}

func TestAnArchiveThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string, content []byte) *resource.Archive {
		return &resource.Archive{Path: writeFile(t, filepath.Join(dir, name), content)}
	}
	member := func(name string, content any) *resource.Archive {
		return &resource.Archive{Assets: map[string]any{name: content}}
	}
	link := tar.Header{Typeflag: tar.TypeSymlink, Name: "link", Linkname: "/etc/passwd"}
	outside := tar.Header{Typeflag: tar.TypeReg, Name: "../outside"}
	for problem, a := range map[string]*resource.Archive{
		`there is no archive "nowhere.zip": has the site been built?`: {Path: "nowhere.zip"},
		"neither a directory nor a .zip, .tar, .tar.gz or .tgz":       file("site.rar", nil),
		"not a valid zip file":             file("broken.zip", []byte("x")),
		"unexpected EOF":                   file("broken.tar", []byte("x")),
		`"link" is neither a file nor a`:   file("link.tar", tarOf(t, siteFiles, link)),
		`"../outside" is not a slash`:      file("outside.tar", tarOf(t, siteFiles, outside)),
		`"../a" is not a slash-separated`:  member("../a", &resource.Asset{Text: "a"}),
		"no.zip: no such file":             {URI: "file:///nowhere/no.zip"},
		"ftp://h/site.zip: is not one of":  {URI: "ftp://user:open-sesame@h/site.zip"},
		`"a": its address is no URL`:       member("a", &resource.Asset{URI: "http://%zz?key=open-sesame"}),
		`"a" is neither an asset nor an a`: member("a", "text"),
	} {
		_, err := openAssets(t.Context(), bundleStore{}, assetsOf(a))
		require.ErrorContains(t, err, problem)
	}
	large := member("big.bin", &resource.Asset{Text: string(make([]byte, assets.MaxSize+2))})
	source, err := openAssets(t.Context(), bundleStore{}, assetsOf(large))
	require.NoError(t, err)
	defer source.close()
	_, err = source.tree(t.Context())
	require.ErrorContains(t, err, `"big.bin" has 25.0 MiB; Cloudflare allows 25 MiB a file`)
}

// TestAnArchiveOnTheNetworkIsDownloaded, and so are single files in one; errors do not say what else is in an address.
func TestAnArchiveOnTheNetworkIsDownloaded(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "site.zip"), zipOf(t, siteFiles))
	writeFile(t, filepath.Join(dir, "site.tgz"), gzipped(t, tarOf(t, siteFiles)))
	writeFile(t, filepath.Join(dir, "site.rar"), []byte("x"))
	writeFile(t, filepath.Join(dir, "index.html"), []byte("home"))
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	for form, a := range map[string]*resource.Archive{
		"zip": {URI: server.URL + "/site.zip?key=open-sesame"}, "tgz": {URI: server.URL + "/site.tgz"},
		"file": {URI: "file://" + filepath.ToSlash(filepath.Join(dir, "site.zip"))},
		"asset": {Assets: map[string]any{
			".":          &resource.Archive{URI: server.URL + "/site.zip"},
			"index.html": &resource.Asset{URI: server.URL + "/index.html"},
		}},
	} {
		got, err := readArchive(t.Context(), a)
		require.NoError(t, err, form)
		assert.Equal(t, "home", string(got.Files["index.html"]), form)
		assert.Equal(t, "docs", string(got.Files["docs/index.html"]), form)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for problem, address := range map[string]string{
		"/no.zip: HTTP 404":                      server.URL + "/no.zip",
		"neither a directory nor a .zip":         server.URL + "/site.rar",
		"download " + gone.URL + "/no.zip: dial": gone.URL + "/no.zip",
	} {
		withKey := strings.Replace(address, "http://", "http://user:open-sesame@", 1) + "?key=open-sesame"
		_, err := readArchive(t.Context(), &resource.Archive{URI: withKey})
		require.ErrorContains(t, err, problem)
		assert.NotContains(t, err.Error(), "sesame")
	}
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	assert.Empty(t, left)
}
