// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// jwk is a key as a JSON Web Key.
func jwk(name string) object {
	return object{"kty": "oct", "k": property.New(name + "_" + secretMark).WithSecret(true)}
}

// keyBytes is a key in Base64. No Base64 has a dash, so the mark is in what it stands for: see keyMark.
func keyBytes(name string) property.Value {
	return property.New(encodedKey(name)).WithSecret(true)
}

func encodedKey(name string) string {
	name += strings.Repeat("_", 3-len(name)%3)
	return base64.StdEncoding.EncodeToString([]byte(name + secretMark))
}

// keyMark is what is in each of keyBytes.
var keyMark = base64.StdEncoding.EncodeToString([]byte(secretMark))[:32]

// keyPath is where the key is in a program of a Worker that has [keyed].
var keyPath = []string{"bindings", "KEY", "secretKey", "keyBase64"}

const keyInput = "bindings.KEY.secretKey.keyBase64"

// keyed is a Worker with the key KEY and a secret.
func keyed(w world, name string) object {
	return cloudflareWorker().program(w).with(object{
		"format": "raw", "algorithm": object{"name": "HMAC", "hash": "SHA-256"}, "usages": []any{"sign"},
		"keyBase64": keyBytes(name),
	}, "bindings", "KEY", "secretKey").with(object{"TOKEN": secret("one")}, "secrets")
}

// hasKey checks which key the version has that serves.
func (w world) hasKey(encoded string) {
	w.t.Helper()
	text, err := json.Marshal(encoded)
	require.NoError(w.t, err)
	assert.Equal(w.t, 1, strings.Count(w.Dump(), shownText(text)), w.Dump())
}

func keyOf(m property.Map) property.Value {
	value := property.New(m)
	for _, name := range keyPath {
		if !value.IsMap() {
			return property.Value{}
		}
		value = value.AsMap().Get(name)
	}
	return value
}

// TestAKeyIsSentOnce: with the version that first has it, and again only when it changes; with
// the code or a secret it is inherited.
func TestAKeyIsSentOnce(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	program := keyed(w, "one")
	_, requests := w.sentBy(func() { s.mustUp(properties(program)) })
	assert.Equal(t, 1, strings.Count(bodies(requests), keyMark))
	w.hasKey(encodedKey("one"))
	assert.True(t, keyOf(s.inputs).Secret() && keyOf(s.outputs).Secret())
	assert.Regexp(t, "^sealed:1:", keyOf(s.outputs).AsString())
	assert.NotContains(t, canonical(t, s.inputs)+canonical(t, s.outputs), keyMark)
	s.idle(w, program)

	s.start(t.Context()) // what follows is another process
	program = program.with("debug", "variables", "LOG_LEVEL")
	_, requests = w.sentBy(func() { s.mustUp(properties(program)) })
	assert.NotContains(t, bodies(requests), keyMark, "with other variables")
	w.hasKey(encodedKey("one"))

	program = program.with(secret("two"), "secrets", "TOKEN")
	assert.Equal(t, []string{patchCall}, w.callsOf(s, program), "a secret alone")
	w.hasKey(encodedKey("one"))
	program = program.with(nil, "secrets", "TOKEN").with("info", "variables", "LOG_LEVEL")
	_, requests = w.sentBy(func() { s.mustUp(properties(program)) })
	assert.NotContains(t, bodies(requests), keyMark, "a secret removed, with a version")
	w.hasKey(encodedKey("one"))
	s.idle(w, program)

	program = program.with(keyBytes("two"), keyPath...)
	s.previews(program, map[string]p.DiffKind{keyInput: p.Update})
	_, requests = w.sentBy(func() { s.mustUp(properties(program)) })
	assert.Equal(t, 1, strings.Count(bodies(requests), keyMark))
	w.hasKey(encodedKey("two"))
	s.idle(w, program)

	program = program.with(nil, "bindings", "KEY")
	s.mustUp(properties(program))
	assert.NotContains(t, w.Dump(), "secret_key", "removed, though secrets of others would be kept")
	s.idle(w, program)
}

// TestAKeyCanBeWrittenInOtherWords: line breaks in Base64, and how a JSON Web Key is written, say nothing.
func TestAKeyCanBeWrittenInOtherWords(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	program := keyed(w, "one").with(object{"secretKey": object{
		"format": "jwk", "algorithm": "HMAC", "usages": []any{"sign"}, "keyJwk": jwk("one"),
	}}, "bindings", "OTHER")
	s.mustUp(properties(program))
	wrapped := encodedKey("one")[:20] + "\n " + encodedKey("one")[20:] + "\r\n"
	program = program.with(wrapped, keyPath...).
		with(`{ "k": "one_`+secretMark+`", "kty": "oct" }`, "bindings", "OTHER", "secretKey", "keyJwk")
	s.idle(w, program)
}

// TestAKeyNeedsItsValue: where ignoreChanges leaves nothing to send, nothing is made.
func TestAKeyNeedsItsValue(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	program := keyed(w, "one")
	s.mustUp(properties(program))
	sealed := keyOf(s.inputs)

	// ignoreChanges gives the fingerprint back: the key is inherited.
	s.start(t.Context())
	ignored := program.with(sealed, keyPath...).with("debug", "variables", "LOG_LEVEL")
	_, requests := w.sentBy(func() { s.mustUp(properties(ignored)) })
	assert.NotContains(t, bodies(requests), keyMark)
	w.hasKey(encodedKey("one"))
	// What else there is to the key cannot be changed without it.
	err := s.up(properties(ignored.with([]any{"verify"}, "bindings", "KEY", "secretKey", "usages")))
	require.ErrorContains(t, err, keyInput+": Cloudflare needs the value, of which only the fingerprint is known")
	w.hasKey(encodedKey("one"))

	other := newStack(t, w.cloud, cloudflareWorker().token)
	err = other.up(properties(ignored.with("other", "scriptName").with(nil, "routes")))
	require.ErrorContains(t, err, keyInput)
	require.ErrorContains(t, err, "ignoreChanges")
	assert.NotContains(t, w.Dump(), "worker other ")
}

// TestAnImportedKeyIsSentByTheNextUpdate: before that it is there to be read that nobody knows it.
func TestAnImportedKeyIsSentByTheNextUpdate(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	program := keyed(w, "one")
	s.mustUp(properties(program))
	found := newStack(t, w.cloud, cloudflareWorker().token)
	require.NoError(t, found.importByID(account+"/api"))
	assert.Regexp(t, "^changed elsewhere: version ", keyOf(found.inputs).AsString())

	kept := program.with(keyOf(found.inputs), keyPath...).with("debug", "variables", "LOG_LEVEL")
	second := *found
	_, requests := w.sentBy(func() { second.mustUp(properties(kept)) })
	assert.NotContains(t, bodies(requests), keyMark, "kept as it was found")
	w.hasKey(encodedKey("one"))

	require.NoError(t, found.refresh())
	pl, err := found.preview(properties(program))
	require.NoError(t, err)
	assert.Equal(t, p.Update, pl.kinds()[keyInput])
	_, requests = w.sentBy(func() { found.mustUp(properties(program)) })
	assert.Equal(t, 1, strings.Count(bodies(requests), keyMark))
	found.idle(w, program)
}

// TestDriftOfAKeyIsFoundByItsName: values cannot be compared, but who has set one can be told.
func TestDriftOfAKeyIsFoundByItsName(t *testing.T) {
	t.Parallel()
	path := "/accounts/" + account + "/workers/scripts/api/secrets"
	set := func(name string) func(w world, s *stack) error {
		return func(w world, _ *stack) error {
			return w.raw("PUT", path, map[string]any{
				"name": name, "type": "secret_key", "format": "raw", "usages": []string{"sign"}, "key_base64": "dGhlaXJz",
				"algorithm": map[string]any{"name": "HMAC", "hash": "SHA-256"},
			})
		}
	}
	for name, c := range map[string]struct {
		make func(w world, s *stack) error
		want map[string]p.DiffKind
		warn string
	}{
		"set alone": {
			make: set("KEY"),
			want: map[string]p.DiffKind{keyInput: p.Update, "secrets.TOKEN": p.Update},
		},
		"removed": {
			make: func(w world, _ *stack) error { return w.raw("DELETE", path+"/KEY?url_encoded=true", nil) },
			want: map[string]p.DiffKind{"bindings.KEY": p.Add},
		},
		"used otherwise": {
			make: theirs(bind(cfapi.Binding{
				Name: "KEY", Type: "secret_key", Format: "raw", Algorithm: json.RawMessage(`{"name":"HMAC","hash":"SHA-256"}`),
				Usages: []string{"verify"}, KeyBase64: "dGhlaXJz",
			})),
			want: map[string]p.DiffKind{keyInput: p.Update, "bindings.KEY.secretKey.usages[0]": p.Update},
		},
		"a secret in its place": {
			make: func(w world, _ *stack) error {
				return w.raw("PUT", path, map[string]any{"name": "KEY", "type": "secret_text", "text": "theirs"})
			},
			want: map[string]p.DiffKind{"bindings.KEY": p.Add},
		},
		"another one added": {
			make: set("MORE"), want: map[string]p.DiffKind{}, warn: "does not set: MORE",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, cloudflareWorker())
			program := keyed(w, "one")
			s.mustUp(properties(program))
			want := w.Dump()
			require.NoError(t, c.make(w, s))
			require.NoError(t, s.refresh())
			assert.Contains(t, strings.Join(s.warnings(), ""), c.warn)
			s.previews(program, c.want)
			s.mustUp(properties(program))
			if c.warn == "" {
				equalAccounts(t, want, w.Dump())
			} else {
				assert.Contains(t, w.Dump(), `"MORE"`, "secrets of others stay")
			}
			w.hasKey(encodedKey("one"))
			s.idle(w, program)
		})
	}
}

// TestAWrongKeyIsRefusedUnread: what is wrong is said without the key.
func TestAWrongKeyIsRefusedUnread(t *testing.T) {
	t.Parallel()
	const algorithmless, keyless = "must be the name of an algorithm", "is not a JSON Web Key"
	asJWK := func(key any) object { return object{"format": "jwk", "keyBase64": nil, "keyJwk": key} }
	for name, c := range map[string]struct {
		set  object
		want string
		at   string
	}{
		"no key":            {object{"keyBase64": nil}, "set exactly one of keyBase64 and keyJwk", ""},
		"two keys":          {object{"keyJwk": jwk("one")}, "set exactly one of keyBase64 and keyJwk", ""},
		"unknown format":    {object{"format": "pem"}, `"pem" is none of raw, pkcs8, spki, jwk`, ".format"},
		"jwk without one":   {object{"format": "jwk"}, "is set with keyJwk", ".format"},
		"JWK in raw":        {object{"keyBase64": nil, "keyJwk": jwk("one")}, "is set with keyBase64", ".format"},
		"unknown usage":     {object{"usages": []any{"look"}}, `"look" is none of encrypt`, ".usages"},
		"a usage twice":     {object{"usages": []any{"sign", "sign"}}, `"sign" is there twice`, ".usages"},
		"no usage":          {object{"usages": []any{}}, "must say what the Worker may do", ".usages"},
		"nameless":          {object{"algorithm": object{"hash": "SHA-256"}}, algorithmless, ".algorithm.name"},
		"algorithm a list":  {object{"algorithm": []any{"HMAC"}}, algorithmless, ".algorithm"},
		"no Base64":         {object{"keyBase64": secret("no")}, "is not Base64", ".keyBase64"},
		"PEM":               {object{"keyBase64": "-----BEGIN PRIVATE KEY-----\n" + secretMark}, "is PEM", ".keyBase64"},
		"empty":             {object{"keyBase64": "literal:"}, "is empty", ".keyBase64"},
		"a number":          {object{"keyBase64": 7}, "is a text in Base64", ".keyBase64"},
		"a list":            {asJWK([]any{secretMark}), keyless, ".keyJwk"},
		"no JSON":           {asJWK("{" + secretMark), keyless, ".keyJwk"},
		"JWK without a kty": {asJWK(object{"k": secretMark}), "it has no kty", ".keyJwk"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, cloudflareWorker())
			program := keyed(w, "one")
			for input, value := range c.set {
				program = program.with(value, "bindings", "KEY", "secretKey", input)
			}
			_, err := s.preview(properties(program))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "bindings.KEY.secretKey"+c.at)
			assert.NotContains(t, err.Error(), secretMark)
			assert.NotContains(t, err.Error(), keyMark)
			assert.Equal(t, 1, strings.Count(err.Error(), "bindings.KEY.secretKey"), "one failure: %v", err)
		})
	}
}
