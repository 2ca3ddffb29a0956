// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

const (
	mailbox  = "info@api.example.com" // in both zones
	catchAll = "*@example.com"
)

// prepareForEvents makes the queues that a Worker can consume, builds of it, and another Worker.
func prepareForEvents(w world) {
	w.t.Helper()
	w.makeBucket(account, r2.Bucket{Name: "bundles"})
	w.put(w.build("v1.js", map[string][]byte{"v1.js": script("v1")}))
	w.put(w.build("v2.js", map[string][]byte{"v2.js": script("v2")}))
	_, err := w.client().PutScript(w.t.Context(), account, "auth", plainUpload("auth"))
	require.NoError(w.t, err)
	for _, name := range []string{"orders", "plain", "spare", "dead", "dead-2"} {
		_, err := w.client().CreateQueue(w.t.Context(), account, name, cfapi.QueueSettings{})
		require.NoError(w.t, err)
	}
}

// queue returns the queue of that name.
func (w world) queue(name string) cfapi.Queue {
	w.t.Helper()
	list, err := w.client().Queues(w.t.Context(), account, name)
	require.NoError(w.t, err)
	require.Len(w.t, list, 1)
	return list[0]
}

// consumer is somebody's consumer.
func consumer(script string) cfapi.QueueConsumer {
	return cfapi.QueueConsumer{Type: cfapi.QueueConsumerWorker, Script: script}
}

// emailRule returns the rule of an address, or the catch-all rule.
func (w world) emailRule(address string) cfapi.EmailRule {
	w.t.Helper()
	rules, err := w.client().EmailRules(w.t.Context(), zone)
	require.NoError(w.t, err)
	at := slices.IndexFunc(rules, func(r cfapi.EmailRule) bool {
		return r.To == address && address != "" || r.CatchAll && address == ""
	})
	require.GreaterOrEqual(w.t, at, 0, address)
	return rules[at]
}

// putRule makes a rule for an address as the dashboard does, in the place of the one with the id, if there is an id.
func (w world) putRule(id, address, action string, value ...string) error {
	rule := object{
		"matchers": []any{object{"type": "literal", "field": "to", "value": address}}, "enabled": true, "name": "theirs",
		"actions": []any{object{"type": action, "value": value}},
	}
	path := "/zones/" + zone + "/email/routing/rules"
	switch {
	case address == "":
		rule["matchers"] = []any{object{"type": "all"}}
		return w.raw(http.MethodPut, path+"/catch_all", rule)
	case id != "":
		return w.raw(http.MethodPut, path+"/"+id, rule)
	}
	return w.raw(http.MethodPost, path, rule)
}

// workerEvents is a Worker that consumes queues, gets mail and has two Workflows, which events start too.
func workerEvents() subject {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	consumes := func(member string, value any) func(world, object) object {
		return set(value, "queueConsumers", "orders", member)
	}
	mail := func(member string, value any) func(world, object) object {
		return set(value, "emailRoutes", mailbox, member)
	}
	workflow := func(value any, path ...string) func(world, object) object {
		return set(value, append([]string{"bindings", "FLOW", "workflow"}, path...)...)
	}
	one := func(path string, kind p.DiffKind) map[string]p.DiffKind { return map[string]p.DiffKind{path: kind} }
	const flow = "bindings.FLOW.workflow."
	const orders, info = "queueConsumers.orders.", `emailRoutes["info@api.example.com"]`
	const rest = `emailRoutes["*@example.com"]`
	defaults := object{"maxBatchSize": 10, "maxBatchTimeout": 5, "maxRetries": 3, "retryDelay": 0}
	return subject{
		name: "CloudflareWorker-with-events", token: provider.Name + ":index:CloudflareWorker", prepare: prepareForEvents,
		program: func(w world) object {
			return object{
				"scriptName": "api", "bundle": w.builds["v1.js"].reference(), "compatibilityDate": "2026-01-01",
				"bindings": object{"FLOW": object{"workflow": object{
					"name": "flow", "className": "Flow", "limits": object{"steps": 100}, "concurrency": object{"limit": 2},
					"schedules":        []any{"0 9 * * MON-FRI", "30 * * * *"},
					"defaultRetention": object{"successRetention": "259200000", "errorRetention": "604800000"}, "jurisdiction": "eu",
				}}},
				"exports": object{
					"Ship": object{
						"type": "workflow", "name": "ship", "limits": object{"steps": 100}, "concurrency": object{"limit": 2},
						"schedules":        []any{"0 9 * * MON-FRI", "30 * * * *"},
						"defaultRetention": object{"successRetention": "259200000", "errorRetention": "604800000"}, "jurisdiction": "eu",
					},
					"default": object{"type": "worker", "cache": object{"enabled": false}},
				},
				"eventTriggers": []any{
					object{
						"type": "cf.artifacts.repo.pushed", "filter": object{"namespace": "ci", "repo_name": "app"},
						"targets": []any{object{"workflowName": "flow"}, object{"workflowName": "ship"}},
					},
					object{"type": "cf.artifacts.repo.created", "targets": []any{object{"workflowName": "ship"}}},
				},
				"queueConsumers": object{
					"orders": object{
						"maxBatchSize": 5, "maxBatchTimeout": 2.5, "maxRetries": 4, "retryDelay": 10, "deadLetterQueue": "dead",
						"maxConcurrency": 2,
					},
					"plain": object{},
				},
				"emailRoutes": object{
					mailbox:  object{"zoneId": zone, "name": "info", "priority": 5},
					catchAll: object{"zoneId": zone},
				},
			}
		},
		changes: append(exportChanges(), []change{
			{
				name: "larger batches", covers: []string{"queueConsumers.*.maxBatchSize"}, edit: consumes("maxBatchSize", 6),
				diff: one(orders+"maxBatchSize", p.Update),
			},
			{
				name: "longer wait", covers: []string{"queueConsumers.*.maxBatchTimeout"}, edit: consumes("maxBatchTimeout", 0),
				diff: one(orders+"maxBatchTimeout", p.Update),
			},
			{
				name: "no retries", covers: []string{"queueConsumers.*.maxRetries"}, edit: consumes("maxRetries", 0),
				diff: one(orders+"maxRetries", p.Update),
			},
			{
				name: "retry delay left out", covers: []string{"queueConsumers.*.retryDelay"}, edit: consumes("retryDelay", nil),
				diff: one(orders+"retryDelay", p.Delete),
			},
			{
				name: "another dead letter queue", covers: []string{"queueConsumers.*.deadLetterQueue"},
				edit: consumes("deadLetterQueue", "dead-2"), diff: one(orders+"deadLetterQueue", p.Update),
			},
			{
				name: "no dead letter queue", edit: consumes("deadLetterQueue", nil), diff: one(orders+"deadLetterQueue", p.Delete),
			},
			{
				name: "as many at a time as it takes", covers: []string{"queueConsumers.*.maxConcurrency"},
				edit: consumes("maxConcurrency", nil), diff: one(orders+"maxConcurrency", p.Delete),
			},
			{
				name: "defaults written down", idle: true,
				edit: set(defaults, "queueConsumers", "plain"),
				diff: map[string]p.DiffKind{
					"queueConsumers.plain.maxBatchSize": p.Add, "queueConsumers.plain.maxBatchTimeout": p.Add,
					"queueConsumers.plain.maxRetries": p.Add, "queueConsumers.plain.retryDelay": p.Add,
				},
			},
			{
				name: "another queue", diff: map[string]p.DiffKind{"queueConsumers.plain": p.Delete, "queueConsumers.spare": p.Add},
				edit: func(_ world, o object) object {
					return o.with(nil, "queueConsumers", "plain").with(object{"maxRetries": 1}, "queueConsumers", "spare")
				},
			},
			{
				name: "no queues, and other code", edit: func(w world, o object) object {
					return o.with(nil, "queueConsumers").with(w.builds["v2.js"].reference(), "bundle")
				},
				diff: map[string]p.DiffKind{"queueConsumers": p.Delete, "bundle.key": p.Update, "bundle.sha256": p.Update},
			},
			{
				name: "mail switched off", covers: []string{"emailRoutes.*.enabled"}, edit: mail("enabled", false),
				diff: one(info+".enabled", p.Add),
			},
			{
				name: "mail rule renamed", covers: []string{"emailRoutes.*.name"}, edit: mail("name", "other"),
				diff: one(info+".name", p.Update),
			},
			{
				name: "mail priority", covers: []string{"emailRoutes.*.priority"}, edit: mail("priority", 6),
				diff: one(info+".priority", p.Update),
			},
			{name: "mail priority left out", edit: mail("priority", nil), diff: one(info+".priority", p.Delete)},
			{
				name: "mail in another zone", covers: []string{"emailRoutes.*.zoneId"}, edit: mail("zoneId", otherZone),
				diff: one(info+".zoneId", p.Update),
			},
			{
				name: "take over what is ours", covers: []string{"emailRoutes.*.takeOver"}, idle: true,
				edit: mail("takeOver", true), diff: one(info+".takeOver", p.Add),
			},
			{
				name: "another address", diff: map[string]p.DiffKind{info: p.Delete, `emailRoutes["new@example.com"]`: p.Add},
				edit: func(_ world, o object) object {
					return o.with(nil, "emailRoutes", mailbox).with(object{"zoneId": zone}, "emailRoutes", "new@example.com")
				},
			},
			{name: "catch-all removed", edit: set(nil, "emailRoutes", catchAll), diff: one(rest, p.Delete)},
			{
				name: "catch-all switched off", edit: set(false, "emailRoutes", catchAll, "enabled"),
				diff: one(rest+".enabled", p.Add),
			},
			{
				name: "workflow of another class", edit: set("Other", "bindings", "FLOW", "workflow", "className"),
				diff: one("bindings.FLOW.workflow.className", p.Update),
			},
			{
				name: "workflow with other settings", covers: []string{ // each: TestExportsAreReadAsTheyWereWritten
					"bindings.*.workflow.limits.steps", "bindings.*.workflow.concurrency.limit",
					"bindings.*.workflow.defaultRetention.successRetention",
					"bindings.*.workflow.defaultRetention.errorRetention",
				},
				edit: func(_ world, o object) object {
					for name, settings := range map[string]object{
						"limits": {"steps": 101}, "concurrency": {"limit": 3}, "defaultRetention": {"successRetention": "4 days"},
					} {
						o = o.with(settings, "bindings", "FLOW", "workflow", name)
					}
					return o
				},
				diff: map[string]p.DiffKind{
					flow + "limits.steps": p.Update, flow + "concurrency.limit": p.Update,
					flow + "defaultRetention.successRetention": p.Update, flow + "defaultRetention.errorRetention": p.Delete,
				},
			},
			{
				name: "workflow at another time", covers: []string{"bindings.*.workflow.schedules"},
				edit: workflow([]any{"0 9 * * MON-FRI"}, "schedules"), diff: one(flow+"schedules[1]", p.Delete),
			},
			{
				name: "workflow's schedules in another order", idle: true,
				edit: workflow([]any{"30 * * * *", "0 9 * * MON-FRI"}, "schedules"),
				diff: map[string]p.DiffKind{flow + "schedules[0]": p.Update, flow + "schedules[1]": p.Update},
			},
			{
				name: "workflow without schedules", edit: workflow(nil, "schedules"), diff: one(flow+"schedules", p.Delete),
			},
			{
				name: "workflow's retention in other words", idle: true,
				edit: workflow(object{"successRetention": "3 days", "errorRetention": "1 week"}, "defaultRetention"),
				diff: map[string]p.DiffKind{
					flow + "defaultRetention.successRetention": p.Update, flow + "defaultRetention.errorRetention": p.Update,
				},
			},
			{
				name: "workflow added", diff: one("bindings.MORE", p.Add),
				edit: set(object{"name": "more", "className": "More"}, "bindings", "MORE", "workflow"),
			},
		}...),
		drifts:   slices.Concat(eventDrifts(), exportDrifts()),
		importID: func(world, *stack) string { return account + "/api" },
		unreadable: map[string]string{
			"secretsVersionId":                    "who has set a secret cannot be read",
			"bindings.FLOW.workflow.concurrency":  "cloudflare-go has no such field in an answer",
			"bindings.FLOW.workflow.jurisdiction": "cloudflare-go has no such field in an answer",
		},
		waived: map[string]string{
			"bindings.*.workflow.jurisdiction": "cannot be changed (TestAWorkflowStaysInItsJurisdiction)",
			"exports.*.jurisdiction":           "cannot be changed (TestAWorkflowStaysInItsJurisdiction)",
			"emailRoutes.*.zoneName":           "is looked up in a preview (TestMailFindsItsZone)",
		},
	}
}

func eventDrifts() []drift {
	queues, mail, flows := []string{"queueConsumerIds"}, []string{"emailRuleIds"}, []string{"workflows"}
	one := func(path string, kind p.DiffKind) map[string]p.DiffKind { return map[string]p.DiffKind{path: kind} }
	drop := func(w world, name string) error {
		q := w.queue(name)
		return w.client().DeleteQueueConsumer(w.t.Context(), account, q.ID, q.Consumers[0].ID)
	}
	settings := func(name string, change func(c *cfapi.QueueConsumer)) func(w world, s *stack) error {
		return func(w world, _ *stack) error {
			q := w.queue(name)
			change(&q.Consumers[0])
			_, err := w.client().UpdateQueueConsumer(w.t.Context(), account, q.ID, q.Consumers[0])
			return err
		}
	}
	rule := func(change func(s *cfapi.EmailRuleSettings)) func(w world, s *stack) error {
		return func(w world, _ *stack) error {
			r := w.emailRule(mailbox)
			change(&r.Settings)
			return w.client().UpdateEmailRule(w.t.Context(), zone, r.ID, mailbox, "api", r.Settings)
		}
	}
	return []drift{
		{
			name: "a queue's consumer removed", outputs: queues, diff: one("queueConsumers.orders", p.Add),
			make: func(w world, _ *stack) error { return drop(w, "orders") },
		},
		{
			name: "all consumers removed", outputs: queues, diff: one("queueConsumers", p.Add),
			make: func(w world, _ *stack) error {
				if err := drop(w, "orders"); err != nil {
					return err
				}
				return drop(w, "plain")
			},
		},
		{
			name: "another queue consumed", outputs: queues, diff: one("queueConsumers.spare", p.Delete),
			make: func(w world, _ *stack) error {
				_, err := w.client().CreateQueueConsumer(w.t.Context(), account, w.queue("spare").ID, consumer("api"))
				return err
			},
		},
		{
			name: "every setting changed",
			make: settings("orders", func(c *cfapi.QueueConsumer) {
				c.DeadLetterQueue = "dead-2"
				c.Settings = cfapi.QueueConsumerSettings{
					BatchSize: new(10), MaxRetries: new(3), MaxWaitTimeMS: new(5000), RetryDelay: new(0),
				}
			}),
			diff: map[string]p.DiffKind{
				"queueConsumers.orders.maxBatchSize": p.Update, "queueConsumers.orders.maxBatchTimeout": p.Update,
				"queueConsumers.orders.maxRetries": p.Update, "queueConsumers.orders.retryDelay": p.Update,
				"queueConsumers.orders.deadLetterQueue": p.Update, "queueConsumers.orders.maxConcurrency": p.Add,
			},
		},
		{
			name: "a default changed", diff: one("queueConsumers.plain.maxBatchTimeout", p.Delete),
			make: settings("plain", func(c *cfapi.QueueConsumer) { c.Settings.MaxWaitTimeMS = new(5001) }),
		},
		{
			name: "a mail rule deleted", outputs: mail, diff: one(`emailRoutes["info@api.example.com"]`, p.Add),
			make: func(w world, _ *stack) error {
				return w.client().DeleteEmailRule(w.t.Context(), zone, w.emailRule(mailbox).ID)
			},
		},
		{
			name: "a mail rule switched off", diff: one(`emailRoutes["info@api.example.com"].enabled`, p.Delete),
			make: rule(func(s *cfapi.EmailRuleSettings) { s.Enabled = false }),
		},
		{
			name: "a mail rule renamed, in another place",
			diff: map[string]p.DiffKind{
				`emailRoutes["info@api.example.com"].name`: p.Update, `emailRoutes["info@api.example.com"].priority`: p.Update,
			},
			make: rule(func(s *cfapi.EmailRuleSettings) { s.Name, s.Priority = new("theirs"), new(0) }),
		},
		{
			name: "more mail", outputs: mail, diff: one(`emailRoutes["more@example.com"]`, p.Delete),
			make: func(w world, _ *stack) error { return w.putRule("", "more@example.com", "worker", "api") },
		},
		{
			name: "the catch-all rule switched off", diff: one(`emailRoutes["*@example.com"].enabled`, p.Delete),
			make: func(w world, _ *stack) error {
				return w.client().SetEmailCatchAll(w.t.Context(), zone, "api", cfapi.EmailRuleSettings{})
			},
		},
		{
			name: "the catch-all rule as in a new zone", outputs: mail, diff: one(`emailRoutes["*@example.com"]`, p.Add),
			make: func(w world, _ *stack) error {
				return w.client().SetEmailCatchAll(w.t.Context(), zone, "", cfapi.EmailRuleSettings{})
			},
		},
		{
			name: "a workflow deleted", outputs: flows, diff: one("workflows.flow", p.Update),
			make: func(w world, _ *stack) error { return w.client().DeleteWorkflow(w.t.Context(), account, "flow") },
		},
		{
			name: "a workflow of another class", outputs: flows, diff: one("workflows.flow", p.Update),
			make: func(w world, _ *stack) error {
				theirs := cfapi.Workflow{Name: "flow", Script: "api", Class: "Theirs", Settings: flowSettings()}
				return w.client().PutWorkflow(w.t.Context(), account, theirs)
			},
		},
		{
			name: "a workflow's settings changed",
			diff: map[string]p.DiffKind{
				"bindings.FLOW.workflow.limits.steps":                      p.Update,
				"bindings.FLOW.workflow.schedules[0]":                      p.Update,
				"bindings.FLOW.workflow.schedules[1]":                      p.Add,
				"bindings.FLOW.workflow.defaultRetention.successRetention": p.Update,
			},
			make: func(w world, _ *stack) error {
				theirs := cfapi.Workflow{Name: "flow", Script: "api", Class: "Flow", Settings: flowSettings()}
				theirs.Settings.Steps, theirs.Settings.Schedules = 5, []string{"1 1 * * *"}
				theirs.Settings.SuccessRetention = "1 day"
				return w.client().PutWorkflow(w.t.Context(), account, theirs)
			},
		},
		{
			name: "a workflow's settings removed",
			diff: map[string]p.DiffKind{
				"bindings.FLOW.workflow.limits": p.Add, "bindings.FLOW.workflow.schedules": p.Add,
				"bindings.FLOW.workflow.defaultRetention": p.Add,
			},
			make: func(w world, _ *stack) error {
				theirs := cfapi.Workflow{Name: "flow", Script: "api", Class: "Flow"}
				theirs.Settings.Concurrency, theirs.Settings.Schedules = flowSettings().Concurrency, []string{}
				return w.client().PutWorkflow(w.t.Context(), account, theirs)
			},
		},
	}
}

// flowSettings are those of the program's Workflow.
func flowSettings() cfapi.WorkflowSettings {
	return cfapi.WorkflowSettings{
		Steps: 100, Concurrency: 2, Schedules: []string{"0 9 * * MON-FRI", "30 * * * *"}, SuccessRetention: "3 days",
		ErrorRetention: "1 week", Jurisdiction: "eu",
	}
}

// TestAWorkflowStaysInItsJurisdiction: another one is an error that says what to do, and the state stays as it was.
func TestAWorkflowStaysInItsJurisdiction(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	w, s := built(t, r)
	moved := r.program(w).with("us", "bindings", "FLOW", "workflow", "jurisdiction")
	err := s.up(properties(moved))
	require.ErrorContains(t, err, "jurisdiction")
	require.ErrorContains(t, err, "give the Workflow a new name")
	s.mustUp(properties(r.program(w)))
	assert.Contains(t, w.Dump(), `"jurisdiction":"eu"`)
}

// TestWhatOneWorkerAloneCanHaveMovesWithIt: the old Worker goes before the new one comes, also where just one thing is
// in both.
func TestWhatOneWorkerAloneCanHaveMovesWithIt(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	for _, kept := range []string{"queueConsumers", "emailRoutes", "bindings", "exports"} {
		t.Run(kept, func(t *testing.T) {
			t.Parallel()
			only := func(w world) object {
				program := r.program(w).with(nil, "eventTriggers")
				for _, input := range []string{"queueConsumers", "emailRoutes", "bindings", "exports"} {
					if input != kept {
						program = program.with(nil, input)
					}
				}
				return program
			}
			w, s := begun(t, r)
			s.mustUp(properties(only(w)))
			s.mustUp(properties(only(w).with("api-2", "scriptName")))
			fresh, created := begun(t, r)
			created.mustUp(properties(only(fresh).with("api-2", "scriptName")))
			assert.Equal(t, fresh.Dump(), w.Dump())
			assert.Equal(t, created.state(t), s.state(t))
		})
	}
}

// TestWhatOthersHaveIsNotTaken: a queue, an address or a Workflow of others is an error that names them, and nothing is
// deployed.
func TestWhatOthersHaveIsNotTaken(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	for name, test := range map[string]struct {
		make func(w world) error
		says []string
		free func(w world) error // so that it works
	}{
		"no such queue": {
			make: func(w world) error { return w.client().DeleteQueue(w.t.Context(), account, w.queue("plain").ID) },
			says: []string{`has no queue "plain"`, "wrangler queues create plain", "dependsOn"},
			free: func(w world) error {
				_, err := w.client().CreateQueue(w.t.Context(), account, "plain", cfapi.QueueSettings{})
				return err
			},
		},
		"a queue of another Worker": {
			make: func(w world) error {
				_, err := w.client().CreateQueueConsumer(w.t.Context(), account, w.queue("plain").ID, consumer("auth"))
				return err
			},
			says: []string{`queue "plain" is consumed by the Worker "auth"`, "a queue has one consumer", "remove that consumer"},
			free: func(w world) error {
				q := w.queue("plain")
				return w.client().DeleteQueueConsumer(w.t.Context(), account, q.ID, q.Consumers[0].ID)
			},
		},
		"a queue that is pulled": {
			make: func(w world) error {
				pull := cfapi.QueueConsumer{Type: cfapi.QueueConsumerHTTPPull}
				_, err := w.client().CreateQueueConsumer(w.t.Context(), account, w.queue("plain").ID, pull)
				return err
			},
			says: []string{`queue "plain" has a consumer of type http_pull`},
		},
		"a forwarded address": {
			make: func(w world) error { return w.putRule("", strings.ToUpper(mailbox), "forward", "me@example.org") },
			says: []string{`e-mail to "` + mailbox + `" is forwarded to me@example.org`, "theirs", "takeOver: true"},
		},
		"an address of another Worker": {
			make: func(w world) error { return w.putRule("", mailbox, "worker", "auth") },
			says: []string{`goes to the Worker "auth" already`},
		},
		"an address that is dropped": {
			make: func(w world) error { return w.putRule("", mailbox, "drop") },
			says: []string{"is dropped by a rule"},
		},
		"the catch-all rule": {
			make: func(w world) error { return w.putRule("", "", "forward", "me@example.org") },
			says: []string{`e-mail to "` + catchAll + `" is forwarded to me@example.org`},
		},
		"a workflow": {
			make: func(w world) error {
				theirs := cfapi.Workflow{Name: "flow", Script: "auth", Class: "Flow"}
				return w.client().PutWorkflow(w.t.Context(), account, theirs)
			},
			says: []string{`workflow "flow" belongs to the Worker "auth" (class Flow)`, "wrangler workflows delete flow"},
			free: func(w world) error { return w.client().DeleteWorkflow(w.t.Context(), account, "flow") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			require.NoError(t, test.make(w))
			before, program := w.Dump(), properties(r.program(w))
			err := s.up(program)
			for _, part := range test.says {
				require.ErrorContains(t, err, part)
			}
			assert.Empty(t, s.id)
			assert.Equal(t, before, w.Dump())
			if test.free != nil {
				require.NoError(t, test.free(w))
				s.mustUp(program)
				require.NoError(t, s.destroy())
			}
		})
	}
}

// TestWhatOthersTookIsNotTakenBack: a refresh shows that it is gone, the next update names who has it, and a deletion
// leaves it there.
func TestWhatOthersTookIsNotTakenBack(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	for name, test := range map[string]struct {
		take func(w world) error
		diff string
		says string
		kept string
	}{
		"queue": {
			take: func(w world) error {
				q := w.queue("plain")
				_, err := w.client().UpdateQueueConsumer(w.t.Context(), account, q.ID, cfapi.QueueConsumer{
					ID: q.Consumers[0].ID, Type: cfapi.QueueConsumerWorker, Script: "auth",
				})
				return err
			},
			diff: "queueConsumers.plain", says: `is consumed by the Worker "auth"`, kept: `consumer worker "auth"`,
		},
		"address": {
			take: func(w world) error {
				return w.putRule(w.emailRule(mailbox).ID, mailbox, "forward", "me@example.org")
			},
			diff: `emailRoutes["info@api.example.com"]`, says: "is forwarded to me@example.org",
			kept: "forward [me@example.org]",
		},
		"catch-all": {
			take: func(w world) error { return w.putRule("", "", "worker", "auth") },
			diff: `emailRoutes["*@example.com"]`, says: `goes to the Worker "auth" already`, kept: "worker [auth]",
		},
		"workflow": {
			take: func(w world) error {
				theirs := cfapi.Workflow{Name: "flow", Script: "auth", Class: "Flow"}
				return w.client().PutWorkflow(w.t.Context(), account, theirs)
			},
			diff: "workflows.flow", says: `belongs to the Worker "auth"`, kept: "of auth",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			require.NoError(t, test.take(w))
			require.NoError(t, s.refresh())
			program := properties(r.program(w))
			pl, err := s.preview(program)
			require.NoError(t, err)
			assert.Contains(t, pl.kinds(), test.diff)
			assert.Len(t, pl.kinds(), 1)
			require.ErrorContains(t, s.up(program), test.says)
			require.NoError(t, s.destroy())
			assert.Contains(t, w.Dump(), test.kept)
		})
	}
	for gone, kept := range map[string]string{"catch-all": "worker [auth]", "workflow": "of auth"} {
		t.Run(gone+", and nobody refreshed", func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			if gone == "workflow" {
				theirs := cfapi.Workflow{Name: "flow", Script: "auth", Class: "Flow"}
				require.NoError(t, w.client().PutWorkflow(t.Context(), account, theirs))
			} else {
				require.NoError(t, w.putRule("", "", "worker", "auth"))
			}
			require.NoError(t, s.destroy())
			assert.Contains(t, w.Dump(), kept)
		})
	}
}

// TestMailIsTakenOver: if the program says so, a rule of others is replaced, and a preview tells which.
func TestMailIsTakenOver(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	w, s := begun(t, r)
	clean := w.Dump()
	require.NoError(t, w.putRule("", mailbox, "forward", "me@example.org"))
	require.NoError(t, w.putRule("", "", "drop"))
	program := properties(r.program(w).with(true, "emailRoutes", mailbox, "takeOver").
		with(true, "emailRoutes", catchAll, "takeOver"))
	before := w.Dump()
	_, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, before, w.Dump())
	assert.Contains(t, s.logs.String(), "is forwarded to me@example.org")
	s.mustUp(program)

	fresh, created := begun(t, r)
	created.mustUp(properties(r.program(fresh)))
	assert.Equal(t, fresh.Dump(), strings.ReplaceAll(w.Dump(), `name "theirs"`, `name ""`))
	require.NoError(t, s.refresh())
	pl, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, "same", pl.op, "%v", pl.kinds())
	require.NoError(t, s.destroy())
	assert.Equal(t, clean, w.Dump())
}

// TestMailFindsItsZone: by its name or by the address, once.
func TestMailFindsItsZone(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	for name, test := range map[string]struct {
		route object
		zone  string
	}{
		"by the address": {object{}, otherZone},
		"by name":        {object{"zoneName": "example.com"}, zone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			program := properties(r.program(w).with(object{mailbox: test.route}, "emailRoutes"))
			s.mustUp(program)
			route := s.outputs.Get("emailRoutes").AsMap().Get(mailbox).AsMap()
			assert.Equal(t, test.zone, route.Get("zoneId").AsString())
			w.forget()
			pl, err := s.preview(program)
			require.NoError(t, err)
			assert.Equal(t, "same", pl.op, "%v", pl.kinds())
			assert.Empty(t, w.Calls())
			require.NoError(t, s.refresh())
			pl, err = s.preview(program)
			require.NoError(t, err)
			assert.Equal(t, "same", pl.op, "%v", pl.kinds())
		})
	}
	w, s := begun(t, r)
	for address, says := range map[string]string{
		"a@example.org":     "no zone holds the host",
		"*@www.example.com": `write "*@example.com"`,
	} {
		_, err := s.preview(properties(r.program(w).with(object{address: object{}}, "emailRoutes")))
		require.ErrorContains(t, err, `emailRoutes["`+address+`"]`)
		require.ErrorContains(t, err, says)
	}
}

// TestAWorkflowOutlivesItsBinding: its instances are not lost by an edit of a program. It goes with the Worker.
func TestAWorkflowOutlivesItsBinding(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	w, s := begun(t, r)
	empty := w.Dump()
	s.mustUp(properties(r.program(w)))
	program := properties(r.program(w).with(nil, "bindings").with(nil, "exports").with(nil, "eventTriggers"))
	s.mustUp(program)
	const registered = `workflow "flow" class Flow of api`
	assert.Contains(t, w.Dump(), registered)
	require.NoError(t, s.refresh())
	pl, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, "same", pl.op, "%v", pl.kinds())
	s.mustUp(properties(r.program(w)))
	assert.Contains(t, w.Dump(), registered)
	s.mustUp(program)
	require.NoError(t, s.destroy())
	assert.Equal(t, empty, w.Dump())
}

// TestABindingToAWorkflowOfOthersRegistersNothing: one that names a script, or no class.
func TestABindingToAWorkflowOfOthersRegistersNothing(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	w, s := begun(t, r)
	theirs := cfapi.Workflow{Name: "flow", Script: "auth", Class: "Flow"}
	require.NoError(t, w.client().PutWorkflow(t.Context(), account, theirs))
	for _, binding := range []object{
		{"name": "flow", "className": "Flow", "scriptName": "auth"}, {"name": "flow"},
	} {
		program := r.program(w).with(nil, "exports").with(nil, "eventTriggers")
		s.mustUp(properties(program.with(binding, "bindings", "FLOW", "workflow")))
		assert.Equal(t, 0, s.outputs.Get("workflows").AsMap().Len())
	}
	require.NoError(t, s.destroy())
	assert.Contains(t, w.Dump(), `workflow "flow" class Flow of auth`)
}

// TestATokenThatIsNotForMailImports: what has no e-mail routes can be imported, and the log says what was not seen.
func TestATokenThatIsNotForMailImports(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	w, s := begun(t, r)
	plain := r.program(w).with(nil, "exports").with(nil, "eventTriggers")
	program := properties(plain.with(nil, "emailRoutes").with(nil, "bindings"))
	s.mustUp(program)
	w.on(hooks{before: func(_ int, r *http.Request) int {
		if strings.Contains(r.URL.Path, "/email/") {
			return http.StatusForbidden
		}
		return 0
	}})
	again := newStack(t, w.cloud, r.token)
	require.NoError(t, again.importByID(account+"/api"))
	assert.Contains(t, again.logs.String(), "emailRoutes was not looked for")
	pl, err := again.preview(program)
	require.NoError(t, err)
	assert.Equal(t, "same", pl.op, "%v", pl.kinds())
}

// TestQueuesThatAreNotNamedYet: a key that comes from another resource makes all of the input unknown in a preview.
func TestQueuesThatAreNotNamedYet(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	w, s := begun(t, r)
	s.mustUp(properties(r.program(w)))
	w.forget()
	pl, err := s.preview(properties(r.program(w).with(property.New(property.Computed), "queueConsumers")))
	require.NoError(t, err)
	assert.Equal(t, "update", pl.op)
	assert.Empty(t, w.Calls())
	assert.Equal(t, s.outputs.Get("versionId"), pl.outputs.Get("versionId"), "the version stays")
}

// TestWrongEventsAreRefused: before anything is asked of Cloudflare, and by the name of the input.
func TestWrongEventsAreRefused(t *testing.T) {
	t.Parallel()
	r := workerEvents()
	w, s := begun(t, r)
	consumes := func(member string, value any) object {
		return r.program(w).with(value, "queueConsumers", "orders", member)
	}
	mail := func(address string, route object) object {
		route = route.with(zone, "zoneId")
		return r.program(w).with(route, "emailRoutes", address)
	}
	flow := func(b object) object { return r.program(w).with(object{"workflow": b}, "bindings", "MORE") }
	more := func(member string, value any) object {
		return flow(object{"name": "more", "className": "More", member: value})
	}
	const at = "queueConsumers.orders."
	for _, test := range []struct {
		path    string
		program object
	}{
		{"queueConsumers.Orders", r.program(w).with(object{}, "queueConsumers", "Orders")},
		{at + "maxBatchSize", consumes("maxBatchSize", 0)},
		{at + "maxBatchSize", consumes("maxBatchSize", 101)},
		{at + "maxBatchTimeout", consumes("maxBatchTimeout", 60.5)},
		{at + "maxBatchTimeout", consumes("maxBatchTimeout", -1)},
		{at + "maxRetries", consumes("maxRetries", 101)},
		{at + "retryDelay", consumes("retryDelay", 86401)},
		{at + "maxConcurrency", consumes("maxConcurrency", 251)},
		{at + "deadLetterQueue", consumes("deadLetterQueue", "orders")},
		{at + "deadLetterQueue", consumes("deadLetterQueue", "No")},
		{`emailRoutes["example.com"]`, mail("example.com", nil)},
		{`emailRoutes["a b@example.com"]`, mail("a b@example.com", nil)},
		{`emailRoutes["*x@example.com"]`, mail("*x@example.com", nil)},
		{`emailRoutes["info@api.example.com"]`, mail("Info@api.example.com", nil)},
		{`emailRoutes["a@example.com"].priority`, mail("a@example.com", object{"priority": -1})},
		{`emailRoutes["*@example.com"].priority`, mail(catchAll, object{"priority": 1})},
		{`emailRoutes["*@www.example.com"]`, mail("*@www.example.com", nil)},
		{`emailRoutes["info@api.example.com"].zoneId`, r.program(w).with("zone", "emailRoutes", mailbox, "zoneId")},
		{"bindings.MORE.workflow.name", flow(object{"name": "-flow", "className": "Flow"})},
		{"bindings.MORE.workflow.name", flow(object{"name": strings.Repeat("f", 65), "className": "Flow"})},
		{"bindings.MORE.workflow.className", flow(object{"name": "flow", "className": "Other"})},
		{"bindings.MORE.workflow", flow(object{"name": "flow", "className": "Flow"})},
		{"bindings.MORE.workflow.limits.steps", more("limits", object{"steps": 0})},
		{"bindings.MORE.workflow.concurrency.limit", more("concurrency", object{"limit": 0})},
		{"bindings.MORE.workflow.schedules", more("schedules", []any{"every day"})},
		{"bindings.MORE.workflow.schedules", more("schedules", []any{"* * * * *", "* * * * *"})},
		{
			"bindings.MORE.workflow.defaultRetention.successRetention",
			more("defaultRetention", object{"successRetention": "3 moons"}),
		},
		{
			"bindings.MORE.workflow.defaultRetention.errorRetention",
			more("defaultRetention", object{"errorRetention": "0"}),
		},
		{"bindings.MORE.workflow.jurisdiction", more("jurisdiction", "moon")},
		{
			"bindings.MORE.workflow.schedules",
			flow(object{"name": "more", "className": "More", "scriptName": "auth", "schedules": []any{"* * * * *"}}),
		},
		{"bindings.MORE.workflow.limits", flow(object{"name": "more", "limits": object{"steps": 5}})},
	} {
		_, err := s.preview(properties(test.program))
		require.ErrorContains(t, err, test.path+": ")
	}
	assert.Empty(t, w.Calls())
}
