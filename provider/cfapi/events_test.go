// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// eventRequests are the methods for what reaches a Worker without a request.
var eventRequests = []request{
	{
		name: "Queues, of some names", answer: `[{"queue_id":"q2","queue_name":"b","consumers":[` + consumerAnswer + `]}]`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.Queues(ctx, testAccount, "a", "b")
		},
		want: []Queue{{ID: "q2", Name: "b", Consumers: []QueueConsumer{someConsumer}}},
	},
	{
		name: "UpdateQueueConsumer, that pulls", answer: `{"consumer_id":"c1","type":"http_pull"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.UpdateQueueConsumer(ctx, testAccount, "q1", QueueConsumer{ID: "c1", Type: QueueConsumerHTTPPull})
		},
		want: QueueConsumer{ID: "c1", Type: "http_pull"},
	},
	{
		name: "Workflow", answer: `{"id":"w","name":"orders","class_name":"Orders","script_name":"api"}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Workflow(ctx, testAccount, "orders") },
		want: Workflow{Name: "orders", Script: "api", Class: "Orders"},
	},
	{
		name: "Workflows", answer: `[{"name":"orders","class_name":"Orders","script_name":"api"},
			{"name":"a","script_name":"api","schedules":[{"cron":"* * * * *"}]},
			{"name":"b","script_name":"api","schedules":[]}]`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Workflows(ctx, testAccount) },
		want: []Workflow{
			{Name: "orders", Script: "api", Class: "Orders"},
			{Name: "a", Script: "api", Settings: WorkflowSettings{Schedules: []string{"* * * * *"}}},
			{Name: "b", Script: "api", Settings: WorkflowSettings{Schedules: []string{}}},
		},
	},
	{
		name: "PutWorkflow", answer: `{"id":"w","name":"orders"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PutWorkflow(ctx, testAccount, Workflow{Name: "orders", Script: "api", Class: "Orders"})
		},
	},
	{
		name: "PutWorkflow, with settings", answer: `{"id":"w","name":"orders"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PutWorkflow(ctx, testAccount, Workflow{
				Name: "orders", Script: "api", Class: "Orders",
				Settings: WorkflowSettings{
					Steps: 5, Concurrency: 2, Schedules: []string{"* * * * *"}, SuccessRetention: "3 days", ErrorRetention: "1000",
					Jurisdiction: "eu",
				},
			})
		},
	},
	{
		name: "PutWorkflow, without the schedules that it had", answer: `{"id":"w","name":"orders"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PutWorkflow(ctx, testAccount, Workflow{
				Name: "orders", Script: "api", Class: "Orders", Settings: WorkflowSettings{Schedules: []string{}},
			})
		},
	},
	{
		name: "WorkflowVersion", answer: `[{"id":"a","created_on":"2026-01-01T00:00:00Z","limits":{"steps":1}},
			{"id":"c","created_on":"2026-01-03T00:00:00Z","limits":{"steps":3},"default_retention":{"error_retention":9}},
			{"id":"b","created_on":"2026-01-02T00:00:00Z","limits":{"steps":2}}]`,
		do: func(ctx context.Context, c *Client) (any, error) {
			w := Workflow{Name: "orders", Settings: WorkflowSettings{Schedules: []string{"* * * * *"}}}
			return w, c.WorkflowVersion(ctx, testAccount, &w)
		},
		want: Workflow{Name: "orders", Settings: WorkflowSettings{
			Steps: 3, ErrorRetention: "9", Schedules: []string{"* * * * *"},
		}},
	},
	{
		name: "DeleteWorkflow", answer: `{"status":"ok"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteWorkflow(ctx, testAccount, "orders")
		},
	},
	{
		name: "CreateVersion, with exports", answer: `{"id":"v"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateVersion(ctx, testAccount, "api", Upload{
				MainModule: "a.js", Exports: map[string]Export{
					"default": {Type: ExportWorker, Cache: &ExportCache{}}, "Room": {Type: ExportDurableObject, Storage: "sqlite"},
					"Plain": WorkflowExport("plain", WorkflowSettings{}),
					"Orders": WorkflowExport("orders", WorkflowSettings{
						Steps: 5, Concurrency: 2, Schedules: []string{"* * * * *"}, SuccessRetention: "3 days", ErrorRetention: "1000",
						Jurisdiction: "eu",
					}),
				},
			})
		},
		want: Uploaded{VersionID: "v"},
	},
	{
		name: "Version, with exports",
		answer: `{"id":"v","resources":{"script_runtime":{"exports":{"default":{"type":"worker","cache":{"enabled":true}},
			"Orders":{"type":"workflow","name":"orders","schedules":"* * * * *",
				"default_retention":{"success_retention":"3 days","error_retention":1000}}}}}}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			v, err := c.Version(ctx, testAccount, "api", "v")
			return []any{v.Exports["default"], v.Exports["Orders"].WorkflowSettings()}, err
		},
		want: []any{Export{Type: "worker", Cache: &ExportCache{Enabled: true}}, WorkflowSettings{
			Schedules: []string{"* * * * *"}, SuccessRetention: "3 days", ErrorRetention: "1000",
		}},
	},
	{
		name: "EventTriggers", answer: `{"script_name":"api","triggers":[{"type":"a","filter":{"b":1},"targets":[
			{"type":"workflow","script_name":"api","workflow_name":"orders"}]}]}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.EventTriggers(ctx, testAccount, "api") },
		want: []EventTrigger{{
			Type: "a", Filter: map[string]any{"b": 1.0},
			Targets: []EventTarget{{Type: "workflow", Script: "api", Workflow: "orders"}},
		}},
	},
	{
		name: "PutEventTriggers", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PutEventTriggers(ctx, testAccount, "api", []EventTrigger{{
				Type: "a", Targets: []EventTarget{{Type: "workflow", Script: "api", Workflow: "orders"}},
			}})
		},
	},
	{
		name: "PutEventTriggers, none", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PutEventTriggers(ctx, testAccount, "api", nil)
		},
	},
	{
		name: "DeleteEventTriggers", answer: `{"deleted":1}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteEventTriggers(ctx, testAccount, "api")
		},
	},
	{
		name: "EmailRules", answer: `[
			{"id":"r1","enabled":true,"name":"n","priority":3,"matchers":[{"type":"literal","field":"to","value":"a@b.c"}],
			 "actions":[{"type":"worker","value":["api"]}]},
			{"id":"r2","matchers":[{"type":"all"}],"actions":[{"type":"drop"}]},
			{"id":"r3","matchers":[{"type":"literal","field":"from","value":"a@b.c"}],"actions":[]}]`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.EmailRules(ctx, "z") },
		want: []EmailRule{
			{
				ID: "r1", Zone: "z", To: "a@b.c", Action: "worker", Targets: []string{"api"},
				Settings: EmailRuleSettings{Enabled: true, Name: new("n"), Priority: new(3)},
			},
			{ID: "r2", Zone: "z", CatchAll: true, Action: "drop", Settings: EmailRuleSettings{Name: new("")}},
			{ID: "r3", Zone: "z", Settings: EmailRuleSettings{Name: new("")}},
		},
	},
	{
		name: "AccountEmailRules", answer: `[{"id":"r","matchers":[{"type":"all"}],"zone":{"tag":"z","name":"b.c"}}]`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.AccountEmailRules(ctx, testAccount) },
		want: []EmailRule{{
			ID: "r", Zone: "z", ZoneName: "b.c", CatchAll: true, Settings: EmailRuleSettings{Name: new("")},
		}},
	},
	{
		name: "CreateEmailRule", answer: `{"id":"r1"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateEmailRule(ctx, "z", "a@b.c", "api", EmailRuleSettings{Enabled: true})
		},
		want: "r1",
	},
	{
		name: "UpdateEmailRule", answer: `{"id":"r1"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.UpdateEmailRule(ctx, "z", "r1", "a@b.c", "api", EmailRuleSettings{
				Name: new(""), Priority: new(0),
			})
		},
	},
	{
		name: "DeleteEmailRule", answer: `{"id":"r1"}`,
		do: func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteEmailRule(ctx, "z", "r1") },
	},
	{
		name: "SetEmailCatchAll", answer: `{"id":"r2"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.SetEmailCatchAll(ctx, "z", "api", EmailRuleSettings{Enabled: true, Name: new("rest")})
		},
	},
	{
		name: "SetEmailCatchAll, to nobody", answer: `{"id":"r2"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.SetEmailCatchAll(ctx, "z", "", EmailRuleSettings{})
		},
	},
}

func TestEveryMethodForEventsSendsExactlyThis(t *testing.T) {
	t.Parallel()
	sendExactly(t, eventRequests, "requests-events.txt")
}

func TestEmailRulesAreReadToTheLastPage(t *testing.T) {
	t.Parallel()
	for pageSize, said := range map[int]string{50: "", 20: `"per_page":20`} {
		var pages []string
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			pages = append(pages, r.URL.RawQuery)
			n := pageSize
			if r.URL.Query().Get("page") == "2" {
				n = 1
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"success":true,"result":[%s],"result_info":{%s}}`,
				strings.TrimSuffix(strings.Repeat(`{"id":"r"},`, n), ","), said)
		})
		rules, err := c.EmailRules(t.Context(), "z")
		require.NoError(t, err)
		assert.Len(t, rules, pageSize+1)
		assert.Equal(t, []string{"page=1&per_page=50", "page=2&per_page=50"}, pages)
	}
}

// TestANewWorkerIsWaitedForInOtherAPIs: each says in its own way that it does not know it yet.
func TestANewWorkerIsWaitedForInOtherAPIs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		code   int
		do     func(ctx context.Context, c *Client) error
	}{
		"queues": {http.StatusNotFound, 10007, func(ctx context.Context, c *Client) error {
			_, err := c.CreateQueueConsumer(ctx, testAccount, "q", someConsumer)
			return err
		}},
		"e-mail": {http.StatusNotFound, 1, func(ctx context.Context, c *Client) error {
			_, err := c.CreateEmailRule(ctx, "z", "a@b.c", "api", EmailRuleSettings{})
			return err
		}},
		"e-mail by code": {http.StatusBadRequest, 2016, func(ctx context.Context, c *Client) error {
			return c.SetEmailCatchAll(ctx, "z", "api", EmailRuleSettings{})
		}},
		"workflows": {http.StatusBadRequest, 10001, func(ctx context.Context, c *Client) error {
			return c.PutWorkflow(ctx, testAccount, Workflow{Name: "w", Script: "api", Class: "C"})
		}},
	} {
		for _, fresh := range []bool{true, false} {
			calls := 0
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				calls++
				if calls == 1 {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(test.status)
					_, _ = fmt.Fprintf(w, `{"success":false,"errors":[{"code":%d,"message":"not there"}]}`, test.code)
					return
				}
				reply(w, http.StatusOK, `{"id":"x","consumer_id":"x"}`)
			})
			ctx := t.Context()
			if fresh {
				ctx = AfterCreate(ctx)
			}
			err := test.do(ctx, c)
			if fresh {
				require.NoError(t, err, name)
			} else {
				require.Error(t, err, name)
				assert.Equal(t, 1, calls, name)
			}
		}
	}
}
