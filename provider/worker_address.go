// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// resolveAddresses fills in the zones of routes and custom domains that the program does not give by id.
func resolveAddresses(
	ctx context.Context, args *CloudflareWorkerArgs, req infer.CheckRequest,
) (failures []p.CheckFailure, err error) {
	zones := newZoneFinder(ctx, args.AccountID, req)
	resolve := func(path []string, host string, id, name *string) bool {
		var failure *p.CheckFailure
		if failure, err = zones.resolve(ctx, path, host, id, name); failure != nil {
			failures = append(failures, *failure)
		}
		return err == nil
	}
	for _, pattern := range slices.Sorted(maps.Keys(args.Routes)) {
		route := args.Routes[pattern]
		if !resolve([]string{"routes", pattern}, zoneHostOf(pattern), &route.ZoneID, &route.ZoneName) {
			return nil, err
		}
		args.Routes[pattern] = route
	}
	for _, host := range slices.Sorted(maps.Keys(args.CustomDomains)) {
		domain := args.CustomDomains[host]
		if !resolve([]string{"customDomains", host}, host, &domain.ZoneID, &domain.ZoneName) {
			return nil, err
		}
		args.CustomDomains[host] = domain
	}
	return failures, nil
}

// withoutZoneNames leaves out the names of zones whose ids stay: they say nothing more.
func withoutZoneNames(req p.DiffRequest, resp p.DiffResponse) p.DiffResponse {
	for _, section := range []string{"routes", "customDomains"} {
		olds, news := req.OldInputs.Get(section), req.Inputs.Get(section)
		if !olds.IsMap() || !news.IsMap() {
			continue
		}
		for key, is := range news.AsMap().All {
			was, path := olds.AsMap().Get(key), propertyPath([]string{section, key, "zoneName"})
			if !was.IsMap() || !is.IsMap() || !sameText(was.AsMap().Get("zoneId"), is.AsMap().Get("zoneId")) {
				continue
			}
			resp = without(resp, path)
		}
	}
	return resp
}

func sameText(a, b property.Value) bool {
	return a.IsString() && b.IsString() && a.AsString() == b.AsString()
}

// planAddresses lists the calls for custom domains and routes, and what must be
// checked before anything is changed. A DNS record for a route can only be made
// when the custom domain of that name is gone, which has one of its own.
func planAddresses(seen CloudflareWorkerState, want CloudflareWorkerArgs, exists bool) (check, steps []step) {
	attached, detached := planDomains(seen, want)
	look := checkAddresses{domains: attached, exists: exists}
	routes := planRoutes(seen, want)
	var early []string
	for _, s := range routes {
		switch s := s.(type) {
		case createRoute:
			look.routes = append(look.routes, s)
		case createDNSRecord:
			if host := hostOf(s.pattern); slices.Contains(detached, host) {
				early = append(early, host)
			} else {
				look.records = append(look.records, s)
			}
		}
	}
	if len(attached) > 0 {
		steps = append(steps, attachDomains{attached})
	}
	early = slices.Compact(early)
	if len(early) > 0 {
		steps = append(steps, detachDomains{early})
	}
	steps = append(steps, routes...)
	detached = slices.DeleteFunc(detached, func(host string) bool { return slices.Contains(early, host) })
	if len(detached) > 0 {
		steps = append(steps, detachDomains{detached})
	}
	if len(look.routes)+len(look.records)+len(look.domains) > 0 {
		check = []step{look}
	}
	return check, steps
}

// checkAddresses looks whether the addresses that are to be new are free, before
// anything is changed.
type checkAddresses struct {
	routes  []createRoute
	records []createDNSRecord
	domains []string
	exists  bool // the Worker, as far as is known
}

func (checkAddresses) String() string { return "check that the addresses are free" }

func (s checkAddresses) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	if err := s.look(ctx, d, *facts); err != nil {
		return err
	}
	if err := d.found.refusal(); err != nil {
		return err
	}
	for _, text := range d.found.takeOvers {
		p.GetLogger(ctx).Warning(text)
	}
	return nil
}

// look fills in what is there.
func (s checkAddresses) look(ctx context.Context, d deployer, seen CloudflareWorkerState) error {
	for _, route := range s.routes {
		list, err := d.routesOf(ctx, route.zone)
		if err != nil {
			return err
		}
		for _, r := range list {
			if r.Pattern == route.pattern && r.Script != d.script {
				d.found.routeOf(d.want, r)
			}
		}
	}
	for _, record := range s.records {
		if err := d.findRecord(ctx, record); err != nil {
			return err
		}
	}
	if len(s.domains) == 0 {
		return nil
	}
	if s.exists {
		err := d.compareDomains(ctx, seen)
		if !errors.Is(err, cfapi.ErrNotFound) { // else it was not made after all
			return err
		}
	}
	return d.findDomains(ctx, s.domains)
}

// warnOfTakeOvers says in a preview what an update would take from others. It only
// reads, and only where the program asks for it.
func warnOfTakeOvers(ctx context.Context, seen CloudflareWorkerState, want CloudflareWorkerArgs) error {
	logMailTakeOvers(ctx, seen, want)
	var s checkAddresses
	for _, pattern := range slices.Sorted(maps.Keys(want.Routes)) {
		if route := want.Routes[pattern]; route.TakeOver && route.ZoneID != "" && seen.RouteIDs[pattern] == "" {
			s.routes = append(s.routes, createRoute{pattern, route.ZoneID})
		}
	}
	for _, host := range slices.Sorted(maps.Keys(want.CustomDomains)) {
		domain := want.CustomDomains[host]
		_, ours := seen.CustomDomains[host]
		if (domain.OverrideExistingOrigin || domain.OverrideExistingDNSRecord) && domain.ZoneID != "" && !ours {
			s.domains = append(s.domains, host)
		}
	}
	if want.AccountID == "" || len(s.routes)+len(s.domains) == 0 {
		return nil
	}
	return explain(s.run(ctx, newDeployer(ctx, want), &seen))
}

// found is what steps that only look have seen before anything was changed. Later steps decide by it.
type found struct {
	routes     map[string][]cfapi.Route // by zone
	records    map[recordKey]string     // ids of ours, "" for those of others that serve a route as well
	attachment *attachment              // nil: not compared yet
	conflicts  []conflict
	takeOvers  []string
	queues     map[string]cfapi.Queue       // by name
	emailRules map[string][]cfapi.EmailRule // by zone
	workflows  map[string]bool              // the names of those of this Worker that are there
}

func newFound() *found {
	return &found{
		routes: map[string][]cfapi.Route{}, records: map[recordKey]string{},
		queues: map[string]cfapi.Queue{}, emailRules: map[string][]cfapi.EmailRule{},
		workflows: map[string]bool{},
	}
}

type recordKey struct{ zone, host string }

// A conflict is an address that is somebody else's.
type conflict struct{ text, hint string }

// addressesError refuses to take addresses away from others.
type addressesError struct{ conflicts []conflict }

func (e *addressesError) Error() string {
	texts := make([]string, len(e.conflicts))
	for i, c := range e.conflicts {
		texts[i] = c.text
	}
	return strings.Join(texts, "; ")
}

func (f *found) refusal() error {
	if len(f.conflicts) == 0 {
		return nil
	}
	return &addressesError{f.conflicts}
}

// routeOf notes that a route is not ours.
func (f *found) routeOf(want CloudflareWorkerArgs, r cfapi.Route) {
	from := "no worker"
	if r.Script != "" {
		from = fmt.Sprintf("worker %q", r.Script)
	}
	if want.Routes[r.Pattern].TakeOver {
		f.takeOvers = append(f.takeOvers, fmt.Sprintf("route %q is taken over from %s", r.Pattern, from))
		return
	}
	taken := &routeTakenError{pattern: r.Pattern, script: r.Script, id: r.ID}
	f.conflicts = append(f.conflicts, conflict{taken.Error(), routeTakenHint})
}

const routeTakenHint = "takeOver: true on the route moves it here; or delete it from the other Worker, or leave it " +
	"out here"

// domainOf notes that a custom domain belongs to another Worker.
func (f *found) domainOf(want CloudflareWorkerArgs, host, script string) {
	if want.CustomDomains[host].OverrideExistingOrigin {
		f.takeOvers = append(f.takeOvers, fmt.Sprintf("custom domain %q is taken over from worker %q", host, script))
		return
	}
	f.conflicts = append(f.conflicts, conflict{
		fmt.Sprintf("custom domain %q belongs to the Worker %q", host, script), originHint,
	})
}

const originHint = "overrideExistingOrigin: true on the custom domain moves it here; or detach it from the other Worker"

// recordOf notes that a DNS record is where a custom domain is to be.
func (f *found) recordOf(want CloudflareWorkerArgs, host, record string) {
	if want.CustomDomains[host].OverrideExistingDNSRecord {
		f.takeOvers = append(f.takeOvers, fmt.Sprintf("custom domain %q replaces %s", host, record))
		return
	}
	f.conflicts = append(f.conflicts, conflict{
		fmt.Sprintf("custom domain %q: there is %s of that name", host, record), recordHint,
	})
}

const recordHint = "overrideExistingDnsRecord: true on the custom domain replaces the DNS record; or delete the record"

// routesOf lists the routes of a zone, once in a deployment.
func (d deployer) routesOf(ctx context.Context, zone string) ([]cfapi.Route, error) {
	if list, known := d.found.routes[zone]; known {
		return list, nil
	}
	list, err := d.api.Routes(ctx, zone)
	if err != nil {
		return nil, err
	}
	d.found.routes[zone] = list
	return list, nil
}

// findRecord looks whether the host of a route has a DNS record already. A second
// one beside it would send requests past the Worker, or answer for its origin.
func (d deployer) findRecord(ctx context.Context, s createDNSRecord) error {
	key := recordKey{s.zone, hostOf(s.pattern)}
	if _, known := d.found.records[key]; known {
		return nil
	}
	records, err := d.api.DNSRecords(ctx, key.zone, key.host)
	if err != nil {
		return err
	}
	for _, r := range records {
		switch {
		case r.Comment == recordComment(d.script):
			d.found.records[key] = r.ID
			return nil
		case leadsToHost(r) && !r.Proxied:
			d.found.conflicts = append(d.found.conflicts, conflict{pastTheWorker(key.host, r), proxyHint})
			return nil
		case leadsToHost(r):
			d.found.records[key] = ""
		}
	}
	return nil
}

const proxyHint = "let the record be proxied, or delete it; or leave dnsRecord out"

func pastTheWorker(host string, r cfapi.DNSRecord) string {
	return fmt.Sprintf("%s has %s that is not proxied, so requests would not reach the Worker", host, describeRecord(r))
}

func describeRecord(r cfapi.DNSRecord) string {
	return fmt.Sprintf("a DNS record (%s %s)", r.Type, r.Content)
}

// leadsToHost reports whether requests for the record's name go where it says.
func leadsToHost(r cfapi.DNSRecord) bool {
	return r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME"
}

// placeRoute makes the route, or moves the one that is there.
func (d deployer) placeRoute(ctx context.Context, s createRoute) (cfapi.Route, error) {
	for _, r := range d.found.routes[s.zone] {
		switch {
		case r.Pattern != s.pattern:
		case r.Script == d.script:
			return r, nil
		case d.want.Routes[s.pattern].TakeOver:
			r.Script = d.script
			return r, d.api.UpdateRoute(ctx, s.zone, r)
		}
	}
	return d.api.CreateRoute(ctx, s.zone, s.pattern, d.script)
}

// ownsRoute reports whether the route is there and still this Worker's: another one may have taken it over.
func (d deployer) ownsRoute(ctx context.Context, zone, id string) (bool, error) {
	routes, err := d.routesOf(ctx, zone)
	return slices.ContainsFunc(routes, func(r cfapi.Route) bool { return r.ID == id && r.Script == d.script }), err
}

// movedRoute reports whether another Worker has the route now.
func (d deployer) movedRoute(ctx context.Context, zone, pattern string) (bool, error) {
	routes, err := d.routesOf(ctx, zone)
	return slices.ContainsFunc(routes, func(r cfapi.Route) bool {
		return r.Pattern == pattern && r.Script != d.script && r.Script != ""
	}), err
}
