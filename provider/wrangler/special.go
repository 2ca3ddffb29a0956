// SPDX-License-Identifier: Apache-2.0

package wrangler

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// elsewhere is what [conversion.routes] converts: more than one key together makes the input.
func elsewhere(*conversion, string, any) (any, bool) { return nil, false }

// unless refuses any value but the one that says nothing new.
func unless(usual any) func(*conversion, string, any) (any, bool) {
	return func(_ *conversion, _ string, value any) (any, bool) { return value, value != usual }
}

// keepVars carries over true as a policy.
func keepVars(c *conversion, at string, value any) (any, bool) {
	keep, ok := value.(bool)
	if !ok {
		c.fail("%s must be true or false", at)
	}
	return "keep", keep
}

// codeUpdate returns wrangler's strategy, without the delay that it does not send (wrangler 4.164.0,
// resolveDurableObjectsCodeUpdateStrategy).
func codeUpdate(_ *conversion, _ string, value any) (any, bool) {
	strategy, ok := value.(map[string]any)
	if !ok || strategy["mode"] != "immediate" {
		return value, true
	}
	immediate := maps.Clone(strategy)
	delete(immediate, "max_delay")
	return immediate, true
}

// listOf carries over a text as a list of it.
func listOf(_ *conversion, _ string, value any) (any, bool) {
	if text, ok := value.(string); ok {
		return []any{text}, text != ""
	}
	return value, true
}

// milliseconds carries over a number as a text.
func milliseconds(_ *conversion, _ string, value any) (any, bool) {
	if n, ok := value.(float64); ok {
		return strconv.FormatFloat(n, 'f', -1, 64), true
	}
	return value, true
}

// complianceRegion refuses any but the default.
func complianceRegion(_ *conversion, _ string, value any) (any, bool) {
	return value, value != "public"
}

// placement returns wrangler's settings, with the mode that it leaves out where they name a target.
func placement(_ *conversion, _ string, value any) (any, bool) {
	settings, ok := value.(map[string]any)
	if !ok {
		return value, true
	}
	switch settings["mode"] {
	case "off":
		return nil, false
	case nil:
		full := map[string]any{"mode": "targeted"}
		for name, member := range settings {
			if member != nil {
				full[name] = member
			}
		}
		return full, true
	}
	return value, true
}

// fromFile is a path that is relative to the file.
func fromFile(c *conversion, at string, value any) (any, bool) {
	name, ok := value.(string)
	if !ok {
		c.fail("%s must be a text", at)
		return nil, false
	}
	if filepath.IsAbs(name) {
		return name, true
	}
	return filepath.Join(c.dir, name), true
}

// runWorkerFirst carries over a boolean as it is, and a list to an input of its own.
func runWorkerFirst(c *conversion, _ string, value any) (any, bool) {
	if rules, ok := value.([]any); ok {
		c.put("assets.runWorkerFirstRules", "", place{}, rules, false)
		return nil, false
	}
	return value, true
}

// addresses is a map of the addresses.
func addresses(c *conversion, at string, value any) (any, bool) {
	list, ok := value.([]any)
	routes := map[string]any{}
	for _, item := range list {
		address, text := item.(string)
		ok = ok && text && address != ""
		routes[address] = map[string]any{}
	}
	if !ok {
		c.fail("%s must be a list of texts", at)
		return nil, false
	}
	return routes, len(routes) > 0
}

// mainModule is the entry point where wrangler does not bundle: the module is then called as it is below base_dir,
// which is the directory of main unless it is said.
func mainModule(c *conversion, at string, value any) (any, bool) {
	main, ok := value.(string)
	if !ok {
		c.fail("%s must be a text", at)
		return nil, false
	}
	main = path.Clean(filepath.ToSlash(main))
	if c.config["no_bundle"] != true && path.Ext(main) != ".py" {
		return nil, false
	}
	base, said := c.config["base_dir"].(string)
	if !said {
		return path.Base(main), true
	}
	below, err := filepath.Rel(filepath.FromSlash(base), filepath.FromSlash(main))
	if err != nil || strings.HasPrefix(below, "..") {
		c.fail("%s: %q is not below base_dir, %q", at, main, base)
		return nil, false
	}
	return filepath.ToSlash(below), true
}

// secretTypes are the types of bindings whose fields hold a secret.
var secretTypes = []string{"secret_text", "secret_key"}

// unsafeBinding carries over a binding as the API has it. Rate limits, which wrangler once had only here, are the
// binding that they are by now.
func unsafeBinding(c *conversion, at string, value any) (any, bool) {
	members, ok := value.(map[string]any)
	name, named := members["name"].(string)
	apiType, typed := members["type"].(string)
	if !ok || !named || !typed || name == "" || apiType == "" {
		c.fail("%s must have a name and a type", at)
		return nil, false
	}
	if slices.Contains(secretTypes, apiType) {
		c.fail("%s (%s) holds a secret: give it in secrets of the program, and remove it from the file", at, name)
		return nil, false
	}
	fields := map[string]any{}
	for member, value := range members {
		if value != nil && !slices.Contains([]string{"name", "type", "dev"}, member) {
			fields[member] = value
		}
	}
	binding := map[string]any{"raw": map[string]any{"type": apiType}}
	switch {
	case apiType == "ratelimit":
		binding = map[string]any{"rateLimit": map[string]any{
			"namespaceId": fields["namespace_id"], "simple": fields["simple"],
		}}
	case len(fields) > 0:
		binding = map[string]any{"raw": map[string]any{"type": apiType, "fields": fields}}
	}
	for kind, settings := range binding {
		c.put("bindings.<name>."+kind, at, place{holders: []map[string]any{members}}, settings, true)
	}
	return nil, false
}

// noSettings is a binding of which only the name is said.
func noSettings(_ *conversion, _ string, value any) (any, bool) {
	return map[string]any{}, !saysNothing(value)
}
