// SPDX-License-Identifier: Apache-2.0

package component

import (
	_ "embed" // the component's documentation
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
)

//go:embed doc/worker_app.md
var workerAppDoc string

// Annotate describes the component and its outputs.
func (w *WorkerApp) Annotate(a infer.Annotator) {
	a.Describe(&w, strings.TrimSpace(workerAppDoc))
	a.Describe(&w.URL, "The first of `urls`; empty if there is none.")
	a.Describe(&w.URLs, "Addresses at which the Worker answers: workers.dev first, then those of the routes.")
	a.Describe(&w.ScriptName, "The Worker's name at Cloudflare.")
	a.Describe(&w.VersionID, "Id of the Worker's version that these inputs made.")
	a.Describe(&w.Bundle, "The bundle that the Worker runs, with its digest: what another stack's `promoteFrom` takes.")
	a.Describe(&w.KvIDs, "Ids of the KV namespaces that were made, by the names of their bindings.")
	a.Describe(&w.D1IDs, "Ids of the D1 databases that were made, by the names of their bindings.")
	a.Describe(&w.R2Names, "Names of the R2 buckets that were made, by the names of their bindings.")
	a.Describe(&w.QueueNames, "Names of the queues that were made, by the names of their bindings.")
}

// Annotate describes the inputs.
func (w *WorkerAppArgs) Annotate(a infer.Annotator) {
	a.Describe(&w.Path, "The build output: a file or a directory, relative to the program, such as `./dist`. "+
		"Default: none, and `archive`, `bundle` or `promoteFrom` is given.")
	a.Describe(&w.Archive, "The build output as an archive of Pulumi's, instead of `path`: a directory, a .zip, .tar, "+
		".tar.gz or .tgz, or a map of assets. The state keeps its digest and none of the content. Default: none.")
	a.Describe(&w.Build, "A command that makes what is at `path`, run in each preview and each update: a preview without "+
		"it could not say which digest will run. Default: none; what is at `path` is built already.")
	a.Describe(&w.Bucket, "Name of the R2 bucket in which the bundle is kept. Default: one that is made for this "+
		"component, and destroyed with it and all its bundles.")
	a.Describe(&w.Prefix, "What the keys of the bundle's objects begin with, before the digest. Default: `bundles`.")
	a.Describe(&w.PromoteFrom, "The output `bundle` of another stack's `WorkerApp`, or the reference of a "+
		"`WorkerBundle`, instead of a `path`: exactly that artifact is deployed, and none that has another digest. "+
		"Default: none.")
	a.Describe(&w.FromWrangler, "The configuration of wrangler that describes the Worker. What is given here wins over "+
		"it, name by name. Storage without an id is made. Default: none.")
	a.Describe(&w.Kv, "Names of bindings, such as `CACHE`, for each of which a KV namespace is made. Default: none.")
	a.Describe(&w.D1, "Names of bindings, such as `DB`, for each of which a D1 database is made. Default: none.")
	a.Describe(&w.R2, "Names of bindings, such as `FILES`, for each of which an R2 bucket is made. Default: none.")
	a.Describe(&w.Queues, "Names of bindings, such as `JOBS`, for each of which a queue is made that the Worker can send "+
		"to. Default: none.")
}

// Annotate describes the file.
func (w *WranglerFile) Annotate(a infer.Annotator) {
	a.Describe(&w, "A configuration of wrangler, and the environment in it that is meant.")
	a.Describe(&w.Path, "The configuration, relative to the program: a `wrangler.json`, `wrangler.jsonc` or "+
		"`wrangler.toml`, or the directory that it is in.")
	a.Describe(&w.Environment, "The environment whose Worker is meant. Default: none, the Worker at the top of the file.")
}
