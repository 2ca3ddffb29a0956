// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
)

// invoke calls a function of the provider.
func (s *stack) invoke(function string, args object) (property.Map, error) {
	resp, err := s.server.Invoke(p.InvokeRequest{
		Token: tokens.Type(provider.Name + ":index:" + function), Args: properties(args),
	})
	if err == nil && len(resp.Failures) > 0 {
		err = checkError(resp.Failures)
	}
	return resp.Return, err
}

// TestABundleIsLookedAt: what a reference points at now, pinned; and the machine keeps what it has downloaded.
func TestABundleIsLookedAt(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	for name, b := range w.builds {
		w.forget()
		reference := object{"bucket": "bundles", "key": b.key}
		got, err := s.invoke("getBundle", reference)
		require.NoError(t, err, name)
		assert.Equal(t, b.sha256, got.Get("sha256").AsString(), name)
		assert.InDelta(t, b.Size(), got.Get("size").AsNumber(), 0, name)
		pinned := got.Get("reference").AsMap()
		assert.Equal(t, b.key, pinned.Get("key").AsString(), name)
		assert.Equal(t, b.sha256, pinned.Get("sha256").AsString(), name)
		modules := got.Get("modules").AsMap()
		assert.Len(t, b.Modules(), modules.Len(), name)
		for module, is := range modules.All {
			assert.InDelta(t, len(b.Files[module]), is.AsMap().Get("size").AsNumber(), 0, module)
		}
		assert.NotEmpty(t, w.requests(), name)

		again, err := s.invoke("getBundle", reference.with(b.sha256, "sha256"))
		require.NoError(t, err, name)
		assert.Equal(t, got, again, name)
		assert.Empty(t, w.requests(), name)
	}
	for args, reason := range map[*object]string{
		{"bucket": "bundles", "key": "nothing/"}:                        "no object's key begins with",
		{"bucket": "bundles", "key": "nothing.js"}:                      "not found",
		{"bucket": "bundles", "key": "nothing.js", "sha256": "x"}:       "sha256: ",
		{"bucket": "bundles", "key": "nothing.js", "accountId": "mine"}: "accountId: ",
	} {
		_, err := s.invoke("getBundle", *args)
		require.ErrorContains(t, err, reason)
	}
}

// TestAWorkerIsLookedAt: as what manages it has it, and nothing is changed.
func TestAWorkerIsLookedAt(t *testing.T) {
	t.Parallel()
	w, s := built(t, cloudflareWorker())
	before := w.Dump()
	got, err := s.invoke("getWorker", object{"scriptName": s.outputs.Get("scriptName").AsString()})
	require.NoError(t, err)
	for _, name := range []string{
		"accountId", "scriptName", "versionId", "deploymentId", "traffic", "etag", "bundleDigest", "compatibilityDate",
		"urls", "variables", "bindings", "schedules",
	} {
		is := property.NewMap(map[string]property.Value{name: got.Get(name)})
		was := property.NewMap(map[string]property.Value{name: s.outputs.Get(name)})
		assert.Equal(t, canonical(t, was), canonical(t, is), name)
	}
	assert.NotContains(t, s.logs.String(), "unmanaged")
	assert.Equal(t, before, w.Dump())
	for _, call := range w.Calls() {
		assert.True(t, strings.HasPrefix(call, "GET "), call)
	}

	_, err = s.invoke("getWorker", object{"scriptName": "nobody"})
	require.ErrorContains(t, err, `there is no Worker "nobody"`)
	_, err = s.invoke("getWorker", object{"scriptName": "No Name"})
	require.ErrorContains(t, err, "scriptName")
	_, err = s.invoke("getWorker", object{"scriptName": "api", "accountId": "mine"})
	require.ErrorContains(t, err, "accountId")
}
