// SPDX-License-Identifier: Apache-2.0

// Package emulator is a local Cloudflare: the v4 API as far as Workers, KV, R2, D1, Queues, DNS and zones need it,
// R2's S3 endpoint, and a front door that serves what is deployed on workerd, the runtime that Cloudflare itself runs.
//
// A [Server] is three handlers around one state:
//
//	s := &emulator.Server{Runtime: &runtime.Runtime{}}
//	api := httptest.NewServer(s)              // CLOUDFLARE_API_BASE_URL = api.URL + "/client/v4"
//	r2 := httptest.NewServer(s.S3())          // AWS_ENDPOINT_URL_S3 = r2.URL
//	workers := httptest.NewServer(s.FrontDoor()) // by Host: <script>.emulator.workers.dev
//
// Tests break it with [Server.Before] and [Server.After], count with [Server.Calls] and compare with [Server.Dump].
// Package r2 is the object store, queue holds the messages of queues, cron reads cron expressions, and runtime runs the
// Workers; this package is the API and joins them.
//
// Without a request, a server delivers messages to the Workers that consume them and calls what cron triggers are for,
// as time goes by; a server with a clock of its own does so when [Server.Tick] is called.
//
// # What backs a behaviour
//
// No account was at hand, so each behaviour cites what vouches for it: Cloudflare's documentation
// (developers.cloudflare.com, cloudflare/workers-docs), what wrangler sends and expects (cloudflare/workers-sdk, by
// file), the generated types of the API description (cloudflare-go, by type), codes recorded from the live API by
// others (alchemy-run/distilled and alchemy-run/alchemy), or error texts in public issues. Where a comment says that a
// code or a text is ours, nothing better was found: clients must not depend on it. tests/conformance/wrangler runs
// wrangler against all of it.
//
// What has no source is not there: a request that is not in endpoints.go is answered with 501, which names the method
// and the path.
//
// # What is not emulated
//
//   - Hyperdrive configurations, Vectorize indexes, dispatch namespaces and mTLS certificates can be made, bound to and
//     read back, and that is all: no database is connected to, there are no vectors, no Workers in namespaces and no
//     associations of certificates. A Worker that uses one of these bindings gets an error that says so.
//   - Workflows run, but their instances can be neither listed nor read through the API, only through a binding; they
//     are not in ctx.exports, have no retention of their own, no rollbacks and no restarts from a step. Event triggers
//     are kept, and no event comes: there are no Artifacts. An entry point's cache is remembered, and does nothing.
//   - Mail that Workers send is checked, logged and given to [Server.Mail], and goes nowhere; that an address was
//     verified is not asked for. No mail comes in but by [Server.Receive]; Email Routing is on in all zones, has no
//     subaddressing and no DNS records, and its rules are all that there is of it.
//   - Rate limits count each call, in windows that all begin at once; on Cloudflare they are loose, and of a location.
//   - Data points of Analytics Engine are dropped.
//   - Traces reach the handlers of tail consumers in the same account; those that name a dispatch namespace are kept,
//     and streaming ones get something only if the Worker itself has the compatibility flag streaming_tail_worker, for
//     which workerd asks.
//   - Pipelines: their endpoints answer 501.
//   - Containers of Durable Objects and jurisdictions' own data: a class with a container is refused with 501.
//   - Static assets: a request with a Range is answered with the whole file, nothing is compressed or cached, and where
//     a Worker with assets is bound to another one with props, its assets are not asked.
//   - Pull consumers of queues are kept, but nothing can be pulled; there are no event subscriptions. A queue that
//     something refers to cannot be renamed.
//   - Logs, tails, analytics, GraphQL and observability are not there.
//   - Secrets Store's bulk deletion, and its scopes other than workers: they are kept, and nothing comes of them.
//   - The beta API below workers/workers, but for reading one Worker and for the merge patch of a latest version that
//     wrangler uses for secrets.
//   - D1's time travel, metrics and alpha backups, and without a [Server.Runtime] its SQL: databases can then be
//     created and bound only.
//   - Preview aliases; R2's event notifications and Sippy; in its S3 API the CORS and lifecycle rules, which the v4 API
//     has; ciphers, TLS versions and DNS records of a bucket's domains, which are kept and do nothing; KV, DNS and zone
//     features beyond those in endpoints.go. Zones cannot be created or deleted.
//   - Plans, quotas and permissions: one token may do everything in all accounts, limits of size and number are checked
//     only where the code says so.
//
// # Where it differs
//
//   - Everything takes effect at once. On Cloudflare a new Worker is not everywhere for some seconds.
//   - A token verifies both as a user's and as an account's.
//   - The part name and the file name of a module must be equal. Cloudflare may take them if they are not.
//   - The etag of a script is the SHA-256 of its modules and main module. What Cloudflare's covers is not documented.
//   - Handlers are those that the runtime finds; without a [Server.Runtime] none are known.
//   - The rate limit counts in windows of five minutes, each from its first request, and for the API only. There is
//     none for an address.
//   - Deployments carry the annotation workers/triggered_by as "upload", "secret" or "deployment"; what Cloudflare
//     writes for a rollback is not established.
//   - A D1 database that was asked to be nowhere in particular is in eastern North America. An import or export is done
//     when the request for it is answered.
//   - Cron triggers fire in their minute, from the one after they were made; on Cloudflare a change takes some minutes.
//     What was missed since the machine slept is made up for once; since the server did not run, never.
//   - Deleting a Worker deletes its routes, its custom domains and their DNS records.
//   - Durable Objects run in the version of their Worker with the largest share of the traffic, and deploying anything
//     that differs from what runs restarts all of them (see package runtime), whatever a code_update_strategy asks for:
//     it is checked and kept. Without a [Server.Runtime] the classes that a script exports are not known, so that they
//     are not checked.
package emulator
