// SPDX-License-Identifier: Apache-2.0

package wrangler

import (
	"fmt"
	"strings"
)

// routeKeys are the members of a route, which is a pattern alone or a map. What is set apart in wrangler by
// custom_domain are two inputs here.
func routeKeys(path string) []Key {
	const to = "routes.<pattern>"
	keys := []Key{
		{Path: path + ".pattern", Fate: Carried, To: to},
		{Path: path + ".zone_id", Fate: Carried, To: to + ".zoneId"},
		{Path: path + ".zone_name", Fate: Carried, To: to + ".zoneName"},
		{Path: path + ".custom_domain", Fate: Carried, To: "customDomains.<pattern>", Note: "with `true`, the pattern is a " +
			"host, and `customDomains.<pattern>` has the zone"},
		{Path: path + ".enabled", Fate: Carried, To: "customDomains.<pattern>.enabled"},
		{Path: path + ".previews_enabled", Fate: Carried, To: "customDomains.<pattern>.previewsEnabled"},
	}
	if path == "routes[]" {
		keys = append(keys, Key{Path: path, Fate: Carried, To: to})
	}
	return keys
}

// routes carries over where the Worker answers. An environment inherits route and routes each for itself, and routes
// wins (wrangler 4.164, src/triggers/deploy.ts).
func (c *conversion) routes() {
	list, listed := c.config["routes"].([]any)
	at := func(i int) string { return fmt.Sprintf("%s[%d]", c.at("routes"), i) }
	switch said := c.config["routes"]; {
	case said != nil && !listed:
		c.fail("%s must be a list", c.at("routes"))
	case said == nil && c.config["route"] != nil && c.config["route"] != "": // wrangler 1's templates have an empty one
		list, at = []any{c.config["route"]}, func(int) string { return c.at("route") }
	}
	for i, route := range list {
		c.route(at(i), route)
	}
	// wrangler 4.164, getSubdomainValues; preview_urls follows workers_dev (getSubdomainValuesAPIMock).
	answers, said := c.flag("workers_dev")
	if !said {
		answers = len(list) == 0
	}
	previews, said := c.flag("preview_urls")
	if !said {
		previews = answers
	}
	c.inputs["workersDev"] = map[string]any{"enabled": answers, "previewsEnabled": previews}
}

func (c *conversion) flag(key string) (value, said bool) {
	if c.config[key] == nil {
		return false, false
	}
	value, ok := c.config[key].(bool)
	if !ok {
		c.fail("%s must be true or false", c.at(key))
	}
	return value, ok
}

func (c *conversion) route(at string, route any) {
	members, ok := route.(map[string]any)
	if pattern, text := route.(string); text {
		members, ok = map[string]any{"pattern": pattern}, true
	}
	pattern, text := members["pattern"].(string)
	if !ok || !text || pattern == "" {
		c.fail("%s must be a pattern, or have one", at)
		return
	}
	zone := map[string]any{}
	domain := false
	for name, value := range sortedMap(members) {
		key := byPath["routes[]."+name]
		switch {
		case key == nil:
			c.unknown(at+"."+name, "routes[]")
		case key.Fate == Refused:
			c.refuse(key, at+"."+name, value)
		case name == "custom_domain":
			if domain, ok = value.(bool); !ok {
				c.fail("%s must be true or false", at+"."+name)
			}
		case name != "pattern":
			zone[lastPart(key.To)] = value
		}
		if strings.HasSuffix(name, "enabled") && members["custom_domain"] != true {
			c.fail("%s is for custom domains: leave it out", at+"."+name)
		}
	}
	kind := "routes"
	if domain {
		kind = "customDomains"
	}
	all, _ := c.inputs[kind].(map[string]any)
	if all == nil {
		all = map[string]any{}
		c.inputs[kind] = all
	}
	if _, twice := all[pattern]; twice {
		c.fail("%s: %q is there twice", at, pattern)
	}
	all[pattern] = zone
}
