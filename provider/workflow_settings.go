// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// What a Workflow is registered with apart from its class. Source: wrangler 4.164.0, wrangler-dist/cli.js
// (triggersDeploy), which sends it with PUT /accounts/{account}/workflows/{workflow}, and not with the binding.

// WorkflowLimits are what one instance of a Workflow may use.
type WorkflowLimits struct {
	Steps *int `pulumi:"steps,optional"`
}

// WorkflowConcurrency is how many instances of a Workflow run at the same time.
type WorkflowConcurrency struct {
	Limit *int `pulumi:"limit,optional"`
}

// WorkflowRetention is how long Cloudflare keeps the instances of a Workflow that have ended.
type WorkflowRetention struct {
	SuccessRetention string `pulumi:"successRetention,optional"`
	ErrorRetention   string `pulumi:"errorRetention,optional"`
}

// workflowJurisdictions are where the data of a Workflow can stay (wrangler 4.164.0, WORKFLOW_JURISDICTIONS).
// They are no enumeration in the schema: in Pulumi YAML the result of fromWrangler would be no input then.
var workflowJurisdictions = []string{"eu", "fedramp", "us"}

// Annotate describes the limits.
func (l *WorkflowLimits) Annotate(a infer.Annotator) {
	a.Describe(&l, "What one instance of a Workflow may use.")
	a.Describe(&l.Steps, "How many steps it may take. Default: that of the plan.")
}

// Annotate describes the concurrency.
func (c *WorkflowConcurrency) Annotate(a infer.Annotator) {
	a.Describe(&c, "How many instances of a Workflow run at the same time.")
	a.Describe(&c.Limit, "How many they are at most; others wait. Default: that of the plan. Cloudflare does not tell "+
		"it, so that a refresh does not see when others change it, and an import does not find it.")
}

const retentionDoc = "a duration such as `3 days`, or a number of milliseconds such as `86400000`. Default: that of " +
	"the plan, which it cannot exceed."

// Annotate describes the retention.
func (r *WorkflowRetention) Annotate(a infer.Annotator) {
	a.Describe(&r, "How long Cloudflare keeps instances of a Workflow that have ended and do not say it themselves.")
	a.Describe(&r.SuccessRetention, "For instances that completed or were terminated: "+retentionDoc)
	a.Describe(&r.ErrorRetention, "For instances that failed: "+retentionDoc)
}

// workflowSettings is [cfapi.WorkflowSettings] as a binding says it.
func (b WorkflowBinding) settings() cfapi.WorkflowSettings {
	retention := orZero(b.DefaultRetention)
	return cfapi.WorkflowSettings{
		Steps: orZero(orZero(b.Limits).Steps), Concurrency: orZero(orZero(b.Concurrency).Limit),
		Schedules: b.Schedules, SuccessRetention: retention.SuccessRetention, ErrorRetention: retention.ErrorRetention,
		Jurisdiction: b.Jurisdiction,
	}
}

// said tells which settings b has, by the names of the inputs.
func (b WorkflowBinding) said() map[string]bool {
	return map[string]bool{
		"limits": b.Limits != nil, "concurrency": b.Concurrency != nil, "schedules": len(b.Schedules) > 0,
		"defaultRetention": b.DefaultRetention != nil, "jurisdiction": b.Jurisdiction != "",
	}
}

// withSettings returns a copy of b with the settings of was, another one for the same Workflow.
func (b *WorkflowBinding) withSettings(was WorkflowBinding) *WorkflowBinding {
	next := *b
	next.Limits, next.Concurrency, next.Schedules = was.Limits, was.Concurrency, was.Schedules
	next.DefaultRetention, next.Jurisdiction = was.DefaultRetention, was.Jurisdiction
	return &next
}

// sameWorkflowSettings reports whether both say the same, however it is written.
func sameWorkflowSettings(a, b cfapi.WorkflowSettings) bool {
	return reflect.DeepEqual(effectiveWorkflow(a), effectiveWorkflow(b))
}

// effectiveWorkflow is s with its durations in milliseconds and its schedules sorted.
func effectiveWorkflow(s cfapi.WorkflowSettings) cfapi.WorkflowSettings {
	s.Schedules = sorted(s.Schedules)
	s.SuccessRetention, s.ErrorRetention = milliseconds(s.SuccessRetention), milliseconds(s.ErrorRetention)
	return s
}

// workflowDuration is a duration in Workflows: workers-types, WorkflowSleepDuration.
var workflowDuration = regexp.MustCompile(`^(\d+(?:\.\d+)?) (second|minute|hour|day|week|month|year)s?$`)

// milliseconds returns a duration as a number of milliseconds, or as it is if it is none. A month has 30 days and a
// year has 365 (npm's itty-time 1.0.6, with which wrangler reads them).
func milliseconds(duration string) string {
	parts := workflowDuration.FindStringSubmatch(duration)
	if parts == nil {
		return duration
	}
	n, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return duration
	}
	const second, day = 1000, 24 * 60 * 60 * 1000
	unit := map[string]float64{
		"second": second, "minute": 60 * second, "hour": 60 * 60 * second, "day": day, "week": 7 * day, "month": 30 * day,
		"year": 365 * day,
	}[parts[2]]
	return strconv.FormatFloat(n*unit, 'f', -1, 64)
}

// workflowSettings checks the settings in the binding at path, which registers a Workflow.
func (c *checker) workflowSettings(path []string, b WorkflowBinding) {
	at := func(members ...string) []string { return append(slices.Clone(path), members...) }
	atLeastOne := func(n *int, members ...string) {
		c.fail(n != nil && *n < 1, at(members...), "must be at least 1; leave it out for the plan's limit")
	}
	atLeastOne(orZero(b.Limits).Steps, "limits", "steps")
	atLeastOne(orZero(b.Concurrency).Limit, "concurrency", "limit")
	c.cronExpressions(at("schedules"), b.Schedules)
	retention := orZero(b.DefaultRetention)
	duration := func(text, member string) {
		ms, err := strconv.ParseInt(milliseconds(text), 10, 64)
		c.fail(text != "" && (err != nil || ms < 1), at("defaultRetention", member), "%q is neither a duration such as "+
			"\"3 days\" nor a number of milliseconds", text)
	}
	duration(retention.SuccessRetention, "successRetention")
	duration(retention.ErrorRetention, "errorRetention")
	c.fail(b.Jurisdiction != "" && !slices.Contains(workflowJurisdictions, b.Jurisdiction), at("jurisdiction"),
		"%q is not one of %s", b.Jurisdiction, strings.Join(workflowJurisdictions, ", "))
}

// foreignWorkflow refuses settings in the binding at path, which registers no Workflow: wrangler does so too.
func (c *checker) foreignWorkflow(path []string, b WorkflowBinding) {
	said := b.said()
	for _, member := range slices.Sorted(maps.Keys(said)) {
		c.fail(said[member], append(slices.Clone(path), member), "is for the Worker that registers the Workflow: set it "+
			"there, or give className and no other scriptName to register it here")
	}
}

// versionedBindings are the bindings as a version of the Worker has them: without the settings of Workflows.
func versionedBindings(bindings map[string]Binding) map[string]Binding {
	args := CloudflareWorkerArgs{Bindings: bindings}
	args.setWorkflowSettings(nil)
	return args.Bindings
}

// setWorkflowSettings gives whatever declares a Workflow of the Worker's own the settings that are known, by the
// Workflow's name, and none to all others: a binding to one that exports declare says none.
func (w *CloudflareWorkerArgs) setWorkflowSettings(known map[string]WorkflowBinding) {
	exported := exportedWorkflows(w.Exports)
	bindings, exports := maps.Clone(w.Bindings), maps.Clone(w.Exports)
	for name, b := range w.Bindings {
		if b.Workflow == nil {
			continue
		}
		settings := known[b.Workflow.Name]
		if _, elsewhere := exported[b.Workflow.Name]; elsewhere {
			settings = WorkflowBinding{}
		}
		b.Workflow = b.Workflow.withSettings(settings)
		bindings[name] = b
	}
	for class, e := range w.Exports {
		if e.kind() == cfapi.ExportWorkflow {
			exports[class] = e.withSettings(known[e.Name])
		}
	}
	w.Bindings, w.Exports = bindings, exports
}

// seen returns b, as the state has it, with what Cloudflare says of the Workflow in place of what says something
// else. Is has the settings of its latest version only if versioned says so; of concurrency and jurisdiction it has
// nothing.
func (b WorkflowBinding) seen(is cfapi.WorkflowSettings, versioned bool) WorkflowBinding {
	next := b
	was, now := effectiveWorkflow(b.settings()), effectiveWorkflow(is)
	if is.Schedules != nil && !slices.Equal(was.Schedules, now.Schedules) {
		next.Schedules = now.Schedules
	}
	if !versioned {
		return next
	}
	if was.Steps != now.Steps {
		next.Limits = nil
		if is.Steps != 0 {
			next.Limits = &WorkflowLimits{Steps: &is.Steps}
		}
	}
	if was.SuccessRetention == now.SuccessRetention && was.ErrorRetention == now.ErrorRetention {
		return next
	}
	kept := orZero(b.DefaultRetention)
	if was.SuccessRetention != now.SuccessRetention {
		kept.SuccessRetention = is.SuccessRetention
	}
	if was.ErrorRetention != now.ErrorRetention {
		kept.ErrorRetention = is.ErrorRetention
	}
	next.DefaultRetention = &kept
	if kept == (WorkflowRetention{}) {
		next.DefaultRetention = nil
	}
	return next
}

// ofVersion reports whether s says something that only a version of the Workflow tells.
func ofVersion(s cfapi.WorkflowSettings) bool {
	return s.Steps != 0 || s.SuccessRetention != "" || s.ErrorRetention != ""
}
