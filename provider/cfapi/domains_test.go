// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"testing"
)

const sampleDomain = `{"id":"d1","hostname":"a.example.com","service":"api","environment":"production","zone_id":"z",
	"zone_name":"example.com","cert_id":"c","enabled":true,"previews_enabled":false}`

var wantDomain = Domain{
	ID: "d1", Hostname: "a.example.com", Service: "api", ZoneID: "z", ZoneName: "example.com",
	Enabled: new(true), Previews: new(false),
}

// domainRequests are the methods about custom domains.
var domainRequests = []request{
	{
		name: "Domains", answer: "[" + sampleDomain + "]",
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Domains(ctx, testAccount, "", "api") },
		want: []Domain{wantDomain},
	},
	{
		name: "Domains, of one host name", answer: "[]",
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.Domains(ctx, testAccount, "a.example.com", "")
		},
		want: []Domain{},
	},
	{
		name: "Domain", answer: sampleDomain,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Domain(ctx, testAccount, "d1") },
		want: wantDomain,
	},
	{
		name: "DomainChanges",
		answer: `{"added":[],"removed":[` + sampleDomain + `],"updated":[{"id":"d2","hostname":"b","modified":true}],
			"conflicting":[{"hostname":"c","external_dns_record_id":"r"}]}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.DomainChanges(ctx, testAccount, "api", []Origin{{Hostname: "a.example.com", ZoneID: "z"}})
		},
		want: DomainChanges{
			Added: []Domain{}, Removed: []Domain{wantDomain},
			Updated:     []UpdatedDomain{{Domain{ID: "d2", Hostname: "b"}, true}},
			Conflicting: []ConflictingDomain{{Domain{Hostname: "c"}, "r"}},
		},
	},
	{
		name: "PutDomains", answer: "[]",
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PutDomains(ctx, testAccount, "api", []Origin{
				{Hostname: "a.example.com", ZoneID: "z"}, {Hostname: "b.example.com", Enabled: new(true), Previews: new(false)},
			}, DomainOverrides{DNSRecord: true})
		},
	},
	{
		name: "DeleteDomain", answer: "null",
		do: func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteDomain(ctx, testAccount, "d1") },
	},
}

func TestEveryMethodForCustomDomainsSendsExactlyThis(t *testing.T) {
	t.Parallel()
	sendExactly(t, domainRequests, "requests-domains.txt")
}
