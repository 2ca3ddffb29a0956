// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	_ "embed" // the resource's documentation
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

var (
	_ infer.Annotated                                         = (*R2Bucket)(nil)
	_ infer.Annotated                                         = (*R2BucketArgs)(nil)
	_ infer.Annotated                                         = (*R2BucketState)(nil)
	_ infer.CustomCheck[R2BucketArgs]                         = (*R2Bucket)(nil)
	_ infer.CustomResource[R2BucketArgs, R2BucketState]       = (*R2Bucket)(nil)
	_ infer.CustomUpdate[R2BucketArgs, R2BucketState]         = (*R2Bucket)(nil)
	_ infer.CustomRead[R2BucketArgs, R2BucketState]           = (*R2Bucket)(nil)
	_ infer.CustomDelete[R2BucketState]                       = (*R2Bucket)(nil)
	_ infer.ExplicitDependencies[R2BucketArgs, R2BucketState] = (*R2Bucket)(nil)
)

// R2Bucket is an R2 bucket.
type R2Bucket struct{}

// R2BucketArgs are the inputs of an [R2Bucket].
type R2BucketArgs struct {
	AccountID    string `pulumi:"accountId,optional"    provider:"replaceOnChanges"`
	Name         string `pulumi:"name,optional"         provider:"replaceOnChanges"`
	Jurisdiction string `pulumi:"jurisdiction,optional" provider:"replaceOnChanges"`
	Location     string `pulumi:"location,optional"     provider:"replaceOnChanges"`
	StorageClass string `pulumi:"storageClass,optional"`
	ForceDestroy bool   `pulumi:"forceDestroy,optional"`

	Cors         map[string]R2CorsRule      `pulumi:"cors,optional"`
	Lifecycle    map[string]R2LifecycleRule `pulumi:"lifecycle,optional"`
	LockRules    map[string]R2LockRule      `pulumi:"lockRules,optional"`
	PublicAccess *R2PublicAccess            `pulumi:"publicAccess,optional"`
}

// R2BucketState is an [R2Bucket] as last seen.
type R2BucketState struct {
	R2BucketArgs
	CreatedOn  string   `pulumi:"createdOn"`
	PublicURLs []string `pulumi:"publicUrls"`
}

//go:embed doc/r2_bucket.md
var r2BucketDoc string

// What R2 accepts: https://developers.cloudflare.com/r2/platform/limits/ and /r2/reference/data-location/
const maxBucketName = 63 // characters

const standardStorage = "Standard"

var (
	bucketName     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	locations      = []string{"wnam", "enam", "weur", "eeur", "apac", "oc"}
	storageClasses = []string{standardStorage, "InfrequentAccess"}
	jurisdictions  = []string{"eu", "fedramp"}
)

// Annotate describes the resource.
func (b *R2Bucket) Annotate(a infer.Annotator) { a.Describe(&b, strings.TrimSpace(r2BucketDoc)) }

// Annotate describes the inputs.
func (b *R2BucketArgs) Annotate(a infer.Annotator) {
	a.Describe(&b.AccountID, "The Cloudflare account (32 hex digits). Default: the provider's `accountId`. "+
		"Changing it replaces the bucket.")
	a.Describe(&b.Name, "The bucket's name: 3 to 63 lower-case letters, digits and `-`. "+
		"Default: the resource's name and 7 hex digits that differ from stack to stack. Changing it replaces the bucket.")
	a.Describe(&b.Jurisdiction, "Jurisdiction in which the data must stay: `eu` or `fedramp`. Default: none. "+
		"Changing it replaces the bucket.")
	a.Describe(&b.Location, "Where the data should be, as a hint: `wnam`, `enam`, `weur`, `eeur`, `apac` or `oc`. "+
		"Default: near whoever creates the bucket. Changing it replaces the bucket.")
	a.Describe(&b.StorageClass, "Storage class of new objects: `Standard` or `InfrequentAccess`. Default: `Standard`.")
	a.Describe(&b.ForceDestroy, "Whether to delete the objects too when the bucket is deleted. Default: false; "+
		"deleting a bucket that is not empty is then an error. It must be set by an update before the one that deletes.")
	a.Describe(&b.Cors, "Which pages of other origins may read the objects, by the name of the rule. The first rule in "+
		"the order of names that fits a request decides. Default: none, and rules that others make are not looked at.")
	a.Describe(&b.Lifecycle, "When objects are deleted or moved to another storage class, and uploads aborted, by the "+
		"name of the rule. R2's own rule, `Default Multipart Abort Rule`, stays as it is unless it is named here. Default: "+
		"none, and rules that others make are not looked at.")
	a.Describe(&b.LockRules, "Which objects cannot be deleted or overwritten, and how long, by the name of the rule. "+
		"`forceDestroy` does not delete what is locked. Default: none, and rules that others make are not looked at.")
	a.Describe(&b.PublicAccess, "Where everybody can read the objects. `{}` is nowhere, and what others change is "+
		"undone. Default: what it is; a new bucket is private.")
}

// Annotate describes the outputs.
func (s *R2BucketState) Annotate(a infer.Annotator) {
	a.Describe(&s.CreatedOn, "When the bucket was made, such as `2026-11-01T12:00:00Z`.")
	a.Describe(&s.PublicURLs, "Addresses below which everybody can read the objects by their keys, as far as "+
		"`publicAccess` is set: r2.dev first, then the custom domains.")
}

// WireDependencies keeps outputs known unless the bucket is replaced.
func (*R2Bucket) WireDependencies(f infer.FieldSelector, in *R2BucketArgs, out *R2BucketState) {
	f.OutputField(&out.CreatedOn).DependsOn(f.InputField(&in.Name))
	f.OutputField(&out.PublicURLs).DependsOn(f.InputField(&in.Name), f.InputField(&in.PublicAccess))
}

// Check fills in account and name, and validates the rest.
func (b *R2Bucket) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[R2BucketArgs], error) {
	args, failures, err := infer.DefaultCheck[R2BucketArgs](ctx, req.NewInputs)
	if err != nil || len(failures) > 0 {
		return infer.CheckResponse[R2BucketArgs]{Inputs: args, Failures: failures}, err
	}
	c := &checker{inputs: req.NewInputs, failures: checkAccount(ctx, &args.AccountID, req.NewInputs)}
	if args.Name == "" && !computed(req.NewInputs, "name") {
		args.Name = autoname(ctx, req, "name", maxBucketName)
	}
	c.fail(args.Name != "" && !bucketName.MatchString(args.Name), []string{"name"}, "%q is not a bucket's name: 3 to %d "+
		"lower-case letters, digits and \"-\", not at either end", args.Name, maxBucketName)
	oneOf := func(property, value string, choices []string) {
		c.fail(value != "" && !slices.Contains(choices, value), []string{property}, "%q is none of %s",
			value, strings.Join(choices, ", "))
	}
	oneOf("jurisdiction", args.Jurisdiction, jurisdictions)
	oneOf("location", args.Location, locations)
	oneOf("storageClass", args.StorageClass, storageClasses)
	c.bucketSettings(args)
	return infer.CheckResponse[R2BucketArgs]{Inputs: args, Failures: c.failures}, nil
}

// Create makes the bucket.
func (b *R2Bucket) Create(
	ctx context.Context, req infer.CreateRequest[R2BucketArgs],
) (infer.CreateResponse[R2BucketState], error) {
	args := req.Inputs
	resp := infer.CreateResponse[R2BucketState]{
		ID: bucketID(args), Output: R2BucketState{R2BucketArgs: args, PublicURLs: []string{}},
	}
	if req.DryRun {
		return resp, nil
	}
	cancellable := ctx
	ctx, done, err := settled(ctx)
	defer done()
	if err != nil {
		return resp, err
	}
	started := time.Now()
	made, err := api(ctx).CreateR2Bucket(ctx, args.AccountID, cfapi.R2Bucket{
		Name: args.Name, Jurisdiction: args.Jurisdiction, Location: args.Location, StorageClass: args.StorageClass,
	})
	if cfapi.LostResponse(err) {
		made, err = findR2Bucket(ctx, args, started, err)
	}
	if err != nil {
		return resp, explain(err)
	}
	resp.Output.CreatedOn = timestamp(made.CreationDate)
	resp.Output.R2BucketArgs = args.bare()
	if _, err := resp.Output.settle(cancellable, args); err != nil {
		return resp, infer.ResourceInitFailedError{Reasons: []string{explain(err).Error()}}
	}
	return resp, nil
}

// clockSkew is how far this machine's clock and Cloudflare's may be apart.
const clockSkew = 5 * time.Minute

// findR2Bucket settles a create whose answer was lost. A bucket of that name
// is the one that was made unless it is older than the attempt.
func findR2Bucket(ctx context.Context, args R2BucketArgs, started time.Time, cause error) (cfapi.R2Bucket, error) {
	is, err := api(ctx).R2Bucket(ctx, args.AccountID, args.Jurisdiction, args.Name)
	switch {
	case errors.Is(err, cfapi.ErrNotFound):
		return cfapi.R2Bucket{}, cause
	case err != nil:
		return cfapi.R2Bucket{}, errors.Join(cause, err)
	case is.CreationDate.Before(started.Add(-clockSkew)):
		return cfapi.R2Bucket{}, &cfapi.Error{
			Op: "create R2 bucket \"" + args.Name + "\"", Kind: cfapi.ErrConflict, API: cfapi.APIR2,
			Codes: []cfapi.Code{{Code: codeBucketExists, Message: "it exists since " + timestamp(is.CreationDate)}},
		}
	}
	return is, nil
}

// bucketID is the bucket's name; the account is in the state.
func bucketID(args R2BucketArgs) string { return args.Name }

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Update changes the storage class of new objects, the rules and where the bucket is public.
func (b *R2Bucket) Update(
	ctx context.Context, req infer.UpdateRequest[R2BucketArgs, R2BucketState],
) (infer.UpdateResponse[R2BucketState], error) {
	next := req.State
	if req.DryRun {
		next.R2BucketArgs = req.Inputs
		return infer.UpdateResponse[R2BucketState]{Output: next}, nil
	}
	changed, err := next.settle(ctx, req.Inputs)
	switch {
	case err == nil:
		return infer.UpdateResponse[R2BucketState]{Output: next}, nil
	case changed:
		return infer.UpdateResponse[R2BucketState]{Output: next},
			infer.ResourceInitFailedError{Reasons: []string{explain(err).Error()}}
	}
	return infer.UpdateResponse[R2BucketState]{Output: req.State}, explain(err)
}

func storageClass(class string) string {
	if class == "" {
		return standardStorage
	}
	return class
}

// Read forgets the bucket only if Cloudflare says that it is gone.
func (b *R2Bucket) Read(
	ctx context.Context, req infer.ReadRequest[R2BucketArgs, R2BucketState],
) (infer.ReadResponse[R2BucketArgs, R2BucketState], error) {
	resp := infer.ReadResponse[R2BucketArgs, R2BucketState](req)
	args := req.State.R2BucketArgs
	imported := args.Name == ""
	if imported {
		args = parseBucketID(ctx, req.ID)
	}
	is, err := api(ctx).R2Bucket(ctx, args.AccountID, args.Jurisdiction, args.Name)
	if errors.Is(err, cfapi.ErrNotFound) {
		return infer.ReadResponse[R2BucketArgs, R2BucketState]{}, nil
	}
	if err != nil {
		return resp, explain(err)
	}
	args.ForceDestroy = req.Inputs.ForceDestroy
	if storageClass(args.StorageClass) != storageClass(is.StorageClass) {
		args.StorageClass = is.StorageClass
	}
	// A location is a hint that cannot be changed: it only matters for an import that names none.
	if args.Location == "" && req.Inputs.Location != "" {
		args.Location = strings.ToLower(is.Location)
	}
	state := R2BucketState{
		R2BucketArgs: args, CreatedOn: timestamp(is.CreationDate), PublicURLs: append([]string{}, req.State.PublicURLs...),
	}
	if err := state.readSettings(ctx, imported); err != nil {
		return resp, explain(err)
	}
	resp.ID, resp.Inputs, resp.State = bucketID(args), state.R2BucketArgs, state
	return resp, nil
}

// parseBucketID reads "<accountId>/<name>", "<accountId>/<jurisdiction>/<name>" or "<name>".
func parseBucketID(ctx context.Context, id string) (args R2BucketArgs) {
	args.AccountID, args.Name = splitID(ctx, id)
	if jurisdiction, name, found := strings.Cut(args.Name, "/"); found {
		args.Jurisdiction, args.Name = jurisdiction, name
	}
	return args
}

// deleteWithObjects deletes a bucket that is not empty.
func deleteWithObjects(ctx context.Context, args R2BucketArgs) error {
	if err := emptyPrefix(ctx, args.place(), ""); err != nil {
		return err
	}
	err := api(ctx).DeleteR2Bucket(ctx, args.AccountID, args.Jurisdiction, args.Name)
	if isNotEmpty(err) { // the hint that belongs to the answer has been followed
		return fmt.Errorf("R2 bucket %q is not empty although its objects were deleted: either somebody writes to it, or "+
			"`r2Endpoint` does not lead to its account and jurisdiction; run this again when that is mended", args.Name)
	}
	return err
}

// isNotEmpty tells that a bucket could not be deleted because of its objects.
func isNotEmpty(err error) bool {
	return hasCode(err, cfapi.APIR2, codeBucketNotEmpty) || errors.Is(err, cfapi.ErrConflict)
}

// Delete removes the bucket, with its objects only if the program says so. It is idempotent.
func (b *R2Bucket) Delete(ctx context.Context, req infer.DeleteRequest[R2BucketState]) (infer.DeleteResponse, error) {
	args := req.State.R2BucketArgs
	err := api(ctx).DeleteR2Bucket(ctx, args.AccountID, args.Jurisdiction, args.Name)
	if args.ForceDestroy && isNotEmpty(err) {
		err = deleteWithObjects(ctx, args)
	}
	if errors.Is(err, cfapi.ErrNotFound) {
		err = nil
	}
	return infer.DeleteResponse{}, explain(err)
}
