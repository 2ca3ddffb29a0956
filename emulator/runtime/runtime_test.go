// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// esModule is the content type of ES modules.
const esModule = "application/javascript+module"

// harness is a runtime with its front door on a port.
type harness struct {
	*runtime.Runtime

	t   *testing.T
	url string
	log *logBuffer
}

// newHarness returns a runtime that is closed at the end of the test. It fails the test if there is no workerd.
func newHarness(t *testing.T, configure ...func(*runtime.Runtime)) *harness {
	t.Helper()
	workerd, err := runtime.FindWorkerd()
	require.NoError(t, err, "the tests of the runtime need workerd: run make setup")
	log := &logBuffer{}
	rt := &runtime.Runtime{Workerd: workerd, KV: newMemoryKV(), Log: log}
	for _, f := range configure {
		f(rt)
	}
	server := httptest.NewServer(rt.FrontDoor())
	t.Cleanup(func() {
		assert.NoError(t, rt.Close())
		server.Close()
		if t.Failed() {
			t.Log("log of the runtime:\n" + log.String())
		}
	})
	return &harness{Runtime: rt, t: t, url: server.URL, log: log}
}

// answer is what the front door answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks for a URL, such as "https://api.emulator.workers.dev/path".
func (h *harness) get(url string, header ...string) answer {
	h.t.Helper()
	return h.do(http.MethodGet, url, "", header...)
}

// do sends a request. Header is names and values in turn.
func (h *harness) do(method, url, body string, header ...string) answer {
	h.t.Helper()
	a, err := h.try(method, url, body, header...)
	require.NoError(h.t, err)
	return a
}

func (h *harness) try(method, url, body string, header ...string) (answer, error) {
	_, rest, _ := strings.Cut(url, "://")
	host, path, _ := strings.Cut(rest, "/")
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+"/"+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Host = host
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	w, err := transport.RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = w.Body.Close() }()
	content, err := io.ReadAll(w.Body)
	return answer{status: w.StatusCode, header: w.Header, body: string(content)}, err
}

// script is a version of a Worker of one ES module.
func script(name, version, source string, bindings ...string) runtime.Script {
	s := runtime.Script{
		Account: "acc", Name: name, VersionID: version, MainModule: "index.js", CompatibilityDate: "2026-11-01",
		Modules: []runtime.Module{{Name: "index.js", ContentType: esModule, Content: []byte(source)}},
	}
	for _, b := range bindings {
		s.Bindings = append(s.Bindings, json.RawMessage(b))
	}
	return s
}

// deployed is a Worker on workers.dev with all traffic to one version.
func deployed(s runtime.Script) runtime.Worker {
	return runtime.Worker{
		Account: s.Account, Name: s.Name, Subdomain: "emulator", WorkersDev: true, Previews: true,
		Split: []runtime.Weighted{{Script: s, Percent: 100}},
	}
}

// worldOf is a world of such Workers.
func worldOf(scripts ...runtime.Script) runtime.World {
	var world runtime.World
	for _, s := range scripts {
		world.Workers = append(world.Workers, deployed(s))
	}
	return world
}

// says is the source of a Worker that answers with text.
func says(text string) string {
	return fmt.Sprintf("export default { fetch() { return new Response(%q) } }", text)
}

// logBuffer collects a log.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestHelloWorld(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", says("hello"))))
	a := h.get("https://api.emulator.workers.dev/")
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, "hello", a.body)
	assert.Equal(t, "cloudflare", a.header.Get("Server"))
	assert.Regexp(t, `^[0-9a-f]{16}-DFW$`, a.header.Get("Cf-Ray"))
}

// newOrigin starts a server that answers "origin" and returns its URL.
func newOrigin(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("origin"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// newHandler serves a handler and returns its URL.
func newHandler(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
