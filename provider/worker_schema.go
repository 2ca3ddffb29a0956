// SPDX-License-Identifier: Apache-2.0

package provider

import (
	_ "embed" // the resources' documentation
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
)

//go:embed doc/cloudflare_worker.md
var workerDoc string

// Annotate describes the resource.
func (w *CloudflareWorker) Annotate(a infer.Annotator) { a.Describe(&w, strings.TrimSpace(workerDoc)) }

// Annotate describes the inputs.
func (w *CloudflareWorkerArgs) Annotate(a infer.Annotator) {
	a.Describe(&w.AccountID, "The Cloudflare account (32 hex digits). Default: the provider's `accountId`. "+
		"Changing it replaces the Worker.")
	a.Describe(&w.ScriptName, "The Worker's name, which is also its label on workers.dev: lower-case letters, digits, "+
		"`-` and `_`, at most 63 characters, or 54 with preview URLs. Default: the resource's name and 7 hex digits that "+
		"differ from stack to stack. Changing it replaces the Worker.")
	a.Describe(&w.Bundle, "The build output to run: an object in R2, named by its content. Give the `reference` of a "+
		"`WorkerBundle`, or a bucket and key that a pipeline has filled.")
	a.Describe(&w.MainModule, "Name of the module that is the entry point, relative to the bundle, such as `index.js`. "+
		"Default: the only script at the top of the bundle; it is an error if there are several.")
	a.Describe(&w.CompatibilityDate, "The date, such as `2026-11-01`, that says which runtime behaviour the Worker "+
		"was written for. It is never filled in: a Worker must not change because a day has passed.")
	a.Describe(&w.CompatibilityFlags, "Runtime behaviours to turn on or off beside those of the date, such as "+
		"`nodejs_compat`. Their order says nothing. Default: none.")
	a.Describe(&w.Variables, "Values in the Worker's `env` by name. A string is given as it is, anything else "+
		"(numbers, lists, objects) as JSON. At most 128 together with the secrets, 5 KiB each. Example: `{ LOG_LEVEL: "+
		"\"info\" }`.")
	a.Describe(&w.Secrets, "Secret values in the Worker's `env` by name, at most 5 KiB each. They travel in the same "+
		"version as the code that needs them; unchanged ones are inherited and not sent again; those that others set "+
		"are kept. Cloudflare never gives them back.")
	a.Describe(&w.Bindings, "What else the Worker finds in its `env`, by name: other Workers and storage. "+
		"Example: `{ CACHE: { kvNamespace: { id: kv.id } } }`.")
	a.Describe(&w.WorkersDev, "Whether the Worker answers at `<scriptName>.<account's subdomain>.workers.dev`. "+
		"Default: it does not.")
	a.Describe(&w.Routes, "Where in your zones the Worker answers, by route pattern, such as `api.example.com/*`.")
	a.Describe(&w.Adopt, "Whether to take over a Worker of this name that exists already, replacing its code and "+
		"settings. Default: false; creating it is then an error that says who deployed it.")
}

// Annotate describes the outputs.
func (s *CloudflareWorkerState) Annotate(a infer.Annotator) {
	a.Describe(&s.VersionID, "Id of the Worker's version that these inputs made. Versions are immutable.")
	a.Describe(&s.DeploymentID, "Id of the deployment that gives the version its traffic. It is the version's own id "+
		"after an upload that deployed itself, as the first one does.")
	a.Describe(&s.Traffic, "Percent of the requests by version id. Anything but 100 for `versionId` was done "+
		"elsewhere, and the next update repairs it.")
	a.Describe(&s.ETag, "Cloudflare's tag of the deployed code. Good for telling that code changed, and for nothing else.")
	a.Describe(&s.BundleDigest, "SHA-256 of the bundle that was deployed; if somebody else deployed, who and when "+
		"instead.")
	a.Describe(&s.BundleSize, "Size of the deployed bundle in bytes, uncompressed. 0 if it is not known.")
	a.Describe(&s.URLs, "Addresses at which the Worker answers: workers.dev first, then those of the routes.")
	a.Describe(&s.RouteIDs, "Cloudflare's ids of the routes, by pattern.")
	a.Describe(&s.DNSRecordIDs, "Cloudflare's ids of the DNS records that were made for routes, by pattern. A record "+
		"that was there before is used and left alone; it is not listed.")
}

// Annotate describes the binding.
func (b *Binding) Annotate(a infer.Annotator) {
	a.Describe(&b, "What a name in a Worker's `env` stands for. Set exactly one member.")
	a.Describe(&b.KvNamespace, "A Workers KV namespace.")
	a.Describe(&b.R2Bucket, "An R2 bucket of objects.")
	a.Describe(&b.Service, "Another Worker, called without leaving Cloudflare.")
}

// Annotate describes the binding.
func (b *KvNamespaceBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a Workers KV namespace.")
	a.Describe(&b.ID, "Id of the namespace: the `id` of a `KvNamespace`, or 32 hex digits from elsewhere.")
}

// Annotate describes the binding.
func (b *R2BucketBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds an R2 bucket.")
	a.Describe(&b.Name, "Name of the bucket: the `name` of an `R2Bucket`, or that of one made elsewhere.")
	a.Describe(&b.Jurisdiction, "Jurisdiction of the bucket: `eu` or `fedramp`. Default: none.")
}

// Annotate describes the binding.
func (b *ServiceBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds another Worker.")
	a.Describe(&b.Name, "The other Worker's name: its `scriptName`.")
	a.Describe(&b.Entrypoint, "Name of the class, a `WorkerEntrypoint`, that answers. Default: the default export.")
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
	a.Describe(&r.ZoneID, "Id of the zone that the pattern's host belongs to: 32 hex digits from the zone's "+
		"overview page.")
	a.Describe(&r.DNSRecord, "Whether to make a proxied DNS record (`AAAA 100::`) for the pattern's host, without "+
		"which no request arrives. Set it only for a host that has no address yet: the record is made beside an A or "+
		"AAAA record that exists, and would take requests away from that origin. Where Cloudflare refuses a second "+
		"record, as beside a CNAME, a proxied one that exists is used and left alone. Default: false.")
}
