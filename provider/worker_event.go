// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Events that reach a Worker without a request: messages of queues (queue_consumer.go),
// mail (email_route.go), the instances of Workflows (worker_workflow.go), and events that
// start them (event_trigger.go).

const codeHintNoQueueHandler = "the bundle exports no queue handler: export one, or take the queue out of " +
	"queueConsumers"

var (
	_ lookStep = findQueues{}
	_ lookStep = findEmailRules{}
	_ lookStep = findWorkflows{}
	_ lookStep = checkAddresses{}
	_ lookStep = checkSecretNames{}
)

func (findQueues) looksOnly()       {}
func (findEmailRules) looksOnly()   {}
func (findWorkflows) looksOnly()    {}
func (checkAddresses) looksOnly()   {}
func (checkSecretNames) looksOnly() {}

// eventSteps are the calls for events before and after those that deploy.
type eventSteps struct{ before, after []step }

// planEvents lists the calls for what reaches the Worker without a request. What belongs
// to others is found before anything is changed.
func planEvents(seen CloudflareWorkerState, want CloudflareWorkerArgs) eventSteps {
	queues, ended, begun := planConsumers(seen, want)
	emails, routes := planEmailRoutes(seen, want)
	workflows, registered := planWorkflows(seen, want)
	return eventSteps{
		before: slices.Concat(queues, emails, workflows, ended),
		after:  slices.Concat(registered, planEventTriggers(seen, want), begun, routes),
	}
}

// planEventsRemoval lists the calls that end all of it: Cloudflare deletes no Worker that
// consumes a queue, by force neither.
func planEventsRemoval(seen CloudflareWorkerState) []step {
	_, ended, _ := planConsumers(seen, CloudflareWorkerArgs{})
	_, steps := planEmailRoutes(seen, CloudflareWorkerArgs{})
	steps = append(steps, ended...)
	if len(seen.EventTriggers) > 0 {
		steps = append(steps, deleteEventTriggers{})
	}
	for _, name := range slices.Sorted(maps.Keys(seen.Workflows)) {
		steps = append(steps, deleteWorkflow{name})
	}
	return steps
}

// claimEvent is [claim] for the steps of events.
func claimEvent(s step, facts *CloudflareWorkerState) bool {
	next := facts.clone()
	switch s := s.(type) {
	case connectQueue:
		s.done(&next, QueueConsumerID{QueueID: unknownID, ConsumerID: unknownID})
	case createEmailRoute:
		s.done(&next, unknownID)
	case putWorkflow:
		next.Workflows[s.name] = unknownID // no class: it is put again
	case setEventTriggers:
		next.EventTriggers = []EventTrigger{{Type: unknownID, Targets: []EventTarget{}}} // none that is wanted
	default:
		return false
	}
	*facts = next
	return true
}

// events checks what reaches the Worker without a request.
func (c *checker) events(args CloudflareWorkerArgs) {
	c.queueConsumers(args)
	c.emailRoutes(args)
	c.workflows(args)
	c.eventTriggers(args)
}

// events fills in what reaches the Worker without a request.
func (r reader) events(ctx context.Context, imported bool, consumed []string, state *CloudflareWorkerState) error {
	if err := r.consumers(ctx, consumed, state); err != nil {
		return err
	}
	if err := r.emailRoutes(ctx, imported, state); err != nil {
		return err
	}
	if err := r.workflows(ctx, imported, state); err != nil {
		return err
	}
	return r.eventTriggers(ctx, imported && len(state.Workflows) > 0, state)
}

// sharesEvents reports whether something is in both that one Worker alone can have.
func sharesEvents(olds, news property.Map) bool {
	was, is := workflowsOf(olds), workflowsOf(news)
	for name := range is {
		if _, there := was[name]; there {
			return true
		}
	}
	return sharesKey(olds, news, "queueConsumers") || sharesKey(olds, news, "emailRoutes")
}

// eventHint says what to do about what belongs to others; empty if err is about something else.
func eventHint(err error) string {
	if none := (*noQueueError)(nil); errors.As(err, &none) {
		return "create it first: with wrangler queues create " + none.queue + ", or as a Queue of this program on which " +
			"this Worker depends (dependsOn, or the queue's output name as the key)"
	}
	if taken := (*consumedError)(nil); errors.As(err, &taken) {
		return "remove that consumer first, or leave the queue out here"
	}
	if taken := (*emailTakenError)(nil); errors.As(err, &taken) {
		return "delete that rule first, or set takeOver: true to replace it"
	}
	if taken := (*workflowTakenError)(nil); errors.As(err, &taken) {
		return "choose another name, or set scriptName to bind that Worker's; wrangler workflows delete " + taken.Name +
			" removes one that is left over, with its instances"
	}
	return ""
}
