// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// reader is a Worker that reads its bindings A and B.
const reader = `export default { async fetch(request, env) {
	const read = async (s) => { try { return await s.get() } catch (e) { return e.message } };
	return Response.json([await read(env.A), await read(env.B)]) } }`

func storeBinding(name, store, secret string) string {
	return fmt.Sprintf(`{"type":"secrets_store_secret","name":%q,"store_id":%q,"secret_name":%q}`, name, store, secret)
}

func TestStoreSecretsAreReadEachTime(t *testing.T) {
	t.Parallel()
	values := map[[3]string]string{
		{"acc", "s/1", `K"ey`}:   "one",
		{"acc", "s", `K"ey`}:     "of another store",
		{"other", "s/1", `K"ey`}: "of another account",
	}
	h := newHarness(t, func(r *runtime.Runtime) {
		r.Secrets = func(account, store, name string) (string, bool) {
			value, ok := values[[3]string{account, store, name}]
			return value, ok
		}
	})
	s := script("api", "v1", reader, storeBinding("A", "s/1", `K"ey`), storeBinding("B", "s/1", "none"))
	s.Account = "acc"
	h.Apply(worldOf(s))
	const url = "https://api.emulator.workers.dev/"
	assert.JSONEq(t, `["one","Secret \"none\" not found"]`, h.get(url).body)
	values[[3]string{"acc", "s/1", `K"ey`}] = ""
	values[[3]string{"acc", "s/1", "none"}] = "\ufeffnow"
	assert.JSONEq(t, `["","`+"\ufeff"+`now"]`, h.get(url).body)
}

func TestStoreSecretsWithoutABackendThrow(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(worldOf(script("api", "v1", reader, storeBinding("A", "s", "x"), storeBinding("B", "s", "y"))))
	assert.JSONEq(t, `["Secret \"x\" not found","Secret \"y\" not found"]`,
		h.get("https://api.emulator.workers.dev/").body)
}

// A Worker reaches the secrets that it is bound to and no others.
func TestAStoreSecretIsNoWayToAnother(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(r *runtime.Runtime) {
		r.Secrets = func(_, _, name string) (string, bool) { return "value of " + name, true }
	})
	h.Apply(worldOf(script("api", "v1", `export default { async fetch(request, { A }) {
		const says = async (f) => { try { return await f() } catch (e) { return "throws" } };
		const body = JSON.stringify({ account: "a", store: "s", name: "OTHER" });
		return Response.json([
			await says(() => A.get()), await says(() => A.get({ name: "OTHER" })), await says(() => A.get("OTHER")),
			await says(async () => (await A.fetch("http://backend/", { method: "POST", body })).text()),
			await says(async () => (await A.env.BACKEND.fetch("http://backend/", { method: "POST", body })).text()),
			await says(async () => String(await A.ctx)), await says(async () => String(await A.env)),
		]) } }`, storeBinding("A", "s", "MINE"))))
	assert.JSONEq(t, `["value of MINE","value of MINE","value of MINE","throws","throws","throws","throws"]`,
		h.get("https://api.emulator.workers.dev/").body)
}
