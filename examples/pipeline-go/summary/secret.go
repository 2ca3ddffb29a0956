// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// secrets are the names of those that a step changes.
func secrets(step apitype.StepEventMetadata, resource string) []Secret {
	changed := map[string]string{} // the operation, by name
	switch {
	case step.New == nil:
		return nil // they go with their Worker
	case kind(step.Type) == "SecretsStoreSecret":
		name, _ := step.New.Inputs["name"].(string)
		if operation := operationOn(step, "value"); operation != "" {
			changed[name] = operation
		}
	case kind(step.Type) == "CloudflareWorker":
		for name := range names(step.Old) {
			changed[name] = operationOn(step, "secrets", name)
		}
		for name := range names(step.New) {
			changed[name] = operationOn(step, "secrets", name)
		}
	}
	var all []Secret
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		if changed[name] != "" {
			all = append(all, Secret{changed[name], resource, name})
		}
	}
	return all
}

// signature marks an object that stands for a secret in the engine's events:
// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
const signature = "4dabf18193072939515e22adb298388d"

// names are those of a Worker's secrets.
func names(state *apitype.StepEventStateMetadata) map[string]any {
	if state == nil {
		return nil
	}
	all, _ := state.Inputs["secrets"].(map[string]any)
	if _, hidden := all[signature]; hidden {
		return map[string]any{"(all)": nil} // the program keeps the names secret too
	}
	return all
}

// operationOn says what a step does to the property at path or to what it is in: add, update, delete, or nothing.
func operationOn(step apitype.StepEventMetadata, path ...string) string {
	if step.Op != apitype.OpUpdate {
		return "add" // a new resource gets them all
	}
	for at, change := range step.DetailedDiff {
		if head := split(at); len(head) <= len(path) && slices.Equal(head, path[:len(head)]) {
			operation, _, _ := strings.Cut(string(change.Kind), "-") // add-replace and others
			return operation
		}
	}
	return ""
}

// split takes a property path apart, such as secrets.KEY or secrets["a.b"].
func split(path string) []string {
	var parts []string
	for path != "" {
		if quoted, ok := strings.CutPrefix(path, `["`); ok {
			name, rest, _ := strings.Cut(quoted, `"]`)
			parts, path = append(parts, strings.ReplaceAll(name, `\"`, `"`)), strings.TrimPrefix(rest, ".")
			continue
		}
		end := strings.IndexAny(path[1:], ".[") + 1
		if end == 0 {
			return append(parts, path)
		}
		parts, path = append(parts, path[:end]), strings.TrimPrefix(path[end:], ".")
	}
	return parts
}
