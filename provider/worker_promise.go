// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"maps"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// A promise is what the preview of an update knows of the outputs to come. Where inputs are not known yet there is
// none, and WireDependencies decides.
type promise struct {
	unknown map[string]bool // names of the outputs that only Cloudflare can tell
}

type promiseKey struct{}

// withPromises makes the previews of updates say exactly which outputs will be others: the plan knows better than the
// inputs that changed.
func withPromises(update func(context.Context, p.UpdateRequest) (p.UpdateResponse, error),
) func(context.Context, p.UpdateRequest) (p.UpdateResponse, error) {
	return func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		if !req.DryRun || req.Urn.Type() != workerToken || property.New(req.Inputs).HasComputed() {
			return update(ctx, req)
		}
		promised := &promise{}
		resp, err := update(context.WithValue(ctx, promiseKey{}, promised), req)
		for name := range promised.unknown {
			resp.Properties = resp.Properties.Set(name, property.New(property.Computed))
		}
		return resp, err
	}
}

// promised returns the state to which an update is going to lead, as far as that is known before.
func promised(ctx context.Context, seen CloudflareWorkerState, want CloudflareWorkerArgs) CloudflareWorkerState {
	to, asked := ctx.Value(promiseKey{}).(*promise)
	next := seen.clone()
	if asked {
		next.promise = to
		to.unknown = next.expect(plan(leavingTraffic(ctx, seen, want), want, true), want)
	}
	next.UnmanagedVariableNames = leftVariables(seen, want)
	next.BundleDigest = want.bundle().SHA256
	next.CloudflareWorkerArgs = want
	return next
}

// expect records what the steps will do, and returns the names of the outputs that they will change in a way that is
// not known before.
func (s *CloudflareWorkerState) expect(steps []step, want CloudflareWorkerArgs) map[string]bool {
	unknown := map[string]bool{}
	mark := func(names ...string) {
		for _, name := range names {
			unknown[name] = true
		}
	}
	before := s.CloudflareWorkerArgs
	for _, step := range steps {
		switch step := step.(type) {
		case findVersion:
			mark("versionId", "secretsVersionId", "previousVersionId", "deploymentId", "traffic", "secretStatus")
			s.SecretEdits = 0
		case putScript:
			mark("deploymentId", "traffic")
			s.expectVersion(want, mark)
			if n := len(want.Migrations); n > 0 {
				s.MigrationTag = want.Migrations[n-1].Tag
			}
		case createVersion:
			s.expectVersion(want, mark)
			if want.keepsVariables() && !want.assetsOnly() { // the answer tells them
				mark("unmanagedVariableNames")
			}
		case deployVersion:
			mark("deploymentId")
			s.Traffic = split(*s, want)
			unknown["traffic"] = unknown["versionId"]
		case patchSecrets:
			mark("secretStatus")
			s.secretsSet(want, step.changes, SecretStatus{})
			s.SecretEdits++
		case checkSecretNames:
			mark("unmanagedSecretNames")
		case putWorkflow:
			s.Workflows[step.name] = step.binding.ClassName
		case createRoute:
			mark("routeIds")
		case deleteRoute:
			delete(s.RouteIDs, step.pattern)
		case createDNSRecord:
			mark("dnsRecordIds")
		case deleteDNSRecord:
			delete(s.DNSRecordIDs, step.pattern)
		case connectQueue:
			mark("queueConsumerIds")
		case disconnectQueue:
			delete(s.QueueConsumerIDs, step.queue)
		case createEmailRoute:
			mark("emailRuleIds")
		case deleteEmailRoute:
			delete(s.EmailRuleIDs, step.address)
		case findAccountSubdomain:
			mark("urls")
		}
	}
	maps.DeleteFunc(s.SecretStatus, func(name string, _ SecretStatus) bool {
		_, ours := want.Secrets[name]
		return !ours
	})
	s.URLs = expectedURLs(*s, want)
	maps.DeleteFunc(unknown, func(_ string, is bool) bool { return !is })
	s.CloudflareWorkerArgs = before
	return unknown
}

// expectVersion records what an upload will do.
func (s *CloudflareWorkerState) expectVersion(want CloudflareWorkerArgs, mark func(...string)) {
	mark("versionId", "secretsVersionId", "etag")
	if s.bundle().SHA256 != want.bundle().SHA256 {
		mark("bundleSize")
	}
	if orZero(s.Assets).SHA256 != orZero(want.Assets).SHA256 {
		mark("assetCount", "assetSize")
	}
	changes := secretChanges(*s, want)
	if slices.Contains(slices.Collect(maps.Values(changes)), true) {
		mark("secretStatus")
	}
	s.secretsSet(want, changes, SecretStatus{})
	s.PreviousVersion, s.SecretEdits = s.stable(), 0
}

// expectedURLs are the addresses at which the Worker will answer.
func expectedURLs(seen CloudflareWorkerState, want CloudflareWorkerArgs) []string {
	subdomain := accountSubdomain(seen)
	seen.CloudflareWorkerArgs, seen.RouteIDs = want, map[string]string{}
	for pattern := range want.Routes {
		seen.RouteIDs[pattern] = unknownID
	}
	return urls(seen, subdomain)
}
