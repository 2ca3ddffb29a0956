// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"

	"github.com/cloudflare/cloudflare-go/v7/workers"
)

// Subdomain says where under workers.dev a Worker can be reached.
type Subdomain struct {
	Enabled         bool // at <script>.<account's subdomain>.workers.dev
	PreviewsEnabled bool // each version at its own address
}

// Route sends the requests of a zone that match a pattern to a Worker.
type Route struct {
	ID      string
	Pattern string // example.com/api/*
	Script  string // empty: matching requests go to no Worker
}

// ScriptSubdomain returns where under workers.dev the Worker can be reached.
func (c *Client) ScriptSubdomain(ctx context.Context, account, script string) (Subdomain, error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("read workers.dev settings of worker %q", script))
	var params workers.ScriptSubdomainGetParams
	params.AccountID.Value = segment(account)
	got, err := c.api().scripts.Subdomain.Get(ctx, segment(script), params)
	if err != nil {
		return Subdomain{}, call.failed(err)
	}
	return Subdomain{Enabled: got.Enabled, PreviewsEnabled: got.PreviewsEnabled}, nil
}

// SetScriptSubdomain says where under workers.dev the Worker can be reached.
func (c *Client) SetScriptSubdomain(ctx context.Context, account, script string, s Subdomain) error {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("change workers.dev settings of worker %q", script))
	call.repeatable = true
	var params workers.ScriptSubdomainNewParams
	params.AccountID.Value = segment(account)
	params.Enabled.Value, params.Enabled.Present = s.Enabled, true
	params.PreviewsEnabled.Value, params.PreviewsEnabled.Present = s.PreviewsEnabled, true
	if _, err := c.api().scripts.Subdomain.New(ctx, segment(script), params); err != nil {
		return call.failed(err)
	}
	return nil
}

// AccountSubdomain returns the first label of the account's part of workers.dev.
// If the account has none yet, the error is [ErrNotFound] with code 10007.
func (c *Client) AccountSubdomain(ctx context.Context, account string) (string, error) {
	ctx, call := begin(ctx, APIWorkers, "read the account's workers.dev subdomain")
	var params workers.SubdomainGetParams
	params.AccountID.Value = segment(account)
	got, err := c.api().subdomains.Get(ctx, params)
	if err != nil {
		return "", call.failed(err)
	}
	if got.Subdomain == "" {
		return "", call.incomplete("subdomain")
	}
	return got.Subdomain, nil
}

// Routes returns all routes of a zone; the API does not page them.
func (c *Client) Routes(ctx context.Context, zone string) ([]Route, error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("list routes of zone %q", zone))
	var params workers.RouteListParams
	params.ZoneID.Value = segment(zone)
	got, err := c.api().routes.List(ctx, params)
	if err != nil {
		return nil, call.failed(err)
	}
	routes := make([]Route, 0, len(got.Result))
	for _, r := range got.Result {
		routes = append(routes, Route{ID: r.ID, Pattern: r.Pattern, Script: r.Script})
	}
	return routes, nil
}

// CreateRoute adds a route. An empty script makes one for which no Worker runs. It
// is not repeated when the response is lost. If the pattern has a route already,
// the error is [ErrConflict].
func (c *Client) CreateRoute(ctx context.Context, zone, pattern, script string) (Route, error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("create route %q", pattern))
	var params workers.RouteNewParams
	params.ZoneID.Value = segment(zone)
	params.Pattern.Value, params.Pattern.Present = pattern, true
	params.Script.Value, params.Script.Present = script, script != ""
	got, err := c.api().routes.New(ctx, params)
	if err != nil {
		return Route{}, call.failed(err)
	}
	if got.ID == "" {
		return Route{}, call.incomplete("route id")
	}
	// Some of Cloudflare's answers hold the id alone: the rest is what was asked for.
	return Route{ID: got.ID, Pattern: pattern, Script: script}, nil
}

// UpdateRoute replaces the pattern and the Worker of the route r.ID.
func (c *Client) UpdateRoute(ctx context.Context, zone string, r Route) error {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("update route %q", r.Pattern))
	var params workers.RouteUpdateParams
	params.ZoneID.Value = segment(zone)
	params.Pattern.Value, params.Pattern.Present = r.Pattern, true
	params.Script.Value, params.Script.Present = r.Script, r.Script != ""
	if _, err := c.api().routes.Update(ctx, segment(r.ID), params); err != nil {
		return call.failed(err)
	}
	return nil
}

// DeleteRoute removes a route.
func (c *Client) DeleteRoute(ctx context.Context, zone, id string) error {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("delete route %q", id))
	var params workers.RouteDeleteParams
	params.ZoneID.Value = segment(zone)
	if _, err := c.api().routes.Delete(ctx, segment(id), params); err != nil {
		return call.failed(err)
	}
	return nil
}
