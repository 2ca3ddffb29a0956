// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(t *testing.T, f *form) string {
	t.Helper()
	body, err := f.open()
	require.NoError(t, err)
	content, err := io.ReadAll(body)
	require.NoError(t, err)
	assert.Equal(t, f.size, int64(len(content)))
	return string(content)
}

func TestAFormIsReadBackAsItsUpload(t *testing.T) {
	t.Parallel()
	f, err := sampleUpload.form()
	require.NoError(t, err)
	_, params, err := mime.ParseMediaType(f.contentType)
	require.NoError(t, err)
	r := multipart.NewReader(strings.NewReader(read(t, f)), params["boundary"])
	first, err := r.NextRawPart()
	require.NoError(t, err)
	assert.Equal(t, "metadata", first.FormName())
	assert.Equal(t, "application/json", first.Header.Get("Content-Type"))
	assert.Empty(t, first.FileName())
	assert.True(t, json.NewDecoder(first).More())

	modules := map[string]Module{}
	for {
		part, err := r.NextRawPart()
		if err == io.EOF { //nolint:errorlint // as the package documents
			break
		}
		require.NoError(t, err)
		_, disposition, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		require.NoError(t, err)
		assert.Equal(t, part.FormName(), disposition["filename"], "name and file name are the module's")
		content, err := io.ReadAll(part)
		require.NoError(t, err)
		modules[part.FormName()] = Module{part.FormName(), part.Header.Get("Content-Type"), content}
	}
	require.Len(t, modules, len(sampleUpload.Modules))
	for _, m := range sampleUpload.Modules {
		got := modules[m.Name]
		assert.Equal(t, m.ContentType, got.ContentType)
		assert.Equal(t, string(m.Content), string(got.Content))
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	a, err := sampleUpload.form()
	require.NoError(t, err)
	u := sampleUpload
	u.Modules = []Module{u.Modules[3], u.Modules[1], u.Modules[0], u.Modules[2]}
	u.Bindings = append(u.Bindings[4:len(u.Bindings):len(u.Bindings)], u.Bindings[:4]...)
	b, err := u.form()
	require.NoError(t, err)
	assert.Equal(t, read(t, a), read(t, b))
	assert.Equal(t, "main.js", sampleUpload.Modules[0].Name, "the caller's order is kept")
	assert.Equal(t, "TEXT", sampleUpload.Bindings[0].Name, "the caller's order is kept")
}

func TestAFormCanBeReadTwiceAtOnce(t *testing.T) {
	t.Parallel()
	f, err := sampleUpload.form()
	require.NoError(t, err)
	one, err := f.open()
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, one, 100)
	require.NoError(t, err)
	whole := read(t, f)
	rest, err := io.ReadAll(one)
	require.NoError(t, err)
	assert.Equal(t, whole[100:], string(rest))
}

func TestContentsAreNotCopied(t *testing.T) {
	t.Parallel()
	big := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	f, err := Upload{MainModule: "a", Modules: []Module{{"a", "application/wasm", big}}}.form()
	require.NoError(t, err)
	var shared bool
	for _, p := range f.pieces {
		shared = shared || len(p) == len(big) && unsafe.SliceData(p) == unsafe.SliceData(big)
	}
	assert.True(t, shared, "the module's content is a piece of the form")
	assert.LessOrEqual(t, f.size-int64(len(big)), int64(1<<10))
}

func TestTheBoundaryOccursNowhere(t *testing.T) {
	t.Parallel()
	u := Upload{
		MainModule: "a", Message: "cfapi-upload-0",
		Modules: []Module{{"a", "text/plain", []byte("--cfapi-upload-1\r\n")}, {"b", "text/plain", []byte("cfapi-upload-2")}},
	}
	f, err := u.form()
	require.NoError(t, err)
	assert.Equal(t, "multipart/form-data; boundary=cfapi-upload-3", f.contentType)
}

func TestAVersionsIDHasDashes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"28b14c43f12e40708ec72a8a6e78b90f":     "28b14c43-f12e-4070-8ec7-2a8a6e78b90f",
		"28b14c43-f12e-4070-8ec7-2a8a6e78b90f": "28b14c43-f12e-4070-8ec7-2a8a6e78b90f",
		"28b14c43f12e40708ec72a8a6e78b90g":     "28b14c43f12e40708ec72a8a6e78b90g",
		"28b14c43":                             "28b14c43",
		"":                                     "",
	} {
		assert.Equal(t, want, dashed(in))
	}
}

// metadataOf is the metadata of an upload.
func metadataOf(t *testing.T, u Upload) string {
	t.Helper()
	text, err := u.metadata()
	require.NoError(t, err)
	return string(text)
}

// TestEachKindOfWorkerHasItsMetadata: as wrangler has it.
func TestEachKindOfWorkerHasItsMetadata(t *testing.T) {
	t.Parallel()
	assert.JSONEq(t, `{"assets":{"jwt":"j","config":{"html_handling":"none"}},"compatibility_date":"2026-01-01",
		"annotations":{"workers/message":"hi"}}`, metadataOf(t, Upload{
		CompatibilityDate: "2026-01-01", Message: "hi",
		Assets: &Assets{JWT: "j", Config: AssetsConfig{HTMLHandling: "none"}},
	}), "assets only")
	assert.JSONEq(t, `{"body_part":"index.js","bindings":[{"name":"__a_txt","type":"text_blob","part":"__a_txt"}]}`,
		metadataOf(t, Upload{
			BodyPart: "index.js", Bindings: []Binding{{Name: "__a_txt", Type: "text_blob", Part: "__a_txt"}},
		}), "service-worker syntax")
	assert.JSONEq(t, `{"main_module":"index.js","bindings":[],"package_dependencies":[
		{"name":"a","packageJsonVersion":"^1.0.0","installedVersion":"1.2.3"}]}`, metadataOf(t, Upload{
		MainModule: "index.js", PackageDependencies: []PackageDependency{{"a", "^1.0.0", "1.2.3"}},
	}), "packages")
	for _, u := range []Upload{
		{},
		{MainModule: "a", BodyPart: "a"},
		{Assets: &Assets{}, Modules: []Module{{Name: "index.js"}}},
	} {
		_, err := u.metadata()
		require.Error(t, err)
	}
}
