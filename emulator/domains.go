// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// domain is a custom domain: a host name that a Worker answers for (cloudflare-go workers.DomainGetResponse; enabled
// and previews_enabled: workers-sdk, packages/deploy-helpers/src/triggers/publish-routes.ts, CustomDomain).
type domain struct {
	ID          string `json:"id"`
	Hostname    string `json:"hostname"`
	Service     string `json:"service"`
	Environment string `json:"environment"`
	ZoneID      string `json:"zone_id"`
	ZoneName    string `json:"zone_name"`
	CertID      string `json:"cert_id"`
	Enabled     bool   `json:"enabled"`
	Previews    bool   `json:"previews_enabled"`
	RecordID    string `json:"recordId"` // of the DNS record made for it
}

// view is the domain as the API shows it.
func (d *domain) view() map[string]any {
	return map[string]any{
		"id": d.ID, "hostname": d.Hostname, "service": d.Service, "environment": d.Environment, "zone_id": d.ZoneID,
		"zone_name": d.ZoneName, "cert_id": d.CertID, "enabled": d.Enabled, "previews_enabled": d.Previews,
	}
}

// listDomains answers GET /accounts/{account}/workers/domains with the filters of cloudflare-go
// workers.DomainListParams.
func listDomains(c *call) (any, error) {
	domains := []any{}
	for _, d := range sorted(c.account.Domains) {
		keep := true
		for name, have := range map[string]string{
			"hostname": d.Hostname, "service": d.Service, "environment": d.Environment, "zone_id": d.ZoneID,
			"zone_name": d.ZoneName,
		} {
			keep = keep && (c.query(name) == "" || c.query(name) == have)
		}
		if keep {
			domains = append(domains, d.view())
		}
	}
	return paged(c.r, domains, 100), nil
}

// getDomain answers GET /accounts/{account}/workers/domains/{domain} and …/domains/records/{domain}. Code 100114:
// alchemy-run/distilled, patches/workers/deleteDomain.json.
func getDomain(c *call) (any, error) {
	if d := c.account.Domains[c.path("domain")]; d != nil {
		return d.view(), nil
	}
	return nil, refuse(http.StatusNotFound, 100114, "domain not found")
}

// origin is a custom domain as it is asked for.
type origin struct {
	Hostname    string `json:"hostname"`
	Service     string `json:"service"`
	Environment string `json:"environment"`
	ZoneID      string `json:"zone_id"`
	ZoneName    string `json:"zone_name"`
	Enabled     *bool  `json:"enabled"`
	Previews    *bool  `json:"previews_enabled"`
}

// putDomain answers PUT /accounts/{account}/workers/domains: it attaches the host name to a Worker, wherever it was
// before (cloudflare-go workers.DomainUpdateParams).
func putDomain(c *call) (any, error) {
	var want origin
	if err := c.decode(&want, 10026); err != nil {
		return nil, err
	}
	if c.account.Workers[want.Service] == nil {
		return nil, refuse(http.StatusNotFound, 10007, workerNotFound)
	}
	z, err := c.checkOrigin(want, false)
	if err != nil {
		return nil, err
	}
	return c.attach(z, want).view(), nil
}

// deleteDomain answers DELETE /accounts/{account}/workers/domains/{domain}.
func deleteDomain(c *call) (any, error) {
	if c.account.Domains[c.path("domain")] == nil {
		return nil, refuse(http.StatusNotFound, 100114, "domain not found")
	}
	c.dropDomain(c.path("domain"))
	return nil, nil
}

// dropDomain deletes a custom domain with its DNS record.
func (c *call) dropDomain(id string) {
	d := c.account.Domains[id]
	if z := c.state.Zones[d.ZoneID]; z != nil {
		delete(z.Records, d.RecordID)
	}
	delete(c.account.Domains, id)
}

// checkOrigin refuses a host name that cannot be attached: one of no zone here, or, without override, one with a DNS
// record of the user's own. Code 100117 and its text are quoted in many deployment logs; 100115 and its text are ours.
func (c *call) checkOrigin(want origin, override bool) (*zone, error) {
	host := strings.ToLower(want.Hostname)
	z := c.zoneOf(c.account.ID, host)
	if z == nil || want.ZoneID != "" && want.ZoneID != z.ID || want.ZoneName != "" && want.ZoneName != z.Name {
		return nil, refuse(http.StatusBadRequest, 100115, "no zone of this account holds the host name %q", host)
	}
	own := ""
	if d := c.domainOf(host); d != nil {
		own = d.RecordID
	}
	if len(z.hostRecords(host, own)) > 0 && !override {
		return nil, refuse(http.StatusConflict, 100117, "Hostname '%s' already has externally managed DNS records (A, "+
			"CNAME, etc). Either delete them, try a different hostname, or use the option "+
			"'override_existing_dns_record' to override.", host)
	}
	return z, nil
}

// attach makes or changes the custom domain of a host name that checkOrigin has let pass, with its DNS record in place
// of the user's own.
func (c *call) attach(z *zone, want origin) *domain {
	host := strings.ToLower(want.Hostname)
	d := c.domainOf(host)
	if d == nil {
		d = &domain{
			ID: newID(), Hostname: host, Environment: "production", ZoneID: z.ID, ZoneName: z.Name, CertID: newUUID(),
			Enabled: true,
		}
	}
	for _, record := range z.hostRecords(host, d.RecordID) {
		delete(z.Records, record.ID)
	}
	if z.Records[d.RecordID] == nil {
		d.RecordID = newID()
		z.Records[d.RecordID] = &dnsRecord{
			ID: d.RecordID, Name: host, Type: "AAAA", Content: "100::", Proxiable: true, Proxied: true, TTL: 1,
			Tags: []string{}, Settings: json.RawMessage("{}"), Created: c.now(), Modified: c.now(),
			Meta: json.RawMessage(`{"origin_worker_id":` + quote(d.ID) + `,"read_only":true}`),
		}
	}
	d.Service = want.Service
	if want.Enabled != nil {
		d.Enabled = *want.Enabled
	}
	if want.Previews != nil {
		d.Previews = *want.Previews
	}
	c.account.Domains[d.ID] = d
	return d
}

// domainOf returns the account's custom domain of that host name, or nil.
func (c *call) domainOf(host string) *domain {
	for _, d := range c.account.Domains {
		if d.Hostname == host {
			return d
		}
	}
	return nil
}

// hostRecords returns the records of host that a custom domain cannot live beside, apart from its own.
func (z *zone) hostRecords(host, own string) []*dnsRecord {
	records := sorted(z.Records)
	return slices.DeleteFunc(records, func(r *dnsRecord) bool {
		return r.Name != host || r.ID == own || !slices.Contains([]string{"A", "AAAA", "CNAME"}, r.Type)
	})
}

// checkDomains answers POST …/scripts/{script}/domains/changeset?replace_state=: what attaching the host names would
// change (workers-sdk, packages/deploy-helpers/src/triggers/publish-routes.ts, CustomDomainChangeset).
func checkDomains(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	var origins []origin
	if err := c.decode(&origins, 10026); err != nil {
		return nil, err
	}
	added, removed, updated, conflicting := []any{}, []any{}, []any{}, []any{}
	wanted := map[string]bool{}
	for _, want := range origins {
		host := strings.ToLower(want.Hostname)
		wanted[host] = true
		z := c.zoneOf(c.account.ID, host)
		if z == nil {
			return nil, refuse(http.StatusBadRequest, 100115, "no zone of this account holds the host name %q", host)
		}
		if d := c.domainOf(host); d != nil {
			view := d.view()
			view["modified"] = d.Service != w.Name
			updated = append(updated, view)
			continue
		}
		view := (&domain{
			Hostname: host, Service: w.Name, Environment: "production", ZoneID: z.ID, ZoneName: z.Name, Enabled: true,
		}).view()
		if records := z.hostRecords(host, ""); len(records) > 0 {
			view["external_dns_record_id"] = records[0].ID
			conflicting = append(conflicting, view)
			continue
		}
		added = append(added, view)
	}
	for _, d := range sorted(c.account.Domains) {
		if d.Service == w.Name && !wanted[d.Hostname] && c.query("replace_state") == "true" {
			removed = append(removed, d.view())
		}
	}
	return map[string]any{"added": added, "removed": removed, "updated": updated, "conflicting": conflicting}, nil
}

// putDomains answers PUT …/scripts/{script}/domains/records: the Worker's custom domains become those of the body.
// Domains of other Workers and records of the user's own are taken over only with the matching option (workers-sdk,
// packages/deploy-helpers/src/triggers/publish-routes.ts; 100116: alchemy-run/distilled, HostnameAlreadyInUse).
func putDomains(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	var sent struct {
		OverrideOrigin bool     `json:"override_existing_origin"`
		OverrideRecord bool     `json:"override_existing_dns_record"`
		Origins        []origin `json:"origins"`
	}
	if err := c.decode(&sent, 10026); err != nil {
		return nil, err
	}
	zones := map[string]*zone{} // by host name
	for _, want := range sent.Origins {
		host := strings.ToLower(want.Hostname)
		if zones[host], err = c.checkOrigin(want, sent.OverrideRecord); err != nil {
			return nil, err
		}
		if d := c.domainOf(host); d != nil && d.Service != w.Name && !sent.OverrideOrigin {
			return nil, refuse(http.StatusConflict, 100116, "Hostname '%s' is already in use by Worker '%s'. Use the option "+
				"'override_existing_origin' to override.", host, d.Service)
		}
	}
	result := []any{}
	for _, want := range sent.Origins {
		want.Service = w.Name
		result = append(result, c.attach(zones[strings.ToLower(want.Hostname)], want).view())
	}
	for id, d := range c.account.Domains {
		if d.Service == w.Name && zones[d.Hostname] == nil {
			c.dropDomain(id)
		}
	}
	return result, nil
}

// quote returns text as a JSON string.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil { // strings only: cannot happen
		return `""`
	}
	return string(quoted)
}
