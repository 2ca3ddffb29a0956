// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"strings"
)

// schedule is a cron trigger (cloudflare-go workers.ScriptScheduleGetResponseSchedule).
type schedule struct {
	Cron     string    `json:"cron"`
	Created  timestamp `json:"created_on"`
	Modified timestamp `json:"modified_on"`
}

// getSchedules answers GET …/scripts/{script}/schedules.
func getSchedules(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	return map[string]any{"schedules": append([]schedule{}, w.Schedules...)}, nil
}

// putSchedules answers PUT …/scripts/{script}/schedules: the body replaces all there are. It is a list, or an object
// with a list (workers-sdk sends the former, cloudflare-go workers.ScriptScheduleUpdateParams is a list too). An
// account without a workers.dev subdomain cannot have any (deployment logs quote 403 with 10063 here).
func putSchedules(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	if c.account.Subdomain == "" {
		return nil, noSubdomain()
	}
	var sent []schedule
	if err := json.Unmarshal(c.body, &sent); err != nil {
		return nil, invalid("schedules cannot be read: %v", err)
	}
	kept := make([]schedule, 0, len(sent))
	for _, s := range sent {
		if n := len(strings.Fields(s.Cron)); n != 5 {
			return nil, invalid("cron %q has %d fields, not 5", s.Cron, n)
		}
		kept = append(kept, schedule{Cron: s.Cron, Created: c.now(), Modified: c.now()})
	}
	w.Schedules = kept
	return map[string]any{"schedules": kept}, nil
}
