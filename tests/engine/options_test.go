// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// writes are the calls that change something.
func writes(calls []string) (list []string) {
	for _, call := range calls {
		method, _, _ := strings.Cut(strings.TrimPrefix(call, "S3 "), " ")
		if method != http.MethodGet && method != http.MethodHead {
			list = append(list, call)
		}
	}
	return list
}

func TestATargetedUpTouchesItsTargetOnly(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := deployed(t, c)
	s.edit(t, "Pulumi.yaml", "title: cache", "title: cash")
	s.edit(t, "Pulumi.yaml", "LEVEL: info", "LEVEL: debug")
	c.Calls()
	s.up(t, "--target", s.resources(t)["cache"].URN)
	require.Len(t, c.Calls(), 1)
	assert.Contains(t, c.Dump(), `kv "cash"`)
	assert.Contains(t, c.Dump(), `"text":"info"`)
	s.up(t)
	assert.Contains(t, c.Dump(), `"text":"debug"`)
	s.unchanged(t)
}

func TestIgnoredChangesAreNotMade(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := deployed(t, c)
	s.edit(t, "Pulumi.yaml", "LEVEL: info", "LEVEL: debug")
	s.edit(t, "Pulumi.yaml", "open sesame", "close sesame")
	s.edit(t, "Pulumi.yaml", "outputs:", "    options: { ignoreChanges: [variables, secrets] }\noutputs:")
	s.unchanged(t)

	s.edit(t, "dist/index.js", "one", "two")
	before := c.Dump()
	s.up(t)
	assert.NotEqual(t, before, c.Dump(), "the code is new")
	for line := range strings.Lines(before) {
		if strings.Contains(line, `"name":"LEVEL"`) || strings.Contains(line, `"name":"KEY"`) {
			assert.Contains(t, c.Dump(), line)
		}
	}
	s.unchanged(t)
}

// TestAPlanIsKept: what was reviewed is what is done, also with secrets and with a bundle that only this up uploads.
func TestAPlanIsKept(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := newProgram(t, c, api)
	s.file(t, "dist/index.js", script)
	plan := filepath.Join(t.TempDir(), "plan.json")
	s.pulumi(t, "preview", "--save-plan", plan)
	s.up(t, "--plan", plan)
	s.unchanged(t)

	s.edit(t, "dist/index.js", "one", "two")
	s.edit(t, "Pulumi.yaml", "open sesame", "close sesame")
	s.pulumi(t, "preview", "--save-plan", plan)
	s.up(t, "--plan", plan)
	s.unchanged(t)

	s.pulumi(t, "preview", "--save-plan", plan)
	s.edit(t, "Pulumi.yaml", "LEVEL: info", "LEVEL: debug")
	c.Calls()
	said := s.refused(t, "up", "--yes", "--skip-preview", "--plan", plan)
	assert.Contains(t, said, "violates plan")
	assert.Empty(t, writes(c.Calls()))
}

func TestAPreviewCanBeReadByPrograms(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := deployed(t, c)
	s.edit(t, "dist/index.js", "one", "two")
	var preview struct {
		Steps []struct {
			Op, URN      string
			DetailedDiff map[string]struct{ Kind string }
		}
		ChangeSummary map[string]int
	}
	require.NoError(t, s.JSON(t.Context(), &preview, "preview", "--json"))
	assert.Equal(t, 1, preview.ChangeSummary["update"])
	for _, step := range preview.Steps {
		if strings.HasSuffix(step.URN, "CloudflareWorker::api") {
			assert.Equal(t, "update", step.Op)
			require.Len(t, step.DetailedDiff, 1)
			assert.Equal(t, "update", step.DetailedDiff["bundle.sha256"].Kind)
		}
	}
}

// TestAnUnknownBundleCanBePreviewed: where the bundle comes from may not be known yet.
func TestAnUnknownBundleCanBePreviewed(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := newProgram(t, c, strings.Replace(api, "bundle: ${bundle.reference}",
		`bundle: { bucket: artifacts, key: "${cache.id}", sha256: "${cache.namespaceId}" }`, 1))
	s.file(t, "dist/index.js", script)
	preview := s.pulumi(t, "preview", "--diff")
	assert.Regexp(t, `(?s)bundle +: \{\s+bucket: "artifacts"\s+key +: \[unknown\]\s+sha256: \[unknown\]`, preview)
	assert.Empty(t, c.Calls())
}

// TestAnUnpinnedBundleIsWatched: a preview says when the object behind an unchanged key is another one, and that costs
// one metadata request.
func TestAnUnpinnedBundleIsWatched(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	const bucket = `
resources:
  artifacts:
    type: cloudflare-workers:R2Bucket
    properties: { name: artifacts, forceDestroy: true }
`
	s := newProgram(t, c, bucket)
	s.up(t)
	s.file(t, "v1.js", script)
	s.file(t, "v2.js", strings.Replace(script, "one", "two", 1))
	put := func(file string) {
		c.wrangler(t, s.dir, "", "r2", "object", "put", "artifacts/api/latest.js", "--file", file, "--remote")
	}
	put("v1.js")
	s.write(t, bucket+`
  api:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: api
      bundle: { bucket: "${artifacts.name}", key: api/latest.js }
      compatibilityDate: "2026-11-01"
`)
	s.up(t)
	c.Calls()
	s.pulumi(t, "preview", "--expect-no-changes")
	require.Equal(t, []string{"S3 HEAD /artifacts/api/latest.js"}, c.Calls())

	put("v2.js")
	c.Calls()
	preview := s.pulumi(t, "preview", "--diff")
	assert.Regexp(t, `bundle: \{\s+~ sha256: "[0-9a-f]{64}" => "[0-9a-f]{64}"\s+\}`, preview)
	for _, call := range c.Calls() {
		assert.Regexp(t, "^S3 (HEAD|GET) ", call)
	}
	s.up(t)
	c.Calls()
	s.pulumi(t, "preview", "--expect-no-changes")
	require.Equal(t, []string{"S3 HEAD /artifacts/api/latest.js"}, c.Calls())
}

// TestAReplacementMovesEverything: a Worker that gets another name takes its routes along, and one that gets another
// account leaves nothing behind.
func TestAReplacementMovesEverything(t *testing.T) {
	t.Parallel()
	const other = "fedcba9876543210fedcba9876543210"
	t.Run("another name", func(t *testing.T) {
		t.Parallel()
		c := newCloud(t, &emulator.Server{})
		s := deployed(t, c)
		want := strings.ReplaceAll(c.Dump(), "worker api ", "worker api2 ")
		want = strings.ReplaceAll(want, `-> "api"`, `-> "api2"`)
		want = strings.ReplaceAll(want, "workers: api", "workers: api2")
		s.edit(t, "Pulumi.yaml", "scriptName: api", "scriptName: api2")
		s.up(t)
		assert.Equal(t, want, c.Dump())
		s.unchanged(t)
	})
	t.Run("another account", func(t *testing.T) {
		t.Parallel()
		c := newCloud(t, &emulator.Server{Accounts: []emulator.Account{
			{ID: emulator.DefaultAccountID, Subdomain: "first"}, {ID: other, Subdomain: "second"},
		}})
		s := newProgram(t, c, plain)
		s.file(t, "dist/index.js", script)
		s.up(t)
		s.edit(t, "Pulumi.yaml", "scriptName: api", "scriptName: api\n      accountId: "+other)
		s.up(t)
		first, second, found := strings.Cut(c.Dump(), "account "+other)
		require.True(t, found)
		assert.NotContains(t, first, "worker api")
		assert.Contains(t, second, "worker api")
		assert.Contains(t, fmt.Sprint(s.outputs(t)["urls"]), "https://api.second.workers.dev")
		s.unchanged(t)
	})
}

// plain is a program with a Worker that needs nothing but its code.
const plain = `
resources:
  artifacts:
    type: cloudflare-workers:R2Bucket
    properties: { name: artifacts, forceDestroy: true }
  bundle:
    type: cloudflare-workers:WorkerBundle
    properties: { bucket: "${artifacts.name}", path: dist }
  api:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: api
      bundle: ${bundle.reference}
      compatibilityDate: "2026-11-01"
      workersDev: { enabled: true }
outputs:
  urls: ${api.urls}
`

// TestALargeBundleStaysOutOfTheState: what the state holds of a Worker does not depend on its size.
func TestALargeBundleStaysOutOfTheState(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := newProgram(t, c, api)
	s.file(t, "dist/index.js", script+"//"+strings.Repeat("x", 10<<20))
	s.up(t)
	var state struct {
		Deployment struct{ Resources []json.RawMessage }
	}
	require.NoError(t, s.JSON(t.Context(), &state, "stack", "export"))
	for _, raw := range state.Deployment.Resources {
		var compact bytes.Buffer // as exported it is indented
		require.NoError(t, json.Compact(&compact, raw))
		if strings.Contains(string(raw), "CloudflareWorker::api") {
			t.Logf("state of the Worker: %d bytes", compact.Len())
		}
		assert.Less(t, compact.Len(), 8<<10)
	}
}

// TestManyWorkersShareOneDownload: twenty Workers are deployed at once from one bundle on a machine that has never seen
// it.
func TestManyWorkersShareOneDownload(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	first := deployed(t, c)
	ref, ok := first.resources(t)["bundle"].Outputs["reference"].(map[string]any)
	require.True(t, ok)

	var program strings.Builder
	program.WriteString("resources:\n")
	for i := range 20 {
		fmt.Fprintf(&program, `
  w%d:
    type: cloudflare-workers:CloudflareWorker
    properties:
      bundle: { bucket: %s, key: %s, sha256: %s }
      compatibilityDate: "2026-11-01"
`, i, ref["bucket"], ref["key"], ref["sha256"])
	}
	s := newProgram(t, c, program.String())
	c.Calls()
	s.up(t, "--parallel", "20")
	calls := c.Calls()
	downloads := 0
	for _, call := range calls {
		if strings.HasPrefix(call, "S3 GET /artifacts/") && !strings.Contains(call, "list-type") {
			downloads++
		}
	}
	assert.Equal(t, 1, downloads)
	assert.Len(t, calls, 20*2+2+1, "a look-up and an upload each; listing and download of the bundle; the keys of R2")
	s.unchanged(t)
}

// TestRoutesOfOneHostShareItsRecord: the host's DNS record stays as long as a route needs it.
func TestRoutesOfOneHostShareItsRecord(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := deployed(t, c)
	const record = "dns api.example.com AAAA 100:: proxied true"
	require.Equal(t, 1, strings.Count(c.Dump(), record))
	const old = `"api.example.com/*": {`
	both := `"api.example.com/v2/*": { zoneId: ` + emulator.DefaultZoneID + ", dnsRecord: true }, " + old
	s.edit(t, "Pulumi.yaml", old, both)
	s.up(t)
	require.Equal(t, 1, strings.Count(c.Dump(), record))
	s.unchanged(t)
	s.edit(t, "Pulumi.yaml", both, `"api.example.com/v2/*": {`)
	s.up(t)
	assert.Equal(t, 1, strings.Count(c.Dump(), record))
	s.unchanged(t)
	s.refresh(t, "--expect-no-changes")
	s.edit(t, "Pulumi.yaml", `"api.example.com/v2/*": {`, `"api.example.com/v3/*": {`)
	s.up(t)
	assert.Equal(t, 1, strings.Count(c.Dump(), record))
	s.unchanged(t)
	s.destroy(t)
	assert.NotContains(t, c.Dump(), "dns ")
}

// TestTheConfigurationMayChange: a rotated token, or another address of the same Cloudflare, is no reason to deploy
// anything anew.
func TestTheConfigurationMayChange(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := newProgram(t, c, plain)
	s.Setenv("CLOUDFLARE_API_TOKEN=")
	s.file(t, "dist/index.js", script)
	s.pulumi(t, "config", "set", "--secret", "cloudflare-workers:apiToken", emulator.DefaultToken)
	s.up(t)
	s.pulumi(t, "config", "set", "--secret", "cloudflare-workers:apiToken", "a-newer-token")
	s.pulumi(t, "config", "set", "cloudflare-workers:endpoint", c.api.URL+"/client/v4/")
	assert.Contains(t, s.pulumi(t, "preview"), "4 unchanged")
	s.pulumi(t, "config", "rm", "cloudflare-workers:apiToken")
	s.Setenv("CLOUDFLARE_API_TOKEN=" + emulator.DefaultToken)
	s.unchanged(t)
	s.up(t)
	s.unchanged(t)
}
