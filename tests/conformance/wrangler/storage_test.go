// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func TestKV(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	const url = "http://plain.emulator.workers.dev/"
	const remote = " --namespace-id {kv} --remote"
	w.steps(
		step{
			run: "kv namespace create CACHE", out: []string{`Creating namespace with title "CACHE"`, "Success"},
			config:  config{"name": "plain", "compatibility_date": "2026-01-01"},
			capture: `"id": "(?P<kv>[0-9a-f]{32})"`,
		},
		step{run: "kv namespace create CACHE", fails: true, out: []string{"already exists"}},
		step{run: `kv key put a/key value --metadata {"a":1}` + remote},
		step{run: "kv key get a/key" + remote, out: []string{"value"}},
		step{run: "kv key list" + remote, then: func(t *testing.T, _ *workspace, out string) {
			assert.JSONEq(t, `[{"name":"a/key","metadata":{"a":1}}]`, out)
		}},
		step{
			run: "kv bulk put pairs.json" + remote, files: map[string]string{
				"pairs.json": `[{"key":"x","value":"1"},{"key":"y","value":"Mg==","base64":true}]`, "keys.json": `["x","y"]`,
			},
		},
		step{
			run: "deploy", config: plain("plain").with(config{"kv_namespaces": []config{{"binding": "KV", "id": "{kv}"}}}),
			files: map[string]string{"index.js": `export default { fetch: async (request, env) => {
				await env.KV.put("by-worker", "written");
				return new Response(await env.KV.get("a/key")) } }`},
			out: []string{"env.KV ({kv})"}, get: map[string]string{url: "value"},
		},
		step{run: "kv key get by-worker --binding KV --remote", out: []string{"written"}},
		step{run: "kv bulk delete keys.json --force" + remote},
		step{run: "kv key delete a/key" + remote},
		step{run: "kv key get a/key" + remote, fails: true, out: []string{"404: Not Found"}},
		step{run: "kv namespace rename --namespace-id {kv} --new-name STORE", out: []string{"STORE"}},
		step{run: "delete --force"},
		step{run: "kv namespace delete --namespace-id {kv} -y", out: []string{"Deleted KV namespace"}},
		step{run: "kv key list" + remote, fails: true, out: []string{"10013"}},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}

func TestR2(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	const url = "http://plain.emulator.workers.dev/"
	w.steps(
		step{
			run: "r2 bucket create files --location weur", out: []string{"Created bucket 'files'"},
			config: config{"name": "plain", "compatibility_date": "2026-01-01"},
			files:  map[string]string{"object.txt": "object body"},
		},
		step{run: "r2 bucket create files", fails: true, out: []string{"10004"}},
		step{run: "r2 bucket create files --jurisdiction eu", out: []string{"Created bucket 'files (eu)'"}},
		step{run: "r2 bucket info files", out: []string{"location:", "WEUR"}},
		step{run: "r2 bucket list", out: []string{"name:           files"}},
		step{
			run: "r2 object put files/dir/object.txt --file object.txt --content-type text/x-test --remote",
			out: []string{"Upload complete"},
		},
		step{run: "r2 object get files/dir/object.txt --remote --pipe", out: []string{"object body"}},
		step{
			run:    "deploy",
			config: plain("plain").with(config{"r2_buckets": []config{{"binding": "R2", "bucket_name": "files"}}}),
			files: map[string]string{"index.js": `export default { fetch: async (request, env) => {
				const object = await env.R2.get("dir/object.txt");
				await env.R2.put("by-worker", "written");
				return new Response(await object.text() + " " + object.httpMetadata.contentType) } }`},
			get: map[string]string{url: "object body text/x-test"},
		},
		step{run: "r2 object get files/by-worker --remote --pipe", out: []string{"written"}},
		step{run: "r2 bucket delete files", fails: true, out: []string{"10008"}},
		step{run: "r2 object delete files/dir/object.txt --remote", out: []string{"Delete complete"}},
		step{run: "r2 object delete files/by-worker --remote"},
		step{
			run: "r2 object get files/dir/object.txt --remote --pipe", fails: true,
			out: []string{"The specified key does not exist"},
		},
		step{
			run: "r2 bucket cors set files --file cors.json --force", out: []string{"Set CORS configuration"},
			files: map[string]string{"cors.json": `{"rules":[{"allowed":{"origins":["https://a.test"],"methods":["GET"]}}]}`},
			then: func(t *testing.T, w *workspace, _ string) {
				t.Helper()
				assert.Contains(t, w.server.Dump(), `cors [{"allowed":{"origins":["https://a.test"],"methods":["GET"]}}]`)
			},
		},
		step{
			run: "r2 bucket lifecycle add files old logs/ --expire-days 30 --force", out: []string{"Added lifecycle rule 'old'"},
			then: func(t *testing.T, w *workspace, _ string) {
				t.Helper()
				assert.Contains(t, w.server.Dump(), `lifecycle [{"id":"Default Multipart Abort Rule"`)
				assert.Contains(t, w.server.Dump(), `{"id":"old","enabled":true,"conditions":{"prefix":"logs/"},`+
					`"deleteObjectsTransition":{"condition":{"type":"Age","maxAge":2592000}}}`)
			},
		},
		step{
			run: "r2 bucket lock add files kept kept/ --retention-indefinite --force", out: []string{"Added lock rule 'kept'"},
			then: func(t *testing.T, w *workspace, _ string) {
				t.Helper()
				assert.Contains(t, w.server.Dump(), `lock [{"id":"kept","enabled":true,"prefix":"kept/",`)
			},
		},
		step{
			run: "r2 bucket domain add files --domain files.example.com --zone-id " + emulator.DefaultZoneID + " --force",
			out: []string{"Custom domain 'files.example.com' connected successfully"},
			get: map[string]string{"http://files.example.com/none": "<h1>Object not found</h1>"},
		},
		step{run: "r2 bucket dev-url enable files --force", out: []string{"https://pub-"}},
		step{run: "delete --force"},
		step{run: "r2 bucket delete files", out: []string{"Deleted bucket files"}},
		step{run: "r2 bucket delete files --jurisdiction eu", out: []string{"Deleted bucket files"}},
		step{run: "r2 bucket info files", fails: true, out: []string{"10006"}},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}
