// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// open are the options without which full.yaml is not complete.
func open() Options {
	return Options{Resources: map[string]any{"CACHE": "kv"}, Variables: []string{"REGION"}}
}

func TestEachFieldGoesToItsInput(t *testing.T) {
	t.Parallel()
	got, err := Read("testdata/full.yaml", open())
	require.NoError(t, err)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"accountId": "0123456789abcdef0123456789abcdef", "scriptName": "api-gateway", "compatibilityDate": "2026-11-01",
		"bundle": {"bucket": "bundles", "key": "api-gateway/v1.2.3/"},
		"bindings": {"CACHE": {"kvNamespace": {"id": "kv"}},
			"SESSIONS": {"kvNamespace": {"id": "00112233445566778899aabbccddeeff"}}},
		"variables": {"LOG_LEVEL": "info", "REGION": "$variables-group/production/region", "EMPTY": ""},
		"secrets": {"UPSTREAM_API_KEY": "$secrets-group/production/upstream-api-key", "LOOKS_LIKE_ONE": "literal:env:HOME"},
		"routes": {"api.example.com/*": {"zoneId": "ffeeddccbbaa99887766554433221100", "dnsRecord": true}}}`, string(text))
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Read("testdata/wrong.yaml", Options{Resources: map[string]any{"NONE": "x"}})
	var all *Error
	require.ErrorAs(t, err, &all)
	assert.NotContains(t, err.Error(), "12345", "it may be a secret")
	const golden = "testdata/wrong.txt"
	got := strings.Join(all.Problems, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "go test ./provider/manifest -update accepts it")
}

// TestDefectsOfTheOldDeploymentAreNone has one case for each of those that the package names.
func TestDefectsOfTheOldDeploymentAreNone(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/full.yaml")
	require.NoError(t, err)
	read := func(old, replacement string) (map[string]any, error) {
		require.Contains(t, string(text), old)
		return Parse("worker.yaml", []byte(strings.Replace(string(text), old, replacement, 1)), open())
	}
	_, err = read("  compatibilityDate: 2026-11-01\n", "")
	require.EqualError(t, err, "worker.yaml: spec.compatibility_date is missing", "never that of today")

	got, err := read("path: api-gateway/v1.2.3/", "path: api-gateway/worker.js")
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"bucket": "bundles", "key": "api-gateway/worker.js"}, got["bundle"])
	assert.NotContains(t, got, "mainModule", "no name of a module is assumed")

	got, err = read("enabled: true", "enabled: false")
	require.NoError(t, err)
	assert.NotContains(t, got, "routes")

	got, err = read("hostname: api.example.com", "hostname: api.example.com\n    route_pattern: api.example.com/v1/*")
	require.NoError(t, err)
	assert.Contains(t, got["routes"], "api.example.com/v1/*")

	one, err := Parse("worker.yaml", text, open())
	require.NoError(t, err)
	for range 20 { // it ranged over maps
		again, err := Parse("worker.yaml", text, open())
		require.NoError(t, err)
		require.Equal(t, one, again)
	}

	_, err = Parse("worker.yaml", text, Options{})
	require.EqualError(t, err, "worker.yaml: spec.env.variables.REGION refers to a group of variables: give its value as "+
		"overrides.variables.REGION; spec.kv_bindings[0] refers to another resource: give the id of the KV namespace as "+
		"resources.CACHE")
}

func TestAManifestThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"empty":    {"", "worker.yaml: the manifest is empty"},
		"no YAML":  {"a: b\n  c: [", "worker.yaml: line 2"},
		"a list":   {"- a", "worker.yaml: "},
		"an alias": {"spec: &a {script: *a}", "worker.yaml: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("worker.yaml", []byte(test.text), Options{})
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := Read("testdata/none.yaml", Options{})
	require.EqualError(t, err, `there is no manifest at "testdata/none.yaml": give its path, relative to the program`)
}
