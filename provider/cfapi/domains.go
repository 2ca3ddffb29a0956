// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Domain is a custom domain: a host name for which a Worker answers, with a DNS
// record and a certificate that Cloudflare makes.
type Domain struct {
	ID       string `json:"id"`
	Hostname string `json:"hostname"`
	Service  string `json:"service"` // the Worker
	ZoneID   string `json:"zone_id"`
	ZoneName string `json:"zone_name"`
	Enabled  *bool  `json:"enabled"`          // nil: not said
	Previews *bool  `json:"previews_enabled"` // nil: not said
}

// Origin is a host name that is to lead to a Worker.
type Origin struct {
	Hostname string `json:"hostname"`
	ZoneID   string `json:"zone_id,omitempty"`
	Enabled  *bool  `json:"enabled,omitempty"`          // nil: as it is
	Previews *bool  `json:"previews_enabled,omitempty"` // nil: as it is
}

// DomainChanges is what [Client.PutDomains] would do.
type DomainChanges struct {
	Added       []Domain            `json:"added"`
	Removed     []Domain            `json:"removed"` // attached to the Worker now
	Updated     []UpdatedDomain     `json:"updated"`
	Conflicting []ConflictingDomain `json:"conflicting"`
}

// UpdatedDomain is one that is attached to a Worker.
type UpdatedDomain struct {
	Domain

	Modified bool `json:"modified"` // to another Worker; Service need not say which
}

// ConflictingDomain is one with a DNS record in its way.
type ConflictingDomain struct {
	Domain

	DNSRecordID string `json:"external_dns_record_id"`
}

// DomainOverrides are what may be taken over from others.
type DomainOverrides struct {
	Origin    bool `json:"override_existing_origin"`     // from another Worker
	DNSRecord bool `json:"override_existing_dns_record"` // the place of records of the same name
}

// Domains returns the account's custom domains, those of one host name or of one
// Worker if they are not empty. The API does not page them (cloudflare-go,
// workers.DomainService.List).
func (c *Client) Domains(ctx context.Context, account, hostname, service string) ([]Domain, error) {
	query, op := url.Values{}, "list custom domains"
	if hostname != "" {
		query.Set("hostname", hostname)
		op = fmt.Sprintf("find custom domain %q", hostname)
	}
	if service != "" {
		query.Set("service", service)
		op = fmt.Sprintf("list custom domains of worker %q", service)
	}
	path := fmt.Sprintf("/accounts/%s/workers/domains?%s", segment(account), query.Encode())
	var domains []Domain
	err := c.get(ctx, APIWorkers, op, path, &domains)
	return domains, err
}

// Domain returns the custom domain with the id, as wrangler asks for it
// (workers-sdk, packages/deploy-helpers/src/triggers/publish-routes.ts).
func (c *Client) Domain(ctx context.Context, account, id string) (Domain, error) {
	path := fmt.Sprintf("/accounts/%s/workers/domains/records/%s", segment(account), segment(id))
	var domain Domain
	err := c.get(ctx, APIWorkers, fmt.Sprintf("read custom domain %q", id), path, &domain)
	return domain, err
}

// DomainChanges returns what it would change to attach the origins to the Worker,
// which must exist, and nothing else. It changes nothing. Source: as [Client.Domain].
func (c *Client) DomainChanges(
	ctx context.Context, account, script string, origins []Origin,
) (changes DomainChanges, err error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("compare custom domains of worker %q", script))
	call.repeatable = true
	err = c.send(ctx, call, direct{
		method: http.MethodPost, kind: "application/json", body: origins,
		path: fmt.Sprintf("/accounts/%s/workers/scripts/%s/domains/changeset?replace_state=true",
			segment(account), segment(script)),
	}, &changes)
	return changes, err
}

// PutDomains attaches the origins to the Worker, and detaches every other one. If one
// of them is somebody else's and may not be taken over, none is attached and the
// error is [ErrConflict]. Source: as [Client.Domain].
func (c *Client) PutDomains(
	ctx context.Context, account, script string, origins []Origin, o DomainOverrides,
) error {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("attach custom domains to worker %q", script))
	return c.send(ctx, call, direct{
		method: http.MethodPut, kind: "application/json",
		path: fmt.Sprintf("/accounts/%s/workers/scripts/%s/domains/records", segment(account), segment(script)),
		body: struct {
			Scope bool `json:"override_scope"`
			DomainOverrides
			Origins []Origin `json:"origins"`
		}{Scope: true, DomainOverrides: o, Origins: origins},
	}, nil)
}

// DeleteDomain detaches a custom domain, with its DNS record.
func (c *Client) DeleteDomain(ctx context.Context, account, id string) error {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("detach custom domain %q", id))
	return c.send(ctx, call, direct{
		method: http.MethodDelete,
		path:   fmt.Sprintf("/accounts/%s/workers/domains/%s", segment(account), segment(id)),
	}, nil)
}
