// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// website is a program whose Worker has static assets.
const website = `
resources:
  artifacts:
    type: cloudflare-workers:R2Bucket
    properties: { name: artifacts, forceDestroy: true }
  bundle:
    type: cloudflare-workers:WorkerBundle
    properties: { bucket: "${artifacts.name}", path: dist }
  site:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: site
      bundle: ${bundle.reference}
      compatibilityDate: "2026-11-01"
      variables: { LEVEL: info }
      bindings: { ASSETS: { assets: {} } }
      workersDev: { enabled: true }
      assets: { directory: public, notFoundHandling: 404-page, runWorkerFirstRules: ["/api/*"] }
  plain:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: plain
      compatibilityDate: "2026-11-01"
      workersDev: { enabled: true }
      assets: { archive: { "fn::fileArchive": ./static } }
  script:
    type: cloudflare-workers:WorkerBundle
    properties:
      bucket: ${artifacts.name}
      archive:
        fn::assetArchive:
          index.js:
            fn::stringAsset: 'addEventListener("fetch", e => e.respondWith(new Response("old " + __about_txt)))'
          .: { fn::fileArchive: classic }
  old:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: old
      bundle: ${script.reference}
      format: service-worker
      compatibilityDate: "2026-11-01"
      workersDev: { enabled: true }
outputs:
  url: ${site.urls[0]}
  assets: ${site.assetCount}
`

// TestAWebsiteIsDeployed: files, pages, the Worker beside them, and only what changed; a Worker of files only, from an
// archive; and one in service-worker syntax.
func TestAWebsiteIsDeployed(t *testing.T) {
	t.Parallel()
	c := newCloud(t, running(t))
	s := newProgram(t, c, website)
	s.file(t, "dist/index.js", `export default { fetch: async (request, env) =>
		new Response("the Worker and " + await (await env.ASSETS.fetch(new URL("/about", request.url))).text()) }`)
	s.file(t, "public/index.html", "home")
	s.file(t, "public/about.html", "about")
	s.file(t, "public/404.html", "nothing here")
	s.file(t, "public/.assetsignore", "drafts/\n")
	s.file(t, "public/drafts/next.html", "draft")
	s.file(t, "static/index.html", "no code at all")
	s.file(t, "classic/about.txt", "style")
	s.up(t)

	const url = "https://site.emulator.workers.dev"
	assert.Equal(t, map[string]any{"url": url, "assets": 3.0}, s.outputs(t))
	answers := func(path string, status int, body string) {
		t.Helper()
		gotStatus, gotBody := c.get(t, url+path)
		assert.Equal(t, status, gotStatus, path)
		assert.Equal(t, body, gotBody, path)
	}
	answers("/", http.StatusOK, "home")
	answers("/about", http.StatusOK, "about")
	answers("/api/x", http.StatusOK, "the Worker and about")
	answers("/drafts/next", http.StatusNotFound, "nothing here")
	_, body := c.get(t, "https://plain.emulator.workers.dev/")
	assert.Equal(t, "no code at all", body)
	_, body = c.get(t, "https://old.emulator.workers.dev/")
	assert.Equal(t, "old style", body)
	s.unchanged(t)
	state := s.pulumi(t, "stack", "export")
	assert.NotContains(t, state, "addEventListener", "the state has nothing of an archive")

	s.edit(t, "public/about.html", "about", "about us")
	c.Calls()
	preview := s.pulumi(t, "preview", "--diff")
	assert.Contains(t, preview, "sha256", "the preview says that assets changed")
	assert.Contains(t, preview, "assets: 1 changed (about.html)\n")
	assert.Empty(t, c.Calls(), "a preview makes no request")
	said := s.up(t)
	assert.NotContains(t, said, "warning")
	calls := strings.Join(c.Calls(), "\n")
	assert.Equal(t, 1, strings.Count(calls, "/workers/assets/upload?"), calls)
	answers("/about", http.StatusOK, "about us")
	s.unchanged(t)

	s.edit(t, "Pulumi.yaml", "LEVEL: info", "LEVEL: debug")
	c.Calls()
	s.up(t)
	assert.NotContains(t, strings.Join(c.Calls(), "\n"), "assets", "they are kept")
	answers("/about", http.StatusOK, "about us")

	s.refresh(t)
	s.unchanged(t)
	s.edit(t, "classic/about.txt", "style", "manner")
	preview = s.pulumi(t, "preview", "--diff")
	assert.Regexp(t, `sha256 *: "[0-9a-f]{64}" => "[0-9a-f]{64}"`, preview, "it names the digest")
	s.up(t)
	_, body = c.get(t, "https://old.emulator.workers.dev/")
	assert.Equal(t, "old manner", body)
	s.destroy(t)
}
