// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTriggers(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	base := plain("full").with(config{"workers_dev": false})
	w.steps(
		step{
			run: "deploy", files: map[string]string{"index.js": `export default {
				fetch: (request) => new Response(new URL(request.url).host), scheduled() {} }`},
			config: base.with(config{
				"triggers": config{"crons": []string{"*/5 * * * *"}},
				"routes": []config{
					{"pattern": "example.com/api/*", "zone_name": "example.com"},
					{"pattern": "app.example.com", "custom_domain": true},
				},
			}),
			out: []string{
				"example.com/api/* (zone name: example.com)", "app.example.com (custom domain)", "schedule: */5 * * * *",
			},
			get: map[string]string{"http://example.com/api/x": "example.com", "http://app.example.com/": "app.example.com"},
			then: func(t *testing.T, w *workspace, _ string) {
				assert.NotEqual(t, "example.com", w.get("http://example.com/"))
				assert.NotEqual(t, "full.emulator.workers.dev", w.get("http://full.emulator.workers.dev/"))
				assert.Contains(t, w.server.Dump(), "dns app.example.com AAAA 100:: proxied true")
			},
		},
		step{
			run: "triggers deploy",
			config: base.with(config{"workers_dev": true, "routes": []config{
				{"pattern": "example.com/v2/*", "zone_name": "example.com"}, {"pattern": "new.example.com", "custom_domain": true},
			}, "triggers": config{"crons": []string{}}}),
			out: []string{"example.com/v2/*", "new.example.com"},
			get: map[string]string{
				"http://example.com/v2/x": "example.com", "http://new.example.com/": "new.example.com",
				"http://full.emulator.workers.dev/": "full.emulator.workers.dev",
			},
			then: func(t *testing.T, w *workspace, _ string) {
				assert.NotEqual(t, "example.com", w.get("http://example.com/api/x"))
				assert.NotContains(t, w.server.Dump(), "app.example.com")
				assert.NotContains(t, w.server.Dump(), "cron")
			},
		},
		step{
			run: "deploy", config: plain("rival").with(config{"routes": []config{
				{"pattern": "example.com/v2/*", "zone_name": "example.com"},
			}}),
			fails: true, out: []string{"workers.api.error.duplicate_route [code: 10020]"},
		},
		step{run: "delete --force"}, // what else was deployed stays
		step{run: "delete --force", config: base},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}
