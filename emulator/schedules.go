// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"net/http"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/cron"
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
// account without a workers.dev subdomain cannot have any (deployment logs quote 403 with 10063 here). Code 10100 for
// an expression that is wrong: workers-sdk issue 8923, whose text ends where ours has a colon; 10026 for a body that
// is: cloudflare-docs pull request 33580.
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
		return nil, refuse(http.StatusBadRequest, codeBadRequestBody,
			"Could not parse request body. Please ensure the request is valid and try again.")
	}
	kept := make([]schedule, 0, len(sent))
	for _, s := range sent {
		if _, err := cron.Parse(s.Cron); err != nil {
			return nil, refuse(http.StatusBadRequest, 10100, "invalid cron string: %v", err)
		}
		made := schedule{Cron: s.Cron, Created: c.now(), Modified: c.now()}
		for _, old := range w.Schedules {
			if old.Cron == s.Cron {
				made.Created = old.Created
			}
		}
		kept = append(kept, made)
	}
	w.Schedules = kept
	return map[string]any{"schedules": kept}, nil
}
