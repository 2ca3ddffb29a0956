// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/cron"
)

// workflowSettings is what a Workflow is registered with, apart from its class (wrangler 4.164.0,
// wrangler-dist/cli.js, triggersDeploy; cloudflare-go workflows.WorkflowUpdateParams). Concurrency and jurisdiction
// are remembered and have no effect here; neither has the retention: instances stay.
type workflowSettings struct {
	Limits       workflowLimits      `json:"limits,omitzero"`
	Concurrency  workflowConcurrency `json:"concurrency,omitzero"`
	Schedules    []workflowSchedule  `json:"schedules,omitempty"` // of a request, nil: not said
	Retention    workflowRetention   `json:"default_retention,omitzero"`
	Jurisdiction string              `json:"jurisdiction,omitempty"`
}

// workflowLimits are the limits of each instance.
type workflowLimits struct {
	Steps *int `json:"steps,omitempty"` // nil: the standard
}

// workflowConcurrency is how many instances run at the same time.
type workflowConcurrency struct {
	Limit *int `json:"limit,omitempty"` // nil: the standard
}

// workflowSchedule is a cron expression that starts instances.
type workflowSchedule struct {
	Cron string `json:"cron"`
}

// workflowRetention is how long instances are kept that have ended: texts, or numbers of milliseconds.
type workflowRetention struct {
	Success json.RawMessage `json:"success_retention,omitempty"`
	Error   json.RawMessage `json:"error_retention,omitempty"`
}

// check refuses what wrangler 4.164 refuses before it sends it (wrangler-dist/cli.js, validateWorkflowLimits and
// those beside it). Code 10100 is that of the cron triggers; all codes are best guesses.
func (s workflowSettings) check() error {
	for name, n := range map[string]*int{"limits.steps": s.Limits.Steps, "concurrency.limit": s.Concurrency.Limit} {
		if n != nil && *n < 1 {
			return refuse(http.StatusBadRequest, codeBadWorkflow, "%s must be a positive integer", name)
		}
	}
	for _, schedule := range s.Schedules {
		if _, err := cron.Parse(schedule.Cron); err != nil {
			return refuse(http.StatusBadRequest, 10100, "invalid cron string: %v", err)
		}
	}
	for name, text := range map[string]json.RawMessage{
		"success_retention": s.Retention.Success, "error_retention": s.Retention.Error,
	} {
		if _, ok := retentionMS(text); len(text) > 0 && !ok {
			return refuse(http.StatusBadRequest, codeBadWorkflow, "default_retention.%s is no duration", name)
		}
	}
	if s.Jurisdiction != "" && !slices.Contains([]string{"eu", "fedramp", "us"}, s.Jurisdiction) {
		return refuse(http.StatusBadRequest, codeBadWorkflow, "jurisdiction must be eu, fedramp or us")
	}
	return nil
}

// durationText is a duration in words (workers-types, WorkflowSleepDuration).
var durationText = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) (second|minute|hour|day|week|month|year)s?$`)

// retentionMS reads a duration, which is in milliseconds if it is a number. A month has 30 days and a year has 365
// (npm's itty-time 1.0.6, with which wrangler reads them).
func retentionMS(text json.RawMessage) (ms int64, ok bool) {
	if json.Unmarshal(text, &ms) == nil {
		return ms, ms > 0
	}
	var words string
	if json.Unmarshal(text, &words) != nil {
		return 0, false
	}
	parts := durationText.FindStringSubmatch(words)
	if parts == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(parts[1], 64)
	const day = 24 * time.Hour
	unit := map[string]time.Duration{
		"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": day, "week": 7 * day, "month": 30 * day,
		"year": 365 * day,
	}[parts[2]]
	ms = int64(n * float64(unit.Milliseconds()))
	return ms, err == nil && ms > 0
}

// view is the retention in milliseconds, as a version shows it (cloudflare-go
// workflows.VersionListResponseDefaultRetention).
func (r workflowRetention) view() map[string]int64 {
	view := map[string]int64{}
	for name, text := range map[string]json.RawMessage{"success_retention": r.Success, "error_retention": r.Error} {
		if ms, ok := retentionMS(text); ok {
			view[name] = ms
		}
	}
	return view
}

// nextInstances are the schedules as the API shows them (cloudflare-go workflows.WorkflowGetResponseSchedule),
// without the times, which nothing here asks for.
func (s workflowSettings) nextInstances() []map[string]any {
	views := make([]map[string]any, len(s.Schedules))
	for i, schedule := range s.Schedules {
		views[i] = map[string]any{"cron": schedule.Cron, "next_instance": ""}
	}
	return views
}

// startInstance starts the instance for which a Workflow's schedule asks
// (https://developers.cloudflare.com/changelog/post/2026-06-02-cron-workflows/). It has no parameters.
func (s *Server) startInstance(ctx context.Context, f firing) {
	_, err := s.Runtime.CallWorkflow(ctx, f.account, f.workflow, "create", map[string]any{"id": newUUID()})
	if err != nil && ctx.Err() == nil {
		s.Runtime.Print(fmt.Sprintf("cron %q of Workflow %q: %v", f.cron, f.workflow, err))
	}
}

// steps is how many steps an instance may take; zero is the standard.
func (s workflowSettings) steps() int {
	if s.Limits.Steps == nil {
		return 0
	}
	return *s.Limits.Steps
}
