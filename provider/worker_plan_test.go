// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	zoneA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	zoneB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func wanted() CloudflareWorkerArgs {
	return CloudflareWorkerArgs{
		AccountID: "account", ScriptName: "api", CompatibilityDate: "2026-11-01",
		Bundle:    &BundleReference{Bucket: "bundles", Key: "api/", SHA256: "1"},
		Variables: map[string]any{"LEVEL": "info"}, Secrets: map[string]string{"KEY": "k"},
		Bindings:   map[string]Binding{"CACHE": {KvNamespace: &KvNamespaceBinding{ID: "kv"}}},
		WorkersDev: &WorkersDev{Enabled: true},
		Routes:     map[string]Route{"example.com/*": {ZoneID: zoneA, DNSRecord: true}},
	}
}

// deployedAs is the state after a deployment without incident.
func deployedAs(args CloudflareWorkerArgs) CloudflareWorkerState {
	state := CloudflareWorkerState{
		CloudflareWorkerArgs: args, VersionID: "v1", DeploymentID: "v1", Traffic: map[string]float64{"v1": 100},
		RouteIDs: map[string]string{}, DNSRecordIDs: map[string]string{},
	}
	for pattern, route := range args.Routes {
		state.RouteIDs[pattern] = "route of " + pattern
		if route.DNSRecord {
			state.DNSRecordIDs[pattern] = "record of " + pattern
		}
	}
	state.URLs = urls(state, "acme")
	return state
}

func texts(steps []step) []string {
	list := []string{}
	for _, s := range steps {
		list = append(list, fmt.Sprint(s))
	}
	return list
}

// elsewhere is what a refresh writes in the place of a secret that somebody else has set.
const elsewhere = "changed elsewhere: version 1ccffe3a-40f3-4d67-a3fb-e8af5b8ffdd8, deployed by a@example.com " +
	"through wrangler on 2026-11-01 12:00 UTC"

// everySetting is the change of all settings that belong to no version.
const everySetting = "change settings: logpush, observability, streamingTailConsumers, tags, tailConsumers"

// check is the step that looks before anything is changed.
const check = "check that the addresses are free"

func TestThePlanMakesOnlyTheCallsThatAreNeeded(t *testing.T) {
	t.Parallel()
	update := []string{"upload a version", "deploy the version"}
	secret := []string{"change secrets: KEY"}
	for change, test := range map[string]struct {
		seen func(*CloudflareWorkerState)
		want func(*CloudflareWorkerArgs)
		plan []string
	}{
		"nothing": {plan: []string{}},
		"a version for some requests": {
			want: func(w *CloudflareWorkerArgs) { w.Bundle.SHA256, w.Rollout = "2", &Rollout{Percentage: 10} }, plan: update,
		},
		"a secret for some requests": {
			want: func(w *CloudflareWorkerArgs) {
				w.Secrets, w.Rollout = map[string]string{"KEY": "l"}, &Rollout{Percentage: 10}
			},
			plan: update,
		},
		"a larger share": {
			seen: func(s *CloudflareWorkerState) {
				s.Traffic, s.PreviousVersion = map[string]float64{"v1": 10, "v0": 90}, "v0"
			},
			want: func(w *CloudflareWorkerArgs) { w.Rollout = &Rollout{Percentage: 20} },
			plan: []string{"deploy the version"},
		},
		"as it was rolled out": {
			seen: func(s *CloudflareWorkerState) {
				s.Traffic, s.PreviousVersion = map[string]float64{"v1": 10, "v0": 90}, "v0"
			},
			want: func(w *CloudflareWorkerArgs) { w.Rollout = &Rollout{Percentage: 10} },
			plan: []string{},
		},
		"back to the version before, after a change of secrets": {
			seen: func(s *CloudflareWorkerState) { s.PreviousVersion, s.SecretEdits = "v0", 1 },
			want: func(w *CloudflareWorkerArgs) { w.Rollout = &Rollout{Percentage: 0} },
			plan: []string{"look which version the last change of secrets made", "deploy the version"},
		},
		"another bundle":      {want: func(w *CloudflareWorkerArgs) { w.Bundle.SHA256 = "2" }, plan: update},
		"same bundle moved":   {want: func(w *CloudflareWorkerArgs) { w.Bundle.Key = "elsewhere/" }, plan: []string{}},
		"entry point":         {want: func(w *CloudflareWorkerArgs) { w.MainModule = "b.js" }, plan: update},
		"compatibility date":  {want: func(w *CloudflareWorkerArgs) { w.CompatibilityDate = "2026-11-02" }, plan: update},
		"compatibility flags": {want: func(w *CloudflareWorkerArgs) { w.CompatibilityFlags = []string{"x"} }, plan: update},
		"flags in another order": {
			seen: func(s *CloudflareWorkerState) { s.CompatibilityFlags = []string{"x", "y"} },
			want: func(w *CloudflareWorkerArgs) { w.CompatibilityFlags = []string{"y", "x"} }, plan: []string{},
		},
		"a variable":   {want: func(w *CloudflareWorkerArgs) { w.Variables = map[string]any{"LEVEL": 1.0} }, plan: update},
		"no variables": {want: func(w *CloudflareWorkerArgs) { w.Variables = nil }, plan: update},
		"a secret": {
			want: func(w *CloudflareWorkerArgs) { w.Secrets = map[string]string{"KEY": "l"} }, plan: secret,
		},
		"secret removed": {want: func(w *CloudflareWorkerArgs) { w.Secrets = nil }, plan: secret},
		"secret handed over": {
			want: func(w *CloudflareWorkerArgs) { w.Secrets, w.RequiredSecrets = nil, []string{"KEY"} },
			plan: []string{"look which secrets there are"},
		},
		"secret and code": {
			want: func(w *CloudflareWorkerArgs) { w.Secrets, w.Bundle.SHA256 = map[string]string{"KEY": "l"}, "2" },
			plan: update,
		},
		"more secrets than one request takes": {
			want: func(w *CloudflareWorkerArgs) {
				w.Secrets = map[string]string{}
				for i := range 101 {
					w.Secrets[fmt.Sprint("S", i)] = "v"
				}
			},
			plan: update,
		},
		"code after a change of secrets": {
			seen: func(s *CloudflareWorkerState) { s.SecretEdits = 1 },
			want: func(w *CloudflareWorkerArgs) { w.Bundle.SHA256 = "2" },
			plan: append([]string{"look which version the last change of secrets made"}, update...),
		},
		"secrets once more": {
			seen: func(s *CloudflareWorkerState) { s.SecretEdits = 7 },
			want: func(w *CloudflareWorkerArgs) { w.Secrets = map[string]string{"KEY": "l"} }, plan: secret,
		},
		"secrets once too often": {
			seen: func(s *CloudflareWorkerState) { s.SecretEdits = 8 },
			want: func(w *CloudflareWorkerArgs) { w.Secrets = map[string]string{"KEY": "l"} },
			plan: []string{"look which version the last change of secrets made", "change secrets: KEY"},
		},
		"secret changed elsewhere, and wanted so": {
			seen: func(s *CloudflareWorkerState) { s.Secrets = map[string]string{"KEY": elsewhere} },
			want: func(w *CloudflareWorkerArgs) { w.Secrets = map[string]string{"KEY": elsewhere} },
			plan: []string{},
		},
		"secret changed elsewhere": {
			seen: func(s *CloudflareWorkerState) { s.Secrets = map[string]string{"KEY": elsewhere} },
			plan: secret,
		},
		"secret of others to be removed": {
			seen: func(s *CloudflareWorkerState) { s.UnmanagedNames = []string{"THEIRS"} },
			want: func(w *CloudflareWorkerArgs) { w.UnmanagedSecrets = new(RemoveUnmanaged) },
			plan: []string{"change secrets: THEIRS"},
		},
		"secret of others kept": {
			seen: func(s *CloudflareWorkerState) { s.UnmanagedNames = []string{"THEIRS"} }, plan: []string{},
		},
		"binding removed": {want: func(w *CloudflareWorkerArgs) { w.Bindings = nil }, plan: update},
		"binding elsewhere": {
			want: func(w *CloudflareWorkerArgs) {
				w.Bindings = map[string]Binding{"CACHE": {KvNamespace: &KvNamespaceBinding{ID: "other"}}}
			},
			plan: update,
		},
		"empty maps for none": {
			seen: func(s *CloudflareWorkerState) { s.Variables = nil },
			want: func(w *CloudflareWorkerArgs) { w.Variables = map[string]any{} }, plan: []string{},
		},
		"uploaded, not deployed": {
			seen: func(s *CloudflareWorkerState) { s.VersionID = "v2" }, plan: []string{"deploy the version"},
		},
		"traffic split elsewhere": {
			seen: func(s *CloudflareWorkerState) { s.Traffic = map[string]float64{"v1": 90, "v0": 10} },
			plan: []string{"deploy the version"},
		},
		"outcome of the create unknown": {
			seen: func(s *CloudflareWorkerState) { s.VersionID, s.Traffic = "", nil },
			plan: []string{
				"look which secrets there are", "upload and deploy", everySetting, "set schedules",
				"set workersDev.enabled to true",
			},
		},
		"unpublished": {
			want: func(w *CloudflareWorkerArgs) { w.WorkersDev = nil },
			plan: []string{"set workersDev.enabled to false"},
		},
		"previews": {
			want: func(w *CloudflareWorkerArgs) { w.WorkersDev = &WorkersDev{Enabled: true, PreviewsEnabled: true} },
			plan: []string{"set workersDev.enabled to true"},
		},
		"published": {
			seen: func(s *CloudflareWorkerState) { s.WorkersDev, s.URLs = nil, nil },
			plan: []string{"find the account's workers.dev subdomain", "set workersDev.enabled to true"},
		},
		"route moved": {
			want: func(w *CloudflareWorkerArgs) {
				w.Routes = map[string]Route{"www.example.com/*": {ZoneID: zoneA, DNSRecord: true}}
			},
			plan: []string{
				check, `create the DNS record of route "www.example.com/*"`, `create route "www.example.com/*"`,
				`delete the DNS record of route "example.com/*"`, `delete route "example.com/*"`,
			},
		},
		"route in another zone": {
			want: func(w *CloudflareWorkerArgs) { w.Routes = map[string]Route{"example.com/*": {ZoneID: zoneB}} },
			plan: []string{
				check, `delete the DNS record of route "example.com/*"`, `delete route "example.com/*"`,
				`create route "example.com/*"`,
			},
		},
		"custom domains added": {
			want: func(w *CloudflareWorkerArgs) {
				w.CustomDomains = map[string]CustomDomain{"b.example.com": {ZoneID: zoneA}, "a.example.com": {ZoneID: zoneA}}
			},
			plan: []string{check, "attach custom domains a.example.com, b.example.com"},
		},
		"custom domain removed": {
			seen: func(s *CloudflareWorkerState) {
				s.CustomDomains = map[string]CustomDomain{"a.example.com": {ZoneID: zoneA}}
			},
			plan: []string{"detach custom domain a.example.com"},
		},
		"custom domain that may have been attached": {
			seen: func(s *CloudflareWorkerState) {
				s.CustomDomains = map[string]CustomDomain{"a.example.com": {ZoneID: unknownID}}
			},
			want: func(w *CloudflareWorkerArgs) {
				w.CustomDomains = map[string]CustomDomain{"a.example.com": {ZoneID: zoneA}}
			},
			plan: []string{check, "attach custom domain a.example.com"},
		},
		"overrides of a custom domain that is attached": {
			seen: func(s *CloudflareWorkerState) {
				s.CustomDomains = map[string]CustomDomain{"a.example.com": {ZoneID: zoneA}}
			},
			want: func(w *CloudflareWorkerArgs) {
				w.CustomDomains = map[string]CustomDomain{"a.example.com": {
					ZoneID: zoneA, ZoneName: "example.com", OverrideExistingOrigin: true, OverrideExistingDNSRecord: true,
				}}
			},
			plan: []string{},
		},
		"route becomes a custom domain": {
			want: func(w *CloudflareWorkerArgs) {
				w.Routes, w.CustomDomains = nil, map[string]CustomDomain{"example.com": {ZoneID: zoneA}}
			},
			plan: []string{
				check, "attach custom domain example.com", `delete the DNS record of route "example.com/*"`,
				`delete route "example.com/*"`,
			},
		},
		"custom domain becomes a route with a DNS record": {
			seen: func(s *CloudflareWorkerState) {
				s.CustomDomains = map[string]CustomDomain{"a.example.com": {ZoneID: zoneA}, "b.example.com": {ZoneID: zoneA}}
			},
			want: func(w *CloudflareWorkerArgs) {
				w.Routes = map[string]Route{
					"example.com/*": w.Routes["example.com/*"], "a.example.com/*": {ZoneID: zoneA, DNSRecord: true},
				}
			},
			plan: []string{
				check, "detach custom domain a.example.com", `create the DNS record of route "a.example.com/*"`,
				`create route "a.example.com/*"`, "detach custom domain b.example.com",
			},
		},
		"takeOver of a route that is ours": {
			want: func(w *CloudflareWorkerArgs) {
				w.Routes = map[string]Route{"example.com/*": {ZoneID: zoneA, DNSRecord: true, TakeOver: true}}
			},
			plan: []string{},
		},
		"objects moved at once": {
			want: func(w *CloudflareWorkerArgs) { w.CodeUpdateStrategy = &CodeUpdateStrategy{Mode: immediateUpdate} },
			plan: []string{"deploy the version"},
		},
		"objects moved as usual, in other words": {
			want: func(w *CloudflareWorkerArgs) {
				w.CodeUpdateStrategy = &CodeUpdateStrategy{Mode: deferredUpdate, MaxDelay: new(300.0)}
			},
			plan: []string{},
		},
		"objects moved at once, with a secret": {
			want: func(w *CloudflareWorkerArgs) {
				w.CodeUpdateStrategy, w.Secrets = &CodeUpdateStrategy{Mode: immediateUpdate}, map[string]string{"KEY": "l"}
			},
			plan: update,
		},
		"objects moved at once, with exports": {
			seen: func(s *CloudflareWorkerState) { s.Exports = map[string]WorkerExport{"Room": {}} },
			want: func(w *CloudflareWorkerArgs) {
				w.Exports = map[string]WorkerExport{"Room": {}}
				w.CodeUpdateStrategy = &CodeUpdateStrategy{Mode: immediateUpdate}
			},
			plan: []string{"deploy the version"},
		},
		"variables kept from now on": {
			want: func(w *CloudflareWorkerArgs) { w.UnmanagedVariables = keepVariables }, plan: []string{},
		},
		"variables left to others": {
			want: func(w *CloudflareWorkerArgs) { w.UnmanagedVariables, w.Variables = keepVariables, nil }, plan: []string{},
		},
		"variables kept, and one is new": {
			want: func(w *CloudflareWorkerArgs) {
				w.UnmanagedVariables, w.Variables = keepVariables, map[string]any{"NEW": nil}
			},
			plan: append([]string{"look which secrets there are"}, update...),
		},
		"a variable removed where others are kept": {
			seen: func(s *CloudflareWorkerState) { s.UnmanagedVariables = keepVariables },
			want: func(w *CloudflareWorkerArgs) { w.UnmanagedVariables, w.Variables = keepVariables, nil }, plan: update,
		},
		"variables kept no more": {
			seen: func(s *CloudflareWorkerState) { s.UnmanagedVariables = keepVariables }, plan: update,
		},
		"a secret in the place of a variable of others": {
			seen: func(s *CloudflareWorkerState) {
				s.UnmanagedVariables, s.UnmanagedVariableNames = keepVariables, []string{"KEY"}
			},
			want: func(w *CloudflareWorkerArgs) {
				w.UnmanagedVariables, w.Secrets = keepVariables, map[string]string{"KEY": "l"}
			},
			plan: update,
		},
		"DNS record no longer": {
			want: func(w *CloudflareWorkerArgs) { w.Routes = map[string]Route{"example.com/*": {ZoneID: zoneA}} },
			plan: []string{`delete the DNS record of route "example.com/*"`},
		},
		"record made, route not": {
			seen: func(s *CloudflareWorkerState) { s.RouteIDs = map[string]string{} },
			plan: []string{check, `create route "example.com/*"`},
		},
		"code and routes together": {
			want: func(w *CloudflareWorkerArgs) { w.Bundle.SHA256, w.Routes = "2", nil },
			plan: append(update, `delete the DNS record of route "example.com/*"`, `delete route "example.com/*"`),
		},
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			seen, want := deployedAs(wanted()), wanted()
			if test.seen != nil {
				test.seen(&seen)
			}
			if test.want != nil {
				test.want(&want)
			}
			if change == "flags in another order" || change == "empty maps for none" {
				assert.NotEqual(t, want, seen.CloudflareWorkerArgs, "the case would show nothing")
			}
			assert.Equal(t, test.plan, texts(plan(seen, want, true)))
		})
	}
}

func TestANewWorkerIsUploadedOnce(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		check, "upload and deploy", "find the account's workers.dev subdomain", "set workersDev.enabled to true",
		`create the DNS record of route "example.com/*"`, `create route "example.com/*"`,
	}, texts(plan(unseen(wanted()), wanted(), false)))
}

func TestATakenOverWorkerIsPublishedAsWanted(t *testing.T) {
	t.Parallel()
	want := wanted()
	want.WorkersDev, want.Routes = nil, nil
	assert.Equal(t, []string{"upload and deploy"}, texts(plan(unseen(want), want, false)))
	assert.Equal(t, []string{
		"look which secrets there are", "upload and deploy", everySetting, "set schedules", "set workersDev.enabled to false",
	}, texts(plan(unseen(want), want, true)), "nobody knows what it was")
}

func TestARecordStaysWhileAnotherRouteNeedsIt(t *testing.T) {
	t.Parallel()
	seen, want := deployedAs(wanted()), wanted()
	want.Routes = map[string]Route{"example.com/v2/*": {ZoneID: zoneA, DNSRecord: true}}
	steps := plan(seen, want, true)
	assert.Contains(t, steps, deleteDNSRecord{"example.com/*", zoneA, ""})
	assert.NotContains(t, steps, deleteDNSRecord{"example.com/*", zoneA, "record of example.com/*"})
}

func TestWhatLeadsToAWorkerGoesFirst(t *testing.T) {
	t.Parallel()
	seen := deployedAs(wanted())
	seen.CustomDomains = map[string]CustomDomain{"a.example.com": {ZoneID: unknownID}}
	assert.Equal(t, []string{
		`delete the DNS record of route "example.com/*"`, `delete route "example.com/*"`,
		"detach custom domain a.example.com", "delete the Worker",
	}, texts(planDelete(seen)))
}

func TestAddressesAreThoseThatAnswer(t *testing.T) {
	t.Parallel()
	state := deployedAs(wanted())
	for _, pattern := range []string{"https://a.example.com/x*", "*.example.com/*", "b.example.com/*/c"} {
		state.Routes[pattern] = Route{ZoneID: zoneA}
		state.RouteIDs[pattern] = "id"
	}
	state.Routes["never.example.com/*"] = Route{ZoneID: zoneA} // its route was not made
	state.CustomDomains = map[string]CustomDomain{
		"c.example.com": {ZoneID: zoneA}, "d.example.com": {ZoneID: unknownID}, // which may not be attached
	}
	assert.Equal(t, []string{
		"https://api.acme.workers.dev", "https://c.example.com", "https://example.com/", "https://a.example.com/x",
	}, urls(state, "acme"))
	state.WorkersDev = nil
	assert.NotContains(t, urls(state, "acme"), "https://api.acme.workers.dev")
}

func TestTheSubdomainIsReadFromTheWorkersOwnAddress(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://api.acme.workers.dev":      "acme",
		"https://other.acme.workers.dev":    "",
		"https://api.example.com/":          "",
		"https://api.a.workers.dev/x":       "",
		"https://api.example.workers.dev.x": "",
	} {
		state := CloudflareWorkerState{CloudflareWorkerArgs: CloudflareWorkerArgs{ScriptName: "api"}, URLs: []string{url}}
		assert.Equal(t, want, accountSubdomain(state), url)
	}
}

func TestAHostIsWhatDNSCanHold(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"example.com/*": "example.com", "https://a.example.com/x/*": "a.example.com", "*.example.com/*": "*.example.com",
		"*example.com/*": "", "example.com": "example.com", "*.*.example.com/": "",
	} {
		assert.Equal(t, want, hostOf(pattern), pattern)
	}
}
