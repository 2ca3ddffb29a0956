// SPDX-License-Identifier: Apache-2.0

package wrangler

import (
	"slices"
	"strings"
)

// Reasons that several keys have in common.
const (
	ofTheBuild       = "wrangler builds with it: what is deployed is the bundle"
	ofDevelopment    = "used by `wrangler dev`"
	ofTheEditor      = "read by editors"
	ofWranglerItself = "about wrangler itself"
	ofRedirection    = "a note of the tool that generated the file"
	noEnvironments   = "service environments are gone: name the Worker of the environment, such as `api-production`"
	noRemote         = "used by `wrangler dev`: whether it uses the real resource"
	noContainers     = "containers are not deployed here: deploy a Worker that has any with wrangler"
	aboutMS          = "a number of milliseconds is a text here"
	partOfBundle     = "ES modules import such a file. A Worker in service-worker format binds a file of its bundle: " +
		"`bindings.<name>.%s.part`"
)

// keys is every key of wrangler's configuration. Sources: config-schema.json of wrangler 4.164.0, and for what is
// sent packages/deploy-helpers/src/deploy/helpers/create-worker-upload-form.ts.
var keys = func() []Key {
	all := slices.Concat(fileKeys, workerKeys, triggerKeys, bindingKeys, storageKeys, classKeys)
	for i := range all {
		all[i].schema = !strings.HasPrefix(all[i].Note, legacy)
		all[i].Note = strings.TrimPrefix(all[i].Note, legacy)
	}
	slices.SortFunc(all, func(a, b Key) int { return strings.Compare(a.Path, b.Path) })
	return all
}()

// legacy begins the notes of keys that wrangler, or a tool that writes its files, has beside those of the schema.
const legacy = "\x00"

// fileKeys are about the file, development and the build.
var fileKeys = []Key{
	{Path: "$schema", Scope: TopOnly, Fate: Ignored, Note: ofTheEditor},
	{
		Path: "env", Scope: TopOnly, Fate: Carried,
		Note: "the argument `environment` chooses one; its Worker is called `<name>-<environment>` unless it says " +
			"another name",
	},
	{Path: "send_metrics", Scope: TopOnly, Fate: Ignored, Note: ofWranglerItself},
	{Path: "dependencies_instrumentation", Scope: TopOnly, Fate: Ignored, Note: ofWranglerItself},
	{Path: "dev", Scope: TopOnly, Fate: Ignored, Note: ofDevelopment},
	{Path: "access", Scope: Inherited, Fate: Ignored, Note: ofDevelopment + ": who is signed in there"},
	{
		Path: "previews", Scope: Inherited, Fate: Ignored,
		Note: "used by `wrangler preview`: a stack of its own is a preview",
	},
	{
		Path: "main", Scope: Inherited, Fate: Carried, To: "mainModule",
		Note: "the source of the build. It is carried over only where nothing is bundled (`no_bundle`, or Python), as " +
			"its path below `base_dir`; otherwise the bundle has one entry point, which is found", convert: mainModule,
	},
	{
		Path: "build", Scope: Inherited, Fate: Ignored,
		Note: "wrangler's own build runs it. `WorkerApp.build` runs a command before it deploys",
	},
	{Path: "no_bundle", Scope: Inherited, Fate: Ignored, Note: ofTheBuild},
	{Path: "base_dir", Scope: Inherited, Fate: Ignored, Note: ofTheBuild},
	{Path: "find_additional_modules", Scope: Inherited, Fate: Ignored, Note: ofTheBuild},
	{Path: "preserve_file_names", Scope: Inherited, Fate: Ignored, Note: ofTheBuild},
	{Path: "rules", Scope: Inherited, Fate: Ignored, Note: ofTheBuild + ", whose files' extensions say what they are"},
	{Path: "tsconfig", Scope: Inherited, Fate: Ignored, Note: ofTheBuild},
	{Path: "jsx_factory", Scope: Inherited, Fate: Ignored, Note: ofTheBuild},
	{Path: "jsx_fragment", Scope: Inherited, Fate: Ignored, Note: ofTheBuild},
	{Path: "minify", Scope: Inherited, Fate: Ignored, Note: ofTheBuild},
	{Path: "keep_names", Scope: Inherited, Fate: Ignored, Note: ofTheBuild},
	{
		Path: "upload_source_maps", Scope: Inherited, Fate: Ignored,
		Note: "the source maps that are in the bundle are uploaded",
	},
	{Path: "python_modules", Scope: Inherited, Fate: Ignored, Note: ofTheBuild},
	{Path: "define", Scope: Own, Fate: Ignored, Note: ofTheBuild},
	{Path: "alias", Scope: TopOnly, Fate: Ignored, Note: ofTheBuild},
	{
		Path: "pages_build_output_dir", Scope: TopOnly, Fate: Refused,
		Note: "this is a Pages project: move it to Workers first " +
			"(https://developers.cloudflare.com/workers/static-assets/migration-guides/migrate-from-pages/)",
	},
	{Path: "site", Scope: TopOnly, Fate: Refused, Note: "Workers Sites are deprecated: use `assets`"},
	{Path: "wasm_modules", Scope: TopOnly, Fate: Refused, Note: strings.Replace(partOfBundle, "%s", "wasmModule", 1)},
	{Path: "text_blobs", Scope: TopOnly, Fate: Refused, Note: strings.Replace(partOfBundle, "%s", "textBlob", 1)},
	{Path: "data_blobs", Scope: TopOnly, Fate: Refused, Note: strings.Replace(partOfBundle, "%s", "dataBlob", 1)},

	// What tools write that build for wrangler: packages/workers-utils/src/config/config.ts, RedirectedRawConfig.
	{Path: "configPath", Scope: TopOnly, Fate: Ignored, Note: legacy + ofRedirection},
	{Path: "userConfigPath", Scope: TopOnly, Fate: Ignored, Note: legacy + ofRedirection},
	{Path: "topLevelName", Scope: TopOnly, Fate: Ignored, Note: legacy + ofRedirection},
	{Path: "definedEnvironments", Scope: TopOnly, Fate: Ignored, Note: legacy + ofRedirection},
	{Path: "targetEnvironment", Scope: TopOnly, Fate: Ignored, Note: legacy + ofRedirection},
	{Path: "legacy_env", Scope: TopOnly, Fate: Ignored, Note: legacy + "an environment is always a Worker of its own"},
	{Path: "node_compat", Scope: Inherited, Fate: Refused, Note: legacy + "wrangler dropped " +
		"it: use the compatibility flag `nodejs_compat`"},
}

// workerKeys are about the Worker as such.
var workerKeys = []Key{
	{Path: "name", Scope: Inherited, Fate: Carried, To: "scriptName"},
	{Path: "account_id", Scope: Inherited, Fate: Carried, To: "accountId"},
	{Path: "compatibility_date", Scope: Inherited, Fate: Carried, To: "compatibilityDate"},
	{Path: "compatibility_flags", Scope: Inherited, Fate: Carried, To: "compatibilityFlags"},
	{Path: "first_party_worker", Scope: Inherited, Fate: Refused, Note: "only Cloudflare has such Workers"},
	{
		Path: "compliance_region", Scope: Inherited, Fate: Refused,
		Note: "the API's address decides: set the provider's `endpoint` to that of the region", convert: complianceRegion,
	},
	{
		Path: "keep_vars", Scope: TopOnly, Fate: Carried, To: "unmanagedVariables",
		Note: "`true` is `keep`. A variable that the program had, and leaves out, goes all the same", convert: keepVars,
	},
	{Path: "limits", Scope: Inherited, Fate: Carried},
	{Path: "limits.cpu_ms", Fate: Carried, To: "limits.cpuMs"},
	{Path: "limits.subrequests", Fate: Carried, To: "limits.subrequests"},
	{Path: "placement", Scope: Inherited, Fate: Carried, Note: "`off` is no placement", convert: placement},
	{Path: "placement.mode", Fate: Carried, To: "placement.mode"},
	{Path: "placement.hint", Fate: Carried, To: "placement.hint"},
	{Path: "placement.region", Fate: Carried, To: "placement.region"},
	{Path: "placement.host", Fate: Carried, To: "placement.host"},
	{Path: "placement.hostname", Fate: Carried, To: "placement.hostname"},
	{Path: "cache", Scope: Inherited, Fate: Carried},
	{Path: "cache.enabled", Fate: Carried, To: "cacheOptions.enabled"},
	{Path: "cache.cross_version_cache", Fate: Carried, To: "cacheOptions.crossVersionCache"},
	{Path: "logpush", Scope: Inherited, Fate: Carried, To: "logpush"},
	{Path: "observability", Scope: Inherited, Fate: Carried},
	{Path: "observability.enabled", Fate: Carried, To: "observability.enabled"},
	{Path: "observability.head_sampling_rate", Fate: Carried, To: "observability.headSamplingRate"},
	{Path: "observability.redact_query_string", Fate: Carried, To: "observability.redactQueryString"},
	{Path: "observability.issues", Fate: Carried},
	{Path: "observability.issues.enabled", Fate: Carried, To: "observability.issues.enabled"},
	{Path: "observability.logs", Fate: Carried},
	{Path: "observability.logs.enabled", Fate: Carried, To: "observability.logs.enabled"},
	{Path: "observability.logs.head_sampling_rate", Fate: Carried, To: "observability.logs.headSamplingRate"},
	{Path: "observability.logs.invocation_logs", Fate: Carried, To: "observability.logs.invocationLogs"},
	{Path: "observability.logs.persist", Fate: Carried, To: "observability.logs.persist"},
	{Path: "observability.logs.destinations", Fate: Carried, To: "observability.logs.destinations"},
	{Path: "observability.traces", Fate: Carried},
	{Path: "observability.traces.enabled", Fate: Carried, To: "observability.traces.enabled"},
	{Path: "observability.traces.head_sampling_rate", Fate: Carried, To: "observability.traces.headSamplingRate"},
	{Path: "observability.traces.persist", Fate: Carried, To: "observability.traces.persist"},
	{Path: "observability.traces.destinations", Fate: Carried, To: "observability.traces.destinations"},
	{Path: "tail_consumers", Scope: Own, Fate: Carried},
	{Path: "tail_consumers[]", Fate: Carried, To: "tailConsumers.<service>"},
	{Path: "tail_consumers[].service", Fate: Carried, To: "tailConsumers.<service>"},
	{Path: "tail_consumers[].environment", Fate: Carried, To: "tailConsumers.<service>.environment"},
	{Path: "streaming_tail_consumers", Scope: Own, Fate: Carried},
	{Path: "streaming_tail_consumers[]", Fate: Carried, To: "streamingTailConsumers.<service>"},
	{Path: "streaming_tail_consumers[].service", Fate: Carried, To: "streamingTailConsumers.<service>"},
	{Path: "vars", Scope: Own, Fate: Carried},
	{Path: "vars.*", Fate: Carried, To: "variables.*"},
	{Path: "secrets", Scope: Own, Fate: Carried},
	{
		Path: "secrets.required", Fate: Carried, To: "requiredSecrets",
		Note: "their values stay where they are; a program that sets one gives it in `secrets`",
	},
	{Path: "assets", Scope: Inherited, Fate: Carried},
	{
		Path: "assets.directory", Fate: Carried, To: "assets.directory",
		Note:    "relative to the file there, to the program here",
		convert: fromFile,
	},
	{Path: "assets.binding", Fate: Carried, To: "bindings.<binding>.assets", convert: noSettings},
	{Path: "assets.html_handling", Fate: Carried, To: "assets.htmlHandling"},
	{Path: "assets.not_found_handling", Fate: Carried, To: "assets.notFoundHandling"},
	{
		Path: "assets.run_worker_first", Fate: Carried, To: "assets.runWorkerFirst",
		Note: "a list is `assets.runWorkerFirstRules`", convert: runWorkerFirst,
	},
	{Path: "assets.base_path", Fate: Carried, To: "assets.basePath"},
	{Path: "cloudchamber", Scope: Own, Fate: Refused, Note: noContainers},
	{Path: "containers", Scope: Own, Fate: Refused, Note: noContainers},
	{Path: "unsafe", Scope: Own, Fate: Carried},
	{Path: "unsafe.bindings", Fate: Carried},
	{
		Path: "unsafe.bindings[]", Fate: Carried, To: "bindings.<name>.raw",
		Note: "each member but `name`, `type` and `dev` is one of `fields`", convert: unsafeBinding,
	},
	{
		Path: "unsafe.metadata", Fate: Carried, To: "rawMetadata",
		Note: "a member that has an input of its own is an error that names it",
	},
	{Path: "unsafe.capnp", Fate: Refused, Note: "only Cloudflare's own Workers use it"},
}

// triggerKeys are about what calls the Worker.
var triggerKeys = slices.Concat(routeKeys("route"), routeKeys("routes[]"), []Key{
	{
		Path: "workers_dev", Scope: Inherited, Fate: Carried, To: "workersDev.enabled",
		Note: "absent means true if there are no routes, else false", convert: elsewhere,
	},
	{
		Path: "preview_urls", Scope: Inherited, Fate: Carried, To: "workersDev.previewsEnabled",
		Note: "absent means what `workers_dev` says", convert: elsewhere,
	},
	{Path: "route", Scope: Inherited, Fate: Carried, To: "routes", Note: "as one of `routes`", convert: elsewhere},
	{
		Path: "routes", Scope: Inherited, Fate: Carried, To: "routes",
		Note: "a pattern alone has no zone: it is found from the pattern's host", convert: elsewhere,
	},
	{Path: "triggers", Scope: Inherited, Fate: Carried},
	{Path: "triggers.crons", Fate: Carried, To: "schedules"},
	{Path: "triggers.events", Fate: Carried, To: "eventTriggers"},
	{Path: "triggers.events[]", Fate: Carried, To: "eventTriggers[]"},
	{Path: "triggers.events[].type", Fate: Carried, To: "eventTriggers[].type"},
	{Path: "triggers.events[].filter", Fate: Carried, To: "eventTriggers[].filter"},
	{Path: "triggers.events[].filter.namespace", Fate: Carried, To: "eventTriggers[].filter.namespace"},
	{Path: "triggers.events[].filter.repo_name", Fate: Carried, To: "eventTriggers[].filter.repo_name"},
	{Path: "triggers.events[].targets", Fate: Carried, To: "eventTriggers[].targets"},
	{Path: "triggers.events[].targets[]", Fate: Carried, To: "eventTriggers[].targets[]"},
	{
		Path: "triggers.events[].targets[].type", Fate: Refused, Note: "only Workflows are inputs",
		convert: unless("workflow"),
	},
	{
		Path: "triggers.events[].targets[].workflow_name", Fate: Carried,
		To: "eventTriggers[].targets[].workflowName",
	},
	{
		Path: "addresses", Scope: TopOnly, Fate: Carried, To: "emailRoutes", convert: addresses,
		Note: "one rule of Email Routing each; every environment has them",
	},
	{
		Path: "connect", Scope: Own, Fate: Ignored, // cli.js: its handlers go to the dev server alone
		Note: ofDevelopment + ": a deployed Worker listens on no sockets",
	},
	{Path: "queues", Scope: Own, Fate: Carried},
	{Path: "queues.consumers", Fate: Carried},
	{Path: "queues.consumers[]", Fate: Carried, To: "queueConsumers.<queue>"},
	{Path: "queues.consumers[].queue", Fate: Carried, To: "queueConsumers.<queue>"},
	{
		Path: "queues.consumers[].type", Fate: Refused,
		Note:    "wrangler takes only `worker` too: one that pulls is the queue's (`wrangler queues consumer http add`)",
		convert: unless("worker"),
	},
	{Path: "queues.consumers[].max_batch_size", Fate: Carried, To: "queueConsumers.<queue>.maxBatchSize"},
	{Path: "queues.consumers[].max_batch_timeout", Fate: Carried, To: "queueConsumers.<queue>.maxBatchTimeout"},
	{Path: "queues.consumers[].max_retries", Fate: Carried, To: "queueConsumers.<queue>.maxRetries"},
	{Path: "queues.consumers[].dead_letter_queue", Fate: Carried, To: "queueConsumers.<queue>.deadLetterQueue"},
	{Path: "queues.consumers[].max_concurrency", Fate: Carried, To: "queueConsumers.<queue>.maxConcurrency"},
	{Path: "queues.consumers[].retry_delay", Fate: Carried, To: "queueConsumers.<queue>.retryDelay"},
	{
		Path: "queues.consumers[].visibility_timeout_ms", Fate: Ignored, // cli.js, updateQueueConsumers
		Note: "wrangler does not send it: it belongs to consumers that pull",
	},
})
