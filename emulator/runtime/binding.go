// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// binders maps types of bindings to what writes their value: the field of workerd's Binding struct. A type that
// is not here gets a stub that throws when it is used. To support another type, add its function here.
//
// The types and their fields are those of the metadata of an upload. Source: workers-sdk,
// packages/wrangler/src/deployment-bundle/create-worker-upload-form.ts.
var binders = map[string]func(*linker, *Script, binding) (string, error){
	"plain_text":               bindText,
	"secret_text":              bindText,
	"json":                     bindJSON,
	"version_metadata":         bindVersionMetadata,
	"kv_namespace":             bindKVNamespace,
	"r2_bucket":                bindR2Bucket,
	"service":                  bindService,
	"durable_object_namespace": bindObjects,
	"secret_key":               bindSecretKey,
	"data_blob":                bindPart("data"),
	"text_blob":                bindPart("text"),
	"wasm_module":              bindPart("wasmModule"),
	"d1":                       bindD1,
	"secrets_store_secret":     bindStoreSecret,
	"queue":                    bindQueue,
	"hyperdrive":               bindHyperdrive,
	"workflow":                 bindWorkflow,
	"ratelimit":                bindRateLimit,
	"send_email":               bindEmail,
	"analytics_engine":         bindAnalytics,
	"assets":                   bindAssets,
	"worker_loader":            bindLoader,
}

// binding is a binding of any type.
type binding struct {
	Type string `json:"type"`
	Name string `json:"name"`
	raw  json.RawMessage
}

// parseBinding reads what all bindings have.
func parseBinding(raw json.RawMessage) (binding, error) {
	b := binding{raw: raw}
	if err := json.Unmarshal(raw, &b); err != nil {
		return binding{}, fmt.Errorf("binding: %w", err)
	}
	if b.Name == "" || b.Type == "" {
		return binding{}, errors.New("binding without name or type")
	}
	return b, nil
}

// decode reads the fields of a binding's type. Its error does not repeat the binding, which may be secret.
func (b binding) decode(fields any) error {
	if err := json.Unmarshal(b.raw, fields); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fmt.Errorf("binding %q: field %q cannot be a %s", b.Name, wrong.Field, wrong.Value)
		}
		return fmt.Errorf("binding %q: %w", b.Name, err)
	}
	return nil
}

func bindText(_ *linker, _ *Script, b binding) (string, error) {
	var fields struct {
		Text string `json:"text"`
	}
	err := b.decode(&fields)
	return "text = " + quote(fields.Text), err
}

func bindJSON(_ *linker, _ *Script, b binding) (string, error) {
	var fields struct {
		JSON json.RawMessage `json:"json"`
	}
	err := b.decode(&fields)
	if fields.JSON == nil {
		fields.JSON = json.RawMessage("null")
	}
	return "json = " + quote(string(fields.JSON)), err
}

// bindVersionMetadata has the fields of
// https://developers.cloudflare.com/workers/runtime-apis/bindings/version-metadata/.
func bindVersionMetadata(_ *linker, s *Script, _ binding) (string, error) {
	metadata := struct {
		ID        string `json:"id"`
		Tag       string `json:"tag"`
		Timestamp string `json:"timestamp"`
	}{ID: s.VersionID, Tag: s.Tag}
	if !s.Created.IsZero() {
		metadata.Timestamp = s.Created.UTC().Format(time.RFC3339Nano)
	}
	text, err := json.Marshal(metadata)
	return "json = " + quote(string(text)), err
}

func bindKVNamespace(l *linker, s *Script, b binding) (string, error) {
	var fields struct {
		NamespaceID string `json:"namespace_id"`
	}
	err := b.decode(&fields)
	return "kvNamespace = " + l.backend("kv", s.Account, fields.NamespaceID), err
}

func bindR2Bucket(l *linker, s *Script, b binding) (string, error) {
	var fields struct {
		BucketName   string `json:"bucket_name"`
		Jurisdiction string `json:"jurisdiction"`
	}
	err := b.decode(&fields)
	return "r2Bucket = " + l.backend("r2", s.Account, fields.BucketName, fields.Jurisdiction), err
}

// bindD1 gives the binding that workerd has for D1. Source: workers-sdk, packages/miniflare/src/plugins/d1/index.ts.
func bindD1(l *linker, s *Script, b binding) (string, error) {
	var fields struct {
		ID         string `json:"id"`
		DatabaseID string `json:"database_id"`
	}
	err := b.decode(&fields)
	service := l.backend("d1", s.Account, cmp.Or(fields.DatabaseID, fields.ID))
	return fmt.Sprintf(`wrapped = (moduleName = "cloudflare-internal:d1-api", `+
		`innerBindings = [(name = "fetcher", service = %s)])`, service), err
}

func bindQueue(l *linker, s *Script, b binding) (string, error) {
	var fields struct {
		QueueName     string      `json:"queue_name"`
		DeliveryDelay json.Number `json:"delivery_delay"`
	}
	err := b.decode(&fields)
	return "queue = " + l.backend("queue", s.Account, fields.QueueName, fields.DeliveryDelay.String()), err
}

func bindService(l *linker, s *Script, b binding) (string, error) {
	var fields struct {
		Service    string          `json:"service"`
		Entrypoint string          `json:"entrypoint"`
		Props      json.RawMessage `json:"props"`
	}
	if err := b.decode(&fields); err != nil {
		return "", err
	}
	target, problem := l.service(workerKey{s.Account, fields.Service})
	if problem != "" {
		return missing(problem), nil
	}
	props := string(fields.Props)
	if props == "null" {
		props = ""
	}
	if router := l.routers[target]; router != "" && props == "" && cmp.Or(fields.Entrypoint, "default") == "default" {
		target = router
	}
	designator := "name = " + quote(target)
	if fields.Entrypoint != "" && fields.Entrypoint != "default" {
		designator += ", entrypoint = " + quote(fields.Entrypoint)
	}
	if props != "" {
		designator += ", props = (json = " + quote(props) + ")"
	}
	return "service = (" + designator + ")", nil
}

// bindSecretKey gives a CryptoKey. workerd takes PKCS #8 and SPKI keys as PEM where the API takes base64.
func bindSecretKey(_ *linker, _ *Script, b binding) (string, error) {
	var fields struct {
		Format    string          `json:"format"`
		Algorithm json.RawMessage `json:"algorithm"`
		Usages    []string        `json:"usages"`
		KeyBase64 string          `json:"key_base64"`
		KeyJWK    json.RawMessage `json:"key_jwk"`
	}
	if err := b.decode(&fields); err != nil {
		return "", err
	}
	armour := map[string]string{"pkcs8": "PRIVATE KEY", "spki": "PUBLIC KEY"}
	var key string
	switch fields.Format {
	case "raw":
		key = "base64 = " + quote(fields.KeyBase64)
	case "jwk":
		key = "jwk = " + quote(string(fields.KeyJWK))
	case "pkcs8", "spki":
		der, err := base64.StdEncoding.DecodeString(fields.KeyBase64)
		if err != nil {
			return "", fmt.Errorf("binding %q: key_base64 is not base64", b.Name)
		}
		block := pem.EncodeToMemory(&pem.Block{Type: armour[fields.Format], Bytes: der})
		key = fields.Format + " = " + quote(string(block))
	default:
		return "", fmt.Errorf("binding %q: unknown key format %q", b.Name, fields.Format)
	}
	usages := map[string]bool{
		"encrypt": true, "decrypt": true, "sign": true, "verify": true,
		"deriveKey": true, "deriveBits": true, "wrapKey": true, "unwrapKey": true,
	}
	for _, usage := range fields.Usages {
		if !usages[usage] {
			return "", fmt.Errorf("binding %q: unknown key usage %q", b.Name, usage)
		}
	}
	algorithm := "json = " + quote(string(fields.Algorithm))
	if name := ""; json.Unmarshal(fields.Algorithm, &name) == nil {
		algorithm = "name = " + quote(name)
	}
	return fmt.Sprintf("cryptoKey = (%s, algorithm = (%s), usages = [%s])",
		key, algorithm, strings.Join(fields.Usages, ", ")), nil
}

// bindPart gives the content of another part of the upload.
func bindPart(field string) func(*linker, *Script, binding) (string, error) {
	return func(l *linker, s *Script, b binding) (string, error) {
		var fields struct {
			Part string `json:"part"`
		}
		if err := b.decode(&fields); err != nil {
			return "", err
		}
		content, err := s.part(fields.Part)
		if err != nil {
			return "", err
		}
		return field + " = " + l.files.embed(content), nil
	}
}

// bindLoader gives each binding a cache of loaded Workers of its own, as miniflare does
// (packages/miniflare/src/plugins/worker-loader).
func bindLoader(l *linker, _ *Script, b binding) (string, error) {
	if l.stable { // which lacks it; no Worker can be loaded at global scope anyway
		return missing(fmt.Sprintf("binding %q cannot be used at global scope", b.Name)), nil
	}
	return "workerLoader = ()", nil
}

// missing writes the value of a binding whose every use throws message.
func missing(message string) string {
	return fmt.Sprintf(`wrapped = (moduleName = "emulator:missing", innerBindings = [(name = "message", text = %s)])`,
		quote(message))
}
