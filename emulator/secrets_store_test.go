// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

const stores = account + "/secrets_store/stores"

// storeSecret is a secret as the API shows it.
type storeSecret struct {
	ID, Name, Status  string
	StoreID           string `json:"store_id"`
	Comment           *string
	Scopes            []string
	Created, Modified time.Time
	Value             any // never shown
}

// store makes a store and returns the path of its secrets.
func (c *client) store(name string) string {
	c.t.Helper()
	var got struct{ ID string }
	c.must(http.MethodPost, stores, object{"name": name}, &got)
	require.Len(c.t, got.ID, 32)
	return stores + "/" + got.ID + "/secrets"
}

// stored is a secret as it is made, for Workers.
func stored(name, value string) object {
	return object{"name": name, "value": value, "scopes": []string{"workers"}}
}

// keep makes a secret and returns it.
func (c *client) keep(secrets string, secret object) storeSecret {
	c.t.Helper()
	var got []storeSecret
	c.must(http.MethodPost, secrets, []object{secret}, &got)
	require.Len(c.t, got, 1)
	return got[0]
}

// refusedWith makes a request that has to be refused with the status, the code and the words.
func (c *client) refusedWith(status, code int, words, method, path string, body any) {
	c.t.Helper()
	got := c.refused(status, code, method, path, body)
	assert.Contains(c.t, got.Errors[0].Message, words)
}

// bound is a binding to a secret of the store with these secrets.
func bound(name, secrets, secretName string) object {
	id, _, _ := strings.Cut(strings.TrimPrefix(secrets, stores+"/"), "/")
	return object{"type": "secrets_store_secret", "name": name, "store_id": id, "secret_name": secretName}
}

func TestAnAccountHasOneStore(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	empty := c.server.Dump()
	var all []struct {
		ID, Name  string
		AccountID string `json:"account_id"`
	}
	c.must(http.MethodGet, stores, nil, &all)
	assert.Empty(t, all)
	c.refusedWith(400, 1001, "store_name_empty", http.MethodPost, stores, object{"name": ""})
	c.refusedWith(400, 1001, "invalid_json_body", http.MethodPost, stores, []object{{"name": "a"}})
	path := strings.TrimSuffix(c.store("default_secrets_store"), "/secrets")
	c.refusedWith(400, 1003, "maximum_stores_exceeded", http.MethodPost, stores, object{"name": "b"})
	c.must(http.MethodGet, stores+"?per_page=10&page=1&order=name&direction=desc", nil, &all)
	require.Len(t, all, 1)
	assert.Equal(t, "default_secrets_store", all[0].Name)
	assert.Equal(t, emulator.DefaultAccountID, all[0].AccountID)
	c.refusedWith(400, 1001, "invalid_query", http.MethodGet, stores+"?order=size", nil)
	var one struct{ Name string }
	c.must(http.MethodGet, path, nil, &one)
	assert.Equal(t, "default_secrets_store", one.Name)

	c.keep(path+"/secrets", stored("A", "1"))
	c.refusedWith(409, 1001, "store_not_empty", http.MethodDelete, path, nil)
	c.must(http.MethodDelete, path+"?force=true", nil, nil)
	c.refusedWith(404, 1001, "store_not_found", http.MethodGet, path, nil)
	c.refusedWith(404, 1001, "store_not_found", http.MethodDelete, path, nil)
	c.refusedWith(404, 1001, "store_not_found", http.MethodGet, path+"/secrets", nil)
	c.refusedWith(404, 1001, "store_not_found", http.MethodPost, path+"/secrets", []object{stored("A", "1")})
	assert.Equal(t, empty, c.server.Dump())
	c.must(http.MethodDelete, strings.TrimSuffix(c.store("next"), "/secrets"), nil, nil)
}

func TestTheLifeOfAStoredSecret(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC)
	c := start(t, &emulator.Server{Now: func() time.Time { return now }})
	secrets := c.store("s")
	made := c.keep(secrets, stored("API_KEY", "v1"))
	assert.Len(t, made.ID, 32)
	want := storeSecret{
		ID: made.ID, StoreID: strings.Split(secrets, "/")[5], Name: "API_KEY", Scopes: []string{"workers"},
		Status: "pending", Created: now, Modified: now,
	}
	assert.Equal(t, want, made, "without a comment it is null; it is not in force yet")
	get := func() (got storeSecret) {
		t.Helper()
		c.must(http.MethodGet, secrets+"/"+made.ID, nil, &got)
		return got
	}
	want.Status = "active"
	assert.Equal(t, want, get())

	before := c.server.Dump()
	now = now.Add(time.Hour)
	var changed storeSecret
	c.must(http.MethodPatch, secrets+"/"+made.ID, object{"comment": "rotated"}, &changed)
	comment := "rotated"
	want.Comment, want.Modified = &comment, now
	assert.Equal(t, want, changed)
	c.must(http.MethodPatch, secrets+"/"+made.ID, object{"scopes": []string{"access", "workers"}}, nil)
	want.Scopes = []string{"access", "workers"}
	assert.Equal(t, want, get(), "what is not sent stays")
	dumped := c.server.Dump()
	assert.NotEqual(t, before, dumped)
	c.must(http.MethodPatch, secrets+"/"+made.ID, object{"value": "v2", "comment": ""}, nil)
	assert.Empty(t, *get().Comment)
	assert.NotEqual(t, dumped, c.server.Dump())

	var double storeSecret
	c.must(http.MethodPost, secrets+"/"+made.ID+"/duplicate",
		object{"name": "COPY", "scopes": []string{"workers"}, "comment": ""}, &double)
	assert.NotEqual(t, made.ID, double.ID)
	assert.Equal(t, "COPY", double.Name)
	var quota struct{ Secrets struct{ Quota, Usage int } }
	c.must(http.MethodGet, account+"/secrets_store/quota", nil, &quota)
	assert.Equal(t, 2, quota.Secrets.Usage)
	assert.Equal(t, 100, quota.Secrets.Quota)
	var lines []string
	for line := range strings.Lines(c.server.Dump()) {
		if strings.Contains(line, "    secret ") {
			lines = append(lines, line)
		}
	}
	require.Len(t, lines, 2)
	copied, original := strings.Fields(lines[1]), strings.Fields(lines[0])
	assert.Equal(t, original[len(original)-1], copied[len(copied)-1], "it has the same value")

	c.must(http.MethodDelete, secrets+"/"+made.ID, nil, nil)
	for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodPatch} {
		c.refusedWith(404, 1001, "secret_not_found", method, secrets+"/"+made.ID, object{})
	}
	c.refusedWith(404, 1001, "secret_not_found", http.MethodPost, secrets+"/"+made.ID+"/duplicate", object{})
	c.refusedWith(404, 1001, "secret_not_found", http.MethodGet, secrets+"/00000000-0000-0000-0000-000000000000", nil)
	c.refused(http.StatusNotImplemented, 7000, http.MethodDelete, secrets, []object{{"id": double.ID}})
}

func TestAStoreIsStrict(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	secrets := c.store("s")
	kept := c.keep(secrets, stored("TAKEN", "1"))
	other := c.keep(secrets, stored("OTHER", "1"))
	before := c.server.Dump()
	with := func(change object) object {
		secret := stored("NEW", "value")
		maps.Copy(secret, change)
		return secret
	}
	for _, test := range []struct {
		code   int
		words  string
		change object
		edits  bool // a change of a secret is refused for it too
		copies bool // and its duplication
	}{
		{1001, "secret_name_empty", object{"name": ""}, false, true},
		{1001, "secret_name_invalid", object{"name": "with space"}, false, true},
		{1001, "secret_name_invalid", object{"name": "a/b"}, false, true},
		{1001, "secret_name_invalid", object{"name": "ä"}, false, true},
		{1003, "secret_name_already_exists", object{"name": "TAKEN"}, false, true},
		{1001, "secret_scopes_empty", object{"scopes": []string{}}, true, true},
		{1001, "secret_scope_invalid", object{"scopes": []string{"workers", "worker"}}, true, true},
		{1001, "secret_value_empty", object{"value": ""}, true, false},
		{1001, "secret_value_too_long", object{"value": strings.Repeat("v", 65537)}, true, false},
		{1001, "invalid_json_body", object{"value": 1}, true, false},
	} {
		c.refusedWith(400, test.code, test.words, http.MethodPost, secrets, []object{stored("FIRST", "1"), with(test.change)})
		if test.edits {
			c.refusedWith(400, test.code, test.words, http.MethodPatch, secrets+"/"+kept.ID, test.change)
		}
		if test.copies {
			c.refusedWith(400, test.code, test.words, http.MethodPost, secrets+"/"+other.ID+"/duplicate", with(test.change))
		}
		assert.Equal(t, before, c.server.Dump(), test.words)
	}
	c.refusedWith(400, 1001, "invalid_json_body", http.MethodPost, secrets, stored("NEW", "1"))
	c.refusedWith(400, 1001, "invalid_json_body", http.MethodPost, secrets, []object{})
	c.refusedWith(400, 1003, "secret_name_already_exists: NEW", http.MethodPost, secrets,
		[]object{stored("NEW", "1"), stored("NEW", "2")})
	c.refusedWith(400, 1001, "invalid_json_body", http.MethodPost, secrets+"/"+kept.ID+"/duplicate", []object{})
	assert.Equal(t, before, c.server.Dump())
	c.keep(secrets, stored("a-Z_9", strings.Repeat("v", 65536)))
}

func TestAnAccountHasAHundredStoredSecrets(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	secrets := c.store("s")
	var many []object
	for i := range 101 {
		many = append(many, stored(fmt.Sprintf("N%03d", i), "v"))
	}
	c.refusedWith(400, 1003, "maximum_secrets_exceeded", http.MethodPost, secrets, many)
	c.must(http.MethodPost, secrets, many[:100], nil)
	c.refusedWith(400, 1003, "maximum_secrets_exceeded", http.MethodPost, secrets, many[100:])
	var all []storeSecret
	c.must(http.MethodGet, secrets, nil, &all)
	require.Len(t, all, 20)
	c.refusedWith(400, 1003, "maximum_secrets_exceeded", http.MethodPost, secrets+"/"+all[0].ID+"/duplicate", many[100])
	got := c.must(http.MethodGet, secrets+"?per_page=30&page=4&order=name", nil, &all)
	require.Len(t, all, 10)
	assert.Equal(t, "N090", all[0].Name)
	assert.InDelta(t, 100, got.Info["total_count"], 0)
}

func TestStoredSecretsAreFound(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC)
	c := start(t, &emulator.Server{Now: func() time.Time { now = now.Add(time.Second); return now }})
	secrets := c.store("s")
	b := c.keep(secrets, object{"name": "B", "value": "1", "scopes": []string{"workers", "dex"}, "comment": "z for X"})
	c.keep(secrets, object{"name": "A", "value": "1", "scopes": []string{"workers"}, "comment": "y"})
	c.keep(secrets, object{"name": "X", "value": "1", "scopes": []string{"ai_gateway"}})
	c.must(http.MethodPatch, secrets+"/"+b.ID, object{"value": "2"}, nil)
	names := func(query string) (names []string) {
		t.Helper()
		var all []storeSecret
		c.must(http.MethodGet, secrets+query, nil, &all)
		for _, s := range all {
			names = append(names, s.Name)
			assert.Equal(t, "active", s.Status)
		}
		return names
	}
	for query, want := range map[string][]string{
		"":                                {"B", "A", "X"},
		"?direction=desc":                 {"X", "A", "B"},
		"?order=name":                     {"A", "B", "X"},
		"?order=name&direction=desc":      {"X", "B", "A"},
		"?order=comment":                  {"X", "A", "B"},
		"?order=modified":                 {"A", "X", "B"},
		"?order=status":                   {"A", "B", "X"},
		"?search=X":                       {"B", "X"},
		"?search=none":                    nil,
		"?scopes=dex":                     {"B"},
		"?scopes=dex&scopes=ai_gateway":   {"B", "X"},
		"?scopes=workers&search=y&page=1": {"A"},
		"?page=2":                         nil,
	} {
		assert.Equal(t, want, names(query), query)
	}
	c.refusedWith(400, 1001, "invalid_query", http.MethodGet, secrets+"?direction=up", nil)
}

func TestStoredValuesAreNeverShown(t *testing.T) {
	t.Parallel()
	const value = "correct-horse-battery"
	c := start(t, &emulator.Server{})
	secrets := c.store("s")
	body := c.must(http.MethodPost, secrets, []object{stored("A", value)}, nil).Body
	var all []storeSecret
	c.must(http.MethodGet, secrets, nil, &all)
	one := secrets + "/" + all[0].ID
	body += c.send(http.MethodPatch, one, object{"value": value}).Body
	body += c.send(http.MethodPost, one+"/duplicate", stored("B", value)).Body
	body += c.send(http.MethodGet, secrets, nil).Body + c.send(http.MethodGet, one, nil).Body
	body += c.send(http.MethodPost, secrets, []object{stored("A", value)}).Body
	body += c.send(http.MethodPost, secrets, "["+value).Body + c.send(http.MethodPatch, one, value).Body
	c.upload("hello", hello, object{"bindings": []object{bound("S", secrets, "A")}})
	body += c.send(http.MethodGet, scripts+"hello/settings", nil).Body + c.send(http.MethodDelete, one, nil).Body
	assert.Contains(t, body, "secrets_store_secret")
	assert.NotContains(t, body, value)
	assert.NotContains(t, c.server.Dump(), value)
	assert.NotContains(t, strings.Join(c.server.Calls(), ""), value)
}

func TestEqualStoresHaveEqualDumps(t *testing.T) {
	t.Parallel()
	dump := func(value string) string {
		c := start(t, &emulator.Server{})
		secrets := c.store("s")
		c.keep(secrets, stored("A", value))
		c.upload("hello", hello, object{"bindings": []object{bound("S", secrets, "A")}})
		return c.server.Dump()
	}
	one := dump("1")
	assert.Equal(t, one, dump("1"))
	assert.NotEqual(t, one, dump("2"))
	assert.Contains(t, one, `store "s"`)
	assert.Contains(t, one, `secret A [workers] comment "" active sha256:`)
	assert.Contains(t, one, `"store_id":"s"`)
}

func TestStoredSecretsSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, &emulator.Server{DataDir: dir})
	empty := first.server.Dump()
	secrets := first.store("s")
	first.keep(secrets, stored("A", "v"))
	second := start(t, &emulator.Server{DataDir: dir})
	assert.NotEqual(t, empty, second.server.Dump())
	assert.Equal(t, first.server.Dump(), second.server.Dump())
	second.upload("hello", hello, object{"bindings": []object{bound("S", secrets, "A")}})

	// A state from before there were stores.
	state, err := os.ReadFile(filepath.Join(dir, "state.json"))
	require.NoError(t, err)
	old := t.TempDir()
	state = bytes.Replace(state, []byte(`"stores":`), []byte(`"unknown":`), 1)
	require.NoError(t, os.WriteFile(filepath.Join(old, "state.json"), state, 0o600))
	require.NoError(t, os.CopyFS(filepath.Join(old, "blobs"), os.DirFS(filepath.Join(dir, "blobs"))))
	third := start(t, &emulator.Server{DataDir: old})
	third.keep(third.store("s"), stored("A", "v"))
}

func TestABindingNeedsAStoredSecretForWorkers(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	secrets := c.store("s")
	refused := func(code int, words string, b object) {
		t.Helper()
		c.refusedWith(400, code, words, http.MethodPut, scripts+"hello",
			worker(t, hello, object{"bindings": []object{b}}))
	}
	refused(10182, "secret 'A' not found", bound("S", secrets, "A"))
	c.keep(secrets, object{"name": "A", "value": "1", "scopes": []string{"ai_gateway"}})
	refused(10021, "Secrets store binding authorization failed", bound("S", secrets, "A"))
	refused(10182, "secret 'A' not found", bound("S", stores+"/none/secrets", "A"))
	refused(10021, "secret_name", object{"type": "secrets_store_secret", "name": "S", "store_id": "x"})
	c.keep(secrets, stored("B", "1"))
	c.upload("hello", hello, object{"bindings": []object{bound("S", secrets, "B")}})
}

func TestAWorkerReadsWhatTheStoreHoldsNow(t *testing.T) {
	t.Parallel()
	c, get := run(t, &emulator.Server{})
	secrets := c.store("s")
	a, b := c.keep(secrets, stored("A", "one")), c.keep(secrets, stored("B", "other"))
	code := `let made = 0; export default { async fetch(request, { A, ALIAS, B }) {
		const read = async (s) => { try { return await s.get() } catch (e) { return e.message } };
		return Response.json([await read(A), await read(ALIAS), await read(B), ++made]) } }`
	c.upload("hello", code, object{"bindings": []object{
		bound("A", secrets, "A"), bound("ALIAS", secrets, "A"), bound("B", secrets, "B"),
	}})
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": true}, nil)
	const url = "http://hello.emulator.workers.dev/"
	assert.JSONEq(t, `["one","one","other",1]`, get(url))
	odd := "\ufeffünï \"quoted\" \\ \n" + strings.Repeat("v", 60_000)
	c.must(http.MethodPatch, secrets+"/"+a.ID, object{"value": odd}, nil)
	assert.Contains(t, get(url), "[\"\ufeffünï \\\"quoted\\\" \\\\ \\nvvv", "as it is, from its first character")
	c.must(http.MethodPatch, secrets+"/"+a.ID, object{"value": "two"}, nil)
	c.must(http.MethodDelete, secrets+"/"+b.ID, nil, nil)
	assert.JSONEq(t, `["two","two","Secret \"B\" not found",3]`, get(url), "the Worker has not been started again")
	c.must(http.MethodPatch, secrets+"/"+a.ID, object{"scopes": []string{"dex"}}, nil)
	assert.Contains(t, get(url), `Secret \"A\" not found`)
	c.keep(secrets, stored("B", "again"))
	assert.Contains(t, get(url), `"again"`)
	assert.Len(t, c.deployments("hello"), 1)
}
