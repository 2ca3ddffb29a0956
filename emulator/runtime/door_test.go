// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

func TestWorkersSeeRequestsAsOnCloudflare(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	world := worldOf(script("api", "v1", `
		export default { async fetch(request) {
			const { url, method, headers, cf } = request;
			return Response.json({ url, method, headers: Object.fromEntries(headers), cf, body: await request.text() });
		} }`))
	world.Routes = []runtime.Route{{Host: "*.example.com", Path: "/*", Account: "acc", Script: "api"}}
	h.Apply(world)
	a := h.do(http.MethodPost, "https://www.example.com:8080/a%2Fb?c=d&c=%20", "content",
		"X-Custom", "1", "Cf-Connecting-Ip", "9.9.9.9", "Emulator-Service", "entry", "Emulator-Cf", "{}",
		"Emulator-Binding", "tail", "X-Forwarded-For", "8.8.8.8")
	require.Equal(t, http.StatusOK, a.status, a.body)
	var got struct {
		URL, Method, Body string
		Headers           map[string]string
		CF                map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &got))
	assert.Equal(t, "https://www.example.com:8080/a%2Fb?c=d&c=%20", got.URL)
	assert.Equal(t, http.MethodPost, got.Method)
	assert.Equal(t, "content", got.Body)
	assert.Equal(t, "1", got.Headers["x-custom"])
	assert.Equal(t, "127.0.0.1", got.Headers["cf-connecting-ip"])
	assert.Equal(t, "8.8.8.8, 127.0.0.1", got.Headers["x-forwarded-for"])
	assert.Equal(t, "https", got.Headers["x-forwarded-proto"])
	assert.Equal(t, strings.TrimSuffix(a.header.Get("Cf-Ray"), "-DFW"), got.Headers["cf-ray"])
	assert.Equal(t, "DFW", got.CF["colo"])
	assert.Equal(t, "HTTP/1.1", got.CF["httpProtocol"])
	for name := range got.Headers {
		assert.NotContains(t, name, "emulator")
	}
	a = h.get("http://www.example.com/", "X-Forwarded-Proto", "http")
	require.NoError(t, json.Unmarshal([]byte(a.body), &got))
	assert.Equal(t, "http://www.example.com/", got.URL)
}

func TestLocalhostReachesEveryHost(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", `export default { fetch: (request) => new Response(request.url) }`)))
	assert.Equal(t, "https://api.emulator.workers.dev:8787/x",
		h.get("http://api.emulator.workers.dev.localhost:8787/x").body)
	assert.Equal(t, "https://api.emulator.workers.dev/x", h.get("http://API.emulator.workers.dev.localhost/x").body)
}

func TestContentTypeIsTheWorkersOwn(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("bytes", "v1", `
		const bytes = new TextEncoder().encode("<html>");
		export default { fetch: () => new Response(bytes) }`)))
	// Without Flush, the server sees the body before it writes the headers: always, and not only when it is busy.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.FrontDoor().ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	}))
	defer server.Close()
	h.url = server.URL
	a := h.get("https://bytes.emulator.workers.dev/")
	assert.Equal(t, "<html>", a.body)
	assert.Empty(t, a.header.Values("Content-Type"))
}

func TestThrownExceptionIsError1101(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(
		script("throws", "v1", `export default { fetch() { throw new Error("inner <secret>") } }`),
		script("rejects", "v1", `export default { async fetch() { return fetch("not a url") } }`),
		script("none", "v1", `export default { async fetch() {} }`),
		script("other", "v1", `export default { scheduled() {} }`),
		script("answers", "v1", `export default { fetch() { return new Response("mine", { status: 500 }) } }`)))
	for _, name := range []string{"throws", "rejects", "none", "other"} {
		a := h.get("https://" + name + ".emulator.workers.dev/")
		assert.Equal(t, http.StatusInternalServerError, a.status, name)
		assert.True(t, strings.HasPrefix(a.body, "error code: 1101\n"), a.body)
		assert.NotContains(t, a.body, "secret")
		for header := range a.header {
			assert.NotContains(t, header, "Emulator")
		}
	}
	a := h.get("https://throws.emulator.workers.dev/", "Accept", "text/html,*/*")
	assert.Equal(t, "text/html; charset=UTF-8", a.header.Get("Content-Type"))
	assert.Contains(t, a.body, "<h1>Error 1101 <small>Ray ID: ")
	assert.Contains(t, a.body, "Worker threw exception")
	assert.Equal(t, "mine", h.get("https://answers.emulator.workers.dev/").body)
}

func TestNothingIsServedWhereNothingIs(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	assert.Equal(t, http.StatusNotFound, h.get("https://api.emulator.workers.dev/").status, "before Apply")
	world := worldOf(script("api", "v1", says("hello")))
	world.Workers[0].WorkersDev = false
	world.Workers[0].Previews = false
	h.Apply(world)
	for _, host := range []string{"api", "v1-api", "nobody"} {
		a := h.get("https://" + host + ".emulator.workers.dev/")
		assert.Equal(t, http.StatusNotFound, a.status)
		assert.Contains(t, a.body, "There is nothing here yet")
	}
	assert.Equal(t, 522, h.get("https://example.com/").status)
	assert.Zero(t, h.PID(), "nothing had to be started")
}

func TestRoutesTakeTheQueryStringIntoAccount(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	world := worldOf(script("exact", "v1", says("exact")), script("rest", "v1", says("rest")))
	world.Routes = []runtime.Route{
		{Host: "example.com", Path: "/a", Account: "acc", Script: "exact"},
		{Host: "example.com", Path: "/*", Account: "acc", Script: "rest"},
	}
	world.Domains = map[string]runtime.Route{"app.example.org": {Account: "acc", Script: "exact"}}
	h.Apply(world)
	assert.Equal(t, "exact", h.get("https://example.com/a").body)
	assert.Equal(t, "exact", h.get("https://EXAMPLE.com:8080/a").body)
	assert.Equal(t, "rest", h.get("https://example.com/a?b").body)
	assert.Equal(t, "rest", h.get("https://example.com/a?").body)
	assert.Equal(t, "rest", h.get("https://example.com/%61").body)
	assert.Equal(t, "exact", h.get("https://app.example.org/any?thing").body)
}

func TestPreviewURLsServeVersionsThatAreNotDeployed(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	world := worldOf(script("api", "11111111-0000", says("deployed")))
	world.Workers[0].Versions = []runtime.Script{
		script("api", "22222222-0000", says("preview"), `{"type":"service","name":"API","service":"api"}`),
		script("api", "33333333-0000", `export default { fetch: (request, env) => env.API.fetch(request) }`,
			`{"type":"service","name":"API","service":"api"}`),
		script("api", "44444444-0000", "export default {"),
	}
	h.Apply(world)
	assert.Equal(t, "deployed", h.get("https://api.emulator.workers.dev/").body)
	assert.Equal(t, "preview", h.get("https://22222222-api.emulator.workers.dev/").body)
	assert.Equal(t, "deployed", h.get("https://11111111-api.emulator.workers.dev/").body)
	assert.Equal(t, "deployed", h.get("https://33333333-api.emulator.workers.dev/").body, "bindings reach deployments")
	assert.Equal(t, http.StatusInternalServerError, h.get("https://44444444-api.emulator.workers.dev/").status)
	pid := h.PID()
	assert.Equal(t, "preview", h.get("https://22222222-api.emulator.workers.dev/").body)
	assert.Equal(t, "deployed", h.get("https://api.emulator.workers.dev/").body)
	assert.Equal(t, pid, h.PID(), "what is loaded stays loaded")
}

func TestSplitAndOverridesPickVersions(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	world := worldOf(script("api", "v1", says("one")))
	world.Workers[0].Split = []runtime.Weighted{
		{Script: script("api", "v1", says("one")), Percent: 50}, {Script: script("api", "v2", says("two")), Percent: 50},
	}
	h.Apply(world)
	counts := map[string]int{}
	for range 100 {
		counts[h.get("https://api.emulator.workers.dev/").body]++
	}
	assert.Len(t, counts, 2)
	assert.InDelta(t, 50, counts["one"], 30)
	for range 10 {
		assert.Equal(t, "two", h.get("https://api.emulator.workers.dev/",
			"Cloudflare-Workers-Version-Overrides", `api="v2"`).body)
	}
	first := h.get("https://api.emulator.workers.dev/", "Cloudflare-Workers-Version-Key", "ann").body
	for range 10 {
		assert.Equal(t, first, h.get("https://api.emulator.workers.dev/", "Cloudflare-Workers-Version-Key", "ann").body)
	}
}

func TestContentPassesUnchanged(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", `
		export default { async fetch(request) {
			const { pathname } = new URL(request.url);
			if (pathname === "/gzip") {
				return new Response("zipped ".repeat(100), { headers: { "content-encoding": "gzip" } });
			}
			if (pathname === "/headers") {
				const response = new Response(null, { status: 204 });
				response.headers.append("set-cookie", "a=1");
				response.headers.append("set-cookie", "b=2");
				return response;
			}
			if (pathname === "/redirect") return Response.redirect("https://example.com/", 302);
			return new Response(request.body);
		} }`)))
	big := strings.Repeat("0123456789abcdef", 1<<16)
	a := h.do(http.MethodPut, "https://api.emulator.workers.dev/", big)
	want, got := sha256.Sum256([]byte(big)), sha256.Sum256([]byte(a.body))
	assert.Equal(t, hex.EncodeToString(want[:]), hex.EncodeToString(got[:]))

	a = h.get("https://api.emulator.workers.dev/gzip", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", a.header.Get("Content-Encoding"))
	zipped, err := gzip.NewReader(strings.NewReader(a.body))
	require.NoError(t, err)
	text, err := io.ReadAll(zipped)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("zipped ", 100), string(text))

	a = h.get("https://api.emulator.workers.dev/headers")
	assert.Equal(t, http.StatusNoContent, a.status)
	assert.Equal(t, []string{"a=1", "b=2"}, a.header.Values("Set-Cookie"))
	a = h.get("https://api.emulator.workers.dev/redirect")
	assert.Equal(t, http.StatusFound, a.status)
	assert.Equal(t, "https://example.com/", a.header.Get("Location"))
}

func TestAnswersStream(t *testing.T) {
	t.Parallel()
	seen := make(chan struct{})
	origin := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-seen:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(origin.Close)
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", fmt.Sprintf(`
		export default { fetch() {
			const encoder = new TextEncoder();
			return new Response(new ReadableStream({ async start(controller) {
				controller.enqueue(encoder.encode("first\n"));
				await fetch(%q);
				controller.enqueue(encoder.encode("second\n"));
				controller.close();
			} }));
		} }`, origin.URL))))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url, http.NoBody)
	require.NoError(t, err)
	r.Host = "api.emulator.workers.dev"
	w, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer func() { assert.NoError(t, w.Body.Close()) }()
	lines := bufio.NewScanner(w.Body)
	require.True(t, lines.Scan(), "the first line comes before the second is written")
	assert.Equal(t, "first", lines.Text())
	close(seen)
	require.True(t, lines.Scan())
	assert.Equal(t, "second", lines.Text())
}

func TestWebSocketsPassThrough(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", `
		export default { fetch(request) {
			const [client, server] = Object.values(new WebSocketPair());
			server.accept();
			server.addEventListener("message", (event) => server.send("echo " + event.data));
			return new Response(null, { status: 101, webSocket: client });
		} }`)))
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(h.url, "http://"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	_, err = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: api.emulator.workers.dev\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	w, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	defer func() { _ = w.Body.Close() }()
	require.Equal(t, http.StatusSwitchingProtocols, w.StatusCode)
	assert.Equal(t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", w.Header.Get("Sec-Websocket-Accept"))
	for _, text := range []string{"one", "two"} {
		// A masked text frame with a mask of zeroes; servers send theirs without a mask.
		_, err = conn.Write(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...))
		require.NoError(t, err)
		want := "echo " + text
		frame := make([]byte, 2+len(want))
		_, err = io.ReadFull(reader, frame)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(append([]byte{0x81, byte(len(want))}, want...), frame), "%q", frame)
	}
}

func TestWorkersReachTheNetworkAsAllowed(t *testing.T) {
	t.Parallel()
	listener := newOrigin(t)
	source := fmt.Sprintf(`export default { async fetch() {
		try { return new Response("got " + await (await fetch(%q)).text()); } catch (e) { return new Response("refused"); }
	} }`, listener)
	open := newHarness(t)
	open.Apply(worldOf(script("api", "v1", source)))
	assert.Equal(t, "got origin", open.get("https://api.emulator.workers.dev/").body)
	closed := newHarness(t, func(r *runtime.Runtime) { r.Network = []string{} })
	closed.Apply(worldOf(script("api", "v1", source)))
	assert.Equal(t, "refused", closed.get("https://api.emulator.workers.dev/").body)
}

func TestBusyWorkerIsEndedAndOthersGoOn(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(r *runtime.Runtime) { r.CPULimit = 4 * time.Second })
	h.Apply(worldOf(
		script("busy", "v1", `export default { fetch() { while (true) {} } }`),
		script("slow", "v1", `export default { async fetch() { await scheduler.wait(3000); return new Response("slow") } }`),
		script("fine", "v1", says("fine"))))
	assert.Equal(t, "slow", h.get("https://slow.emulator.workers.dev/").body, "waiting is not being busy")
	a := h.get("https://busy.emulator.workers.dev/")
	assert.Equal(t, http.StatusServiceUnavailable, a.status)
	assert.True(t, strings.HasPrefix(a.body, "error code: 1102\n"), a.body)
	assert.Equal(t, "fine", h.get("https://fine.emulator.workers.dev/").body)
}
