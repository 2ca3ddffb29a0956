// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// deployableVersions is how many of the newest versions can be deployed
// (developers.cloudflare.com/workers/configuration/versions-and-deployments: "the 100 most recent").
const deployableVersions = 100

// createVersion answers POST …/scripts/{script}/versions: a version that waits to be deployed. The Worker must exist;
// settings of the script in the metadata are ignored; migrations are refused.
func createVersion(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	u, err := c.readUpload()
	if err != nil {
		return nil, err
	}
	if u.metadata.Migrations != nil {
		// Code and text: cloudflare/cloudflare-docs issue 32982. What code 10123, "actor binding depends on migration",
		// is for (workers-sdk, packages/deploy-helpers/src/deploy/helpers/error-codes.ts) is not established: a binding
		// whose class is not there is refused with 10061 here too.
		return nil, refuse(http.StatusBadRequest, 10211, "Version upload failed. You attempted to upload a version of a "+
			"Worker that includes a Durable Object migration, but migrations must be fully applied via a non-versioned "+
			"deployment. Refer to the documentation for more information.")
	}
	u.undeployed = true
	v, _, err := c.newVersion(w.Name, u, c.query("bindings_inherit") == "strict")
	if err != nil {
		return nil, err
	}
	if w, err = c.worker(); err != nil { // deleted while the upload was tried
		return nil, err
	}
	c.add(w, v)
	result := v.view(w)
	result["startup_time_ms"] = v.StartupTimeMS
	return result, nil
}

// add makes the version the newest of the Worker.
func (c *call) add(w *worker, v *version) {
	w.Numbers++
	v.Number = w.Numbers
	w.Versions = append(w.Versions, v)
	w.Modified = v.Created
}

// listVersions answers GET …/scripts/{script}/versions, newest first, in pages; with deployable=true only those that
// can be deployed (cloudflare-go workers.ScriptVersionListParams).
func listVersions(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	versions := slices.Clone(w.Versions)
	slices.Reverse(versions)
	if c.query("deployable") == "true" {
		versions = versions[:min(len(versions), deployableVersions)]
	}
	info, part := cut(c.r, versions, 10)
	if c.query("deployable") == "true" && c.query("per_page") == "" {
		info, part = cut(c.r, versions, deployableVersions)
	}
	items := make([]any, 0, len(part))
	for _, v := range part {
		items = append(items, v.view(w))
	}
	return listed{result: map[string]any{"items": items}, info: info}, nil
}

// getVersion answers GET …/scripts/{script}/versions/{version}. Code 100146: workers-sdk,
// packages/wrangler/src/__tests__/containers/deploy.test.ts, and alchemy-run/distilled,
// patches/workers/getScriptVersion.json.
func getVersion(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	v := w.version(c.path("version"))
	if v == nil {
		return nil, refuse(http.StatusNotFound, 100146, "The requested version could not be found.")
	}
	return v.view(w), nil
}

// view is the version as the API shows it (cloudflare-go workers.ScriptVersionGetResponse). has_preview is what
// wrangler reads, hasPreview what cloudflare-go does.
func (v *version) view(w *worker) map[string]any {
	script := map[string]any{
		"etag": v.ETag, "handlers": v.Handlers, "last_deployed_from": v.Source,
	}
	if len(v.NamedHandlers) > 0 && string(v.NamedHandlers) != "null" {
		script["named_handlers"] = v.NamedHandlers
	}
	for name, value := range v.Other {
		if name == "placement" {
			script[name] = value
		}
	}
	run := map[string]any{"usage_model": v.UsageModel}
	if v.CompatibilityDate != "" {
		run["compatibility_date"] = v.CompatibilityDate
	}
	if len(v.CompatibilityFlags) > 0 {
		run["compatibility_flags"] = v.CompatibilityFlags
	}
	if v.MigrationTag != "" {
		run["migration_tag"] = v.MigrationTag
	}
	if value := v.Other["limits"]; value != nil {
		run["limits"] = value
	}
	if exports := v.liveExports(); len(exports) > 0 {
		run["exports"] = exports
	}
	preview := len(w.Classes) == 0 // Workers with Durable Objects have no preview URLs
	view := map[string]any{
		"id": v.ID, "number": v.Number,
		"metadata": map[string]any{
			"created_on": v.Created, "modified_on": v.Created, "source": v.Source, "author_id": userID(),
			"author_email": userEmail, "has_preview": preview, "hasPreview": preview,
		},
		"annotations": v.Annotations,
		"resources":   map[string]any{"bindings": views(v.Bindings), "script": script, "script_runtime": run},
	}
	if value := v.Other["cache_options"]; value != nil { // workers-sdk, packages/wrangler/src/versions/secrets/index.ts
		view["cache_options"] = value
	}
	return view
}

// patchLatest answers PATCH /accounts/{account}/workers/workers/{script}/versions/latest, a merge patch of the newest
// version that makes a further one, not deployed. Only env and annotations can be patched here: it is how wrangler
// changes secrets without deploying them (workers-sdk, packages/wrangler/src/versions/secrets/index.ts).
func patchLatest(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	latest := w.latest()
	if latest == nil {
		return nil, refuse(http.StatusNotFound, 10222, "This Worker has no versions.")
	}
	var patch map[string]json.RawMessage
	if err := c.decode(&patch, 10026); err != nil {
		return nil, err
	}
	var env map[string]binding
	var annotations map[string]string
	for name, value := range patch {
		var err error
		switch name {
		case "env":
			err = json.Unmarshal(value, &env)
		case "annotations":
			err = json.Unmarshal(value, &annotations)
		default:
			return nil, refuse(http.StatusNotImplemented, 7000, "the emulator does not patch %q of a version", name)
		}
		if err != nil {
			return nil, invalid("%s: %v", name, err)
		}
	}
	v, err := c.reissue(w, env, notes(annotations, "upload"))
	if err != nil {
		return nil, err
	}
	c.add(w, v)
	return map[string]any{
		"id": v.ID, "number": v.Number, "created_on": v.Created, "source": v.Source, "annotations": v.Annotations,
		"urls": []string{}, "compatibility_date": v.CompatibilityDate,
		"compatibility_flags": orNone(v.CompatibilityFlags), "main_module": v.MainModule, "bindings": views(v.Bindings),
	}, nil
}

// reissue makes a version like the newest one with bindings changed: those of env replaced or added, or removed where
// nil.
func (c *call) reissue(w *worker, env map[string]binding, annotations map[string]string) (*version, error) {
	if err := checkAnnotations(annotations); err != nil {
		return nil, err
	}
	v := *w.latest()
	v.ID, v.Created, v.Source, v.Annotations = newUUID(), c.now(), source(c.r), annotations
	v.Bindings = slices.DeleteFunc(slices.Clone(v.Bindings), func(b binding) bool {
		_, named := env[b.name()]
		return named
	})
	var added []binding
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if env[name] != nil {
			added = append(added, c.complete(env[name].with("name", name)))
		}
	}
	if err := checkBindings(added, &upload{metadata: v.metadata()}); err != nil {
		return nil, err
	}
	if err := c.checkTargets(w.Name, added); err != nil {
		return nil, err
	}
	added, err := c.bindAllObjects(w.Name, &objectPlan{classes: w.Classes}, added)
	if err != nil {
		return nil, err
	}
	v.Bindings = append(v.Bindings, added...)
	return &v, nil
}
