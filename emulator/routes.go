// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// zoneRoute is a Worker route, in the shape of the API (cloudflare-go workers.RouteGetResponse).
type zoneRoute struct {
	ID      string `json:"id"`
	Pattern string `json:"pattern"`
	Script  string `json:"script,omitempty"` // empty: matching requests reach no Worker
}

// listRoutes answers GET /zones/{zone}/workers/routes. The API has no parameters for paging here (cloudflare-go
// workers.RouteListParams), yet clients that page ask for more until a page is empty.
func listRoutes(c *call) (any, error) {
	routes := sorted(c.zone.Routes)
	if c.query("page") > "1" {
		routes = []*zoneRoute{}
	}
	return routes, nil
}

// getRoute answers GET /zones/{zone}/workers/routes/{route}.
func getRoute(c *call) (any, error) { return c.route() }

// route returns the route that the path names. Code 10009: alchemy-run/distilled, patches/workers/updateRoute.json,
// which was recorded from the live API.
func (c *call) route() (*zoneRoute, error) {
	if route := c.zone.Routes[c.path("route")]; route != nil {
		return route, nil
	}
	return nil, refuse(http.StatusNotFound, 10009, "workers.api.error.route_not_found")
}

// createRoute answers POST /zones/{zone}/workers/routes.
func createRoute(c *call) (any, error) {
	route := &zoneRoute{ID: newID()}
	if err := c.decode(route, 10026); err != nil {
		return nil, err
	}
	route.ID = newID()
	if err := c.checkRoute(c.zone, route); err != nil {
		return nil, err
	}
	c.zone.Routes[route.ID] = route
	return route, nil
}

// updateRoute answers PUT /zones/{zone}/workers/routes/{route}.
func updateRoute(c *call) (any, error) {
	old, err := c.route()
	if err != nil {
		return nil, err
	}
	var route zoneRoute
	if err := c.decode(&route, 10026); err != nil {
		return nil, err
	}
	route.ID = old.ID
	if err := c.checkRoute(c.zone, &route); err != nil {
		return nil, err
	}
	*old = route
	return old, nil
}

// deleteRoute answers DELETE /zones/{zone}/workers/routes/{route} (cloudflare-go workers.RouteDeleteResponse).
func deleteRoute(c *call) (any, error) {
	route, err := c.route()
	if err != nil {
		return nil, err
	}
	delete(c.zone.Routes, route.ID)
	return map[string]any{"id": route.ID}, nil
}

// checkRoute refuses a route that the zone cannot have: a pattern that is none or of another zone (10022), a Worker
// that does not exist (10019), a pattern that is taken (10020). Statuses, codes and most texts:
// cloudflare/workers-docs, content/tooling/api/routes.md; the text of 10019: alchemy-run/distilled pull request 368,
// probed live.
func (c *call) checkRoute(z *zone, route *zoneRoute) error {
	parsed, err := runtime.ParseRoute(route.Pattern)
	if err != nil {
		return refuse(http.StatusBadRequest, 10022, "%v", err)
	}
	host := strings.TrimPrefix(strings.TrimPrefix(parsed.Host, "*"), ".")
	if host != z.Name && !strings.HasSuffix(host, "."+z.Name) {
		return refuse(http.StatusBadRequest, 10022, "Route pattern must include zone name: %s", route.Pattern)
	}
	if route.Script != "" && c.state.Accounts[z.AccountID].Workers[route.Script] == nil {
		return refuse(http.StatusBadRequest, 10019, "Cannot configure a route for a Worker which does not exist. Please "+
			"ensure this Worker exists and try again.")
	}
	for _, other := range z.Routes {
		if other.Pattern == route.Pattern && other.ID != route.ID {
			return refuse(http.StatusConflict, 10020, "workers.api.error.duplicate_route")
		}
	}
	return nil
}

// putScriptRoutes answers PUT /accounts/{account}/workers/scripts/{script}/routes: it makes the Worker's routes exactly
// those of the body, in all zones of the account (workers-sdk, packages/deploy-helpers/src/triggers/publish-routes.ts:
// "PUT will delete previous routes on this script"). Routes of other Workers are not taken over (10020:
// cloudflare/wrangler-action issue 241).
func putScriptRoutes(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	var wants []struct {
		Pattern  string `json:"pattern"`
		ZoneID   string `json:"zone_id"`
		ZoneName string `json:"zone_name"`
	}
	if err := c.decode(&wants, 10026); err != nil {
		return nil, err
	}
	type placed struct {
		zone  *zone
		route *zoneRoute
	}
	var routes []placed
	for _, want := range wants {
		z := c.zoneFor(want.ZoneID, want.ZoneName, want.Pattern)
		if z == nil {
			return nil, refuse(http.StatusBadRequest, 10022, "Route pattern must include zone name: %s", want.Pattern)
		}
		route := &zoneRoute{ID: newID(), Pattern: want.Pattern, Script: w.Name}
		for _, other := range z.Routes {
			if other.Pattern == route.Pattern && other.Script == w.Name {
				route.ID = other.ID
			}
		}
		if err := c.checkRoute(z, route); err != nil {
			return nil, err
		}
		routes = append(routes, placed{z, route})
	}
	c.dropRoutes(w.Name)
	result := []*zoneRoute{}
	for _, p := range routes {
		p.zone.Routes[p.route.ID] = p.route
		result = append(result, p.route)
	}
	return result, nil
}

// zoneFor returns the account's zone by id, by name or, without both, by the host of a route pattern. Nil: none.
func (c *call) zoneFor(id, name, pattern string) *zone {
	if id == "" && name == "" {
		route, err := runtime.ParseRoute(pattern)
		if err != nil {
			return nil
		}
		return c.zoneOf(c.account.ID, strings.TrimPrefix(strings.TrimPrefix(route.Host, "*"), "."))
	}
	for _, z := range c.state.Zones {
		if z.AccountID == c.account.ID && (z.ID == id || z.Name == name) {
			return z
		}
	}
	return nil
}

// dropRoutes deletes the routes of the account's Worker in all zones.
func (c *call) dropRoutes(script string) {
	for _, z := range c.state.Zones {
		for id, route := range z.Routes {
			if z.AccountID == c.account.ID && route.Script == script {
				delete(z.Routes, id)
			}
		}
	}
}
