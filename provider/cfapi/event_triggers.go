// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"
	"net/http"
)

// EventTrigger starts Workflows of a Worker at each event of a type. Source: cloudflare/api-schemas, openapi.json,
// operations wor-get-script-triggers and wor-replace-script-triggers.
type EventTrigger struct {
	Type    string         `json:"type"`             // cf.artifacts.repo.pushed, …
	Filter  map[string]any `json:"filter,omitempty"` // texts, numbers and booleans; nil: all events of the type
	Targets []EventTarget  `json:"targets"`          // at least one
}

// EventTarget is a Workflow.
type EventTarget struct {
	Type     string `json:"type"` // "workflow"
	Workflow string `json:"workflow_name"`
	Script   string `json:"script_name"` // the Worker that registers it
}

// EventTriggers returns what events start at the Worker.
func (c *Client) EventTriggers(ctx context.Context, account, script string) ([]EventTrigger, error) {
	var got struct {
		Triggers []EventTrigger `json:"triggers"`
	}
	err := c.get(ctx, APIWorkflows, fmt.Sprintf("read event triggers of worker %q", script),
		eventTriggersPath(account, script), &got)
	return got.Triggers, err
}

// PutEventTriggers replaces all of them; none removes them. A target that is no Workflow is [ErrNotFound].
func (c *Client) PutEventTriggers(ctx context.Context, account, script string, triggers []EventTrigger) error {
	ctx, call := begin(ctx, APIWorkflows, fmt.Sprintf("set event triggers of worker %q", script))
	return c.send(ctx, call, direct{
		method: http.MethodPut, kind: "application/json", path: eventTriggersPath(account, script),
		body: append([]EventTrigger{}, triggers...),
	}, nil)
}

// DeleteEventTriggers removes all of them, also of a Worker that has none.
func (c *Client) DeleteEventTriggers(ctx context.Context, account, script string) error {
	ctx, call := begin(ctx, APIWorkflows, fmt.Sprintf("delete event triggers of worker %q", script))
	return c.send(ctx, call, direct{method: http.MethodDelete, path: eventTriggersPath(account, script)}, nil)
}

func eventTriggersPath(account, script string) string {
	return fmt.Sprintf("/accounts/%s/triggers/%s", segment(account), segment(script))
}
