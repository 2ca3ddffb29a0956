// SPDX-License-Identifier: Apache-2.0

package wrangler

import "slices"

// A member is a member of a binding.
type member func(path, to string) Key

// is carries a member over under the name there.
func is(name, there string) member {
	return func(path, to string) Key { return Key{Path: path + "." + name, Fate: Carried, To: to + "." + there} }
}

// isWith is a member that is carried over in another form.
func isWith(
	name, there, note string, convert func(c *conversion, at string, value any) (any, bool),
) member {
	return func(path, to string) Key {
		return Key{Path: path + "." + name, Fate: Carried, To: to + "." + there, Note: note, convert: convert}
	}
}

// needs is a member that wrangler itself finds or makes when it is absent; what says what its value is.
func needs(name, there, what string) member {
	return func(path, to string) Key {
		return Key{
			Path: path + "." + name, Fate: Carried, To: to + "." + there, needs: what,
			Note: "wrangler makes the resource, or finds it, if this is absent; here `resources` says it",
		}
	}
}

func ignored(name, note string) member {
	return func(path, _ string) Key { return Key{Path: path + "." + name, Fate: Ignored, Note: note} }
}

func refused(name, note string) member {
	return func(path, _ string) Key { return Key{Path: path + "." + name, Fate: Refused, Note: note} }
}

// remote is the member that says what `wrangler dev` uses.
var remote = ignored("remote", noRemote)

// bindingList is a list of bindings of one kind, which a program writes as kind.
func bindingList(path, kind string, members ...member) []Key {
	return named(path, "binding", Own, kind, members...)
}

// named is a list of bindings whose names are in the member called by.
func named(path, by string, scope Scope, kind string, members ...member) []Key {
	item, to := path+"[]", "bindings.<"+by+">"
	all := []Key{
		{Path: path, Scope: scope, Fate: Carried},
		{Path: item, Fate: Carried, To: to + "." + kind},
		{Path: item + "." + by, Fate: Carried, To: to},
	}
	for _, member := range members {
		all = append(all, member(item, to+"."+kind))
	}
	return all
}

// bindingAlone is a kind of binding of which a Worker has one.
func bindingAlone(path, kind string, members ...member) []Key {
	to := "bindings.<binding>"
	all := []Key{
		{Path: path, Scope: Own, Fate: Carried, To: to + "." + kind},
		{Path: path + ".binding", Fate: Carried, To: to},
	}
	for _, member := range members {
		all = append(all, member(path, to+"."+kind))
	}
	return all
}

// rawType makes a raw binding of the type out of each that is listed.
func rawType(keys []Key, apiType string) []Key {
	for i := range keys {
		if keys[i].To == "bindings.<binding>.raw" {
			keys[i].with = map[string]any{"type": apiType}
		}
	}
	return keys
}

// dropped are keys that wrangler once had.
func dropped(keys []Key) []Key {
	for i := range keys {
		keys[i].Note = legacy + keys[i].Note
	}
	return keys
}

// withAbsent says what an absent member means.
func withAbsent(keys []Key, path string, absent func(item map[string]any) any) []Key {
	for i := range keys {
		if keys[i].Path == path {
			keys[i].absent = absent
		}
	}
	return keys
}

// bindingKeys are the bindings that are no storage.
var bindingKeys = slices.Concat(
	bindingList("services", "service", is("service", "name"), is("entrypoint", "entrypoint"), is("props", "props"), remote,
		refused("environment", legacy+noEnvironments)),
	named("send_email", "name", Own, "sendEmail", is("destination_address", "destinationAddress"),
		is("allowed_destination_addresses", "allowedDestinationAddresses"),
		is("allowed_sender_addresses", "allowedSenderAddresses"), remote),
	named("logfwdr.bindings", "name", "", "logfwdr", is("destination", "destination")),
	[]Key{{Path: "logfwdr", Scope: Inherited, Fate: Carried}},
	bindingList("vectorize", "vectorize", is("index_name", "indexName"), remote),
	bindingList("ai_search_namespaces", "aiSearchNamespace", needs("namespace", "namespace", "the name of an AI Search "+
		"namespace"), remote),
	bindingList("ai_search", "aiSearch", is("instance_name", "instanceName"), remote),
	bindingList("agent_memory", "agentMemory", needs("namespace", "namespace", "the name of an Agent Memory namespace"),
		remote),
	bindingList("hyperdrive", "hyperdrive", is("id", "id"), ignored("localConnectionString", ofDevelopment), remote),
	withAbsent(bindingList("analytics_engine_datasets", "analyticsEngine", is("dataset", "dataset"), remote),
		"analytics_engine_datasets[].dataset", // https://developers.cloudflare.com/analytics/analytics-engine/get-started/
		func(item map[string]any) any { return item["binding"] }),
	bindingAlone("browser", "browser", remote),
	rawType(bindingAlone("analytics", "raw", remote), "analytics"),
	bindingAlone("ai", "ai", refused("staging", "only Cloudflare has it"), remote),
	bindingAlone("images", "images", remote),
	bindingAlone("media", "media", remote),
	bindingAlone("stream", "stream", remote),
	dropped(bindingAlone("websearch", "webSearch", remote)),
	bindingAlone("version_metadata", "versionMetadata"),
	bindingList("mtls_certificates", "mtlsCertificate", is("certificate_id", "certificateId"), remote),
	bindingList("dispatch_namespaces", "dispatchNamespace", needs("namespace", "namespace", "the name of a dispatch "+
		"namespace"), is("outbound", "outbound"), is("outbound.service", "outbound.service"),
		is("outbound.parameters", "outbound.parameters"), refused("outbound.environment", noEnvironments), remote),
	bindingList("pipelines", "pipeline", is("stream", "stream"), is("pipeline", "pipeline"), remote),
	rawType(bindingList("k2", "raw", is("stream", "fields.stream"), remote), "k2"),
	bindingList("artifacts", "artifacts", is("namespace", "namespace"), remote),
	rawType(bindingList("unsafe_hello_world", "raw", is("enable_timer", "fields.enable_timer")), "unsafe_hello_world"),
	bindingList("flagship", "flagship", needs("app_id", "appId", "the id of a Flagship app"), remote),
	named("ratelimits", "name", Own, "rateLimit", is("namespace_id", "namespaceId"), is("simple", "simple"),
		is("simple.limit", "simple.limit"), is("simple.period", "simple.period")),
	bindingList("worker_loaders", "workerLoader"),
	bindingList("vpc_services", "vpcService", is("service_id", "serviceId"), remote),
	bindingList("vpc_networks", "vpcNetwork", is("tunnel_id", "tunnelId"), is("network_id", "networkId"), remote),
	bindingList("workflows", "workflow", is("name", "name"), is("class_name", "className"),
		is("script_name", "scriptName")),
	workflowSettings("workflows[]", "bindings.<binding>.workflow"),
)

// storageKeys are the bindings of storage.
var storageKeys = slices.Concat(
	bindingList("kv_namespaces", "kvNamespace", needs("id", "id", "the id of a KV namespace"),
		ignored("preview_id", ofDevelopment), remote),
	bindingList("r2_buckets", "r2Bucket", needs("bucket_name", "name", "the name of an R2 bucket"),
		is("jurisdiction", "jurisdiction"), ignored("preview_bucket_name", ofDevelopment),
		ignored("local_dev", ofDevelopment), remote),
	bindingList("d1_databases", "d1Database", needs("database_id", "id", "the id of a D1 database"),
		ignored("database_name", "the id says which database it is"), ignored("jurisdiction", "said when a database is "+
			"made: `D1Database.jurisdiction`"), ignored("preview_database_id", ofDevelopment),
		ignored("migrations_dir", "`D1Database.migrations`"), ignored("migrations_table", "`D1Database.migrations`"),
		ignored("migrations_pattern", "`D1Database.migrations`"), refused("database_internal_env", "only Cloudflare has it"),
		remote),
	named("queues.producers", "binding", "", "queue", needs("queue", "name", "the name of a queue"),
		is("delivery_delay", "deliveryDelay"), remote),
	bindingList("secrets_store_secrets", "secretsStoreSecret", is("store_id", "storeId"),
		is("secret_name", "secretName")),
)

// classKeys are about Durable Objects.
var classKeys = slices.Concat(
	[]Key{{Path: "durable_objects", Scope: Own, Fate: Carried}},
	named("durable_objects.bindings", "name", "", "durableObjectNamespace", is("class_name", "className"),
		is("script_name", "scriptName"), refused("environment", noEnvironments)),
	[]Key{
		{
			Path: "durable_objects.code_update_strategy", Fate: Carried, To: "codeUpdateStrategy", convert: codeUpdate,
			Note: "`max_delay` says nothing where `mode` is `immediate`",
		},
		{Path: "durable_objects.code_update_strategy.mode", Fate: Carried, To: "codeUpdateStrategy.mode"},
		{Path: "durable_objects.code_update_strategy.max_delay", Fate: Carried, To: "codeUpdateStrategy.maxDelay"},
		{Path: "migrations", Scope: Inherited, Fate: Carried, To: "migrations"},
		{Path: "migrations[]", Fate: Carried, To: "migrations[]"},
		{Path: "migrations[].tag", Fate: Carried, To: "migrations[].tag"},
		{Path: "migrations[].new_classes", Fate: Carried, To: "migrations[].newClasses"},
		{Path: "migrations[].new_sqlite_classes", Fate: Carried, To: "migrations[].newSqliteClasses"},
		{
			Path: "migrations[].deleted_classes", Fate: Carried, To: "migrations[].deletedClasses",
			Note: "`allowDataLoss` must name them",
		},
		{Path: "migrations[].renamed_classes", Fate: Carried, To: "migrations[].renamedClasses"},
		{Path: "migrations[].renamed_classes[]", Fate: Carried, To: "migrations[].renamedClasses[]"},
		{Path: "migrations[].renamed_classes[].from", Fate: Carried, To: "migrations[].renamedClasses[].from"},
		{Path: "migrations[].renamed_classes[].to", Fate: Carried, To: "migrations[].renamedClasses[].to"},
		{Path: "migrations[].transferred_classes", Fate: Carried, To: "migrations[].transferredClasses"},
		{Path: "migrations[].transferred_classes[]", Fate: Carried, To: "migrations[].transferredClasses[]"},
		{Path: "migrations[].transferred_classes[].from", Fate: Carried, To: "migrations[].transferredClasses[].from"},
		{
			Path: "migrations[].transferred_classes[].from_script", Fate: Carried,
			To: "migrations[].transferredClasses[].fromScript",
		},
		{Path: "migrations[].transferred_classes[].to", Fate: Carried, To: "migrations[].transferredClasses[].to"},
		{Path: "exports", Scope: Inherited, Fate: Carried, To: "exports"},
		{Path: "exports.*", Fate: Carried, To: "exports.*"},
		{
			Path: "exports.*.type", Fate: Carried, To: "exports.*.type", Note: "`durable-object` is the default",
			convert: unless("durable-object"),
		},
		{Path: "exports.*.state", Fate: Carried, To: "exports.*.state"},
		{Path: "exports.*.storage", Fate: Carried, To: "exports.*.storage"},
		{Path: "exports.*.renamed_to", Fate: Carried, To: "exports.*.renamedTo"},
		{Path: "exports.*.transferred_to", Fate: Carried, To: "exports.*.transferredTo"},
		{Path: "exports.*.transfer_from", Fate: Carried, To: "exports.*.transferFrom"},
		{Path: "exports.*.container", Fate: Refused, Note: noContainers},
		{Path: "exports.*.cache", Fate: Carried, To: "exports.*.cache"},
		{Path: "exports.*.cache.enabled", Fate: Carried, To: "exports.*.cache.enabled"},
		{Path: "exports.*.name", Fate: Carried, To: "exports.*.name"},
	},
	workflowSettings("exports.*", "exports.*"),
)

// workflowSettings are the keys of the Workflow that path declares, as to does.
func workflowSettings(path, to string) (keys []Key) {
	for _, setting := range []member{
		is("limits", "limits"), is("limits.steps", "limits.steps"),
		is("concurrency", "concurrency"), is("concurrency.limit", "concurrency.limit"),
		isWith("schedules", "schedules", "a text alone is a list of one", listOf),
		is("default_retention", "defaultRetention"),
		isWith("default_retention.success_retention", "defaultRetention.successRetention", aboutMS, milliseconds),
		isWith("default_retention.error_retention", "defaultRetention.errorRetention", aboutMS, milliseconds),
		is("jurisdiction", "jurisdiction"),
	} {
		keys = append(keys, setting(path, to))
	}
	return keys
}
