// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func TestAScriptIsDeployedAtOnce(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.refused(http.StatusNotFound, 10007, http.MethodGet, scripts+"hello/deployments", nil)
	var put struct {
		ID, Tag, ETag, EntryPoint string
		HasModules                bool   `json:"has_modules"`
		LastDeployedFrom          string `json:"last_deployed_from"`
		Settings                  string
		CompatibilityDate         string `json:"compatibility_date"`
	}
	c.must(http.MethodPut, scripts+"hello?excludeScript=true", worker(t, hello, nil), &put)
	assert.Equal(t, "hello", put.ID)
	assert.Len(t, put.Tag, 32)
	assert.NotEmpty(t, put.ETag)
	assert.True(t, put.HasModules)
	assert.Equal(t, "2026-01-01", put.CompatibilityDate)
	assert.Equal(t, "api", put.LastDeployedFrom)

	id := c.upload("hello", hello, nil)
	deployments := c.deployments("hello")
	require.Len(t, deployments, 2, "newest first")
	require.Len(t, deployments[0].Versions, 1)
	assert.Equal(t, id, deployments[0].Versions[0].VersionID)
	assert.InDelta(t, 100, deployments[0].Versions[0].Percentage, 0)
	assert.Equal(t, "api", deployments[0].Source)
	assert.NotEqual(t, id, deployments[1].Versions[0].VersionID)
}

func TestATagStaysWithTheScriptAndAnETagWithTheCode(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	put := func(code string, metadata object) (tag, etag string) {
		var got struct{ Tag, ETag string }
		c.must(http.MethodPut, scripts+"hello", worker(t, code, metadata), &got)
		return got.Tag, got.ETag
	}
	tag, etag := put(hello, nil)
	tag2, etag2 := put(hello, object{"bindings": []object{{"type": "plain_text", "name": "A", "text": "1"}}})
	assert.Equal(t, tag, tag2)
	assert.Equal(t, etag, etag2)
	tag3, etag3 := put(hello+"\n", nil)
	assert.Equal(t, tag, tag3)
	assert.NotEqual(t, etag, etag3)
	c.must(http.MethodDelete, scripts+"hello", nil, nil)
	tag4, _ := put(hello, nil)
	assert.NotEqual(t, tag, tag4, "another Worker of the same name is another Worker")
}

func TestScriptNamesAreChecked(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	for name, script := range map[string]string{
		"upper case": "Hello", "dot": "a.b", "dash first": "-a", "too long": strings.Repeat("a", 64),
	} {
		got := c.refused(http.StatusBadRequest, 10021, http.MethodPut, scripts+script, worker(t, hello, nil))
		assert.Contains(t, got.Errors[0].Message, script, name)
	}
	c.upload(strings.Repeat("a", 63), hello, nil)
	c.upload("_a-b_1", hello, nil)
}

func TestTheFirstUploadNeedsASubdomain(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{Accounts: []emulator.Account{{ID: emulator.DefaultAccountID}}})
	c.refused(http.StatusNotFound, 10007, http.MethodGet, account+"/workers/subdomain", nil)
	c.refused(http.StatusForbidden, 10063, http.MethodPut, scripts+"hello", worker(t, hello, nil))
	c.refused(http.StatusNotFound, 10032, http.MethodGet, account+"/workers/subdomains/acme", nil)
	c.must(http.MethodPut, account+"/workers/subdomain", object{"subdomain": "acme"}, nil)
	c.refused(http.StatusConflict, 10036, http.MethodPut, account+"/workers/subdomain", object{"subdomain": "other"})
	c.upload("hello", hello, nil)
}

func TestADeletedScriptLeavesNothing(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	empty := c.server.Dump()
	c.upload("hello", hello, nil)
	c.must(http.MethodPost, zone+"/workers/routes", object{"pattern": "example.com/*", "script": "hello"}, nil)
	c.must(http.MethodPut, account+"/workers/domains", object{"hostname": "a.example.com", "service": "hello"}, nil)
	c.must(http.MethodPut, scripts+"hello/schedules", []object{{"cron": "* * * * *"}}, nil)
	assert.NotEqual(t, empty, c.server.Dump())
	c.must(http.MethodDelete, scripts+"hello", nil, nil)
	assert.Equal(t, empty, c.server.Dump())
	c.refused(http.StatusNotFound, 10007, http.MethodDelete, scripts+"hello", nil)
	c.refused(http.StatusNotFound, 10090, http.MethodDelete, account+"/workers/services/hello", nil)
}

func TestAScriptInUseIsDeletedByForceOnly(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("callee", hello, nil)
	c.upload("caller", hello, object{"bindings": []object{{"type": "service", "name": "S", "service": "callee"}}})
	got := c.refused(http.StatusBadRequest, 10142, http.MethodDelete, scripts+"callee", nil)
	assert.Contains(t, got.Errors[0].Message, "caller")
	var references struct {
		Services struct{ Incoming []struct{ Service string } }
	}
	c.must(http.MethodGet, scripts+"callee/references", nil, &references)
	require.Len(t, references.Services.Incoming, 1)
	assert.Equal(t, "caller", references.Services.Incoming[0].Service)
	c.must(http.MethodDelete, scripts+"callee?force=true", nil, nil)
	c.must(http.MethodDelete, scripts+"caller", nil, nil)
}

func TestContentIsWhatWasUploaded(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	upload := append(worker(t, hello, nil), part{"lib/data.bin", "application/octet-stream", "\x00\x01"})
	c.must(http.MethodPut, scripts+"hello", upload, nil)
	for _, path := range []string{"hello", "hello/content", "hello/content/v2"} {
		got := c.send(http.MethodGet, scripts+path, nil)
		assert.Equal(t, "index.js", got.Header.Get("Cf-Entrypoint"))
		assert.Contains(t, got.Header.Get("Content-Type"), "multipart/form-data")
		assert.Contains(t, got.Body, hello)
		assert.Contains(t, got.Body, "\x00\x01")
		assert.Contains(t, got.Body, "lib/data.bin")
	}
	const classic = "addEventListener('fetch', () => {})"
	c.must(http.MethodPut, scripts+"old", classic, nil, "Content-Type", "application/javascript")
	assert.Equal(t, classic, c.send(http.MethodGet, scripts+"old", nil).Body)
}

func TestNewContentKeepsTheSettings(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, object{
		"compatibility_flags": []string{"nodejs_compat"},
		"bindings":            []object{{"type": "plain_text", "name": "A", "text": "1"}},
	})
	c.must(http.MethodPut, scripts+"hello/content", worker(t, hello+"//2", nil), nil)
	deployed := c.deployments("hello")[0].Versions[0].VersionID
	assert.Len(t, c.bindings("hello", deployed), 1)
	assert.Contains(t, c.send(http.MethodGet, scripts+"hello", nil).Body, "//2")
	assert.Contains(t, c.server.Dump(), "nodejs_compat")
}

func TestListingShowsEachScript(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("b", hello, nil)
	c.upload("a", hello, nil)
	var got []struct{ ID string }
	c.must(http.MethodGet, account+"/workers/scripts", nil, &got)
	require.Len(t, got, 2)
	assert.Equal(t, "a", got[0].ID)
}

func TestAServiceTellsWhereItWasDeployedFrom(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.refused(http.StatusNotFound, 10090, http.MethodGet, account+"/workers/services/hello", nil)
	for agent, want := range map[string]string{
		"wrangler/4.164.0": "wrangler", "cloudflare-go/7.9.0": "api", "terraform-provider-cloudflare/5.22.0": "terraform",
	} {
		c.must(http.MethodPut, scripts+"hello", worker(t, hello, nil), nil, "User-Agent", agent)
		var got struct {
			DefaultEnvironment struct {
				Environment string
				Script      struct {
					Tag              string
					LastDeployedFrom string `json:"last_deployed_from"`
				}
			} `json:"default_environment"`
		}
		c.must(http.MethodGet, account+"/workers/services/hello", nil, &got)
		assert.Equal(t, want, got.DefaultEnvironment.Script.LastDeployedFrom)
		assert.Equal(t, "production", got.DefaultEnvironment.Environment)
		var worker struct{ ID, Name string }
		c.must(http.MethodGet, account+"/workers/workers/hello", nil, &worker)
		assert.Equal(t, got.DefaultEnvironment.Script.Tag, worker.ID)
	}
}
