// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// addWasm is a WebAssembly module that exports add(i32, i32).
var addWasm = []byte{
	0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x07, 0x01, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f,
	0x03, 0x02, 0x01, 0x00, 0x07, 0x07, 0x01, 0x03, 'a', 'd', 'd', 0x00, 0x00,
	0x0a, 0x09, 0x01, 0x07, 0x00, 0x20, 0x00, 0x20, 0x01, 0x6a, 0x0b,
}

func TestModulesOfEachContentTypeAreImported(t *testing.T) {
	t.Parallel()
	s := script("api", "v1", `
		import { greet } from "./lib/greet.js";
		import legacy from "./legacy.cjs";
		import text from "./note.txt";
		import empty from "./empty.txt";
		import data from "./blob.bin";
		import add from "./add.wasm";
		import config from "./config.json";
		export default { fetch() {
			const instance = new WebAssembly.Instance(add);
			return Response.json({
				greet: greet("you"), legacy: legacy.answer, text, empty, data: [...new Uint8Array(data)],
				sum: instance.exports.add(2, 3), config,
			});
		} }
		//# sourceMappingURL=index.js.map`)
	s.Modules = append(s.Modules,
		runtime.Module{Name: "./lib/greet.js", ContentType: esModule, Content: []byte(
			`import { hi } from "../hi.js"; export const greet = (name) => hi + " " + name;`)},
		runtime.Module{Name: "hi.js", ContentType: esModule + "; charset=utf-8", Content: []byte(`export const hi = "hi";`)},
		runtime.Module{Name: "legacy.cjs", ContentType: "application/javascript", Content: []byte(
			`module.exports = { answer: 42 };`)},
		runtime.Module{Name: "./note.txt", ContentType: "text/plain", Content: []byte("quote \" backslash \\ ünï\n")},
		runtime.Module{Name: "empty.txt", ContentType: "text/plain"},
		runtime.Module{Name: "blob.bin", ContentType: "application/octet-stream", Content: []byte{0, 1, 255, '"', '\n'}},
		runtime.Module{Name: "add.wasm", ContentType: "application/wasm", Content: addWasm},
		runtime.Module{Name: "config.json", ContentType: "application/json", Content: []byte(`{"a":[1]}`)},
		runtime.Module{Name: "index.js.map", ContentType: "application/source-map", Content: []byte(`{"version":3}`)},
	)
	h := newHarness(t)
	_, err := h.Validate(t.Context(), s)
	require.NoError(t, err)
	h.Apply(worldOf(s))
	assert.JSONEq(t, `{"greet":"hi you","legacy":42,"text":"quote \" backslash \\ ünï\n","empty":"",
		"data":[0,1,255,34,10],"sum":5,"config":{"a":[1]}}`, h.get("https://api.emulator.workers.dev/").body)
}

func TestServiceWorkerSyntaxHasItsPartsAsGlobals(t *testing.T) {
	t.Parallel()
	s := runtime.Script{
		Account: "acc", Name: "old", VersionID: "v1", BodyPart: "script", CompatibilityDate: "2022-01-01",
		Modules: []runtime.Module{
			{Name: "script", ContentType: "application/javascript", Content: []byte(`
				addEventListener("fetch", (event) => {
					const sum = new WebAssembly.Instance(ADD).exports.add(20, 3);
					event.respondWith(new Response([GREETING, NOTE, new Uint8Array(BLOB).length, sum].join(" ")));
				});
				addEventListener('scheduled', () => {});`)},
			{Name: "part-wasm", ContentType: "application/wasm", Content: addWasm},
			{Name: "part-text", ContentType: "text/plain", Content: []byte("a note")},
			{Name: "part-data", ContentType: "application/octet-stream", Content: []byte{0, 1, 2}},
		},
		Bindings: []json.RawMessage{
			json.RawMessage(`{"type":"plain_text","name":"GREETING","text":"hello"}`),
			json.RawMessage(`{"type":"wasm_module","name":"ADD","part":"part-wasm"}`),
			json.RawMessage(`{"type":"text_blob","name":"NOTE","part":"part-text"}`),
			json.RawMessage(`{"type":"data_blob","name":"BLOB","part":"part-data"}`),
		},
	}
	h := newHarness(t)
	report, err := h.Validate(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, []string{"fetch", "scheduled"}, report.Handlers)
	h.Apply(worldOf(s))
	assert.Equal(t, "hello a note 3 23", h.get("https://old.emulator.workers.dev/").body)
}

func TestMainModuleMayLieInADirectory(t *testing.T) {
	t.Parallel()
	s := script("api", "v1", `
		import { Buffer } from "node:buffer";
		import { greeting } from "./util.js";
		import { root } from "../root.js";
		export default { fetch() { return new Response(Buffer.from(greeting + root).toString("hex")) } }`)
	s.MainModule, s.Modules[0].Name = "./src/the main's \"x\".js", "src/the main's \"x\".js"
	s.CompatibilityFlags = []string{"nodejs_compat"}
	s.Modules = append(s.Modules,
		runtime.Module{Name: "src/util.js", ContentType: esModule, Content: []byte(`export const greeting = "hi"`)},
		runtime.Module{Name: "root.js", ContentType: esModule, Content: []byte(`export const root = "!"`)})
	h := newHarness(t)
	report, err := h.Validate(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, []string{"fetch"}, report.Handlers)
	h.Apply(worldOf(s))
	assert.Equal(t, "686921", h.get("https://api.emulator.workers.dev/").body)
}

func TestUploadWithoutCompatibilityDateRuns(t *testing.T) {
	t.Parallel()
	s := script("api", "v1", says("old date"))
	s.CompatibilityDate = ""
	h := newHarness(t)
	h.Apply(worldOf(s))
	assert.Equal(t, "old date", h.get("https://api.emulator.workers.dev/").body)
}
