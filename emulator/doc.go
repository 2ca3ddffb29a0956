// SPDX-License-Identifier: Apache-2.0

// Package emulator is a local Cloudflare: the v4 API as far as Workers, KV, R2, DNS and zones need it, R2's S3
// endpoint, and a front door that serves what is deployed on workerd, the runtime that Cloudflare itself runs.
//
// A [Server] is three handlers around one state:
//
//	s := &emulator.Server{Runtime: &runtime.Runtime{}}
//	api := httptest.NewServer(s)              // CLOUDFLARE_API_BASE_URL = api.URL + "/client/v4"
//	r2 := httptest.NewServer(s.S3())          // AWS_ENDPOINT_URL_S3 = r2.URL
//	workers := httptest.NewServer(s.FrontDoor()) // by Host: <script>.emulator.workers.dev
//
// Tests break it with [Server.Before] and [Server.After], count with [Server.Calls] and compare with [Server.Dump].
// Package r2 is the object store, package runtime runs the Workers; this package is the API and joins the two.
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
//   - D1, Queues, Hyperdrive, Vectorize, Workflows, Pipelines, dispatch namespaces, mTLS certificates, Secrets Store:
//     their endpoints answer 501, and since none of their resources exists, a binding to one is refused as Cloudflare
//     refuses a binding to what does not exist.
//   - Durable Objects: migrations are checked and kept, and bindings need a class that exists, but using one throws
//     (see package runtime). Declarative exports and transfers between Workers are not there.
//   - Static assets are uploaded, kept and handed on from version to version, but not served.
//   - Cron triggers are kept and never fire. Logs, tails, analytics, GraphQL and observability are not there.
//   - The beta API below workers/workers, but for reading one Worker and for the merge patch of a latest version that
//     wrangler uses for secrets.
//   - Preview aliases; R2's CORS, lifecycle, lock, domain, event and Sippy settings; KV, DNS and zone features beyond
//     those in endpoints.go. Zones cannot be created or deleted.
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
//   - Deleting a Worker deletes its routes, its custom domains and their DNS records.
package emulator
