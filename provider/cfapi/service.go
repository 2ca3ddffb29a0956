// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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
		zones, err := c.Zones(ctx, account, name)
		if err != nil {
			return nil, err
		}
		for _, z := range zones {
			ids = append(ids, z.ID)
		}
	}
	return ids, nil
}

// direct is a request that cloudflare-go has no method for.
type direct struct {
	method string
	path   string // below the endpoint, with its query
	kind   string // the body's content type
	body   any    // sent as JSON; nil: there is none, or the call has it
	token  string // sent instead of the API token; empty: that is sent

	jurisdiction string // of a bucket; empty: not sent
}

// get asks for what cloudflare-go has no method for.
func (c *Client) get(ctx context.Context, api, op, path string, result any) error {
	ctx, call := begin(ctx, api, op)
	return c.send(ctx, call, direct{method: http.MethodGet, path: path}, result)
}

// send sends r through the same transport as the generated clients do, and reads
// the answer's result into result.
func (c *Client) send(ctx context.Context, call *call, r direct, result any) error {
	c.prepare()
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return call.failed(err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.endpoint+r.path, body)
	if err != nil {
		return call.failed(err)
	}
	req.Header.Set("Authorization", "Bearer "+cmp.Or(r.token, c.Token))
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	if r.jurisdiction != "" {
		req.Header.Set("Cf-R2-Jurisdiction", r.jurisdiction)
	}
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

// MigrationTag returns the tag of the last migration of a Worker's Durable
// Objects; empty if there was none. Wrangler asks for it before each upload with
// migrations (packages/deploy-helpers, durable.ts).
func (c *Client) MigrationTag(ctx context.Context, account, script string) (string, error) {
	var service struct {
		Environment struct {
			Script struct {
				MigrationTag string `json:"migration_tag"`
			} `json:"script"`
		} `json:"default_environment"`
	}
	path := fmt.Sprintf("/accounts/%s/workers/services/%s", segment(account), segment(script))
	err := c.get(ctx, APIWorkers, fmt.Sprintf("read the migration tag of worker %q", script), path, &service)
	return service.Environment.Script.MigrationTag, err
}
