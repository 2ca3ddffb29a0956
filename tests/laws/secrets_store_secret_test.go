// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// store and otherStore name the stores of the accounts, which have one each.
const (
	store      = "store of " + account
	otherStore = "store of " + otherAccount
)

func prepareForStoredSecrets(w world) {
	w.t.Helper()
	for _, account := range []string{account, otherAccount} {
		w.ids["store of "+account] = w.create("/accounts/"+account+"/secrets_store/stores", object{"name": "default"})
	}
}

func secretsStoreSecret() subject {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	// theirs changes the secret as somebody else would.
	theirs := func(change cfapi.StoreSecretChange) func(w world, s *stack) error {
		return func(w world, s *stack) error {
			_, err := w.client().ChangeStoreSecret(w.t.Context(), account, w.ids[store], secretID(s), change)
			return err
		}
	}
	value, comment := "theirs", "theirs"
	return subject{
		name:    "SecretsStoreSecret",
		token:   provider.Name + ":index:SecretsStoreSecret",
		prepare: prepareForStoredSecrets,
		program: func(w world) object {
			return object{
				"storeId": w.ids[store],
				"name":    "signing-key",
				"value":   secret("one"),
				"scopes":  []any{"workers", "ai_gateway"},
				"comment": "signs greetings",
			}
		},
		changes: []change{
			{
				name: "moved to another account", covers: []string{"accountId", "storeId"}, // each has one store
				edit: func(w world, o object) object {
					return o.with(otherAccount, "accountId").with(w.ids[otherStore], "storeId")
				},
				diff: map[string]p.DiffKind{"accountId": p.UpdateReplace, "storeId": p.UpdateReplace},
			},
			{
				name: "renamed", covers: []string{"name"}, edit: set("signing_key_2", "name"),
				diff: map[string]p.DiffKind{"name": p.UpdateReplace},
			},
			{
				name: "value changed", covers: []string{"value"}, edit: set(secret("two"), "value"),
				diff: map[string]p.DiffKind{"value": p.Update},
			},
			{
				name: "scope left out", covers: []string{"scopes"}, edit: set([]any{"workers"}, "scopes"),
				diff: map[string]p.DiffKind{"scopes[1]": p.Delete},
			},
			{
				name: "scopes left out", edit: set(nil, "scopes"), diff: map[string]p.DiffKind{"scopes[1]": p.Delete},
			},
			{
				name: "scopes in another order", idle: true, edit: set([]any{"ai_gateway", "workers"}, "scopes"),
				diff: map[string]p.DiffKind{"scopes[0]": p.Update, "scopes[1]": p.Update},
			},
			{
				name: "comment changed", covers: []string{"comment"}, edit: set("signs all", "comment"),
				diff: map[string]p.DiffKind{"comment": p.Update},
			},
			{
				name: "comment left out", edit: set(nil, "comment"), diff: map[string]p.DiffKind{"comment": p.Delete},
			},
			{
				name: "everything at once",
				edit: func(_ world, o object) object {
					return o.with(secret("two"), "value").with("signs all", "comment").with([]any{"workers"}, "scopes")
				},
				diff: map[string]p.DiffKind{"value": p.Update, "comment": p.Update, "scopes[1]": p.Delete},
			},
		},
		drifts: []drift{
			{
				name: "another value", outputs: []string{"modifiedOn"}, make: theirs(cfapi.StoreSecretChange{Value: &value}),
				diff: map[string]p.DiffKind{"value": p.Update},
			},
			{
				name: "another comment, and perhaps another value", outputs: []string{"modifiedOn"},
				make: theirs(cfapi.StoreSecretChange{Comment: &comment}),
				diff: map[string]p.DiffKind{"value": p.Update, "comment": p.Update},
			},
			{
				name: "another scope, and perhaps another value", outputs: []string{"modifiedOn"},
				make: theirs(cfapi.StoreSecretChange{Scopes: []string{"workers"}}),
				diff: map[string]p.DiffKind{"value": p.Update, "scopes[1]": p.Add},
			},
			{
				name: "deleted", gone: true,
				make: func(w world, s *stack) error {
					return w.client().DeleteStoreSecret(w.t.Context(), account, w.ids[store], secretID(s))
				},
			},
		},
		unclaimed: "Cloudflare chooses the id, so there is nothing that the state could hold",
		importID:  func(_ world, s *stack) string { return s.id },
		unreadable: map[string]string{
			"value": "Cloudflare never gives it back",
			"setAt": "who has set a value cannot be read",
		},
	}
}

// secretID is Cloudflare's id of the secret.
func secretID(s *stack) string { return s.outputs.Get("secretId").AsString() }

// holds asserts which value the account's secret has, which only its fingerprint tells.
func (w world) holds(t *testing.T, value property.Value) {
	t.Helper()
	other, s := begun(t, secretsStoreSecret())
	s.mustUp(properties(secretsStoreSecret().program(other).with(value, "value")))
	assert.Equal(t, other.Dump(), w.Dump())
}

// TestAStoredValueIsInNoState: not even as what is marked secret.
func TestAStoredValueIsInNoState(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	w, s := begun(t, r)
	look := func(program object) {
		pl, err := s.preview(properties(program))
		require.NoError(t, err)
		s.mustUp(properties(program))
		for _, m := range []property.Map{pl.inputs, pl.outputs, s.inputs, s.outputs} {
			if m.Len() > 0 { // a preview of what does not change has no outputs
				assert.True(t, m.Get("value").Secret())
				assert.True(t, strings.HasPrefix(m.Get("value").AsString(), "sealed:"))
			}
			assert.NotContains(t, fmt.Sprint(plain(property.New(m))), secretMark)
		}
	}
	look(r.program(w))
	w.holds(t, secret("one"))
	look(r.program(w).with(secret("two"), "value"))
	w.holds(t, secret("two"))
	look(r.program(w).with(secret("two"), "value"))
	require.NoError(t, s.destroy())
}

// TestAStoredValueCanBeAReference: what it is found by is never taken for it.
func TestAStoredValueCanBeAReference(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	w, s := begun(t, r)
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("one "+secretMark), 0o600))
	program := properties(r.program(w).with("file:"+file, "value"))
	s.mustUp(program)
	w.holds(t, secret("one"))

	require.NoError(t, os.WriteFile(file, []byte("two "+secretMark), 0o600))
	pl, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, map[string]p.DiffKind{"value": p.Update}, pl.kinds())
	s.mustUp(program)
	w.holds(t, secret("two"))

	s.mustUp(properties(r.program(w).with("literal:file:none", "value")))
	w.holds(t, property.New("literal:file:none"))
}

// TestAStoredValueHasASize: that of Secrets Store and not that of a Worker's secrets, and not 0.
func TestAStoredValueHasASize(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	w, s := begun(t, r)
	program := func(value string) property.Map { return properties(r.program(w).with(value, "value")) }
	for value, wrong := range map[string]string{
		"":                             "value: is empty, which Secrets Store does not allow",
		strings.Repeat("x", 64*1024+1): "value: has 65537 bytes; Cloudflare allows 65536",
	} {
		_, err := s.preview(program(value))
		require.EqualError(t, err, wrong)
	}
	s.mustUp(program(strings.Repeat("x", 64*1024)))
}

// TestAChangedStoredValueIsReadable: what stands in its place is no secret and says when.
func TestAChangedStoredValueIsReadable(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	w, s := built(t, r)
	was := s.inputs.Get("value")
	require.NoError(t, r.drifts[0].make(w, s))
	require.NoError(t, s.refresh())
	for _, m := range []property.Map{s.inputs, s.outputs} {
		assert.False(t, m.Get("value").Secret())
		assert.Regexp(t, "^changed elsewhere: secret "+secretID(s)+`, modified on \d{4}-\d\d-\d\d \d\d:\d\d UTC$`,
			m.Get("value").AsString())
	}
	seen := s.state(t)
	require.NoError(t, s.refresh())
	assert.Equal(t, seen, s.state(t), "the second time")
	s.mustUp(properties(r.program(w)))
	assert.Equal(t, was, s.inputs.Get("value"))
	w.holds(t, secret("one"))
}

// TestAnIgnoredStoredValueIsLeftAlone: with ignoreChanges the engine gives back what is stored.
func TestAnIgnoredStoredValueIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	ignoring := func(w world, s *stack) object { return r.program(w).with(s.inputs.Get("value"), "value") }
	t.Run("changed elsewhere", func(t *testing.T) {
		t.Parallel()
		w, s := built(t, r)
		require.NoError(t, r.drifts[0].make(w, s))
		require.NoError(t, s.refresh())
		before := w.Dump()
		pl, err := s.preview(properties(ignoring(w, s)))
		require.NoError(t, err)
		assert.Equal(t, "same", pl.op, "%v", pl.kinds())
		s.mustUp(properties(ignoring(w, s).with("signs all", "comment")))
		assert.Equal(t, strings.Replace(before, "signs greetings", "signs all", 1), w.Dump())
	})
	t.Run("what stood there before is no value", func(t *testing.T) {
		t.Parallel()
		w, s := built(t, r)
		require.NoError(t, r.drifts[0].make(w, s))
		require.NoError(t, s.refresh())
		before := w.Dump()
		past := r.program(w).with("changed elsewhere: secret ab, modified on 2026-01-01 00:00 UTC", "value")
		require.ErrorContains(t, s.up(properties(past)), "value: Cloudflare needs the value")
		assert.Equal(t, before, w.Dump())
	})
	t.Run("a replacement needs the value", func(t *testing.T) {
		t.Parallel()
		w, s := built(t, r)
		before := w.Dump()
		s.start(t.Context()) // the value is in no other process
		err := s.up(properties(ignoring(w, s).with("other", "name")))
		require.ErrorContains(t, err, "value: Cloudflare needs the value")
		require.ErrorContains(t, err, "ignoreChanges")
		assert.Equal(t, before, w.Dump())
	})
}

// TestAStoreCannotBeChanged: a secret in another store is another secret.
func TestAStoreCannotBeChanged(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	w, s := built(t, r)
	pl, err := s.preview(properties(r.program(w).with(w.ids[otherStore], "storeId")))
	require.NoError(t, err)
	assert.Equal(t, map[string]p.DiffKind{"storeId": p.UpdateReplace}, pl.kinds())
	assert.False(t, pl.diff.DeleteBeforeReplace)
}

// TestAReplacementOfTheSameNameComesSecond: in a store there is one of a name at a time.
func TestAReplacementOfTheSameNameComesSecond(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	w, s := built(t, r)
	before := w.Dump()
	pl, err := s.preview(properties(r.program(w)))
	require.NoError(t, err)
	require.NoError(t, s.replace(properties(r.program(w)), pl.diff.DeleteBeforeReplace))
	assert.Equal(t, before, w.Dump())
}

// TestWhenAStoredValueWasSetIsKept: until it is set again.
func TestWhenAStoredValueWasSetIsKept(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	w, s := built(t, r)
	long := property.New("2026-01-01T00:00:00Z")
	s.outputs = s.outputs.Set("setAt", long)
	program := r.program(w).with("signs all", "comment")
	s.mustUp(properties(program))
	require.NoError(t, s.refresh())
	assert.Equal(t, long, s.outputs.Get("setAt"))
	s.mustUp(properties(program.with(secret("two"), "value")))
	assert.NotEqual(t, long, s.outputs.Get("setAt"))
}

// TestATakenSecretIsNotOverwritten: nor is one that was there before an attempt whose answer was lost.
func TestATakenSecretIsNotOverwritten(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	ours := cfapi.StoreSecretInput{
		Name: "signing-key", Value: "theirs", Comment: "signs greetings", Scopes: []string{"workers", "ai_gateway"},
	}
	commented, scoped := ours, ours
	commented.Comment, scoped.Scopes = "theirs", []string{"workers"}
	for name, theirs := range map[string]struct {
		secret cfapi.StoreSecretInput
		age    time.Duration
	}{
		"with another comment": {secret: commented},
		"with other scopes":    {secret: scoped},
		"that is an hour old":  {secret: ours, age: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, lost := range []bool{false, true} {
				w := newWorld(t)
				w.Now = func() time.Time { return time.Now().Add(-theirs.age) }
				r.prepare(w)
				_, err := w.client().CreateStoreSecret(t.Context(), account, w.ids[store], theirs.secret)
				require.NoError(t, err)
				w.forget()
				before := w.Dump()
				w.on(hooks{after: func(n int, _ *http.Request) bool { return lost && n == 1 }})
				s := newStack(t, w.cloud, r.token)
				err = s.up(properties(r.program(w)))
				require.ErrorContains(t, err, "import it by its id")
				require.ErrorContains(t, err, "choose another name")
				assert.Empty(t, s.id)
				assert.Equal(t, before, w.Dump())
			}
		})
	}
}

// TestAClaimedSecretHasOurValue: after a lost answer a secret that looks like ours is taken for it. The state then
// promises our value, so that it must be there, whoever made the secret; and it is told.
func TestAClaimedSecretHasOurValue(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	like := cfapi.StoreSecretInput{
		Name: "signing-key", Value: "of an earlier attempt", Comment: "signs greetings",
		Scopes: []string{"ai_gateway", "workers"},
	}
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		w, s := begun(t, r)
		_, err := w.client().CreateStoreSecret(t.Context(), account, w.ids[store], like)
		require.NoError(t, err)
		w.on(hooks{after: func(n int, _ *http.Request) bool { return n == 1 }})
		s.mustUp(properties(r.program(w)))
		assert.Contains(t, s.logs.String(), `The answer to the creation of secret \"signing-key\" was lost`)
		require.NoError(t, s.refresh())
		pl, err := s.preview(properties(r.program(w)))
		require.NoError(t, err)
		assert.Equal(t, "same", pl.op, "%v", pl.kinds())
		s.mustUp(properties(r.program(w).with([]any{"ai_gateway", "workers"}, "scopes")))
		assert.Contains(t, w.Dump(), "[ai_gateway workers]")
	})
	t.Run("with the next update", func(t *testing.T) {
		t.Parallel()
		w, s := begun(t, r)
		w.on(hooks{
			before: func(_ int, r *http.Request) int {
				if r.Method == http.MethodPatch {
					return http.StatusForbidden
				}
				return 0
			},
			after: func(n int, _ *http.Request) bool { return n == 1 },
		})
		require.ErrorContains(t, s.up(properties(r.program(w))), "Secrets Store: Edit")
		require.NotEmpty(t, s.id)
		assert.True(t, s.unfinished)
		w.forget()
		s.mustUp(properties(r.program(w)))
		assert.Equal(t, []string{
			"PATCH /accounts/{account}/secrets_store/stores/{id}/secrets/{id}",
		}, w.requests())
		w.holds(t, secret("one"))
	})
}

// TestAnImportedStoredSecretGetsTheProgramsValue: until then what it holds is not known, and it is said so.
func TestAnImportedStoredSecretGetsTheProgramsValue(t *testing.T) {
	t.Parallel()
	r := secretsStoreSecret()
	w, made := built(t, r)
	for _, id := range []string{made.id, w.ids[store] + "/" + secretID(made)} {
		found := newStack(t, w.cloud, r.token)
		require.NoError(t, found.importByID(id))
		assert.Equal(t, made.id, found.id)
		assert.Contains(t, found.inputs.Get("value").AsString(), "changed elsewhere: ")
		pl, err := found.preview(properties(r.program(w)))
		require.NoError(t, err)
		assert.Equal(t, map[string]p.DiffKind{"value": p.Update}, pl.kinds())
		found.mustUp(properties(r.program(w)))
		assert.NotEmpty(t, found.outputs.Get("setAt").AsString())
	}
	for _, id := range []string{secretID(made), "a//b", "a/b/c/d"} {
		err := newStack(t, w.cloud, r.token).importByID(id)
		require.ErrorContains(t, err, "<accountId>/<storeId>/<secretId>")
	}
}

// TestABindingToAStoredSecretIsKept: a preview names what of it changes, here or elsewhere, an update does it, and an
// import finds it.
func TestABindingToAStoredSecretIsKept(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	prepareForStoredSecrets(w)
	for _, name := range []string{"one", "two"} {
		_, err := w.client().CreateStoreSecret(t.Context(), account, w.ids[store], cfapi.StoreSecretInput{
			Name: name, Value: secretMark, Scopes: []string{"workers"},
		})
		require.NoError(t, err)
	}
	program := func(name string) property.Map {
		return properties(r.program(w).with(object{"storeId": w.ids[store], "secretName": name},
			"bindings", "KEY", "secretsStoreSecret"))
	}
	differs := func(name string) {
		t.Helper()
		pl, err := s.preview(program(name))
		require.NoError(t, err)
		assert.Equal(t, map[string]p.DiffKind{"bindings.KEY.secretsStoreSecret.secretName": p.Update}, pl.kinds())
		s.mustUp(program(name))
	}
	s.mustUp(program("one"))
	differs("two")
	before := w.Dump()
	assert.Contains(t, before, `"secret_name":"two"`)
	require.NoError(t, theirs(bind(cfapi.Binding{
		Name: "KEY", Type: "secrets_store_secret",
		Raw: fmt.Appendf(nil, `{"name":"KEY","type":"secrets_store_secret","store_id":%q,"secret_name":"one"}`, w.ids[store]),
	}))(w, s))
	require.NoError(t, s.refresh())
	differs("two")
	equalAccounts(t, before, w.Dump())

	found := newStack(t, w.cloud, r.token)
	require.NoError(t, found.importByID(account+"/api"))
	assert.Equal(t, s.inputs.Get("bindings"), found.inputs.Get("bindings"))
}
