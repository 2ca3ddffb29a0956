// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValuesArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	odd := "quote \" backslash \\ newline \n nul \x00 bell \a ünï 🎉 $(x) ${y} ') embed \"f\""
	oddJSON, err := json.Marshal(odd)
	require.NoError(t, err)
	created := time.Date(2026, 11, 20, 1, 2, 3, 0, time.UTC)
	s := script("api", "11111111-aaaa-4aaa-8aaa-000000000000",
		`export default { fetch(request, env) { return Response.json(env) } }`,
		`{"type":"plain_text","name":"PLAIN","text":`+string(oddJSON)+`}`,
		`{"type":"secret_text","name":"SECRET","text":`+string(oddJSON)+`}`,
		`{"type":"json","name":"JSON","json":{"a":[1,{"b":null}],"c":`+string(oddJSON)+`}}`,
		`{"type":"plain_text","name":"odd \"name\" \\ ü","text":""}`,
		`{"type":"version_metadata","name":"VERSION"}`)
	s.Tag, s.Created = "v1.2", created
	h := newHarness(t)
	h.Apply(worldOf(s))
	var env map[string]any
	require.NoError(t, json.Unmarshal([]byte(h.get("https://api.emulator.workers.dev/").body), &env))
	assert.Equal(t, map[string]any{
		"PLAIN": odd, "SECRET": odd, "JSON": map[string]any{"a": []any{1.0, map[string]any{"b": nil}}, "c": odd},
		`odd "name" \ ü`: "",
		"VERSION": map[string]any{
			"id": "11111111-aaaa-4aaa-8aaa-000000000000", "tag": "v1.2", "timestamp": "2026-11-20T01:02:03Z",
		},
	}, env)
}

func TestSecretKeysAreCryptoKeys(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", `
		export default { async fetch(request, { RAW, JWK }) {
			const data = new TextEncoder().encode("hi");
			const mac = await crypto.subtle.sign("HMAC", RAW, data);
			return new Response([await crypto.subtle.verify("HMAC", JWK, mac, data), RAW.extractable].join(" "));
		} }`,
		`{"type":"secret_key","name":"RAW","format":"raw","algorithm":{"name":"HMAC","hash":"SHA-256"},
			"usages":["sign"],"key_base64":"c2VjcmV0"}`,
		`{"type":"secret_key","name":"JWK","format":"jwk","algorithm":{"name":"HMAC","hash":"SHA-256"},
			"usages":["verify"],"key_jwk":{"kty":"oct","k":"c2VjcmV0"}}`)))
	assert.Equal(t, "true false", h.get("https://api.emulator.workers.dev/").body)
}

func TestKVNamespaceKeepsValues(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", `
		export default { async fetch(request, { KV, OTHER }) {
			const out = {};
			await KV.put("plain", "ünï");
			await KV.put("a/b?c#d%2F é", new Uint8Array([0, 1, 255]), { metadata: { kind: "odd", n: [1, "é"] } });
			await KV.put("json", JSON.stringify({ x: 1 }));
			await KV.put("empty", "");
			await KV.put("stream", new Response("streamed").body);
			await KV.put("later", "soon gone", { expirationTtl: 600 });
			await OTHER.put("plain", "elsewhere");
			out.plain = await KV.get("plain");
			out.bytes = [...new Uint8Array(await KV.get("a/b?c#d%2F é", "arrayBuffer"))];
			out.metadata = (await KV.getWithMetadata("a/b?c#d%2F é")).metadata;
			out.json = await KV.get("json", "json");
			out.empty = await KV.get("empty");
			out.stream = await new Response(await KV.get("stream", "stream")).text();
			out.none = await KV.get("none");
			out.noMetadata = (await KV.getWithMetadata("plain")).metadata;
			out.other = await OTHER.get("plain");
			out.bulk = Object.fromEntries(await KV.get(["plain", "none", "json"]));
			out.bulkJson = Object.fromEntries(await KV.getWithMetadata(["json"], "json"));
			await KV.delete("plain");
			await KV.delete("plain");
			out.deleted = await KV.get("plain");
			out.keys = (await KV.list()).keys;
			out.prefixed = (await KV.list({ prefix: "e" })).keys.map((key) => key.name);
			const first = await KV.list({ limit: 3 });
			const rest = await KV.list({ limit: 3, cursor: first.cursor });
			out.pages = [first, rest].map((page) => [page.keys.length, page.list_complete]);
			return Response.json(out);
		} }`,
		`{"type":"kv_namespace","name":"KV","namespace_id":"one"}`,
		`{"type":"kv_namespace","name":"OTHER","namespace_id":"two/…"}`)))
	before := time.Now().Unix()
	a := h.get("https://api.emulator.workers.dev/")
	require.Equal(t, http.StatusOK, a.status, a.body)
	var out map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(a.body), &out))
	var keys []struct {
		Name       string
		Expiration int64
		Metadata   json.RawMessage
	}
	require.NoError(t, json.Unmarshal(out["keys"], &keys))
	delete(out, "keys")
	rest, err := json.Marshal(out)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"plain": "ünï", "bytes": [0,1,255], "metadata": {"kind":"odd","n":[1,"é"]}, "json": {"x":1}, "empty": "",
		"stream": "streamed", "none": null, "noMetadata": null, "other": "elsewhere",
		"bulk": {"plain":"ünï","none":null,"json":"{\"x\":1}"}, "bulkJson": {"json":{"value":{"x":1},"metadata":null}},
		"deleted": null, "prefixed": ["empty"], "pages": [[3,false],[2,true]]
	}`, string(rest))
	require.Len(t, keys, 5)
	assert.Equal(t, "a/b?c#d%2F é", keys[0].Name)
	assert.JSONEq(t, `{"kind":"odd","n":[1,"é"]}`, string(keys[0].Metadata))
	assert.Equal(t, "later", keys[3].Name)
	assert.InDelta(t, before+600, keys[3].Expiration, 10)
}

func TestKVNamespaceRefusesAsKVDoes(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", `
		export default { async fetch(request, { KV }) {
			const says = async (f) => { try { await f(); return "done"; } catch (e) { return e.message; } };
			await KV.put("text", "not json");
			return Response.json({
				longKey: await says(() => KV.put("k".repeat(513), "v")),
				shortTTL: await says(() => KV.put("k", "v", { expirationTtl: 59 })),
				past: await says(() => KV.put("k", "v", { expiration: 1000 })),
				metadata: await says(() => KV.put("k", "v", { metadata: "m".repeat(1100) })),
				cacheTTL: await says(() => KV.get("k", { cacheTtl: 1 })),
				limit: await says(() => KV.list({ limit: 1001 })),
				many: await says(() => KV.get(Array.from({ length: 101 }, (_, i) => "k" + i))),
				notJSON: await says(() => KV.get(["text"], "json")),
			});
		} }`, `{"type":"kv_namespace","name":"KV","namespace_id":"one"}`)))
	var out map[string]string
	require.NoError(t, json.Unmarshal([]byte(h.get("https://api.emulator.workers.dev/").body), &out))
	for name, status := range map[string]int{
		"longKey": 414, "shortTTL": 400, "past": 400, "metadata": 413,
		"cacheTTL": 400, "limit": 400, "many": 400, "notJSON": 400,
	} {
		assert.Contains(t, out[name], strconv.Itoa(status), name)
	}
}

func TestServiceBindingsReachOtherWorkers(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(
		script("front", "v1", `
			export default { async fetch(request, env) {
				const { pathname } = new URL(request.url);
				if (pathname === "/fetch") return env.AUTH.fetch("https://anything/who", { headers: { "x-name": "ann" } });
				if (pathname === "/rpc") return new Response(await env.ADMIN.greet("bob"));
				return new Response(await env.SELF.fetch("https://self/fetch").then((r) => r.text()) + "!");
			} }`,
			`{"type":"service","name":"AUTH","service":"auth","environment":"production"}`,
			`{"type":"service","name":"ADMIN","service":"auth","entrypoint":"Admin","props":{"role":"owner"}}`,
			`{"type":"service","name":"SELF","service":"front"}`),
		script("auth", "v1", `
			import { WorkerEntrypoint } from "cloudflare:workers";
			export class Admin extends WorkerEntrypoint {
				greet(name) { return "hello " + name + " from " + this.ctx.props.role; }
			}
			export default { fetch(request) {
				return new Response(new URL(request.url).pathname + " " + request.headers.get("x-name"));
			} }`)))
	assert.Equal(t, "/who ann", h.get("https://front.emulator.workers.dev/fetch").body)
	assert.Equal(t, "hello bob from owner", h.get("https://front.emulator.workers.dev/rpc").body)
	assert.Equal(t, "/who ann!", h.get("https://front.emulator.workers.dev/").body)
}

// explains is the source of a Worker that answers with what an expression on its env throws.
func explains(expression string) string {
	return `export default { async fetch(request, env) {
		try { return new Response("no error: " + await ` + expression + `); } catch (e) { return new Response(e.message); }
	} }`
}

func TestMissingServiceFailsOnUseOnly(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	binding := `{"type":"service","name":"AUTH","service":"auth","entrypoint":"Admin"}`
	h.Apply(worldOf(
		script("a", "v1", explains(`env.AUTH.fetch("https://x/")`), binding),
		script("b", "v1", explains(`env.AUTH.greet("x")`), binding),
		script("c", "v1", says("fine"), binding)))
	assert.Equal(t, `Worker "auth" not found`, h.get("https://a.emulator.workers.dev/").body)
	assert.Equal(t, `Worker "auth" not found`, h.get("https://b.emulator.workers.dev/").body)
	assert.Equal(t, "fine", h.get("https://c.emulator.workers.dev/").body)
}

func TestMissingEntrypointFailsOnUseOnly(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(
		script("a", "v1", explains(`env.AUTH.greet()`),
			`{"type":"service","name":"AUTH","service":"auth","entrypoint":"Admin"}`),
		script("auth", "v1", says("auth"))))
	assert.Equal(t, `the Worker bound as "AUTH" has no entrypoint "Admin"`, h.get("https://a.emulator.workers.dev/").body)
	assert.Equal(t, "auth", h.get("https://auth.emulator.workers.dev/").body)
}

func TestBrokenWorkerDoesNotTakeOthersDown(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(
		script("broken", "v1", "null.foo; export default { fetch() {} }"),
		script("halved", "v1", "export default {"),
		script("unwritable", "v1", says("x"), `{"type":"text_blob","name":"T","part":"nope"}`),
		script("uses", "v1", explains(`env.BROKEN.fetch("https://x/")`),
			`{"type":"service","name":"BROKEN","service":"broken","entrypoint":"Admin"}`),
		script("fine", "v1", says("fine"))))
	assert.Equal(t, "fine", h.get("https://fine.emulator.workers.dev/").body)
	assert.Equal(t, `Worker "broken" cannot start: Uncaught TypeError: Cannot read properties of null (reading 'foo')`+
		"\n  at index.js:1:6", h.get("https://uses.emulator.workers.dev/").body)
	for _, name := range []string{"broken", "halved", "unwritable"} {
		assert.Equal(t, http.StatusInternalServerError, h.get("https://"+name+".emulator.workers.dev/").status, name)
	}
}

func TestUnsupportedBindingsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(
		script("a", "v1", explains(`env.MODEL.run("x")`), `{"type":"ai","name":"MODEL"}`),
		script("b", "v1", explains(`env.INDEX.query([1])`), `{"type":"vectorize","name":"INDEX","index_name":"x"}`),
		script("c", "v1", explains(`env.HD.connectionString`), `{"type":"hyperdrive","name":"HD","id":"x"}`)))
	assert.Equal(t, `binding "MODEL" is of type "ai", which the local runtime does not have`,
		h.get("https://a.emulator.workers.dev/").body)
	assert.Equal(t, `binding "INDEX" is of type "vectorize", which the local runtime does not have`,
		h.get("https://b.emulator.workers.dev/").body)
	assert.Equal(t, `binding "HD" is of type "hyperdrive", which the local runtime does not have`,
		h.get("https://c.emulator.workers.dev/").body)
}

func TestBindingsWithoutBackendThrow(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.KV = nil
	h.Apply(worldOf(
		script("kv", "v1", explains(`env.KV.get("x")`), `{"type":"kv_namespace","name":"KV","namespace_id":"n"}`),
		script("r2", "v1", explains(`env.R2.get("x")`), `{"type":"r2_bucket","name":"R2","bucket_name":"b"}`)))
	assert.Contains(t, h.get("https://kv.emulator.workers.dev/").body, "501")
	assert.Contains(t, h.get("https://r2.emulator.workers.dev/").body, "10006")
}

func TestConsoleAndExceptionsAreLoggedByName(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", `
		export default { fetch() { console.log("one", { a: 1 }); console.warn("two"); throw new TypeError("three"); } }`)))
	h.get("https://api.emulator.workers.dev/")
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		log := h.log.String()
		assert.Contains(c, log, "api: one {\"a\":1}\n")
		assert.Contains(c, log, "api: warn: two\n")
		assert.Contains(c, log, "api: uncaught TypeError: three\n")
	}, 10*time.Second, 10*time.Millisecond)
	assert.NotContains(t, h.log.String(), "emulator-service")
}
