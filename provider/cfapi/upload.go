// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/option"
)

// Upload is what a Worker is made of.
type Upload struct {
	MainModule         string // the name of the module that exports the handlers; empty: see BodyPart
	BodyPart           string // the name of a script in service-worker syntax; both are empty if there are only Assets
	Modules            []Module
	CompatibilityDate  string // YYYY-MM-DD
	CompatibilityFlags []string
	Bindings           []Binding
	KeepBindings       []string          // types of bindings to take over from the latest version: "secret_text", …
	Migrations         *Migrations       // of classes of Durable Objects, for PutScript only; nil: none
	Exports            map[string]Export // what the code exports, by name; nil: nothing is said
	Message            string            // the annotation workers/message; empty: not sent
	Tag                string            // the annotation workers/tag; empty: not sent
	Placement          Placement
	Limits             Limits
	CacheOptions       CacheOptions
	Assets             *Assets // static assets; nil: none, but those that are kept
	KeepAssets         bool    // take over the files of the latest version

	PackageDependencies []PackageDependency // the npm packages that the code was built with; none: not sent

	CodeUpdateStrategy *CodeUpdateStrategy // of the deployment, for PutScript only; nil: Cloudflare's default

	Raw map[string]any // more members of the metadata, which is to have none of [MetadataMembers]
}

// PackageDependency is an npm package that the code of an [Upload] was built with.
type PackageDependency struct {
	Name               string `json:"name"`
	PackageJSONVersion string `json:"packageJsonVersion"` // what package.json asks for
	InstalledVersion   string `json:"installedVersion"`
}

// assetsOnly reports whether there is no code.
func (u Upload) assetsOnly() bool {
	return u.MainModule == "" && u.BodyPart == "" && len(u.Modules) == 0 && u.Assets != nil
}

// Migrations are steps in the history of a Worker's classes of Durable Objects.
type Migrations struct {
	OldTag string          `json:"old_tag,omitempty"` // where the Worker is; empty: it has none
	NewTag string          `json:"new_tag"`
	Steps  []MigrationStep `json:"steps"`
}

// MigrationStep is one of [Migrations].
type MigrationStep struct {
	NewClasses         []string           `json:"new_classes,omitempty"`
	NewSQLiteClasses   []string           `json:"new_sqlite_classes,omitempty"`
	RenamedClasses     []RenamedClass     `json:"renamed_classes,omitempty"`
	TransferredClasses []TransferredClass `json:"transferred_classes,omitempty"`
	DeletedClasses     []string           `json:"deleted_classes,omitempty"`
}

// RenamedClass gives a class another name.
type RenamedClass struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// TransferredClass takes a class over from another Worker.
type TransferredClass struct {
	From       string `json:"from"`
	FromScript string `json:"from_script"`
	To         string `json:"to"`
}

// Module is one file of a Worker.
type Module struct {
	Name        string // what other modules import, with "/" between directories
	ContentType string // application/javascript+module, application/wasm, text/plain, …
	Content     []byte
}

// Uploaded is what Cloudflare says of an upload.
type Uploaded struct {
	VersionID     string // with dashes
	ETag          string // of the code; use it for equality only
	StartupTimeMS int    // differs at every measurement; 0 when it was not measured
	Handlers      []string
	Bindings      []Binding // of the version, inherited and kept ones too; nil when the answer does not list them
}

// uploadMetadata is the first part of an upload.
// https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
type uploadMetadata struct {
	MainModule         string            `json:"main_module,omitempty"`
	BodyPart           string            `json:"body_part,omitempty"`
	CompatibilityDate  string            `json:"compatibility_date,omitempty"`
	CompatibilityFlags []string          `json:"compatibility_flags,omitempty"`
	Bindings           []Binding         `json:"bindings,omitzero"`
	KeepBindings       []string          `json:"keep_bindings,omitempty"`
	Migrations         *Migrations       `json:"migrations,omitempty"`
	Exports            map[string]Export `json:"exports,omitempty"`
	Annotations        map[string]string `json:"annotations,omitempty"`
	Placement          Placement         `json:"placement,omitzero"`
	Limits             Limits            `json:"limits,omitzero"`
	CacheOptions       CacheOptions      `json:"cache_options,omitzero"`
	Assets             *Assets           `json:"assets,omitempty"`
	KeepAssets         bool              `json:"keep_assets,omitempty"`

	PackageDependencies []PackageDependency `json:"package_dependencies,omitempty"`

	CodeUpdateStrategy *CodeUpdateStrategy `json:"code_update_strategy,omitempty"`
}

// MetadataMembers are the members of an upload's metadata that an [Upload] has fields for.
func MetadataMembers() (names []string) {
	for field := range reflect.TypeFor[uploadMetadata]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// metadataPart is the name of the part that is no module.
const metadataPart = "metadata"

// attach makes u the body of the call and returns the option that says so to
// cloudflare-go, whose own encoding of an upload Cloudflare refuses. The body is
// put into the request at each attempt by the transport.
func (c *call) attach(u Upload) (option.RequestOption, error) {
	var values []string
	for _, b := range u.Bindings {
		values = append(values, b.secretValues()...)
	}
	if u.Assets != nil && u.Assets.JWT != "" {
		values = append(values, u.Assets.JWT)
	}
	c.secrets = redactorOf(values...)
	form, err := u.form()
	if err != nil {
		return nil, &Error{Op: c.op, API: c.api, Kind: ErrInvalid, Err: c.secrets.redacted(err)}
	}
	c.body, c.size = form.open, form.size
	return option.WithRequestBody(form.contentType, http.NoBody), nil
}

// form is a multipart/form-data body whose modules are not copied into it.
type form struct {
	contentType string
	pieces      [][]byte // in order: part headers and contents
	size        int64
}

func (f *form) open() (io.ReadCloser, error) {
	readers := make([]io.Reader, len(f.pieces))
	for i, p := range f.pieces {
		readers[i] = bytes.NewReader(p)
	}
	return io.NopCloser(io.MultiReader(readers...)), nil
}

func (f *form) add(piece []byte) {
	f.pieces = append(f.pieces, piece)
	f.size += int64(len(piece))
}

// form returns u as Cloudflare wants it: the metadata, then each module as a part
// whose name and file name are the module's. Equal uploads make equal forms.
func (u Upload) form() (*form, error) {
	metadata, err := u.metadata()
	if err != nil {
		return nil, err
	}
	modules := slices.Clone(u.Modules)
	slices.SortFunc(modules, func(a, b Module) int { return cmp.Compare(a.Name, b.Name) })
	for i, m := range modules {
		if m.Name == "" || m.Name == metadataPart {
			return nil, fmt.Errorf("a module cannot be called %q", m.Name)
		}
		if i > 0 && m.Name == modules[i-1].Name {
			return nil, fmt.Errorf("two modules are called %q", m.Name)
		}
	}

	// The form is written without the modules' contents, which are put between
	// the pieces of it afterwards.
	var frame bytes.Buffer
	var f form
	w := multipart.NewWriter(&frame)
	if err := w.SetBoundary(boundary(metadata, modules)); err != nil {
		return nil, err
	}
	f.contentType = w.FormDataContentType()
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", fmt.Sprintf("form-data; name=%q", metadataPart))
	header.Set("Content-Type", "application/json")
	part, err := w.CreatePart(header)
	if err == nil {
		_, err = part.Write(metadata)
	}
	for _, m := range modules {
		header.Set("Content-Disposition", multipart.FileContentDisposition(m.Name, m.Name))
		header.Set("Content-Type", m.ContentType)
		if err == nil {
			_, err = w.CreatePart(header)
		}
		f.add(bytes.Clone(frame.Bytes()))
		frame.Reset()
		f.add(m.Content)
	}
	if err == nil {
		err = w.Close()
	}
	f.add(frame.Bytes())
	return &f, err
}

func (u Upload) metadata() ([]byte, error) {
	switch {
	case u.MainModule == "" && u.BodyPart == "" && !u.assetsOnly():
		return nil, errors.New("the upload has no main module")
	case u.MainModule != "" && u.BodyPart != "":
		return nil, errors.New("the upload has both a main module and a body part")
	}
	m := uploadMetadata{
		MainModule: u.MainModule, BodyPart: u.BodyPart, CompatibilityDate: u.CompatibilityDate,
		CompatibilityFlags: u.CompatibilityFlags, KeepBindings: u.KeepBindings,
		Migrations: u.Migrations, Exports: u.Exports,
		Bindings: append([]Binding{}, u.Bindings...), Annotations: map[string]string{},
		Placement: u.Placement, Limits: u.Limits, CacheOptions: u.CacheOptions,
		Assets: u.Assets, KeepAssets: u.KeepAssets, PackageDependencies: u.PackageDependencies,
		CodeUpdateStrategy: u.CodeUpdateStrategy,
	}
	if u.assetsOnly() {
		// As wrangler does, which sends just assets, annotations and compatibility.
		m.Bindings, m.CodeUpdateStrategy = nil, nil
	}
	slices.SortStableFunc(m.Bindings, func(a, b Binding) int { return cmp.Compare(a.Name, b.Name) })
	if u.Message != "" {
		m.Annotations["workers/message"] = u.Message
	}
	if u.Tag != "" {
		m.Annotations["workers/tag"] = u.Tag
	}
	b, err := json.Marshal(m)
	if err == nil && len(u.Raw) > 0 {
		all := maps.Clone(u.Raw)
		var own map[string]json.RawMessage
		err = json.Unmarshal(b, &own)
		for name, value := range own {
			all[name] = value
		}
		if err == nil {
			b, err = json.Marshal(all)
		}
	}
	if err != nil { // the message of encoding/json may quote a value, which may be a secret
		return nil, errors.New("a binding holds a value that is not JSON")
	}
	return b, nil
}

// boundary returns the first of a series of strings that occurs in none of the
// contents, so that it needs no chance to be right.
func boundary(metadata []byte, modules []Module) string {
	for n := 0; ; n++ {
		b := "cfapi-upload-" + strconv.Itoa(n)
		within := func(m Module) bool { return bytes.Contains(m.Content, []byte(b)) }
		if !bytes.Contains(metadata, []byte(b)) && !slices.ContainsFunc(modules, within) {
			return b
		}
	}
}
