// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/assets"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// A step is one call and the facts that it establishes. Its text says what it does.
type step interface {
	run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error
	String() string
}

// A lookStep is a step that changes nothing.
type lookStep interface{ looksOnly() }

// A deployer runs steps for one Worker.
type deployer struct {
	api     *cfapi.Client
	cache   *bundle.Cache
	vault   *vault
	want    CloudflareWorkerArgs
	account string
	script  string
	assets  *assets.Tree // those that were read for the upload
	found   *found       // by steps that look, for those that follow
}

func newDeployer(ctx context.Context, want CloudflareWorkerArgs) deployer {
	return deployer{
		api: api(ctx), cache: cache(ctx), vault: vaultOf(ctx),
		want: want, account: want.AccountID, script: want.ScriptName, assets: &assets.Tree{},
		found: newFound(),
	}
}

// run brings the Worker from what was seen to what is wanted. The facts of a
// step that failed are discarded. Once there is something at Cloudflare that
// the state must not lose, the error is one that keeps the state.
func (d deployer) run(ctx context.Context, seen CloudflareWorkerState, exists bool) (CloudflareWorkerState, error) {
	seen = seen.clone()
	if _, err := checkDataLoss(seen, d.want); err != nil {
		return seen, explain(err)
	}
	if err := checkRollout(seen, d.want); err != nil {
		return seen, explain(err)
	}
	changed, before := false, seen.URLs
	for _, s := range plan(leavingTraffic(ctx, seen, d.want), d.want, exists) {
		next := seen.clone()
		err := ctx.Err()
		if err == nil {
			p.GetLogger(ctx).InfoStatus(s.String())
			err = s.run(ctx, d, &next)
		}
		if err != nil {
			err = explain(err)
			if !claim(s, err, &seen) && !changed {
				return seen, err
			}
			return seen, infer.ResourceInitFailedError{Reasons: []string{err.Error()}}
		}
		_, looked := s.(lookStep)
		seen, changed = next, changed || !looked
	}
	maps.DeleteFunc(seen.SecretStatus, func(name string, _ SecretStatus) bool { // handed over to others
		_, ours := d.want.Secrets[name]
		return !ours
	})
	seen.UnmanagedVariableNames = leftVariables(seen, d.want)
	seen.CloudflareWorkerArgs = d.want // all of it is so now, and is written as the program does
	d.awaitAddresses(ctx, before, seen)
	return seen, nil
}

// unknownID stands in the state for the id of what may have been made.
const unknownID = "unknown"

// claim reports whether a failed step may have made something all the same, and
// records what the state must not lose. A Worker's name is its id, so it is safe
// to claim it: a refresh drops it if it is not there. A DNS record is claimed
// without its id; ours is known by its comment.
func claim(s step, err error, facts *CloudflareWorkerState) bool {
	if !cfapi.LostResponse(err) {
		return false
	}
	switch s := s.(type) {
	case putScript:
		return true
	case createDNSRecord:
		*facts = facts.clone()
		facts.setRoute(s.pattern, Route{ZoneID: s.zone, DNSRecord: true})
		facts.DNSRecordIDs[s.pattern] = unknownID
		return true
	case attachDomains:
		*facts = facts.clone()
		facts.claimDomains(s.hosts)
		return true
	}
	return claimEvent(s, facts)
}

// claimed reports whether it is not known if the route's DNS record was made.
func (s CloudflareWorkerState) claimed(pattern string) bool {
	return s.DNSRecordIDs[pattern] == unknownID
}

// clone returns a copy whose maps may be changed.
func (s CloudflareWorkerState) clone() CloudflareWorkerState {
	s.Routes, s.RouteIDs, s.DNSRecordIDs = maps.Clone(s.Routes), copied(s.RouteIDs), copied(s.DNSRecordIDs)
	s.CustomDomains = maps.Clone(s.CustomDomains)
	s.Secrets, s.SecretStatus = maps.Clone(s.Secrets), copied(s.SecretStatus)
	s.QueueConsumers, s.QueueConsumerIDs = maps.Clone(s.QueueConsumers), copied(s.QueueConsumerIDs)
	s.EmailRoutes, s.EmailRuleIDs = maps.Clone(s.EmailRoutes), copied(s.EmailRuleIDs)
	s.Workflows = copied(s.Workflows)
	s.Bindings = maps.Clone(s.Bindings)
	s.UnmanagedNames = append([]string{}, s.UnmanagedNames...)
	s.UnmanagedVariableNames = append([]string{}, s.UnmanagedVariableNames...)
	s.URLs = append([]string{}, s.URLs...) // a Worker without addresses has an empty list, which infer reads as none
	return s
}

// setRoute records a route. A state that has none says so as the program does.
func (s *CloudflareWorkerState) setRoute(pattern string, route Route) {
	s.Routes = withEntry(s.Routes, pattern, route)
}

func copied[V any](m map[string]V) map[string]V {
	c := make(map[string]V, len(m))
	maps.Copy(c, m)
	return c
}

type (
	putScript            struct{}
	createVersion        struct{}
	deployVersion        struct{}
	findAccountSubdomain struct{}
	setSubdomain         struct{ wish cfapi.Subdomain }
	createDNSRecord      struct{ pattern, zone string }
	createRoute          struct{ pattern, zone string }
	deleteDNSRecord      struct{ pattern, zone, id string }
	deleteRoute          struct{ pattern, zone, id string }
	deleteScript         struct{}
)

func (putScript) String() string            { return "upload and deploy" }
func (createVersion) String() string        { return "upload a version" }
func (deployVersion) String() string        { return "deploy the version" }
func (findAccountSubdomain) String() string { return "find the account's workers.dev subdomain" }
func (s setSubdomain) String() string {
	return fmt.Sprintf("set workersDev.enabled to %t", s.wish.Enabled)
}

func (s createDNSRecord) String() string {
	return fmt.Sprintf("create the DNS record of route %q", s.pattern)
}
func (s createRoute) String() string { return fmt.Sprintf("create route %q", s.pattern) }
func (s deleteDNSRecord) String() string {
	return fmt.Sprintf("delete the DNS record of route %q", s.pattern)
}
func (s deleteRoute) String() string { return fmt.Sprintf("delete route %q", s.pattern) }
func (deleteScript) String() string  { return "delete the Worker" }

func (putScript) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	up, code, err := d.upload(ctx, *facts)
	if err != nil {
		return err
	}
	up.Migrations = migrationsToAPI(migrations(*facts, d.want), facts.MigrationTag)
	up.Exports = exportsToAPI(d.want.Exports)
	up.CodeUpdateStrategy = d.want.CodeUpdateStrategy.toAPI()
	done, err := d.api.PutScript(ctx, d.account, d.script, up)
	if hasCode(err, cfapi.APIWorkers, codeMigrationTag) {
		// The Worker is at another step than we know: it was taken over, or an answer was lost.
		if done, err = d.putFromItsTag(ctx, up, facts, err); err != nil {
			return err
		}
	}
	if err != nil {
		return code.misread(err, d.want.classic())
	}
	if n := len(d.want.Migrations); n > 0 {
		facts.MigrationTag = d.want.Migrations[n-1].Tag
	}
	facts.uploaded(d.want, done, code.size)
	d.recordAssets(facts)
	// An upload deploys itself, and Cloudflare answers with the version's id as the deployment's.
	facts.DeploymentID, facts.Traffic = done.VersionID, map[string]float64{done.VersionID: 100}
	facts.CodeUpdateStrategy = d.want.CodeUpdateStrategy
	return nil
}

// putFromItsTag uploads with the migrations that the Worker itself says it needs.
// Cause is the refusal of those that were sent.
func (d deployer) putFromItsTag(
	ctx context.Context, up cfapi.Upload, facts *CloudflareWorkerState, cause error,
) (cfapi.Uploaded, error) {
	tag, err := d.api.MigrationTag(ctx, d.account, d.script)
	if err != nil {
		return cfapi.Uploaded{}, errors.Join(cause, err)
	}
	if tag == facts.MigrationTag {
		return cfapi.Uploaded{}, cause
	}
	found := *facts
	found.MigrationTag = tag
	if _, err := checkDataLoss(found, d.want); err != nil {
		return cfapi.Uploaded{}, err
	}
	up.Migrations = migrationsToAPI(migrations(found, d.want), tag)
	return d.api.PutScript(ctx, d.account, d.script, up)
}

func (createVersion) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	up, code, err := d.upload(ctx, *facts)
	if err != nil {
		return err
	}
	up.Exports = exportsToAPI(d.want.Exports)
	done, err := d.api.CreateVersion(ctx, d.account, d.script, up)
	if err != nil {
		return code.misread(err, d.want.classic())
	}
	facts.uploaded(d.want, done, code.size)
	d.recordAssets(facts)
	return nil
}

// uploaded records that there is a version as wanted.
func (s *CloudflareWorkerState) uploaded(want CloudflareWorkerArgs, done cfapi.Uploaded, size int) {
	s.Bundle, s.MainModule, s.Format = want.Bundle, want.MainModule, want.Format
	s.CompatibilityDate, s.CompatibilityFlags = want.CompatibilityDate, want.CompatibilityFlags
	known := ownWorkflows(s.CloudflareWorkerArgs)
	s.UnmanagedVariableNames = variablesLeftIn(done, *s, want)
	s.UnmanagedVariables = want.UnmanagedVariables
	s.Variables, s.Bindings, s.Exports = want.Variables, want.Bindings, want.Exports
	s.setWorkflowSettings(known)
	s.Placement, s.Limits, s.CacheOptions = want.Placement, want.Limits, want.CacheOptions
	s.Annotations, s.RawMetadata = want.Annotations, want.RawMetadata
	s.secretsSet(want, secretChanges(*s, want), SecretStatus{VersionID: done.VersionID})
	s.PreviousVersion = s.stable()
	s.VersionID, s.ETag, s.SecretsVersionID, s.SecretEdits = done.VersionID, done.ETag, done.VersionID, 0
	s.BundleDigest, s.BundleSize = want.bundle().SHA256, size
}

func (deployVersion) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	percent := split(*facts, d.want)
	shares := make([]cfapi.Share, 0, len(percent))
	for _, version := range slices.Sorted(maps.Keys(percent)) {
		shares = append(shares, cfapi.Share{VersionID: version, Percent: percent[version]})
	}
	done, err := d.api.Deploy(ctx, d.account, d.script, shares, "", d.want.CodeUpdateStrategy.toAPI())
	if err != nil {
		return err
	}
	facts.DeploymentID, facts.Traffic = done.ID, percent
	facts.CodeUpdateStrategy = d.want.CodeUpdateStrategy
	return nil
}

func (findAccountSubdomain) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	name, known := d.cache.Fact(subdomainFact, subdomainKey(d.api, d.account))
	if !known {
		var err error
		name, err = d.api.AccountSubdomain(ctx, d.account)
		if errors.Is(err, cfapi.ErrNotFound) {
			return &noSubdomainError{account: d.account, cause: err}
		}
		if err != nil {
			return err
		}
		d.cache.SetFact(subdomainFact, subdomainKey(d.api, d.account), name)
	}
	next := *facts
	next.WorkersDev = &WorkersDev{Enabled: true}
	facts.URLs = urls(next, name)
	return nil
}

// noSubdomainError says why workers.dev cannot be used.
type noSubdomainError struct {
	account string
	cause   error
}

func (e *noSubdomainError) Error() string {
	return fmt.Sprintf("workersDev: account %s has no workers.dev subdomain yet", e.account)
}

func (e *noSubdomainError) Unwrap() error { return e.cause }

// subdomainFact is the kind of fact under which an account's subdomain is
// kept, so that it is asked once on a machine. Refresh corrects it.
const subdomainFact = "account-subdomain"

// subdomainKey tells accounts apart, also those of different Cloudflares.
func subdomainKey(api *cfapi.Client, account string) string { return api.Endpoint + "\n" + account }

func (s setSubdomain) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	if err := d.api.SetScriptSubdomain(cfapi.AfterCreate(ctx), d.account, d.script, s.wish); err != nil {
		return err
	}
	name := accountSubdomain(*facts)
	facts.WorkersDev = d.want.WorkersDev
	facts.URLs = urls(*facts, name)
	return nil
}

func (s createRoute) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	route, err := d.placeRoute(ctx, s)
	if cfapi.LostResponse(err) || errors.Is(err, cfapi.ErrConflict) || hasCode(err, cfapi.APIWorkers, codeDuplicateRoute) {
		route, err = d.findRoute(ctx, s, err)
	}
	if err != nil {
		return err
	}
	facts.RouteIDs[s.pattern] = route.ID
	facts.setRoute(s.pattern, Route{ZoneID: s.zone, DNSRecord: facts.Routes[s.pattern].DNSRecord})
	facts.URLs = urls(*facts, accountSubdomain(*facts))
	return nil
}

// findRoute settles a create that failed with cause: the route may be there,
// and then it is ours, or another Worker's.
func (d deployer) findRoute(ctx context.Context, s createRoute, cause error) (cfapi.Route, error) {
	routes, err := d.api.Routes(ctx, s.zone)
	if err != nil {
		return cfapi.Route{}, errors.Join(cause, err)
	}
	for _, r := range routes {
		if r.Pattern == s.pattern && r.Script == d.script {
			return r, nil
		}
		if r.Pattern == s.pattern {
			return cfapi.Route{}, &routeTakenError{pattern: s.pattern, script: r.Script, id: r.ID}
		}
	}
	return cfapi.Route{}, cause
}

// routeTakenError refuses to move a route away from another Worker.
type routeTakenError struct{ pattern, script, id string }

func (e *routeTakenError) Error() string {
	if e.script == "" {
		return fmt.Sprintf("route %q exists and is assigned to no Worker (route id %s)", e.pattern, e.id)
	}
	return fmt.Sprintf("route %q belongs to the Worker %q (route id %s)", e.pattern, e.script, e.id)
}

func (s deleteRoute) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	ours, err := false, error(nil)
	if s.id != "" {
		ours, err = d.ownsRoute(ctx, s.zone, s.id)
	}
	if err != nil {
		return err
	}
	if ours {
		if err := d.api.DeleteRoute(ctx, s.zone, s.id); err != nil && !errors.Is(err, cfapi.ErrNotFound) {
			return err
		}
	}
	delete(facts.RouteIDs, s.pattern)
	delete(facts.Routes, s.pattern)
	facts.URLs = urls(*facts, accountSubdomain(*facts))
	return nil
}

// A DNS record for a route has no origin behind it, because the Worker
// answers. 100:: is the discard prefix that Cloudflare's documentation uses
// for that: https://developers.cloudflare.com/workers/configuration/routing/routes/
const originless = "100::"

// recordComment marks the records that are ours to delete.
func recordComment(script string) string { return "pulumi-cloudflare-workers: " + script }

func (s createDNSRecord) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	key := recordKey{s.zone, hostOf(s.pattern)}
	id, known := d.found.records[key]
	if !known {
		record, err := d.api.CreateDNSRecord(ctx, s.zone, cfapi.DNSRecord{
			Name: key.host, Type: "AAAA", Content: originless, Proxied: true, Comment: recordComment(d.script),
		})
		if err != nil && (cfapi.LostResponse(err) || !errors.Is(err, cfapi.ErrDenied)) {
			record, err = d.findDNSRecord(ctx, s, err)
		}
		if err != nil {
			return err
		}
		id = record.ID
		d.found.records[key] = id
	}
	delete(facts.DNSRecordIDs, s.pattern) // what was claimed
	if id != "" {
		facts.DNSRecordIDs[s.pattern] = id
	}
	facts.setRoute(s.pattern, Route{ZoneID: s.zone, DNSRecord: true})
	return nil
}

// findDNSRecord settles a create that failed with cause. A proxied record of
// that name serves the route whoever made it; only one that carries our mark is
// ours to delete, so another one is returned without its id.
func (d deployer) findDNSRecord(ctx context.Context, s createDNSRecord, cause error) (cfapi.DNSRecord, error) {
	records, err := d.api.DNSRecords(ctx, s.zone, hostOf(s.pattern))
	if err != nil {
		return cfapi.DNSRecord{}, errors.Join(cause, err)
	}
	for _, r := range records {
		switch {
		case r.Comment == recordComment(d.script):
			return r, nil
		case r.Proxied:
			return cfapi.DNSRecord{}, nil
		case leadsToHost(r):
			return cfapi.DNSRecord{}, fmt.Errorf("%s: %w", pastTheWorker(r.Name, r), cause)
		}
	}
	return cfapi.DNSRecord{}, cause
}

func (s deleteDNSRecord) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	id := s.id
	if id == unknownID {
		id = ""
		records, err := d.api.DNSRecords(ctx, s.zone, hostOf(s.pattern))
		if err != nil {
			return err
		}
		for _, r := range records {
			if r.Comment == recordComment(d.script) {
				id = r.ID
			}
		}
	}
	if _, stays := d.want.Routes[s.pattern]; !stays && id != "" {
		moved, err := d.movedRoute(ctx, s.zone, s.pattern)
		if err != nil {
			return err
		}
		if moved { // and needs the record where it is now
			id = ""
		}
	}
	if id != "" { // else the record was there before us, or never made
		if err := d.api.DeleteDNSRecord(ctx, s.zone, id); err != nil && !errors.Is(err, cfapi.ErrNotFound) {
			return err
		}
	}
	delete(facts.DNSRecordIDs, s.pattern)
	if route, ok := facts.Routes[s.pattern]; ok {
		route.DNSRecord = false
		facts.Routes[s.pattern] = route
	}
	return nil
}

func (deleteScript) run(ctx context.Context, d deployer, _ *CloudflareWorkerState) error {
	if err := d.api.DeleteScript(ctx, d.account, d.script, false); err != nil && !errors.Is(err, cfapi.ErrNotFound) {
		return err
	}
	return nil
}
