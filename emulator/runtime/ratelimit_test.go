// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// limiter is a Worker that answers whether its rate limit L allows ?options, as JSON.
const limiter = `export default { async fetch(request, env) {
	const options = new URL(request.url).searchParams.get("options");
	try { return Response.json(await env.L.limit(JSON.parse(options))) } catch (e) { return new Response(e.message) }
} }`

// rateLimit is the binding L of a namespace.
func rateLimit(namespace string, limit, period int) string {
	return fmt.Sprintf(`{"type":"ratelimit","name":"L","namespace_id":%s,"simple":{"limit":%d,"period":%d}}`,
		namespace, limit, period)
}

func TestRateLimitsCountByNamespaceKeyAndPeriod(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	now.Store(1_000_000_000)
	h := newHarness(t, func(r *runtime.Runtime) { r.Now = func() time.Time { return time.Unix(now.Load(), 0) } })
	h.Apply(worldOf(
		script("a", "v1", limiter, rateLimit(`"1001"`, 2, 10)),
		script("b", "v1", limiter, rateLimit("1001", 3, 10)),
		script("c", "v1", limiter, rateLimit(`"1002"`, 1, 60)),
		script("d", "v1", limiter, rateLimit(`"1002"`, 1, 10))))
	ask := func(worker, options string) string {
		return h.get("https://" + worker + ".emulator.workers.dev/?options=" + url.QueryEscape(options)).body
	}
	const yes, no = `{"success":true}`, `{"success":false}`
	assert.Equal(t, yes, ask("a", `{"key":"x"}`))
	assert.Equal(t, yes, ask("a", `{"key":"x"}`))
	assert.Equal(t, no, ask("a", `{"key":"x"}`))
	assert.Equal(t, yes, ask("a", `{"key":"y"}`), "another key")
	assert.Equal(t, yes, ask("b", `{"key":"x"}`), "what was refused did not count; the limit is the binding's")
	assert.Equal(t, no, ask("b", `{"key":"x"}`), "the namespace is shared")
	assert.Equal(t, yes, ask("d", `{"key":"x"}`), "another namespace")
	assert.Equal(t, yes, ask("c", `{"key":"x"}`), "another period")
	assert.Equal(t, no, ask("c", `{"key":"x"}`))
	now.Add(9)
	assert.Equal(t, no, ask("a", `{"key":"x"}`), "the window is not over")
	now.Add(1)
	assert.Equal(t, yes, ask("a", `{"key":"x"}`))
	assert.Equal(t, no, ask("c", `{"key":"x"}`), "its own takes a minute")
	now.Add(50)
	assert.Equal(t, yes, ask("c", `{"key":"x"}`))
	assert.Equal(t, yes, ask("c", `{}`), "the empty key")
	for options, want := range map[string]string{
		`null`: "invalid rate limit options", `{"kee":1}`: "bad rate limit options: [kee]", `{"key":1}`: "invalid key: 1",
		`{"key":"x","period":11}`: "unsupported period: 11", `{"limit":"1"}`: "limit must be a number: 1",
	} {
		assert.Equal(t, want, ask("a", options))
	}
}

func TestDataPointsAreForgotten(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("a", "v1", explains(`env.A.writeDataPoint({ blobs: ["x"], doubles: [1], indexes: ["i"] })`),
		`{"type":"analytics_engine","name":"A","dataset":"d"}`)))
	assert.Equal(t, "no error: undefined", h.get("https://a.emulator.workers.dev/").body)
}
