// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// What a use of each binding answers that the local runtime has.
var bindingAnswers = map[string]string{
	"kvNamespace": `"hello"`, "r2Bucket": `"hello"`, "d1Database": `{"name":"Ada"}`, "secretsStoreSecret": `23`,
	"secretKey": `32`, "analyticsEngine": `null`, "durableObjectNamespace": `1`, "workflow": `"string"`, "queue": `null`,
	"service": `true`, "workerLoader": `"https://worker.internal/workerLoader"`, "assets": `"<h1>Bindings</h1>\n"`,
	"sendEmail": `null`, "rateLimit": `true`, "versionMetadata": `["string","string","string"]`,
}

// bindingsPattern uses each binding. Those that only Cloudflare has say so.
func bindingsPattern(t *testing.T, c *cloud) (config map[string]string, works proof) {
	t.Helper()
	made := func(path, body string) (id string) {
		var answer struct{ Result json.RawMessage }
		got := c.call(t, http.MethodPost, path, body)
		require.NoError(t, json.Unmarshal([]byte(got.body), &answer), got.body)
		var one struct{ ID string }
		require.NoError(t, json.Unmarshal(answer.Result, &one), got.body)
		return one.ID
	}
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	certificate, err := json.Marshal(map[string]any{"name": "bank", "ca": true, "certificates": string(authority)})
	require.NoError(t, err)
	config = map[string]string{
		"storeId": made("/secrets_store/stores", `{"name":"default"}`),
		"hyperdriveId": made("/hyperdrive/configs", `{"name":"db","origin":{"scheme":"postgresql","host":"db.example.com",
			"port":5432,"database":"app","user":"app","password":"x"}}`),
		"certificateId": made("/mtls_certificates", string(certificate)),
		"apiKey":        "the key of the upstream",
		"signingKey":    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
	}
	made("/vectorize/v2/indexes", `{"name":"pages","config":{"dimensions":3,"metric":"cosine"}}`)
	made("/workers/dispatch/namespaces", `{"name":"customers"}`)
	return config, func(t *testing.T, s *site) {
		t.Helper()
		var kinds struct{ Kinds []string }
		require.NoError(t, json.Unmarshal([]byte(s.ask(t, http.MethodGet, "/kinds", "").body), &kinds))
		require.Subset(t, kinds.Kinds, slices.Collect(maps.Keys(bindingAnswers)))
		root, err := toolbox.Root()
		require.NoError(t, err)
		page, err := os.ReadFile(filepath.Join(root, "docs", "bindings.md"))
		require.NoError(t, err)
		for _, kind := range kinds.Kinds {
			_, runs := bindingAnswers[kind]
			assert.Equal(t, runs, strings.Contains(string(page), "`"+kind+"` ¹"), "what docs/bindings.md says of %s", kind)
			got := s.ask(t, http.MethodGet, "/"+kind, "")
			if want, ok := bindingAnswers[kind]; ok {
				assert.JSONEq(t, `{"result":`+want+`}`, got.body, kind)
				continue
			}
			assert.Equal(t, http.StatusNotImplemented, got.status, kind)
			assert.Contains(t, got.body, "which the local runtime does not have", kind)
		}
		classic, _ := s.stack.outputs(t)["classicUrl"].(string)
		_, body := s.stack.cloud.get(t, classic)
		assert.JSONEq(t, `{"text":"Be kind.\n","bytes":9}`, body)
	}
}
