// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func TestSecretsAreDeployedAtOnceAndNeverRead(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const value = "correct-horse-battery"
	c.refused(http.StatusNotFound, 10007, http.MethodPut, scripts+"hello/secrets", secret("S", value))
	first := c.upload("hello", hello, object{"bindings": []object{secret("INLINE", value)}})
	c.must(http.MethodPut, scripts+"hello/secrets", secret("S", value), nil)
	now := c.deployments("hello")[0]
	assert.NotEqual(t, first, now.Versions[0].VersionID)
	assert.Equal(t, "secret", now.Annotations["workers/triggered_by"])
	for _, path := range []string{
		"hello/secrets", "hello/secrets/S", "hello/settings", "hello/versions", "hello/versions/" + now.Versions[0].VersionID,
		"hello/deployments", "hello/script-settings",
	} {
		got := c.send(http.MethodGet, scripts+path, nil)
		require.True(t, got.Success, path)
		assert.NotContains(t, got.Body, value, path)
	}
	assert.NotContains(t, c.server.Dump(), value)
	var names []struct{ Name, Type string }
	c.must(http.MethodGet, scripts+"hello/secrets", nil, &names)
	require.Len(t, names, 2)
	assert.Equal(t, "secret_text", names[1].Type)
}

func TestDumpTellsSecretsApart(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	dump := func(value string) string {
		c.upload("hello", hello, object{"bindings": []object{secret("S", value)}})
		return c.server.Dump()
	}
	one := dump("1")
	assert.NotEqual(t, one, dump("2"))
	assert.Equal(t, one, dump("1"))
}

func TestSecretsCannotBeChangedBesideAnUndeployedVersion(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	first := c.upload("hello", hello, object{"bindings": []object{secret("S", "1")}})
	second := c.version("hello", hello, object{"bindings": []object{inherit("S")}})
	refusals := func() {
		t.Helper()
		before := c.server.Dump()
		c.refused(http.StatusBadRequest, 10215, http.MethodPut, scripts+"hello/secrets", secret("S", "2"))
		c.refused(http.StatusBadRequest, 10215, http.MethodDelete, scripts+"hello/secrets/S", nil)
		c.refused(http.StatusBadRequest, 10215, http.MethodPatch, scripts+"hello/secrets-bulk",
			object{"secrets": object{"S": nil}})
		assert.Equal(t, before, c.server.Dump())
	}
	refusals()
	c.must(http.MethodPost, scripts+"hello/deployments", split(first, 50, second, 50), nil)
	refusals()
	c.must(http.MethodPost, scripts+"hello/deployments", split(second, 100), nil)
	c.must(http.MethodPut, scripts+"hello/secrets", secret("S", "2"), nil)
}

func TestABulkOfSecretsIsOneVersion(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, object{"bindings": []object{secret("OLD", "1"), text("A", "2")}})
	var names []struct{ Name string }
	c.must(http.MethodPatch, scripts+"hello/secrets-bulk", object{"secrets": object{
		"X": secret("X", "1"), "Y": secret("Y", "2"), "OLD": nil,
	}}, &names)
	assert.Len(t, names, 2)
	assert.Len(t, c.deployments("hello"), 2)
	many := object{}
	for i := range 101 {
		name := fmt.Sprint("N", i)
		many[name] = secret(name, "v")
	}
	c.refused(http.StatusBadRequest, 10021, http.MethodPatch, scripts+"hello/secrets-bulk", object{"secrets": many})
	c.refused(http.StatusBadRequest, 10021, http.MethodPatch, scripts+"hello/secrets-bulk",
		object{"secrets": object{"A": text("A", "plain")}})
}

func TestASecretCannotTakeAVariablesName(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, object{"bindings": []object{text("A", "1")}})
	c.refused(http.StatusBadRequest, 10053, http.MethodPut, scripts+"hello/secrets", secret("A", "2"))
	c.refused(http.StatusBadRequest, 10021, http.MethodPut, scripts+"hello/secrets", text("B", "2"))
}

func TestDeletedSecretsAreGone(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, object{"bindings": []object{secret("A/B", "1")}})
	c.refused(http.StatusNotFound, 10056, http.MethodDelete, scripts+"hello/secrets/none", nil)
	c.must(http.MethodDelete, scripts+"hello/secrets/A%2FB?url_encoded=true", nil, nil)
	c.refused(http.StatusNotFound, 10056, http.MethodGet, scripts+"hello/secrets/A%2FB?url_encoded=true", nil)
}
