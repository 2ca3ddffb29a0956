// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"maps"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/middleware/schema"
	pschema "github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	comprovider "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/component"
)

// workerApp is the component WorkerApp. infer makes the schema of its own inputs and outputs; those of the Worker that
// it passes on, and their types, come from the Worker's schema, so that it has each one that the Worker has.
type workerApp struct{ infer.InferredComponent }

func newWorkerApp() infer.InferredComponent {
	return workerApp{infer.Component(&component.WorkerApp{})}
}

// absentInApp says what takes the place of inputs that a CloudflareWorker must have.
var absentInApp = map[string]string{
	"bundle":            "none, and `path`, `archive` or `promoteFrom` is given.",
	"compatibilityDate": "what the file of `fromWrangler` says.",
}

// GetSchema adds the inputs of a CloudflareWorker, none of which is required: wrangler's file may say them.
func (w workerApp) GetSchema(reg schema.RegisterDerivativeType) (pschema.ResourceSpec, error) {
	app, err := w.InferredComponent.GetSchema(reg)
	if err != nil {
		return app, err
	}
	worker, err := infer.Resource(&CloudflareWorker{}).GetSchema(reg)
	if err != nil {
		return app, err
	}
	inputs := maps.Clone(worker.InputProperties)
	stored, err := infer.Resource(&WorkerBundle{}).GetSchema(reg)
	if err != nil {
		return app, err
	}
	reference, build := inputs["bundle"].TypeSpec, stored.InputProperties["build"].TypeSpec
	maps.Copy(inputs, app.InputProperties)
	for name, property := range inputs { // a component is not replaced, its Worker is
		property.ReplaceOnChanges = false
		switch name {
		case "promoteFrom":
			property.TypeSpec = reference
		case "build":
			property.TypeSpec = build
		}
		if absent := absentInApp[name]; absent != "" && !strings.Contains(property.Description, "Default:") {
			property.Description += " Default: " + absent
		}
		inputs[name] = property
	}
	app.InputProperties = inputs
	bundle := app.Properties["bundle"]
	bundle.TypeSpec = reference
	app.Properties["bundle"] = bundle
	return app, nil
}

// Construct makes the component out of all its inputs.
func (workerApp) Construct(ctx context.Context, req p.ConstructRequest) (p.ConstructResponse, error) {
	version := p.GetRunInfo(ctx).Version
	return p.ProgramConstruct(ctx, req, func(
		program *pulumi.Context, typ, name string, _ comprovider.ConstructInputs, opts pulumi.ResourceOption,
	) (*comprovider.ConstructResult, error) {
		return component.New(program, typ, name, version, req.Inputs, opts)
	})
}
