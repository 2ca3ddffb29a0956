// SPDX-License-Identifier: Apache-2.0

package emulator

// endpoints are all requests that the API answers, by method and path below the API's prefix. What is not here is
// answered with 501.
var endpoints = []struct {
	pattern string
	handle  handler
}{
	// accounts.go
	{"GET /user", getUser},
	{"GET /user/tokens/verify", verifyToken},
	{"GET /accounts", listAccounts},
	{"GET /accounts/{account}", getAccount},
	{"GET /accounts/{account}/tokens/verify", verifyToken},
	{"GET /memberships", listMemberships},
	{"GET /accounts/{account}/workers/subdomain", getAccountSubdomain},
	{"PUT /accounts/{account}/workers/subdomain", putAccountSubdomain},
	{"GET /accounts/{account}/workers/subdomains/{subdomain}", checkSubdomain},

	// scripts.go
	{"GET /accounts/{account}/workers/scripts", listScripts},
	{"PUT /accounts/{account}/workers/scripts/{script}", putScript},
	{"GET /accounts/{account}/workers/scripts/{script}", getScript},
	{"DELETE /accounts/{account}/workers/scripts/{script}", deleteScript},
	{"PUT /accounts/{account}/workers/scripts/{script}/content", putContent},
	{"GET /accounts/{account}/workers/scripts/{script}/content", getScript},
	{"GET /accounts/{account}/workers/scripts/{script}/content/v2", getScript},

	// settings.go
	{"GET /accounts/{account}/workers/scripts/{script}/settings", getSettings},
	{"PATCH /accounts/{account}/workers/scripts/{script}/settings", patchSettings},
	{"GET /accounts/{account}/workers/scripts/{script}/script-settings", getScriptSettings},
	{"PATCH /accounts/{account}/workers/scripts/{script}/script-settings", patchScriptSettings},

	// subdomain.go, schedules.go
	{"GET /accounts/{account}/workers/scripts/{script}/subdomain", getSubdomain},
	{"POST /accounts/{account}/workers/scripts/{script}/subdomain", setSubdomain},
	{"DELETE /accounts/{account}/workers/scripts/{script}/subdomain", deleteSubdomain},
	{"GET /accounts/{account}/workers/scripts/{script}/schedules", getSchedules},
	{"PUT /accounts/{account}/workers/scripts/{script}/schedules", putSchedules},

	// versions.go, deployments.go
	{"POST /accounts/{account}/workers/scripts/{script}/versions", createVersion},
	{"GET /accounts/{account}/workers/scripts/{script}/versions", listVersions},
	{"GET /accounts/{account}/workers/scripts/{script}/versions/{version}", getVersion},
	{"PATCH /accounts/{account}/workers/workers/{script}/versions/latest", patchLatest},
	{"GET /accounts/{account}/workers/scripts/{script}/deployments", listDeployments},
	{"POST /accounts/{account}/workers/scripts/{script}/deployments", createDeployment},
	{"GET /accounts/{account}/workers/scripts/{script}/deployments/{deployment}", getDeployment},

	// secrets.go
	{"GET /accounts/{account}/workers/scripts/{script}/secrets", listSecrets},
	{"PUT /accounts/{account}/workers/scripts/{script}/secrets", putSecret},
	{"GET /accounts/{account}/workers/scripts/{script}/secrets/{secret}", getSecret},
	{"DELETE /accounts/{account}/workers/scripts/{script}/secrets/{secret}", deleteSecret},
	{"PATCH /accounts/{account}/workers/scripts/{script}/secrets-bulk", patchSecrets},

	// services.go
	{"GET /accounts/{account}/workers/services/{script}", getService},
	{"DELETE /accounts/{account}/workers/services/{script}", deleteService},
	{"GET /accounts/{account}/workers/services/{script}/environments/production/routes", listServiceRoutes},
	{"GET /accounts/{account}/workers/scripts/{script}/references", getReferences},
	{"GET /accounts/{account}/workers/tails/by-consumer/{script}", listTails},
	{"GET /accounts/{account}/workers/durable_objects/namespaces", listObjectNamespaces},
	{"GET /accounts/{account}/workers/durable_objects/namespaces/{namespace}/objects", listDurableObjects},
	{"GET /accounts/{account}/workers/workers/{script}", getWorker},

	// routes.go, domains.go
	{"GET /zones/{zone}/workers/routes", listRoutes},
	{"POST /zones/{zone}/workers/routes", createRoute},
	{"GET /zones/{zone}/workers/routes/{route}", getRoute},
	{"PUT /zones/{zone}/workers/routes/{route}", updateRoute},
	{"DELETE /zones/{zone}/workers/routes/{route}", deleteRoute},
	{"PUT /accounts/{account}/workers/scripts/{script}/routes", putScriptRoutes},
	{"GET /accounts/{account}/workers/domains", listDomains},
	{"PUT /accounts/{account}/workers/domains", putDomain},
	{"GET /accounts/{account}/workers/domains/{domain}", getDomain},
	{"DELETE /accounts/{account}/workers/domains/{domain}", deleteDomain},
	{"GET /accounts/{account}/workers/domains/records/{domain}", getDomain},
	{"POST /accounts/{account}/workers/scripts/{script}/domains/changeset", checkDomains},
	{"PUT /accounts/{account}/workers/scripts/{script}/domains/records", putDomains},

	// zones.go, dns.go
	{"GET /zones", listZones},
	{"GET /zones/{zone}", getZone},
	{"GET /zones/{zone}/dns_records", listRecords},
	{"POST /zones/{zone}/dns_records", createRecord},
	{"GET /zones/{zone}/dns_records/{record}", getRecord},
	{"PUT /zones/{zone}/dns_records/{record}", replaceRecord},
	{"PATCH /zones/{zone}/dns_records/{record}", editRecord},
	{"DELETE /zones/{zone}/dns_records/{record}", deleteRecord},

	// email_routing.go
	{"GET /accounts/{account}/email/routing/rules", listAccountEmailRules},
	{"GET /zones/{zone}/email/routing/rules", listEmailRules},
	{"POST /zones/{zone}/email/routing/rules", createEmailRule},
	{"GET /zones/{zone}/email/routing/rules/{rule}", getEmailRule},
	{"PUT /zones/{zone}/email/routing/rules/{rule}", updateEmailRule},
	{"DELETE /zones/{zone}/email/routing/rules/{rule}", deleteEmailRule},
	{"GET /zones/{zone}/email/routing/rules/catch_all", getCatchAll},
	{"PUT /zones/{zone}/email/routing/rules/catch_all", setCatchAll},

	// kv.go
	{"GET /accounts/{account}/storage/kv/namespaces", listNamespaces},
	{"POST /accounts/{account}/storage/kv/namespaces", createNamespace},
	{"GET /accounts/{account}/storage/kv/namespaces/{namespace}", getNamespace},
	{"PUT /accounts/{account}/storage/kv/namespaces/{namespace}", renameNamespace},
	{"DELETE /accounts/{account}/storage/kv/namespaces/{namespace}", deleteNamespace},
	{"GET /accounts/{account}/storage/kv/namespaces/{namespace}/keys", listKeys},
	{"GET /accounts/{account}/storage/kv/namespaces/{namespace}/values/{key}", getValue},
	{"PUT /accounts/{account}/storage/kv/namespaces/{namespace}/values/{key}", putValue},
	{"DELETE /accounts/{account}/storage/kv/namespaces/{namespace}/values/{key}", deleteValue},
	{"GET /accounts/{account}/storage/kv/namespaces/{namespace}/metadata/{key}", getMetadata},
	{"PUT /accounts/{account}/storage/kv/namespaces/{namespace}/bulk", putBulk},
	{"DELETE /accounts/{account}/storage/kv/namespaces/{namespace}/bulk", deleteBulk},
	{"POST /accounts/{account}/storage/kv/namespaces/{namespace}/bulk/delete", deleteBulk},
	{"POST /accounts/{account}/storage/kv/namespaces/{namespace}/bulk/get", getBulk},

	// queues.go, consumers.go
	{"GET /accounts/{account}/queues", listQueues},
	{"POST /accounts/{account}/queues", createQueue},
	{"GET /accounts/{account}/queues/{queue}", getQueue},
	{"PUT /accounts/{account}/queues/{queue}", updateQueue},
	{"PATCH /accounts/{account}/queues/{queue}", editQueue},
	{"DELETE /accounts/{account}/queues/{queue}", deleteQueue},
	{"GET /accounts/{account}/queues/{queue}/purge", getPurge},
	{"POST /accounts/{account}/queues/{queue}/purge", purgeQueue},
	{"GET /accounts/{account}/queues/{queue}/metrics", getQueueMetrics},
	{"POST /accounts/{account}/queues/{queue}/messages", pushMessage},
	{"POST /accounts/{account}/queues/{queue}/messages/batch", pushMessages},
	{"GET /accounts/{account}/queues/{queue}/consumers", listConsumers},
	{"POST /accounts/{account}/queues/{queue}/consumers", createConsumer},
	{"GET /accounts/{account}/queues/{queue}/consumers/{consumer}", getConsumer},
	{"PUT /accounts/{account}/queues/{queue}/consumers/{consumer}", updateConsumer},
	{"DELETE /accounts/{account}/queues/{queue}/consumers/{consumer}", deleteConsumer},

	// buckets.go
	{"GET /accounts/{account}/r2/buckets", listBuckets},
	{"POST /accounts/{account}/r2/buckets", createBucket},
	{"GET /accounts/{account}/r2/buckets/{bucket}", getBucket},
	{"PATCH /accounts/{account}/r2/buckets/{bucket}", editBucket},
	{"DELETE /accounts/{account}/r2/buckets/{bucket}", deleteBucket},
	{"GET /accounts/{account}/r2/buckets/{bucket}/objects", listObjects},
	{"GET /accounts/{account}/r2/buckets/{bucket}/objects/{key}", getObject},
	{"PUT /accounts/{account}/r2/buckets/{bucket}/objects/{key}", putObject},
	{"DELETE /accounts/{account}/r2/buckets/{bucket}/objects/{key}", deleteObject},

	// bucket_settings.go
	{"GET /accounts/{account}/r2/buckets/{bucket}/cors", getBucketCORS},
	{"PUT /accounts/{account}/r2/buckets/{bucket}/cors", putBucketCORS},
	{"DELETE /accounts/{account}/r2/buckets/{bucket}/cors", deleteBucketCORS},
	{"GET /accounts/{account}/r2/buckets/{bucket}/lifecycle", getBucketLifecycle},
	{"PUT /accounts/{account}/r2/buckets/{bucket}/lifecycle", putBucketLifecycle},
	{"GET /accounts/{account}/r2/buckets/{bucket}/lock", getBucketLock},
	{"PUT /accounts/{account}/r2/buckets/{bucket}/lock", putBucketLock},
	{"GET /accounts/{account}/r2/buckets/{bucket}/domains/managed", getManagedDomain},
	{"PUT /accounts/{account}/r2/buckets/{bucket}/domains/managed", putManagedDomain},
	{"GET /accounts/{account}/r2/buckets/{bucket}/domains/custom", listBucketDomains},
	{"POST /accounts/{account}/r2/buckets/{bucket}/domains/custom", attachBucketDomain},
	{"GET /accounts/{account}/r2/buckets/{bucket}/domains/custom/{domain}", getBucketDomain},
	{"PUT /accounts/{account}/r2/buckets/{bucket}/domains/custom/{domain}", editBucketDomain},
	{"DELETE /accounts/{account}/r2/buckets/{bucket}/domains/custom/{domain}", removeBucketDomain},

	// secrets_store.go; what the body of the bulk deletion is has no source
	{"GET /accounts/{account}/secrets_store/quota", getStoreQuota},
	{"GET /accounts/{account}/secrets_store/stores", listStores},
	{"POST /accounts/{account}/secrets_store/stores", createStore},
	{"GET /accounts/{account}/secrets_store/stores/{store}", getStore},
	{"DELETE /accounts/{account}/secrets_store/stores/{store}", deleteStore},
	{"GET /accounts/{account}/secrets_store/stores/{store}/secrets", listStoredSecrets},
	{"POST /accounts/{account}/secrets_store/stores/{store}/secrets", createStoredSecrets},
	{"GET /accounts/{account}/secrets_store/stores/{store}/secrets/{secret}", getStoredSecret},
	{"PATCH /accounts/{account}/secrets_store/stores/{store}/secrets/{secret}", patchStoredSecret},
	{"DELETE /accounts/{account}/secrets_store/stores/{store}/secrets/{secret}", deleteStoredSecret},
	{"POST /accounts/{account}/secrets_store/stores/{store}/secrets/{secret}/duplicate", duplicateStoredSecret},
	// d1.go, d1file.go
	{"GET /accounts/{account}/d1/database", listDatabases},
	{"POST /accounts/{account}/d1/database", createDatabase},
	{"GET /accounts/{account}/d1/database/{database}", getDatabase},
	{"PUT /accounts/{account}/d1/database/{database}", updateDatabase},
	{"PATCH /accounts/{account}/d1/database/{database}", updateDatabase},
	{"DELETE /accounts/{account}/d1/database/{database}", deleteDatabase},
	{"POST /accounts/{account}/d1/database/{database}/query", queryDatabase},
	{"POST /accounts/{account}/d1/database/{database}/raw", rawDatabase},
	{"POST /accounts/{account}/d1/database/{database}/import", importDatabase},
	{"POST /accounts/{account}/d1/database/{database}/export", exportDatabase},
	{"PUT " + d1Files + "{file}", putD1File},
	{"GET " + d1Files + "{file}", getD1File},

	// hyperdrive.go, vectorize.go, dispatch.go, certificates.go
	{"GET /accounts/{account}/hyperdrive/configs", listHyperdrives},
	{"POST /accounts/{account}/hyperdrive/configs", createHyperdrive},
	{"GET /accounts/{account}/hyperdrive/configs/{hyperdrive}", getHyperdrive},
	{"PUT /accounts/{account}/hyperdrive/configs/{hyperdrive}", updateHyperdrive},
	{"PATCH /accounts/{account}/hyperdrive/configs/{hyperdrive}", editHyperdrive},
	{"DELETE /accounts/{account}/hyperdrive/configs/{hyperdrive}", deleteHyperdrive},
	{"GET /accounts/{account}/vectorize/v2/indexes", listIndexes},
	{"POST /accounts/{account}/vectorize/v2/indexes", createIndex},
	{"GET /accounts/{account}/vectorize/v2/indexes/{index}", getIndex},
	{"DELETE /accounts/{account}/vectorize/v2/indexes/{index}", deleteIndex},
	{"GET /accounts/{account}/workers/dispatch/namespaces", listDispatchNamespaces},
	{"POST /accounts/{account}/workers/dispatch/namespaces", createDispatchNamespace},
	{"GET /accounts/{account}/workers/dispatch/namespaces/{namespace}", getDispatchNamespace},
	{"DELETE /accounts/{account}/workers/dispatch/namespaces/{namespace}", deleteDispatchNamespace},
	{"GET /accounts/{account}/mtls_certificates", listCertificates},
	{"POST /accounts/{account}/mtls_certificates", uploadCertificate},
	{"GET /accounts/{account}/mtls_certificates/{certificate}", getCertificate},
	{"DELETE /accounts/{account}/mtls_certificates/{certificate}", deleteCertificate},

	// workflows.go; instances cannot be listed, since their engine does not know them by name
	{"GET /accounts/{account}/workflows", listWorkflows},
	{"PUT /accounts/{account}/workflows/{workflow}", putWorkflow},
	{"GET /accounts/{account}/workflows/{workflow}", getWorkflow},
	{"DELETE /accounts/{account}/workflows/{workflow}", deleteWorkflow},
	{"GET /accounts/{account}/workflows/{workflow}/versions", listWorkflowVersions},
	{"POST /accounts/{account}/workflows/{workflow}/instances", createInstance},
	{"PATCH /accounts/{account}/workflows/{workflow}/instances/{instance}/status", setInstanceStatus},
	{"POST /accounts/{account}/workflows/{workflow}/instances/{instance}/events/{event}", sendInstanceEvent},

	// event_triggers.go
	{"GET /accounts/{account}/triggers/{script}", getEventTriggers},
	{"PUT /accounts/{account}/triggers/{script}", putEventTriggers},
	{"PATCH /accounts/{account}/triggers/{script}", addEventTriggers},
	{"DELETE /accounts/{account}/triggers/{script}", deleteEventTriggers},

	// assets.go
	{"POST /accounts/{account}/workers/scripts/{script}/assets-upload-session", startAssets},
	{"POST /accounts/{account}/workers/assets/upload", uploadAssets},
}
