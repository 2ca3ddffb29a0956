// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

const unmanagedVariablesDoc = "What becomes of variables that others set in the Worker, such as in Cloudflare's " +
	"dashboard: `remove` them with the next deployment (a refresh shows them first), or `keep` them: then they are no " +
	"difference, and each new version takes them over as they are. A name in `variables` is always the program's, and " +
	"one that it leaves out again is removed. Default: `remove`."

// What can become of variables that others set.
const (
	keepVariables   = "keep"
	removeVariables = "remove"
)

// variableTypes are the types of bindings that variables are.
var variableTypes = []string{typePlainText, typeJSON}

// keepsVariables reports whether variables that others set stay.
func (w CloudflareWorkerArgs) keepsVariables() bool { return w.UnmanagedVariables == keepVariables }

// names reports whether the program says what has the name in the Worker's env.
func (w CloudflareWorkerArgs) names(name string) bool {
	_, variable := w.Variables[name]
	_, binding := w.Bindings[name]
	return variable || binding || w.setsSecret(name)
}

func (c *checker) unmanagedVariables(args CloudflareWorkerArgs) {
	c.fail(!slices.Contains([]string{"", keepVariables, removeVariables}, args.UnmanagedVariables),
		[]string{"unmanagedVariables"}, "%q is not one of remove, keep", args.UnmanagedVariables)
}

// sameVariables reports whether a version with the variables of a is one as b describes. Where b is the first to leave
// variables to others, those that it does not name are theirs from now on. Where b is the first not to, nobody knows
// which there are.
func sameVariables(a, b CloudflareWorkerArgs) bool {
	switch {
	case a.keepsVariables() && !b.keepsVariables():
		return false
	case !a.keepsVariables() && b.keepsVariables():
		for name, value := range b.Variables {
			if was, there := a.Variables[name]; !there || !reflect.DeepEqual(was, value) {
				return false
			}
		}
		return true
	}
	return sameMap(a.Variables, b.Variables)
}

// leftVariables are the names of the variables of others that stay in the Worker, as far as they are known.
func leftVariables(seen CloudflareWorkerState, want CloudflareWorkerArgs) []string {
	left := []string{}
	if !want.keepsVariables() || want.assetsOnly() {
		return left
	}
	names := seen.UnmanagedVariableNames
	if !seen.keepsVariables() {
		names = slices.Collect(maps.Keys(seen.Variables))
	}
	return unnamed(names, want)
}

// unnamed are those of the names that the program does not use, sorted.
func unnamed(names []string, want CloudflareWorkerArgs) []string {
	left := []string{}
	for _, name := range names {
		if !want.names(name) {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	return left
}

// variablesLeftIn are the names of the variables of others in a version that was just made, as far as they are known.
func variablesLeftIn(made cfapi.Uploaded, seen CloudflareWorkerState, want CloudflareWorkerArgs) []string {
	if made.Bindings == nil || !want.keepsVariables() {
		return leftVariables(seen, want)
	}
	names := []string{}
	for _, b := range made.Bindings {
		if slices.Contains(variableTypes, b.Type) {
			names = append(names, b.Name)
		}
	}
	return unnamed(names, want)
}

// keptVariables says how an upload keeps the variables of others: keep are the types of bindings of which Cloudflare is
// to keep what is not mentioned. That cannot be asked for while one of ours is removed; then the others are inherited
// by name from the version from which they would be kept, the latest one.
func (d deployer) keptVariables(
	ctx context.Context, seen CloudflareWorkerState,
) (list []cfapi.Binding, keep []string, err error) {
	if !d.want.keepsVariables() || d.want.assetsOnly() {
		return nil, nil, nil
	}
	removed := []string{}
	if seen.keepsVariables() { // else they were not told apart, and are left to others
		removed = unnamed(slices.Collect(maps.Keys(seen.Variables)), d.want)
	}
	if len(removed) == 0 {
		return nil, variableTypes, nil
	}
	latest, err := d.api.LatestVersion(ctx, d.account, d.script)
	if err != nil {
		return nil, nil, err
	}
	version, err := d.api.Version(ctx, d.account, d.script, latest)
	if err != nil {
		return nil, nil, err
	}
	for _, b := range version.Bindings {
		if slices.Contains(variableTypes, b.Type) && !slices.Contains(removed, b.Name) && !d.want.names(b.Name) {
			list = append(list, cfapi.Binding{Name: b.Name, Type: typeInherit})
		}
	}
	return list, nil, nil
}

// ownVariables tells the variables of a version that are ours from the names of those that are left to others.
func (s CloudflareWorkerState) ownVariables(all map[string]any) (own map[string]any, others []string) {
	others = []string{}
	if !s.keepsVariables() {
		return all, others
	}
	own = map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, ours := s.Variables[name]; ours {
			own[name] = all[name]
		} else {
			others = append(others, name)
		}
	}
	return own, others
}

// tellVariables finds out whether a version that looks like the one before was made for a change of the variables of
// others: then nothing was done to the secrets.
func (r reader) tellVariables(ctx context.Context, v cfapi.Version, state *CloudflareWorkerState) error {
	if len(state.UnmanagedVariableNames) == 0 || len(state.Secrets)+len(state.secretKeys()) == 0 || !state.describes(v) {
		return nil
	}
	before, err := r.api.Version(ctx, r.account, r.script, state.VersionID)
	if err != nil {
		return err
	}
	was, _ := fromAPI(before.Bindings, r.script)
	is, _ := fromAPI(v.Bindings, r.script)
	state.variablesChanged = !sameMap(was, is)
	return nil
}

// replacesVariables reports whether secrets are to take the names of variables that others set, which a change of
// secrets alone cannot.
func replacesVariables(seen CloudflareWorkerState, changes map[string]bool) bool {
	return slices.ContainsFunc(seen.UnmanagedVariableNames, func(name string) bool { return changes[name] })
}
