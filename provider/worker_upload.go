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

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// The binding types of Cloudflare's API that variables, secrets and bindings become.
const (
	typePlainText   = "plain_text"
	typeJSON        = "json"
	typeSecretText  = "secret_text"
	typeSecretKey   = "secret_key"
	typeKVNamespace = "kv_namespace"
	typeR2Bucket    = "r2_bucket"
	typeService     = "service"
	typeInherit     = "inherit"
)

// upload builds what Cloudflare needs to make the wanted version, and says how
// many bytes the bundle has. The bundle is verified against its digest.
func (d deployer) upload(ctx context.Context, seen CloudflareWorkerState) (cfapi.Upload, int, error) {
	store := bundleStore{api: d.api, cache: d.cache, account: d.account}
	b, err := store.fetch(ctx, d.want.Bundle)
	if err != nil {
		return cfapi.Upload{}, 0, err
	}
	main, err := b.MainModule(d.want.MainModule)
	if err != nil {
		return cfapi.Upload{}, 0, fmt.Errorf("bundle %s: %w: set mainModule", d.want.Bundle, err)
	}
	secrets, keep, err := d.secrets(ctx, seen)
	if err != nil {
		return cfapi.Upload{}, 0, err
	}
	bindings, err := versionBindings(d.want)
	if err != nil {
		return cfapi.Upload{}, 0, err
	}
	size := int(b.Size())
	return cfapi.Upload{
		MainModule:         main,
		Modules:            modules(b),
		CompatibilityDate:  d.want.CompatibilityDate,
		CompatibilityFlags: d.want.CompatibilityFlags,
		Bindings:           append(bindings, secrets...),
		KeepBindings:       keep,
		Message:            bundleNote{BundleReference: d.want.Bundle, Size: size, MainModule: d.want.MainModule}.String(),
	}, size, nil
}

func modules(b bundle.Bundle) []cfapi.Module {
	var list []cfapi.Module
	for _, name := range b.Modules() {
		list = append(list, cfapi.Module{Name: name, ContentType: string(b.ModuleType(name)), Content: b.Files[name]})
	}
	return list
}

// secrets returns the bindings for the wanted secrets. A value that the seen
// version already holds is inherited from it and not sent again. keep lists the
// binding types of which Cloudflare is to keep what is not mentioned: secrets
// that others set stay. That cannot be asked for while one of ours is removed;
// then the others are inherited by name, for which the version is read.
func (d deployer) secrets(
	ctx context.Context, seen CloudflareWorkerState,
) (list []cfapi.Binding, keep []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(d.want.Secrets)) {
		value := d.want.Secrets[name]
		if old, held := seen.Secrets[name]; held && old == value && seen.VersionID != "" {
			list = append(list, cfapi.Binding{Name: name, Type: typeInherit, VersionID: seen.VersionID})
			continue
		}
		list = append(list, cfapi.Binding{Name: name, Type: typeSecretText, Text: value})
	}
	removes := slices.ContainsFunc(slices.Collect(maps.Keys(seen.Secrets)), func(name string) bool {
		_, wanted := d.want.Secrets[name]
		return !wanted
	})
	if !removes {
		return list, []string{typeSecretText, typeSecretKey}, nil
	}
	version, err := d.api.Version(ctx, d.account, d.script, seen.VersionID)
	if err != nil {
		return nil, nil, err
	}
	for _, b := range version.Bindings {
		_, ours := seen.Secrets[b.Name]
		_, wanted := d.want.Secrets[b.Name]
		if isSecret(b) && !ours && !wanted {
			list = append(list, cfapi.Binding{Name: b.Name, Type: typeInherit, VersionID: seen.VersionID})
		}
	}
	return list, nil, nil
}

func isSecret(b cfapi.Binding) bool { return b.Type == typeSecretText || b.Type == typeSecretKey }

// versionBindings turns variables and bindings into Cloudflare's form, sorted by name.
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
		list = append(list, want.Bindings[name].toAPI(name))
	}
	return list, nil
}

// toAPI returns b in Cloudflare's form. Check has seen to it that one member is set.
func (b Binding) toAPI(name string) cfapi.Binding {
	switch {
	case b.KvNamespace != nil:
		return cfapi.Binding{Name: name, Type: typeKVNamespace, NamespaceID: b.KvNamespace.ID}
	case b.R2Bucket != nil:
		return cfapi.Binding{
			Name: name, Type: typeR2Bucket, BucketName: b.R2Bucket.Name, Jurisdiction: b.R2Bucket.Jurisdiction,
		}
	case b.Service != nil:
		return cfapi.Binding{Name: name, Type: typeService, Service: b.Service.Name, Entrypoint: b.Service.Entrypoint}
	}
	return cfapi.Binding{Name: name}
}

// fromAPI is the inverse of versionBindings. Secrets and what this provider
// has no member for are left out; their names are returned by type.
func fromAPI(list []cfapi.Binding) (variables map[string]any, bindings map[string]Binding, other map[string]string) {
	variables, bindings, other = map[string]any{}, map[string]Binding{}, map[string]string{}
	for _, b := range list {
		switch b.Type {
		case typePlainText:
			variables[b.Name] = b.Text
		case typeJSON:
			var value any
			if json.Unmarshal(b.JSON, &value) == nil {
				variables[b.Name] = value
			}
		case typeKVNamespace:
			bindings[b.Name] = Binding{KvNamespace: &KvNamespaceBinding{ID: b.NamespaceID}}
		case typeR2Bucket:
			bindings[b.Name] = Binding{R2Bucket: &R2BucketBinding{Name: b.BucketName, Jurisdiction: b.Jurisdiction}}
		case typeService:
			bindings[b.Name] = Binding{Service: &ServiceBinding{Name: b.Service, Entrypoint: b.Entrypoint}}
		default:
			other[b.Name] = b.Type
		}
	}
	return variables, bindings, other
}

// A bundleNote is what a version says of the bundle that it was made from. It
// is the version's message, so that people see it in Cloudflare's dashboard and
// an import finds the bundle again.
type bundleNote struct {
	BundleReference
	Size       int
	MainModule string // as the program named it; empty if it was inferred
}

const (
	noteScheme = "r2"
	// maxMessage is how many bytes Cloudflare takes for a version's message.
	maxMessage = 1000
)

func (n bundleNote) String() string {
	query := url.Values{"sha256": {n.SHA256}, "size": {strconv.Itoa(n.Size)}}
	if n.MainModule != "" {
		query.Set("main", n.MainModule)
	}
	if n.Jurisdiction != "" {
		query.Set("jurisdiction", n.Jurisdiction)
	}
	note := (&url.URL{Scheme: noteScheme, Host: n.Bucket, Path: "/" + n.Key, RawQuery: query.Encode()}).String()
	if len(note) > maxMessage { // a key may have 1024 bytes alone: then the digest has to do
		note = (&url.URL{Scheme: noteScheme, Host: n.Bucket, RawQuery: query.Encode()}).String()
	}
	return note
}

// parseBundleNote is the inverse of String; ok is false for any other message.
func parseBundleNote(message string) (n bundleNote, ok bool) {
	u, err := url.Parse(message)
	if err != nil || u.Scheme != noteScheme {
		return bundleNote{}, false
	}
	query := u.Query()
	n.Bucket, n.Key = u.Host, strings.TrimPrefix(u.Path, "/")
	n.SHA256, n.Jurisdiction, n.MainModule = query.Get("sha256"), query.Get("jurisdiction"), query.Get("main")
	n.Size, err = strconv.Atoi(query.Get("size"))
	return n, err == nil && n.SHA256 != ""
}
