// SPDX-License-Identifier: Apache-2.0

// Package assets serves the static assets of a version of a Worker as Cloudflare does: which file answers a path,
// redirects and headers, and when it is the Worker's turn.
//
// Source, unless a comment names another: workers-sdk, packages/workers-shared, whose asset-worker and router-worker
// are what Cloudflare runs.
package assets
