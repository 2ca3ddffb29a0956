// SPDX-License-Identifier: Apache-2.0

package wrangler

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the goldens and the table in docs/from-wrangler.md")

// inputs converts a configuration in JSON with comments.
func inputs(t *testing.T, text string, o Options) (map[string]any, []string, error) {
	t.Helper()
	file, err := Parse("app/wrangler.jsonc", []byte(text))
	require.NoError(t, err)
	return file.Inputs(o)
}

// converted is what must be convertible, as JSON.
func converted(t *testing.T, text string, o Options) string {
	t.Helper()
	got, _, err := inputs(t, text, o)
	require.NoError(t, err)
	return asJSON(t, got)
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// noAddress is what a configuration without routes means for workers.dev.
const noAddress = `"workersDev": {"enabled": true, "previewsEnabled": true}`

func TestEachKeyGoesToItsInput(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, want string }{
		"nothing": {`{}`, `{` + noAddress + `}`},
		"worker": {
			`{
				// comments and trailing commas are wrangler's own
				"$schema": "node_modules/wrangler/config-schema.json",
				"name": "api", "account_id": "0123", "main": "src/index.ts",
				"compatibility_date": "2026-11-01", "compatibility_flags": ["nodejs_compat"],
				"limits": {"cpu_ms": 50}, "cache": {"enabled": true}, "logpush": true,
				"observability": {"enabled": true, "head_sampling_rate": 0.1, "logs": {"invocation_logs": false}},
				"minify": true, "rules": [{"type": "Text", "globs": ["**/*.md"]}], "dev": {"port": 1234}, "keep_vars": false,
				"vars": {"LEVEL": "info", "LIST": [1, "two"], "EMPTY": "", "A.B": {"c_d": null}},
				"secrets": {"required": ["KEY"]},
				"tail_consumers": [{"service": "logger"}, {"service": "other", "environment": "staging"}],
			}`,
			`{"scriptName": "api", "accountId": "0123", "compatibilityDate": "2026-11-01",
				"compatibilityFlags": ["nodejs_compat"], "limits": {"cpuMs": 50}, "cacheOptions": {"enabled": true},
				"logpush": true,
				"observability": {"enabled": true, "headSamplingRate": 0.1, "logs": {"invocationLogs": false}},
				"variables": {"LEVEL": "info", "LIST": [1, "two"], "EMPTY": "", "A.B": {"c_d": null}},
				"requiredSecrets": ["KEY"],
				"tailConsumers": {"logger": {}, "other": {"environment": "staging"}}, ` + noAddress + `}`,
		},
		"storage": {
			`{"kv_namespaces": [{"binding": "CACHE", "id": "k1", "preview_id": "k2", "remote": true}],
				"r2_buckets": [{"binding": "FILES", "bucket_name": "files", "jurisdiction": "eu"}],
				"d1_databases": [{"binding": "DB", "database_name": "db", "database_id": "d1", "migrations_dir": "m"}],
				"queues": {"producers": [{"binding": "JOBS", "queue": "jobs", "delivery_delay": 5}], "consumers": [
					{"queue": "jobs", "type": "worker", "max_batch_size": 10, "max_concurrency": null, "retry_delay": 3,
						"dead_letter_queue": "dead", "max_retries": 2, "max_batch_timeout": 1}]}}`,
			`{"bindings": {"CACHE": {"kvNamespace": {"id": "k1"}},
				"FILES": {"r2Bucket": {"name": "files", "jurisdiction": "eu"}}, "DB": {"d1Database": {"id": "d1"}},
				"JOBS": {"queue": {"name": "jobs", "deliveryDelay": 5}}},
				"queueConsumers": {"jobs": {"maxBatchSize": 10, "retryDelay": 3, "deadLetterQueue": "dead", "maxRetries": 2,
					"maxBatchTimeout": 1}}, ` + noAddress + `}`,
		},
		"bindings": {
			`{"services": [{"binding": "AUTH", "service": "auth", "entrypoint": "Admin", "props": {"a_b": 1}}],
				"browser": {"binding": "BROWSER"}, "ai": {"binding": "AI", "remote": true},
				"version_metadata": {"binding": "VERSION"}, "analytics": {"binding": "A"},
				"analytics_engine_datasets": [{"binding": "EVENTS"}, {"binding": "CLICKS", "dataset": "clicks"}],
				"k2": [{"binding": "K2", "stream": "s"}], "unsafe_hello_world": [{"binding": "HELLO"}],
				"ratelimits": [{"name": "LIMIT", "namespace_id": "1", "simple": {"limit": 5, "period": 10}}],
				"dispatch_namespaces": [{"binding": "DISPATCH", "namespace": "n",
					"outbound": {"service": "out", "parameters": ["p"]}}],
				"send_email": [{"name": "MAIL"}], "worker_loaders": [{"binding": "LOADER"}],
				"workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}],
				"logfwdr": {"bindings": [{"name": "LOG", "destination": "d"}]},
				"unsafe": {"bindings": [{"name": "OLD", "type": "ratelimit", "namespace_id": "2",
					"simple": {"limit": 1, "period": 60}}, {"name": "NEW", "type": "novelty", "x_y": 1, "dev": {}}]}}`,
			`{"bindings": {"AUTH": {"service": {"name": "auth", "entrypoint": "Admin", "props": {"a_b": 1}}},
				"BROWSER": {"browser": {}}, "AI": {"ai": {}}, "VERSION": {"versionMetadata": {}},
				"A": {"raw": {"type": "analytics"}},
				"EVENTS": {"analyticsEngine": {"dataset": "EVENTS"}}, "CLICKS": {"analyticsEngine": {"dataset": "clicks"}},
				"K2": {"raw": {"type": "k2", "fields": {"stream": "s"}}}, "HELLO": {"raw": {"type": "unsafe_hello_world"}},
				"LIMIT": {"rateLimit": {"namespaceId": "1", "simple": {"limit": 5, "period": 10}}},
				"DISPATCH": {"dispatchNamespace": {"namespace": "n", "outbound": {"service": "out", "parameters": ["p"]}}},
				"MAIL": {"sendEmail": {}}, "LOADER": {"workerLoader": {}},
				"FLOW": {"workflow": {"name": "flow", "className": "Flow"}}, "LOG": {"logfwdr": {"destination": "d"}},
				"OLD": {"rateLimit": {"namespaceId": "2", "simple": {"limit": 1, "period": 60}}},
				"NEW": {"raw": {"type": "novelty", "fields": {"x_y": 1}}}}, ` + noAddress + `}`,
		},
		"what wrangler does not know": {
			`{"unsafe": {"metadata": {"novelty": {"a_b": 1}}}}`,
			`{"rawMetadata": {"novelty": {"a_b": 1}}, ` + noAddress + `}`,
		},
		"workflows": {
			`{"workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow", "limits": {"steps": 5},
					"concurrency": {"limit": 2}, "schedules": ["* * * * *", "1 * * * *"], "jurisdiction": "eu",
					"default_retention": {"success_retention": 86400000, "error_retention": "3 days"}},
				{"binding": "MORE", "name": "more", "class_name": "More", "schedules": "* * * * *"}]}`,
			`{"bindings": {"FLOW": {"workflow": {"name": "flow", "className": "Flow", "limits": {"steps": 5},
					"concurrency": {"limit": 2}, "schedules": ["* * * * *", "1 * * * *"], "jurisdiction": "eu",
					"defaultRetention": {"successRetention": "86400000", "errorRetention": "3 days"}}},
				"MORE": {"workflow": {"name": "more", "className": "More", "schedules": ["* * * * *"]}}}, ` + noAddress + `}`,
		},
		"durable objects": {
			`{"durable_objects": {"bindings": [{"name": "ROOM", "class_name": "Room"}],
					"code_update_strategy": {"mode": "immediate", "max_delay": 5}},
				"migrations": [{"tag": "v1", "new_sqlite_classes": ["Room"]},
					{"tag": "v2", "renamed_classes": [{"from": "A", "to": "B"}], "deleted_classes": ["C"],
					"transferred_classes": [{"from": "D", "from_script": "s", "to": "E"}]}]}`,
			`{"bindings": {"ROOM": {"durableObjectNamespace": {"className": "Room"}}},
				"codeUpdateStrategy": {"mode": "immediate"},
				"migrations": [{"tag": "v1", "newSqliteClasses": ["Room"]},
					{"tag": "v2", "renamedClasses": [{"from": "A", "to": "B"}], "deletedClasses": ["C"],
					"transferredClasses": [{"from": "D", "fromScript": "s", "to": "E"}]}], ` + noAddress + `}`,
		},
		"objects that are moved later": {
			`{"durable_objects": {"code_update_strategy": {"mode": "deferred", "max_delay": 0.5}}}`,
			`{"codeUpdateStrategy": {"mode": "deferred", "maxDelay": 0.5}, ` + noAddress + `}`,
		},
		"variables of others": {`{"keep_vars": true}`, `{"unmanagedVariables": "keep", ` + noAddress + `}`},
		"exports": {
			`{"exports": {"Room": {"type": "durable-object", "storage": "sqlite"},
				"Old": {"type": "durable-object", "state": "renamed", "renamed_to": "Room"}}}`,
			`{"exports": {"Room": {"storage": "sqlite"}, "Old": {"state": "renamed", "renamedTo": "Room"}}, ` +
				noAddress + `}`,
		},
		"assets": {
			`{"assets": {"directory": "./public", "binding": "ASSETS", "html_handling": "none",
				"base_path": "/docs/", "run_worker_first": ["/api/*"]}}`,
			`{"assets": {"directory": "app/public", "htmlHandling": "none", "basePath": "/docs/",
				"runWorkerFirstRules": ["/api/*"]},
				"bindings": {"ASSETS": {"assets": {}}}, ` + noAddress + `}`,
		},
		"assets behind the worker": {
			`{"assets": {"directory": "../dist", "run_worker_first": true}}`,
			`{"assets": {"directory": "dist", "runWorkerFirst": true}, ` + noAddress + `}`,
		},
		"routes": {
			`{"routes": ["a.example.com/*", {"pattern": "b.example.com/*", "zone_id": "z"},
				{"pattern": "c.example.com/*", "zone_name": "example.com"},
				{"pattern": "d.example.com", "custom_domain": true, "enabled": true, "previews_enabled": false}]}`,
			`{"routes": {"a.example.com/*": {}, "b.example.com/*": {"zoneId": "z"},
				"c.example.com/*": {"zoneName": "example.com"}}, "customDomains": {"d.example.com": {
				"enabled": true, "previewsEnabled": false}},
				"workersDev": {"enabled": false, "previewsEnabled": false}}`,
		},
		"route": {
			`{"route": "a.example.com/*", "preview_urls": true}`,
			`{"routes": {"a.example.com/*": {}}, "workersDev": {"enabled": false, "previewsEnabled": true}}`,
		},
		"an empty route, as in old templates": {`{"route": "", "account_id": ""}`, `{` + noAddress + `}`},
		"routes beside workers.dev": {
			`{"routes": ["a.example.com/*"], "workers_dev": true}`,
			`{"routes": {"a.example.com/*": {}}, "workersDev": {"enabled": true, "previewsEnabled": true}}`,
		},
		"smart placement": {
			`{"placement": {"mode": "smart", "hint": "wnam"}}`,
			`{"placement": {"mode": "smart", "hint": "wnam"}, ` + noAddress + `}`,
		},
		"a target says the mode": {
			`{"placement": {"region": "aws:us-east-1"}}`,
			`{"placement": {"mode": "targeted", "region": "aws:us-east-1"}, ` + noAddress + `}`,
		},
		"no placement": {`{"placement": {"mode": "off"}}`, `{` + noAddress + `}`},
		"workflows and entry points in exports": {
			`{"exports": {
				"Flow": {"type": "workflow", "name": "flow", "limits": {"steps": 5}, "concurrency": {"limit": 2},
					"schedules": "* * * * *", "default_retention": {"success_retention": "3 days", "error_retention": 1000},
					"jurisdiction": "eu"},
				"Plain": {"type": "workflow", "name": "plain", "schedules": ["1 * * * *"]},
				"default": {"type": "worker", "cache": {"enabled": false}}, "Admin": {"type": "worker"}}}`,
			`{"exports": {
				"Flow": {"type": "workflow", "name": "flow", "limits": {"steps": 5}, "concurrency": {"limit": 2},
					"schedules": ["* * * * *"], "defaultRetention": {"successRetention": "3 days", "errorRetention": "1000"},
					"jurisdiction": "eu"},
				"Plain": {"type": "workflow", "name": "plain", "schedules": ["1 * * * *"]},
				"default": {"type": "worker", "cache": {"enabled": false}}, "Admin": {"type": "worker"}}, ` + noAddress + `}`,
		},
		"events, and what only wrangler dev uses": {
			`{"triggers": {"events": [
				{"type": "cf.artifacts.repo.pushed", "filter": {"namespace": "ci", "repo_name": "app"},
					"targets": [{"type": "workflow", "workflow_name": "build"}, {"type": "workflow", "workflow_name": "log"}]},
				{"type": "cf.artifacts.repo.created", "targets": [{"type": "workflow", "workflow_name": "log"}]}]},
				"connect": [{"protocol": "tcp", "port": 1}],
				"queues": {"consumers": [{"queue": "jobs", "visibility_timeout_ms": 5}]}}`,
			`{"eventTriggers": [
				{"type": "cf.artifacts.repo.pushed", "filter": {"namespace": "ci", "repo_name": "app"},
					"targets": [{"workflowName": "build"}, {"workflowName": "log"}]},
				{"type": "cf.artifacts.repo.created", "targets": [{"workflowName": "log"}]}],
				"queueConsumers": {"jobs": {}}, ` + noAddress + `}`,
		},
		"triggers and addresses": {
			`{"triggers": {"crons": ["*/5 * * * *"], "events": []}, "addresses": ["a@example.com", "*@example.com"]}`,
			`{"schedules": ["*/5 * * * *"], "emailRoutes": {"a@example.com": {}, "*@example.com": {}}, ` + noAddress + `}`,
		},
		"nothing is bundled": {
			`{"main": "./dist/server/index.js", "no_bundle": true}`, `{"mainModule": "index.js", ` + noAddress + `}`,
		},
		"Python below a directory": {
			`{"main": "src/app/entry.py", "base_dir": "src"}`, `{"mainModule": "app/entry.py", ` + noAddress + `}`,
		},
		"what a build tool generates says nothing where it is empty": {
			`{"cloudchamber": {}, "unsafe": {}, "containers": [], "wasm_modules": {}, "compliance_region": "public",
				"configPath": "x", "definedEnvironments": [], "site": null, "k2": [], "queues": {"producers": [], "consumers": []},
				"observability": {"redact_query_string": false, "issues": {"enabled": false}}, "exports": {}}`,
			`{` + noAddress + `, "exports": {}, "observability": {"redactQueryString": false, "issues": {"enabled": false}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.JSONEq(t, test.want, converted(t, test.file, Options{}))
		})
	}
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, _, err := inputs(t, `{
		"kv_namespace": [], "vars": [], "containers": [{"class_name": "C"}], "queues": {"consumers": [{"queue": "q",
			"type": "http_pull"}]},
		"kv_namespaces": [{"binding": "A", "id": "1", "idd": "2"}, {"binding": "A", "id": "2"}, {"id": "3"}, "B",
			{"binding": "C"}],
		"routes": [{"zone_id": "z"}, "a/*", "a/*", {"pattern": "b", "custom_domain": true, "previews_enabled": true}],
		"unsafe": {"bindings": [{"name": "S", "type": "secret_text", "text": "no-one-may-see-this"}]},
		"services": [{"binding": "D", "service": "s", "environment": "staging"}], "addresses": [1], "workers_dev": "yes",
		"keep_vars": "yes"
	}`, Options{Resources: map[string]any{"NOTHING": "x"}})
	var all *Error
	require.ErrorAs(t, err, &all)
	assert.NotContains(t, err.Error(), "no-one-may-see-this")
	const golden = "testdata/problems.txt"
	got := strings.Join(all.Problems, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, goldenErr := os.ReadFile(golden)
	require.NoError(t, goldenErr)
	assert.Equal(t, string(want), got, "go test ./provider/wrangler -update accepts it")
}

// TestEveryRefusedKeyIsRefused uses each of them, wherever it stands.
func TestEveryRefusedKeyIsRefused(t *testing.T) {
	t.Parallel()
	for _, key := range Keys() {
		if key.Fate != Refused {
			continue
		}
		t.Run(key.Path, func(t *testing.T) {
			t.Parallel()
			value := any(map[string]any{"enabled": true})
			if lastPart(key.Path) == "enabled" {
				value = false
			}
			for at := key.Path; at != ""; at = parentOf(at) {
				if strings.HasSuffix(at, "[]") {
					value = []any{value}
					continue
				}
				beside := map[string]any{strings.Replace(lastPart(at), "*", "X", 1): value}
				for _, sibling := range below[parentOf(at)] {
					name := lastPart(sibling.Path)
					if sibling.named() != "" && sibling.convert == nil && beside[name] == nil && name != "custom_domain" {
						beside[name] = "X"
					}
				}
				value = beside
			}
			values, ok := value.(map[string]any)
			require.True(t, ok)
			_, _, err := (&File{Path: "wrangler.jsonc", values: values}).Inputs(Options{WithoutResources: true})
			var all *Error
			require.ErrorAs(t, err, &all)
			require.Len(t, all.Problems, 1)
			note := strings.ReplaceAll(key.Note, "`", "")
			assert.Contains(t, all.Problems[0], lastPart(key.Path)+" is not carried over: "+note)
		})
	}
}

func TestAnEnvironmentInheritsAsWithWrangler(t *testing.T) {
	t.Parallel()
	const file = `{
		"name": "api", "compatibility_date": "2026-01-01", "vars": {"A": "top"}, "routes": ["a.example.com/*"],
		"kv_namespaces": [{"binding": "CACHE", "id": "1"}], "limits": {"cpu_ms": 1}, "triggers": {"crons": ["* * * * *"]},
		"addresses": ["a@example.com"], "define": {"X": "1"},
		"env": {
			"production": {"compatibility_date": "2026-02-02", "vars": {"A": "own"}, "limits": null},
			"staging": {"name": "other", "routes": [], "triggers": {"crons": []}}
		}
	}`
	got, warnings, err := inputs(t, file, Options{Environment: "production"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"scriptName": "api-production", "compatibilityDate": "2026-02-02", "variables": {"A": "own"},
		"routes": {"a.example.com/*": {}}, "limits": {"cpuMs": 1}, "schedules": ["* * * * *"],
		"emailRoutes": {"a@example.com": {}}, "workersDev": {"enabled": false, "previewsEnabled": false}}`, asJSON(t, got))
	assert.Equal(t, []string{`"kv_namespaces" is at the top of the file and not in env.production, which does not ` +
		`inherit it`}, warnings)

	got, warnings, err = inputs(t, file, Options{Environment: "staging"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"scriptName": "other", "compatibilityDate": "2026-01-01", "limits": {"cpuMs": 1}, "schedules": [],
		"emailRoutes": {"a@example.com": {}}, "workersDev": {"enabled": true, "previewsEnabled": true}}`, asJSON(t, got))
	assert.Len(t, warnings, 2)

	_, _, err = inputs(t, file, Options{Environment: "prod"})
	require.EqualError(t, err, `app/wrangler.jsonc: there is no environment "prod"; the file has production, staging`)
	_, _, err = inputs(t, `{}`, Options{Environment: "prod"})
	require.EqualError(t, err, `app/wrangler.jsonc: there is no environment "prod"; the file has none`)
	_, _, err = inputs(t, `{"env": {"e": {"site": {}}}}`, Options{Environment: "e"})
	require.EqualError(t, err, "app/wrangler.jsonc: env.e.site: an environment cannot say it; it belongs "+
		"at the top of the file")
	_, _, err = inputs(t, `{"env": {"e": {"vars": 1, "whatever": 1}}}`, Options{Environment: "e"})
	require.ErrorContains(t, err, "env.e.vars must be a map; env.e.whatever: wrangler has no such key")
}

func TestWhatWranglerWouldMakeIsGivenOrNamed(t *testing.T) {
	t.Parallel()
	const file = `{"kv_namespaces": [{"binding": "CACHE"}], "d1_databases": [{"binding": "DB", "database_name": "db"}],
		"r2_buckets": [{"binding": "FILES"}]}`
	_, _, err := inputs(t, file, Options{Resources: map[string]any{"CACHE": "k"}})
	require.EqualError(t, err, "app/wrangler.jsonc: d1_databases[0] (DB) has no database_id, and wrangler would make the "+
		"resource: give the id of a D1 database as resources.DB; r2_buckets[0] (FILES) has no bucket_name, and wrangler "+
		"would make the resource: give the name of an R2 bucket as resources.FILES")
	all := map[string]any{"CACHE": "k", "DB": "d", "FILES": "f"}
	assert.JSONEq(t, `{"bindings": {"CACHE": {"kvNamespace": {"id": "k"}}, "DB": {"d1Database": {"id": "d"}},
		"FILES": {"r2Bucket": {"name": "f"}}}, `+noAddress+`}`, converted(t, file, Options{Resources: all}))
	assert.JSONEq(t, `{"bindings": {"CACHE": {"kvNamespace": {}}, "DB": {"d1Database": {"id": "d"}},
		"FILES": {"r2Bucket": {}}}, `+noAddress+`}`,
		converted(t, file, Options{Resources: map[string]any{"DB": "d"}, WithoutResources: true}))
	_, _, err = inputs(t, `{"kv_namespaces": [{"binding": "CACHE", "id": "1"}]}`, Options{Resources: all})
	require.ErrorContains(t, err, "resources.CACHE: the file has no binding of this name that leaves open")
}

func TestTOMLAndJSONSayTheSame(t *testing.T) {
	t.Parallel()
	fromTOML, err := Parse("wrangler.toml", []byte(`
		name = "api"
		compatibility_date = "2026-11-01"
		[limits]
		cpu_ms = 50
		[[kv_namespaces]]
		binding = "CACHE"
		id = "k"
		[vars]
		RATE = 0.5
		LIST = [1, { a = 2 }]
		[env.production.vars]
		RATE = 1
	`))
	require.NoError(t, err)
	fromJSON, err := Parse("wrangler.json", []byte("\ufeff"+`{"name": "api", "compatibility_date": "2026-11-01",
		"limits": {"cpu_ms": 50}, "kv_namespaces": [{"binding": "CACHE", "id": "k"}],
		"vars": {"RATE": 0.5, "LIST": [1, {"a": 2}]}, "env": {"production": {"vars": {"RATE": 1}}}}`))
	require.NoError(t, err)
	for _, environment := range []string{"", "production"} {
		a, _, err := fromTOML.Inputs(Options{Environment: environment})
		require.NoError(t, err)
		b, _, err := fromJSON.Inputs(Options{Environment: environment})
		require.NoError(t, err)
		assert.Equal(t, b, a)
	}
}

func TestAFileThatCannotBeReadSaysWhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ path, text, want string }{
		"JSON":          {"wrangler.json", "{\n\"a\": }", "wrangler.json: line 2"},
		"TOML":          {"wrangler.toml", "a = 1\nb = ", "wrangler.toml: line 2"},
		"a date":        {"wrangler.toml", "compatibility_date = 2026-01-01", "compatibility_date: a date or time"},
		"a large":       {"wrangler.toml", "[vars]\nA = 9007199254740993", "vars.A: 9007199254740993 is too large a number"},
		"no number":     {"wrangler.toml", "[vars]\nA = [nan]", "vars.A[0]: NaN is no number of JSON"},
		"not an object": {"wrangler.json", "[]", "wrangler.json: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(test.path, []byte(test.text))
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := Read("testdata/none")
	require.ErrorContains(t, err, `there is no configuration of wrangler at "testdata/none"`)
}

func TestADirectoryHasTheFileThatWranglerWouldFind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Read(dir)
	require.ErrorContains(t, err, "there is no configuration of wrangler")
	for _, name := range []string{"wrangler.toml", "wrangler.jsonc", "wrangler.json"} { // each wins over those before
		text := "{}"
		if name == "wrangler.toml" {
			text = ""
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		file, err := Read(dir)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, name), file.Path)
	}
}
