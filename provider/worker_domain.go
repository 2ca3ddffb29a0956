// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

var _ infer.Annotated = (*CustomDomain)(nil)

// CustomDomain says how a host name is given to a Worker.
type CustomDomain struct {
	ZoneID                    string `pulumi:"zoneId,optional"`
	ZoneName                  string `pulumi:"zoneName,optional"`
	OverrideExistingOrigin    bool   `pulumi:"overrideExistingOrigin,optional"`
	OverrideExistingDNSRecord bool   `pulumi:"overrideExistingDnsRecord,optional"`
	Enabled                   *bool  `pulumi:"enabled,optional"`
	PreviewsEnabled           bool   `pulumi:"previewsEnabled,optional"`
}

// answers reports whether requests to the host name reach the Worker.
func (c CustomDomain) answers() bool { return c.Enabled == nil || *c.Enabled }

// sameDomain reports whether both say the same of what Cloudflare knows.
func sameDomain(a, b CustomDomain) bool {
	return a.ZoneID == b.ZoneID && a.answers() == b.answers() && a.PreviewsEnabled == b.PreviewsEnabled
}

// origin is the custom domain host as it is sent: what is not said is as wrangler has it, unsaid (wrangler 4.164.0,
// wrangler-dist/cli.js, publishCustomDomains), but where Cloudflare would then have something else (is).
func (c CustomDomain) origin(host string, is cfapi.Domain) cfapi.Origin {
	o := cfapi.Origin{Hostname: host, ZoneID: c.ZoneID, Enabled: c.Enabled}
	if c.Enabled == nil && is.Enabled != nil && !*is.Enabled {
		o.Enabled = new(true)
	}
	if c.PreviewsEnabled || orZero(is.Previews) {
		o.Previews = &c.PreviewsEnabled
	}
	return o
}

// Annotate describes the inputs.
func (c *CustomDomain) Annotate(a infer.Annotator) {
	a.Describe(&c, "A host name that belongs to the Worker altogether. Cloudflare makes its DNS record and certificate.")
	a.Describe(&c.ZoneID, zoneIDDoc)
	a.Describe(&c.ZoneName, zoneNameDoc)
	a.Describe(&c.OverrideExistingOrigin, "Whether to take the host name over from another Worker. Default: false; it "+
		"is then an error that names that Worker, before anything is changed.")
	a.Describe(&c.OverrideExistingDNSRecord, "Whether to replace A, AAAA and CNAME records of that name. Default: "+
		"false; they are then an error, before anything is changed.")
	a.Describe(&c.Enabled, "Whether requests to the host name reach the Worker. Default: true.")
	a.Describe(&c.PreviewsEnabled, "Whether versions of the Worker have preview URLs below the host name. Default: false.")
}

var hostName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]+$`)

func (c *checker) customDomains(args CloudflareWorkerArgs) {
	for _, host := range slices.Sorted(maps.Keys(args.CustomDomains)) {
		path := []string{"customDomains", host}
		c.fail(!hostName.MatchString(host), path, "is not a host name such as api.example.com, in lower case, without "+
			"scheme, path or wildcard; a route can have a wildcard")
		c.zoneID(path, args.CustomDomains[host].ZoneID)
	}
	for _, pattern := range slices.Sorted(maps.Keys(args.Routes)) {
		_, domain := args.CustomDomains[hostOf(pattern)]
		c.fail(domain && args.Routes[pattern].DNSRecord, []string{"routes", pattern, "dnsRecord"},
			"the custom domain %q has a DNS record of its own: leave this out", hostOf(pattern))
	}
}

// planDomains lists the host names that are to be attached, and those to be detached.
func planDomains(seen CloudflareWorkerState, want CloudflareWorkerArgs) (attached, detached []string) {
	for _, host := range slices.Sorted(maps.Keys(want.CustomDomains)) {
		if was, there := seen.CustomDomains[host]; !there || !sameDomain(was, want.CustomDomains[host]) {
			attached = append(attached, host)
		}
	}
	for _, host := range slices.Sorted(maps.Keys(seen.CustomDomains)) {
		if _, wanted := want.CustomDomains[host]; !wanted {
			detached = append(detached, host)
		}
	}
	return attached, detached
}

type (
	attachDomains struct{ hosts []string }
	detachDomains struct{ hosts []string }
)

func (s attachDomains) String() string { return "attach " + customDomains(s.hosts) }
func (s detachDomains) String() string { return "detach " + customDomains(s.hosts) }

func customDomains(hosts []string) string {
	noun := "custom domain "
	if len(hosts) > 1 {
		noun = "custom domains "
	}
	return noun + strings.Join(hosts, ", ")
}

// An attachment is what a request to attach custom domains must say.
type attachment struct {
	origins   []cfapi.Origin
	overrides cfapi.DomainOverrides
}

// compareDomains asks Cloudflare what it would change to attach the wanted host
// names to the Worker, which must exist. What is attached to it already stays:
// what is no longer wanted is detached later, and the rest is not ours.
func (d deployer) compareDomains(ctx context.Context, seen CloudflareWorkerState) error {
	var a attachment
	hosts := slices.Sorted(maps.Keys(d.want.CustomDomains))
	for _, host := range hosts {
		a.origins = append(a.origins, d.want.CustomDomains[host].origin(host, cfapi.Domain{}))
	}
	changes, err := d.api.DomainChanges(ctx, d.account, d.script, a.origins)
	if err != nil {
		return err
	}
	attached := map[string]cfapi.Domain{}
	for _, updated := range changes.Updated {
		attached[updated.Hostname] = updated.Domain
	}
	for i, host := range hosts {
		a.origins[i] = d.want.CustomDomains[host].origin(host, attached[host])
	}
	for _, kept := range changes.Removed {
		a.origins = append(a.origins, cfapi.Origin{
			Hostname: kept.Hostname, ZoneID: kept.ZoneID, Enabled: kept.Enabled, Previews: kept.Previews,
		})
	}
	for _, updated := range changes.Updated {
		if !updated.Modified {
			continue
		}
		other, err := d.api.Domain(ctx, d.account, updated.ID)
		if err != nil {
			return err
		}
		if other.Service == d.script {
			continue // it is to be enabled, or not
		}
		a.overrides.Origin = true
		d.found.domainOf(d.want, updated.Hostname, other.Service)
	}
	for _, c := range changes.Conflicting {
		a.overrides.DNSRecord = true
		if !seen.ownsRecord(c.Hostname) {
			d.found.recordOf(d.want, c.Hostname, "a DNS record (id "+c.DNSRecordID+")")
		}
	}
	d.found.attachment = &a
	return nil
}

// findDomains looks for what compareDomains cannot tell before there is a Worker.
// Without the permission to read DNS records, those are found when it is there.
func (d deployer) findDomains(ctx context.Context, hosts []string) error {
	for _, host := range hosts {
		domains, err := d.api.Domains(ctx, d.account, host, "")
		if err != nil {
			return err
		}
		if len(domains) > 0 {
			if domains[0].Service != d.script {
				d.found.domainOf(d.want, host, domains[0].Service)
			}
			continue // the DNS record is the custom domain's
		}
		records, err := d.api.DNSRecords(ctx, d.want.CustomDomains[host].ZoneID, host)
		if err != nil && !errors.Is(err, cfapi.ErrDenied) {
			return err
		}
		for _, r := range records {
			if leadsToHost(r) && r.Comment != recordComment(d.script) {
				d.found.recordOf(d.want, host, describeRecord(r))
			}
		}
	}
	return nil
}

func (s attachDomains) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	if d.found.attachment == nil { // there was no Worker to compare with
		if err := d.compareDomains(cfapi.AfterCreate(ctx), *facts); err != nil {
			return err
		}
		if err := d.found.refusal(); err != nil {
			return err
		}
	}
	a := d.found.attachment
	if err := d.api.PutDomains(cfapi.AfterCreate(ctx), d.account, d.script, a.origins, a.overrides); err != nil {
		return err
	}
	for _, host := range s.hosts {
		facts.setDomain(host, d.want.CustomDomains[host])
	}
	facts.URLs = urls(*facts, accountSubdomain(*facts))
	return nil
}

func (s detachDomains) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	domains, err := d.api.Domains(ctx, d.account, "", d.script) // those that others took over are theirs
	if err != nil {
		return err
	}
	for _, domain := range domains {
		if !slices.Contains(s.hosts, domain.Hostname) || domain.Service != d.script {
			continue
		}
		if err := d.api.DeleteDomain(ctx, d.account, domain.ID); err != nil && !errors.Is(err, cfapi.ErrNotFound) {
			return err
		}
	}
	for _, host := range s.hosts {
		delete(facts.CustomDomains, host)
	}
	facts.URLs = urls(*facts, accountSubdomain(*facts))
	return nil
}

// claimDomains records host names that may have been attached: their zone is not
// known, so that they are attached again, or detached.
func (s *CloudflareWorkerState) claimDomains(hosts []string) {
	for _, host := range hosts {
		s.setDomain(host, CustomDomain{ZoneID: unknownID})
	}
}

// setDomain records a custom domain. A state that has none says so as the program does.
func (s *CloudflareWorkerState) setDomain(host string, domain CustomDomain) {
	if s.CustomDomains == nil {
		s.CustomDomains = map[string]CustomDomain{}
	}
	s.CustomDomains[host] = domain
}

// ownsRecord reports whether the host's DNS record was made for a route of this Worker.
func (s CloudflareWorkerState) ownsRecord(host string) bool {
	for pattern := range s.DNSRecordIDs {
		if hostOf(pattern) == host {
			return true
		}
	}
	return false
}

// seeDomains records the Worker's custom domains. What Cloudflare does not say of one is as it was.
func (s *CloudflareWorkerState) seeDomains(domains []cfapi.Domain) {
	known := s.CustomDomains
	s.CustomDomains = nil
	for _, domain := range domains {
		if domain.Service != s.ScriptName {
			continue
		}
		is := known[domain.Hostname]
		is = CustomDomain{ZoneID: domain.ZoneID, Enabled: is.Enabled, PreviewsEnabled: is.PreviewsEnabled}
		if domain.Enabled != nil && *domain.Enabled != is.answers() {
			is.Enabled = domain.Enabled
		}
		if domain.Previews != nil {
			is.PreviewsEnabled = *domain.Previews
		}
		s.setDomain(domain.Hostname, is)
	}
}

// addressesAs writes routes and custom domains as old does, which says more than Cloudflare knows.
func (w *CloudflareWorkerArgs) addressesAs(old CloudflareWorkerArgs) {
	w.WaitForReady = old.WaitForReady
	routes := maps.Clone(w.Routes)
	for pattern, route := range routes {
		if was := old.Routes[pattern]; was.ZoneID == route.ZoneID {
			route.ZoneName, route.TakeOver = was.ZoneName, was.TakeOver
			routes[pattern] = route
		}
	}
	domains := maps.Clone(w.CustomDomains)
	for host, domain := range domains {
		was := old.CustomDomains[host]
		if was.ZoneID != domain.ZoneID {
			continue
		}
		if was.answers() != domain.answers() {
			was.Enabled = domain.Enabled
		}
		was.PreviewsEnabled = domain.PreviewsEnabled
		domains[host] = was
	}
	w.Routes, w.CustomDomains = written(routes, old.Routes), written(domains, old.CustomDomains)
}
