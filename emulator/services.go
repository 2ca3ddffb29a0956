// SPDX-License-Identifier: Apache-2.0

package emulator

import "net/http"

// getService answers GET /accounts/{account}/workers/services/{script} (workers-sdk,
// packages/workers-utils/src/types.ts, ServiceMetadataRes). Code 10090 when there is no such Worker:
// packages/deploy-helpers/src/deploy/helpers/worker-not-found-error.ts.
func getService(c *call) (any, error) {
	w := c.account.Workers[c.path("script")]
	if w == nil || w.active() == nil {
		return nil, refuse(http.StatusNotFound, 10090, "workers.api.error.service_not_found")
	}
	environment := map[string]any{
		"environment": "production", "created_on": w.Created, "modified_on": w.Modified,
		"script": w.view(w.active()),
	}
	return map[string]any{
		"id": w.Name, "default_environment": environment, "created_on": w.Created, "modified_on": w.Modified,
		"environments": []any{environment},
	}, nil
}

// listServiceRoutes answers GET …/services/{script}/environments/production/routes?show_zonename=true: the routes of
// the Worker in all zones (workers-sdk, packages/deploy-helpers/src/deploy/helpers/download-worker-config.ts,
// RoutesRes).
func listServiceRoutes(c *call) (any, error) {
	w := c.account.Workers[c.path("script")]
	if w == nil {
		return nil, refuse(http.StatusNotFound, 10090, "workers.api.error.service_not_found")
	}
	routes := []any{}
	for _, z := range sorted(c.state.Zones) {
		for _, route := range sorted(z.Routes) {
			if route.Script != w.Name || z.AccountID != c.account.ID {
				continue
			}
			view := map[string]any{"id": route.ID, "pattern": route.Pattern, "script": route.Script}
			if c.query("show_zonename") == "true" {
				view["zone_name"] = z.Name
			}
			routes = append(routes, view)
		}
	}
	return routes, nil
}

// deleteService answers DELETE /accounts/{account}/workers/services/{script}?force= (workers-sdk,
// packages/wrangler/src/delete.ts).
func deleteService(c *call) (any, error) {
	if c.account.Workers[c.path("script")] == nil {
		return nil, refuse(http.StatusNotFound, 10090, "workers.api.error.service_not_found")
	}
	return deleteScript(c)
}

// deleteScript answers DELETE …/scripts/{script}?force=. Without force it refuses when another Worker binds to this one
// (cloudflare-go workers.ScriptDeleteParams.Force: with it, "a script will be deleted regardless of whether it has
// bindings"; code 10142: alchemy-run/distilled, ServiceBindingConflict, recorded live; the text is ours). The Worker's
// routes, custom domains and schedules go with it; its Workflows stay, and can do nothing (JSONbored/metagraphed issue
// 10891, which found some on Cloudflare). That rules of Email Routing stay too is a best guess.
func deleteScript(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	if err := c.checkNotConsuming(w.Name); err != nil {
		return nil, err
	}
	if users := c.users(w.Name); len(users) > 0 && c.query("force") != "true" {
		return nil, refuse(http.StatusBadRequest, 10142, "Cannot delete this Worker: it is in use by Worker '%s'. "+
			"Use force to delete it all the same.", users[0].worker)
	}
	delete(c.account.Workers, w.Name)
	c.dropRoutes(w.Name)
	for id, d := range c.account.Domains {
		if d.Service == w.Name {
			c.dropDomain(id)
		}
	}
	return nil, nil
}

// reference is a binding of a deployed Worker that names another one.
type reference struct {
	worker string
	bound  binding
}

// users returns the bindings of other Workers, as deployed, that name the Worker.
func (c *call) users(name string) []reference {
	var users []reference
	for _, w := range sorted(c.account.Workers) {
		d := w.deployed()
		if d == nil || w.Name == name {
			continue
		}
		for _, s := range d.Versions {
			for _, b := range w.version(s.VersionID).Bindings {
				service := b.kind() == "service" && b.text("service") == name
				if service || c.account.Workers[name].owns(b) {
					users = append(users, reference{worker: w.Name, bound: b})
				}
			}
		}
	}
	return users
}

// getReferences answers GET …/scripts/{script}/references, which wrangler asks for before it deletes a Worker
// (workers-sdk, packages/wrangler/src/delete.ts, ServiceReferenceResponse).
func getReferences(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	incoming, objects := []any{}, []any{}
	for _, user := range c.users(w.Name) {
		if user.bound.kind() == "service" {
			incoming = append(incoming, map[string]any{
				"service": user.worker, "environment": "production", "name": user.bound.name(),
			})
			continue
		}
		objects = append(objects, map[string]any{
			"service": user.worker, "environment": "production", "name": user.bound.name(),
			"durable_object_namespace_id":   user.bound.text("namespace_id"),
			"durable_object_namespace_name": c.account.objectNamespace(user.bound.text("namespace_id")),
		})
	}
	return map[string]any{
		"services":        map[string]any{"incoming": incoming, "outgoing": []any{}, "pages_function": false},
		"durable_objects": objects, "dispatch_outbounds": []any{},
	}, nil
}

// listTails answers GET /accounts/{account}/workers/tails/by-consumer/{script}: nothing is tailed here (workers-sdk,
// packages/wrangler/src/delete.ts, Tail).
func listTails(*call) (any, error) { return []any{}, nil }

// listObjectNamespaces answers GET /accounts/{account}/workers/durable_objects/namespaces (cloudflare-go
// durable_objects.Namespace).
func listObjectNamespaces(c *call) (any, error) {
	namespaces := []any{}
	for _, w := range sorted(c.account.Workers) {
		for _, class := range w.Classes {
			namespaces = append(namespaces, map[string]any{
				"id": class.NamespaceID, "name": w.Name + "_" + class.Name, "script": w.Name, "class": class.Name,
				"use_sqlite": class.SQLite,
			})
		}
	}
	return paged(c.r, namespaces, 20), nil
}

// getWorker answers GET /accounts/{account}/workers/workers/{script}, by name or by id (cloudflare-go workers.Worker).
func getWorker(c *call) (any, error) {
	w := c.account.Workers[c.path("script")]
	for _, other := range c.account.Workers {
		if other.Tag == c.path("script") {
			w = other
		}
	}
	if w == nil {
		return nil, refuse(http.StatusNotFound, 10007, workerNotFound)
	}
	domains, users, objects, routes := []any{}, []any{}, []any{}, []any{}
	for _, d := range sorted(c.account.Domains) {
		if d.Service == w.Name {
			domains = append(domains, map[string]any{
				"id": d.ID, "certificate_id": d.CertID, "hostname": d.Hostname, "zone_id": d.ZoneID, "zone_name": d.ZoneName,
			})
		}
	}
	for _, user := range c.users(w.Name) {
		entry := map[string]any{"id": c.account.Workers[user.worker].Tag, "name": user.worker}
		if user.bound.kind() == "service" {
			users = append(users, entry)
		} else {
			objects = append(objects, map[string]any{
				"namespace_id":   user.bound.text("namespace_id"),
				"namespace_name": c.account.objectNamespace(user.bound.text("namespace_id")),
				"worker_id":      entry["id"], "worker_name": entry["name"],
			})
		}
	}
	for _, z := range sorted(c.state.Zones) {
		for _, route := range sorted(z.Routes) {
			if route.Script == w.Name && z.AccountID == c.account.ID {
				routes = append(routes, map[string]any{"id": route.ID, "pattern": route.Pattern, "zone_id": z.ID})
			}
		}
	}
	result := w.Settings.view(map[string]any{
		"id": w.Tag, "name": w.Name, "created_on": w.Created, "updated_on": w.Modified, "subdomain": w.Subdomain,
		"references": map[string]any{
			"domains": domains, "durable_objects": objects, "queues": c.account.queueReferences(w.Name), "workers": users,
			"dispatch_namespace_outbounds": []any{}, "worker_routes": routes,
		},
	})
	if d := w.deployed(); d != nil {
		result["deployed_on"] = d.Created
	}
	return result, nil
}
