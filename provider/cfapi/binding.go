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
	OldName      string          // inherit; empty: Name
	VersionID    string          // inherit; empty: the latest version

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
	OldName      string          `json:"old_name,omitempty"`
	VersionID    string          `json:"version_id,omitempty"`
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
	case "kv_namespace":
		f.NamespaceID = b.NamespaceID
	case "r2_bucket":
		f.BucketName, f.Jurisdiction = b.BucketName, b.Jurisdiction
	case "service":
		f.Service, f.Environment, f.Entrypoint = b.Service, b.Environment, b.Entrypoint
	case "inherit":
		f.OldName, f.VersionID = b.OldName, b.VersionID
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
	case "plain_text", "secret_text", "json", "kv_namespace", "r2_bucket", "service", "inherit":
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
	b.OldName, b.VersionID = f.OldName, f.VersionID
	return nil
}
