// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

func TestBindingsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	args := CloudflareWorkerArgs{
		Variables: map[string]any{
			"TEXT": "text", "EMPTY": "", "NUMBER": 1.5, "TRUE": true, "NULL": nil,
			"LIST": []any{"a", 2.0}, "OBJECT": map[string]any{"a": map[string]any{"b": false}},
		},
		Bindings: map[string]Binding{
			"KV":      {KvNamespace: &KvNamespaceBinding{ID: "id"}},
			"R2":      {R2Bucket: &R2BucketBinding{Name: "name", Jurisdiction: "eu"}},
			"SERVICE": {Service: &ServiceBinding{Name: "name", Entrypoint: "Admin"}},
		},
	}
	sent, err := versionBindings(args)
	require.NoError(t, err)
	variables, bindings, other := fromAPI(sent)
	assert.Equal(t, args.Variables, variables)
	assert.Equal(t, args.Bindings, bindings)
	assert.Empty(t, other)
}

func TestWhatTheAPIFillsInIsNoDifference(t *testing.T) {
	t.Parallel()
	_, bindings, other := fromAPI([]cfapi.Binding{
		{Name: "S", Type: "service", Service: "other", Environment: "production"},
		{Name: "KEY", Type: "secret_text"},
		{Name: "DB", Type: "d1"},
	})
	assert.Equal(t, map[string]Binding{"S": {Service: &ServiceBinding{Name: "other"}}}, bindings)
	assert.Equal(t, map[string]string{"KEY": "secret_text", "DB": "d1"}, other)
}

func FuzzANoteIsReadAsItWasWritten(f *testing.F) {
	f.Add("bundles", "api/v1.2.3/", "ab", "", "index.js", 12)
	f.Add("bundles", "über space/%2F?&#.js", "ab", "eu", "a b.js", 0)
	f.Fuzz(func(t *testing.T, bucket, key, sha256, jurisdiction, main string, size int) {
		bucket = strings.Map(func(r rune) rune { // R2 allows no others
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
				return r
			}
			return -1
		}, bucket)
		note := bundleNote{
			BundleReference: BundleReference{Bucket: bucket, Key: key, SHA256: sha256, Jurisdiction: jurisdiction},
			Size:            size, MainModule: main,
		}
		text := note.String()
		if len(text) > maxMessage || sha256 == "" || bucket == "" || strings.HasPrefix(key, "/") {
			return
		}
		got, ok := parseBundleNote(text)
		require.True(t, ok, text)
		require.Equal(t, note, got, text)
	})
}

func TestALongKeyLeavesTheDigest(t *testing.T) {
	t.Parallel()
	note := bundleNote{BundleReference: BundleReference{
		Bucket: "bundles", Key: strings.Repeat("k", 1024), SHA256: strings.Repeat("ab", 32),
	}, Size: 3}
	require.LessOrEqual(t, len(note.String()), maxMessage)
	got, ok := parseBundleNote(note.String())
	require.True(t, ok)
	assert.Equal(t, note.SHA256, got.SHA256)
	assert.Empty(t, got.Key)
}

func TestOtherMessagesAreNoNotes(t *testing.T) {
	t.Parallel()
	for _, message := range []string{
		"", "fix the bug", "https://example.com/?sha256=ab&size=1", "r2://b/k", "r2://b/k?sha256=ab", "::",
	} {
		_, ok := parseBundleNote(message)
		assert.False(t, ok, message)
	}
}
