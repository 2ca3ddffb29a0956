// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

var (
	_ infer.Annotated                                                         = (*CloudflareWorker)(nil)
	_ infer.Annotated                                                         = (*CloudflareWorkerArgs)(nil)
	_ infer.Annotated                                                         = (*CloudflareWorkerState)(nil)
	_ infer.CustomCheck[CloudflareWorkerArgs]                                 = (*CloudflareWorker)(nil)
	_ infer.CustomResource[CloudflareWorkerArgs, CloudflareWorkerState]       = (*CloudflareWorker)(nil)
	_ infer.CustomUpdate[CloudflareWorkerArgs, CloudflareWorkerState]         = (*CloudflareWorker)(nil)
	_ infer.CustomRead[CloudflareWorkerArgs, CloudflareWorkerState]           = (*CloudflareWorker)(nil)
	_ infer.CustomDelete[CloudflareWorkerState]                               = (*CloudflareWorker)(nil)
	_ infer.ExplicitDependencies[CloudflareWorkerArgs, CloudflareWorkerState] = (*CloudflareWorker)(nil)
)

// CloudflareWorker is one Worker service.
type CloudflareWorker struct{}

// CloudflareWorkerArgs are the inputs of a [CloudflareWorker].
type CloudflareWorkerArgs struct {
	AccountID          string             `pulumi:"accountId,optional"          provider:"replaceOnChanges"`
	ScriptName         string             `pulumi:"scriptName,optional"         provider:"replaceOnChanges"`
	Bundle             *BundleReference   `pulumi:"bundle,optional"` // nil: there are only assets
	MainModule         string             `pulumi:"mainModule,optional"`
	Format             string             `pulumi:"format,optional"`
	CompatibilityDate  string             `pulumi:"compatibilityDate"`
	CompatibilityFlags []string           `pulumi:"compatibilityFlags,optional"`
	Variables          map[string]any     `pulumi:"variables,optional"`
	Secrets            map[string]string  `pulumi:"secrets,optional"            provider:"secret"`
	UnmanagedSecrets   *UnmanagedSecrets  `pulumi:"unmanagedSecrets,optional"`
	RequiredSecrets    []string           `pulumi:"requiredSecrets,optional"`
	Bindings           map[string]Binding `pulumi:"bindings,optional"`

	Placement              *Placement                       `pulumi:"placement,optional"`
	Limits                 *Limits                          `pulumi:"limits,optional"`
	CacheOptions           *CacheOptions                    `pulumi:"cacheOptions,optional"`
	Annotations            *Annotations                     `pulumi:"annotations,optional"`
	Observability          *Observability                   `pulumi:"observability,optional"`
	Logpush                bool                             `pulumi:"logpush,optional"`
	Tags                   []string                         `pulumi:"tags,optional"`
	TailConsumers          map[string]TailConsumer          `pulumi:"tailConsumers,optional"`
	StreamingTailConsumers map[string]StreamingTailConsumer `pulumi:"streamingTailConsumers,optional"`
	Schedules              []string                         `pulumi:"schedules,optional"`

	WorkersDev    *WorkersDev             `pulumi:"workersDev,optional"`
	Routes        map[string]Route        `pulumi:"routes,optional"`
	CustomDomains map[string]CustomDomain `pulumi:"customDomains,optional"`
	WaitForReady  *bool                   `pulumi:"waitForReady,optional"`
	Assets        *WorkerAssets           `pulumi:"assets,optional"`
	Adopt         bool                    `pulumi:"adopt,optional"`

	QueueConsumers map[string]QueueConsumer `pulumi:"queueConsumers,optional"`
	EmailRoutes    map[string]EmailRoute    `pulumi:"emailRoutes,optional"`
	EventTriggers  []EventTrigger           `pulumi:"eventTriggers,optional"`

	Migrations    []Migration             `pulumi:"migrations,optional"`
	Exports       map[string]WorkerExport `pulumi:"exports,optional"`
	AllowDataLoss []string                `pulumi:"allowDataLoss,optional"`

	Rollout *Rollout `pulumi:"rollout,optional"`

	UnmanagedVariables string              `pulumi:"unmanagedVariables,optional"`
	CodeUpdateStrategy *CodeUpdateStrategy `pulumi:"codeUpdateStrategy,optional"`

	RawMetadata map[string]any `pulumi:"rawMetadata,optional"`
}

// WorkersDev says whether a Worker is published on workers.dev.
type WorkersDev struct {
	Enabled         bool `pulumi:"enabled,optional"`
	PreviewsEnabled bool `pulumi:"previewsEnabled,optional"`
}

// Route says in which zone a route pattern lives.
type Route struct {
	ZoneID    string `pulumi:"zoneId,optional"`
	ZoneName  string `pulumi:"zoneName,optional"`
	DNSRecord bool   `pulumi:"dnsRecord,optional"`
	TakeOver  bool   `pulumi:"takeOver,optional"`
}

// UnmanagedSecrets says what becomes of secrets that others set in a Worker.
type UnmanagedSecrets string

// What can become of them.
const (
	KeepUnmanaged   UnmanagedSecrets = "keep"
	RemoveUnmanaged UnmanagedSecrets = "remove"
	RefuseUnmanaged UnmanagedSecrets = "error"
)

// policy is what becomes of secrets that others set: by default they are kept.
func (w CloudflareWorkerArgs) policy() UnmanagedSecrets {
	if w.UnmanagedSecrets == nil {
		return KeepUnmanaged
	}
	return *w.UnmanagedSecrets
}

// SecretStatus is what is known of a secret apart from its value.
type SecretStatus struct {
	SetAt     string `pulumi:"setAt"`
	VersionID string `pulumi:"versionId"`
	Alone     bool   `pulumi:"alone,optional"`
}

// CloudflareWorkerState is a [CloudflareWorker] as last seen. All of it, the
// inputs that it repeats included, records what is known to be so at
// Cloudflare and not what was asked for: that is how a deployment that broke
// off in the middle is resumed by the next one.
type CloudflareWorkerState struct {
	CloudflareWorkerArgs
	VersionID        string                  `pulumi:"versionId"`
	PreviousVersion  string                  `pulumi:"previousVersionId"`
	DeploymentID     string                  `pulumi:"deploymentId"`
	Traffic          map[string]float64      `pulumi:"traffic"`
	ETag             string                  `pulumi:"etag"`
	MigrationTag     string                  `pulumi:"migrationTag,optional"`
	BundleDigest     string                  `pulumi:"bundleDigest"`
	BundleSize       int                     `pulumi:"bundleSize"`
	AssetCount       int                     `pulumi:"assetCount"`
	AssetSize        int                     `pulumi:"assetSize"`
	URLs             []string                `pulumi:"urls"`
	RouteIDs         map[string]string       `pulumi:"routeIds"`
	DNSRecordIDs     map[string]string       `pulumi:"dnsRecordIds"`
	SecretStatus     map[string]SecretStatus `pulumi:"secretStatus"`
	SecretsVersionID string                  `pulumi:"secretsVersionId"`
	SecretEdits      int                     `pulumi:"secretEdits"`
	UnmanagedNames   []string                `pulumi:"unmanagedSecretNames"`

	QueueConsumerIDs map[string]QueueConsumerID `pulumi:"queueConsumerIds"`
	EmailRuleIDs     map[string]string          `pulumi:"emailRuleIds"`
	Workflows        map[string]string          `pulumi:"workflows"`

	UnmanagedVariableNames []string `pulumi:"unmanagedVariableNames"`

	promise          *promise // of a preview only
	variablesChanged bool     // see tellVariables
}

// WireDependencies keeps outputs known in the previews of changes that cannot touch them.
func (*CloudflareWorker) WireDependencies(
	f infer.FieldSelector, in *CloudflareWorkerArgs, out *CloudflareWorkerState,
) {
	if out.promise != nil { // which knows it better
		f.OutputField(out).AlwaysKnown()
		return
	}
	versioned := []any{
		&out.VersionID, &out.PreviousVersion, &out.DeploymentID, &out.Traffic, &out.ETag, &out.SecretsVersionID,
	}
	f.OutputField(&out.UnmanagedVariableNames).DependsOn(f.InputField(&in.UnmanagedVariables).Computed())
	if in.keepsVariables() {
		versioned = append(versioned, &out.UnmanagedVariableNames)
	}
	for _, versioned := range versioned {
		f.OutputField(versioned).DependsOn(
			f.InputField(&in.Bundle).Computed(), f.InputField(&in.MainModule).Computed(), f.InputField(&in.Format).Computed(),
			f.InputField(&in.CompatibilityDate).Computed(), f.InputField(&in.CompatibilityFlags).Computed(),
			f.InputField(&in.Variables).Computed(), f.InputField(&in.Secrets).Computed(),
			f.InputField(&in.Bindings).Computed(), f.InputField(&in.Placement).Computed(),
			f.InputField(&in.Limits).Computed(), f.InputField(&in.CacheOptions).Computed(),
			f.InputField(&in.Annotations).Computed(),
			f.InputField(&in.Migrations).Computed(), f.InputField(&in.Exports).Computed(),
			f.InputField(&in.Assets).Computed(), f.InputField(&in.RawMetadata).Computed(),
			f.InputField(&in.UnmanagedVariables).Computed(),
		)
	}
	for _, deployed := range []any{&out.DeploymentID, &out.Traffic} {
		f.OutputField(deployed).DependsOn(f.InputField(&in.Rollout).Computed(),
			f.InputField(&in.CodeUpdateStrategy).Computed())
	}
	f.OutputField(&out.MigrationTag).DependsOn(f.InputField(&in.Migrations).Computed())
	for _, status := range []any{&out.SecretStatus, &out.SecretsVersionID, &out.SecretEdits, &out.UnmanagedNames} {
		f.OutputField(status).DependsOn(
			f.InputField(&in.Bundle).Computed(), f.InputField(&in.Secrets).Computed(),
			f.InputField(&in.UnmanagedSecrets).Computed(), f.InputField(&in.RequiredSecrets).Computed(),
		)
	}
	f.OutputField(&out.BundleDigest).DependsOn(f.InputField(&in.Bundle).Computed())
	f.OutputField(&out.BundleSize).DependsOn(f.InputField(&in.Bundle).Computed())
	f.OutputField(&out.AssetCount).DependsOn(f.InputField(&in.Assets).Computed())
	f.OutputField(&out.AssetSize).DependsOn(f.InputField(&in.Assets).Computed())
	f.OutputField(&out.URLs).DependsOn(f.InputField(&in.ScriptName).Computed(),
		f.InputField(&in.WorkersDev).Computed(), f.InputField(&in.Routes).Computed(),
		f.InputField(&in.CustomDomains).Computed())
	f.OutputField(&out.RouteIDs).DependsOn(f.InputField(&in.Routes).Computed())
	f.OutputField(&out.DNSRecordIDs).DependsOn(f.InputField(&in.Routes).Computed())
	f.OutputField(&out.QueueConsumerIDs).DependsOn(f.InputField(&in.QueueConsumers).Computed())
	f.OutputField(&out.EmailRuleIDs).DependsOn(f.InputField(&in.EmailRoutes).Computed())
	f.OutputField(&out.Workflows).DependsOn(f.InputField(&in.Bindings).Computed(), f.InputField(&in.Exports).Computed())
}

// Create deploys a Worker whose name is free, or that the program adopts.
func (w *CloudflareWorker) Create(
	ctx context.Context, req infer.CreateRequest[CloudflareWorkerArgs],
) (infer.CreateResponse[CloudflareWorkerState], error) {
	want := req.Inputs
	resp := infer.CreateResponse[CloudflareWorkerState]{
		ID:     want.AccountID + "/" + want.ScriptName,
		Output: unseen(want),
	}
	if req.DryRun {
		logAssetChanges(ctx, nil, want.Assets)
		err := warnOfTakeOvers(ctx, resp.Output, want)
		resp.Output.CloudflareWorkerArgs = want
		return resp, err
	}
	owner, err := api(ctx).Deployments(ctx, want.AccountID, want.ScriptName)
	taken := err == nil
	switch {
	case errors.Is(err, cfapi.ErrNotFound):
	case err != nil:
		return resp, explain(err)
	case !want.Adopt:
		return resp, explain(&takenError{account: want.AccountID, script: want.ScriptName, deployments: owner})
	}
	resp.Output, err = newDeployer(ctx, want).run(ctx, resp.Output, taken)
	return resp, err
}

// Update makes only the calls that the change needs.
func (w *CloudflareWorker) Update(
	ctx context.Context, req infer.UpdateRequest[CloudflareWorkerArgs, CloudflareWorkerState],
) (infer.UpdateResponse[CloudflareWorkerState], error) {
	if err := tolerable(req.State.UnmanagedNames, req.State.ScriptName, req.Inputs); err != nil {
		return infer.UpdateResponse[CloudflareWorkerState]{Output: req.State}, explain(err)
	}
	lost, err := checkDataLoss(req.State, req.Inputs)
	if err != nil {
		return infer.UpdateResponse[CloudflareWorkerState]{Output: req.State}, explain(err)
	}
	if err := checkRollout(req.State, req.Inputs); err != nil {
		return infer.UpdateResponse[CloudflareWorkerState]{Output: req.State}, explain(err)
	}
	if req.DryRun && len(lost) > 0 {
		p.GetLogger(ctx).Warning("all data of the Durable Objects of " + strings.Join(lost, ", ") + " will be deleted")
	}
	if req.DryRun {
		logAssetChanges(ctx, req.State.Assets, req.Inputs.Assets)
		logRollout(ctx, req.State, req.Inputs)
		next := promised(ctx, req.State, req.Inputs)
		err := warnOfTakeOvers(ctx, req.State, req.Inputs)
		return infer.UpdateResponse[CloudflareWorkerState]{Output: next}, err
	}
	state, err := newDeployer(ctx, req.Inputs).run(ctx, req.State, true)
	return infer.UpdateResponse[CloudflareWorkerState]{Output: state}, err
}

// Delete removes the Worker and what leads to it. It is idempotent.
func (w *CloudflareWorker) Delete(
	ctx context.Context, req infer.DeleteRequest[CloudflareWorkerState],
) (infer.DeleteResponse, error) {
	// There is nothing that the Worker is to have any more.
	d := newDeployer(ctx, CloudflareWorkerArgs{AccountID: req.State.AccountID, ScriptName: req.State.ScriptName})
	for _, s := range planDelete(req.State) {
		if err := s.run(ctx, d, &req.State); err != nil {
			return infer.DeleteResponse{}, explain(err)
		}
	}
	return infer.DeleteResponse{}, nil
}

// takenError refuses to overwrite a Worker that this stack does not manage.
type takenError struct {
	account, script string
	deployments     []cfapi.Deployment // newest first; empty if it was never deployed
}

func (e *takenError) Error() string {
	msg := fmt.Sprintf("create worker %q: the name is taken in account %s", e.script, e.account)
	if len(e.deployments) > 0 {
		msg += ": " + describeDeployment(e.deployments[0])
	}
	return msg
}

// describeDeployment says who deployed, through what and when.
func describeDeployment(d cfapi.Deployment) string {
	who := d.AuthorEmail
	if who == "" {
		who = "an API token"
	}
	through := d.Source
	if through == "" {
		through = "the API"
	}
	return fmt.Sprintf("deployed by %s through %s on %s", who, through, d.CreatedOn.UTC().Format("2006-01-02 15:04 MST"))
}
