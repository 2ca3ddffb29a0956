// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
)

// binding is a binding in the shape of the API, with all members that were sent.
type binding map[string]json.RawMessage

// text returns a member that is a string; anything else is empty.
func (b binding) text(name string) string {
	var text string
	if err := json.Unmarshal(b[name], &text); err != nil {
		return ""
	}
	return text
}

func (b binding) name() string { return b.text("name") }
func (b binding) kind() string { return b.text("type") }

// with returns a copy with one member set.
func (b binding) with(name string, value any) binding {
	changed := maps.Clone(b)
	text, err := json.Marshal(value)
	if err != nil { // strings and booleans only: cannot happen
		text = []byte("null")
	}
	changed[name] = text
	return changed
}

// isSecret reports whether the binding's value can never be read.
func (b binding) isSecret() bool { return b.kind() == "secret_text" || b.kind() == "secret_key" }

// view is the binding as the API shows it: without a secret's value, with the environment of a service.
func (b binding) view() binding {
	if b.kind() == "service" && b.text("environment") == "" {
		return b.with("environment", "production")
	}
	if !b.isSecret() {
		return b
	}
	shown := maps.Clone(b)
	for _, member := range []string{"text", "key_base64", "key_jwk"} {
		delete(shown, member)
	}
	return shown
}

// views are the bindings as the API shows them.
func views(bindings []binding) []binding {
	shown := make([]binding, 0, len(bindings))
	for _, b := range bindings {
		shown = append(shown, b.view())
	}
	return shown
}

// required are the members that each type of binding must have, apart from name and type (cloudflare-go
// workers.ScriptUpdateParamsMetadataBinding…, api:"required").
var required = map[string][]string{
	"agent_memory":             {"namespace"},
	"ai":                       {},
	"ai_search":                {"instance_name"},
	"ai_search_namespace":      {"namespace"},
	"analytics_engine":         {"dataset"},
	"artifacts":                {"namespace"},
	"assets":                   {},
	"browser":                  {},
	"d1":                       {"id"},
	"data_blob":                {"part"},
	"dispatch_namespace":       {"namespace"},
	"durable_object_namespace": {},
	"flagship":                 {"app_id"},
	"hyperdrive":               {"id"},
	"images":                   {},
	"inherit":                  {},
	"json":                     {"json"},
	"kv_namespace":             {"namespace_id"},
	"logfwdr":                  {"destination"}, // workers-sdk, create-worker-upload-form.ts
	"media":                    {},
	"mtls_certificate":         {"certificate_id"},
	"pipelines":                {},
	"plain_text":               {"text"},
	"queue":                    {"queue_name"},
	"r2_bucket":                {"bucket_name"},
	"ratelimit":                {"namespace_id", "simple"},
	"secret_key":               {"format", "algorithm", "usages"},
	"secret_text":              {"text"},
	"secrets_store_secret":     {"store_id", "secret_name"},
	"send_email":               {},
	"service":                  {"service"},
	"stream":                   {},
	"text_blob":                {"part"},
	"unsafe_hello_world":       {}, // workers-sdk, create-worker-upload-form.ts
	"vectorize":                {"index_name"},
	"version_metadata":         {},
	"vpc_network":              {},
	"vpc_service":              {"service_id"},
	"wasm_module":              {"part"},
	"websearch":                {},
	"worker_loader":            {},
	"workflow":                 {"workflow_name"},
}

// checkBindings refuses bindings that are wrong in themselves.
func checkBindings(bindings []binding, u *upload) error {
	seen := map[string]bool{}
	for _, b := range bindings {
		name, kind := b.name(), b.kind()
		members, known := required[kind]
		switch {
		case name == "":
			return invalid("binding of type %s must have a valid `name` specified", kind)
		case !known:
			return invalid("binding %s has unknown type %q", name, kind)
		case seen[name]:
			return invalid("binding name '%s' already in use. Please use a different name and try again.", name)
		}
		seen[name] = true
		if kind == "d1" && b.text("id") == "" && b.text("database_id") != "" {
			members = nil // read back as both; "id" is the older name
		}
		for _, member := range members {
			value := string(b[member])
			if value == "" || value == "null" || value == `""` && member != "text" {
				// The form of the text: workers-sdk, packages/deploy-helpers/src/deploy/deploy.ts.
				return invalid("binding %s of type %s must have a valid `%s` specified", name, kind, member)
			}
		}
		if kind == "wasm_module" || kind == "text_blob" || kind == "data_blob" {
			if u.metadata.MainModule != "" {
				return invalid("binding %s of type %s is for service-worker syntax only", name, kind)
			}
			if u.module(b.text("part")) == nil {
				return invalid("binding %s refers to part %q, which is not in the upload", name, b.text("part"))
			}
		}
	}
	return nil
}

// resolveBindings returns the bindings of a new version of w (nil: there is none yet): those of the metadata, with
// inherited ones in place of inherit, and the kept ones that the metadata does not name. Strict tells whether an
// inherit that resolves to nothing is refused or dropped.
//
// Sources: cloudflare-go workers.ScriptUpdateParamsMetadataBindingsWorkersBindingKindInherit for old_name and
// version_id, workers-sdk packages/wrangler/src/__tests__/deploy/secrets.test.ts for 10057 and its text.
func (c *call) resolveBindings(w *worker, m metadata, strict bool) ([]binding, error) {
	var previous []binding
	if w != nil && w.latest() != nil {
		previous = w.latest().Bindings
	}
	resolved, named := []binding{}, map[string]bool{}
	var missing []message
	for _, b := range m.Bindings {
		named[b.name()] = true
		if b.kind() != "inherit" {
			resolved = append(resolved, c.complete(b))
			continue
		}
		from := previous
		if id := b.text("version_id"); id != "" && id != "latest" {
			from = nil
			if w != nil && w.version(id) != nil {
				from = w.version(id).Bindings
			}
		}
		old := b.name()
		if name := b.text("old_name"); name != "" {
			old = name
		}
		at := slices.IndexFunc(from, func(b binding) bool { return b.name() == old })
		switch {
		case at >= 0:
			resolved = append(resolved, from[at].with("name", b.name()))
		case strict:
			missing = append(missing, message{Code: 10057, Message: "inherit binding '" + b.name() +
				"' is invalid: previous version does not have binding named '" + old + "'"})
		}
	}
	if len(missing) > 0 {
		return nil, &apiError{status: http.StatusBadRequest, errors: missing}
	}
	for _, b := range previous {
		if slices.Contains(m.KeepBindings, b.kind()) && !named[b.name()] {
			resolved = append(resolved, b)
		}
	}
	return resolved, nil
}

// complete adds the members that the API fills in: both names of a D1 database's id.
func (c *call) complete(b binding) binding {
	if b.kind() != "d1" {
		return b
	}
	if id := b.text("database_id"); id != "" {
		return b.with("id", id)
	}
	return b.with("database_id", b.text("id"))
}

// checkTargets refuses bindings to what does not exist. The codes were recorded from the live API by
// alchemy-run/alchemy pull request 753; the texts are quoted in issues of workers-sdk and others. Durable Objects are
// left to bindObjects.
func (c *call) checkTargets(script string, bindings []binding) error {
	for _, b := range bindings {
		var err error
		switch b.kind() {
		case "kv_namespace":
			id := b.text("namespace_id")
			if !isID(id) {
				// workers-sdk issue 14249.
				err = refuse(http.StatusBadRequest, 10042,
					"KV namespace '%s' is not valid. Please verify the namespace_id in your configuration.", id)
			} else if c.account.Namespaces[id] == nil {
				err = refuse(http.StatusBadRequest, 10041,
					"KV namespace '%s' not found. Please verify the namespace_id in your configuration.", id)
			}
		case "r2_bucket":
			// Text: workers-sdk, fixtures that bind to a bucket that does not exist.
			id := r2.BucketID{
				Account: c.account.ID, Jurisdiction: b.text("jurisdiction"), Name: b.text("bucket_name"),
			}
			if _, missing := c.R2.Bucket(id); missing != nil {
				err = refuse(http.StatusBadRequest, 10085, "R2 bucket '%s' not found. Verify the bucket exists in your "+
					"account and that the bucket_name in your configuration is correct.", id.Name)
			}
		case "service":
			err = c.checkService(script, b)
		case "d1":
			if id := b.text("database_id"); c.account.Databases[id] == nil {
				err = refuse(http.StatusBadRequest, 10181, "D1 binding '%s' references database '%s' which was not found. "+
					"Verify the database exists in your account and that the database_id in your configuration is correct.",
					b.name(), id)
			}
		case "queue":
			if name := b.text("queue_name"); c.account.queueNamed(name) == nil {
				err = refuse(http.StatusBadRequest, codeQueueNotFound, "Queue %q does not exist.", name)
			}
		case "secrets_store_secret":
			err = c.checkStoreBinding(b)
		default:
			err = c.account.checkProduct(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkService refuses a service binding to a Worker that does not exist. Binding to oneself is allowed, also in the
// first upload. The codes differ by whether an environment is named: cloudflare/workers-sdk issues 10168 (10144) and
// 2968, and jonbeckman/solstatus issue 24 (10143), with the texts.
func (c *call) checkService(script string, b binding) error {
	target, environment := b.text("service"), b.text("environment")
	switch {
	case target == script || c.account.Workers[target] != nil:
		return nil
	case environment != "":
		return refuse(http.StatusBadRequest, 10144, "Could not resolve service binding '%s'. Target environment '%s' not "+
			"found for target script '%s'. Please verify the target and try again.", b.name(), environment, target)
	}
	return refuse(http.StatusBadRequest, 10143, "Could not resolve service binding '%s'. Target script '%s' not found. "+
		"Please verify the target script and try again.", b.name(), target)
}
