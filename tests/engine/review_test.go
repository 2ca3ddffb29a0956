// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// reviewed is a program of a Worker to which everything leads that can lead to one, beside an older Worker.
const reviewed = `
resources:
  artifacts:
    type: cloudflare-workers:R2Bucket
    properties: { name: artifacts, forceDestroy: true }
  bundle:
    type: cloudflare-workers:WorkerBundle
    properties: { bucket: "${artifacts.name}", path: dist }
  cache:
    type: cloudflare-workers:KvNamespace
    properties: { title: cache }
  jobs:
    type: cloudflare-workers:Queue
    properties: { name: jobs }
  mails:
    type: cloudflare-workers:Queue
    properties: { name: mails }
  old:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: old
      bundle: ${bundle.reference}
      compatibilityDate: "2026-11-01"
      routes: { "shop.example.com/*": {} }
      customDomains: { old.example.com: {} }
  api:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: api
      bundle: ${bundle.reference}
      compatibilityDate: "2026-11-01"
      variables: { LEVEL: info, LIMITS: { visits: 10 } }
      secrets: { KEY: { "fn::secret": open sesame } }
      bindings:
        CACHE: { kvNamespace: { id: "${cache.id}" } }
        COUNTER: { durableObjectNamespace: { className: Counter } }
        FLOW: { workflow: { name: double, className: Double } }
      migrations:
        - { tag: v1, newSqliteClasses: [Counter, Room] }
      assets: { directory: public }
      schedules: ["0 * * * *"]
      workersDev: { enabled: true }
      routes:
        "api.example.com/*": {}
      customDomains:
        app.example.com: {}
      queueConsumers:
        jobs: { maxBatchSize: 5 }
    options: { dependsOn: ["${jobs}", "${mails}", "${old}"] }
`

const reviewedScript = `import { DurableObject, WorkflowEntrypoint } from "cloudflare:workers";
export class Counter extends DurableObject {}
export class Room extends DurableObject {}
export class Double extends WorkflowEntrypoint {}
export default { async fetch() { return new Response("one"); }, queue() {}, scheduled() {} };
`

// TestAReviewerReadsEachKindOfChange keeps what a preview says of one change after the other to one stack: what
// changes, by name, what it may break, and nothing else.
func TestAReviewerReadsEachKindOfChange(t *testing.T) {
	t.Parallel()
	c := newCloud(t, &emulator.Server{})
	s := newProgram(t, c, reviewed)
	s.file(t, "dist/index.js", reviewedScript)
	s.file(t, "public/index.html", "one")
	s.file(t, "public/logo.svg", "one")
	s.up(t)
	program := reviewed
	for _, change := range []struct {
		name, old, with string
		file            string // that is changed, instead of the program
		refused         bool
		deploy          bool // the change stays
		asks            bool // in which zones new addresses are, and whose
	}{
		{name: "nothing"},
		{name: "code", file: "dist/index.js", old: `"one"`, with: `"two"`},
		{
			name: "worker named anew refused", refused: true, old: "scriptName: api",
			with: "scriptName: api2\n      allowDataLoss: [Room]",
		},
		{
			name: "worker named anew", asks: true, old: "scriptName: api",
			with: "scriptName: api2\n      allowDataLoss: [Counter, Room]",
		},
		{name: "route dropped", old: "\n        \"api.example.com/*\": {}", with: " {}"},
		{name: "unpublished", old: "workersDev: { enabled: true }", with: "workersDev: {}"},
		{name: "namespace renamed", old: "title: cache", with: "title: cash"},
		{name: "part of a value", old: "visits: 10", with: "visits: 11"},
		{name: "variable", old: "LEVEL: info", with: "LEVEL: debug, REGION: eu"},
		{name: "secret", old: "open sesame", with: "close sesame"},
		{
			name: "binding", old: "CACHE: { kvNamespace: { id: \"${cache.id}\" } }",
			with: "CACHE: { kvNamespace: { id: \"${cache.id}\" } }\n        JOBS: { queue: { name: \"${jobs.name}\" } }",
		},
		{name: "route moved", asks: true, old: `"api.example.com/*"`, with: `"api.example.com/v1/*"`},
		{
			name: "route taken over", old: `"api.example.com/*": {}`,
			asks: true, with: "\"api.example.com/*\": {}\n        \"shop.example.com/*\": { takeOver: true }",
		},
		{
			name: "custom domain taken over", old: "app.example.com: {}",
			asks: true, with: "app.example.com: {}\n        old.example.com: { overrideExistingOrigin: true }",
		},
		{
			name: "custom domain", asks: true, old: "app.example.com: {}",
			with: "app.example.com: {}\n        www.example.com: {}",
		},
		{name: "schedule", old: `["0 * * * *"]`, with: `["0 * * * *", "30 6 * * mon"]`},
		{
			name: "queue consumer", old: "jobs: { maxBatchSize: 5 }",
			with: "jobs: { maxBatchSize: 10 }\n        mails: { maxRetries: 1 }",
		},
		{name: "assets", file: "public/index.html", old: "one", with: "two"},
		{
			name: "data loss refused", refused: true, old: "newSqliteClasses: [Counter, Room] }",
			with: "newSqliteClasses: [Counter, Room] }\n        - { tag: v2, deletedClasses: [Room] }",
		},
		{
			name: "data loss allowed", old: "newSqliteClasses: [Counter, Room] }",
			with: "newSqliteClasses: [Counter, Room] }\n        - { tag: v2, deletedClasses: [Room] }\n" +
				"      allowDataLoss: [Room]",
		},
		{
			name: "rollout begun", deploy: true, old: "variables: { LEVEL: info,",
			with: "rollout: { percentage: 10 }\n      variables: { LEVEL: debug,",
		},
		{name: "rollout raised", deploy: true, old: "percentage: 10", with: "percentage: 50"},
		{name: "rollout taken back", old: "percentage: 50", with: "percentage: 0"},
		{name: "rollout completed", old: "rollout: { percentage: 50 }\n      ", with: ""},
	} {
		t.Log(change.name)
		next := program
		if change.file != "" {
			s.edit(t, change.file, change.old, change.with)
		} else {
			require.Equal(t, change.name != "nothing", strings.Count(program, change.old) == 1)
			next = strings.Replace(program, change.old, change.with, 1)
		}
		s.write(t, next)
		before := c.Dump()
		c.Calls()
		said, err := s.Pulumi(t.Context(), "preview", "--diff")
		require.Equal(t, change.refused, err != nil, said)
		if change.refused { // how far the others had come
			said, _, _ = strings.Cut(said, "Resources:")
		}
		golden(t, "preview/"+change.name+".txt", normal(said))
		calls := c.Calls()
		assert.Empty(t, writes(calls), change.name)
		assert.Equal(t, change.asks, len(calls) > 0, "%s: %v", change.name, calls)
		assert.Equal(t, before, c.Dump(), change.name)
		switch {
		case change.deploy:
			s.up(t)
			s.unchanged(t)
			program = next
		case change.file != "":
			s.edit(t, change.file, change.with, change.old)
		}
	}
}
