// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"archive/tar"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// archive makes the archive of a release of that version, of this machine's kind, and returns its path. It has the name
// and what is in it from the configuration with which releases are made.
func archive(t *testing.T, version string) string {
	t.Helper()
	root, err := toolbox.Root()
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	require.NoError(t, err)
	var release struct {
		Builds   []struct{ ID, Binary string }
		Archives []struct {
			ID, Formats  string
			NameTemplate string `yaml:"name_template"` //nolint:tagliatelle // goreleaser's
		}
	}
	require.NoError(t, yaml.Unmarshal(raw, &release))
	require.Equal(t, "provider", release.Builds[0].ID)
	require.Equal(t, "provider", release.Archives[0].ID)
	require.Empty(t, release.Archives[0].Formats, "it is a .tar.gz by default, and plugins must be")
	named, err := template.New("name").Parse(release.Archives[0].NameTemplate)
	require.NoError(t, err)
	var name strings.Builder
	values := map[string]string{"Version": version, "Os": runtime.GOOS, "Arch": runtime.GOARCH}
	require.NoError(t, named.Execute(&name, values))

	path := filepath.Join(t.TempDir(), name.String()+".tar.gz")
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	compressed, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	require.NoError(t, err)
	files := tar.NewWriter(compressed)
	for name, source := range map[string]string{
		"LICENSE": filepath.Join(root, "LICENSE"), release.Builds[0].Binary: filepath.Join(checkout.Bin(), sandbox.Provider),
	} {
		content, err := os.ReadFile(source)
		require.NoError(t, err)
		require.NoError(t, files.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}))
		_, err = files.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, files.Close())
	require.NoError(t, compressed.Close())
	return path
}

// TestAReleaseCanBeInstalled: the CLI finds the archive of a release by the name that it gives plugins, and a program
// runs with what it has installed.
func TestAReleaseCanBeInstalled(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 10)
	dir := http.FileServer(http.Dir(filepath.Dir(archive(t, "0.1.0"))))
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		dir.ServeHTTP(w, r)
	}))
	t.Cleanup(shop.Close)

	c := newCloud(t, &emulator.Server{})
	s := &stack{dir: t.TempDir()}
	s.file(t, "Pulumi.yaml", "name: test\nruntime: yaml\n"+
		"resources: { cache: { type: 'cloudflare-workers:KvNamespace', properties: { title: cache } } }\n")
	s = newStack(t, c, s.dir)
	assert.Contains(t, s.refused(t, "preview"), "cloudflare-workers", "it is not installed yet")
	s.pulumi(t, "plugin", "install", "resource", "cloudflare-workers", "v0.1.0", "--server", shop.URL)
	assert.Equal(t, "/pulumi-resource-cloudflare-workers-v0.1.0-"+runtime.GOOS+"-"+runtime.GOARCH+".tar.gz", <-asked)
	assert.Contains(t, s.pulumi(t, "preview", "--diff"), `title    : "cache"`)
	assert.Contains(t, s.pulumi(t, "plugin", "ls"), "0.1.0")
}
