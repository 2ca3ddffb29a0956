// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVersionsAreDeployedGraduallyAndRolledBack(t *testing.T) {
	t.Parallel()
	w := open(t)
	const url = "http://plain.emulator.workers.dev/"
	type version struct {
		ID          string
		Number      int
		Annotations map[string]string
		Metadata    struct{ Source string }
	}
	w.steps(
		step{
			run: "versions upload", config: plain("plain").with(config{"preview_urls": true}),
			files: map[string]string{"index.js": says("one")}, fails: true,
		},
		step{
			run: "deploy", capture: `Current Version ID: (?P<v1>\S+)`,
			get: map[string]string{url: "one"},
		},
		step{
			run: "versions upload --message why --tag two", files: map[string]string{"index.js": says("two")},
			out:     []string{"Uploaded plain"},
			capture: `Worker Version ID: (?P<v2>(?P<short>[0-9a-f]{8})\S+)`,
			get:     map[string]string{url: "one", "http://{short}-plain.emulator.workers.dev/": "two"},
		},
		step{run: "versions list --json", then: func(t *testing.T, w *workspace, out string) {
			got := decode[[]version](t, out)
			require.Len(t, got, 2, "wrangler shows the oldest first")
			assert.Equal(t, w.vars["v2"], got[1].ID)
			assert.Equal(t, 2, got[1].Number)
			assert.Equal(t, "wrangler", got[1].Metadata.Source)
		}},
		step{run: "versions view {v2} --json", then: func(t *testing.T, w *workspace, out string) {
			assert.Equal(t, map[string]string{
				"workers/message": "why", "workers/tag": "two", "workers/triggered_by": "upload",
			}, decode[version](t, out).Annotations)
		}},
		step{run: "versions view 00000000-0000-0000-0000-000000000000 --json", fails: true, out: []string{"100146"}},
		step{
			run: "versions deploy {v1}@90% {v2}@10% -y --message gradual",
			out: []string{"Deployed plain version {v1} at 90% and version {v2} at 10%"},
		},
		step{run: "deployments status", out: []string{"(90%) {v1}", "(10%) {v2}", "gradual"}},
		step{
			run: "versions deploy {v2}@100% -y", out: []string{"Deployed plain version {v2} at 100%"},
			get: map[string]string{url: "two"},
		},
		step{
			run: "rollback {v1} -y --message back", out: []string{"{v1} has been deployed to 100% of traffic"},
			get: map[string]string{url: "one"},
		},
	)
}

func TestSecretsOfVersionsWaitToBeDeployed(t *testing.T) {
	t.Parallel()
	w := open(t)
	const url = "http://plain.emulator.workers.dev/"
	const value = "s3cr3t-value"
	w.steps(
		step{
			run: "deploy", config: plain("plain"),
			files: map[string]string{
				"index.js":  `export default { fetch: (request, env) => new Response([env.A, env.B].join()) }`,
				"bulk.json": `{"A":"bulk","B":"bulk"}`,
			},
			get: map[string]string{url: ","},
		},
		step{
			run: "versions secret put A", stdin: value, out: []string{"Created version"}, never: []string{value},
			capture: `Created version (?P<v2>[0-9a-f-]{36}) with secret A`,
			get:     map[string]string{url: ","},
		},
		step{
			run: "secret put B", stdin: value, fails: true, out: []string{"isn't currently deployed"},
			never: []string{value},
		},
		step{run: "secret delete A", stdin: "y\n", fails: true, out: []string{"10215"}},
		step{run: "secret bulk bulk.json", fails: true, out: []string{"isn't currently deployed"}},
		step{run: "versions deploy {v2}@100% -y", get: map[string]string{url: value + ","}},
		step{run: "versions secret list", out: []string{"Secret Name: A"}, never: []string{value}},
		step{run: "versions secret bulk bulk.json", capture: `version (?P<v3>[0-9a-f-]{36})`},
		step{run: "versions deploy {v3}@100% -y", get: map[string]string{url: "bulk,bulk"}},
		step{run: "versions secret delete A", stdin: "y\n", capture: `version (?P<v4>[0-9a-f-]{36})`},
		step{run: "versions deploy {v4}@100% -y", get: map[string]string{url: ",bulk"}},
		// Going back past changed secrets needs a confirmation, which CI gives: wrangler sends the request again by force.
		step{run: "rollback {v3} -y --message back", get: map[string]string{url: "bulk,bulk"}},
	)
}
