// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	_ "embed" // the function's documentation
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/manifest"
)

var (
	_ infer.Annotated = (*FromManifest)(nil)
	_ infer.Annotated = (*FromManifestArgs)(nil)
)

// FromManifest reads a manifest of the kind CloudflareWorker.
type FromManifest struct{}

// FromManifestArgs are the arguments of [FromManifest].
type FromManifestArgs struct {
	Path      string            `pulumi:"path"`
	Overrides map[string]any    `pulumi:"overrides,optional"`
	Resources map[string]string `pulumi:"resources,optional"`
}

// FromManifestResult has the inputs of a [CloudflareWorker].
type FromManifestResult struct{ CloudflareWorkerArgs }

//go:embed doc/from_manifest.md
var fromManifestDoc string

// Annotate describes the function.
func (f *FromManifest) Annotate(a infer.Annotator) {
	a.Describe(&f, strings.TrimSpace(fromManifestDoc))
}

// Annotate describes the arguments.
func (f *FromManifestArgs) Annotate(a infer.Annotator) {
	a.Describe(&f.Path, "The manifest, relative to the program: a YAML file.")
	a.Describe(&f.Overrides, overridesText)
	a.Describe(&f.Resources, "Ids of the KV namespaces that `kv_bindings` refer to, by the names of the bindings. "+
		"Default: none; each reference is an error that names it.")
}

// Invoke stands for the schema; [described] does the work.
func (*FromManifest) Invoke(
	context.Context, infer.FunctionRequest[FromManifestArgs],
) (infer.FunctionResponse[FromManifestResult], error) {
	return infer.FunctionResponse[FromManifestResult]{}, infer.ProviderErrorf("fromManifest reads no file")
}

func fromManifest() infer.InferredFunction {
	return described{
		InferredFunction: infer.Function(&FromManifest{}),
		arguments: map[string]func(property.Value) bool{
			"path": isText, "overrides": isMap, "resources": isTexts,
		},
		read: readManifest,
	}
}

func readManifest(_ context.Context, args property.Map) (property.Map, error) {
	options := manifest.Options{Resources: resourcesOf(args)}
	if overrides := args.Get("overrides"); overrides.IsMap() && overrides.AsMap().Get("variables").IsMap() {
		for name := range overrides.AsMap().Get("variables").AsMap().All {
			options.Variables = append(options.Variables, name)
		}
	}
	inputs, err := manifest.Read(args.Get("path").AsString(), options)
	if err != nil {
		return property.Map{}, err
	}
	value, err := toProperty(inputs)
	if err != nil {
		return property.Map{}, err
	}
	all := value.AsMap()
	if secrets, ok := all.GetOk("secrets"); ok { // a manifest may hold values
		all = all.Set("secrets", secrets.WithSecret(true))
	}
	return all, nil
}
