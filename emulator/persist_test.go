// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// furnish puts one of everything into the account.
func furnish(t *testing.T, c *client) {
	t.Helper()
	kv := c.namespace("cache")
	c.must(http.MethodPut, kv+"/values/key", form{{"value", "", "v"}, {"metadata", "", `{"a":1}`}}, nil)
	c.must(http.MethodPost, account+"/r2/buckets", object{"name": "files"}, nil)
	c.must(http.MethodPut, account+"/r2/buckets/files/objects/a/b", "body", nil)
	first := c.upload("hello", hello, object{"bindings": []object{secret("S", "1")}, "limits": object{"cpu_ms": 50}})
	second := c.version("hello", hello+"//2", object{
		"bindings": []object{inherit("S")}, "annotations": object{"workers/tag": "two"},
	})
	c.must(http.MethodPost, scripts+"hello/deployments", split(first, 90, second, 10), nil)
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": true}, nil)
	c.must(http.MethodPut, scripts+"hello/schedules", []object{{"cron": "* * * * *"}}, nil)
	c.must(http.MethodPost, zone+"/workers/routes", object{"pattern": "example.com/*", "script": "hello"}, nil)
	c.must(http.MethodPut, account+"/workers/domains", object{"hostname": "app.example.com", "service": "hello"}, nil)
	c.must(http.MethodPost, zone+"/dns_records", object{"name": "www", "type": "A", "content": "192.0.2.1"}, nil)
}

func TestEverythingSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, &emulator.Server{DataDir: dir})
	furnish(t, first)
	want := first.server.Dump()
	deployments := first.deployments("hello")

	second := start(t, &emulator.Server{DataDir: dir})
	assert.Equal(t, want, second.server.Dump())
	assert.Equal(t, deployments, second.deployments("hello"))
	assert.Contains(t, second.send(http.MethodGet, scripts+"hello", nil).Body, hello)
	assert.Equal(t, "body", second.send(http.MethodGet, account+"/r2/buckets/files/objects/a/b", nil).Body)
	second.must(http.MethodDelete, scripts+"hello", nil, nil)
	assert.NotEqual(t, want, start(t, &emulator.Server{DataDir: dir}).server.Dump())
}

func TestWhatIsKeptIsForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := start(t, &emulator.Server{DataDir: dir})
	furnish(t, c)
	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		assert.Zerof(t, info.Mode().Perm()&0o077, "%s has mode %s", path, info.Mode())
		if entry.Name() == "r2" {
			return fs.SkipDir // nobody else gets below it
		}
		if entry.IsDir() {
			return err
		}
		assert.NotContains(t, entry.Name(), ".new-", "unfinished files must not stay behind")
		files++
		return err
	}))
	assert.Greater(t, files, 3)
}

func TestABrokenStateIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "state.json"), []byte("{"), 0o600))
	s := &emulator.Server{DataDir: dir}
	require.ErrorContains(t, s.Open(), "state.json")
}

func TestEqualAccountsHaveEqualDumps(t *testing.T) {
	t.Parallel()
	a, b := start(t, &emulator.Server{}), start(t, &emulator.Server{})
	furnish(t, a)
	furnish(t, b)
	assert.Equal(t, a.server.Dump(), b.server.Dump())
	assert.NotContains(t, a.server.Dump(), `"1"`, "a secret must not show")
}
