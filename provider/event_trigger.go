// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// Bounds of event triggers (cloudflare/api-schemas, openapi.json, wor-replace-script-triggers): how many there are of a
// Worker, and of a trigger's targets, and how long a text in a filter is.
const (
	maxEventTriggers   = 100
	maxEventFilterText = 1024
)

// EventTrigger starts instances of Workflows at each event of a type.
type EventTrigger struct {
	Type    string         `pulumi:"type"`
	Filter  map[string]any `pulumi:"filter,optional"`
	Targets []EventTarget  `pulumi:"targets"`
}

// EventTarget is a Workflow that an event starts.
type EventTarget struct {
	WorkflowName string `pulumi:"workflowName"`
}

// Annotate describes the trigger.
func (e *EventTrigger) Annotate(a infer.Annotator) {
	a.Describe(&e, "Starts instances of Workflows at each event of a type.")
	a.Describe(&e.Type, "The type of event, such as `cf.artifacts.repo.pushed` "+
		"(https://developers.cloudflare.com/artifacts/guides/event-subscriptions/).")
	a.Describe(&e.Filter, "What an event must say, by Cloudflare's own names: texts, numbers and booleans. Example: "+
		"`{ namespace: \"ci\", repo_name: \"my-repo\" }`. Default: all events of the type.")
	a.Describe(&e.Targets, "The Workflows that it starts. Their order says nothing.")
}

// Annotate describes the target.
func (e *EventTarget) Annotate(a infer.Annotator) {
	a.Describe(&e, "A Workflow that an event starts.")
	a.Describe(&e.WorkflowName, "Name of a Workflow that this Worker registers, by a binding `workflow` or in `exports`.")
}

const eventTriggersDoc = "The events that start instances of the Worker's own Workflows, such as a push to a " +
	"repository of Artifacts. Their order says nothing. Removing them ends that; those of a Worker whose program never " +
	"had any are left alone. Default: none."

type (
	// setEventTriggers replaces all event triggers.
	setEventTriggers struct{}
	// deleteEventTriggers removes all event triggers, which would outlive their Worker.
	deleteEventTriggers struct{}
)

func (setEventTriggers) String() string    { return "set event triggers" }
func (deleteEventTriggers) String() string { return "delete event triggers" }

// planEventTriggers lists the call that makes the event triggers what they are to be.
func planEventTriggers(seen CloudflareWorkerState, want CloudflareWorkerArgs) []step {
	if sameEventTriggers(seen.EventTriggers, want.EventTriggers) {
		return nil
	}
	return []step{setEventTriggers{}}
}

func (setEventTriggers) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	err := d.api.PutEventTriggers(ctx, d.account, d.script, eventTriggersToAPI(d.want.EventTriggers, d.script))
	if err != nil {
		return err
	}
	facts.EventTriggers = d.want.EventTriggers
	return nil
}

func (deleteEventTriggers) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	err := d.api.DeleteEventTriggers(ctx, d.account, d.script)
	if err != nil && !errors.Is(err, cfapi.ErrNotFound) {
		return err
	}
	facts.EventTriggers = nil
	return nil
}

// eventTriggers fills in what events start. It is asked for if the program has said any, or if they are to be looked
// for.
func (r reader) eventTriggers(ctx context.Context, look bool, state *CloudflareWorkerState) error {
	if !look && len(state.EventTriggers) == 0 {
		return nil
	}
	list, err := r.api.EventTriggers(ctx, r.account, r.script)
	if err != nil && !errors.Is(err, cfapi.ErrNotFound) {
		return err
	}
	var found []EventTrigger
	for _, is := range list {
		trigger := EventTrigger{Type: is.Type, Targets: []EventTarget{}}
		if len(is.Filter) > 0 {
			trigger.Filter = is.Filter
		}
		for _, target := range is.Targets {
			trigger.Targets = append(trigger.Targets, EventTarget{WorkflowName: target.Workflow})
		}
		found = append(found, trigger)
	}
	if !sameEventTriggers(found, state.EventTriggers) {
		state.EventTriggers = found
	}
	return nil
}

// eventTriggersToAPI returns triggers of the Worker script as Cloudflare has them.
func eventTriggersToAPI(triggers []EventTrigger, script string) []cfapi.EventTrigger {
	sent := make([]cfapi.EventTrigger, 0, len(triggers))
	for _, t := range triggers {
		next := cfapi.EventTrigger{Type: t.Type, Filter: t.Filter}
		for _, target := range t.Targets {
			next.Targets = append(next.Targets, cfapi.EventTarget{
				Type: "workflow", Workflow: target.WorkflowName, Script: script,
			})
		}
		sent = append(sent, next)
	}
	return sent
}

// sameEventTriggers reports whether both say the same, in any order.
func sameEventTriggers(a, b []EventTrigger) bool {
	return slices.Equal(effectiveTriggers(a), effectiveTriggers(b))
}

// effectiveTriggers is one text for each trigger, sorted.
func effectiveTriggers(triggers []EventTrigger) []string {
	texts := make([]string, 0, len(triggers))
	for _, t := range triggers {
		t.Targets = slices.Clone(t.Targets)
		slices.SortFunc(t.Targets, func(a, b EventTarget) int {
			return strings.Compare(a.WorkflowName, b.WorkflowName)
		})
		if len(t.Filter) == 0 {
			t.Filter = nil
		}
		text, err := json.Marshal(t)
		if err != nil { // what is no JSON was refused by Check
			text = []byte(err.Error())
		}
		texts = append(texts, string(text))
	}
	slices.Sort(texts)
	return texts
}

// eventTriggers checks what events start.
func (c *checker) eventTriggers(args CloudflareWorkerArgs) {
	path := []string{"eventTriggers"}
	c.fail(len(args.EventTriggers) > maxEventTriggers, path, "there are %d; a Worker can have %d", len(args.EventTriggers),
		maxEventTriggers)
	if c.computedIn(path) {
		return
	}
	own := ownWorkflows(args)
	known := !c.computedIn([]string{"bindings"}) && !c.computedIn([]string{"exports"}) &&
		!c.computed([]string{"scriptName"})
	for i, trigger := range args.EventTriggers {
		wrong := func(wrong bool, format string, values ...any) {
			c.fail(wrong, path, "[%d]%s", i, fmt.Sprintf(format, values...))
		}
		wrong(trigger.Type == "", ".type must be a type of event, such as cf.artifacts.repo.pushed")
		wrong(len(trigger.Targets) == 0 || len(trigger.Targets) > maxEventTriggers, ".targets must be 1 to %d Workflows",
			maxEventTriggers)
		for _, name := range slices.Sorted(maps.Keys(trigger.Filter)) {
			wrong(!isFilterValue(trigger.Filter[name]), ".filter.%s must be a text of 1 to %d characters, a number or a "+
				"boolean", name, maxEventFilterText)
		}
		for _, target := range trigger.Targets {
			_, registered := own[target.WorkflowName]
			wrong(known && !registered, ".targets: this Worker registers no Workflow %q: bind it, with its className and "+
				"no other scriptName, or declare it in exports", target.WorkflowName)
		}
	}
}

// isFilterValue reports whether an event can be chosen by the value.
func isFilterValue(value any) bool {
	switch v := value.(type) {
	case string:
		return v != "" && len(v) <= maxEventFilterText
	case float64, int, bool:
		return true
	}
	return false
}
