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

// checkReplacement refuses to replace a Worker if that deletes data of Durable Objects that the program does not allow
// to be deleted. It warns of what goes otherwise: the data that is allowed to, and the instances of Workflows.
func checkReplacement(ctx context.Context, req p.DiffRequest, resp p.DiffResponse) error {
	if !replaces(resp) {
		return nil
	}
	script := textOf(req.State.Get("scriptName"))
	classes := slices.DeleteFunc(classesOf(req.State), func(class string) bool { return takesOver(req, resp, class) })
	allowed := textsOf(req.Inputs.Get("allowDataLoss"))
	refused := slices.DeleteFunc(slices.Clone(classes), func(class string) bool { return slices.Contains(allowed, class) })
	because := replacing(req, resp)
	if sure := len(because) > 0 && !req.Inputs.Get("allowDataLoss").HasComputed(); sure && len(refused) > 0 {
		return explain(&replacementError{script: script, because: because, classes: refused})
	}
	var lost []string
	if len(classes) > 0 {
		lost = append(lost, "all data of the Durable Objects of "+strings.Join(classes, ", "))
	}
	if workflows := req.State.Get("workflows"); workflows.IsMap() && workflows.AsMap().Len() > 0 {
		lost = append(lost, "all instances of its Workflows")
	}
	if len(lost) > 0 {
		p.GetLogger(ctx).Warning(fmt.Sprintf("Worker %q is replaced, and with it go %s", script, strings.Join(lost, " and ")))
	}
	return nil
}

// replacementError refuses to replace a Worker whose Durable Objects have data.
type replacementError struct {
	script  string
	because []string // the inputs that differ
	classes []string // whose data would go
}

func (e *replacementError) Error() string {
	return fmt.Sprintf("another %s replaces the Worker %q, and all data of the Durable Objects of %s would be deleted "+
		"with it; nothing was changed", strings.Join(e.because, " and "), e.script, strings.Join(e.classes, ", "))
}

// replacing are the inputs that need another resource, sorted, without those of which only an update will know whether
// they do.
func replacing(req p.DiffRequest, resp p.DiffResponse) (names []string) {
	for name, diff := range resp.DetailedDiff {
		if isReplacement(diff) && !req.Inputs.Get(name).IsComputed() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// takesOver reports whether a migration of the Worker that comes takes over a class of the one that goes, which it can
// while that one is there.
func takesOver(req p.DiffRequest, resp p.DiffResponse, class string) (taken bool) {
	if resp.DeleteBeforeReplace || !same(req, "accountId") {
		return false
	}
	each(req.Inputs.Get("migrations"), func(step property.Map) {
		each(step.Get("transferredClasses"), func(moved property.Map) {
			taken = taken || textOf(moved.Get("from")) == class &&
				textOf(moved.Get("fromScript")) == textOf(req.State.Get("scriptName"))
		})
	})
	return taken
}

// replaces reports whether the differences need another resource.
func replaces(resp p.DiffResponse) bool {
	for _, diff := range resp.DetailedDiff {
		if isReplacement(diff) {
			return true
		}
	}
	return false
}

// isReplacement reports whether a difference needs another resource.
func isReplacement(diff p.PropertyDiff) bool { return strings.HasSuffix(string(diff.Kind), "&replace") }

// classesOf are the classes of Durable Objects that a Worker has by its migrations and exports, and those of its own
// that it binds: of an imported Worker the migrations may not be known. They are sorted.
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
			if !export.IsMap() {
				continue
			}
			e := WorkerExport{Type: textOf(export.AsMap().Get("type")), State: textOf(export.AsMap().Get("state"))}
			if e.live() {
				classes = append(classes, class)
			}
		}
	}
	if bindings := state.Get("bindings"); bindings.IsMap() {
		for name := range bindings.AsMap().All {
			own := valueAt(bindings.AsMap(), []string{name, "durableObjectNamespace"})
			if own.IsMap() && textOf(own.AsMap().Get("scriptName")) == "" {
				classes = append(classes, textOf(own.AsMap().Get("className")))
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
