// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
)

// api is a program with everything that a preview can speak of.
const api = `
resources:
  artifacts:
    type: cloudflare-workers:R2Bucket
    properties: { name: artifacts, forceDestroy: true }
  bundle:
    type: cloudflare-workers:WorkerBundle
    properties: { bucket: "${artifacts.name}", path: dist }
  cache:
    type: cloudflare-workers:KvNamespace
    properties: { title: cache }
  api:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: api
      bundle: ${bundle.reference}
      compatibilityDate: "2026-11-01"
      variables: { LEVEL: info, LIMITS: { visits: 10 } }
      secrets: { KEY: { "fn::secret": open sesame } }
      bindings: { CACHE: { kvNamespace: { id: "${cache.id}" } } }
      workersDev: { enabled: true }
      routes: { "api.example.com/*": { zoneId: ` + emulator.DefaultZoneID + `, dnsRecord: true } }
outputs:
  version: ${api.versionId}
  urls: ${api.urls}
`

const script = `export default { async fetch() { return new Response("one") } }`

// deployed is a stack of the program above, deployed.
func deployed(t *testing.T, c *cloud) *stack {
	t.Helper()
	s := newProgram(t, c, api)
	s.file(t, "dist/index.js", script)
	s.up(t)
	return s
}

// edit changes the one occurrence of a text in a file of the program.
func (s *stack) edit(t *testing.T, name, old, with string) {
	t.Helper()
	require.NoError(t, sandbox.Replace(s.dir+"/"+name, old, with))
}

// TestPreviewsKnowWhatAChangeLeavesAlone: what depends on the Worker is told which of its outputs will be others, and
// only of those.
func TestPreviewsKnowWhatAChangeLeavesAlone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		old, with string
		unknown   []string
	}{
		"variable": {"LEVEL: info", "LEVEL: debug", []string{"version"}},
		"route":    {"api.example.com", "www.example.com", nil},
		"title":    {"title: cache", "title: cash", nil},
		"new":      {"workersDev:", "compatibilityFlags: [nodejs_compat]\n      workersDev:", []string{"version"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, &emulator.Server{})
			s := deployed(t, c)
			s.edit(t, "Pulumi.yaml", change.old, change.with)
			var dependants strings.Builder
			outputs := map[string]string{
				"version": "${api.versionId}", "url": "${api.urls[1]}", "digest": "${api.bundleDigest}",
				"name": "${api.scriptName}", "namespace": "${cache.namespaceId}", "bucket": "${artifacts.name}",
			}
			for name, output := range outputs {
				fmt.Fprintf(&dependants, "  %s: { type: 'cloudflare-workers:KvNamespace', properties: { title: '%s' } }\n",
					name, output)
			}
			s.edit(t, "Pulumi.yaml", "outputs:", dependants.String()+"outputs:")
			preview := s.pulumi(t, "preview", "--diff")
			for name := range outputs {
				_, created, found := strings.Cut(preview, "KvNamespace::"+name+"]")
				require.True(t, found, preview)
				_, title, _ := strings.Cut(created, "title    : ")
				assert.Equal(t, slices.Contains(change.unknown, name), strings.HasPrefix(title, "[unknown]"), name)
			}
		})
	}
}
