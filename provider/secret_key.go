// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/seal"
)

// SecretKeyBinding binds a key of the Web Crypto API. Behind Check its material is a
// fingerprint; see [withSealedSecrets]. Source of the fields: cloudflare-go v7,
// workers.ScriptUpdateParamsMetadataBindingsWorkersBindingKindSecretKey.
type SecretKeyBinding struct {
	Format    string   `pulumi:"format" api:"format"`
	Algorithm any      `pulumi:"algorithm,optional" api:"algorithm"` // required: see requiredMembers
	Usages    []string `pulumi:"usages" api:"usages"`
	KeyBase64 string   `pulumi:"keyBase64,optional"`
	KeyJwk    any      `pulumi:"keyJwk,optional"`
}

// formatJWK is the format of the keys that are no bytes.
const formatJWK = "jwk"

var (
	keyFormats = []string{"raw", "pkcs8", "spki", formatJWK}
	keyUsages  = []string{
		"encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey",
	}
)

// Annotate describes the binding.
func (b *SecretKeyBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a `CryptoKey`, which the Worker uses with `crypto.subtle` and can never read. The key is "+
		"write-only: like the values of `secrets` it never reaches the state, not even encrypted, and is sent only when "+
		"it changes.")
	a.Describe(&b.Format, "How the key is written: `raw` (bytes, of a symmetric key), `pkcs8` (a private key), `spki` (a "+
		"public key) or `jwk`.")
	a.Describe(&b.Algorithm, "What the key is for, as `crypto.subtle.importKey` takes it: a name, such as `AES-GCM`, or "+
		"an object, such as `{ name: \"HMAC\", hash: \"SHA-256\" }`.")
	a.Describe(&b.Usages, "What the Worker may do with it: `encrypt`, `decrypt`, `sign`, `verify`, `deriveKey`, "+
		"`deriveBits`, `wrapKey` and `unwrapKey`.")
	a.Describe(&b.KeyBase64, "The key in Base64, in every format but `jwk`: its bytes, or DER, which is PEM less its "+
		"first and last line. May be a reference, as the values of `secrets`. Default: none, and `keyJwk` is set.")
	a.Describe(&b.KeyJwk, "The key in the format `jwk`: an object such as `{ kty: \"oct\", k: \"…\" }`, its JSON, or a "+
		"reference to that. Default: none, and `keyBase64` is set.")
}

// plainBase64 is [writeOnlyInput.plain] of keyBase64: without the line breaks that
// base64 and openssl write.
func plainBase64(value property.Value, resolve func(string) (string, error)) (string, error) {
	if !value.IsString() {
		return "", errors.New("a key is a text in Base64")
	}
	text, err := resolve(value.AsString())
	if err != nil {
		return "", err
	}
	text = strings.Join(strings.Fields(text), "")
	switch _, err := base64.StdEncoding.DecodeString(text); {
	case strings.HasPrefix(text, "-----BEGIN"):
		return "", errors.New("is PEM: leave out its first and last line")
	case text == "":
		return "", errors.New("is empty")
	case err != nil: // it may quote the key
		return "", errors.New("is not Base64 with \"+\", \"/\" and padding (RFC 4648, section 4)")
	}
	return text, nil
}

// plainJWK is [writeOnlyInput.plain] of keyJwk: JSON without spaces, the members
// sorted, so that it does not matter how it was written.
func plainJWK(value property.Value, resolve func(string) (string, error)) (string, error) {
	var text []byte
	switch {
	case value.IsString():
		found, err := resolve(value.AsString())
		if err != nil {
			return "", err
		}
		text = []byte(found)
	case value.IsMap():
		var err error
		if text, err = json.Marshal(jsonOf(value)); err != nil {
			return "", errors.New("cannot be written as JSON")
		}
	}
	var key map[string]any
	if err := json.Unmarshal(text, &key); err != nil || key == nil { // the error may quote the key
		return "", errors.New("is not a JSON Web Key: an object, or its JSON (RFC 7517)")
	}
	if kind, _ := key["kty"].(string); kind == "" { // no text counts as none
		return "", errors.New("is not a JSON Web Key: it has no kty, such as oct, RSA, EC or OKP (RFC 7517)")
	}
	text, err := json.Marshal(key)
	return string(text), err
}

// jsonOf returns a known value as encoding/json has it.
func jsonOf(value property.Value) any {
	switch {
	case value.IsString():
		return value.AsString()
	case value.IsNumber():
		return value.AsNumber()
	case value.IsBool():
		return value.AsBool()
	case value.IsArray():
		list := []any{}
		for _, one := range value.AsArray().All {
			list = append(list, jsonOf(one))
		}
		return list
	case value.IsMap():
		members := map[string]any{}
		for name, one := range value.AsMap().All {
			members[name] = jsonOf(one)
		}
		return members
	}
	return nil
}

// secretKey checks a key, of which only the fingerprint is left.
func (c *checker) secretKey(at func(names ...string) []string, b SecretKeyBinding) {
	c.fail(!slices.Contains(keyFormats, b.Format), at("format"), "%q is none of %s", b.Format,
		strings.Join(keyFormats, ", "))
	c.keyAlgorithm(at("algorithm"), b.Algorithm)
	c.fail(len(b.Usages) == 0, at("usages"), "must say what the Worker may do with the key: %s",
		strings.Join(keyUsages, ", "))
	for i, usage := range b.Usages {
		if valueAt(c.inputs, at("usages")).HasComputed() {
			break
		}
		known := slices.Contains(keyUsages, usage)
		c.fail(!known, at("usages"), "%q is none of %s", usage, strings.Join(keyUsages, ", "))
		c.fail(known && slices.Index(b.Usages, usage) < i, at("usages"), "%q is there twice", usage)
	}
	bytes := b.KeyBase64 != "" || c.computed(at("keyBase64"))
	web := b.KeyJwk != nil || c.computed(at("keyJwk"))
	switch {
	case bytes == web:
		c.fail(true, at(), "set exactly one of keyBase64 and keyJwk")
	case b.Format == formatJWK:
		c.fail(bytes, at("format"), "a key in the format jwk is set with keyJwk, not with keyBase64")
	case slices.Contains(keyFormats, b.Format):
		c.fail(web, at("format"), "a key in the format %s is set with keyBase64, not with keyJwk", b.Format)
	}
}

func (c *checker) keyAlgorithm(path []string, algorithm any) {
	if object, ok := algorithm.(map[string]any); ok {
		algorithm = object["name"]
		path = append(slices.Clone(path), "name")
	}
	name, ok := algorithm.(string)
	c.fail(!ok || name == "", path, "must be the name of an algorithm, such as \"AES-GCM\", or an object with its name, "+
		"such as {\"name\":\"HMAC\",\"hash\":\"SHA-256\"}")
}

// material is what the inputs have of the key itself: a fingerprint, or what says that
// somebody else has set it. Empty: nothing.
func (b *SecretKeyBinding) material() string {
	jwk, _ := b.KeyJwk.(string) // nothing else is left behind Check
	return cmp.Or(b.KeyBase64, jwk)
}

// withMaterial returns b with the material where its format has it.
func (b SecretKeyBinding) withMaterial(material string) *SecretKeyBinding {
	b.KeyBase64, b.KeyJwk = "", nil
	switch {
	case material == "":
	case b.Format == formatJWK:
		b.KeyJwk = material
	default:
		b.KeyBase64 = material
	}
	return &b
}

// sameForm reports whether the keys are the same but perhaps for their material.
func (b *SecretKeyBinding) sameForm(other *SecretKeyBinding) bool {
	return b.Format == other.Format && sameSet(b.Usages, other.Usages) && reflect.DeepEqual(b.Algorithm, other.Algorithm)
}

// secretKeys are the keys among the bindings.
func (w CloudflareWorkerArgs) secretKeys() map[string]*SecretKeyBinding {
	keys := map[string]*SecretKeyBinding{}
	for name, b := range w.Bindings {
		if b.SecretKey != nil {
			keys[name] = b.SecretKey
		}
	}
	return keys
}

// setsSecret reports whether the program sets a secret, a value or a key, of that name.
func (w CloudflareWorkerArgs) setsSecret(name string) bool {
	_, own := w.Secrets[name]
	return own || w.Bindings[name].SecretKey != nil
}

// secretKeyBindings returns the bindings for the wanted keys, sorted by name. A key
// that a version already holds is inherited from it and not sent again.
func (d deployer) secretKeyBindings(seen CloudflareWorkerState) (list []cfapi.Binding, err error) {
	keys := d.want.secretKeys()
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		key := keys[name]
		if from := seen.inheritsKey(name, key); from != "" {
			list = append(list, cfapi.Binding{Name: name, Type: typeInherit, VersionID: from})
			continue
		}
		value, ok := d.vault.value(key.material())
		if !ok {
			member := "keyBase64"
			if key.Format == formatJWK {
				member = "keyJwk"
			}
			return nil, &noValueError{path: propertyPath([]string{"bindings", name, "secretKey", member})}
		}
		algorithm, err := json.Marshal(key.Algorithm)
		if err != nil {
			return nil, err
		}
		b := cfapi.Binding{Name: name, Type: typeSecretKey, Format: key.Format, Algorithm: algorithm, Usages: key.Usages}
		if key.Format == formatJWK {
			b.KeyJWK = json.RawMessage(value)
		} else {
			b.KeyBase64 = value
		}
		list = append(list, b)
	}
	return list, nil
}

// inheritsKey returns the version that holds the key as it is wanted; empty if none is known to.
func (s CloudflareWorkerState) inheritsKey(name string, want *SecretKeyBinding) string {
	has := s.Bindings[name].SecretKey
	switch {
	case has == nil || s.VersionID == "" || !has.sameForm(want) || !seal.Equal(has.material(), want.material()):
		return ""
	case isChangedElsewhere(want.material()): // given back by ignoreChanges, which wants it so
		return s.VersionID
	}
	return cmp.Or(s.SecretsVersionID, s.VersionID)
}

// seeSecretKeys puts into bindings, which were read from a version, what is known of
// their keys, and takes out those that others have set: they count as unmanaged
// secrets. Whatever is not known to be ours gets the mark in the material's place.
func (s *CloudflareWorkerState) seeSecretKeys(bindings map[string]Binding, mark string) {
	for name, b := range bindings {
		was := s.Bindings[name].SecretKey
		switch {
		case b.SecretKey == nil:
		case was != nil && was.sameForm(b.SecretKey):
			bindings[name] = s.Bindings[name]
		case s.ownsKey(name):
			bindings[name] = Binding{SecretKey: b.SecretKey.withMaterial(mark)}
		default:
			delete(bindings, name)
		}
	}
}

// ownsKey reports whether a key of that name in the Worker is a binding of the program, as far as the state tells: so
// is each one of a Worker that was never deployed from here, which an import finds.
func (s *CloudflareWorkerState) ownsKey(name string) bool {
	return s.VersionID == "" || s.Bindings[name].SecretKey != nil
}
