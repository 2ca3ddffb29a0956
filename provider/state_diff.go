// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const (
	workerToken    = tokens.Type(Name + ":index:CloudflareWorker")
	bundleToken    = tokens.Type(Name + ":index:WorkerBundle")
	namespaceToken = tokens.Type(Name + ":index:KvNamespace")
	bucketToken    = tokens.Type(Name + ":index:R2Bucket")
	secretToken    = tokens.Type(Name + ":index:SecretsStoreSecret")
	databaseToken  = tokens.Type(Name + ":index:D1Database")
	queueToken     = tokens.Type(Name + ":index:Queue")
)

// withStateDiff adds to the framework's comparison of inputs what only the
// state can tell. It never compares inputs in the framework's place.
func withStateDiff(prov p.Provider) p.Provider {
	diff, update := prov.Diff, withPromises(prov.Update)
	prov.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		ignored := slices.Contains(req.IgnoreChanges, "traffic")
		req.IgnoreChanges = withoutTraffic(req.IgnoreChanges)
		return update(context.WithValue(ctx, ignoresTrafficKey{}, ignored), req)
	}
	prov.Diff = func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		known := req
		known.IgnoreChanges = withoutTraffic(req.IgnoreChanges)
		resp, err := diff(ctx, known)
		if err != nil {
			return resp, err
		}
		switch req.Urn.Type() { //nolint:exhaustive // tokens are not an enumeration
		case workerToken:
			resp = workerDiff(req, resp)
			if err := replaceable(req, resp); err != nil {
				return resp, err
			}
			return resp, checkReplacement(ctx, req, resp)
		case bundleToken:
			return bundleDiff(req, resp), nil
		case namespaceToken:
			warnOfLostData(ctx, req, resp)
			return without(resp, "entriesFile"), nil // its entries are compared themselves
		case queueToken:
			warnOfLostData(ctx, req, resp)
		case databaseToken:
			warnOfLostData(ctx, req, resp)
			return d1DatabaseDiff(req, resp)
		case bucketToken:
			// One of the name can be made only after the other has gone.
			// So can one at the same address.
			resp.DeleteBeforeReplace = same(req, "name") && same(req, "accountId") && same(req, "jurisdiction") ||
				sharesKey(req.OldInputs, req.Inputs, "publicAccess", "customDomains")
		case secretToken:
			resp.DeleteBeforeReplace = same(req, "name") && same(req, "accountId") && same(req, "storeId")
		}
		return resp, nil
	}
	return prov
}

type ignoresTrafficKey struct{}

// withoutTraffic leaves out of ignoreChanges what is no input: infer would make it one.
func withoutTraffic(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return path == "traffic" })
}

// ignoresTraffic reports whether ignoreChanges leaves a Worker's traffic to others.
func ignoresTraffic(ctx context.Context) bool {
	ignored, _ := ctx.Value(ignoresTrafficKey{}).(bool) // false if it is not there
	return ignored
}

// bundleDiff leaves out where a bundle came from: only its content is stored,
// and a pipeline may build it in another place each time. Of a single file the
// name is part of the key, and so of the identity.
//
// A state without files is that of an upload that broke off.
func bundleDiff(req p.DiffRequest, resp p.DiffResponse) p.DiffResponse {
	if files := req.State.Get("files"); files.IsNumber() && files.AsNumber() == 0 {
		return differs(resp, "files")
	}
	ref, local := req.State.Get("reference"), req.Inputs.Get("path")
	if !ref.IsMap() || local.IsComputed() || req.Inputs.Get("archive").IsComputed() {
		return resp
	}
	key := ref.AsMap().Get("key")
	if !key.IsString() {
		return resp
	}
	_, moved := resp.DetailedDiff["path"]
	if moved && local.IsString() && !strings.HasSuffix(key.AsString(), "/") &&
		path.Base(key.AsString()) != filepath.Base(local.AsString()) {
		resp.DetailedDiff["path"] = p.PropertyDiff{Kind: p.UpdateReplace, InputDiff: true}
		return resp
	}
	return without(resp, "path", "archive")
}

// without leaves out differences that make none.
func without(resp p.DiffResponse, paths ...string) p.DiffResponse {
	for _, path := range paths {
		if _, told := resp.DetailedDiff[path]; told {
			delete(resp.DetailedDiff, path)
			resp.HasChanges = len(resp.DetailedDiff) > 0
		}
	}
	return resp
}

// differs adds an output to the differences.
func differs(resp p.DiffResponse, output string) p.DiffResponse {
	if resp.DetailedDiff == nil {
		resp.DetailedDiff = map[string]p.PropertyDiff{}
	}
	resp.HasChanges = true
	resp.DetailedDiff[output] = p.PropertyDiff{Kind: p.Update}
	return resp
}

func workerDiff(req p.DiffRequest, resp p.DiffResponse) p.DiffResponse {
	// Others deployed another split, or a deployment broke off: deploying again repairs it.
	if same(req, "rollout") && !deployedAsWanted(req.State, req.Inputs) && !slices.Contains(req.IgnoreChanges, "traffic") {
		resp = differs(resp, "traffic")
	}
	// Secrets that others set are to be removed, or to stop the deployment.
	if refusesUnmanaged(req) {
		resp = differs(resp, "unmanagedSecretNames")
	}
	resp = withoutZoneNames(req, resp)
	resp = workflowDiff(req, resp)
	// A key that changes with the digest that it contains says nothing that the digest does not.
	if _, changed := resp.DetailedDiff["bundle.sha256"]; changed && sameButDigest(req.OldInputs, req.Inputs) {
		delete(resp.DetailedDiff, "bundle.key")
	}
	// The name of a Worker is unique: the old one must go before a new one of that name can come.
	// So are a route's pattern and a custom domain, and what else is one Worker's alone.
	if same(req, "scriptName") && same(req, "accountId") || sharesAddress(req.OldInputs, req.Inputs) ||
		sharesEvents(req.OldInputs, req.Inputs) {
		resp.DeleteBeforeReplace = true
	}
	return resp
}

// replaceable refuses to replace a Worker by one that cannot have the secrets that
// others have to set: its creation would be refused when the old one has gone.
func replaceable(req p.DiffRequest, resp p.DiffResponse) error {
	if !replaces(resp) {
		return nil
	}
	var missing []string
	for _, name := range textsOf(req.Inputs.Get("requiredSecrets")) {
		if !setsSecret(req.Inputs, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	script := ""
	if name := req.Inputs.Get("scriptName"); name.IsString() {
		script = name.AsString()
	}
	return explain(&missingSecretsError{script: script, names: missing})
}

// refusesUnmanaged reports whether there are secrets that the program does not tolerate.
func refusesUnmanaged(req p.DiffRequest) bool {
	policy := req.Inputs.Get("unmanagedSecrets")
	if !policy.IsString() || policy.AsString() == string(KeepUnmanaged) {
		return false
	}
	required := textsOf(req.Inputs.Get("requiredSecrets"))
	return slices.ContainsFunc(textsOf(req.State.Get("unmanagedSecretNames")), func(name string) bool {
		return !setsSecret(req.Inputs, name) && !slices.Contains(required, name)
	})
}

// setsSecret reports whether the program itself sets the secret.
func setsSecret(inputs property.Map, name string) bool {
	return !valueAt(inputs, []string{"secrets", name}).IsNull() ||
		!valueAt(inputs, []string{"bindings", name, "secretKey"}).IsNull()
}

// textsOf returns the texts in a list, none if it is no list or not known yet.
func textsOf(list property.Value) (texts []string) {
	if !list.IsArray() {
		return nil
	}
	for _, value := range list.AsArray().All {
		if value.IsString() {
			texts = append(texts, value.AsString())
		}
	}
	return texts
}

// sharesAddress reports whether some route or custom domain is in both.
func sharesAddress(olds, news property.Map) bool {
	return sharesKey(olds, news, "routes") || sharesKey(olds, news, "customDomains")
}

// sharesKey reports whether the maps at path have a key in common.
func sharesKey(olds, news property.Map, path ...string) bool {
	was, is := valueAt(olds, path), valueAt(news, path)
	if !was.IsMap() || !is.IsMap() {
		return false
	}
	for key := range is.AsMap().All {
		if _, there := was.AsMap().GetOk(key); there {
			return true
		}
	}
	return false
}

func same(req p.DiffRequest, property string) bool {
	return req.OldInputs.Get(property).Equals(req.Inputs.Get(property))
}

// deployedAsWanted reports whether the versions have the shares that the program asks for.
func deployedAsWanted(state, inputs property.Map) bool {
	version, traffic := state.Get("versionId"), state.Get("traffic")
	if !version.IsString() || !traffic.IsMap() {
		return true // a state that says nothing of it
	}
	was := CloudflareWorkerState{VersionID: version.AsString(), Traffic: map[string]float64{}}
	if previous := state.Get("previousVersionId"); previous.IsString() {
		was.PreviousVersion = previous.AsString()
	}
	for id, share := range traffic.AsMap().All {
		if share.IsNumber() {
			was.Traffic[id] = share.AsNumber()
		}
	}
	var want CloudflareWorkerArgs
	if rollout := inputs.Get("rollout"); rollout.IsMap() {
		share := rollout.AsMap().Get("percentage")
		if !share.IsNumber() {
			return true // not known yet, which is a difference by itself
		}
		want.Rollout = &Rollout{Percentage: share.AsNumber()}
	}
	return maps.Equal(was.Traffic, split(was, want))
}

// sameButDigest reports whether the bundles' keys differ only in the digests that are part of them.
func sameButDigest(olds, news property.Map) bool {
	text := func(m property.Map, member string) string {
		if b := m.Get("bundle"); b.IsMap() && b.AsMap().Get(member).IsString() {
			return b.AsMap().Get(member).AsString()
		}
		return ""
	}
	was, is := text(olds, "sha256"), text(news, "sha256")
	return was != "" && is != "" && strings.ReplaceAll(text(olds, "key"), was, is) == text(news, "key")
}
