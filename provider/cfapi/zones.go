// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
)

// Zone is a domain at Cloudflare.
type Zone struct {
	ID   string `json:"id"`
	Name string `json:"name"` // example.com
}

// zonePageSize is the largest page of zones: https://developers.cloudflare.com/api/resources/zones/methods/list/
const zonePageSize = 50

// zoneCache keeps the zones that were found, by account and name.
type zoneCache struct {
	turn  chan struct{} // holds one value; who takes it may use found
	found map[string][]Zone
}

func newZoneCache() zoneCache {
	z := zoneCache{turn: make(chan struct{}, 1), found: map[string][]Zone{}}
	z.turn <- struct{}{}
	return z
}

// Zones returns the account's zones of that name, of which there is one at most
// unless Cloudflare thinks otherwise; only those that the token can read. What was
// found is kept for the life of the Client, and only one caller at a time asks.
// That there is none is asked anew each time. Wrangler asks in the same way
// (workers-sdk, packages/deploy-helpers/src/triggers/zones.ts).
func (c *Client) Zones(ctx context.Context, account, name string) ([]Zone, error) {
	c.prepare()
	select {
	case <-c.zones.turn:
		defer func() { c.zones.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	key := account + "\n" + name
	if known, ok := c.zones.found[key]; ok {
		return known, nil
	}
	var all []Zone
	for page := 1; ; page++ {
		query := url.Values{
			"name": {name}, "account.id": {account},
			"page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(zonePageSize)},
		}
		var got []Zone
		if err := c.get(ctx, APIZones, fmt.Sprintf("find zone %q", name), "/zones?"+query.Encode(), &got); err != nil {
			return nil, err
		}
		all = append(all, got...)
		if lastPage(len(got), zonePageSize) {
			break
		}
	}
	if len(all) > 0 {
		c.zones.found[key] = all
	}
	return all, nil
}
