// SPDX-License-Identifier: Apache-2.0

// Package summary says what a preview found, for machines and for people. It is a pure function of the engine's events.
package summary

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Unknown stands for what is not known before the deployment.
const Unknown = "unknown"

// A Summary is what a deployment would do to a stack. It has names of secrets, and never values.
type Summary struct {
	Stack      string    `json:"stack"`
	Changes    []Change  `json:"changes"`
	Bundles    []Bundle  `json:"bundles"`
	Secrets    []Secret  `json:"secrets"`
	Addresses  []Address `json:"addresses"`
	DataAtRisk []Data    `json:"dataAtRisk"`
	Barriers   []Barrier `json:"barriers"` // if there are any, the deployment cannot be rolled back
}

// A Change is what happens to one resource.
type Change struct {
	Operation  string   `json:"operation"` // create, update, replace, delete, import, …
	Type       string   `json:"type"`
	Name       string   `json:"name"`
	Properties []string `json:"properties"` // those that change, as paths
}

// A Bundle is the code of a Worker, as the SHA-256 of what ran and of what is to run. Empty: none.
type Bundle struct {
	Worker string `json:"worker"`
	Old    string `json:"old"`
	New    string `json:"new"`
}

// A Secret is one that is given a value, another one, or none.
type Secret struct {
	Operation string `json:"operation"` // add, update, delete
	Resource  string `json:"resource"`
	Name      string `json:"name"`
}

// An Address is where a Worker that changes answers.
type Address struct {
	Operation string `json:"operation"` // add, same, delete
	Worker    string `json:"worker"`
	URL       string `json:"url"`
}

// Data is what a deletion would lose.
type Data struct {
	Operation string `json:"operation"` // replace, delete
	Resource  string `json:"resource"`
	Kind      string `json:"kind"` // such as D1Database, or "Durable Object class"
	Name      string `json:"name"` // Cloudflare's
}

// A Barrier is why a deployment cannot be rolled back.
type Barrier struct {
	Worker string `json:"worker"`
	Reason string `json:"reason"` // such as "migration v2"
}

// Pending reports whether there is anything to deploy.
func (s Summary) Pending() bool { return len(s.Changes) > 0 }

// New summarises the events of a preview.
func New(stack string, events []apitype.EngineEvent) Summary {
	s := Summary{
		Stack: stack, Changes: []Change{}, Bundles: []Bundle{}, Secrets: []Secret{}, Addresses: []Address{},
		DataAtRisk: []Data{}, Barriers: []Barrier{},
	}
	for _, event := range events {
		if event.ResOutputsEvent != nil {
			s.add(event.ResOutputsEvent.Metadata)
		}
	}
	// The engine works on several resources at once.
	slices.SortFunc(s.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(s.Bundles, func(a, b Bundle) int { return cmp.Compare(a.Worker, b.Worker) })
	slices.SortFunc(s.Secrets, func(a, b Secret) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(s.Addresses, func(a, b Address) int {
		return cmp.Or(cmp.Compare(a.Worker, b.Worker), cmp.Compare(a.URL, b.URL))
	})
	slices.SortFunc(s.Barriers, func(a, b Barrier) int {
		return cmp.Or(cmp.Compare(a.Worker, b.Worker), cmp.Compare(a.Reason, b.Reason))
	})
	slices.SortFunc(s.DataAtRisk, func(a, b Data) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Name, b.Name))
	})
	return s
}

func (s *Summary) add(step apitype.StepEventMetadata) {
	switch step.Op {
	case apitype.OpSame, apitype.OpRead, apitype.OpRefresh:
		return
	case apitype.OpCreateReplacement, apitype.OpDeleteReplaced, apitype.OpReadReplacement, apitype.OpDiscardReplaced:
		return // parts of a replacement, which has an event of its own
	}
	if strings.HasPrefix(step.Type, "pulumi:") {
		return // the stack itself, and providers
	}
	name := nameOf(step.URN)
	s.Changes = append(s.Changes, Change{
		Operation: string(step.Op), Type: step.Type, Name: name,
		Properties: append([]string{}, slices.Sorted(maps.Keys(step.DetailedDiff))...),
	})
	s.DataAtRisk = append(s.DataAtRisk, atRisk(step, name)...)
	s.Secrets = append(s.Secrets, secrets(step, name)...)
	if kind(step.Type) == "CloudflareWorker" {
		if b := (Bundle{name, digest(step.Old), digest(step.New)}); b.Old != b.New {
			s.Bundles = append(s.Bundles, b)
		}
		s.Addresses = append(s.Addresses, addresses(step, name)...)
		s.Barriers = append(s.Barriers, barriers(step, name)...)
	}
}

// nameOf is the resource's name in the program.
func nameOf(urn string) string { return urn[strings.LastIndex(urn, "::")+2:] }

// kind is the last part of a type's token.
func kind(token string) string { return token[strings.LastIndex(token, ":")+1:] }

// unknown is how the engine writes what is not known yet:
// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// digest is that of the code that a Worker's program names.
func digest(state *apitype.StepEventStateMetadata) string {
	if state == nil {
		return ""
	}
	reference, isMap := state.Inputs["bundle"].(map[string]any)
	if !isMap {
		reference = map[string]any{"sha256": state.Inputs["bundle"]}
	}
	sha256, _ := reference["sha256"].(string)
	if sha256 == unknown || sha256 == "" && isMap {
		return Unknown // a reference that names no digest is what the key holds at the time
	}
	return sha256
}

// addresses are where a Worker answers before and after.
func addresses(step apitype.StepEventMetadata, worker string) []Address {
	before, after := urls(step.Old), urls(step.New)
	var all []Address
	for _, url := range before {
		if !slices.Contains(after, url) {
			all = append(all, Address{"delete", worker, url})
		}
	}
	for _, url := range after {
		operation := "add"
		if slices.Contains(before, url) {
			operation = "same"
		}
		all = append(all, Address{operation, worker, url})
	}
	return all
}

func urls(state *apitype.StepEventStateMetadata) []string {
	if state == nil {
		return nil
	}
	if state.Outputs["urls"] == unknown {
		return []string{Unknown}
	}
	all := texts(state.Outputs["urls"])
	for i := range all {
		if all[i] == unknown {
			all[i] = Unknown
		}
	}
	return all
}

// texts are the strings in a list.
func texts(list any) []string {
	members, _ := list.([]any)
	var all []string
	for _, member := range members {
		if text, ok := member.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// objects are the maps in a list.
func objects(list any) []map[string]any {
	members, _ := list.([]any)
	var all []map[string]any
	for _, member := range members {
		if object, ok := member.(map[string]any); ok {
			all = append(all, object)
		}
	}
	return all
}
