// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// run starts a server with a runtime and its front door.
func run(t *testing.T, s *emulator.Server) (*client, func(url string, headers ...string) string) {
	t.Helper()
	s.Runtime = &runtime.Runtime{Dir: t.TempDir()}
	c := start(t, s)
	door := httptest.NewServer(s.FrontDoor())
	t.Cleanup(door.Close)
	get := func(url string, headers ...string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		request.Host = request.URL.Host
		request.URL.Host = door.Listener.Addr().String()
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer func() { require.NoError(t, response.Body.Close()) }()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return string(body)
	}
	return c, get
}

// says is a Worker that answers with text.
func says(text string) string {
	return `export default { fetch() { return new Response("` + text + `") } }`
}

// TestTailConsumersAreCalled: they belong to the Worker and not to its version, so a change of them alone is enough.
func TestTailConsumersAreCalled(t *testing.T) {
	t.Parallel()
	c, get := run(t, &emulator.Server{})
	kv := c.namespace("traces")
	c.must(http.MethodPut, scripts+"logger", worker(t, `export default { async tail(events, env) {
		for (const { logs, scriptName, outcome, event } of events)
			await env.KV.put(logs[0].message[0], [scriptName, outcome, event.request.method].join());
	} }`, object{"bindings": []object{
		{"type": "kv_namespace", "name": "KV", "namespace_id": kv[len(namespaces)+1:]},
	}}), nil)
	c.must(http.MethodPut, scripts+"hello", worker(t, `export default { fetch(request) {
		console.log(new URL(request.url).searchParams.get("key"));
		return new Response("hello");
	} }`, nil), nil)
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": true}, nil)
	const hello = "http://hello.emulator.workers.dev/?key="
	get(hello + "before")
	consumers := []object{{"service": "logger"}}
	c.must(http.MethodPatch, scripts+"hello/script-settings", object{"tail_consumers": consumers}, nil)
	assert.Equal(t, "hello", get(hello+"during"))
	written := func(key string) string { return c.send(http.MethodGet, kv+"/values/"+key, nil).Body }
	require.EventuallyWithT(t, func(check *assert.CollectT) {
		assert.Contains(check, written("during"), ",ok,GET")
	}, 10*time.Second, 10*time.Millisecond)
	assert.NotContains(t, written("before"), "ok")
	c.must(http.MethodPatch, scripts+"hello/script-settings", object{"tail_consumers": []object{}}, nil)
	assert.Equal(t, "hello", get(hello+"after"))
	assert.NotContains(t, written("after"), "ok")
}

func TestWhatIsDeployedAnswers(t *testing.T) {
	t.Parallel()
	c, get := run(t, &emulator.Server{})
	kv := c.namespace("cache")
	c.must(http.MethodPut, kv+"/values/key", "from KV", nil)
	c.must(http.MethodPost, account+"/r2/buckets", object{"name": "files"}, nil)
	c.must(http.MethodPut, account+"/r2/buckets/files/objects/key", "from R2", nil)
	c.upload("callee", says("from callee"), nil)
	var put struct {
		Handlers []string
		Startup  int `json:"startup_time_ms"`
	}
	code := `export default { async fetch(request, env) {
		await env.KV.put("written", "by the Worker");
		return Response.json([env.TEXT, env.SECRET, await env.KV.get("key"), await (await env.R2.get("key")).text(),
			await (await env.CALLEE.fetch(request)).text()]) }, async scheduled() {} }`
	c.must(http.MethodPut, scripts+"hello", worker(t, code, object{"bindings": []object{
		text("TEXT", "text"), secret("SECRET", "secret"),
		{"type": "kv_namespace", "name": "KV", "namespace_id": kv[len(namespaces)+1:]},
		{"type": "r2_bucket", "name": "R2", "bucket_name": "files"},
		{"type": "service", "name": "CALLEE", "service": "callee"},
	}}), &put)
	assert.ElementsMatch(t, []string{"fetch", "scheduled"}, put.Handlers)
	assert.Positive(t, put.Startup)
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": true}, nil)
	const url = "http://hello.emulator.workers.dev/"
	assert.JSONEq(t, `["text","secret","from KV","from R2","from callee"]`, get(url))
	assert.Equal(t, "by the Worker", c.send(http.MethodGet, kv+"/values/written", nil).Body)

	c.must(http.MethodPost, zone+"/workers/routes", object{"pattern": "example.com/api/*", "script": "callee"}, nil)
	c.must(http.MethodPut, account+"/workers/domains", object{"hostname": "app.example.com", "service": "callee"}, nil)
	assert.Equal(t, "from callee", get("http://example.com/api/x"))
	assert.Equal(t, "from callee", get("http://app.example.com/"))

	c.must(http.MethodPut, scripts+"hello/secrets", secret("SECRET", "changed"), nil)
	assert.Contains(t, get(url), "changed")
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": false}, nil)
	assert.NotContains(t, get(url), "changed")
}

func TestARejectedUploadBreaksNothing(t *testing.T) {
	t.Parallel()
	c, get := run(t, &emulator.Server{})
	c.upload("hello", says("one"), nil)
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": true}, nil)
	before := c.server.Dump()
	for code, want := range map[string]string{
		"export default {":            "Uncaught SyntaxError: Unexpected end of input",
		`throw new Error("at start")`: "Uncaught Error: at start",
		`import "./missing.js"`:       "missing.js",
	} {
		got := c.send(http.MethodPut, scripts+"hello", worker(t, code, nil))
		require.Len(t, got.Errors, 1, code)
		assert.Equal(t, 10021, got.Errors[0].Code)
		assert.Contains(t, got.Errors[0].Message, want)
		c.refused(http.StatusBadRequest, 10021, http.MethodPost, scripts+"hello/versions", worker(t, code, nil))
		assert.Equal(t, before, c.server.Dump())
		assert.Equal(t, "one", get("http://hello.emulator.workers.dev/"))
	}
}

func TestVersionsArePreviewedAndOverridden(t *testing.T) {
	t.Parallel()
	c, get := run(t, &emulator.Server{})
	first := c.upload("hello", says("one"), nil)
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": true, "previews_enabled": true}, nil)
	second := c.version("hello", says("two"), nil)
	assert.Equal(t, "one", get("http://hello.emulator.workers.dev/"))
	assert.Equal(t, "two", get("http://"+second[:8]+"-hello.emulator.workers.dev/"))
	c.must(http.MethodPost, scripts+"hello/deployments", split(first, 100, second, 0), nil)
	assert.Equal(t, "one", get("http://hello.emulator.workers.dev/"))
	assert.Equal(t, "two", get("http://hello.emulator.workers.dev/",
		"Cloudflare-Workers-Version-Overrides", `hello="`+second+`"`))
	c.must(http.MethodPost, scripts+"hello/deployments", split(second, 100), nil)
	assert.Equal(t, "two", get("http://hello.emulator.workers.dev/"))
}

func TestWhatWasKeptAnswersAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, get := run(t, &emulator.Server{DataDir: dir})
	c.upload("hello", says("kept"), nil)
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": true}, nil)
	assert.Equal(t, "kept", get("http://hello.emulator.workers.dev/"))
	_, again := run(t, &emulator.Server{DataDir: dir})
	assert.Equal(t, "kept", again("http://hello.emulator.workers.dev/"))
}

func TestUploadsAtTheSameTimeAllCount(t *testing.T) {
	t.Parallel()
	c, _ := run(t, &emulator.Server{})
	c.upload("hello", says("one"), nil)
	var all sync.WaitGroup
	for i := range 4 {
		upload := worker(t, says(strconv.Itoa(i)), nil)
		all.Go(func() { assert.True(t, c.send(http.MethodPost, scripts+"hello/versions", upload).Success) })
	}
	all.Wait()
	var got struct{ Items []struct{ Number int } }
	c.must(http.MethodGet, scripts+"hello/versions", nil, &got)
	var numbers []int
	for _, v := range got.Items {
		numbers = append(numbers, v.Number)
	}
	assert.Equal(t, []int{5, 4, 3, 2, 1}, numbers)
}

func TestWithoutARuntimeTheDoorIsShut(t *testing.T) {
	t.Parallel()
	s := &emulator.Server{}
	answer := httptest.NewRecorder()
	s.FrontDoor().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
}
