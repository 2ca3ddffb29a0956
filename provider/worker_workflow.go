// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// maxWorkflowName is how long a Workflow's name may be:
// https://developers.cloudflare.com/workflows/reference/limits/
const maxWorkflowName = 64

// workflowName is what a Workflow can be called: workers-sdk, packages/workflows-shared/src/lib/validators.ts.
var workflowName = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_-]*$`)

// registers reports whether the binding b of the Worker script names a class of that Worker itself.
func (b *WorkflowBinding) registers(script string) bool {
	return b != nil && b.ClassName != "" && (b.ScriptName == "" || b.ScriptName == script)
}

// ownWorkflows are bindings to the Workflows that the Worker itself has, by the Workflow's name. One that exports
// declare is as they say.
func ownWorkflows(args CloudflareWorkerArgs) map[string]WorkflowBinding {
	own := map[string]WorkflowBinding{}
	for _, name := range slices.Sorted(maps.Keys(args.Bindings)) {
		if b := args.Bindings[name].Workflow; b.registers(args.ScriptName) {
			own[b.Name] = *b
		}
	}
	maps.Copy(own, exportedWorkflows(args.Exports))
	return own
}

// workflows checks the Workflows that the Worker itself has.
func (c *checker) workflows(args CloudflareWorkerArgs) {
	exported, others := map[string]string{}, map[string]WorkflowBinding{}
	for _, class := range slices.Sorted(maps.Keys(args.Exports)) {
		e := args.Exports[class]
		if e.kind() != cfapi.ExportWorkflow || e.Name == "" {
			continue
		}
		other, twice := exported[e.Name]
		c.fail(twice, []string{"exports", class, "name"}, "exports.%s declares the Workflow %q too: give them names of "+
			"their own", other, e.Name)
		exported[e.Name] = class
	}
	for _, name := range slices.Sorted(maps.Keys(args.Bindings)) {
		b, path := args.Bindings[name].Workflow, []string{"bindings", name, "workflow"}
		if b == nil || b.Name == "" || c.computed(append(slices.Clone(path), "scriptName")) {
			continue
		}
		if class, declared := exported[b.Name]; declared {
			c.exportedWorkflow(path, *b, args.ScriptName, class)
			continue
		}
		if !b.registers(args.ScriptName) {
			if !c.computed(append(slices.Clone(path), "className")) {
				c.foreignWorkflow(path, *b)
			}
			continue
		}
		c.workflowSettings(path, *b)
		c.workflowName(path, b.Name)
		other, twice := others[b.Name]
		c.fail(twice && other.ClassName != b.ClassName, append(slices.Clone(path), "className"), "the Workflow %q has "+
			"the class %s in another binding: give both the same", b.Name, other.ClassName)
		c.fail(twice && !sameWorkflowSettings(other.settings(), b.settings()) && !c.computedIn([]string{"bindings"}), path,
			"the Workflow %q has other settings in another binding: give both the same", b.Name)
		others[b.Name] = *b
	}
}

// workflowName checks the name of the Workflow that path declares.
func (c *checker) workflowName(path []string, name string) {
	c.fail(!workflowName.MatchString(name) || len(name) > maxWorkflowName, append(slices.Clone(path), "name"),
		"%q is not a Workflow's name: 1 to %d letters, digits, \"-\" and \"_\", not beginning with \"-\"", name,
		maxWorkflowName)
}

type (
	// findWorkflows looks that no other Worker has Workflows of these names.
	findWorkflows struct{ names []string }
	// putWorkflow gives a Workflow a class of the Worker, and its settings.
	putWorkflow struct {
		name    string
		binding WorkflowBinding
		was     *WorkflowBinding // what it was registered with; nil: that is not known, if it is there
	}
	// deleteWorkflow removes a Workflow with its instances, if it is the Worker's still.
	deleteWorkflow struct{ name string }
)

func (findWorkflows) String() string    { return "look whose the workflows are" }
func (s putWorkflow) String() string    { return fmt.Sprintf("register workflow %q", s.name) }
func (s deleteWorkflow) String() string { return fmt.Sprintf("delete workflow %q", s.name) }

// planWorkflows lists the calls for the Workflows that the Worker itself has. One whose
// binding, or export, was removed stays, with its instances, until the Worker goes: wrangler
// leaves it too (packages/deploy-helpers/src/triggers/deploy.ts).
func planWorkflows(seen CloudflareWorkerState, want CloudflareWorkerArgs) (look, registered []step) {
	own, known := ownWorkflows(want), ownWorkflows(seen.CloudflareWorkerArgs)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(own)) {
		put := putWorkflow{name: name, binding: own[name]}
		if was, declared := known[name]; declared && seen.Workflows[name] != unknownID {
			put.was = &was // of one that is declared again, the settings are not known
		}
		if seen.Workflows[name] != own[name].ClassName || put.was == nil ||
			!sameWorkflowSettings(put.was.settings(), own[name].settings()) {
			names = append(names, name)
			registered = append(registered, put)
		}
	}
	if len(names) > 0 {
		look = append(look, findWorkflows{names})
	}
	return look, registered
}

func (s findWorkflows) run(ctx context.Context, d deployer, _ *CloudflareWorkerState) error {
	for _, name := range s.names {
		is, err := d.api.Workflow(ctx, d.account, name)
		switch {
		case errors.Is(err, cfapi.ErrNotFound):
		case err != nil:
			return err
		case is.Script != d.script:
			return &workflowTakenError{is}
		default:
			d.found.workflows[name] = true
		}
	}
	return nil
}

// workflowTakenError refuses to take a Workflow away from another Worker.
type workflowTakenError struct{ cfapi.Workflow }

func (e *workflowTakenError) Error() string {
	return fmt.Sprintf("workflow %q belongs to the Worker %q (class %s)", e.Name, e.Script, e.Class)
}

func (s putWorkflow) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	w := cfapi.Workflow{Name: s.name, Script: d.script, Class: s.binding.ClassName, Settings: s.binding.settings()}
	mayHaveSome := d.found.workflows[s.name]
	if s.was != nil {
		mayHaveSome = len(s.was.Schedules) > 0
	}
	if len(w.Settings.Schedules) == 0 && mayHaveSome {
		w.Settings.Schedules = []string{} // best guess: schedules that are not said stay
	}
	if err := d.api.PutWorkflow(cfapi.AfterCreate(ctx), d.account, w); err != nil {
		return err
	}
	facts.Workflows[s.name] = s.binding.ClassName
	known := ownWorkflows(facts.CloudflareWorkerArgs)
	known[s.name] = s.binding
	facts.setWorkflowSettings(known)
	return nil
}

func (s deleteWorkflow) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	is, err := d.api.Workflow(ctx, d.account, s.name)
	if err == nil && is.Script == d.script { // else its instances are somebody else's by now
		err = d.api.DeleteWorkflow(ctx, d.account, s.name)
	}
	if err != nil && !errors.Is(err, cfapi.ErrNotFound) {
		return err
	}
	delete(facts.Workflows, s.name)
	return nil
}

// workflows fills in which Workflows the Worker has, and their settings. Nothing is asked for if none is known of and
// no binding names a class of the Worker's own. What only a version of a Workflow tells is asked for where it was
// said, and of a Worker that is imported.
func (r reader) workflows(ctx context.Context, imported bool, state *CloudflareWorkerState) error {
	own := ownWorkflows(state.CloudflareWorkerArgs)
	if len(state.Workflows) == 0 && len(own) == 0 {
		return nil
	}
	list, err := r.api.Workflows(ctx, r.account)
	if err != nil {
		return err
	}
	state.Workflows = map[string]string{}
	for _, w := range list {
		if w.Script != r.script {
			continue
		}
		state.Workflows[w.Name] = w.Class
		b, bound := own[w.Name]
		if !bound {
			continue
		}
		versioned := imported || ofVersion(b.settings())
		if versioned {
			if err := r.api.WorkflowVersion(ctx, r.account, &w); err != nil {
				return err
			}
		}
		own[w.Name] = b.seen(w.Settings, versioned)
	}
	state.setWorkflowSettings(own)
	return nil
}

// workflowDiff adds to the differences the Workflows that are not as the program, which
// says nothing new of them, has them.
func workflowDiff(req p.DiffRequest, resp p.DiffResponse) p.DiffResponse {
	was, wanted := workflowsOf(req.OldInputs), workflowsOf(req.Inputs)
	registered := req.State.Get("workflows")
	for name, class := range wanted {
		is := property.Value{}
		if registered.IsMap() {
			is = registered.AsMap().Get(name)
		}
		if was[name] == class && (!is.IsString() || is.AsString() != class) {
			resp = differs(resp, propertyPath([]string{"workflows", name}))
		}
	}
	return resp
}

// workflowsOf is [ownWorkflows] for inputs that may not be known yet.
func workflowsOf(inputs property.Map) map[string]string {
	own := map[string]string{}
	defer workflowsExported(inputs, own)
	bindings := inputs.Get("bindings")
	if !bindings.IsMap() {
		return own
	}
	text := func(m property.Map, name string) string {
		if v := m.Get(name); v.IsString() {
			return v.AsString()
		}
		return ""
	}
	for _, b := range bindings.AsMap().All {
		if !b.IsMap() || !b.AsMap().Get("workflow").IsMap() {
			continue
		}
		w := b.AsMap().Get("workflow").AsMap()
		if w.Get("scriptName").IsComputed() {
			continue
		}
		binding := WorkflowBinding{
			Name: text(w, "name"), ClassName: text(w, "className"), ScriptName: text(w, "scriptName"),
		}
		if binding.Name != "" && binding.registers(text(inputs, "scriptName")) {
			own[binding.Name] = binding.ClassName
		}
	}
	return own
}
