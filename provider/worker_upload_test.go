// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"reflect"
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
			"RAW": {Raw: &RawBinding{Type: "newer_than_we_are", Fields: map[string]any{"a": "b"}}},
		},
	}
	for _, kind := range bindingKinds { // each with everything in it
		if kind.apiType == "" || kind.apiType == typeSecretKey { // the one is above, the other has a test of its own
			continue
		}
		var b Binding
		member := reflect.ValueOf(&b).Elem().Field(kind.field)
		member.Set(reflect.New(member.Type().Elem()))
		fill(t, member.Elem())
		args.Bindings[kind.name] = b
	}
	sent, err := versionBindings(args)
	require.NoError(t, err)
	variables, bindings := fromAPI(sent, "api")
	assert.Equal(t, args.Variables, variables)
	assert.Equal(t, versionedBindings(args.Bindings), bindings)
}

// fill sets every field to something.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.String:
		v.SetString("text")
	case reflect.Int:
		v.SetInt(7)
	case reflect.Slice:
		v.Set(reflect.ValueOf([]string{"one", "two"}))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]any{"key": []any{"value", 1.0}}))
	default:
		require.Fail(t, "nobody has thought of this kind", v.Kind())
	}
}

func TestWhatTheAPIFillsInIsNoDifference(t *testing.T) {
	t.Parallel()
	read := func(text string) (b cfapi.Binding) {
		require.NoError(t, json.Unmarshal([]byte(text), &b))
		return b
	}
	_, bindings := fromAPI([]cfapi.Binding{
		{Name: "S", Type: "service", Service: "other", Environment: "production"},
		{Name: "KEY", Type: "secret_text"},
		read(`{"name":"DB","type":"d1","id":"uuid","database_id":"uuid"}`),
		read(`{"name":"O","type":"durable_object_namespace","class_name":"Room","script_name":"api","namespace_id":"n"}`),
		read(`{"name":"NEW","type":"newer_than_we_are","a":{"b":[1,true]}}`),
	}, "api")
	assert.Equal(t, map[string]Binding{
		"S":  {Service: &ServiceBinding{Name: "other"}},
		"DB": {D1Database: &D1DatabaseBinding{ID: "uuid"}},
		"O":  {DurableObjectNamespace: &DurableObjectNamespaceBinding{ClassName: "Room"}},
		"NEW": {Raw: &RawBinding{
			Type: "newer_than_we_are", Fields: map[string]any{"a": map[string]any{"b": []any{1.0, true}}},
		}},
	}, bindings)
}

func FuzzANoteIsReadAsItWasWritten(f *testing.F) {
	f.Add("", "bundles", "api/v1.2.3/", "ab", "", "index.js", 12)
	f.Add("fix the r2://bug ", "bundles", "über space/%2F?&#.js", "ab", "eu", "a b.js", 0)
	f.Fuzz(func(t *testing.T, message, bucket, key, sha256, jurisdiction, main string, size int) {
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
		text := note.after(message)
		if len(message)+1+len(note.String()) > maxMessage || sha256 == "" || bucket == "" || strings.HasPrefix(key, "/") {
			return
		}
		said, got, ok := splitMessage(text)
		require.True(t, ok, text)
		require.Equal(t, note, got, text)
		require.Equal(t, message, said, text)
	})
}

func TestALongKeyLeavesTheDigest(t *testing.T) {
	t.Parallel()
	note := bundleNote{BundleReference: BundleReference{
		Bucket: "bundles", Key: strings.Repeat("k", 1024), SHA256: strings.Repeat("ab", 32),
	}, Size: 3}
	require.LessOrEqual(t, len(note.after("message")), maxMessage)
	message, got, ok := splitMessage(note.after("message"))
	require.True(t, ok)
	assert.Equal(t, "message", message)
	assert.Equal(t, note.SHA256, got.SHA256)
	assert.Empty(t, got.Key)
}

func TestOtherMessagesAreNoNotes(t *testing.T) {
	t.Parallel()
	for _, message := range []string{
		"", "fix the bug", "https://example.com/?sha256=ab&size=1", "r2://b/k", "r2://b/k?sha256=ab", "::",
	} {
		said, _, ok := splitMessage(message)
		assert.False(t, ok, message)
		assert.Equal(t, message, said)
	}
}
