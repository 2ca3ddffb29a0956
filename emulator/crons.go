// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"sync"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/cron"
)

// cronTrigger is a cron expression of a Worker, or of a Workflow.
type cronTrigger struct{ account, script, workflow, cron string }

// firing is a time at which a cron trigger fires.
type firing struct {
	cronTrigger

	at time.Time
}

// cronClock knows when the cron triggers of all Workers fire. Its zero value has none.
type cronClock struct {
	mu   sync.Mutex
	next map[cronTrigger]time.Time
}

// apply makes triggers the ones that there are. A new one fires for the first time after now.
func (c *cronClock) apply(triggers map[cronTrigger]bool, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := map[cronTrigger]time.Time{}
	for trigger := range triggers {
		if next, ok := c.next[trigger]; ok {
			kept[trigger] = next
			continue
		}
		kept[trigger] = trigger.after(now)
	}
	c.next = kept
}

// after returns when the trigger fires first after a time; the zero time if it never does.
func (t cronTrigger) after(now time.Time) time.Time {
	schedule, err := cron.Parse(t.cron)
	if err != nil {
		return time.Time{} // refused when it was made
	}
	return schedule.Next(now)
}

// due returns what fires now, and when something fires next. Times that were missed, since the machine slept, are made
// up for once.
func (c *cronClock) due(now time.Time) (fired []firing, next time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for trigger, at := range c.next {
		if at.IsZero() {
			continue
		}
		if !at.After(now) {
			fired = append(fired, firing{cronTrigger: trigger, at: at})
			at = trigger.after(now)
			c.next[trigger] = at
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return fired, next
}
