// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"encoding/json"
	"slices"
)

// Binding is one name in a Worker's environment. Which fields count depends on
// Type; the others are empty.
type Binding struct {
	Name string
	Type string // as in Cloudflare's API: "plain_text", "kv_namespace", …

	Text         string          // plain_text; secret_text, which reads back empty
	JSON         json.RawMessage // json
	NamespaceID  string          // kv_namespace
	BucketName   string          // r2_bucket
	Jurisdiction string          // r2_bucket; empty: the default one
	Service      string          // service: the other Worker's name
	Environment  string          // service; the API fills in "production"
	Entrypoint   string          // service; empty: the default export
	Part         string          // wasm_module, text_blob, data_blob: the module of the upload
	OldName      string          // inherit; empty: Name
	VersionID    string          // inherit; empty: the latest version
	Format       string          // secret_key: raw, pkcs8, spki or jwk
	Algorithm    json.RawMessage // secret_key: a name or an object
	Usages       []string        // secret_key
	KeyBase64    string          // secret_key, in every format but jwk; reads back empty
	KeyJWK       json.RawMessage // secret_key in the format jwk; reads back empty

	// Raw is the whole object as it was read. When a Binding is sent, Raw is sent if
	// it is set, and the fields above are ignored.
	Raw json.RawMessage
}

// bindingFields are the fields of a binding in the API, those of all types together.
type bindingFields struct {
	Name         string          `json:"name"`
	Type         string          `json:"type"`
	Text         *string         `json:"text,omitempty"`
	JSON         json.RawMessage `json:"json,omitempty"`
	NamespaceID  string          `json:"namespace_id,omitempty"`
	BucketName   string          `json:"bucket_name,omitempty"`
	Jurisdiction string          `json:"jurisdiction,omitempty"`
	Service      string          `json:"service,omitempty"`
	Environment  string          `json:"environment,omitempty"`
	Entrypoint   string          `json:"entrypoint,omitempty"`
	Part         string          `json:"part,omitempty"`
	OldName      string          `json:"old_name,omitempty"`
	VersionID    string          `json:"version_id,omitempty"`
	Format       string          `json:"format,omitempty"`
	Algorithm    json.RawMessage `json:"algorithm,omitempty"`
	Usages       []string        `json:"usages,omitempty"`
	KeyBase64    string          `json:"key_base64,omitempty"`
	KeyJWK       json.RawMessage `json:"key_jwk,omitempty"`
}

// MarshalJSON returns b as the API wants it, with the fields of its type only.
func (b Binding) MarshalJSON() ([]byte, error) {
	if b.Raw != nil {
		return b.Raw, nil
	}
	f := bindingFields{Name: b.Name, Type: b.Type}
	switch b.Type {
	case "plain_text", "secret_text":
		f.Text = &b.Text
	case "json":
		f.JSON = b.JSON
	case "wasm_module", "text_blob", "data_blob":
		f.Part = b.Part
	case "kv_namespace":
		f.NamespaceID = b.NamespaceID
	case "r2_bucket":
		f.BucketName, f.Jurisdiction = b.BucketName, b.Jurisdiction
	case "service":
		f.Service, f.Environment, f.Entrypoint = b.Service, b.Environment, b.Entrypoint
	case "inherit":
		f.OldName, f.VersionID = b.OldName, b.VersionID
	case typeSecretKey:
		f.Format, f.Algorithm, f.Usages = b.Format, b.Algorithm, b.Usages
		f.KeyBase64, f.KeyJWK = b.KeyBase64, b.KeyJWK
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads a binding of any type and keeps it whole in Raw.
func (b *Binding) UnmarshalJSON(data []byte) error {
	var head struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	*b = Binding{Name: head.Name, Type: head.Type, Raw: slices.Clone(data)}
	switch b.Type {
	case "plain_text", "secret_text", "json", "kv_namespace", "r2_bucket", "service", "inherit", typeSecretKey,
		"wasm_module", "text_blob", "data_blob":
	default: // its fields may be of other types than ours with the same names
		return nil
	}
	var f bindingFields
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	if f.Text != nil {
		b.Text = *f.Text
	}
	b.JSON, b.NamespaceID = f.JSON, f.NamespaceID
	b.BucketName, b.Jurisdiction = f.BucketName, f.Jurisdiction
	b.Service, b.Environment, b.Entrypoint = f.Service, f.Environment, f.Entrypoint
	b.Part, b.OldName, b.VersionID = f.Part, f.OldName, f.VersionID
	b.Format, b.Algorithm, b.Usages, b.KeyBase64, b.KeyJWK = f.Format, f.Algorithm, f.Usages, f.KeyBase64, f.KeyJWK
	return nil
}

// secretValues are the parts of b that are never to be printed.
func (b Binding) secretValues() []string {
	switch b.Type {
	case typeSecretText:
		return []string{b.Text}
	case typeSecretKey:
		values := []string{b.KeyBase64, string(b.KeyJWK)}
		var key map[string]any
		if json.Unmarshal(b.KeyJWK, &key) == nil {
			for name, member := range key {
				if text, ok := member.(string); ok && !publicMembers[name] {
					values = append(values, text)
				}
			}
		}
		return values
	}
	return nil
}

// publicMembers are members of a JSON Web Key that say what it is for
// (RFC 7517, section 4; RFC 7518, section 6.2.1.1).
var publicMembers = map[string]bool{"kty": true, "use": true, "alg": true, "kid": true, "crv": true}
