// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"

	"github.com/cloudflare/cloudflare-go/v7/dns"
)

// DNSRecord is a record of a zone.
type DNSRecord struct {
	ID      string
	Name    string // complete, with the zone's name
	Type    string // "AAAA"
	Content string // "100::"
	Comment string // for people; has no effect
	Proxied bool   // requests go through Cloudflare
	TTL     int    // in seconds; 1, and 0 when sent: automatic
}

// automaticTTL lets Cloudflare choose; proxied records have no other.
const automaticTTL = 1

// DNSRecords returns the records of a zone that have exactly the name, or, if it
// is empty, those of type AAAA that have no origin behind them (100::), with one
// request for each hundred of them.
func (c *Client) DNSRecords(ctx context.Context, zone, name string) ([]DNSRecord, error) {
	var all []DNSRecord
	for page := 1; ; page++ {
		ctx, call := begin(ctx, APIDNS, fmt.Sprintf("list DNS records of %q", name))
		var params dns.RecordListParams
		params.ZoneID.Value = segment(zone)
		if name == "" {
			params.Type.Value, params.Type.Present = dns.RecordListParamsTypeAAAA, true
			params.Content.Value.Exact.Value, params.Content.Value.Exact.Present = "100::", true
			params.Content.Present = true
		} else {
			params.Name.Value.Exact.Value, params.Name.Value.Exact.Present = name, true
			params.Name.Present = true
		}
		params.Page.Value, params.Page.Present = float64(page), true
		params.PerPage.Value, params.PerPage.Present = pageSize, true
		got, err := c.api().records.List(ctx, params)
		if err != nil {
			return nil, call.failed(err)
		}
		for i := range got.Result {
			all = append(all, dnsRecord(&got.Result[i]))
		}
		if lastPage(len(got.Result), got.ResultInfo.PerPage) {
			return all, nil
		}
	}
}

// CreateDNSRecord adds a record; its ID is ignored. It is not repeated when the
// response is lost. If the name is taken in a way that excludes the new record, the
// error is [ErrConflict].
func (c *Client) CreateDNSRecord(ctx context.Context, zone string, r DNSRecord) (DNSRecord, error) {
	ctx, call := begin(ctx, APIDNS, fmt.Sprintf("create DNS record %s %q", r.Type, r.Name))
	var params dns.RecordNewParams
	params.ZoneID.Value = segment(zone)
	var body dns.RecordNewParamsBody
	body.Name.Value, body.Name.Present = r.Name, true
	body.Type.Value, body.Type.Present = dns.RecordNewParamsBodyType(r.Type), true
	body.Content.Value, body.Content.Present = r.Content, true
	body.Proxied.Value, body.Proxied.Present = r.Proxied, true
	body.Comment.Value, body.Comment.Present = r.Comment, r.Comment != ""
	body.TTL.Value, body.TTL.Present = dns.TTL(r.TTL), true
	if r.TTL == 0 {
		body.TTL.Value = automaticTTL
	}
	params.Body = body
	got, err := c.api().records.New(ctx, params)
	if err != nil {
		return DNSRecord{}, call.failed(err)
	}
	if got.ID == "" {
		return DNSRecord{}, call.incomplete("record id")
	}
	return dnsRecord(got), nil
}

// DeleteDNSRecord removes a record.
func (c *Client) DeleteDNSRecord(ctx context.Context, zone, id string) error {
	ctx, call := begin(ctx, APIDNS, fmt.Sprintf("delete DNS record %q", id))
	var params dns.RecordDeleteParams
	params.ZoneID.Value = segment(zone)
	if _, err := c.api().records.Delete(ctx, segment(id), params); err != nil {
		return call.failed(err)
	}
	return nil
}

func dnsRecord(r *dns.RecordResponse) DNSRecord {
	return DNSRecord{
		ID: r.ID, Name: r.Name, Type: string(r.Type), Content: r.Content, Comment: r.Comment,
		Proxied: r.Proxied, TTL: int(r.TTL),
	}
}
