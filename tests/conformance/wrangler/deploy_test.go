// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func TestDeploying(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	const url = "http://plain.emulator.workers.dev/"
	type deployment struct {
		Source      string
		Annotations map[string]string
		Versions    []struct {
			VersionID  string `json:"version_id"`
			Percentage float64
		}
	}
	greeting := `export default { fetch: (request, env) => new Response(env.GREETING + " " + env.JSON.a) }`
	w.steps(
		step{run: "whoami", out: []string{"developer@example.com", emulator.DefaultAccountID}},
		step{
			run:    "deploy",
			config: plain("plain").with(config{"vars": config{"GREETING": "hi", "JSON": config{"a": 1}}}),
			files:  map[string]string{"index.js": greeting},
			out: []string{
				"Worker Startup Time: ", "Uploaded plain", "https://plain.emulator.workers.dev", `env.GREETING ("hi")`,
			},
			capture: `Current Version ID: (?P<v1>\S+)`,
			get:     map[string]string{url: "hi 1"},
		},
		step{
			run:     "deploy --message second --tag t2 --var GREETING:hey",
			config:  plain("plain").with(config{"keep_vars": true}), // that of JSON
			out:     []string{"Uploaded plain"},
			capture: `Current Version ID: (?P<v2>\S+)`,
			get:     map[string]string{url: "hey 1"},
		},
		step{run: "deployments list --json", then: func(t *testing.T, w *workspace, out string) {
			got := decode[[]deployment](t, out)
			require.Len(t, got, 2, "wrangler shows the oldest first")
			assert.Equal(t, w.vars["v1"], got[0].Versions[0].VersionID)
			assert.Equal(t, w.vars["v2"], got[1].Versions[0].VersionID)
			assert.Equal(t, "wrangler", got[1].Source)
			assert.Equal(t, "second", got[1].Annotations["workers/message"])
		}},
		step{run: "deployments status --json", then: func(t *testing.T, w *workspace, out string) {
			assert.Equal(t, w.vars["v2"], decode[deployment](t, out).Versions[0].VersionID)
		}},
		step{run: "deployments status", out: []string{"{v2}", "100%", "second"}},
		step{run: "delete --force", out: []string{"Successfully deleted plain"}},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}

func TestEveryKindOfModule(t *testing.T) {
	t.Parallel()
	// The smallest module that exports a function: f() = 7.
	wasm := "\x00asm\x01\x00\x00\x00" + "\x01\x05\x01\x60\x00\x01\x7f" + "\x03\x02\x01\x00" + "\x07\x05\x01\x01f\x00\x00" +
		"\x0a\x06\x01\x04\x00\x41\x07\x0b"
	open(t).steps(step{
		run: "deploy --outdir built --metafile", config: plain("modules"),
		files: map[string]string{
			"index.js": `import text from "./a.txt"; import data from "./b.bin"; import wasm from "./c.wasm";
				import { part } from "./lib/part.js";
				const { exports } = new WebAssembly.Instance(wasm);
				export default { fetch: () => new Response([text, data.byteLength, exports.f(), part].join()) }`,
			"lib/part.js": `export const part = "bundled"`, "a.txt": "text", "b.bin": "\x00\x01\x02", "c.wasm": wasm,
		},
		get:  map[string]string{"http://modules.emulator.workers.dev/": "text,3,7,bundled"},
		then: builtAs("built", "modules"),
	}, step{
		run: "deploy --outdir built-classic", config: plain("classic"),
		files: map[string]string{"index.js": `import text from "./a.txt"; import data from "./b.bin";
			import wasm from "./c.wasm";
			const { exports } = new WebAssembly.Instance(wasm);
			const answer = ["classic", text, data.byteLength, exports.f()].join();
			addEventListener("fetch", e => e.respondWith(new Response(answer)))`},
		get:  map[string]string{"http://classic.emulator.workers.dev/": "classic,text,3,7"},
		then: builtAs("built-classic", "classic"),
	}, step{
		run: "deploy --outdir built-python",
		config: plain("snake").with(config{
			"main": "snake/entry.py", "compatibility_flags": []string{"python_workers"},
		}),
		files: map[string]string{
			"snake/entry.py": "from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n  pass\n",
			"snake/pkg/a.py": "x = 1\n", "snake/requirements.txt": "numpy==2\n", "python_modules/foo/__init__.py": "",
			"python_modules/foo/a.so": "\x00", "python_modules/workers/a.mjs": "export {}",
		},
		then: builtAs("built-python", "snake"),
	}, step{
		run: "deploy --no-bundle --outdir built-alone",
		config: plain("unbundled").with(config{
			"main": "src/index.js", "find_additional_modules": true, "base_dir": "src",
			"rules": []config{{"type": "ESModule", "globs": []string{"**/*.js"}}},
		}),
		files: map[string]string{
			"src/index.js":     `import { x } from "./deep/x.js"; export default { fetch: () => new Response(x) }`,
			"src/deep/x.js":    `export const x = "unbundled"`,
			"src/unused/y.js":  `export const y = 1`,
			"src/unused/z.txt": `never imported`,
		},
		out:  []string{"deep/x.js", "unused/z.txt"},
		get:  map[string]string{"http://unbundled.emulator.workers.dev/": "unbundled"},
		then: builtAs("built-alone", "unbundled"),
	})
}

func TestARejectedDeployBreaksNothing(t *testing.T) {
	t.Parallel()
	w := open(t)
	const url = "http://plain.emulator.workers.dev/"
	w.steps(
		step{
			run: "deploy", config: plain("plain"), files: map[string]string{"index.js": says("one")},
			get: map[string]string{url: "one"},
		},
		step{
			run: "deploy", files: map[string]string{"index.js": `throw new Error("at start"); export default {}`}, fails: true,
			out: []string{"Uncaught Error: at start", "10021"},
			get: map[string]string{url: "one"},
		},
		step{
			run: "deploy", config: plain("plain").with(config{"services": []config{{"binding": "S", "service": "none"}}}),
			files: map[string]string{"index.js": says("two")}, fails: true,
			out: []string{"Could not resolve service binding 'S'", "10143"},
			get: map[string]string{url: "one"},
		},
		step{
			run: "deploy", config: plain("plain").with(config{
				"kv_namespaces": []config{{"binding": "KV", "id": "00000000000000000000000000000000"}},
			}),
			fails: true, out: []string{"10041"}, get: map[string]string{url: "one"},
		},
		step{
			run: "deploy",
			config: plain("plain").with(config{"d1_databases": []config{
				{"binding": "DB", "database_name": "d", "database_id": "x"},
			}}),
			fails: true, out: []string{"10181"}, get: map[string]string{url: "one"},
		},
		step{run: "vpc service list", fails: true, out: []string{"the emulator does not have GET"}},
	)
	w.env = append(w.env, "CLOUDFLARE_API_TOKEN=wrong")
	w.steps(step{
		run: "deploy", config: plain("plain"), fails: true, out: []string{"Authentication error", "10000"},
		get: map[string]string{url: "one"},
	})
}

func TestServicesCallEachOther(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.steps(
		step{run: "deploy", config: plain("callee"), files: map[string]string{"index.js": `
			import { WorkerEntrypoint } from "cloudflare:workers";
			export class Sums extends WorkerEntrypoint { add(a, b) { return a + b } }
			export default { fetch: () => new Response("called") }`}},
		step{
			run: "deploy",
			config: plain("caller").with(config{"services": []config{
				{"binding": "CALLEE", "service": "callee"}, {"binding": "SUMS", "service": "callee", "entrypoint": "Sums"},
			}}),
			files: map[string]string{"index.js": `export default { fetch: async (request, env) =>
				new Response(await (await env.CALLEE.fetch(request)).text() + " " + await env.SUMS.add(1, 2)) }`},
			get: map[string]string{"http://caller.emulator.workers.dev/": "called 3"},
		},
		// Without --force wrangler looks who uses the Worker and asks, which CI answers with yes.
		step{
			run: "delete", config: plain("callee"),
			out: []string{"Worker caller (production) uses this Worker as a Service Binding", "Successfully deleted callee"},
		},
		step{run: "delete", config: plain("caller"), out: []string{"Successfully deleted caller"}},
	)
}

func TestAssetsAreUploadedOnce(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := plain("site").with(config{"assets": config{"directory": "public"}})
	w.steps(
		step{
			run: "deploy", config: c,
			files: map[string]string{
				"index.js": says("code"), "public/index.html": "<h1>hi</h1>", "public/copy.html": "<h1>hi</h1>",
				"public/a/b.txt": "bbb",
			},
			out: []string{"Uploaded 2 of 2 assets"},
		},
		step{run: "deploy", out: []string{"No updated asset files to upload"}},
		step{
			run: "deploy", files: map[string]string{"public/new.txt": "new"},
			out: []string{"Found 1 new or modified static asset to upload", "+ /new.txt"},
		},
	)
}
