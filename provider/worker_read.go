// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// Read rebuilds inputs and state from what Cloudflare says, so that the
// difference to the program is visible by name. Only "not found" forgets the
// Worker. What cannot be read, the values of secrets and the code, is kept
// exactly as long as the version that serves is the one that was deployed from
// here: versions are immutable.
func (w *CloudflareWorker) Read(
	ctx context.Context, req infer.ReadRequest[CloudflareWorkerArgs, CloudflareWorkerState],
) (infer.ReadResponse[CloudflareWorkerArgs, CloudflareWorkerState], error) {
	resp := infer.ReadResponse[CloudflareWorkerArgs, CloudflareWorkerState](req)
	account, script := splitID(ctx, req.ID)
	r := reader{api: api(ctx), account: account, script: script}
	imported := req.State.VersionID == "" && len(req.Inputs.CompatibilityDate) == 0
	state, found, err := r.worker(ctx, req.State.clone(), imported)
	if err != nil {
		return resp, explain(err)
	}
	if !found {
		return infer.ReadResponse[CloudflareWorkerArgs, CloudflareWorkerState]{}, nil
	}
	warnOfUnmanaged(ctx, script, unmanaged(state.UnmanagedNames, req.Inputs), req.State, req.Inputs.policy())
	resp.ID = account + "/" + script
	resp.Inputs = inputsOf(state, req.Inputs)
	resp.State = state
	resp.State.CloudflareWorkerArgs = resp.Inputs
	return resp, nil
}

// worker turns what was known of the Worker into what is.
func (r reader) worker(
	ctx context.Context, state CloudflareWorkerState, imported bool,
) (is CloudflareWorkerState, found bool, err error) {
	deployments, err := r.api.Deployments(ctx, r.account, r.script)
	if errors.Is(err, cfapi.ErrNotFound) {
		return state, false, nil
	}
	if err != nil {
		return state, false, err
	}
	state.AccountID, state.ScriptName = r.account, r.script
	if len(deployments) > 0 {
		err = r.version(ctx, deployments, &state)
	}
	var consumed []string
	if err == nil {
		consumed, err = r.settings(ctx, cache(ctx), &state)
	}
	if err == nil {
		state.Schedules, err = r.api.Schedules(ctx, r.account, r.script)
	}
	if err == nil {
		err = r.routes(ctx, imported, &state)
	}
	if err == nil {
		err = r.events(ctx, imported, consumed, &state)
	}
	return state, true, err
}

// inputsOf returns the inputs that would have led to state. Where that is a
// matter of writing, they are written as old was.
func inputsOf(state CloudflareWorkerState, old CloudflareWorkerArgs) CloudflareWorkerArgs {
	inputs := state.CloudflareWorkerArgs
	inputs.Adopt, inputs.AllowDataLoss, inputs.Rollout = old.Adopt, old.AllowDataLoss, old.Rollout
	inputs.Migrations = madeMigrations(old.Migrations, state.MigrationTag)
	inputs.Exports = written(state.Exports, old.Exports)
	inputs.UnmanagedSecrets, inputs.RequiredSecrets = old.UnmanagedSecrets, old.RequiredSecrets
	if sameFlags(inputs.CompatibilityFlags, old.CompatibilityFlags) {
		inputs.CompatibilityFlags = old.CompatibilityFlags
	}
	inputs.Variables = written(inputs.Variables, old.Variables)
	inputs.Bindings = written(inputs.Bindings, old.Bindings)
	inputs.Secrets = written(inputs.Secrets, old.Secrets)
	inputs.RawMetadata = written(inputs.RawMetadata, old.RawMetadata)
	inputs.addressesAs(old)
	inputs.QueueConsumers = written(inputs.QueueConsumers, old.QueueConsumers)
	inputs.EmailRoutes = written(inputs.EmailRoutes, old.EmailRoutes)
	inputs.settingsAs(old)
	if sameFormat(inputs, old) {
		inputs.Format = old.Format
	}
	if sameServed(inputs.Assets, old.Assets) {
		inputs.Assets = old.Assets
	}
	if subdomain(inputs.WorkersDev) == subdomain(old.WorkersDev) {
		inputs.WorkersDev = old.WorkersDev
	}
	return inputs
}

// written returns m, or old if that says the same.
func written[V any](m, old map[string]V) map[string]V {
	switch {
	case sameMap(m, old):
		return old
	case len(m) == 0:
		return nil
	}
	return m
}

type reader struct {
	api             *cfapi.Client
	account, script string
}

// version fills in what the serving version says, unless it is known already.
func (r reader) version(ctx context.Context, deployments []cfapi.Deployment, state *CloudflareWorkerState) error {
	if at, ours := state.derived(deployments); ours {
		if at == 0 {
			return nil // only secrets have changed, and we changed them
		}
		state.findEdits(deployments)
	}
	live := deployments[0]
	if state.SecretEdits == 0 && maps.Equal(state.Traffic, traffic(live.Split)) {
		return nil // as it was left: our version serves, or waits for a deployment that failed
	}
	serving := servingVersion(live, state.VersionID)
	if serving != state.VersionID || state.SecretEdits > 0 {
		v, err := r.api.Version(ctx, r.account, r.script, serving)
		if err != nil {
			return err
		}
		if state.ETag == "" || state.Assets != nil {
			r.findNote(ctx, deployments, &v)
		}
		if err := r.tellVariables(ctx, v, state); err != nil {
			return err
		}
		state.seeVersion(v, deployments)
		state.PreviousVersion = ""
	}
	state.Traffic = traffic(live.Split)
	if other := state.stable(); state.PreviousVersion == "" && other != state.VersionID {
		state.PreviousVersion = other
	}
	// An upload that deploys itself is known by its version's id alone (putScript).
	if live.TriggeredBy == triggeredByUpload {
		state.DeploymentID = serving
	} else {
		state.DeploymentID = live.ID
	}
	return nil
}

// findNote gives a version that was derived from another one by a change of
// secrets the note of the bundle that both have their code from. Without it the
// code of an imported Worker counts as unknown, which is no error.
func (r reader) findNote(ctx context.Context, deployments []cfapi.Deployment, v *cfapi.Version) {
	if _, _, noted := splitMessage(v.Message); noted || v.TriggeredBy != triggeredBySecret {
		return
	}
	for _, d := range deployments[1:] {
		if len(d.Split) != 1 || d.Split[0].VersionID == v.ID {
			return
		}
		before, err := r.api.Version(ctx, r.account, r.script, d.Split[0].VersionID)
		if err != nil || before.ETag != v.ETag {
			return
		}
		if _, _, noted := splitMessage(before.Message); noted {
			v.Message, v.Tag = before.Message, before.Tag
			return
		}
	}
}

// triggeredByUpload marks a deployment that an upload made by itself.
const triggeredByUpload = "upload"

// servingVersion returns ours if it has a share of the traffic, else the version with the largest one.
func servingVersion(live cfapi.Deployment, ours string) string {
	var best cfapi.Share
	for _, share := range live.Split {
		if share.VersionID == ours {
			return ours
		}
		if share.Percent > best.Percent || best.VersionID == "" {
			best = share
		}
	}
	return best.VersionID
}

// seeVersion records a version that was not deployed from this state. Its code
// is known if Cloudflare says that it is the same as before, or if it carries
// this provider's note of another bundle; else a text takes the digest's place that no bundle has, and
// says who deployed it.
func (s *CloudflareWorkerState) seeVersion(v cfapi.Version, deployments []cfapi.Deployment) {
	foreign := describeVersion(v)
	s.seeSecrets(v, deployments)
	variables, bindings := fromAPI(v.Bindings, s.ScriptName)
	variables, s.UnmanagedVariableNames = s.ownVariables(variables)
	s.seeSecretKeys(bindings, changedElsewhere(foreign))
	message, note, noted := splitMessage(v.Message)
	if noted || v.TriggeredBy != triggeredBySecret { // which says nothing of itself
		s.Annotations = nil
		if said := (Annotations{Message: message, Tag: v.Tag}); said != (Annotations{}) {
			s.Annotations = &said
		}
	}
	switch {
	case s.ETag != "" && s.ETag == v.ETag:
	case noted && note.assetsOnly() && (s.ETag == "" || !s.assetsOnly()):
		s.Bundle, s.MainModule, s.Format = nil, "", ""
		s.BundleDigest, s.BundleSize = "", 0
	case noted && note.SHA256 != s.bundle().SHA256 && !note.assetsOnly():
		s.Bundle, s.MainModule = &note.BundleReference, note.MainModule
		s.BundleDigest, s.BundleSize = note.SHA256, note.Size
		if s.classic() != note.Classic {
			s.Format = note.format()
		}
	default: // also when code changed under an old note
		theirs := s.bundle()
		if theirs.Bucket == "" { // from nobody's bundle: imported, or there were only assets before
			theirs.Bucket, theirs.Key = unknownID, unknownID
		}
		theirs.SHA256 = foreign
		s.Bundle, s.BundleDigest, s.BundleSize = &theirs, foreign, 0
	}
	s.seeAssets(v, note, noted)
	s.VersionID, s.ETag = v.ID, v.ETag
	s.CompatibilityDate, s.CompatibilityFlags = v.CompatibilityDate, v.CompatibilityFlags
	known := ownWorkflows(s.CloudflareWorkerArgs)
	s.Variables, s.Bindings = variables, bindings
	s.seeExports(v.Exports)
	maps.Copy(known, exportedWorkflows(s.Exports))
	s.setWorkflowSettings(known)
	s.MigrationTag = v.MigrationTag
	s.Placement, s.Limits = placementFromAPI(v.Placement), limitsFromAPI(v.Limits)
	s.CacheOptions = cacheOptionsFromAPI(v.CacheOptions)
}

func describeVersion(v cfapi.Version) string {
	return fmt.Sprintf("version %s, %s", v.ID, describeDeployment(cfapi.Deployment{
		AuthorEmail: v.AuthorEmail, Source: v.Source, CreatedOn: v.CreatedOn,
	}))
}

// settings fills in what belongs to no version, the custom domains, and where the
// Worker is published on workers.dev, which is one request together. It returns the
// names of the queues that the Worker consumes.
func (r reader) settings(
	ctx context.Context, facts factKeeper, state *CloudflareWorkerState,
) (consumed []string, err error) {
	worker, err := r.api.Worker(ctx, r.account, r.script)
	if err != nil {
		return nil, err
	}
	if err := state.seeSettings(worker.Settings); err != nil {
		return nil, fmt.Errorf("read settings of worker %q: observability: %w", r.script, err)
	}
	if len(worker.Domains) > 0 { // the Worker's own list does not say which of them answer
		if worker.Domains, err = r.api.Domains(ctx, r.account, "", r.script); err != nil {
			return nil, err
		}
	}
	state.seeDomains(worker.Domains)
	is := worker.Subdomain
	if is != subdomain(state.WorkersDev) {
		state.WorkersDev = &WorkersDev{Enabled: is.Enabled, PreviewsEnabled: is.PreviewsEnabled}
	}
	name := ""
	if is.Enabled {
		if name, err = r.api.AccountSubdomain(ctx, r.account); err != nil {
			return nil, err
		}
		facts.SetFact(subdomainFact, subdomainKey(r.api, r.account), name)
	}
	state.URLs = urls(*state, name)
	return worker.Queues, nil
}

// factKeeper is the part of the cache that corrects a fact.
type factKeeper interface{ SetFact(kind, key, value string) }

// routes fills in the routes in the zones that the program uses; for an
// import, which knows no zone, those that Cloudflare lists for the Worker.
func (r reader) routes(ctx context.Context, imported bool, state *CloudflareWorkerState) error {
	zones := map[string]bool{}
	for _, route := range state.Routes {
		zones[route.ZoneID] = true
	}
	if imported {
		found, err := r.api.ScriptZones(ctx, r.account, r.script)
		if err != nil {
			return err
		}
		for _, zone := range found {
			zones[zone] = true
		}
	}
	routes, ids := map[string]Route{}, map[string]string{}
	for _, zone := range slices.Sorted(maps.Keys(zones)) {
		list, err := r.api.Routes(ctx, zone)
		if err != nil {
			return err
		}
		for _, route := range list {
			if route.Script == r.script {
				routes[route.Pattern] = Route{ZoneID: zone}
				ids[route.Pattern] = route.ID
			}
		}
	}
	records, err := r.records(ctx, imported, routes, state)
	if err != nil {
		return err
	}
	state.Routes, state.RouteIDs, state.DNSRecordIDs = routes, ids, records
	state.URLs = urls(*state, accountSubdomain(*state))
	return nil
}

// records fills in which of the routes have a DNS record, and the ids of ours.
func (r reader) records(
	ctx context.Context, imported bool, routes map[string]Route, state *CloudflareWorkerState,
) (map[string]string, error) {
	ids := map[string]string{}
	byZone := map[string][]cfapi.DNSRecord{}
	for _, pattern := range slices.Sorted(maps.Keys(routes)) {
		route, host := routes[pattern], hostOf(pattern)
		if was := state.Routes[pattern]; host == "" || !was.DNSRecord && !imported {
			continue
		}
		if _, asked := byZone[route.ZoneID]; !asked {
			list, err := r.api.DNSRecords(ctx, route.ZoneID, "")
			if err != nil {
				return nil, err
			}
			byZone[route.ZoneID] = list
		}
		for _, record := range byZone[route.ZoneID] {
			if record.Name != host || !record.Proxied {
				continue
			}
			ours := record.Comment == recordComment(r.script)
			if ours {
				ids[pattern] = record.ID
			}
			if ours || !imported { // an import manages only what carries our mark
				route.DNSRecord = true
				routes[pattern] = route
			}
		}
	}
	return ids, nil
}
