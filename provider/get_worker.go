// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	_ "embed" // the function's documentation
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

var (
	_ infer.Annotated = (*GetWorker)(nil)
	_ infer.Annotated = (*GetWorkerArgs)(nil)
	_ infer.Annotated = (*GetWorkerResult)(nil)
)

// GetWorker looks at a Worker that something else manages.
type GetWorker struct{}

// GetWorkerArgs are the arguments of [GetWorker].
type GetWorkerArgs struct {
	AccountID  string `pulumi:"accountId,optional"`
	ScriptName string `pulumi:"scriptName"`
}

// GetWorkerResult is what Cloudflare says of a Worker.
type GetWorkerResult struct {
	AccountID          string             `pulumi:"accountId"`
	ScriptName         string             `pulumi:"scriptName"`
	VersionID          string             `pulumi:"versionId"`
	DeploymentID       string             `pulumi:"deploymentId"`
	Traffic            map[string]float64 `pulumi:"traffic"`
	ETag               string             `pulumi:"etag"`
	BundleDigest       string             `pulumi:"bundleDigest"`
	CompatibilityDate  string             `pulumi:"compatibilityDate"`
	CompatibilityFlags []string           `pulumi:"compatibilityFlags"`
	Variables          map[string]any     `pulumi:"variables"`
	Bindings           map[string]Binding `pulumi:"bindings"`
	SecretNames        []string           `pulumi:"secretNames"`
	Schedules          []string           `pulumi:"schedules"`
	URLs               []string           `pulumi:"urls"`
}

//go:embed doc/get_worker.md
var getWorkerDoc string

// Annotate describes the function.
func (g *GetWorker) Annotate(a infer.Annotator) { a.Describe(&g, strings.TrimSpace(getWorkerDoc)) }

// Annotate describes the arguments.
func (g *GetWorkerArgs) Annotate(a infer.Annotator) {
	a.Describe(&g.AccountID, "The Cloudflare account (32 hex digits). Default: the provider's `accountId`.")
	a.Describe(&g.ScriptName, "The Worker's name.")
}

// Annotate describes the result.
func (g *GetWorkerResult) Annotate(a infer.Annotator) {
	a.Describe(&g.AccountID, "The account that the Worker is in.")
	a.Describe(&g.ScriptName, "The Worker's name, for the binding `service` and the like.")
	a.Describe(&g.VersionID, "Id of the version that serves; of several, of the one with the most traffic.")
	a.Describe(&g.DeploymentID, "Id of the deployment that gives the versions their traffic. Empty if nothing is "+
		"deployed.")
	a.Describe(&g.Traffic, "Percent of the requests by version id.")
	a.Describe(&g.ETag, "Cloudflare's tag of the deployed code.")
	a.Describe(&g.BundleDigest, "SHA-256 of the bundle, if it was deployed with this provider; else who deployed, and "+
		"when. Empty if there are only assets.")
	a.Describe(&g.CompatibilityDate, "The date that says which runtime behaviour the Worker was written for.")
	a.Describe(&g.CompatibilityFlags, "Runtime behaviours that are on or off beside those of the date.")
	a.Describe(&g.Variables, "Plain values in the Worker's `env`, by name.")
	a.Describe(&g.Bindings, "What else the Worker finds in its `env`, by name.")
	a.Describe(&g.SecretNames, "Names of the Worker's secrets, sorted. Nobody can read their values.")
	a.Describe(&g.Schedules, "Cron expressions, in UTC, at which the Worker is called.")
	a.Describe(&g.URLs, "Addresses at which the Worker answers: workers.dev first, then routes and custom domains.")
}

// Invoke reads the Worker as an import would.
func (*GetWorker) Invoke(
	ctx context.Context, req infer.FunctionRequest[GetWorkerArgs],
) (infer.FunctionResponse[GetWorkerResult], error) {
	var resp infer.FunctionResponse[GetWorkerResult]
	args := req.Input
	if failures := checkAccount(ctx, &args.AccountID, property.Map{}); len(failures) > 0 {
		return resp, fmt.Errorf("%s: %s", failures[0].Property, failures[0].Reason)
	}
	if !scriptName.MatchString(args.ScriptName) {
		return resp, fmt.Errorf("scriptName: %q is not a Worker's name", args.ScriptName)
	}
	r := reader{api: api(ctx), account: args.AccountID, script: args.ScriptName}
	is, found, err := r.worker(ctx, CloudflareWorkerState{}, true)
	switch {
	case err != nil:
		return resp, explain(err)
	case !found:
		return resp, explain(fmt.Errorf("there is no Worker %q in the account %s", args.ScriptName, args.AccountID))
	}
	resp.Output = GetWorkerResult{
		AccountID: args.AccountID, ScriptName: args.ScriptName, VersionID: is.VersionID, DeploymentID: is.DeploymentID,
		Traffic: is.Traffic, ETag: is.ETag, BundleDigest: is.BundleDigest, CompatibilityDate: is.CompatibilityDate,
		CompatibilityFlags: is.CompatibilityFlags, Variables: is.Variables, Bindings: is.Bindings,
		SecretNames: is.UnmanagedNames, Schedules: is.Schedules, URLs: is.URLs,
	}
	return resp, nil
}
