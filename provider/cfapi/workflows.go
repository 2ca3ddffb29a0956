// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"

	"github.com/cloudflare/cloudflare-go/v7/workflows"
)

// Workflow is a Workflow: a name in the account for a class that a Worker exports.
type Workflow struct {
	Name   string
	Script string // the Worker
	Class  string
}

// Workflow returns the Workflow of that name.
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

// Workflows returns all Workflows of the account, with one request for each hundred of them.
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
			all = append(all, Workflow{Name: w.Name, Script: w.ScriptName, Class: w.ClassName})
		}
		if len(got.Result) == 0 || lastPage(len(got.Result), got.ResultInfo.PerPage) {
			return all, nil
		}
	}
}

// PutWorkflow makes a Workflow, or gives the one of that name to another Worker or class;
// its instances stay. What it sends is what wrangler does
// (packages/deploy-helpers/src/triggers/deploy.ts).
func (c *Client) PutWorkflow(ctx context.Context, account string, w Workflow) error {
	ctx, call := begin(ctx, APIWorkflows, fmt.Sprintf("register workflow %q", w.Name))
	var params workflows.WorkflowUpdateParams
	params.AccountID.Value = segment(account)
	params.ScriptName.Value, params.ScriptName.Present = w.Script, true
	params.ClassName.Value, params.ClassName.Present = w.Class, true
	if _, err := c.api().workflows.Update(ctx, segment(w.Name), params); err != nil {
		return call.failed(err)
	}
	return nil
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
