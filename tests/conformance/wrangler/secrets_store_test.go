// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func TestSecretsStore(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	const url = "http://plain.emulator.workers.dev/"
	const value, changed = "s3cr3t-value", "an0ther-value"
	signed := func(key string) string {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte("message"))
		return hex.EncodeToString(mac.Sum(nil))
	}
	bound := plain("plain").with(config{"secrets_store_secrets": []config{
		{"binding": "KEY", "store_id": "{store}", "secret_name": "API_KEY"},
	}})
	code := `export default { async fetch(request, env) {
		let key;
		try { key = new TextEncoder().encode(await env.KEY.get()) } catch (e) { return new Response("throws " + e.message) }
		const hmac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
		const mac = await crypto.subtle.sign("HMAC", hmac, new TextEncoder().encode("message"));
		return new Response([...new Uint8Array(mac)].map((b) => b.toString(16).padStart(2, "0")).join("")) } }`
	never := []string{value, changed}
	const store, secret = "secrets-store store ", "secrets-store secret "
	w.steps(
		step{run: store + "list --remote", fails: true, out: []string{"List request returned no stores."}},
		step{
			run: store + "create default --remote", out: []string{"Created store! (Name: default"},
			capture: `ID: (?P<store>[0-9a-f]{32})\)`,
		},
		step{run: store + "create second --remote", fails: true, out: []string{"maximum_stores_exceeded", "1003"}},
		step{run: store + "list --remote", out: []string{"default", "{store}", emulator.DefaultAccountID}},
		step{run: secret + "list {store} --remote", fails: true, out: []string{"List request returned no secrets."}},
		step{
			run: "deploy", config: bound, files: map[string]string{"index.js": code}, fails: true, out: []string{"10182"},
		},
		step{
			run: secret + "create {store} --name API_KEY --scopes workers --comment test --remote", stdin: value, never: never,
			out: []string{"Created secret!", "API_KEY", "test", "workers", "pending"}, capture: `ID: (?P<secret>[0-9a-f]{32})\)`,
		},
		step{
			run: secret + "create {store} --name API_KEY --scopes workers --remote", stdin: value, never: never,
			fails: true, out: []string{"secret_name_already_exists", "1003"},
		},
		step{
			run: secret + "create {store} --name BAD --scopes worker --remote", stdin: value, never: never,
			fails: true, out: []string{"secret_scope_invalid", "1001"},
		},
		step{
			run: secret + "list {store} --remote", never: never,
			out: []string{"API_KEY", "{secret}", "test", "workers", "active"},
		},
		step{
			run: secret + "get {store} --secret-id {secret} --remote", never: never,
			out: []string{"API_KEY", "{secret}", "{store}", "active"},
		},
		step{run: "deploy", out: []string{"env.KEY"}, never: never, get: map[string]string{url: signed(value)}},
		// A new value needs no new version.
		step{
			run: secret + "update {store} --secret-id {secret} --value " + changed + " --remote",
			out: []string{"Updated secret!", "test"}, get: map[string]string{url: signed(changed)},
		},
		step{
			run: secret + "update {store} --secret-id {secret} --comment other --scopes workers,ai_gateway --remote",
			out: []string{"other", "workers, ai_gateway"}, get: map[string]string{url: signed(changed)},
		},
		step{
			run: secret + "duplicate {store} --secret-id {secret} --name COPY --scopes workers --remote", never: never,
			out: []string{"Duplicated secret!", "COPY"}, capture: `Duplicated secret! \(ID: (?P<copy>[0-9a-f]{32})\)`,
		},
		step{
			run: "deploy", config: plain("plain").with(config{"secrets_store_secrets": []config{
				{"binding": "KEY", "store_id": "{store}", "secret_name": "COPY"},
			}}),
			get: map[string]string{url: signed(changed)},
		},
		step{
			run: secret + "delete {store} --secret-id {copy} --remote", out: []string{"Deleted secret!"},
			get: map[string]string{url: `throws Secret "COPY" not found`},
		},
		step{
			run: secret + "get {store} --secret-id {copy} --remote", fails: true,
			out: []string{"secret_not_found [code: 1001]"},
		},
		step{run: store + "delete {store} --remote", fails: true, out: []string{"store_not_empty"}},
		step{run: secret + "delete {store} --secret-id {secret} --remote"},
		step{run: store + "delete {store} --remote", out: []string{"Deleted store!"}},
		step{
			run: secret + "get {store} --secret-id {secret} --remote", fails: true,
			out: []string{"store_not_found [code: 1001]"},
		},
		step{run: "delete --force"},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}
