// SPDX-License-Identifier: Apache-2.0

// Package wrangler reads wrangler's configuration (wrangler.json, wrangler.jsonc, wrangler.toml) into the inputs of a
// CloudflareWorker. It knows their names and nothing of Pulumi's runtime: what it returns are texts, numbers, booleans,
// lists and maps.
//
// [Keys] is the single source of what becomes of a key: it is carried over, ignored because it belongs to development
// or to the build, or refused with a word about what to do instead. A test compares it with wrangler's own schema,
// another one with docs/from-wrangler.md.
//
// What an environment inherits follows wrangler 4.164 (packages/workers-utils, src/config/validation.ts,
// normalizeAndValidateEnvironment).
package wrangler
