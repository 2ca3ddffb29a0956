// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// filledIn are the inputs that Check fills in where the program leaves them
// out, by resource.
var filledIn = map[tokens.Type][]string{
	workerToken:    {"accountId", "scriptName"},
	namespaceToken: {"accountId", "title"},
	bucketToken:    {"accountId", "name"},
	databaseToken:  {"accountId", "name"},
	queueToken:     {"accountId", "name"},
	bundleToken:    {"accountId", "prefix", "sha256"},
	secretToken:    {"accountId", "name", "scopes"},
}

// requiredMembers are the members of types that a program must set although infer takes them for optional: of no type
// in particular, they would else be missing while they are not known yet.
var requiredMembers = map[tokens.Type][]string{
	Name + ":index:SecretKeyBinding": {"algorithm"},
}

// secretMembers are the members of types that are write-only.
var secretMembers = map[tokens.Type][]string{
	Name + ":index:SecretKeyBinding": {"keyBase64", "keyJwk"},
}

// enums describes the types of which infer takes only the values' descriptions.
var enums = map[tokens.Type]string{
	Name + ":index:UnmanagedSecrets": "What becomes of secrets that others set in a Worker.",
	Name + ":index:PlacementMode":    "Who decides where a Worker runs.",
}

// withFilledIn tells the SDKs that what Check fills in is always there as an
// output, so that the name of one resource can be the input of another without
// a word about its absence. infer takes an optional input for an optional output.
func withFilledIn(prov p.Provider) p.Provider {
	get := prov.GetSchema
	prov.GetSchema = func(ctx context.Context, req p.GetSchemaRequest) (p.GetSchemaResponse, error) {
		describing.Add(1)
		resp, err := get(ctx, req)
		describing.Add(-1)
		if err != nil {
			return resp, err
		}
		var spec schema.PackageSpec
		if err := json.Unmarshal([]byte(resp.Schema), &spec); err != nil {
			return resp, fmt.Errorf("complete the schema: %w", err)
		}
		for token, names := range filledIn {
			r := spec.Resources[string(token)]
			r.Required = append(r.Required, names...)
			slices.Sort(r.Required)
			spec.Resources[string(token)] = r
		}
		for token, names := range requiredMembers {
			t := spec.Types[string(token)]
			t.Required = append(t.Required, names...)
			slices.Sort(t.Required)
			spec.Types[string(token)] = t
		}
		bundle := spec.Resources[string(bundleToken)]
		for _, properties := range []map[string]schema.PropertySpec{
			bundle.InputProperties, bundle.Properties, spec.Types[Name+":index:WorkerAssets"].Properties,
		} { // see archiveOf
			archive := properties["archive"]
			archive.Ref = "pulumi.json#/Archive"
			properties["archive"] = archive
		}
		for token, names := range secretMembers {
			for _, name := range names {
				member := spec.Types[string(token)].Properties[name]
				member.Secret = true
				spec.Types[string(token)].Properties[name] = member
			}
		}
		for token, description := range enums {
			t := spec.Types[string(token)]
			t.Description = description
			spec.Types[string(token)] = t
		}
		text, err := json.Marshal(spec)
		return p.GetSchemaResponse{Schema: string(text)}, err
	}
	return prov
}
