// SPDX-License-Identifier: Apache-2.0

// Package provider is what Pulumi sees: the configuration and the resources
// of the package cloudflare-workers. It speaks Pulumi's words above and, through
// package cfapi, Cloudflare's below.
//
// # The life of an input
//
//	inputs ──Check──▶ args ──diff──▶ change? ──plan(seen, want)──▶ steps ──run──▶ facts ──▶ state
//
// Check validates what is known and resolves the bundle's digest into the
// inputs. It is where a preview learns which artifact will run. An input that is
// not known yet passes; infer decodes it to its zero value, so Check asks the
// raw inputs whether it is (computed).
//
// The comparison of inputs is the framework's. state_diff.go adds what only
// the state can tell: traffic that goes elsewhere.
//
// plan (worker_plan.go) is pure. It compares what was seen with what is wanted
// and lists the steps, the cheapest path first. Each step (worker_step.go) is
// one request, and records in the state what it established. The facts of a step that
// failed are discarded; what earlier steps did is kept by
// infer.ResourceInitFailedError, and the next update goes on from there.
//
// Read (worker_read.go) rebuilds inputs and state from what Cloudflare says.
// Versions are immutable: as long as the version that serves is the one the state
// knows, nothing about it can have changed, and it is not read again.
//
// # Secrets
//
// The value of a secret is seen by secret.go and nothing behind it. Check puts a
// fingerprint (package seal) in its place, under the same key, and the value into
// the vault (vault.go), from where the Create or Update of the same process takes
// it; the engine stores what Check returns. References are resolved there too
// (package secretref). What the fingerprints tell is enough to know which secrets
// have to be sent (worker_secret.go). run.go keeps Pulumi's own RPC layer, which
// sees requests before us, from logging them.
//
// # Answers that get lost
//
// A request that is safe to repeat is repeated by cfapi. For one that creates
// something, the step looks whether it is there (findRoute, findDNSRecord,
// findConsumer, findEmailRule, findKVNamespace, findR2Bucket, findStoredSecret). A
// Worker's name is its id, so a create whose outcome stays unknown is claimed, and a
// refresh drops it if it is not there. Consumers, rules and Workflows are claimed too.
//
// # Requests
//
// Nothing is read back after a write: the answer to the write is the fact.
// Previews make no request, except the one that resolves a bundle which the
// program did not pin. What a request taught that stays true is kept on the
// machine (bundle.Cache): bundles by digest, digests by ETag, the token's id, the
// account's workers.dev subdomain.
package provider
