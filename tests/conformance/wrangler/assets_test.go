// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answer is what the front door says beside the body.
type answer struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
}

// visit sends a request to the front door, follows no redirect, and returns the answer and its body. Header is names
// and values in turn.
func (w *workspace) visit(method, url string, header ...string) (answer, string) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, url, nil)
	require.NoError(w.t, err)
	request.Host = request.URL.Host
	request.URL.Host = w.door.Listener.Addr().String()
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(w.t, err)
	defer func() { assert.NoError(w.t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return answer{response.StatusCode, response.Header, response.ContentLength}, string(body)
}

func TestAssetsAreServedBeforeTheWorker(t *testing.T) {
	t.Parallel()
	w := open(t)
	const url = "http://site.emulator.workers.dev"
	c := plain("site").with(config{"assets": config{
		"directory": "public", "binding": "ASSETS", "not_found_handling": "404-page",
	}})
	redirect := func(t *testing.T, path, to string, status int) {
		t.Helper()
		response, _ := w.visit(http.MethodGet, url+path)
		assert.Equal(t, status, response.StatusCode, path)
		assert.Equal(t, to, response.Header.Get("Location"), path)
	}
	w.steps(step{
		run: "deploy", config: c,
		files: map[string]string{
			"index.js": `import { WorkerEntrypoint } from "cloudflare:workers";
			export default class extends WorkerEntrypoint {
				add(a, b) { return a + b }
				async fetch(request) {
					const { pathname } = new URL(request.url);
					if (pathname === "/through") return this.env.ASSETS.fetch("https://assets.local/about");
					return new Response("code " + request.method + " " + await request.text());
				}
			}`,
			"public/index.html": "<h1>home</h1>", "public/about.html": "about", "public/docs/index.html": "docs",
			"public/404.html": "nothing", "public/a b.txt": "space", "public/data.unknown-kind": "?",
			"public/.assetsignore": "*.private\n", "public/notes.private": "private",
			"public/_redirects": "/old /about 301\n/blog/* /docs/:splat\n/alias /docs/ 200\n",
			"public/_headers":   "/docs/*\n  X-Robots-Tag: noindex\n",
		},
		get: map[string]string{
			url + "/": "<h1>home</h1>", url + "/about": "about", url + "/docs/": "docs", url + "/alias": "docs",
			url + "/through": "about", url + "/nowhere": "code GET ", url + "/notes.private": "code GET ",
			url + "/_headers": "code GET ",
		},
		then: func(t *testing.T, w *workspace, _ string) {
			redirect(t, "/about.html?q=1", "/about?q=1", http.StatusTemporaryRedirect)
			redirect(t, "/index.html", "/", http.StatusTemporaryRedirect)
			redirect(t, "/docs", "/docs/", http.StatusTemporaryRedirect)
			redirect(t, "/old", "/about", http.StatusMovedPermanently)
			redirect(t, "/blog/2024/x", "/docs/2024/x", http.StatusFound)

			response, _ := w.visit(http.MethodGet, url+"/docs/")
			assert.Equal(t, "noindex", response.Header.Get("X-Robots-Tag"))
			assert.Equal(t, "text/html; charset=utf-8", response.Header.Get("Content-Type"))
			assert.Equal(t, "public, max-age=0, must-revalidate", response.Header.Get("Cache-Control"))
			assert.Empty(t, response.Header.Values("Emulator-Assets"))
			etag := response.Header.Get("Etag")
			assert.Regexp(t, `^"[0-9a-f]{32}"$`, etag)
			response, body := w.visit(http.MethodGet, url+"/docs/", "If-None-Match", "W/"+etag)
			assert.Equal(t, http.StatusNotModified, response.StatusCode)
			assert.Empty(t, body)

			response, body = w.visit(http.MethodGet, url+"/a%20b.txt")
			assert.Equal(t, "space", body)
			assert.Equal(t, "text/plain; charset=utf-8", response.Header.Get("Content-Type"))
			response, _ = w.visit(http.MethodGet, url+"/data.unknown-kind")
			assert.Empty(t, response.Header.Values("Content-Type"))
			response, body = w.visit(http.MethodHead, url+"/about")
			assert.Equal(t, int64(len("about")), response.ContentLength)
			assert.Empty(t, body)
			response, _ = w.visit(http.MethodPost, url+"/about")
			assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)

			response, body = w.visit(http.MethodGet, url+"/nowhere", "Sec-Fetch-Mode", "navigate")
			assert.Equal(t, http.StatusNotFound, response.StatusCode, "a browser's page gets the site's own")
			assert.Equal(t, "nothing", body)
		},
	}, step{
		run:    "deploy",
		config: plain("caller").with(config{"services": []config{{"binding": "SITE", "service": "site"}}}),
		files: map[string]string{"index.js": `export default { fetch: async (request, env) =>
			new Response(await (await env.SITE.fetch(request)).text() + " " + await env.SITE.add(1, 2)) }`},
		get: map[string]string{"http://caller.emulator.workers.dev/about": "about 3"},
	})
}

func TestAssetsNeedNoWorker(t *testing.T) {
	t.Parallel()
	w := open(t)
	const url = "http://static.emulator.workers.dev"
	c := config{
		"name": "static", "compatibility_date": "2026-01-01", "workers_dev": true,
		"assets": config{
			"directory": "public", "not_found_handling": "single-page-application", "html_handling": "drop-trailing-slash",
		},
	}
	w.steps(step{
		run: "deploy", config: c, files: map[string]string{"public/index.html": "home", "public/docs/index.html": "docs"},
		get: map[string]string{url + "/": "home", url + "/docs": "docs", url + "/app/route": "home"},
		then: func(t *testing.T, w *workspace, _ string) {
			response, _ := w.visit(http.MethodGet, url+"/docs/")
			assert.Equal(t, "/docs", response.Header.Get("Location"))
		},
	}, step{
		run: "deploy", files: map[string]string{"public/index.html": "changed"}, out: []string{"Uploaded 1 of 1 asset"},
		config: c.with(config{"assets": config{
			"directory": "public", "html_handling": "drop-trailing-slash", "base_path": "site/",
		}}),
		get: map[string]string{url + "/site": "changed", url + "/site/docs": "docs"},
		then: func(t *testing.T, w *workspace, _ string) {
			response, _ := w.visit(http.MethodGet, url+"/site/?q=1")
			assert.Equal(t, "/site?q=1", response.Header.Get("Location"))
			response, _ = w.visit(http.MethodGet, url+"/docs")
			assert.Equal(t, http.StatusNotFound, response.StatusCode, "beside the base path")
		},
	}, step{run: "delete --force", out: []string{"Successfully deleted static"}})
}

func TestTheWorkerMayRunFirst(t *testing.T) {
	t.Parallel()
	w := open(t)
	const url = "http://site.emulator.workers.dev"
	c := plain("site").with(config{"assets": config{
		"directory": "public", "binding": "ASSETS", "run_worker_first": []string{"/api/*", "!/api/docs/*"},
		"not_found_handling": "single-page-application",
	}})
	files := map[string]string{
		"index.js": says("code"), "public/index.html": "home", "public/api/x.txt": "asset",
		"public/api/docs/y.txt": "docs",
	}
	w.steps(step{
		run: "deploy", config: c, files: files,
		get: map[string]string{
			url + "/api/x.txt": "code", url + "/api/docs/y.txt": "docs", url + "/": "home", url + "/nowhere": "home",
		},
	}, step{
		run: "deploy",
		config: plain("site").with(config{"assets": config{
			"directory": "public", "binding": "ASSETS", "run_worker_first": true,
		}}),
		get: map[string]string{url + "/": "code", url + "/api/docs/y.txt": "code"},
	}, step{
		run: "deploy --keep-vars", config: plain("site"), get: map[string]string{url + "/": "code"},
	})
}
