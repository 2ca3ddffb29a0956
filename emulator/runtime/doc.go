// SPDX-License-Identifier: Apache-2.0

// Package runtime runs Workers on workerd, the open-source runtime of Cloudflare Workers, as a local Cloudflare
// does: what is deployed is given as a [World], and a front door serves it by Host header.
//
// # How it works
//
// All versions run in one workerd process. [Runtime.Apply] only notes the new world; the next request that needs it
// starts a process for it, waits until that listens, and lets the old process finish what it is doing. A world that
// differs in routes, domains or percentages alone starts nothing, and neither does an equal one. Up to 32 deployed
// versions are loaded together. Beyond that, and for preview URLs, a version is loaded when it is first asked for.
//
// The configuration that workerd reads holds secrets. It lies in a directory that only this user can read, until
// workerd has started. Bindings to storage reach the emulator over a socket in such a directory. The process dies
// with its parent, however that ends.
//
// [Runtime.Validate] runs an upload in a process of its own, so that a script that cannot start is refused before it
// is deployed. Should one get through nevertheless, it is replaced by one that throws; others do not notice.
//
// Handlers other than fetch are called by [Runtime.Queue] and [Runtime.Scheduled], through the Worker that all requests
// reach first, in the process that serves requests; that process is kept until they are done, too. For people there is
// /cdn-cgi/handler/scheduled on a Worker's address, as in wrangler dev.
//
// D1 databases are in a workerd of their own, which [Runtime.QueryD1] and the first use of a binding start: it lives
// until Close, since two processes must not have the same SQLite files.
//
// # Bindings
//
// plain_text, secret_text, json, version_metadata, secret_key, kv_namespace, r2_bucket, d1, queue,
// durable_object_namespace, workflow, ratelimit, analytics_engine (which keeps nothing), send_email (which sends
// nothing), secrets_store_secret, service (with entrypoint and props), and in service-worker syntax wasm_module,
// text_blob and data_blob. A Worker may have bindings of any other type, but using one throws an error that names the
// type.
//
// # Differences from Cloudflare
//
//   - There is one data centre. Deployments take effect for the next request, and KV is consistent at once.
//   - A service binding to a Worker whose traffic is split reaches the version with the larger share. Version keys
//     and overrides are honoured by the front door only.
//   - All objects of a namespace run the version with the largest share of the traffic. On Cloudflare each object has a
//     version by its hash and the percentages
//     (https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/with-durable-objects/).
//     In the other version, ctx.exports has no classes of Durable Objects.
//   - Deploying any Worker restarts all Durable Objects, if there are any, and closes all WebSockets; on Cloudflare
//     only that Worker's own. What then still runs after five seconds is cut off.
//   - Workflows are restarted as Durable Objects are: steps that were done are not done again.
//   - An object that stored something is listed as one that has stored data, even if it deleted all since.
//   - There are no limits of memory or of subrequests. A Worker that never yields keeps all others waiting; after
//     CPULimit all that run are ended with error 1102 and started again.
//   - A request that was being answered when workerd crashed gets 502. Deployments lose no request: a replaced
//     process has 30 seconds for requests and for waitUntil.
//   - D1 runs one statement after the other, for all databases; its durations are 0, sessions have one copy to read
//     from, and SQLite's limits apply instead of D1's. SQL that takes longer than CPULimit ends what else runs then.
//   - Global state of all Workers is lost when any Worker is deployed.
//   - There is no origin behind the front door. Where no Worker matches it answers 522, as Cloudflare does when an
//     origin does not; and fetch() of a hostname that the front door serves goes to the network, not to the front door.
//   - The cache API (caches.default) is not there.
//   - An email handler cannot reply, and its message's methods are calls over RPC.
//   - Python is not run: workerd downloads Pyodide when it first needs it, and no package has that.
//     An upload is checked for its parts and for the flag python_workers, and stored; the Worker then
//     answers 501, and its other handlers throw. Its handlers are found by reading the entry point.
//   - request.cf and CF-IPCountry describe an invented place; request URLs have https whatever the client used.
//   - Console output is logged when an invocation has ended. That of global scope is logged by Validate only.
//   - Cloudflare measures start-up in processor time of the script; here it is the time until workerd listens.
//   - The pages for errors have Cloudflare's codes and headlines, not its design.
package runtime
