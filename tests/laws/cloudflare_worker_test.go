// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
)

const (
	withRecord    = "api.example.com/*" // the route that has a DNS record of its own
	withoutRecord = "example.com/api/*"
)

// prepareForWorkers makes what a Worker can refer to, and builds of it.
func prepareForWorkers(w world) {
	w.t.Helper()
	client, ctx := w.client(), w.t.Context()
	w.makeBuckets()
	w.makeBucket(account, r2.Bucket{Name: "files"})
	w.makeBucket(account, r2.Bucket{Name: "other-files"})
	w.makeBucket(account, r2.Bucket{Name: "files", Jurisdiction: "eu"})
	for _, title := range []string{"cache", "other-cache"} {
		n, err := client.CreateKVNamespace(ctx, account, title)
		require.NoError(w.t, err)
		w.kv[title] = n.ID
	}
	for _, name := range []string{"auth", "other-auth"} {
		_, err := client.PutScript(ctx, account, name, plainUpload(name))
		require.NoError(w.t, err)
	}
	wasm := []byte("\x00asm\x01\x00\x00\x00")
	w.put(w.build("v1", map[string][]byte{"index.js": script("v1"), "lib/add.wasm": wasm, "notes.txt": []byte("hello")}))
	w.put(w.build("v2", map[string][]byte{"index.js": script("v2"), "lib/add.wasm": wasm, "notes.txt": []byte("hello")}))
}

func cloudflareWorker() subject {
	binding := func(name string, value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, append([]string{"bindings", name}, path...)...) }
	}
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	return subject{
		name:    "CloudflareWorker",
		token:   provider.Name + ":index:CloudflareWorker",
		prepare: prepareForWorkers,
		program: func(w world) object {
			return object{
				"scriptName":         "api",
				"bundle":             w.builds["v1"].reference(),
				"mainModule":         "index.js",
				"compatibilityDate":  "2026-01-01",
				"compatibilityFlags": []any{"nodejs_compat", "global_navigator"},
				"variables":          object{"LOG_LEVEL": "info", "LIMITS": object{"rps": 5, "tags": []any{"a", "b"}}},
				"secrets":            object{"TOKEN": secret("one"), "OTHER": secret("two")},
				"bindings": object{
					"CACHE": object{"kvNamespace": object{"id": w.kv["cache"]}},
					"FILES": object{"r2Bucket": object{"name": "files"}},
					"AUTH":  object{"service": object{"name": "auth"}},
				},
				"placement":    object{"mode": "smart"},
				"limits":       object{"cpuMs": 50},
				"cacheOptions": object{"enabled": true},
				"annotations":  object{"message": "the first release", "tag": "v1"},
				"observability": object{
					"enabled": true, "headSamplingRate": 0.5, "logs": object{"invocationLogs": false, "destinations": []any{"b", "a"}},
				},
				"logpush":                true,
				"tags":                   []any{"team:web", "prod"},
				"tailConsumers":          object{"auth": object{}},
				"streamingTailConsumers": object{"other-auth": object{}},
				"schedules":              []any{"*/5 * * * *", "0 0 * * SUN"},
				"workersDev":             object{"enabled": true},
				"routes": object{
					withRecord:    object{"zoneId": zone, "dnsRecord": true},
					withoutRecord: object{"zoneId": zone},
				},
				"customDomains": object{"app.example.com": object{"zoneId": zone}},
			}
		},
		changes: append(settingChanges(), []change{
			{
				name: "moved to another account", covers: []string{"accountId"},
				edit: func(w world, o object) object { // what it refers to stays behind
					w.putInto(otherAccount, w.builds["v1"])
					return o.with(otherAccount, "accountId").with(nil, "bindings").with(nil, "routes").
						with(nil, "customDomains").with(nil, "tailConsumers").with(nil, "streamingTailConsumers")
				},
				diff: map[string]p.DiffKind{
					"accountId": p.UpdateReplace, "bindings": p.Delete, "routes": p.Delete, "tailConsumers": p.Delete,
					"customDomains": p.Delete, "streamingTailConsumers": p.Delete,
				},
			},
			{
				name: "renamed", covers: []string{"scriptName"}, edit: set("api-2", "scriptName"),
				diff: map[string]p.DiffKind{"scriptName": p.UpdateReplace},
			},
			{
				name: "one module changed",
				edit: func(w world, o object) object { return o.with(w.builds["v2"].reference(), "bundle") },
				diff: map[string]p.DiffKind{"bundle.key": p.Update, "bundle.sha256": p.Update},
			},
			{
				name: "one module changed behind the same key", covers: []string{"bundle.sha256"},
				edit: func(w world, o object) object {
					next := w.builds["v2"]
					next.key = w.builds["v1"].key
					w.put(next)
					return o.with(next.reference(), "bundle")
				},
				diff: map[string]p.DiffKind{"bundle.sha256": p.Update},
			},
			{
				name: "one module changed for a tenth of the requests", gradual: true, covers: []string{"rollout.percentage"},
				edit: func(w world, o object) object {
					return o.with(w.builds["v2"].reference(), "bundle").with(10, "rollout", "percentage")
				},
				diff: map[string]p.DiffKind{"bundle.key": p.Update, "bundle.sha256": p.Update, "rollout": p.Add},
			},
			{
				name: "nothing to roll out", idle: true, edit: set(object{"percentage": 10}, "rollout"),
				diff: map[string]p.DiffKind{"rollout": p.Add},
			},
			{
				name: "the same bundle at another key", idle: true, covers: []string{"bundle.key"},
				edit: set("elsewhere/", "bundle", "key"), diff: map[string]p.DiffKind{"bundle.key": p.Update},
			},
			{
				name: "the same bundle in another bucket", idle: true, covers: []string{"bundle.bucket"},
				edit: set("other-bundles", "bundle", "bucket"), diff: map[string]p.DiffKind{"bundle.bucket": p.Update},
			},
			{
				name: "the same bundle in another jurisdiction", idle: true, covers: []string{"bundle.jurisdiction"},
				edit: set("eu", "bundle", "jurisdiction"), diff: map[string]p.DiffKind{"bundle.jurisdiction": p.Add},
			},
			{
				name: "entry point inferred", covers: []string{"mainModule"}, edit: set(nil, "mainModule"),
				diff: map[string]p.DiffKind{"mainModule": p.Delete},
			},
			{
				name: "compatibility date", covers: []string{"compatibilityDate"}, edit: set("2026-02-01", "compatibilityDate"),
				diff: map[string]p.DiffKind{"compatibilityDate": p.Update},
			},
			{
				name: "compatibility flag added", covers: []string{"compatibilityFlags"},
				edit: set([]any{"nodejs_compat", "global_navigator", "nodejs_als"}, "compatibilityFlags"),
				diff: map[string]p.DiffKind{"compatibilityFlags[2]": p.Add},
			},
			{
				name: "compatibility flags in another order", idle: true,
				edit: set([]any{"global_navigator", "nodejs_compat"}, "compatibilityFlags"),
				diff: map[string]p.DiffKind{"compatibilityFlags[0]": p.Update, "compatibilityFlags[1]": p.Update},
			},
			{
				name: "variable changed", covers: []string{"variables"}, edit: set("debug", "variables", "LOG_LEVEL"),
				diff: map[string]p.DiffKind{"variables.LOG_LEVEL": p.Update},
			},
			{
				name: "variable added", edit: set("eu", "variables", "REGION"),
				diff: map[string]p.DiffKind{"variables.REGION": p.Add},
			},
			{
				name: "variable removed", edit: set(nil, "variables", "LOG_LEVEL"),
				diff: map[string]p.DiffKind{"variables.LOG_LEVEL": p.Delete},
			},
			{
				name: "JSON variable changed", edit: set([]any{"a", "c"}, "variables", "LIMITS", "tags"),
				diff: map[string]p.DiffKind{"variables.LIMITS.tags[1]": p.Update},
			},
			{
				name: "string becomes JSON", edit: set(5, "variables", "LOG_LEVEL"),
				diff: map[string]p.DiffKind{"variables.LOG_LEVEL": p.Update},
			},
			{
				name: "secret changed", covers: []string{"secrets"}, edit: set(secret("new"), "secrets", "TOKEN"),
				diff: map[string]p.DiffKind{"secrets.TOKEN": p.Update},
			},
			{
				name: "secret added", edit: set(secret("three"), "secrets", "THIRD"),
				diff: map[string]p.DiffKind{"secrets.THIRD": p.Add},
			},
			{
				name: "secret removed", edit: set(nil, "secrets", "TOKEN"),
				diff: map[string]p.DiffKind{"secrets.TOKEN": p.Delete},
			},
			{
				name: "unmanaged secrets removed", idle: true, covers: []string{"unmanagedSecrets"},
				edit: set("remove", "unmanagedSecrets"), diff: map[string]p.DiffKind{"unmanagedSecrets": p.Add},
			},
			{
				name: "unmanaged secrets refused", edit: set("error", "unmanagedSecrets"),
				diff: map[string]p.DiffKind{"unmanagedSecrets": p.Add},
			},
			{
				name: "secret required", idle: true, covers: []string{"requiredSecrets"},
				edit: set([]any{"TOKEN"}, "requiredSecrets"), diff: map[string]p.DiffKind{"requiredSecrets": p.Add},
			},
			{
				name: "class of objects made", covers: []string{"migrations"},
				edit: set([]any{object{"tag": "v1", "newSqliteClasses": []any{"Room"}}}, "migrations"),
				diff: map[string]p.DiffKind{"migrations": p.Add},
			},
			{
				name: "class of objects declared", covers: []string{"exports.*.storage"},
				edit: set(object{"Room": object{"storage": "sqlite"}}, "exports"), diff: map[string]p.DiffKind{"exports": p.Add},
			},
			{
				name: "loss of data allowed", covers: []string{"allowDataLoss"}, idle: true,
				edit: set([]any{"Room"}, "allowDataLoss"), diff: map[string]p.DiffKind{"allowDataLoss": p.Add},
			},
			{
				name: "KV namespace exchanged", covers: []string{"bindings.*.kvNamespace.id"},
				edit: func(w world, o object) object {
					return o.with(w.kv["other-cache"], "bindings", "CACHE", "kvNamespace", "id")
				},
				diff: map[string]p.DiffKind{"bindings.CACHE.kvNamespace.id": p.Update},
			},
			{
				name: "bucket exchanged", covers: []string{"bindings.*.r2Bucket.name"},
				edit: binding("FILES", "other-files", "r2Bucket", "name"),
				diff: map[string]p.DiffKind{"bindings.FILES.r2Bucket.name": p.Update},
			},
			{
				name: "bucket in a jurisdiction", covers: []string{"bindings.*.r2Bucket.jurisdiction"},
				edit: binding("FILES", "eu", "r2Bucket", "jurisdiction"),
				diff: map[string]p.DiffKind{"bindings.FILES.r2Bucket.jurisdiction": p.Add},
			},
			{
				name: "service exchanged", covers: []string{"bindings.*.service.name"},
				edit: binding("AUTH", "other-auth", "service", "name"),
				diff: map[string]p.DiffKind{"bindings.AUTH.service.name": p.Update},
			},
			{
				name: "service entry point", covers: []string{"bindings.*.service.entrypoint"},
				edit: binding("AUTH", "Admin", "service", "entrypoint"),
				diff: map[string]p.DiffKind{"bindings.AUTH.service.entrypoint": p.Add},
			},
			{
				name: "binding added",
				edit: binding("MORE", object{"r2Bucket": object{"name": "other-files"}}),
				diff: map[string]p.DiffKind{"bindings.MORE": p.Add},
			},
			{
				name: "binding removed", edit: binding("FILES", nil), diff: map[string]p.DiffKind{"bindings.FILES": p.Delete},
			},
			{
				name: "binding of another kind", edit: binding("CACHE", object{"r2Bucket": object{"name": "files"}}),
				diff: map[string]p.DiffKind{"bindings.CACHE.kvNamespace": p.Delete, "bindings.CACHE.r2Bucket": p.Add},
			},
			{
				name: "taken off workers.dev", covers: []string{"workersDev.enabled"}, edit: set(false, "workersDev", "enabled"),
				diff: map[string]p.DiffKind{"workersDev.enabled": p.Update},
			},
			{
				name: "workers.dev left out", edit: set(nil, "workersDev"), diff: map[string]p.DiffKind{"workersDev": p.Delete},
			},
			{
				name: "previews enabled", covers: []string{"workersDev.previewsEnabled"},
				edit: set(true, "workersDev", "previewsEnabled"),
				diff: map[string]p.DiffKind{"workersDev.previewsEnabled": p.Add},
			},
			{
				name: "route added", edit: set(object{"zoneId": zone, "dnsRecord": true}, "routes", "new.example.com/*"),
				diff: map[string]p.DiffKind{`routes["new.example.com/*"]`: p.Add},
			},
			{
				name: "route removed", edit: set(nil, "routes", withRecord),
				diff: map[string]p.DiffKind{`routes["api.example.com/*"]`: p.Delete},
			},
			{
				name: "route moved to another pattern",
				edit: func(_ world, o object) object {
					return o.with(nil, "routes", withRecord).
						with(object{"zoneId": zone, "dnsRecord": true}, "routes", "www.example.com/*")
				},
				diff: map[string]p.DiffKind{`routes["api.example.com/*"]`: p.Delete, `routes["www.example.com/*"]`: p.Add},
			},
			{
				name: "route moved to another zone", covers: []string{"routes.*.zoneId"},
				edit: set(otherZone, "routes", withRecord, "zoneId"),
				diff: map[string]p.DiffKind{`routes["api.example.com/*"].zoneId`: p.Update},
			},
			{
				name: "DNS record left out", covers: []string{"routes.*.dnsRecord"},
				edit: set(nil, "routes", withRecord, "dnsRecord"),
				diff: map[string]p.DiffKind{`routes["api.example.com/*"].dnsRecord`: p.Delete},
			},
			{
				name: "DNS record asked for", edit: set(true, "routes", withoutRecord, "dnsRecord"),
				diff: map[string]p.DiffKind{`routes["example.com/api/*"].dnsRecord`: p.Add},
			},
			{
				name: "takeOver of a route that is ours", idle: true, covers: []string{"routes.*.takeOver"},
				edit: set(true, "routes", withoutRecord, "takeOver"),
				diff: map[string]p.DiffKind{`routes["example.com/api/*"].takeOver`: p.Add},
			},
			{
				name: "custom domain added", edit: set(object{"zoneId": zone}, "customDomains", "new.example.com"),
				diff: map[string]p.DiffKind{`customDomains["new.example.com"]`: p.Add},
			},
			{
				name: "custom domain switched off", covers: []string{"customDomains.*.enabled"},
				edit: set(false, "customDomains", "app.example.com", "enabled"),
				diff: map[string]p.DiffKind{`customDomains["app.example.com"].enabled`: p.Add},
			},
			{
				name: "custom domain said to answer", idle: true,
				edit: set(true, "customDomains", "app.example.com", "enabled"),
				diff: map[string]p.DiffKind{`customDomains["app.example.com"].enabled`: p.Add},
			},
			{
				name: "previews at the custom domain", covers: []string{"customDomains.*.previewsEnabled"},
				edit: set(true, "customDomains", "app.example.com", "previewsEnabled"),
				diff: map[string]p.DiffKind{`customDomains["app.example.com"].previewsEnabled`: p.Add},
			},
			{
				name: "custom domain removed", edit: set(nil, "customDomains"),
				diff: map[string]p.DiffKind{"customDomains": p.Delete},
			},
			{
				name: "custom domain moved to another name",
				edit: set(object{"www.example.com": object{"zoneId": zone}}, "customDomains"),
				diff: map[string]p.DiffKind{
					`customDomains["app.example.com"]`: p.Delete, `customDomains["www.example.com"]`: p.Add,
				},
			},
			{
				name: "overrides of a custom domain that is attached", idle: true,
				covers: []string{"customDomains.*.overrideExistingOrigin", "customDomains.*.overrideExistingDnsRecord"},
				edit: set(object{"zoneId": zone, "overrideExistingOrigin": true, "overrideExistingDnsRecord": true},
					"customDomains", "app.example.com"),
				diff: map[string]p.DiffKind{
					`customDomains["app.example.com"].overrideExistingOrigin`:    p.Add,
					`customDomains["app.example.com"].overrideExistingDnsRecord`: p.Add,
				},
			},
			{
				name: "route becomes a custom domain",
				edit: func(_ world, o object) object {
					return o.with(nil, "routes", withRecord).with(object{"zoneId": otherZone}, "customDomains", "api.example.com")
				},
				diff: map[string]p.DiffKind{
					`routes["api.example.com/*"]`: p.Delete, `customDomains["api.example.com"]`: p.Add,
				},
			},
			{
				name: "custom domain becomes a route",
				edit: func(_ world, o object) object {
					return o.with(nil, "customDomains").
						with(object{"zoneId": zone, "dnsRecord": true}, "routes", "app.example.com/*")
				},
				diff: map[string]p.DiffKind{"customDomains": p.Delete, `routes["app.example.com/*"]`: p.Add},
			},
			{
				name: "not waited for", idle: true, covers: []string{"waitForReady"}, edit: set(false, "waitForReady"),
				diff: map[string]p.DiffKind{"waitForReady": p.Add},
			},
			{
				name: "adopted", covers: []string{"adopt"}, edit: set(true, "adopt"), diff: map[string]p.DiffKind{"adopt": p.Add},
			},
			{
				name: "everything at once",
				edit: func(w world, o object) object {
					return o.with(w.builds["v2"].reference(), "bundle").with("debug", "variables", "LOG_LEVEL").
						with(secret("new"), "secrets", "TOKEN").with(nil, "secrets", "OTHER").with(nil, "bindings", "AUTH").
						with(true, "workersDev", "previewsEnabled").with(nil, "routes", withRecord).
						with(object{"zoneId": zone, "dnsRecord": true}, "routes", "www.example.com/*")
				},
				diff: map[string]p.DiffKind{
					"bundle.key": p.Update, "bundle.sha256": p.Update, "variables.LOG_LEVEL": p.Update, "secrets.TOKEN": p.Update,
					"secrets.OTHER": p.Delete, "bindings.AUTH": p.Delete, "workersDev.previewsEnabled": p.Add,
					`routes["api.example.com/*"]`: p.Delete, `routes["www.example.com/*"]`: p.Add,
				},
			},
		}...),
		drifts:   append(workerDrifts(), settingDrifts()...),
		importID: func(world, *stack) string { return account + "/api" },
		waived: map[string]string{
			"routes.*.zoneName":        "is looked up, which is a request (worker_zone_test.go)",
			"customDomains.*.zoneId":   "a host name is in one zone (worker_zone_test.go)",
			"customDomains.*.zoneName": "is looked up, which is a request (worker_zone_test.go)",
			"exports.*.state":          "begins with a class that is there (worker_migration_test.go)",
			"exports.*.renamedTo":      "begins with a class that is there (worker_migration_test.go)",
			"exports.*.transferredTo":  "begins with a class that is there (worker_migration_test.go)",
			"exports.*.transferFrom":   "begins with a class that is there (worker_migration_test.go)",
		},
		unreadable: map[string]string{
			"secrets":              "Cloudflare never gives a secret's value back",
			"secretStatus":         "who has set a secret cannot be read",
			"secretsVersionId":     "who has set a secret cannot be read",
			"unmanagedSecretNames": "who has set a secret cannot be read",
		},
	}
}
