// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const looking = `
resources:
  builds:
    type: cloudflare-workers:R2Bucket
    properties: { forceDestroy: true }
  bundle:
    type: cloudflare-workers:WorkerBundle
    properties: { bucket: "${builds.name}", path: ./dist }
  auth:
    type: cloudflare-workers:CloudflareWorker
    properties: { bundle: "${build.reference}", compatibilityDate: "2026-11-01" }
variables:
  build:
    fn::invoke:
      function: cloudflare-workers:getBundle
      arguments: { bucket: "${builds.name}", key: "${bundle.reference.key}" }
  is:
    fn::invoke:
      function: cloudflare-workers:getWorker
      arguments: { scriptName: "${auth.scriptName}" }
outputs:
  size: ${build.size}
  digests: ["${bundle.sha256}", "${build.sha256}", "${is.bundleDigest}"]
  versions: ["${auth.versionId}", "${is.versionId}"]
`

// TestProgramsLookAtBundlesAndWorkers: what a function returns can be passed on, and is what the resources say.
func TestProgramsLookAtBundlesAndWorkers(t *testing.T) {
	t.Parallel()
	c := newCloud(t, running(t))
	s := newProgram(t, c, looking)
	const code = "export default { fetch: () => new Response() };\n"
	s.file(t, "dist/index.js", code)
	s.up(t)
	out := s.outputs(t)
	assert.InDelta(t, len(code), out["size"], 0)
	digests, _ := out["digests"].([]any)
	assert.Equal(t, []any{digests[0], digests[0], digests[0]}, digests)
	versions, _ := out["versions"].([]any)
	assert.Equal(t, []any{versions[0], versions[0]}, versions)
	s.pulumi(t, "preview", "--expect-no-changes")
}
