// SPDX-License-Identifier: Apache-2.0

package provider

import (
	_ "embed" // the resources' documentation
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

//go:embed doc/cloudflare_worker.md
var workerDoc string

// Annotate describes the resource.
func (w *CloudflareWorker) Annotate(a infer.Annotator) { a.Describe(&w, strings.TrimSpace(workerDoc)) }

// Annotate describes the inputs.
func (w *CloudflareWorkerArgs) Annotate(a infer.Annotator) {
	if undescribed() {
		return
	}
	a.Describe(&w.AccountID, "The Cloudflare account (32 hex digits). Default: the provider's `accountId`. "+
		"Changing it replaces the Worker.")
	a.Describe(&w.ScriptName, "The Worker's name, which is also its label on workers.dev: lower-case letters, digits, "+
		"`-` and `_`, at most 63 characters, or 54 with preview URLs. Default: the resource's name and 7 hex digits that "+
		"differ from stack to stack. Changing it replaces the Worker.")
	a.Describe(&w.Bundle, "The build output to run: an object in R2, named by its content. Give the `reference` of a "+
		"`WorkerBundle`, or a bucket and key that a pipeline has filled. Default: there is no code, only `assets`.")
	a.Describe(&w.MainModule, "Name of the module that is the entry point, relative to the bundle, such as `index.js` or "+
		"`entry.py`. Default: the only script at the top of the bundle; of several the one called `index`, or else the only "+
		"one with a source map beside it.")
	a.Describe(&w.Format, "The syntax of the code: `modules`, or `service-worker` for a script that calls "+
		"`addEventListener`. In such a script each other file of the bundle is a global variable, called by its path: "+
		"`./add.wasm` is `__add_wasm`. Default: `modules`.")
	a.Describe(&w.CompatibilityDate, "The date, such as `2026-11-01`, that says which runtime behaviour the Worker "+
		"was written for. It is never filled in: a Worker must not change because a day has passed.")
	a.Describe(&w.CompatibilityFlags, "Runtime behaviours to turn on or off beside those of the date, such as "+
		"`nodejs_compat`. Their order says nothing. Default: none.")
	a.Describe(&w.Variables, "Values in the Worker's `env` by name. A string is given as it is, anything else "+
		"(numbers, lists, objects) as JSON. At most 128 together with the secrets, 5 KiB each. Example: `{ LOG_LEVEL: "+
		"\"info\" }`.")
	a.Describe(&w.Secrets, "Secret values in the Worker's `env` by name, at most 5 KiB each. They are write-only: a "+
		"value never reaches the state, not even encrypted; there is a fingerprint in its place. A value may be a "+
		"reference: `env:NAME`, `file:PATH` or `$secrets-group/<group>/<name>` (see the provider's `secretsGroups`); "+
		"`literal:` before it takes any text as it is. New and changed values travel in the same version as the code "+
		"that needs them; unchanged ones are inherited and not sent again; a change of secrets alone sends no code.")
	a.Describe(&w.UnmanagedSecrets, "What becomes of secrets that others set in the Worker: `keep` them (and say so "+
		"once), `remove` them, or `error`: stop before anything is deployed. Default: `keep`.")
	a.Describe(&w.RequiredSecrets, "Names of secrets that others set and without which nothing is deployed. Their order "+
		"says nothing. Default: none.")
	a.Describe(&w.Bindings, "What else the Worker finds in its `env`, by name: other Workers and storage. "+
		"Example: `{ CACHE: { kvNamespace: { id: kv.id } } }`.")
	a.Describe(&w.Placement, "Where the Worker runs. Default: where the request arrives.")
	a.Describe(&w.Limits, "What one invocation may use. Default: what the plan allows.")
	a.Describe(&w.CacheOptions, "Whether the Worker's responses are cached. Default: they are not.")
	a.Describe(&w.Annotations, "What the version says of itself in Cloudflare's dashboard; another text makes another "+
		"version. Default: which bundle it runs.")
	a.Describe(&w.Observability, "What Cloudflare keeps of the Worker's logs and traces. Default: nothing.")
	a.Describe(&w.Logpush, "Whether the account's Logpush jobs receive the Worker's trace events. Default: false.")
	a.Describe(&w.Tags, "Words by which Workers can be found, at most 10. Their order says nothing. Default: none.")
	a.Describe(&w.TailConsumers, "The Workers that receive this one's logs, by name. Example: `{ logger: {} }`. "+
		"Default: none.")
	a.Describe(&w.StreamingTailConsumers, "The Workers that receive this one's logs while it runs, by name. "+
		"Default: none.")
	a.Describe(&w.Schedules, "Cron expressions, in UTC, at which the `scheduled` handler is called, such as "+
		"`*/5 * * * *`; weekdays count from Sunday, 1. Their order says nothing. Removing them stops the calls. "+
		"Default: none.")
	a.Describe(&w.QueueConsumers, "The queues whose messages the `queue` handler gets, by name, such as `queue.name` of "+
		"a `Queue`. A queue has one consumer. Messages that arrive while nobody consumes a queue wait in it. Example: "+
		"`{ orders: { maxBatchSize: 50, deadLetterQueue: \"failed\" } }`. Default: none.")
	a.Describe(&w.EmailRoutes, "The addresses whose mail the `email` handler gets; `*@` and a zone's name stand for all "+
		"mail of the zone that no other rule of Email Routing takes. Example: `{ \"support@example.com\": {} }`. "+
		"Default: none.")
	a.Describe(&w.EventTriggers, eventTriggersDoc)
	a.Describe(&w.WorkersDev, "Whether the Worker answers at `<scriptName>.<account's subdomain>.workers.dev`. "+
		"Default: it does not.")
	a.Describe(&w.Routes, "Where in your zones the Worker answers, by route pattern, such as `api.example.com/*`. "+
		"Example: `{ \"api.example.com/*\": {} }`. Default: none.")
	a.Describe(&w.CustomDomains, "Host names that belong to the Worker altogether, with a DNS record and a certificate "+
		"that Cloudflare makes. Example: `{ \"api.example.com\": {} }`. Default: none.")
	a.Describe(&w.WaitForReady, "Whether an update that gives the Worker new addresses waits until they answer: at most "+
		"a minute, five for custom domains, which need a certificate, or as long as the resource's custom timeout says. "+
		"Each is asked with GET requests by `"+cfapi.EdgeUserAgent+"`. An address that does not answer in time is a "+
		"warning. Default: true.")
	a.Describe(&w.Migrations, "The full history of the Worker's classes of Durable Objects, in order, as wrangler has "+
		"it. Only the steps that are new to Cloudflare are sent, in an upload that is deployed at once. Default: none.")
	a.Describe(&w.Exports, "What the code exports, by the name of the export: Workflows that are registered for this "+
		"Worker, entry points, and what is to become of each class of Durable Objects, which is the declarative form of "+
		"`migrations` and excludes them. With Durable Objects each upload is deployed at once. Example: `{ Checkout: { "+
		"type: \"workflow\", name: \"checkout\" } }`. Default: none.")
	a.Describe(&w.AllowDataLoss, "Classes of Durable Objects whose data an update may delete, by a migration or "+
		"because another Worker replaces this one. An update that would delete that of others is refused, in its preview "+
		"too. Default: none.")
	a.Describe(&w.Assets, "Static files that Cloudflare serves without running the Worker. They are uploaded with the "+
		"version, each only if Cloudflare does not have it. Default: none.")
	a.Describe(&w.Rollout, "How much of the traffic a new version gets while the rest stays with the one that served "+
		"before. The first version serves everything, and migrations of Durable Objects cannot be rolled out in part. "+
		"Default: all of it.")
	a.Describe(&w.UnmanagedVariables, unmanagedVariablesDoc)
	a.Describe(&w.CodeUpdateStrategy, codeUpdateStrategyDoc)
	a.Describe(&w.RawMetadata, rawMetadataDoc)
	a.Describe(&w.Adopt, "Whether to take over a Worker of this name that exists already, replacing its code and "+
		"settings. Default: false; creating it is then an error that says who deployed it.")
}

// Annotate describes the outputs.
func (s *CloudflareWorkerState) Annotate(a infer.Annotator) {
	if undescribed() {
		return
	}
	a.Describe(&s.VersionID, "Id of the Worker's version that these inputs made. Versions are immutable. When secrets "+
		"change alone, Cloudflare derives a further version from it, whose id it does not tell.")
	a.Describe(&s.PreviousVersion, "Id of the version that served before `versionId`, and that serves what `rollout` "+
		"leaves to it. Empty if there was none, or if it is not known.")
	a.Describe(&s.DeploymentID, "Id of the deployment that gives the version its traffic. It is the version's own id "+
		"after an upload that deployed itself, as the first one does.")
	a.Describe(&s.Traffic, "Percent of the requests by version id. Versions that this program's changes of secrets "+
		"derived from `versionId` count as that one. Anything but what `rollout` says (100 for `versionId` without it) "+
		"was done elsewhere, and "+
		"the next update repairs it, unless `ignoreChanges` lists `traffic`.")
	a.Describe(&s.ETag, "Cloudflare's tag of the deployed code. Good for telling that code changed, and for nothing else.")
	a.Describe(&s.MigrationTag, "Tag of the last migration that was made. Empty if there was none.")
	a.Describe(&s.BundleDigest, "SHA-256 of the bundle that was deployed; if somebody else deployed, who and when "+
		"instead. Empty if there are only assets.")
	a.Describe(&s.BundleSize, "Size of the deployed bundle in bytes, uncompressed. 0 if it is not known, or if there are "+
		"only assets.")
	a.Describe(&s.AssetCount, "How many static files were deployed. 0 if there are none, or if it is not known.")
	a.Describe(&s.AssetSize, "Size of the static files together in bytes. 0 if there are none, or if it is not known.")
	a.Describe(&s.URLs, "Addresses at which the Worker answers: workers.dev first, then those of the routes.")
	a.Describe(&s.RouteIDs, "Cloudflare's ids of the routes, by pattern.")
	a.Describe(&s.SecretStatus, "When each secret was last set by this program, and in which version, by name.")
	a.Describe(&s.SecretsVersionID, "Id of the version from which unchanged secrets are inherited.")
	a.Describe(&s.SecretEdits, "How often secrets were changed alone since `versionId`.")
	a.Describe(&s.UnmanagedNames, "Names of the secrets that others set in the Worker, as last seen.")
	a.Describe(&s.UnmanagedVariableNames, "Names of the variables that others set in the Worker and that are kept, as "+
		"last seen. Empty unless `unmanagedVariables` is `keep`.")
	a.Describe(&s.QueueConsumerIDs, "Cloudflare's ids of the consumers, by the queue's name.")
	a.Describe(&s.EmailRuleIDs, "Cloudflare's ids of the rules of Email Routing, by address.")
	a.Describe(&s.Workflows, "Classes of the Workflows that were registered for this Worker, by name. One whose "+
		"binding, or export, was removed stays, with its instances, until the Worker is deleted.")
	a.Describe(&s.DNSRecordIDs, "Cloudflare's ids of the DNS records that were made for routes, by pattern. A record "+
		"that was there before is used and left alone; it is not listed.")
}

// Values lists the choices.
func (UnmanagedSecrets) Values() []infer.EnumValue[UnmanagedSecrets] {
	return []infer.EnumValue[UnmanagedSecrets]{
		{Name: "Keep", Value: KeepUnmanaged, Description: "Keep them, and say once that they are there."},
		{Name: "Remove", Value: RemoveUnmanaged, Description: "Remove them with the next deployment."},
		{Name: "Error", Value: RefuseUnmanaged, Description: "Deploy nothing as long as there are any."},
	}
}

// Annotate describes the status.
func (s *SecretStatus) Annotate(a infer.Annotator) {
	a.Describe(&s, "What is known of a secret apart from its value.")
	a.Describe(&s.SetAt, "When this program last set it: RFC 3339, UTC.")
	a.Describe(&s.VersionID, "Id of the version in which it was set, or, if it was set alone, of the one before.")
	a.Describe(&s.Alone, "Whether it was set alone, without code: Cloudflare then derives a version from `versionId` "+
		"and does not tell its id.")
}

// Annotate describes the setting.
func (w *WorkersDev) Annotate(a infer.Annotator) {
	a.Describe(&w, "Where a Worker is published on workers.dev.")
	a.Describe(&w.Enabled, "Whether the Worker answers at its workers.dev address. Default: false.")
	a.Describe(&w.PreviewsEnabled, "Whether each version answers at an address of its own. Default: false.")
}

// Annotate describes the route.
func (r *Route) Annotate(a infer.Annotator) {
	a.Describe(&r, "A route pattern's zone, and whether its host needs a DNS record.")
	a.Describe(&r.ZoneID, zoneIDDoc)
	a.Describe(&r.ZoneName, zoneNameDoc)
	a.Describe(&r.DNSRecord, "Whether to make a proxied DNS record (`AAAA 100::`) for the pattern's host, without "+
		"which no request arrives. A proxied A, AAAA or CNAME record that exists is used and left alone; one that is not "+
		"proxied is an error, before anything is changed. Default: false.")
	a.Describe(&r.TakeOver, "Whether to move the route here if it belongs to another Worker, which a preview says. From "+
		"then on it is this Worker's, and is deleted with it. Default: false; it is then an error that names that "+
		"Worker, before anything is changed.")
}

// What a zone is, wherever one is named.
const (
	zoneIDDoc = "Id of the zone that holds the host: 32 hex digits from the zone's overview page. Default: it is looked " +
		"up, which needs the permission \"Zone: Read\"."
	zoneNameDoc = "Name of the zone, such as `example.com`, by which its id is looked up. Default: the longest part of " +
		"the host that is a zone of the account. It says nothing where `zoneId` is given."
)
