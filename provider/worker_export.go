// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// WorkerExport says what something that the code exports is: a class of Durable Objects, a Workflow or an entry point.
// Source: wrangler 4.164.0, config-schema.json, ConfiguredExport.
type WorkerExport struct {
	Type string `pulumi:"type,optional"`

	Storage       string `pulumi:"storage,optional"`
	State         string `pulumi:"state,optional"`
	RenamedTo     string `pulumi:"renamedTo,optional"`
	TransferredTo string `pulumi:"transferredTo,optional"`
	TransferFrom  string `pulumi:"transferFrom,optional"`

	Name             string               `pulumi:"name,optional"`
	Limits           *WorkflowLimits      `pulumi:"limits,optional"`
	Concurrency      *WorkflowConcurrency `pulumi:"concurrency,optional"`
	Schedules        []string             `pulumi:"schedules,optional"`
	DefaultRetention *WorkflowRetention   `pulumi:"defaultRetention,optional"`
	Jurisdiction     string               `pulumi:"jurisdiction,optional"`

	Cache *ExportCache `pulumi:"cache,optional"`
}

// ExportCache says whether the responses of one entry point are cached.
type ExportCache struct {
	Enabled bool `pulumi:"enabled"`
}

// Annotate describes the export.
func (e *WorkerExport) Annotate(a infer.Annotator) {
	a.Describe(&e, "What something that the code exports is.")
	a.Describe(&e.Type, "What it is: `durable-object`, a class of Durable Objects; `workflow`, the class of a Workflow, "+
		"which is registered for this Worker; or `worker`, an entry point. Default: `durable-object`.")
	a.Describe(&e.Storage, "Of a class of Durable Objects, how its objects store data: `sqlite` or `legacy-kv`. Default: "+
		"none, for a class that is to go.")
	a.Describe(&e.State, "Of a class of Durable Objects, what it is to be: `created`, `expecting-transfer`, `deleted`, "+
		"`renamed` or `transferred`. Default: `created`.")
	a.Describe(&e.RenamedTo, "The class that a class of Durable Objects becomes, with the state `renamed`. Default: none.")
	a.Describe(&e.TransferredTo, "The Worker that takes a class of Durable Objects over, with the state `transferred`. "+
		"Default: none.")
	a.Describe(&e.TransferFrom, "The Worker that a class of Durable Objects comes from, with the state "+
		"`expecting-transfer`. Default: none.")
	a.Describe(&e.Name, "Of a Workflow, its name, unique in the account, which it must have. Its instances belong to the "+
		"name.")
	a.Describe(&e.Limits, "Of a Workflow, what one instance may use. Default: as the plan.")
	a.Describe(&e.Concurrency, "Of a Workflow, how many instances run at the same time. Default: as many as the plan "+
		"allows.")
	a.Describe(&e.Schedules, "Of a Workflow, cron expressions, in UTC, each of which starts instances. Their order says "+
		"nothing. Default: none.")
	a.Describe(&e.DefaultRetention, "Of a Workflow, how long instances are kept that have ended. Default: as the plan.")
	a.Describe(&e.Jurisdiction, "Of a Workflow, where its data stays: `eu`, `fedramp` or `us`. Cloudflare never changes "+
		"it, and does not tell it. Default: anywhere.")
	a.Describe(&e.Cache, "Of an entry point, whether its responses are cached. Default: as `cacheOptions` says of all.")
}

// Annotate describes the cache.
func (c *ExportCache) Annotate(a infer.Annotator) {
	a.Describe(&c, "Whether the responses of one entry point are cached.")
	a.Describe(&c.Enabled, "Whether they are kept in the cache of Cloudflare.")
}

// The states of a class of Durable Objects.
const (
	exportCreated     = "created"
	exportExpecting   = "expecting-transfer"
	exportDeleted     = "deleted"
	exportRenamed     = "renamed"
	exportTransferred = "transferred"
)

// kind is the type of the export, said or not.
func (e WorkerExport) kind() string {
	if e.Type == "" {
		return cfapi.ExportDurableObject
	}
	return e.Type
}

// live reports whether e is a class of Durable Objects that is to be there.
func (e WorkerExport) live() bool {
	return e.kind() == cfapi.ExportDurableObject &&
		(e.State == "" || e.State == exportCreated || e.State == exportExpecting)
}

// objectExports are the exports that are classes of Durable Objects.
func objectExports(exports map[string]WorkerExport) map[string]WorkerExport {
	objects := map[string]WorkerExport{}
	for class, e := range exports {
		if e.kind() == cfapi.ExportDurableObject {
			objects[class] = e
		}
	}
	return objects
}

// workflow is a binding that registers the Workflow of e as well as e does.
func (e WorkerExport) workflow(class string) WorkflowBinding {
	return WorkflowBinding{
		Name: e.Name, ClassName: class, Limits: e.Limits, Concurrency: e.Concurrency, Schedules: e.Schedules,
		DefaultRetention: e.DefaultRetention, Jurisdiction: e.Jurisdiction,
	}
}

// withSettings returns a copy of e with the settings of was, for the same Workflow.
func (e WorkerExport) withSettings(was WorkflowBinding) WorkerExport {
	e.Limits, e.Concurrency, e.Schedules = was.Limits, was.Concurrency, was.Schedules
	e.DefaultRetention, e.Jurisdiction = was.DefaultRetention, was.Jurisdiction
	return e
}

// exportedWorkflows are the Workflows that exports declare, by name.
func exportedWorkflows(exports map[string]WorkerExport) map[string]WorkflowBinding {
	declared := map[string]WorkflowBinding{}
	for class, e := range exports {
		if e.kind() == cfapi.ExportWorkflow && e.Name != "" {
			declared[e.Name] = e.workflow(class)
		}
	}
	return declared
}

// versionedExports are the exports by which versions of a Worker are told apart, however they are written.
func versionedExports(exports map[string]WorkerExport) map[string]cfapi.Export {
	next := make(map[string]WorkerExport, len(exports))
	for name, e := range exports {
		e.Schedules = sorted(e.Schedules)
		if e.State == exportCreated {
			e.State = ""
		}
		if r := e.DefaultRetention; r != nil {
			e.DefaultRetention = &WorkflowRetention{milliseconds(r.SuccessRetention), milliseconds(r.ErrorRetention)}
		}
		next[name] = e
	}
	return exportsToAPI(next)
}

// exportsToAPI returns exports as an upload takes them; nil if there are none.
func exportsToAPI(exports map[string]WorkerExport) map[string]cfapi.Export {
	if len(exports) == 0 {
		return nil
	}
	sent := make(map[string]cfapi.Export, len(exports))
	for name, e := range exports {
		switch e.kind() {
		case cfapi.ExportWorkflow:
			sent[name] = cfapi.WorkflowExport(e.Name, e.workflow(name).settings())
		default:
			sent[name] = cfapi.Export{
				Type: e.kind(), Storage: e.Storage, State: e.State, RenamedTo: e.RenamedTo, TransferredTo: e.TransferredTo,
				TransferFrom: e.TransferFrom, Cache: (*cfapi.ExportCache)(e.Cache),
			}
		}
	}
	return sent
}

// exportsFromAPI is the inverse of exportsToAPI.
func exportsFromAPI(list map[string]cfapi.Export) map[string]WorkerExport {
	exports := map[string]WorkerExport{}
	for name, is := range list {
		e := WorkerExport{
			Type: is.Type, Storage: is.Storage, State: is.State, RenamedTo: is.RenamedTo, TransferredTo: is.TransferredTo,
			TransferFrom: is.TransferFrom, Name: is.Name, Cache: (*ExportCache)(is.Cache),
		}
		switch is.Type {
		case cfapi.ExportDurableObject:
			e.Type = ""
		case cfapi.ExportWorkflow:
			settings := WorkflowBinding{}.seen(is.WorkflowSettings(), true)
			settings.Jurisdiction = is.Jurisdiction
			if is.Concurrency.Limit != 0 {
				settings.Concurrency = &WorkflowConcurrency{&is.Concurrency.Limit}
			}
			e = e.withSettings(settings)
		}
		exports[name] = e
	}
	return exports
}

// seeExports records what a version exports. It tells nothing of classes that are gone.
func (s *CloudflareWorkerState) seeExports(list map[string]cfapi.Export) {
	exports := exportsFromAPI(list)
	for class, e := range objectExports(s.Exports) {
		if _, there := exports[class]; !there && !e.live() {
			exports[class] = e
		}
	}
	for name, e := range exports { // as it was written
		was, known := s.Exports[name]
		same := map[string]WorkerExport{name: e}
		if known && reflect.DeepEqual(versionedExports(same), versionedExports(map[string]WorkerExport{name: was})) {
			exports[name] = was
		}
	}
	s.Exports = written(exports, s.Exports)
}

// export checks what exports say of one of them.
func (c *checker) export(name string, e WorkerExport) {
	path := []string{"exports", name}
	at := func(member string) []string { return append(slices.Clone(path), member) }
	c.fail(!className.MatchString(name), path, "%q is not the name of an export", name)
	if c.computed(path, at("type")) {
		return
	}
	own := map[string]map[string]bool{
		cfapi.ExportDurableObject: {
			"storage": e.Storage != "", "state": e.State != "", "renamedTo": e.RenamedTo != "",
			"transferredTo": e.TransferredTo != "", "transferFrom": e.TransferFrom != "",
		},
		cfapi.ExportWorkflow: e.workflow(name).said(),
		cfapi.ExportWorker:   {"cache": e.Cache != nil},
	}
	own[cfapi.ExportWorkflow]["name"] = e.Name != ""
	for _, kind := range slices.Sorted(maps.Keys(own)) {
		for _, member := range slices.Sorted(maps.Keys(own[kind])) {
			c.fail(own[kind][member] && kind != e.kind(), at(member), "is for an export of the type %s: set the type, or leave "+
				"it out", kind)
		}
	}
	switch e.kind() {
	case cfapi.ExportDurableObject:
		c.objectExport(path, e)
	case cfapi.ExportWorkflow:
		c.workflowName(path, e.Name)
		c.workflowSettings(path, e.workflow(name))
	case cfapi.ExportWorker:
	default:
		c.fail(true, at("type"), "%q is not one of %s, %s, %s", e.Type, cfapi.ExportDurableObject, cfapi.ExportWorkflow,
			cfapi.ExportWorker)
	}
}

// objectExport checks what exports say of a class of Durable Objects.
func (c *checker) objectExport(path []string, e WorkerExport) {
	at := func(name string) []string { return append(slices.Clone(path), name) }
	switch e.State {
	case "", exportCreated, exportExpecting:
		c.fail(e.Storage != "sqlite" && e.Storage != "legacy-kv", at("storage"), "must be sqlite or legacy-kv")
		c.fail(e.State == exportExpecting && e.TransferFrom == "", at("transferFrom"), "must name the Worker that the class "+
			"comes from")
	case exportRenamed:
		c.fail(e.RenamedTo == "", at("renamedTo"), "must name the class that it becomes")
	case exportTransferred:
		c.fail(e.TransferredTo == "", at("transferredTo"), "must name the Worker that takes the class over")
	case exportDeleted:
	default:
		c.fail(true, at("state"), "%q is not one of %s", e.State, strings.Join([]string{
			exportCreated, exportExpecting, exportDeleted, exportRenamed, exportTransferred,
		}, ", "))
	}
}

// exportedWorkflow checks the binding at path to a Workflow that exports declare for a class: what wrangler 4.164
// refuses too (wrangler-dist/cli.js, validateOwnedWorkflowDeclarations).
func (c *checker) exportedWorkflow(path []string, b WorkflowBinding, script, class string) {
	at := func(member string) []string { return append(slices.Clone(path), member) }
	c.fail(b.ScriptName != "" && b.ScriptName != script, at("scriptName"), "exports.%s declares the Workflow %q in this "+
		"Worker: leave scriptName out", class, b.Name)
	c.fail(b.ClassName != class, at("className"), "exports declares the Workflow %q for the class %s: name that",
		b.Name, class)
	said := b.said()
	for _, member := range slices.Sorted(maps.Keys(said)) {
		c.fail(said[member], at(member), "exports.%s declares the Workflow %q: set it there", class, b.Name)
	}
}

// workflowsExported adds to own the classes of the Workflows that exports declare, as far as they are known.
func workflowsExported(inputs property.Map, own map[string]string) {
	exports := inputs.Get("exports")
	if !exports.IsMap() {
		return
	}
	for class, e := range exports.AsMap().All {
		if !e.IsMap() || textOf(e.AsMap().Get("type")) != cfapi.ExportWorkflow {
			continue
		}
		if name := textOf(e.AsMap().Get("name")); name != "" {
			own[name] = class
		}
	}
}
