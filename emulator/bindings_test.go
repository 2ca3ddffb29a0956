// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// text is a plain_text binding.
func text(name, value string) object {
	return object{"type": "plain_text", "name": name, "text": value}
}

// secret is a secret_text binding.
func secret(name, value string) object {
	return object{"type": "secret_text", "name": name, "text": value}
}

// inherit is an inherit binding.
func inherit(name string) object { return object{"type": "inherit", "name": name} }

func TestBindingsToNothingAreRefused(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	for name, test := range map[string]struct {
		code    int
		binding object
	}{
		"KV namespace":         {10041, object{"type": "kv_namespace", "namespace_id": "00000000000000000000000000000000"}},
		"KV id of no form":     {10042, object{"type": "kv_namespace", "namespace_id": "placeholder"}},
		"R2 bucket":            {10085, object{"type": "r2_bucket", "bucket_name": "none"}},
		"Worker":               {10143, object{"type": "service", "service": "none"}},
		"Worker's environment": {10144, object{"type": "service", "service": "none", "environment": "production"}},
		"D1 database":          {10181, object{"type": "d1", "id": "00000000-0000-0000-0000-000000000000"}},
		"queue":                {11000, object{"type": "queue", "queue_name": "none"}},
		"class":                {10061, object{"type": "durable_object_namespace", "class_name": "None"}},
		"class of no Worker":   {10061, object{"type": "durable_object_namespace", "class_name": "A", "script_name": "none"}},
		"Hyperdrive":           {10157, object{"type": "hyperdrive", "id": "x"}},
		"Vectorize index":      {10159, object{"type": "vectorize", "index_name": "x"}},
		"dispatch namespace":   {100119, object{"type": "dispatch_namespace", "namespace": "x"}},
		"mTLS certificate":     {100143, object{"type": "mtls_certificate", "certificate_id": "x"}},
	} {
		test.binding["name"] = "B"
		upload := worker(t, hello, object{"bindings": []object{test.binding}})
		got := c.refused(http.StatusBadRequest, test.code, http.MethodPut, scripts+"hello", upload)
		assert.NotEmpty(t, got.Errors[0].Message, name)
	}
}

func TestBindingsReadBackAsTheyWereSent(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	var ns struct{ ID string }
	c.must(http.MethodPost, account+"/storage/kv/namespaces", object{"title": "cache"}, &ns)
	c.must(http.MethodPost, account+"/r2/buckets", object{"name": "files"}, nil)
	id := c.upload("hello", hello, object{"bindings": []object{
		{"type": "json", "name": "J", "json": object{"a": []int{1}}},
		{"type": "kv_namespace", "name": "KV", "namespace_id": ns.ID},
		{"type": "r2_bucket", "name": "R2", "bucket_name": "files"},
		{"type": "service", "name": "SELF", "service": "hello"},
		{"type": "version_metadata", "name": "V"},
		text("EMPTY", ""),
	}})
	got := c.bindings("hello", id)
	require.Len(t, got, 6)
	assert.Equal(t, map[string]any{"a": []any{1.0}}, got[0]["json"])
	assert.Equal(t, ns.ID, got[1]["namespace_id"])
	assert.Equal(t, "production", got[3]["environment"], "the API fills it in")
	assert.Empty(t, got[5]["text"])
}

func TestInheritTakesThePreviousVersionsBinding(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	first := c.upload("hello", hello, object{"bindings": []object{text("A", "1"), secret("S", "s1")}})
	latest := c.version("hello", hello, object{"bindings": []object{text("A", "2"), inherit("S")}})
	next := c.version("hello", hello, object{"bindings": []object{
		inherit("A"),
		{"type": "inherit", "name": "OLD", "old_name": "A", "version_id": first},
		{"type": "inherit", "name": "NEW", "old_name": "A", "version_id": latest},
	}})
	values := map[string]any{}
	for _, b := range c.bindings("hello", next) {
		assert.Equal(t, "plain_text", b["type"])
		values[b["name"].(string)] = b["text"]
	}
	assert.Equal(t, map[string]any{"A": "2", "OLD": "1", "NEW": "2"}, values, "from the latest version")
}

func TestAnInheritThatResolvesToNothing(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	upload := worker(t, hello, object{"bindings": []object{inherit("A"), inherit("B"), text("C", "3")}})
	got := c.refused(http.StatusBadRequest, 10057, http.MethodPut, scripts+"hello?bindings_inherit=strict", upload)
	require.Len(t, got.Errors, 2, "one error for each name")
	assert.Equal(t,
		"inherit binding 'B' is invalid: previous version does not have binding named 'B'", got.Errors[1].Message)

	c.must(http.MethodPut, scripts+"hello", upload, nil)
	id := c.deployments("hello")[0].Versions[0].VersionID
	assert.Len(t, c.bindings("hello", id), 1, "dropped silently if not strict")
}

func TestKeptBindingsAreNamedByType(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, object{"bindings": []object{secret("S", "1"), secret("T", "2"), text("A", "3")}})
	id := c.version("hello", hello, object{
		"bindings": []object{text("T", "now a variable")}, "keep_bindings": []string{"secret_text", "secret_key"},
	})
	types := map[string]any{}
	for _, b := range c.bindings("hello", id) {
		types[b["name"].(string)] = b["type"]
	}
	assert.Equal(t, map[string]any{"S": "secret_text", "T": "plain_text"}, types)

	// keep_vars of wrangler asks for these.
	c.upload("hello", hello, object{"bindings": []object{
		text("A", "1"), text("B", "2"), {"type": "json", "name": "J", "json": object{"a": 1}}, secret("S", "3"),
	}})
	id = c.version("hello", hello, object{
		"bindings": []object{text("A", "new")}, "keep_bindings": []string{"plain_text", "json"},
	})
	values := map[string]any{}
	for _, b := range c.bindings("hello", id) {
		values[b["name"].(string)] = []any{b["text"], b["json"]}
	}
	assert.Equal(t, map[string]any{
		"A": []any{"new", nil}, "B": []any{"2", nil}, "J": []any{nil, map[string]any{"a": 1.0}},
	}, values)
	c.upload("hello", hello, nil)
	assert.Empty(t, c.bindings("hello", c.deployments("hello")[0].Versions[0].VersionID), "nothing is kept unasked")
}

func TestMigrationsMakeClassesThatCanBeBound(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	counter := object{"type": "durable_object_namespace", "name": "C", "class_name": "Counter"}
	first := object{
		"bindings":   []object{counter},
		"migrations": object{"new_tag": "v1", "steps": []object{{"new_sqlite_classes": []string{"Counter"}}}},
	}
	c.upload("hello", hello, first)
	c.refused(http.StatusPreconditionFailed, 10079, http.MethodPut, scripts+"hello", worker(t, hello, first))
	c.version("hello", hello, object{"bindings": []object{counter}})
	c.refused(http.StatusBadRequest, 10211, http.MethodPost, scripts+"hello/versions", worker(t, hello, first))
	c.upload("hello", hello, object{"migrations": object{
		"old_tag": "v1", "new_tag": "v2", "renamed_classes": []object{{"from": "Counter", "to": "Sum"}},
	}})
	c.refused(http.StatusBadRequest, 10061, http.MethodPut, scripts+"hello",
		worker(t, hello, object{"bindings": []object{counter}}))
	var namespaces []struct{ Script, Class string }
	c.must(http.MethodGet, account+"/workers/durable_objects/namespaces", nil, &namespaces)
	require.Len(t, namespaces, 1)
	assert.Equal(t, "Sum", namespaces[0].Class)
	var service struct {
		DefaultEnvironment struct {
			Script struct {
				MigrationTag string `json:"migration_tag"`
			}
		} `json:"default_environment"`
	}
	c.must(http.MethodGet, account+"/workers/services/hello", nil, &service)
	assert.Equal(t, "v2", service.DefaultEnvironment.Script.MigrationTag)
}
