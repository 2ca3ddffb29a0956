// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

func TestValidateReportsHandlers(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	report, err := h.Validate(t.Context(), script("api", "v1", `
		import { WorkerEntrypoint, DurableObject } from "cloudflare:workers";
		export class Admin extends WorkerEntrypoint { ban() {} }
		export class Counter extends DurableObject { fetch() {} }
		export const tools = { fetch() {}, label: "no function" };
		export default { async fetch() {}, scheduled: () => {}, name: "x" };`))
	require.NoError(t, err)
	assert.Equal(t, []string{"fetch", "scheduled"}, report.Handlers)
	assert.Equal(t, []runtime.NamedHandler{
		{Name: "Admin", Handlers: []string{"class"}},
		{Name: "Counter", Handlers: []string{"class"}},
		{Name: "tools", Handlers: []string{"fetch"}},
	}, report.NamedHandlers)
	assert.Positive(t, report.StartupTimeMS)
}

func TestValidateReportsHandlersOfAClass(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	report, err := h.Validate(t.Context(), script("api", "v1", `
		import { WorkerEntrypoint } from "cloudflare:workers";
		class Base extends WorkerEntrypoint { fetch() {} }
		export default class extends Base { queue() {} }`))
	require.NoError(t, err)
	assert.Equal(t, []string{"fetch", "queue"}, report.Handlers)
	assert.Empty(t, report.NamedHandlers)
}

func TestValidateRefusesWhatCannotRun(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	source := func(text string) runtime.Script { return script("api", "v1", text) }
	module := func(name, contentType string, content ...byte) runtime.Script {
		s := source(says("x"))
		s.Modules = append(s.Modules, runtime.Module{Name: name, ContentType: contentType, Content: content})
		return s
	}
	with := func(change func(*runtime.Script)) runtime.Script {
		s := source(says("x"))
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		script  runtime.Script
		message string
		code    int
	}{
		"syntax error": {
			source("export default { fetch() { return"),
			"Uncaught SyntaxError: Unexpected end of input\n  at index.js:1:33\n", 10021,
		},
		"exception": {
			source("\nnull.foo; export default {}"),
			"Uncaught TypeError: Cannot read properties of null (reading 'foo')\n  at index.js:2:6\n", 10021,
		},
		"exception of several lines": {
			source(`throw new Error("one\ntwo")`), "Uncaught Error: one\ntwo\n  at index.js:1:7\n", 10021,
		},
		"missing import": {
			source(`import "./nope.js"; export default { fetch() {} }`),
			"Uncaught Error: No such module \"nope.js\".\n  imported from \"index.js\"\n", 10021,
		},
		"export of a wrong type": {
			source("export const x = 1; export default { fetch() {} }"),
			"Uncaught TypeError: Incorrect type for map entry 'x': " +
				"the provided value is not of type 'function or ExportedHandler'.\n", 10021,
		},
		"default export of a wrong type": {
			source("export default 42"),
			"Uncaught TypeError: Incorrect type for map entry 'default': " +
				"the provided value is not of type 'function or ExportedHandler'.\n", 10021,
		},
		"no handlers": {
			source("export default {}"), "The uploaded script has no registered event handlers.", 10068,
		},
		"no exports": {
			source("const x = 1"), "The uploaded script has no registered event handlers.", 10068,
		},
		"no listeners": {
			with(func(s *runtime.Script) { s.MainModule, s.BodyPart = "", "index.js"; s.Modules[0].Content = []byte("1") }),
			"No event handlers were registered. This script does nothing.\n", 10021,
		},
		"syntax error in service-worker syntax": {
			with(func(s *runtime.Script) { s.MainModule, s.BodyPart = "", "index.js" }),
			"Uncaught SyntaxError: Unexpected token 'export'\n  at worker.js:1\n", 10021,
		},
		"request at global scope": {
			source(`await fetch("https://example.com"); export default { fetch() {} }`),
			"Uncaught Error: Disallowed operation called within global scope.", 10021,
		},
		"main module missing": {
			with(func(s *runtime.Script) { s.MainModule = "main.js" }), `Uncaught Error: No such module "main.js".`, 10021,
		},
		"body part missing": {
			with(func(s *runtime.Script) { s.MainModule, s.BodyPart = "", "other" }),
			`Uncaught Error: No such part "other" in the upload.`, 10021,
		},
		"main module of another type": {
			with(func(s *runtime.Script) { s.Modules[0].ContentType = "text/plain" }), "Main module must be an ES module", 10021,
		},
		"module outside the script": {module("../x.js", esModule), `Invalid module name "../x.js"`, 10021},
		"absolute module":           {module("/x.js", esModule), `Invalid module name "/x.js"`, 10021},
		"module twice":              {module("./index.js", esModule), `Duplicate module "index.js"`, 10021},
		"unknown content type":      {module("x.png", "image/png"), `unknown content type "image/png"`, 10021},
		"broken wasm":               {module("x.wasm", "application/wasm", 1, 2, 3), "Uncaught CompileError", 10021},
		"date in the future": {
			with(func(s *runtime.Script) { s.CompatibilityDate = "2999-01-01" }),
			`This Worker requires compatibility date "2999-01-01", but the newest date supported`, 10021,
		},
		"date that is none": {
			with(func(s *runtime.Script) { s.CompatibilityDate = "tomorrow" }), "Invalid compatibility date: tomorrow\n", 10021,
		},
		"unknown flag": {
			with(func(s *runtime.Script) { s.CompatibilityFlags = []string{"nope"} }),
			"No such compatibility flag: nope\n", 10021,
		},
		"experimental flag": {
			with(func(s *runtime.Script) { s.CompatibilityFlags = []string{"experimental"} }),
			"The compatibility flag experimental is experimental", 10021,
		},
		"Python": {
			with(func(s *runtime.Script) { s.Modules[0].ContentType = "text/x-python" }),
			"The `python_workers` compatibility flag is required", 10021,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := h.Validate(t.Context(), c.script)
			var refused *runtime.ScriptError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, c.code, refused.Code)
			if strings.HasSuffix(c.message, "\n") || c.code == 10068 {
				assert.Equal(t, c.message, refused.Message)
			} else {
				assert.Contains(t, refused.Message, c.message)
			}
		})
	}
}

func TestValidateRefusesMalformedBindings(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for name, c := range map[string]struct{ binding, message string }{
		"no name":          {`{"type":"plain_text","text":"x"}`, "without name or type"},
		"no object":        {`[]`, "binding"},
		"wrong type":       {`{"type":"secret_text","name":"S","text":{"a":"hush"}}`, `"S": field "text" cannot be a object`},
		"unknown format":   {`{"type":"secret_key","name":"K","format":"pgp"}`, `unknown key format "pgp"`},
		"unknown usage":    {`{"type":"secret_key","name":"K","format":"raw","usages":["x)"]}`, `unknown key usage "x)"`},
		"part not there":   {`{"type":"text_blob","name":"T","part":"nope"}`, `No such part "nope"`},
		"key not a base64": {`{"type":"secret_key","name":"K","format":"spki","key_base64":"!"}`, "key_base64 is not base64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := h.Validate(t.Context(), script("api", "v1", says("x"), c.binding))
			require.ErrorContains(t, err, c.message)
			assert.NotContains(t, err.Error(), "hush")
		})
	}
}

func TestValidateLetsGlobalScopeSeeBindings(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	s := script("api", "v1", `
		import { env } from "cloudflare:workers";
		if (env.URL !== "https://db" || !env.AUTH || !env.CACHE || !env.MODEL) throw new Error("incomplete");
		export default { fetch() {} };`,
		`{"type":"secret_text","name":"URL","text":"https://db"}`,
		`{"type":"service","name":"AUTH","service":"nobody"}`,
		`{"type":"kv_namespace","name":"CACHE","namespace_id":"ns"}`,
		`{"type":"ai","name":"MODEL"}`)
	_, err := h.Validate(t.Context(), s)
	assert.NoError(t, err)
}

func TestValidateGivesUpOnEndlessGlobalScope(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := h.Validate(ctx, script("api", "v1", "while (true) {}"))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestValidateDoesNotDisturbWhatRuns(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", says("up"))))
	assert.Equal(t, "up", h.get("https://api.emulator.workers.dev/").body)
	pid := h.PID()
	_, err := h.Validate(t.Context(), script("api", "v2", "export default {"))
	require.Error(t, err)
	assert.Equal(t, "up", h.get("https://api.emulator.workers.dev/").body)
	assert.Equal(t, pid, h.PID())
}

func TestValidateLogsGlobalScope(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	_, err := h.Validate(t.Context(), script("api", "v1", `console.log("starting up"); export default { fetch() {} }`))
	require.NoError(t, err)
	assert.Contains(t, h.log.String(), "api: starting up\n")
}

func TestValidateKnowsWhatItSaw(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	s := script("api", "v1", `console.log("once"); export default { fetch() {} }`)
	first, err := h.Validate(t.Context(), s)
	require.NoError(t, err)
	again, err := h.Validate(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.Equal(t, 1, strings.Count(h.log.String(), "once"))
}
