// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Limits of uploads: developers.cloudflare.com/workers/platform/limits and
// /workers/configuration/versions-and-deployments.
const (
	maxMessage = 1000 // bytes of the annotation workers/message
	maxTag     = 100  // bytes of the annotation workers/tag
	maxTags    = 10   // tags of a Worker

	maxScript = 64 << 20 // bytes of all modules together, source maps apart
)

// upload is the body of a script or version upload, taken apart.
type upload struct {
	metadata metadata
	modules  []module

	undeployed bool // whether it makes a version only
}

// metadata is the part of an upload that says what the other parts are for
// (developers.cloudflare.com/workers/configuration/multipart-upload-metadata; cloudflare-go
// workers.ScriptUpdateParamsMetadata).
type metadata struct {
	MainModule         string            `json:"main_module"`
	BodyPart           string            `json:"body_part"`
	Bindings           []binding         `json:"bindings"`
	KeepBindings       []string          `json:"keep_bindings"`
	CompatibilityDate  string            `json:"compatibility_date"`
	CompatibilityFlags []string          `json:"compatibility_flags"`
	UsageModel         string            `json:"usage_model"`
	Annotations        map[string]string `json:"annotations"`
	Migrations         *migrations       `json:"migrations"`
	Assets             *assetsMetadata   `json:"assets"`
	KeepAssets         bool              `json:"keep_assets"`
	Limits             json.RawMessage   `json:"limits"`
	Placement          json.RawMessage   `json:"placement"`
	CacheOptions       json.RawMessage   `json:"cache_options"`
	Exports            json.RawMessage   `json:"exports"`
	CodeUpdate         json.RawMessage   `json:"code_update_strategy"` // means nothing to a version that is not deployed

	scriptSettings // applied by PUT of a script only

	unknown json.RawMessage // the other members, which have no effect here; nil: there are none
}

// unknownMembers are the members of an upload's metadata that nothing here knows, such as wrangler's unsafe.metadata
// sends (workers-sdk, create-worker-upload-form.ts).
func unknownMembers(text []byte) json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil {
		return nil
	}
	for _, t := range []reflect.Type{reflect.TypeFor[metadata](), reflect.TypeFor[scriptSettings]()} {
		for field := range t.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			delete(all, name)
		}
	}
	delete(all, "package_dependencies")
	if len(all) == 0 {
		return nil
	}
	unknown, err := json.Marshal(all)
	if err != nil {
		return nil
	}
	return unknown
}

// invalid is the refusal of an upload whose content is not right.
func invalid(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, 10021, format, args...)
}

// readUpload takes the body of an upload apart. It is strict in the way of the real API: a part named metadata holds
// JSON, each other part is a module whose name is the part's (workers-sdk, packages/deploy-helpers/src/deploy/helpers/
// create-worker-upload-form.ts).
func (c *call) readUpload() (*upload, error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "multipart/form-data":
		u, err := readForm(c.body, params["boundary"])
		if err == nil {
			err = c.checkExportEntries(u.metadata.Exports)
		}
		return u, err
	case err == nil && (kind == "application/javascript" || kind == "text/javascript"):
		// The oldest form: the body is a Worker in service-worker syntax (api.cloudflare.com, "Upload Worker").
		script := module{Name: "script", ContentType: kind, Content: c.body, Digest: digestOf(c.body)}
		return &upload{metadata: metadata{BodyPart: "script"}, modules: []module{script}}, nil
	}
	return nil, refuse(http.StatusUnsupportedMediaType, 10001,
		"Content-Type must be one of: application/javascript, text/javascript, multipart/form-data")
}

// readForm takes a multipart body apart.
func readForm(body []byte, boundary string) (*upload, error) {
	parts, err := readParts(body, boundary)
	if err != nil {
		return nil, err
	}
	var u upload
	found := false
	for _, part := range parts {
		switch {
		case part.Name == "metadata":
			if err := json.Unmarshal(part.Content, &u.metadata); err != nil {
				// The text: cloudflare-typescript issue 158.
				return nil, invalid("could not read content for part metadata: %v", err)
			}
			u.metadata.unknown = unknownMembers(part.Content)
			found = true
		case part.file == "":
			// Not a module: Jaal-Yantra-Textiles/v2 pull request 1055 met "No such module" for want of a file name.
		case part.Name == "" || u.module(part.Name) != nil:
			return nil, invalid("part %q has no name of its own", part.Name)
		default:
			u.modules = append(u.modules, part)
		}
	}
	if !found {
		return nil, flattened()
	}
	for _, m := range u.modules {
		// In service-worker syntax wrangler names files by the variables that they become (workers-sdk,
		// packages/deploy-helpers/src/deploy/helpers/create-worker-upload-form.ts).
		if m.file != m.Name && u.metadata.BodyPart == "" {
			return nil, invalid("part %q has another file name, %q; the emulator wants them equal", m.Name, m.file)
		}
	}
	return &u, nil
}

// readParts returns the parts of a multipart body.
func readParts(body []byte, boundary string) ([]module, error) {
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	var parts []module
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		if err != nil {
			return nil, invalid("multipart body cannot be read: %v", err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, invalid("multipart body cannot be read: %v", err)
		}
		parts = append(parts, module{
			Name: part.FormName(), ContentType: part.Header.Get("Content-Type"), Content: text, Digest: digestOf(text),
			file: fileName(part),
		})
	}
}

// fileName returns the part's file name with its folders, which [multipart.Part.FileName] drops: the names of modules
// have folders.
func fileName(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return params["filename"]
}

// flattened is the API's answer to a form without a metadata part: it takes the whole body for a script and trips over
// the boundary's dashes (cloudflare-typescript issues 158 and 2799).
func flattened() *apiError {
	return invalid("Uncaught SyntaxError: Invalid left-hand side expression in prefix operation\n  at worker.js:1:4")
}

// module returns the part of that name, or nil.
func (u *upload) module(name string) *module {
	for i := range u.modules {
		if u.modules[i].Name == name {
			return &u.modules[i]
		}
	}
	return nil
}

// check refuses what is wrong with the upload in itself. "No such module": Jaal-Yantra-Textiles/v2 pull request 1055
// and alchemy-run/distilled, ScriptModuleNotFound.
func (u *upload) check() error {
	m := &u.metadata
	switch {
	case m.MainModule == "" && m.BodyPart == "" && (m.Assets == nil || len(u.modules) > 0):
		return invalid("either main_module or body_part must be set in metadata")
	case m.MainModule != "" && m.BodyPart != "":
		return invalid("main_module and body_part cannot both be set in metadata")
	case m.MainModule != "" && u.module(m.MainModule) == nil:
		return invalid("Uncaught Error: No such module: %s", m.MainModule)
	case m.BodyPart != "" && u.module(m.BodyPart) == nil:
		return invalid("Uncaught Error: No such module: %s", m.BodyPart)
	}
	size := 0
	for _, module := range u.modules {
		if !module.isSourceMap() {
			size += len(module.Content)
		}
	}
	if size > maxScript {
		// Code and text: workers-sdk, packages/wrangler/src/__tests__/deploy/build.test.ts.
		return refuse(http.StatusRequestEntityTooLarge, 10027, "workers.api.error.script_too_large")
	}
	if err := checkAnnotations(m.Annotations); err != nil {
		return err
	}
	if _, err := readCodeUpdate(m.CodeUpdate); err != nil {
		return err
	}
	return checkBindings(m.Bindings, u)
}

// checkAnnotations refuses messages and tags that are too long.
func checkAnnotations(annotations map[string]string) error {
	if n := len(annotations["workers/message"]); n > maxMessage {
		return invalid("annotation workers/message is %d bytes long, more than %d", n, maxMessage)
	}
	if n := len(annotations["workers/tag"]); n > maxTag {
		return invalid("annotation workers/tag is %d bytes long, more than %d", n, maxTag)
	}
	return nil
}

// isSourceMap reports whether the module is a source map, which is not part of what runs.
func (m *module) isSourceMap() bool {
	return strings.HasPrefix(m.ContentType, "application/source-map")
}

// etag is the digest of the uploaded parts, whatever their order. What Cloudflare's etag covers is not documented; all
// that clients may do with it is compare.
func (u *upload) etag() string {
	var lines []string
	for _, m := range u.modules {
		lines = append(lines, m.Name+"\x00"+m.ContentType+"\x00"+m.Digest)
	}
	slices.Sort(lines)
	return digestOf([]byte(strings.Join(append(lines, u.metadata.MainModule), "\n")))
}
