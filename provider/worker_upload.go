// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// The binding types of Cloudflare's API that variables, secrets and, in
// service-worker syntax, files become.
const (
	typePlainText  = "plain_text"
	typeJSON       = "json"
	typeSecretText = "secret_text"
	typeSecretKey  = "secret_key"
	typeInherit    = "inherit"
	typeWasmModule = "wasm_module"
	typeTextBlob   = "text_blob"
	typeDataBlob   = "data_blob"
)

// upload builds what Cloudflare needs to make the wanted version, and returns
// the code in it too. The bundle is verified against its digest.
func (d deployer) upload(ctx context.Context, seen CloudflareWorkerState) (cfapi.Upload, workerCode, error) {
	code, err := d.code(ctx)
	if err != nil {
		return cfapi.Upload{}, workerCode{}, err
	}
	secrets, keep, err := d.secrets(ctx, seen)
	if err != nil {
		return cfapi.Upload{}, workerCode{}, err
	}
	variables, keepVariables, err := d.keptVariables(ctx, seen)
	if err != nil {
		return cfapi.Upload{}, workerCode{}, err
	}
	bindings, err := versionBindings(d.want)
	if err != nil {
		return cfapi.Upload{}, workerCode{}, err
	}
	note := bundleNote{
		BundleReference: d.want.bundle(), Size: code.size, MainModule: d.want.MainModule, Classic: d.want.classic(),
	}
	keys, err := d.secretKeyBindings(seen)
	if err != nil {
		return cfapi.Upload{}, workerCode{}, err
	}
	if d.want.Assets != nil {
		note.Assets = d.want.Assets.SHA256
	}
	annotations := orZero(d.want.Annotations)
	up := cfapi.Upload{
		MainModule:          code.main,
		Modules:             code.modules,
		CompatibilityDate:   d.want.CompatibilityDate,
		CompatibilityFlags:  d.want.CompatibilityFlags,
		Bindings:            slices.Concat(bindings, code.bindings, keys, secrets, variables),
		KeepBindings:        slices.Concat(keep, keepVariables),
		Message:             note.after(annotations.Message),
		Tag:                 annotations.Tag,
		Placement:           d.want.Placement.toAPI(),
		Limits:              d.want.Limits.toAPI(),
		CacheOptions:        d.want.CacheOptions.toAPI(),
		PackageDependencies: code.dependencies,
		Raw:                 d.want.RawMetadata,
	}
	if d.want.classic() {
		up.MainModule, up.BodyPart = "", code.main
	}
	return up, code, d.attachAssets(ctx, seen, &up)
}

// secrets returns the bindings for the wanted secrets. A value that a version
// already holds is inherited from it and not sent again. keep lists the binding
// types of which Cloudflare is to keep what is not mentioned: secrets that others set
// stay. That cannot be asked for while one of ours is removed; then the others are
// inherited by name from the version from which they would be kept, the latest one.
func (d deployer) secrets(
	ctx context.Context, seen CloudflareWorkerState,
) (list []cfapi.Binding, keep []string, err error) {
	if d.want.assetsOnly() {
		return nil, nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(d.want.Secrets)) {
		if from := seen.inherits(name, d.want.Secrets[name]); from != "" {
			list = append(list, cfapi.Binding{Name: name, Type: typeInherit, VersionID: from})
			continue
		}
		value, err := d.secretValue(name)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, cfapi.Binding{Name: name, Type: typeSecretText, Text: value})
	}
	if d.want.policy() == RemoveUnmanaged {
		for _, name := range required(d.want) { // checkSecretNames found them in the latest version
			list = append(list, cfapi.Binding{Name: name, Type: typeInherit})
		}
		return list, nil, nil
	}
	removed := removedSecrets(seen, d.want)
	if len(removed) == 0 {
		return list, []string{typeSecretText, typeSecretKey}, nil
	}
	names, err := d.api.Secrets(ctx, d.account, d.script)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if !d.want.setsSecret(name) && !slices.Contains(removed, name) {
			list = append(list, cfapi.Binding{Name: name, Type: typeInherit})
		}
	}
	return list, nil, nil
}

// inherits returns the version that holds the secret as the fingerprint has it;
// empty if none is known to.
func (s CloudflareWorkerState) inherits(name, fingerprint string) string {
	switch {
	case s.VersionID == "" || !s.holds(name, fingerprint):
		return ""
	case isChangedElsewhere(fingerprint):
		return s.VersionID
	case s.SecretStatus[name].Alone:
		return "" // in a version that is not known
	}
	return s.SecretsVersionID
}

func isSecret(b cfapi.Binding) bool { return isSecretType(b.Type) }

func isSecretType(t string) bool { return t == typeSecretText || t == typeSecretKey }

// versionBindings turns variables and bindings, but for keys, into Cloudflare's form, sorted by name.
func versionBindings(want CloudflareWorkerArgs) ([]cfapi.Binding, error) {
	var list []cfapi.Binding
	for _, name := range slices.Sorted(maps.Keys(want.Variables)) {
		if text, ok := want.Variables[name].(string); ok {
			list = append(list, cfapi.Binding{Name: name, Type: typePlainText, Text: text})
			continue
		}
		raw, err := json.Marshal(want.Variables[name])
		if err != nil {
			return nil, fmt.Errorf("variables.%s: %w", name, err)
		}
		list = append(list, cfapi.Binding{Name: name, Type: typeJSON, JSON: raw})
	}
	for _, name := range slices.Sorted(maps.Keys(want.Bindings)) {
		if want.Bindings[name].SecretKey != nil {
			continue // see secretKeyBindings
		}
		b, err := want.Bindings[name].toAPI(name)
		if err != nil {
			return nil, fmt.Errorf("bindings.%s: %w", name, err)
		}
		list = append(list, b)
	}
	return list, nil
}

// fromAPI is the inverse of versionBindings, for the Worker script. Secrets are
// left out, files of the bundle, and what cannot be read; keys have no material.
func fromAPI(list []cfapi.Binding, script string) (variables map[string]any, bindings map[string]Binding) {
	variables, bindings = map[string]any{}, map[string]Binding{}
	for _, b := range list {
		switch b.Type {
		case typePlainText:
			variables[b.Name] = b.Text
		case typeJSON:
			var value any
			if json.Unmarshal(b.JSON, &value) == nil {
				variables[b.Name] = value
			}
		case typeSecretText:
		default:
			if isGlobal(b) {
				continue
			}
			if binding, err := bindingFromAPI(b, script); err == nil {
				bindings[b.Name] = binding
			}
		}
	}
	return variables, bindings
}

// A bundleNote is what a version says of the bundle that it was made from. It
// ends the version's message, behind what the program says, so that people see it
// in Cloudflare's dashboard and an import finds the bundle again.
type bundleNote struct {
	BundleReference
	Size       int
	MainModule string // as the program named it; empty if it was inferred
	Classic    bool   // whether it is in service-worker syntax
	Assets     string // SHA-256 of the static assets; empty: there are none
}

// assetsOnly reports whether the version has no code.
func (n bundleNote) assetsOnly() bool { return n.SHA256 == "" && n.Assets != "" }

// format is the input that makes such a version.
func (n bundleNote) format() string {
	if n.Classic {
		return formatServiceWorker
	}
	return ""
}

const (
	noteScheme   = "r2"
	assetsScheme = "assets" // of a version without a bundle
	// maxMessage is how many bytes Cloudflare takes for a version's message.
	maxMessage = 1000
)

func (n bundleNote) String() string {
	if n.assetsOnly() {
		return assetsScheme + ":" + n.Assets
	}
	return (&url.URL{Scheme: noteScheme, Host: n.Bucket, Path: "/" + n.Key, RawQuery: n.query().Encode()}).String()
}

// short is the note without the key: a key may have 1024 bytes alone, and then the digest has to do.
func (n bundleNote) short() string {
	if n.assetsOnly() {
		return n.String()
	}
	return (&url.URL{Scheme: noteScheme, Host: n.Bucket, RawQuery: n.query().Encode()}).String()
}

// after returns the version's message: what the program says, and the note.
func (n bundleNote) after(message string) string {
	if message != "" {
		message += " "
	}
	if all := message + n.String(); len(all) <= maxMessage {
		return all
	}
	return message + n.short()
}

// splitMessage is the inverse of after; noted is false for any other message. A note has no spaces.
func splitMessage(text string) (message string, note bundleNote, noted bool) {
	end := strings.LastIndexByte(text, ' ')
	if note, noted = parseBundleNote(text[end+1:]); noted {
		return text[:max(end, 0)], note, true
	}
	return text, bundleNote{}, false
}

func (n bundleNote) query() url.Values {
	query := url.Values{"sha256": {n.SHA256}, "size": {strconv.Itoa(n.Size)}}
	if n.MainModule != "" {
		query.Set("main", n.MainModule)
	}
	if n.Classic {
		query.Set("format", formatServiceWorker)
	}
	if n.Assets != "" {
		query.Set("assets", n.Assets)
	}
	if n.Jurisdiction != "" {
		query.Set("jurisdiction", n.Jurisdiction)
	}
	return query
}

// parseBundleNote is the inverse of String; ok is false for any other message.
func parseBundleNote(message string) (n bundleNote, ok bool) {
	u, err := url.Parse(message)
	if err == nil && u.Scheme == assetsScheme && u.Opaque != "" {
		return bundleNote{Assets: u.Opaque}, true
	}
	if err != nil || u.Scheme != noteScheme {
		return bundleNote{}, false
	}
	query := u.Query()
	n.Bucket, n.Key = u.Host, strings.TrimPrefix(u.Path, "/")
	n.SHA256, n.Jurisdiction, n.MainModule = query.Get("sha256"), query.Get("jurisdiction"), query.Get("main")
	n.Assets, n.Classic = query.Get("assets"), query.Get("format") == formatServiceWorker
	n.Size, err = strconv.Atoi(query.Get("size"))
	return n, err == nil && n.SHA256 != ""
}
