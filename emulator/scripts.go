// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// workerNotFound is the text of code 10007: workers-sdk,
// packages/deploy-helpers/src/deploy/helpers/worker-not-found-error.ts.
const workerNotFound = "This Worker does not exist on your account."

// scriptName is what a Worker can be called: workers-sdk, packages/workers-utils/src/config/validation-helpers.ts.
var scriptName = regexp.MustCompile(`^[a-z0-9_][a-z0-9-_]{0,62}$`)

// worker returns the Worker that the path names.
func (c *call) worker() (*worker, error) {
	if w := c.account.Workers[c.path("script")]; w != nil {
		return w, nil
	}
	return nil, refuse(http.StatusNotFound, 10007, workerNotFound)
}

// putScript answers PUT …/scripts/{script}: it makes a version and deploys it at 100 % at once, creating the Worker if
// there is none.
func putScript(c *call) (any, error) {
	name := c.path("script")
	if !scriptName.MatchString(name) {
		return nil, invalid("Worker name %q must be at most 63 characters: lower-case letters, digits, - and _", name)
	}
	if c.account.Subdomain == "" && c.account.Workers[name] == nil {
		// workers-sdk, packages/wrangler/src/dev/remote.ts and packages/deploy-helpers/src/deploy/helpers/
		// validate-worker-props.ts: an account without a workers.dev subdomain cannot upload its first Worker.
		return nil, noSubdomain()
	}
	u, err := c.readUpload()
	if err != nil {
		return nil, err
	}
	w, v, objects, err := c.deployUpload(name, u, c.query("bindings_inherit") == "strict")
	if err != nil {
		return nil, err
	}
	result := w.view(v)
	result["startup_time_ms"] = v.StartupTimeMS
	result["deployment_id"] = strings.ReplaceAll(v.ID, "-", "")
	result["entry_point"] = v.MainModule
	if objects.reconciled != nil && u.metadata.Exports != nil {
		result["exports_reconciliation"] = objects.reconciled
	}
	return result, nil
}

// noSubdomain is the refusal of what needs a workers.dev subdomain when the account has none yet.
func noSubdomain() error {
	return refuse(http.StatusForbidden, 10063, "You need a workers.dev subdomain in order to proceed. Please go to the "+
		"dashboard and open the Workers menu. Opening the Workers landing page for the first time will create a "+
		"workers.dev subdomain automatically.")
}

// deployUpload makes a version of the upload, applies what else the upload says and deploys the version. It makes the
// Worker too if there is none.
func (c *call) deployUpload(name string, u *upload, strict bool) (*worker, *version, *objectPlan, error) {
	v, objects, err := c.newVersion(name, u, strict)
	if err != nil {
		return nil, nil, nil, err
	}
	codeUpdate, err := readCodeUpdate(u.metadata.CodeUpdate)
	if err != nil {
		return nil, nil, nil, err
	}
	w := c.account.Workers[name]
	if w == nil {
		w = &worker{Name: name, Tag: newID(), Created: c.now()}
	}
	if err := w.Settings.merge(u.metadata.scriptSettings); err != nil {
		return nil, nil, nil, err
	}
	c.settle(w, objects)
	c.add(w, v)
	c.deploy(w, []*share{{VersionID: v.ID, Percentage: 100}}, deploymentNotes(v))
	w.CodeUpdate = codeUpdate
	c.account.Workers[name] = w
	return w, v, objects, nil
}

// newVersion checks and tries an upload and makes a version of it that is not yet the Worker's, and plans what becomes
// of the Worker's Durable Objects if it is deployed. The Worker need not exist. While the upload is tried the server is
// not locked, so what it refers to is looked up again afterwards.
func (c *call) newVersion(name string, u *upload, strict bool) (*version, *objectPlan, error) {
	if err := u.check(); err != nil {
		return nil, nil, err
	}
	v, objects, err := c.draft(name, u, strict, nil)
	if err != nil || c.Runtime == nil || v.assetsOnly() {
		return v, objects, err
	}
	report, err := c.try(name, v)
	if err != nil {
		return nil, nil, err
	}
	if v, objects, err = c.draft(name, u, strict, &report); err != nil {
		return nil, nil, err
	}
	if err := objects.checkExports(report); err != nil {
		return nil, nil, err
	}
	v.StartupTimeMS, v.Handlers = report.StartupTimeMS, orNone(report.Handlers)
	if err := c.checkConsumer(name, v); err != nil {
		return nil, nil, err
	}
	v.NamedHandlers, err = json.Marshal(report.NamedHandlers)
	return v, objects, err
}

// draft makes a version of an upload: its bindings resolved and known to exist. Report is what trying it found out, nil
// before.
func (c *call) draft(name string, u *upload, strict bool, report *runtime.Report) (*version, *objectPlan, error) {
	w, m := c.account.Workers[name], u.metadata
	bindings, err := c.resolveBindings(w, m, strict)
	if err != nil {
		return nil, nil, err
	}
	objects, err := c.plan(name, u, report)
	if err != nil {
		return nil, nil, err
	}
	if err := c.checkTargets(name, bindings); err != nil {
		return nil, nil, err
	}
	if bindings, err = c.bindAllObjects(name, objects, bindings); err != nil {
		return nil, nil, err
	}
	v := &version{
		ID: newUUID(), Created: c.now(), Source: source(c.r), ETag: u.etag(), Modules: u.modules, Handlers: []string{},
		MainModule: m.MainModule, BodyPart: m.BodyPart, UsageModel: "standard", MigrationTag: objects.tag, Bindings: bindings,
		CompatibilityDate: m.CompatibilityDate, CompatibilityFlags: m.CompatibilityFlags,
		Annotations: notes(m.Annotations, "upload"), Other: map[string]json.RawMessage{},
	}
	for name, value := range map[string]json.RawMessage{
		"limits": m.Limits, "placement": m.Placement, "cache_options": m.CacheOptions, "exports": m.Exports,
		"raw": m.unknown,
	} {
		if len(value) > 0 && string(value) != "null" {
			v.Other[name] = value
		}
	}
	return v, objects, c.attachAssets(w, v, m)
}

// try runs the version in a runtime of its own. What is wrong with the script is refused with the runtime's own words,
// as Cloudflare does, which runs the same runtime.
func (c *call) try(name string, v *version) (runtime.Report, error) {
	script := c.script(c.account.ID, &worker{Name: name}, v)
	c.mu.Unlock()
	report, err := c.Runtime.Validate(c.r.Context(), script)
	c.mu.Lock()
	if broken, ok := errors.AsType[*runtime.ScriptError](err); ok {
		return report, refuse(http.StatusBadRequest, broken.Code, "%s", broken.Message)
	}
	if errors.Is(err, context.Canceled) {
		return report, refuse(499, 10013, "client closed request")
	}
	return report, err
}

// metadata is the metadata whose upload made the version.
func (v *version) metadata() metadata {
	return metadata{
		MainModule: v.MainModule, BodyPart: v.BodyPart, Bindings: v.Bindings, CompatibilityDate: v.CompatibilityDate,
		CompatibilityFlags: v.CompatibilityFlags, UsageModel: v.UsageModel, Annotations: v.Annotations,
		Limits: v.Other["limits"], Placement: v.Other["placement"], CacheOptions: v.Other["cache_options"],
		Exports: v.Other["exports"], KeepAssets: true, unknown: v.Other["raw"],
	}
}

// view is the Worker with one of its versions as the API shows it (cloudflare-go workers.Script).
func (w *worker) view(v *version) map[string]any {
	result := w.Settings.view(map[string]any{
		"id": w.Name, "tag": w.Tag, "etag": v.ETag, "handlers": v.Handlers, "created_on": w.Created,
		"modified_on": w.Modified, "usage_model": v.UsageModel, "last_deployed_from": w.LastDeployedFrom,
		"has_assets": v.hasAssets(), "has_modules": v.MainModule != "",
		"compatibility_date": v.CompatibilityDate, "compatibility_flags": orNone(v.CompatibilityFlags),
	})
	if len(v.NamedHandlers) > 0 && string(v.NamedHandlers) != "null" {
		result["named_handlers"] = v.NamedHandlers
	}
	if w.MigrationTag != "" {
		result["migration_tag"] = w.MigrationTag
	}
	if placement := v.Other["placement"]; placement != nil {
		result["placement"] = placement
	}
	return result
}

// listScripts answers GET …/scripts (cloudflare-go workers.ScriptListResponse).
func listScripts(c *call) (any, error) {
	scripts := []any{}
	for _, w := range sorted(c.account.Workers) {
		if v := w.active(); v != nil {
			scripts = append(scripts, w.view(v))
		}
	}
	return listed{result: scripts}, nil
}

// getScript answers GET …/scripts/{script} with the code: bare for service-worker syntax, a form otherwise
// (cloudflare-go workers.ScriptGetResponse and scripts/content).
func getScript(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	v := w.active()
	if v == nil {
		return nil, refuse(http.StatusNotFound, 10007, workerNotFound)
	}
	if v.MainModule == "" {
		for _, m := range v.Modules {
			if m.Name == v.BodyPart {
				return content{
					contentType: "application/javascript", header: map[string]string{"Etag": v.ETag}, body: m.Content,
				}, nil
			}
		}
	}
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	for _, m := range v.Modules {
		header := textproto.MIMEHeader{"Content-Type": {m.ContentType}}
		header.Set("Content-Disposition", mime.FormatMediaType("form-data", map[string]string{
			"name": m.Name, "filename": m.Name,
		}))
		part, err := parts.CreatePart(header)
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(m.Content); err != nil {
			return nil, err
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	// cf-entrypoint: workers-sdk, packages/deploy-helpers/src/deploy/helpers/download-worker-config.ts.
	return content{
		contentType: parts.FormDataContentType(), body: form.Bytes(),
		header: map[string]string{"Etag": v.ETag, "Cf-Entrypoint": v.MainModule},
	}, nil
}

// putContent answers PUT …/scripts/{script}/content: new code, all else as it was, deployed at once (cloudflare-go
// workers.ScriptContentUpdateParams).
func putContent(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	u, err := c.readUpload()
	if err != nil {
		return nil, err
	}
	latest := w.latest()
	if latest == nil {
		return nil, refuse(http.StatusNotFound, 10007, workerNotFound)
	}
	m := latest.metadata()
	m.MainModule, m.BodyPart, m.Annotations = u.metadata.MainModule, u.metadata.BodyPart, u.metadata.Annotations
	u.metadata = m
	w, v, _, err := c.deployUpload(w.Name, u, true)
	if err != nil {
		return nil, err
	}
	return w.view(v), nil
}

// formPart returns the content of a part of a multipart body.
func (c *call) formPart(name string) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, refuse(http.StatusUnsupportedMediaType, 10001, "Content-Type must be multipart/form-data")
	}
	parts, err := readParts(c.body, params["boundary"])
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if part.Name == name {
			return part.Content, nil
		}
	}
	return nil, invalid("the form has no part %q", name)
}

// source names the kind of client in the terms of a version's metadata: workers-sdk,
// packages/wrangler/src/deployments.ts (api, dash, wrangler, terraform, other).
func source(r *http.Request) string {
	agent := strings.ToLower(r.UserAgent())
	switch {
	case strings.HasPrefix(agent, "wrangler/"):
		return "wrangler"
	case strings.Contains(agent, "terraform"):
		return "terraform"
	}
	return "api"
}

// notes are the annotations of a version: those that clients may set, and what made it.
func notes(sent map[string]string, trigger string) map[string]string {
	kept := map[string]string{"workers/triggered_by": trigger}
	for _, name := range []string{"workers/message", "workers/tag", "workers/alias"} {
		if sent[name] != "" {
			kept[name] = sent[name]
		}
	}
	return kept
}
