// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// unseen is what is known of a Worker that this provider never deployed.
func unseen(want CloudflareWorkerArgs) CloudflareWorkerState {
	return CloudflareWorkerState{
		CloudflareWorkerArgs: CloudflareWorkerArgs{
			AccountID: want.AccountID, ScriptName: want.ScriptName,
		},
		Traffic:        map[string]float64{},
		URLs:           []string{},
		RouteIDs:       map[string]string{},
		DNSRecordIDs:   map[string]string{},
		SecretStatus:   map[string]SecretStatus{},
		UnmanagedNames: []string{},

		UnmanagedVariableNames: []string{},

		QueueConsumerIDs: map[string]QueueConsumerID{},
		EmailRuleIDs:     map[string]string{},
		Workflows:        map[string]string{},
	}
}

// plan lists the calls that take a Worker from what was last seen to what is
// wanted, in order. It is pure, and the only place that decides what to call.
//
// What is new comes before what is removed, so that no address is without a
// Worker in between. exists tells whether there is a Worker of that name.
func plan(seen CloudflareWorkerState, want CloudflareWorkerArgs, exists bool) []step {
	version := planVersion(seen, want)
	check, addresses := planAddresses(seen, want, exists)
	events := planEvents(seen, want)
	steps := slices.Concat(events.before, planSecretNames(seen, want, len(version) > 0, exists), check, version)
	steps = append(steps, planSettings(seen, want, exists)...)
	wish := subdomain(want.WorkersDev)
	if wish.Enabled && accountSubdomain(seen) == "" {
		steps = append(steps, findAccountSubdomain{})
	}
	if takenOver := exists && seen.VersionID == ""; takenOver || wish != subdomain(seen.WorkersDev) {
		steps = append(steps, setSubdomain{wish})
	}
	return slices.Concat(steps, addresses, events.after)
}

// planVersion lists the calls that make the wanted version serve all requests.
// Secrets that change alone are changed in place, without the code.
func planVersion(seen CloudflareWorkerState, want CloudflareWorkerArgs) []step {
	changes := secretChanges(seen, want)
	sameUpdate := sameCodeUpdate(seen.CodeUpdateStrategy, want.CodeUpdateStrategy)
	patched := len(changes) > 0 && len(changes) <= maxPatchedSecrets && deployed(seen) && percentage(want) == 100 &&
		sameUpdate && !replacesVariables(seen, changes)
	switch {
	case seen.VersionID == "": // never deployed by us, or the outcome is not known
		return []step{putScript{}}
	case len(migrations(seen, want)) > 0 || !sameVersion(seen.CloudflareWorkerArgs, want) || len(changes) > 0 && !patched:
		return versionSteps(seen, want)
	case patched && seen.SecretEdits >= maxSecretEdits:
		return withVersionFound(seen, []step{patchSecrets{changes}})
	case patched:
		return []step{patchSecrets{changes}}
	case !maps.Equal(seen.Traffic, split(seen, want)) || !sameUpdate:
		return withVersionFound(seen, []step{deployVersion{}})
	}
	return nil
}

// versionSteps are the calls that make another version and deploy it.
func versionSteps(seen CloudflareWorkerState, want CloudflareWorkerArgs) []step {
	steps := []step{createVersion{}, deployVersion{}}
	if len(migrations(seen, want)) > 0 || len(objectExports(want.Exports)) > 0 { // they are part of no version
		steps = []step{putScript{}}
	}
	return withVersionFound(seen, steps)
}

// leavingTraffic is seen as the plan of a program is to see it that leaves the Worker's traffic to others: somebody
// else's rollout goes on.
func leavingTraffic(ctx context.Context, seen CloudflareWorkerState, want CloudflareWorkerArgs) CloudflareWorkerState {
	if now := split(seen, want); seen.Traffic[seen.VersionID] > 0 && ignoresTraffic(ctx) {
		if !maps.Equal(seen.Traffic, now) {
			seen.CodeUpdateStrategy = want.CodeUpdateStrategy // it has to wait for the next deployment
		}
		seen.Traffic = now
	}
	return seen
}

// withVersionFound puts before steps that name our version the one that finds it:
// a change of secrets does not tell which version it made.
func withVersionFound(seen CloudflareWorkerState, steps []step) []step {
	if seen.SecretEdits == 0 {
		return steps
	}
	return append([]step{findVersion{}}, steps...)
}

// migrations are the steps of the wanted history that the Worker has yet to make.
// That it does not know its own tag was refused before.
func migrations(seen CloudflareWorkerState, want CloudflareWorkerArgs) []Migration {
	pending, err := stepsAfter(want.Migrations, seen.MigrationTag)
	if err != nil {
		return nil
	}
	return pending
}

// planRoutes lists the calls for routes and their DNS records, by pattern.
func planRoutes(seen CloudflareWorkerState, want CloudflareWorkerArgs) []step {
	var made, removed []step
	for _, pattern := range slices.Sorted(maps.Keys(want.Routes)) {
		wish, was, id := want.Routes[pattern], seen.Routes[pattern], seen.RouteIDs[pattern]
		if was.ZoneID != "" && was.ZoneID != wish.ZoneID { // it can only be in one of them: start over
			made = append(made, planRouteRemoval(seen, want, pattern)...)
			was, id = Route{}, ""
		}
		if wish.DNSRecord && (!was.DNSRecord || seen.claimed(pattern)) {
			made = append(made, createDNSRecord{pattern, wish.ZoneID})
		}
		if id == "" {
			made = append(made, createRoute{pattern, wish.ZoneID})
		}
		if was.DNSRecord && !wish.DNSRecord {
			removed = append(removed, planRecordRemoval(seen, want, pattern))
		}
	}
	for _, pattern := range slices.Sorted(maps.Keys(seen.Routes)) {
		if _, wanted := want.Routes[pattern]; !wanted {
			removed = append(removed, planRouteRemoval(seen, want, pattern)...)
		}
	}
	return append(made, removed...)
}

// planRouteRemoval lists the calls that remove what is known of a route: its
// DNS record first, while the state still says in which zone it is.
func planRouteRemoval(seen CloudflareWorkerState, want CloudflareWorkerArgs, pattern string) (steps []step) {
	if seen.DNSRecordIDs[pattern] != "" {
		steps = append(steps, planRecordRemoval(seen, want, pattern))
	}
	return append(steps, deleteRoute{pattern, seen.Routes[pattern].ZoneID, seen.RouteIDs[pattern]})
}

// planRecordRemoval returns the step that ends a route's use of its host's DNS
// record. The record stays as long as another route wants it.
func planRecordRemoval(seen CloudflareWorkerState, want CloudflareWorkerArgs, pattern string) step {
	zone, id := seen.Routes[pattern].ZoneID, seen.DNSRecordIDs[pattern]
	for other, route := range want.Routes {
		if other != pattern && route.DNSRecord && route.ZoneID == zone && hostOf(other) == hostOf(pattern) {
			id = ""
		}
	}
	return deleteDNSRecord{pattern, zone, id}
}

// planDelete lists the calls that remove a Worker: what leads to it first.
func planDelete(seen CloudflareWorkerState) (steps []step) {
	for _, pattern := range slices.Sorted(maps.Keys(seen.Routes)) {
		steps = append(steps, planRouteRemoval(seen, CloudflareWorkerArgs{}, pattern)...)
	}
	if _, detached := planDomains(seen, CloudflareWorkerArgs{}); len(detached) > 0 {
		steps = append(steps, detachDomains{detached})
	}
	return append(slices.Concat(steps, planEventsRemoval(seen)), deleteScript{})
}

// sameVersion reports whether both describe the same immutable version of a Worker,
// apart from its secrets.
func sameVersion(a, b CloudflareWorkerArgs) bool {
	return a.bundle().SHA256 == b.bundle().SHA256 &&
		a.MainModule == b.MainModule &&
		sameFormat(a, b) &&
		a.CompatibilityDate == b.CompatibilityDate &&
		sameFlags(a.CompatibilityFlags, b.CompatibilityFlags) &&
		sameVariables(a, b) &&
		sameMap(versionedBindings(a.Bindings), versionedBindings(b.Bindings)) &&
		sameMap(versionedExports(a.Exports), versionedExports(b.Exports)) &&
		sameVersionSettings(a, b) &&
		orZero(a.Annotations) == orZero(b.Annotations) &&
		sameMap(a.RawMetadata, b.RawMetadata) &&
		sameServed(a.Assets, b.Assets)
}

// sameFlags compares compatibility flags, whose order says nothing.
func sameFlags(a, b []string) bool { return sameSet(a, b) }

// sameMap is reflect.DeepEqual, to which an empty map equals none.
func sameMap[V any](a, b map[string]V) bool {
	return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b))
}

// deployed reports whether all traffic goes to the version that seen describes.
func deployed(seen CloudflareWorkerState) bool {
	return len(seen.Traffic) == 1 && seen.Traffic[seen.VersionID] == 100
}

func subdomain(w *WorkersDev) cfapi.Subdomain {
	if w == nil {
		return cfapi.Subdomain{}
	}
	return cfapi.Subdomain{Enabled: w.Enabled, PreviewsEnabled: w.PreviewsEnabled}
}

const workersDevDomain = ".workers.dev"

// urls lists the addresses at which the Worker answers: workers.dev first,
// then the custom domains and the routes that have no wildcard in the host.
func urls(state CloudflareWorkerState, accountSubdomain string) []string {
	list := []string{}
	if subdomain(state.WorkersDev).Enabled && accountSubdomain != "" {
		list = append(list, "https://"+state.ScriptName+"."+accountSubdomain+workersDevDomain)
	}
	for _, host := range slices.Sorted(maps.Keys(state.CustomDomains)) {
		if domain := state.CustomDomains[host]; domain.ZoneID != unknownID && domain.answers() {
			list = append(list, "https://"+host)
		}
	}
	for _, pattern := range slices.Sorted(maps.Keys(state.Routes)) {
		address := strings.TrimSuffix(withoutScheme(pattern), "*")
		if state.RouteIDs[pattern] != "" && !strings.Contains(address, "*") {
			list = append(list, "https://"+address)
		}
	}
	return list
}

// accountSubdomain returns the account's workers.dev subdomain as far as the
// Worker's own address tells it.
func accountSubdomain(state CloudflareWorkerState) string {
	for _, u := range state.URLs {
		if rest, ok := strings.CutPrefix(u, "https://"+state.ScriptName+"."); ok {
			if sub, ok := strings.CutSuffix(rest, workersDevDomain); ok && !strings.Contains(sub, "/") {
				return sub
			}
		}
	}
	return ""
}

func withoutScheme(pattern string) string {
	_, rest, found := strings.Cut(pattern, "://")
	if !found {
		return pattern
	}
	return rest
}

// hostOf returns the host name of a route pattern, "" if it has a wildcard
// that no single DNS record can serve.
func hostOf(pattern string) string {
	host, _, _ := strings.Cut(withoutScheme(pattern), "/")
	if rest, ok := strings.CutPrefix(host, "*."); ok && !strings.Contains(rest, "*") {
		return host // *.example.com is itself a name that DNS can hold
	}
	if strings.Contains(host, "*") {
		return ""
	}
	return host
}
