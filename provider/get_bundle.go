// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	_ "embed" // the function's documentation
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

var (
	_ infer.Annotated = (*GetBundle)(nil)
	_ infer.Annotated = (*GetBundleArgs)(nil)
	_ infer.Annotated = (*GetBundleResult)(nil)
	_ infer.Annotated = (*BundleModule)(nil)
)

// GetBundle looks at a bundle in R2.
type GetBundle struct{}

// GetBundleArgs are the arguments of [GetBundle].
type GetBundleArgs struct {
	AccountID string `pulumi:"accountId,optional"`
	BundleReference
}

// GetBundleResult is what a reference points at.
type GetBundleResult struct {
	Reference  BundleReference         `pulumi:"reference"`
	SHA256     string                  `pulumi:"sha256"`
	Size       int                     `pulumi:"size"`
	MainModule string                  `pulumi:"mainModule"`
	Modules    map[string]BundleModule `pulumi:"modules"`
}

// BundleModule is a file of a bundle.
type BundleModule struct {
	Type   string `pulumi:"type"`
	Size   int    `pulumi:"size"`
	SHA256 string `pulumi:"sha256"`
}

//go:embed doc/get_bundle.md
var getBundleDoc string

// Annotate describes the function.
func (g *GetBundle) Annotate(a infer.Annotator) { a.Describe(&g, strings.TrimSpace(getBundleDoc)) }

// Annotate describes the arguments.
func (g *GetBundleArgs) Annotate(a infer.Annotator) {
	a.Describe(&g.AccountID, "The Cloudflare account (32 hex digits). Default: the provider's `accountId`.")
	g.annotateMembers(a)
}

// Annotate describes the result.
func (g *GetBundleResult) Annotate(a infer.Annotator) {
	a.Describe(&g.Reference, "The same reference, pinned to the content of this moment: a `CloudflareWorker` that gets "+
		"it as its `bundle` deploys exactly what was looked at.")
	a.Describe(&g.SHA256, "SHA-256 of the content in hex, as `CloudflareWorker` computes it.")
	a.Describe(&g.Size, "Size of all files together in bytes.")
	a.Describe(&g.MainModule, "Name of the module that is the entry point unless a Worker's `mainModule` says another. "+
		"Empty if several could be.")
	a.Describe(&g.Modules, "The files, by their names relative to the bundle.")
}

// Annotate describes the module.
func (m *BundleModule) Annotate(a infer.Annotator) {
	a.Describe(&m, "A file of a bundle.")
	a.Describe(&m.Type, "The content type with which it is uploaded, such as `application/javascript+module`.")
	a.Describe(&m.Size, "Size of the file in bytes.")
	a.Describe(&m.SHA256, "SHA-256 of the file in hex.")
}

// Invoke downloads the bundle, unless the machine has it, and verifies it.
func (*GetBundle) Invoke(
	ctx context.Context, req infer.FunctionRequest[GetBundleArgs],
) (infer.FunctionResponse[GetBundleResult], error) {
	var resp infer.FunctionResponse[GetBundleResult]
	worker := CloudflareWorkerArgs{AccountID: req.Input.AccountID, Bundle: &req.Input.BundleReference}
	failures := checkAccount(ctx, &worker.AccountID, property.Map{})
	if len(failures) == 0 {
		var err error
		if failures, err = resolveBundle(ctx, &worker, property.Map{}); err != nil {
			return resp, explain(err)
		}
	}
	if len(failures) > 0 {
		return resp, fmt.Errorf("%s: %s", strings.TrimPrefix(failures[0].Property, "bundle."), failures[0].Reason)
	}
	reference := worker.bundle()
	b, err := bundleStore{api: api(ctx), cache: cache(ctx), account: worker.AccountID}.fetch(ctx, reference)
	if err != nil {
		return resp, explain(err)
	}
	main, _ := b.MainModule("") // the Worker says it if the bundle does not
	resp.Output = GetBundleResult{
		Reference: reference, SHA256: reference.SHA256, Size: int(b.Size()), MainModule: main,
		Modules: map[string]BundleModule{},
	}
	for _, name := range b.Modules() {
		content := b.Files[name]
		resp.Output.Modules[name] = BundleModule{
			Type: string(bundle.TypeIn(main, name)), Size: len(content), SHA256: digest.OfBytes(content).String(),
		}
	}
	return resp, nil
}
