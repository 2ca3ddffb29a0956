// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func TestUploadsAreStrict(t *testing.T) {
	t.Parallel()
	const esm = "application/javascript+module"
	meta := func(text string) part { return part{"metadata", "application/json", text} }
	bound := func(bindings ...object) form { return worker(t, hello, object{"bindings": bindings}) }
	code := part{"index.js", esm, hello}
	for name, test := range map[string]struct {
		form form
		want string
	}{
		"metadata flattened into fields": {
			form{{"metadata.main_module", "", "index.js"}, {"metadata.bindings.0.name", "", "A"}, {"files.0", esm, hello}},
			"Invalid left-hand side expression in prefix operation\n  at worker.js:1:4",
		},
		"no metadata":              {form{code}, "Invalid left-hand side expression"},
		"metadata is not JSON":     {form{meta("{"), code}, "could not read content for part metadata"},
		"no entry point":           {form{meta("{}"), code}, "either main_module or body_part"},
		"two entry points":         {form{meta(`{"main_module":"index.js","body_part":"index.js"}`), code}, "cannot both"},
		"main module not uploaded": {form{meta(`{"main_module":"main.js"}`), code}, "No such module: main.js"},
		"body part not uploaded":   {form{meta(`{"body_part":"script"}`), code}, "No such module: script"},
		"module given twice":       {form{meta(`{"main_module":"index.js"}`), code, code}, "no name of its own"},
		"message too long": {
			worker(t, hello, object{"annotations": object{"workers/message": strings.Repeat("m", 1001)}}),
			"workers/message",
		},
		"tag too long": {
			worker(t, hello, object{"annotations": object{"workers/tag": strings.Repeat("t", 101)}}), "workers/tag",
		},
		"too many tags": {worker(t, hello, object{"tags": strings.Split("abcdefghijk", "")}), "10 tags"},
		"wasm_module with modules": {
			bound(object{"type": "wasm_module", "name": "W", "part": "index.js"}), "service-worker syntax",
		},
		"binding of unknown type": {bound(object{"type": "abacus", "name": "A"}), "unknown type"},
		"binding without a name":  {bound(object{"type": "ai"}), "name"},
		"binding without its member": {
			bound(object{"type": "d1", "name": "DB"}), "binding DB of type d1 must have a valid `id` specified",
		},
		"two bindings of one name": {bound(text("A", "1"), text("A", "2")), "already in use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, &emulator.Server{})
			empty := c.server.Dump()
			got := c.refused(http.StatusBadRequest, 10021, http.MethodPut, scripts+"hello", test.form)
			assert.Contains(t, got.Errors[0].Message, test.want)
			assert.Equal(t, empty, c.server.Dump())
		})
	}
}

func TestUploadsAreFormsOrScripts(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.refused(http.StatusUnsupportedMediaType, 10001, http.MethodPut, scripts+"hello", hello)
	c.must(http.MethodPut, scripts+"hello", "addEventListener('fetch', () => {})", nil, "Content-Type", "text/javascript")
}

func TestTooLargeAScriptIsRefused(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const most = 64 << 20
	upload := func(size int, kind string) form {
		return append(worker(t, hello, nil), part{"big", kind, strings.Repeat(" ", size)})
	}
	c.refused(http.StatusRequestEntityTooLarge, 10027, http.MethodPut, scripts+"hello", upload(most, "text/plain"))
	c.must(http.MethodPut, scripts+"hello", upload(most, "application/source-map"), nil)
}

func TestServiceWorkerPartsAreBound(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	upload := func(blob string) form {
		return form{
			{"metadata", "application/json", `{"body_part":"script","bindings":[
				{"type":"text_blob","name":"T","part":"` + blob + `"}]}`},
			{"script", "application/javascript", "addEventListener('fetch', () => {})"},
			{"text", "text/plain", "hi"},
		}
	}
	c.must(http.MethodPut, scripts+"hello", upload("text"), nil)
	c.refused(http.StatusBadRequest, 10021, http.MethodPut, scripts+"hello", upload("other"))
}
