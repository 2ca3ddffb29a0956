// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	_ "embed" // the function's documentation
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/wrangler"
)

var (
	_ infer.Annotated = (*FromWrangler)(nil)
	_ infer.Annotated = (*FromWranglerArgs)(nil)
)

// FromWrangler reads wrangler's configuration.
type FromWrangler struct{}

// FromWranglerArgs are the arguments of [FromWrangler].
type FromWranglerArgs struct {
	Path             string            `pulumi:"path"`
	Environment      string            `pulumi:"environment,optional"`
	Overrides        map[string]any    `pulumi:"overrides,optional"`
	Resources        map[string]string `pulumi:"resources,optional"`
	WithoutResources bool              `pulumi:"withoutResources,optional"`
}

// FromWranglerResult has the inputs of a [CloudflareWorker].
type FromWranglerResult struct{ CloudflareWorkerArgs }

//go:embed doc/from_wrangler.md
var fromWranglerDoc string

// Annotate describes the function.
func (f *FromWrangler) Annotate(a infer.Annotator) {
	a.Describe(&f, strings.TrimSpace(fromWranglerDoc))
}

// Annotate describes the arguments.
func (f *FromWranglerArgs) Annotate(a infer.Annotator) {
	a.Describe(&f.Path, "The configuration, relative to the program: a `wrangler.json`, `wrangler.jsonc` or "+
		"`wrangler.toml`, or the directory that it is in.")
	a.Describe(&f.Environment, "The environment whose Worker is meant. Default: none, the Worker at the top of the file.")
	a.Describe(&f.Overrides, overridesText)
	a.Describe(&f.Resources, "What bindings stand for that the file leaves to wrangler to make or find, by name: the id "+
		"of a KV namespace or D1 database, the name of an R2 bucket or queue. Default: none; each such binding is an error "+
		"that names it.")
	a.Describe(&f.WithoutResources, "Whether such a binding that `resources` does not name is returned without its id or "+
		"name, for the program to fill in, instead of refused. Default: false.")
}

// Invoke stands for the schema; [described] does the work.
func (*FromWrangler) Invoke(
	context.Context, infer.FunctionRequest[FromWranglerArgs],
) (infer.FunctionResponse[FromWranglerResult], error) {
	return infer.FunctionResponse[FromWranglerResult]{}, infer.ProviderErrorf("fromWrangler reads no file")
}

func fromWrangler() infer.InferredFunction {
	return described{
		InferredFunction: infer.Function(&FromWrangler{}),
		arguments: map[string]func(property.Value) bool{
			"path": isText, "environment": isText, "overrides": isMap, "resources": isTexts, "withoutResources": isFlag,
		},
		read: readWrangler,
	}
}

func readWrangler(ctx context.Context, args property.Map) (property.Map, error) {
	file, err := wrangler.Read(args.Get("path").AsString())
	if err != nil {
		return property.Map{}, err
	}
	without := args.Get("withoutResources")
	inputs, warnings, err := file.Inputs(wrangler.Options{
		Environment: textOf(args.Get("environment")), Resources: resourcesOf(args),
		WithoutResources: without.IsBool() && without.AsBool(),
	})
	if err != nil {
		return property.Map{}, err
	}
	for _, warning := range warnings {
		p.GetLogger(ctx).Warning(file.Path + ": " + warning)
	}
	value, err := toProperty(inputs)
	if err != nil {
		return property.Map{}, err
	}
	return value.AsMap(), nil
}
