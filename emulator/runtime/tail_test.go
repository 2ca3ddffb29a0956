// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTracesReachTailHandlers: after each request, the consumers that are there get what happened; the Worker's own log
// goes on, and consumers that come and go without a new version do so.
func TestTracesReachTailHandlers(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	api := script("api", "v1", `export default { fetch(request) {
		console.log("hello", { a: 1 });
		if (request.url.endsWith("/throw")) throw new TypeError("no");
		return new Response("served", { status: 201 });
	} }`)
	api.CompatibilityFlags = []string{"streaming_tail_worker"}
	tailer := script("tailer", "v1", `export default { tail(events) {
		for (const e of events) console.log("tail", e.scriptName, e.outcome, new URL(e.event.request.url).pathname,
			e.event.response?.status, JSON.stringify(e.logs.map((l) => l.message)), e.exceptions.map((x) => x.message).join());
	} }`)
	streamer := script("streamer", "v1", `export default { tailStream(onset) {
		console.log("stream", onset.event.type);
		return { log: (event) => console.log("stream", JSON.stringify(event.event.message)),
			outcome: (event) => console.log("stream", event.event.type, event.event.outcome) };
	} }`)
	said := func(lines ...string) {
		t.Helper()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			for _, line := range lines {
				assert.Contains(c, h.log.String(), line)
			}
		}, 10*time.Second, 10*time.Millisecond)
	}
	h.Apply(worldOf(api, tailer, streamer))
	h.get("https://api.emulator.workers.dev/none")
	said("api: hello {\"a\":1}\n")

	api.Tails, api.StreamingTails = []string{"tailer", "api", "not-there"}, []string{"streamer"}
	h.Apply(worldOf(api, tailer, streamer))
	assert.Equal(t, "served", h.get("https://api.emulator.workers.dev/one").body)
	h.get("https://api.emulator.workers.dev/throw")
	said(`/one 201 [["hello",{"a":1}]]`, ` exception /throw `, "streamer: stream onset\n", "streamer: stream outcome ok\n",
		`streamer: stream ["hello",{"a":1}]`, "api: uncaught TypeError: no\n")
	assert.NotContains(t, h.log.String(), " /none ")
	assert.NotContains(t, h.log.String(), "tailer: uncaught")
}
