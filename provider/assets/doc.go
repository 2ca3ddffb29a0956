// SPDX-License-Identifier: Apache-2.0

// Package assets reads a directory of static assets as wrangler does: which files are assets, by which hash Cloudflare
// knows each, and with which content type it is to be served. Source: workers-sdk,
// packages/deploy-helpers/src/deploy/helpers/assets.ts and packages/workers-shared/utils/helpers.ts.
package assets
