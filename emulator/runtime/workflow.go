// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Workflow is a Workflow whose class a Worker has. Its instances run the version of the Worker with the largest share
// of the traffic, on the engine that workerd brings along (/workerd/workflows.js, whose comment describes what
// follows).
type Workflow struct {
	// ID names the data, as that of an ObjectNamespace, and must differ from those of namespaces too.
	ID    string
	Name  string // by which it is bound; unique in the account
	Class string // name of the export, a WorkflowEntrypoint; empty: there is none now, and the data waits for it
	Steps int    // how many steps an instance may take; 0: the engine's own limit, 10,000
}

// workflowKey identifies a Workflow among all accounts.
type workflowKey struct{ account, name string }

// workflowHome is where the instances of a Workflow run.
type workflowHome struct {
	Workflow
	worker workerKey
}

// runnable are the Worker's Workflows that have a class.
func (w *Worker) runnable() []Workflow {
	return slices.DeleteFunc(slices.Clone(w.Workflows), func(f Workflow) bool { return f.Class == "" })
}

// service is the name of the service through which a Workflow is reached.
func (w Workflow) service() string { return "workflow:" + w.ID }

// disk is the name of the service that is the directory with a Workflow's instances.
func (w Workflow) disk() string { return "workflow-data:" + w.ID }

// bindWorkflow gives the binding that workerd has for Workflows. Source: workerd,
// src/cloudflare/internal/workflows-api.ts.
func bindWorkflow(l *linker, s *Script, b binding) (string, error) {
	var fields struct {
		WorkflowName string `json:"workflow_name"`
	}
	if err := b.decode(&fields); err != nil {
		return "", err
	}
	home, ok := l.objects.workflows[workflowKey{s.Account, fields.WorkflowName}]
	if !ok {
		return missing(fmt.Sprintf("Workflow %q not found", fields.WorkflowName)), nil
	}
	if _, problem := l.service(home.worker); problem != "" {
		return missing(problem), nil
	}
	designator, err := home.designator()
	return fmt.Sprintf(`wrapped = (moduleName = "cloudflare-internal:workflows-api", `+
		`innerBindings = [(name = "fetcher", service = %s)])`, designator), err
}

// designator writes how a Workflow is reached.
func (w Workflow) designator() (string, error) {
	props, err := json.Marshal(map[string]string{"workflow": w.Name})
	if err != nil {
		return "", fmt.Errorf("props of Workflow %q: %w", w.Name, err)
	}
	return fmt.Sprintf(`(name = %s, entrypoint = "WorkflowBinding", props = (json = %s))`,
		quote(w.service()), quote(string(props))), nil
}

// engine writes the field of a Worker literal that makes s, whose service is name, the home of its Workflows, and adds
// the services that run them to those of l. It is empty if s has none.
func (o objects) engine(l *linker, s *Script, name string) (string, error) {
	workflows := o.flows[s.key()]
	if len(workflows) == 0 {
		return "", nil
	}
	var literals []string
	for _, w := range workflows {
		designator, err := w.designator()
		if err != nil {
			return "", err
		}
		literals = append(literals, fmt.Sprintf("(className = %s, name = %s, bindingService = %s)",
			quote(w.Class), quote(w.Name), designator))
		limits := map[string]map[string]int{w.Name: {}}
		if w.Steps > 0 {
			limits[w.Name]["steps"] = w.Steps
		}
		config, err := json.Marshal(limits)
		if err != nil {
			return "", fmt.Errorf("limits of Workflow %q: %w", w.Name, err)
		}
		l.backends[w.disk()] = fmt.Sprintf("(name = %s, disk = (path = %s, writable = true))",
			quote(w.disk()), quote(filepath.Join(o.dir, w.ID)))
		l.backends[w.service()] = fmt.Sprintf(`(name = %s, worker = (modules = [(name = "workflows.js", `+
			`bundled = "/workerd/workflows.js")], compatibilityDate = %s, compatibilityFlags = ["experimental"], `+
			`durableObjectStorage = (localDisk = %s), bindings = [(name = "WORKFLOWS", json = %s), (name = %s, `+
			`durableObjectNamespace = (className = %s, serviceName = %s))]))`,
			quote(w.service()), quote(systemDate), quote(w.disk()), quote(string(config)),
			quote("workflow:"+w.Name), quote("miniflare-workflows-"+w.Name), quote(name))
	}
	return fmt.Sprintf(`, workflowsEngine = (actorClass = (name = %s, entrypoint = "Engine"), workflows = %s)`,
		quote(workflows[0].service()), list(literals)), nil
}

// makeWorkflowDirs makes the directories of all Workflows, which workerd takes for granted.
func (o objects) makeWorkflowDirs() error {
	var failed error
	for _, home := range o.workflows {
		failed = errors.Join(failed, os.MkdirAll(filepath.Join(o.dir, home.ID), 0o700))
	}
	return failed
}

// ErrNoWorkflow says that no Worker runs the Workflow.
var ErrNoWorkflow = errors.New("no Worker runs the Workflow")

// CallWorkflow calls a method of a Workflow's engine with arguments that JSON can carry: create, which takes an object
// with id and params; pause, resume, terminate, restart and status, which take an id; sendEvent, which takes an id and
// an event. The answer is JSON. An error of the engine's has its words.
func (r *Runtime) CallWorkflow(
	ctx context.Context, account, name, method string, args ...any,
) (answer json.RawMessage, err error) {
	r.mu.Lock()
	var home workflowHome
	ok := false
	if r.world != nil {
		home, ok = r.world.objects.workflows[workflowKey{account, name}]
	}
	r.mu.Unlock()
	if !ok {
		return nil, ErrNoWorkflow
	}
	event := map[string]any{"workflow": home.service(), "method": method, "args": args}
	err = r.dispatch(ctx, account, home.worker.name, "workflow", event, &answer)
	return answer, err
}
