// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// stores are the resources that hold data, with the output that is Cloudflare's name of each.
var stores = map[string]string{"D1Database": "name", "KvNamespace": "title", "Queue": "name", "R2Bucket": "name"}

const class = "Durable Object class"

// atRisk is what a step would lose. What is retained on deletion is not lost.
func atRisk(step apitype.StepEventMetadata, resource string) []Data {
	if step.Old == nil {
		return nil // there was nothing
	}
	gone := (step.Op == apitype.OpDelete || step.Op == apitype.OpReplace) && !step.Old.RetainOnDelete
	what := kind(step.Type)
	if property := stores[what]; property != "" && gone {
		name, _ := step.Old.Outputs[property].(string)
		return []Data{{string(step.Op), resource, what, name}}
	}
	if what != "CloudflareWorker" {
		return nil
	}
	operation, classes := "delete", deleted(step.Old, step.New)
	if gone {
		operation, classes = string(step.Op), live(step.Old)
	}
	var all []Data
	for _, name := range classes {
		all = append(all, Data{operation, resource, class, name})
	}
	return all
}

// deleted are the classes that an update deletes, by the steps that are new in a Worker's history or by declaration.
func deleted(before, after *apitype.StepEventStateMetadata) []string {
	if after == nil {
		return nil
	}
	names, had := map[string]bool{}, map[any]bool{}
	for _, step := range objects(before.Inputs["migrations"]) {
		had[step["tag"]] = true
	}
	created := map[string]bool{} // with no data yet
	for _, step := range objects(after.Inputs["migrations"]) {
		if had[step["tag"]] {
			continue
		}
		for _, name := range append(texts(step["newClasses"]), texts(step["newSqliteClasses"])...) {
			created[name] = true
		}
		for _, name := range texts(step["deletedClasses"]) {
			if !created[name] {
				names[name] = true
			}
		}
	}
	declared := declared(after)
	for _, name := range live(before) {
		if declared[name]["state"] == "deleted" {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// live are the classes that a Worker has, by its history or its declarations.
func live(state *apitype.StepEventStateMetadata) []string {
	names := map[string]bool{}
	for _, step := range objects(state.Inputs["migrations"]) {
		for _, name := range append(texts(step["newClasses"]), texts(step["newSqliteClasses"])...) {
			names[name] = true
		}
		for _, renamed := range append(objects(step["renamedClasses"]), objects(step["transferredClasses"])...) {
			from, _ := renamed["from"].(string)
			to, _ := renamed["to"].(string)
			if renamed["fromScript"] == nil {
				delete(names, from)
			}
			names[to] = true
		}
		for _, name := range texts(step["deletedClasses"]) {
			delete(names, name)
		}
	}
	for name, export := range declared(state) {
		if export["state"] == nil || export["state"] == "created" {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// declared are the classes of Durable Objects among a Worker's exports, which may also be Workflows and entry points.
func declared(state *apitype.StepEventStateMetadata) map[string]map[string]any {
	classes := map[string]map[string]any{}
	exports, _ := state.Inputs["exports"].(map[string]any)
	for name, export := range exports {
		if export, ok := export.(map[string]any); ok && (export["type"] == nil || export["type"] == "durable-object") {
			classes[name] = export
		}
	}
	return classes
}
