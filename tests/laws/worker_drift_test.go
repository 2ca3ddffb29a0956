// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// theirs uploads and deploys a version of the Worker as somebody else would:
// with the code and the settings that are there, as far as change leaves them.
func theirs(change func(w world, u *cfapi.Upload)) func(w world, s *stack) error {
	return func(w world, _ *stack) error {
		client, ctx := w.client(), w.t.Context()
		deployments, err := client.Deployments(ctx, account, "api")
		if err != nil {
			return err
		}
		version, err := client.Version(ctx, account, "api", deployments[0].Split[0].VersionID)
		if err != nil {
			return err
		}
		u := cfapi.Upload{
			MainModule: "index.js", CompatibilityDate: version.CompatibilityDate, CompatibilityFlags: version.CompatibilityFlags,
			Modules: modulesOf(w.builds["v1"]), Message: version.Message, Tag: version.Tag, Placement: version.Placement,
			Limits: version.Limits, CacheOptions: version.CacheOptions,
		}
		for _, b := range version.Bindings {
			u.Bindings = append(u.Bindings, cfapi.Binding{Name: b.Name, Type: "inherit"})
		}
		change(w, &u)
		_, err = client.PutScript(ctx, account, "api", u)
		return err
	}
}

func modulesOf(b build) (modules []cfapi.Module) {
	for _, name := range slices.Sorted(maps.Keys(b.Files)) {
		modules = append(modules, cfapi.Module{Name: name, ContentType: string(bundle.TypeOf(name)), Content: b.Files[name]})
	}
	return modules
}

// bind sets the binding b, or removes what is called so if b has no type.
func bind(b cfapi.Binding) func(world, *cfapi.Upload) {
	return func(_ world, u *cfapi.Upload) {
		u.Bindings = slices.DeleteFunc(u.Bindings, func(other cfapi.Binding) bool { return other.Name == b.Name })
		if b.Type != "" {
			u.Bindings = append(u.Bindings, b)
		}
	}
}

func workerDrifts() []drift {
	version := []string{"deploymentId", "traffic", "versionId"}
	code := []string{"bundleDigest", "bundleSize", "deploymentId", "etag", "traffic", "versionId"}
	api := "/accounts/" + account + "/workers/scripts/api"
	// route returns the route's id.
	route := func(w world, pattern string) (cfapi.Route, error) {
		list, err := w.client().Routes(w.t.Context(), zone)
		if err != nil {
			return cfapi.Route{}, err
		}
		return list[slices.IndexFunc(list, func(r cfapi.Route) bool { return r.Pattern == pattern })], nil
	}
	// redeploy gives the rest of the traffic to a version that was ours before.
	redeploy := func(ours float64) func(w world, s *stack) error {
		return func(w world, s *stack) error {
			program := cloudflareWorker().program(w)
			if err := s.up(properties(program.with(w.builds["v2"].reference(), "bundle"))); err != nil {
				return err
			}
			split := []cfapi.Share{{VersionID: s.outputs.Get("versionId").AsString(), Percent: 100 - ours}}
			if err := s.up(properties(program)); err != nil {
				return err
			}
			if ours > 0 {
				split = append(split, cfapi.Share{VersionID: s.outputs.Get("versionId").AsString(), Percent: ours})
			}
			_, err := w.client().Deploy(w.t.Context(), account, "api", split, "", nil)
			return err
		}
	}
	return []drift{
		{
			name: "other code", outputs: code,
			make: theirs(func(_ world, u *cfapi.Upload) {
				u.Modules[0].Content, u.Message = script("theirs"), ""
			}),
			diff: map[string]p.DiffKind{"bundle.sha256": p.Update, "annotations.message": p.Add},
		},
		{
			name: "other code under our note", outputs: code,
			make: theirs(func(_ world, u *cfapi.Upload) { u.Modules[0].Content = script("theirs") }),
			diff: map[string]p.DiffKind{"bundle.sha256": p.Update},
		},
		{
			name: "a module added", outputs: code,
			make: theirs(func(_ world, u *cfapi.Upload) {
				u.Modules = append(u.Modules, cfapi.Module{Name: "more.txt", ContentType: "text/plain", Content: []byte("more")})
			}),
			diff: map[string]p.DiffKind{"bundle.sha256": p.Update},
		},
		{
			name: "the code of nobody's bundle, and no settings", outputs: code,
			make: func(w world, _ *stack) error {
				_, err := w.client().PutScript(w.t.Context(), account, "api", plainUpload("theirs"))
				return err
			},
			diff: map[string]p.DiffKind{
				"bundle.sha256": p.Update, "variables": p.Add, "bindings": p.Add, "secrets": p.Add, "compatibilityFlags": p.Add,
				"placement": p.Add, "limits": p.Add, "cacheOptions": p.Add, "annotations": p.Add,
			},
		},
		{
			name: "variable changed", outputs: version,
			make: theirs(bind(cfapi.Binding{Name: "LOG_LEVEL", Type: "plain_text", Text: "debug"})),
			diff: map[string]p.DiffKind{"variables.LOG_LEVEL": p.Update},
		},
		{
			name: "variable added", outputs: version,
			make: theirs(bind(cfapi.Binding{Name: "THEIRS", Type: "plain_text", Text: "x"})),
			diff: map[string]p.DiffKind{"variables.THEIRS": p.Delete},
		},
		{
			name: "variable removed", outputs: version, make: theirs(bind(cfapi.Binding{Name: "LOG_LEVEL"})),
			diff: map[string]p.DiffKind{"variables.LOG_LEVEL": p.Add},
		},
		{
			name: "JSON variable changed", outputs: version,
			make: theirs(bind(cfapi.Binding{Name: "LIMITS", Type: "json", JSON: json.RawMessage(`{"rps":6,"tags":["a","b"]}`)})),
			diff: map[string]p.DiffKind{"variables.LIMITS.rps": p.Update},
		},
		{
			name: "KV namespace exchanged", outputs: version,
			make: theirs(func(w world, u *cfapi.Upload) {
				bind(cfapi.Binding{Name: "CACHE", Type: "kv_namespace", NamespaceID: w.kv["other-cache"]})(w, u)
			}),
			diff: map[string]p.DiffKind{"bindings.CACHE.kvNamespace.id": p.Update},
		},
		{
			name: "bucket exchanged", outputs: version,
			make: theirs(bind(cfapi.Binding{Name: "FILES", Type: "r2_bucket", BucketName: "files", Jurisdiction: "eu"})),
			diff: map[string]p.DiffKind{"bindings.FILES.r2Bucket.jurisdiction": p.Delete},
		},
		{
			name: "service exchanged", outputs: version,
			make: theirs(bind(cfapi.Binding{Name: "AUTH", Type: "service", Service: "other-auth", Entrypoint: "Admin"})),
			diff: map[string]p.DiffKind{
				"bindings.AUTH.service.name": p.Update, "bindings.AUTH.service.entrypoint": p.Delete,
			},
		},
		{
			name: "binding added", outputs: version,
			make: theirs(bind(cfapi.Binding{Name: "THEIRS", Type: "r2_bucket", BucketName: "files"})),
			diff: map[string]p.DiffKind{"bindings.THEIRS": p.Delete},
		},
		{
			name: "binding removed", outputs: version, make: theirs(bind(cfapi.Binding{Name: "FILES"})),
			diff: map[string]p.DiffKind{"bindings.FILES": p.Add},
		},
		{
			name: "compatibility date", outputs: version,
			make: theirs(func(_ world, u *cfapi.Upload) { u.CompatibilityDate = "2025-12-31" }),
			diff: map[string]p.DiffKind{"compatibilityDate": p.Update},
		},
		{
			name: "compatibility flag removed", outputs: version,
			make: theirs(func(_ world, u *cfapi.Upload) { u.CompatibilityFlags = []string{"nodejs_compat"} }),
			diff: map[string]p.DiffKind{"compatibilityFlags[1]": p.Add},
		},
		{
			name: "secret changed", outputs: version,
			make: func(w world, _ *stack) error {
				secret := map[string]string{"name": "TOKEN", "type": "secret_text", "text": "theirs"}
				return w.raw(http.MethodPut, api+"/secrets", secret)
			},
			diff: map[string]p.DiffKind{"secrets.TOKEN": p.Update, "secrets.OTHER": p.Update},
		},
		{
			name: "secret deleted", outputs: version,
			make: func(w world, _ *stack) error { return w.raw(http.MethodDelete, api+"/secrets/TOKEN", nil) },
			diff: map[string]p.DiffKind{"secrets.TOKEN": p.Add},
		},
		{
			name: "secret changed twice", outputs: version,
			make: func(w world, _ *stack) error {
				w.patchSecrets(patched{"TOKEN": "theirs"})
				w.patchSecrets(patched{"TOKEN": "theirs again"})
				return nil
			},
			diff: map[string]p.DiffKind{"secrets.TOKEN": p.Update, "secrets.OTHER": p.Update},
		},
		{
			name: "secrets changed at once", outputs: version,
			make: func(w world, _ *stack) error {
				w.patchSecrets(patched{"TOKEN": "theirs", "OTHER": "theirs"})
				return nil
			},
			diff: map[string]p.DiffKind{"secrets.TOKEN": p.Update, "secrets.OTHER": p.Update},
		},
		{
			name: "one secret deleted and another changed", outputs: version,
			make: func(w world, _ *stack) error {
				w.patchSecrets(patched{"TOKEN": ""})
				w.patchSecrets(patched{"OTHER": "theirs"})
				return nil
			},
			diff: map[string]p.DiffKind{"secrets.TOKEN": p.Add, "secrets.OTHER": p.Update},
		},
		{
			name: "all secrets deleted at once", outputs: version,
			make: func(w world, _ *stack) error {
				w.patchSecrets(patched{"TOKEN": "", "OTHER": ""})
				return nil
			},
			diff: map[string]p.DiffKind{"secrets": p.Add},
		},
		{
			name: "variable and secret changed", outputs: version,
			make: func(w world, s *stack) error {
				err := theirs(bind(cfapi.Binding{Name: "LOG_LEVEL", Type: "plain_text", Text: "debug"}))(w, s)
				w.patchSecrets(patched{"TOKEN": "theirs"})
				return err
			},
			diff: map[string]p.DiffKind{
				"variables.LOG_LEVEL": p.Update, "secrets.TOKEN": p.Update, "secrets.OTHER": p.Update,
			},
		},
		{
			name: "secret changed, then code", outputs: code,
			make: func(w world, s *stack) error {
				w.patchSecrets(patched{"TOKEN": "theirs"})
				return theirs(func(_ world, u *cfapi.Upload) {
					u.Modules[0].Content, u.Message = script("theirs"), ""
				})(w, s)
			},
			diff: map[string]p.DiffKind{
				"bundle.sha256": p.Update, "annotations": p.Add, "secrets.TOKEN": p.Update, "secrets.OTHER": p.Update,
			},
		},
		{
			name: "rolled back to before a rotation",
			make: func(w world, s *stack) error {
				program := cloudflareWorker().program(w)
				s.mustUp(properties(program.with(secret("before"), "secrets", "TOKEN")))
				before := w.live().Split
				s.mustUp(properties(program))
				w.deploy(before...)
				return nil
			},
			outputs: []string{"deploymentId", "secretEdits", "secretStatus", "secretsVersionId", "traffic", "versionId"},
			diff:    map[string]p.DiffKind{"secrets.TOKEN": p.Update, "secrets.OTHER": p.Update},
		},
		{
			name: "taken off workers.dev", outputs: []string{"urls"},
			make: func(w world, _ *stack) error {
				return w.client().SetScriptSubdomain(w.t.Context(), account, "api", cfapi.Subdomain{})
			},
			diff: map[string]p.DiffKind{"workersDev.enabled": p.Update},
		},
		{
			name: "previews enabled",
			make: func(w world, _ *stack) error {
				both := cfapi.Subdomain{Enabled: true, PreviewsEnabled: true}
				return w.client().SetScriptSubdomain(w.t.Context(), account, "api", both)
			},
			diff: map[string]p.DiffKind{"workersDev.previewsEnabled": p.Delete},
		},
		{
			name: "route deleted", outputs: []string{"routeIds", "urls"},
			make: func(w world, _ *stack) error {
				r, err := route(w, withoutRecord)
				if err != nil {
					return err
				}
				return w.client().DeleteRoute(w.t.Context(), zone, r.ID)
			},
			diff: map[string]p.DiffKind{`routes["example.com/api/*"]`: p.Add},
		},
		{
			name: "route added", outputs: []string{"routeIds", "urls"},
			make: func(w world, _ *stack) error {
				_, err := w.client().CreateRoute(w.t.Context(), zone, "theirs.example.com/*", "api")
				return err
			},
			diff: map[string]p.DiffKind{`routes["theirs.example.com/*"]`: p.Delete},
		},
		{
			name: "custom domain detached", outputs: []string{"urls"},
			make: func(w world, _ *stack) error {
				list, err := w.client().Domains(w.t.Context(), account, "app.example.com", "")
				if err != nil {
					return err
				}
				return w.client().DeleteDomain(w.t.Context(), account, list[0].ID)
			},
			diff: map[string]p.DiffKind{"customDomains": p.Add},
		},
		{
			name: "custom domain switched off, with previews", outputs: []string{"urls"},
			make: func(w world, _ *stack) error {
				return w.client().PutDomains(w.t.Context(), account, "api", []cfapi.Origin{
					{Hostname: "app.example.com", Enabled: new(false), Previews: new(true)},
				}, cfapi.DomainOverrides{})
			},
			diff: map[string]p.DiffKind{
				`customDomains["app.example.com"].enabled`:         p.Delete,
				`customDomains["app.example.com"].previewsEnabled`: p.Delete,
			},
		},
		{
			name: "custom domain added", outputs: []string{"urls"},
			make: func(w world, _ *stack) error {
				return w.client().PutDomains(w.t.Context(), account, "api", []cfapi.Origin{
					{Hostname: "app.example.com"}, {Hostname: "theirs.example.com"},
				}, cfapi.DomainOverrides{})
			},
			diff: map[string]p.DiffKind{`customDomains["theirs.example.com"]`: p.Delete},
		},
		{
			name: "DNS record deleted", outputs: []string{"dnsRecordIds"},
			make: func(w world, s *stack) error {
				id := s.outputs.Get("dnsRecordIds").AsMap().Get(withRecord).AsString()
				return w.client().DeleteDNSRecord(w.t.Context(), zone, id)
			},
			diff: map[string]p.DiffKind{`routes["api.example.com/*"].dnsRecord`: p.Update},
		},
		{
			name: "rolled back", make: redeploy(0),
			outputs: []string{"bundleDigest", "deploymentId", "etag", "previousVersionId", "traffic", "versionId"},
			diff:    map[string]p.DiffKind{"bundle.key": p.Update, "bundle.sha256": p.Update},
		},
		{
			name: "traffic split", outputs: []string{"deploymentId", "traffic"}, make: redeploy(90),
			diff: map[string]p.DiffKind{"traffic": p.Update},
		},
		{
			name: "most traffic taken away", outputs: []string{"deploymentId", "traffic"}, make: redeploy(10),
			diff: map[string]p.DiffKind{"traffic": p.Update},
		},
		{
			name: "deleted", gone: true,
			make: func(w world, _ *stack) error { return w.client().DeleteScript(w.t.Context(), account, "api", true) },
		},
	}
}
