// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// warnOfReplacement says what goes with a Worker that is replaced: the data of its Durable Objects, and the instances
// of its Workflows.
func warnOfReplacement(ctx context.Context, req p.DiffRequest, resp p.DiffResponse) {
	if !replaces(resp) {
		return
	}
	var lost []string
	if classes := classesOf(req.State); len(classes) > 0 {
		lost = append(lost, "all data of the Durable Objects of "+strings.Join(classes, ", "))
	}
	if workflows := req.State.Get("workflows"); workflows.IsMap() && workflows.AsMap().Len() > 0 {
		lost = append(lost, "all instances of its Workflows")
	}
	if script := req.State.Get("scriptName"); len(lost) > 0 && script.IsString() {
		p.GetLogger(ctx).Warning(fmt.Sprintf("Worker %q is replaced, and with it go %s", script.AsString(),
			strings.Join(lost, " and ")))
	}
}

// replaces reports whether the differences need another resource.
func replaces(resp p.DiffResponse) bool {
	for _, diff := range resp.DetailedDiff {
		if strings.HasSuffix(string(diff.Kind), "&replace") {
			return true
		}
	}
	return false
}

// classesOf are the classes of Durable Objects that a Worker has by its migrations and exports, sorted.
func classesOf(state property.Map) []string {
	var classes []string
	remove := func(name string) {
		classes = slices.DeleteFunc(classes, func(class string) bool { return class == name })
	}
	each(state.Get("migrations"), func(step property.Map) {
		classes = slices.Concat(classes, textsOf(step.Get("newClasses")), textsOf(step.Get("newSqliteClasses")))
		each(step.Get("transferredClasses"), func(moved property.Map) { classes = append(classes, textOf(moved.Get("to"))) })
		each(step.Get("renamedClasses"), func(renamed property.Map) {
			remove(textOf(renamed.Get("from")))
			classes = append(classes, textOf(renamed.Get("to")))
		})
		for _, class := range textsOf(step.Get("deletedClasses")) {
			remove(class)
		}
	})
	if exports := state.Get("exports"); exports.IsMap() {
		for class, export := range exports.AsMap().All {
			held := []string{"", exportCreated, exportExpecting}
			if export.IsMap() && slices.Contains(held, textOf(export.AsMap().Get("state"))) {
				classes = append(classes, class)
			}
		}
	}
	slices.Sort(classes)
	return slices.Compact(classes)
}

// each calls f for each map in a list.
func each(list property.Value, f func(property.Map)) {
	if !list.IsArray() {
		return
	}
	for _, value := range list.AsArray().All {
		if value.IsMap() {
			f(value.AsMap())
		}
	}
}
