// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// Codes of the Workflows API, recorded live by alchemy-run/distilled (packages/cloudflare/patches/workflows and
// test/workflows.test.ts): 10001 is also what it says to a script that does not exist. 10405 is that of workerd's
// engine for an id that is taken. The texts are ours, and so are the statuses but that of 10200 (workers-sdk,
// packages/wrangler/src/__tests__/deploy/workflows.test.ts).
const (
	codeWorkflowInternal = 10001
	codeBadWorkflow      = 10002
	codeNoWorkflow       = 10200
	codeNoInstance       = 10400
	codeCannotTerminate  = 10401
	codeInstanceTaken    = 10405

	codeWorkflowMoved = 10209 // wrangler 4.164.0, wrangler-dist/cli.js, WORKFLOW_JURISDICTION_IMMUTABLE_CODE; status ours
)

// workflow is a Workflow. Its instances are the runtime's.
type workflow struct {
	ID        string    `json:"id"` // a UUID, of its data too
	Name      string    `json:"name"`
	Script    string    `json:"script"`
	Class     string    `json:"class"`
	VersionID string    `json:"versionId"`
	Created   timestamp `json:"created"`
	Modified  timestamp `json:"modified"`

	workflowSettings
}

// view is the Workflow as the API shows it (cloudflare-go workflows.WorkflowGetResponse). Instances are not counted.
func (f *workflow) view() map[string]any {
	return map[string]any{
		"id": f.ID, "name": f.Name, "script_name": f.Script, "class_name": f.Class, "created_on": f.Created,
		"modified_on": f.Modified, "triggered_on": nil, "instances": map[string]int{}, "schedules": f.nextInstances(),
	}
}

// workflow returns the Workflow that the path names.
func (c *call) workflow() (*workflow, error) {
	if f := c.account.Workflows[c.path("workflow")]; f != nil {
		return f, nil
	}
	return nil, refuse(http.StatusNotFound, codeNoWorkflow, "Workflow '%s' not found", c.path("workflow"))
}

// listWorkflows answers GET /accounts/{account}/workflows?page=&search= (cloudflare-go workflows.WorkflowListParams).
func listWorkflows(c *call) (any, error) {
	views := []any{}
	for _, f := range sorted(c.account.Workflows) {
		if strings.Contains(f.Name, c.query("search")) {
			views = append(views, f.view())
		}
	}
	return paged(c.r, views, 10), nil
}

// getWorkflow answers GET /accounts/{account}/workflows/{workflow}.
func getWorkflow(c *call) (any, error) {
	f, err := c.workflow()
	if err != nil {
		return nil, err
	}
	return f.view(), nil
}

// putWorkflow answers PUT /accounts/{account}/workflows/{workflow} (cloudflare-go workflows.WorkflowUpdateParams),
// which makes a Workflow or changes one; wrangler sends it after each deployment (workers-sdk,
// packages/deploy-helpers/src/triggers/deploy.ts). Each makes a version. What is not said becomes as in a new one, but
// for the jurisdiction, and for the schedules, which belong to no version and stay: wrangler sends an empty list where
// there is one, and nothing where nothing is said. All of that is our best guess. The refusal of a class that the
// script does not export is ours.
func putWorkflow(c *call) (any, error) {
	var want struct {
		Script string `json:"script_name"`
		Class  string `json:"class_name"`
		workflowSettings
	}
	if err := c.decode(&want, codeBadWorkflow); err != nil {
		return nil, err
	}
	name := c.path("workflow")
	if err := c.checkWorkflow(name, want.Script, want.Class); err != nil {
		return nil, err
	}
	if err := want.check(); err != nil {
		return nil, err
	}
	f := c.account.Workflows[name]
	switch {
	case f == nil:
		f = &workflow{ID: newUUID(), Name: name, Created: c.now()}
		c.account.Workflows = kept(c.account.Workflows, name, f)
	case want.Jurisdiction != "" && want.Jurisdiction != f.Jurisdiction:
		return nil, refuse(http.StatusBadRequest, codeWorkflowMoved, "the jurisdiction of workflow '%s' cannot be changed",
			name)
	default:
		want.Jurisdiction = f.Jurisdiction
		if want.Schedules == nil {
			want.Schedules = f.Schedules
		}
	}
	f.Script, f.Class, f.workflowSettings = want.Script, want.Class, want.workflowSettings
	f.VersionID, f.Modified = newUUID(), c.now()
	view := f.view()
	delete(view, "instances")
	view["version_id"], view["is_deleted"], view["terminator_running"] = f.VersionID, 0, 0
	return view, nil
}

// checkWorkflow refuses a Workflow that no class of the script could be. A name has at most 64 characters
// (developers.cloudflare.com/workflows/reference/limits).
func (c *call) checkWorkflow(name, script, class string) error {
	w := c.account.Workers[script]
	switch {
	case len(name) > 64:
		return refuse(http.StatusBadRequest, codeBadWorkflow, "the name of a Workflow has at most 64 characters")
	case class == "":
		return refuse(http.StatusBadRequest, codeBadWorkflow, "class_name is missing")
	case w == nil || w.active() == nil:
		return refuse(http.StatusBadRequest, codeWorkflowInternal, "script '%s' does not exist", script)
	case !w.active().mayExport(class):
		return refuse(http.StatusBadRequest, codeBadWorkflow, "script '%s' does not export a class '%s'", script, class)
	}
	return nil
}

// mayExport tells whether the version exports a class, as far as that is known.
func (v *version) mayExport(class string) bool {
	var handlers []runtime.NamedHandler
	if len(v.NamedHandlers) == 0 || json.Unmarshal(v.NamedHandlers, &handlers) != nil {
		return true
	}
	return slices.Contains(exportedClasses(handlers), class)
}

// deleteWorkflow answers DELETE /accounts/{account}/workflows/{workflow}, with all instances (cloudflare-go
// workflows.WorkflowDeleteResponse).
func deleteWorkflow(c *call) (any, error) {
	f, err := c.workflow()
	if err != nil {
		return nil, err
	}
	delete(c.account.Workflows, f.Name)
	return map[string]any{"status": "ok", "success": true}, nil
}

// listWorkflowVersions answers GET …/workflows/{workflow}/versions (cloudflare-go workflows.VersionListResponse).
// Only the latest is remembered.
func listWorkflowVersions(c *call) (any, error) {
	f, err := c.workflow()
	if err != nil {
		return nil, err
	}
	return paged(c.r, []any{map[string]any{
		"id": f.VersionID, "workflow_id": f.ID, "class_name": f.Class, "created_on": f.Modified, "modified_on": f.Modified,
		"has_dag": false, "language": "javascript", "limits": f.Limits, "default_retention": f.Retention.view(),
	}}, 10), nil
}

// workflowsOf are a Worker's Workflows, without a class if the Worker does not export it any more.
func (a *account) workflowsOf(w *worker) []runtime.Workflow {
	var workflows []runtime.Workflow
	for _, f := range sorted(a.Workflows) {
		if f.Script != w.Name {
			continue
		}
		running := runtime.Workflow{ID: f.ID, Name: f.Name, Class: f.Class, Steps: f.steps()}
		if v := w.active(); v == nil || !v.mayExport(f.Class) {
			running.Class = ""
		}
		workflows = append(workflows, running)
	}
	return workflows
}

// callWorkflow calls the engine of the Workflow that the path names.
func (c *call) callWorkflow(method string, args ...any) (*workflow, json.RawMessage, error) {
	f, err := c.workflow()
	if err != nil {
		return nil, nil, err
	}
	if c.Runtime == nil {
		return nil, nil, refuse(http.StatusNotImplemented, 7000, "the emulator runs Workflows on workerd only: start it "+
			"with a runtime")
	}
	var answer json.RawMessage
	err = c.unlocked(func() (err error) {
		answer, err = c.Runtime.CallWorkflow(c.r.Context(), c.account.ID, f.Name, method, args...)
		return err
	})
	if err == nil {
		return f, answer, nil
	}
	text := err.Error()
	for _, known := range []struct {
		words        string
		status, code int
	}{
		{"instance.not_found", http.StatusNotFound, codeNoInstance},
		{"instance.already_exists", http.StatusConflict, codeInstanceTaken},
		{"cannot_terminate", http.StatusConflict, codeCannotTerminate},
		{"invalid id", http.StatusBadRequest, codeBadWorkflow},
	} {
		if strings.Contains(text, known.words) {
			return nil, nil, refuse(known.status, known.code, "%s", text)
		}
	}
	if errors.Is(err, runtime.ErrNoWorkflow) {
		return nil, nil, refuse(http.StatusBadRequest, codeWorkflowInternal,
			"script '%s' does not run the Workflow", f.Script)
	}
	return nil, nil, refuse(http.StatusInternalServerError, codeWorkflowInternal, "%s", text)
}

// createInstance answers POST …/workflows/{workflow}/instances (cloudflare-go workflows.InstanceNewParams, where
// params is JSON in a string; wrangler sends JSON: workers-sdk, packages/wrangler/src/workflows/commands/trigger.ts).
func createInstance(c *call) (any, error) {
	var want struct {
		ID     string          `json:"instance_id"`
		Params json.RawMessage `json:"params"`
	}
	if len(c.body) > 0 {
		if err := c.decode(&want, codeBadWorkflow); err != nil {
			return nil, err
		}
	}
	var text string
	if json.Unmarshal(want.Params, &text) == nil && json.Valid([]byte(text)) {
		want.Params = json.RawMessage(text)
	}
	options := map[string]any{"id": want.ID}
	if want.ID == "" {
		options["id"] = newUUID()
	}
	if len(want.Params) > 0 {
		options["params"] = want.Params
	}
	c.unchanged = true
	f, _, err := c.callWorkflow("create", options)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"id": options["id"], "status": "queued", "version_id": f.VersionID, "workflow_id": f.ID, "trigger_source": "api",
	}, nil
}

// setInstanceStatus answers PATCH …/instances/{instance}/status (cloudflare-go workflows.InstanceStatusEditParams).
func setInstanceStatus(c *call) (any, error) {
	var want struct {
		Status   string          `json:"status"`
		From     json.RawMessage `json:"from"`
		Rollback bool            `json:"rollback"`
	}
	if err := c.decode(&want, codeBadWorkflow); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"pause", "resume", "terminate", "restart"}, want.Status) {
		return nil, refuse(http.StatusBadRequest, codeBadWorkflow, "status must be pause, resume, terminate or restart")
	}
	if len(want.From) > 0 || want.Rollback {
		return nil, refuse(http.StatusNotImplemented, 7000, "the emulator neither rolls instances back nor restarts "+
			"them from a step")
	}
	c.unchanged = true
	if _, _, err := c.callWorkflow(want.Status, c.path("instance")); err != nil {
		return nil, err
	}
	_, answer, err := c.callWorkflow("status", c.path("instance"))
	if err != nil {
		return nil, err
	}
	var got struct {
		Status string `json:"status"`
	}
	err = json.Unmarshal(answer, &got)
	return map[string]any{"status": got.Status, "timestamp": c.now()}, err
}

// sendInstanceEvent answers POST …/instances/{instance}/events/{event}, whose body is the payload (workers-sdk,
// packages/wrangler/src/workflows/commands/instances/send-event.ts).
func sendInstanceEvent(c *call) (any, error) {
	event := map[string]any{"type": c.path("event")}
	if len(c.body) > 0 {
		if !json.Valid(c.body) {
			return nil, refuse(http.StatusBadRequest, codeBadWorkflow, "the payload is not JSON")
		}
		event["payload"] = json.RawMessage(c.body)
	}
	c.unchanged = true
	_, _, err := c.callWorkflow("sendEvent", c.path("instance"), event)
	return nil, err
}
