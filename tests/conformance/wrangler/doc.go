// SPDX-License-Identifier: Apache-2.0

// Package wrangler drives the emulator with wrangler, the client that Cloudflare writes for its own API, and looks at
// what the deployed Workers answer. What wrangler is content with, and what it does about refusals, is the best witness
// of the API that can be had without an account.
//
// It has tests only. They need what `make setup` installs.
package wrangler
