// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"errors"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
)

// builtAs compares what wrangler uploaded for a Worker with what the provider makes of the directory that wrangler
// wrote at the same time: the same entry point, and the same modules of the same types. In the source map that it
// uploads wrangler leaves out where it was written. Of service-worker syntax only the script can be read back.
func builtAs(dir, script string) func(t *testing.T, w *workspace, out string) {
	return func(t *testing.T, w *workspace, _ string) {
		t.Helper()
		b := bundle.Bundle{Files: map[string][]byte{}}
		root := os.DirFS(filepath.Join(w.dir, dir))
		require.NoError(t, fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				b.Files[name], err = fs.ReadFile(root, name)
			}
			return err
		}))
		assert.Contains(t, b.Files, "README.md")
		main, err := b.MainModule("")
		require.NoError(t, err)

		entry, uploaded := w.uploaded(script)
		if entry == "" {
			assert.Equal(t, map[string]string{"": "application/javascript\n" + string(b.Files[main])}, uploaded)
			return
		}
		assert.Equal(t, entry, main)
		built := map[string]string{}
		for _, name := range b.Modules() {
			kind := bundle.TypeIn(main, name)
			built[name] = string(kind) + "\n" + string(b.Files[name])
			if kind == bundle.SourceMap {
				require.Contains(t, uploaded, name)
				built[name] = uploaded[name]
			}
		}
		assert.Equal(t, uploaded, built)
	}
}

// uploaded returns a Worker's entry point and its modules: type, line break, content. In service-worker syntax there is
// no entry point, and one module without a name.
func (w *workspace) uploaded(script string) (entry string, modules map[string]string) {
	w.t.Helper()
	address := "http://api/client/v4/accounts/" + emulator.DefaultAccountID + "/workers/scripts/" + script
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(w.t, err)
	request.Header.Set("Authorization", "Bearer "+emulator.DefaultToken)
	response := httptest.NewRecorder()
	w.server.ServeHTTP(response, request)
	require.Equal(w.t, http.StatusOK, response.Code)
	kind, params, err := mime.ParseMediaType(response.Header().Get("Content-Type"))
	require.NoError(w.t, err)
	if !strings.HasPrefix(kind, "multipart/") {
		return "", map[string]string{"": kind + "\n" + response.Body.String()}
	}
	modules = map[string]string{}
	for r := multipart.NewReader(response.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return path.Clean(response.Header().Get("Cf-Entrypoint")), modules
		}
		require.NoError(w.t, err)
		content, err := io.ReadAll(part)
		require.NoError(w.t, err)
		modules[path.Clean(part.FormName())] = part.Header.Get("Content-Type") + "\n" + string(content)
	}
}
