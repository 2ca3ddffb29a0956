// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// ScriptZones returns the ids of the zones that have a route to the Worker: one
// request, and one for each zone. cloudflare-go has no method for the first;
// wrangler uses it to download a Worker's configuration
// (packages/deploy-helpers, download-worker-config.ts).
func (c *Client) ScriptZones(ctx context.Context, account, script string) ([]string, error) {
	var routes []struct {
		ZoneName string `json:"zone_name"`
	}
	path := fmt.Sprintf("/accounts/%s/workers/services/%s/environments/production/routes?show_zonename=true",
		segment(account), segment(script))
	if err := c.get(ctx, APIWorkers, fmt.Sprintf("list routes of worker %q", script), path, &routes); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(routes))
	for _, r := range routes {
		names = append(names, r.ZoneName)
	}
	slices.Sort(names)
	var ids []string
	for _, name := range slices.Compact(names) {
		var zones []struct {
			ID string `json:"id"`
		}
		query := url.Values{"name": {name}, "account.id": {account}}
		op := fmt.Sprintf("find zone %q", name)
		if err := c.get(ctx, APIZones, op, "/zones?"+query.Encode(), &zones); err != nil {
			return nil, err
		}
		for _, z := range zones {
			ids = append(ids, z.ID)
		}
	}
	return ids, nil
}

// get asks for what cloudflare-go has no method for, through the same transport.
func (c *Client) get(ctx context.Context, api, op, path string, result any) error {
	c.prepare()
	ctx, call := begin(ctx, api, op)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.endpoint+path, nil)
	if err != nil {
		return call.failed(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := c.transport.Do(req)
	if err != nil {
		return call.failed(err)
	}
	defer resp.Body.Close() // of memory: the transport has read it
	env := struct {
		Result any `json:"result"`
	}{result}
	if err := json.NewDecoder(resp.Body).Decode(&env); err != nil {
		return call.failed(err)
	}
	return nil
}
