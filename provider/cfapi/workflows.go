// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"
	"strconv"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/workflows"
)

// Workflow is a Workflow: a name in the account for a class that a Worker exports.
type Workflow struct {
	Name   string
	Script string // the Worker
	Class  string

	Settings WorkflowSettings
}

// WorkflowSettings is what a Workflow is registered with. The zero value says nothing: everything is as Cloudflare
// has it. Durations are such as "3 days", or a number of milliseconds.
type WorkflowSettings struct {
	Steps            int      // of an instance, at most
	Concurrency      int      // how many instances run at the same time, at most
	Schedules        []string // cron expressions; nil: not said
	SuccessRetention string   // of instances that completed
	ErrorRetention   string   // of instances that failed
	Jurisdiction     string   // which never changes
}

// Workflow returns the Workflow of that name, without its settings.
func (c *Client) Workflow(ctx context.Context, account, name string) (Workflow, error) {
	ctx, call := begin(ctx, APIWorkflows, fmt.Sprintf("read workflow %q", name))
	var params workflows.WorkflowGetParams
	params.AccountID.Value = segment(account)
	got, err := c.api().workflows.Get(ctx, segment(name), params)
	if err != nil {
		return Workflow{}, call.failed(err)
	}
	if got.ScriptName == "" {
		return Workflow{}, call.incomplete("script name")
	}
	return Workflow{Name: name, Script: got.ScriptName, Class: got.ClassName}, nil
}

// Workflows returns all Workflows of the account, with one request for each hundred of them. Of the settings they
// have the schedules alone.
func (c *Client) Workflows(ctx context.Context, account string) ([]Workflow, error) {
	var all []Workflow
	for page := 1; ; page++ {
		ctx, call := begin(ctx, APIWorkflows, "list workflows")
		var params workflows.WorkflowListParams
		params.AccountID.Value = segment(account)
		got, err := c.api().workflows.List(ctx, params, pageOptions(page)...)
		if err != nil {
			return nil, call.failed(err)
		}
		for _, w := range got.Result {
			found := Workflow{Name: w.Name, Script: w.ScriptName, Class: w.ClassName}
			if w.Schedules != nil {
				found.Settings.Schedules = []string{}
			}
			for _, schedule := range w.Schedules {
				found.Settings.Schedules = append(found.Settings.Schedules, schedule.Cron)
			}
			all = append(all, found)
		}
		if len(got.Result) == 0 || lastPage(len(got.Result), got.ResultInfo.PerPage) {
			return all, nil
		}
	}
}

// WorkflowVersion fills in the settings that the latest version of w tells: limits and retention. It makes one
// request for each hundred versions.
func (c *Client) WorkflowVersion(ctx context.Context, account string, w *Workflow) error {
	var latest workflows.VersionListResponse
	for page := 1; ; page++ {
		ctx, call := begin(ctx, APIWorkflows, fmt.Sprintf("list versions of workflow %q", w.Name))
		var params workflows.VersionListParams
		params.AccountID.Value = segment(account)
		got, err := c.api().workflows.Versions.List(ctx, segment(w.Name), params, pageOptions(page)...)
		if err != nil {
			return call.failed(err)
		}
		for _, v := range got.Result {
			if latest.ID == "" || v.CreatedOn.After(latest.CreatedOn) {
				latest = v
			}
		}
		if len(got.Result) == 0 || lastPage(len(got.Result), got.ResultInfo.PerPage) {
			break
		}
	}
	said := func(ms int64) string {
		if ms == 0 {
			return ""
		}
		return strconv.FormatInt(ms, 10)
	}
	w.Settings.Steps = int(latest.Limits.Steps)
	w.Settings.SuccessRetention = said(latest.DefaultRetention.SuccessRetention)
	w.Settings.ErrorRetention = said(latest.DefaultRetention.ErrorRetention)
	return nil
}

// PutWorkflow makes a Workflow, or gives the one of that name to another Worker or class, with other settings; its
// instances stay. What it sends is what wrangler 4.164 does (wrangler-dist/cli.js, triggersDeploy), of which
// cloudflare-go does not have all.
func (c *Client) PutWorkflow(ctx context.Context, account string, w Workflow) error {
	ctx, call := begin(ctx, APIWorkflows, fmt.Sprintf("register workflow %q", w.Name))
	var params workflows.WorkflowUpdateParams
	params.AccountID.Value = segment(account)
	params.ScriptName.Value, params.ScriptName.Present = w.Script, true
	params.ClassName.Value, params.ClassName.Present = w.Class, true
	if _, err := c.api().workflows.Update(ctx, segment(w.Name), params, w.Settings.options()...); err != nil {
		return call.failed(err)
	}
	return nil
}

// options add to a request what s says.
func (s WorkflowSettings) options() (options []option.RequestOption) {
	set := func(said bool, key string, value any) {
		if said {
			options = append(options, option.WithJSONSet(key, value))
		}
	}
	set(s.Steps != 0, "limits.steps", s.Steps)
	set(s.Concurrency != 0, "concurrency.limit", s.Concurrency)
	schedules := make([]map[string]string, len(s.Schedules))
	for i, cron := range s.Schedules {
		schedules[i] = map[string]string{"cron": cron}
	}
	set(s.Schedules != nil, "schedules", schedules)
	set(s.SuccessRetention != "", "default_retention.success_retention", duration(s.SuccessRetention))
	set(s.ErrorRetention != "", "default_retention.error_retention", duration(s.ErrorRetention))
	set(s.Jurisdiction != "", "jurisdiction", s.Jurisdiction)
	return options
}

// duration is a text, or a number of milliseconds; nil if there is none.
func duration(text string) any {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return ms
	}
	if text == "" {
		return nil
	}
	return text
}

// DeleteWorkflow removes a Workflow with all its instances. The Worker stays.
func (c *Client) DeleteWorkflow(ctx context.Context, account, name string) error {
	ctx, call := begin(ctx, APIWorkflows, fmt.Sprintf("delete workflow %q", name))
	var params workflows.WorkflowDeleteParams
	params.AccountID.Value = segment(account)
	if _, err := c.api().workflows.Delete(ctx, segment(name), params); err != nil {
		return call.failed(err)
	}
	return nil
}
