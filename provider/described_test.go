// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// invoke calls one of the provider's functions.
func invoke(t *testing.T, function string, args map[string]property.Value) (property.Map, []p.CheckFailure, error) {
	t.Helper()
	prov, err := New()
	require.NoError(t, err)
	resp, err := prov.Invoke(t.Context(), p.InvokeRequest{
		Token: tokens.Type(Name + ":index:" + function), Args: property.NewMap(args),
	})
	return resp.Return, resp.Failures, err
}

func fileWith(t *testing.T, name, content string) property.Value {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return property.New(path)
}

func obj(members map[string]property.Value) property.Value { return property.New(members) }

const wranglerFile = `{"name": "api", "compatibility_date": "2026-11-01", "workers_dev": false,
	"kv_namespaces": [{"binding": "CACHE"}, {"binding": "OLD", "id": "1"}], "vars": {"A": "1", "B": {"c": [2]}},
	"env": {"production": {"vars": {"A": "p"}}}}`

func TestWhatAFileDescribesHasNoOtherInputs(t *testing.T) {
	t.Parallel()
	got, failures, err := invoke(t, "fromWrangler", map[string]property.Value{
		"path":      fileWith(t, "wrangler.jsonc", wranglerFile),
		"resources": obj(map[string]property.Value{"CACHE": property.New("k").WithSecret(true)}),
		"overrides": obj(map[string]property.Value{
			"variables": obj(map[string]property.Value{
				"A": property.New(property.Null), "D": property.New("x").WithSecret(true),
			}),
			"scriptName": property.New("other"),
			"bundle":     obj(map[string]property.Value{"bucket": property.New("b"), "key": property.New(property.Computed)}),
		}),
	})
	require.NoError(t, err)
	require.Empty(t, failures)
	want := property.NewMap(map[string]property.Value{
		"scriptName":        property.New("other"),
		"compatibilityDate": property.New("2026-11-01"),
		"bundle": obj(map[string]property.Value{
			"bucket": property.New("b"), "key": property.New(property.Computed),
		}),
		"workersDev": obj(map[string]property.Value{
			"enabled": property.New(false), "previewsEnabled": property.New(false),
		}),
		"variables": obj(map[string]property.Value{
			"B": obj(map[string]property.Value{"c": property.New([]property.Value{property.New(2.0)})}),
			"D": property.New("x").WithSecret(true),
		}),
		"bindings": obj(map[string]property.Value{
			"CACHE": obj(map[string]property.Value{"kvNamespace": obj(map[string]property.Value{
				"id": property.New("k").WithSecret(true),
			})}),
			"OLD": obj(map[string]property.Value{"kvNamespace": obj(map[string]property.Value{"id": property.New("1")})}),
		}),
	})
	assert.Equal(t, want, got)
}

func TestArgumentsAreChecked(t *testing.T) {
	t.Parallel()
	for _, function := range []string{"fromWrangler", "fromManifest"} {
		_, failures, err := invoke(t, function, map[string]property.Value{
			"stage": property.New("x"), "overrides": property.New("x"), "resources": obj(map[string]property.Value{
				"A": property.New(1.0),
			}),
		})
		require.NoError(t, err)
		assert.ElementsMatch(t, []p.CheckFailure{
			{Property: "stage", Reason: "there is no such argument"},
			{Property: "overrides", Reason: "is of the wrong type"},
			{Property: "resources", Reason: "is of the wrong type"},
			{Property: "path", Reason: "must be the path of a file"},
		}, failures, function)
	}
	_, _, err := invoke(t, "fromWrangler", map[string]property.Value{
		"path": fileWith(t, "wrangler.json", wranglerFile), "environment": property.New("staging"),
	})
	require.ErrorContains(t, err, `there is no environment "staging"; the file has production`)
	_, _, err = invoke(t, "fromWrangler", map[string]property.Value{"path": fileWith(t, "wrangler.json", wranglerFile)})
	require.ErrorContains(t, err, "give the id of a KV namespace as resources.CACHE")
	got, _, err := invoke(t, "fromWrangler", map[string]property.Value{
		"path": fileWith(t, "wrangler.json", wranglerFile), "withoutResources": property.New(true),
		"environment": property.New("production"),
	})
	require.NoError(t, err)
	assert.Equal(t, "api-production", got.Get("scriptName").AsString())
}

func TestSecretsOfAManifestStaySecret(t *testing.T) {
	t.Parallel()
	const file = `{"apiVersion": "cloudflare.project-planton.org/v1", "kind": "CloudflareWorker", "spec": {
		"accountId": "0123456789abcdef0123456789abcdef", "compatibilityDate": "2026-11-01",
		"script": {"name": "api", "bundle": {"bucket": "b", "path": "a.js"}},
		"env": {"secrets": {"KEY": "value", "OTHER": "$secrets-group/a/b"}, "variables": {"V": "$variables-group/a/b"}}}}`
	got, failures, err := invoke(t, "fromManifest", map[string]property.Value{
		"path": fileWith(t, "worker.yaml", file),
		"overrides": obj(map[string]property.Value{
			"variables": obj(map[string]property.Value{"V": property.New("v")}),
			"secrets":   obj(map[string]property.Value{"OTHER": property.New("env:OTHER")}),
			"bundle":    obj(map[string]property.Value{"sha256": property.New("ab")}),
		}),
	})
	require.NoError(t, err)
	require.Empty(t, failures)
	assert.Equal(t, obj(map[string]property.Value{
		"KEY": property.New("literal:value"), "OTHER": property.New("env:OTHER"),
	}).WithSecret(true), got.Get("secrets"))
	assert.Equal(t, "v", got.Get("variables").AsMap().Get("V").AsString())
	assert.Equal(t, obj(map[string]property.Value{
		"bucket": property.New("b"), "key": property.New("a.js"), "sha256": property.New("ab"),
	}), got.Get("bundle"))
}
