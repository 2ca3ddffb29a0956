// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"context"
	_ "embed" // the resource's documentation
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

var (
	_ infer.Annotated                                                 = (*WorkerBundle)(nil)
	_ infer.Annotated                                                 = (*WorkerBundleArgs)(nil)
	_ infer.Annotated                                                 = (*WorkerBundleState)(nil)
	_ infer.CustomCheck[WorkerBundleArgs]                             = (*WorkerBundle)(nil)
	_ infer.CustomResource[WorkerBundleArgs, WorkerBundleState]       = (*WorkerBundle)(nil)
	_ infer.CustomUpdate[WorkerBundleArgs, WorkerBundleState]         = (*WorkerBundle)(nil)
	_ infer.CustomRead[WorkerBundleArgs, WorkerBundleState]           = (*WorkerBundle)(nil)
	_ infer.CustomDelete[WorkerBundleState]                           = (*WorkerBundle)(nil)
	_ infer.ExplicitDependencies[WorkerBundleArgs, WorkerBundleState] = (*WorkerBundle)(nil)
)

// WorkerBundle is a build output stored in R2 under its digest.
type WorkerBundle struct{}

// WorkerBundleArgs are the inputs of a [WorkerBundle]. Its identity is where it is stored.
type WorkerBundleArgs struct {
	AccountID      string `pulumi:"accountId,optional"    provider:"replaceOnChanges"`
	Bucket         string `pulumi:"bucket"                provider:"replaceOnChanges"`
	Jurisdiction   string `pulumi:"jurisdiction,optional" provider:"replaceOnChanges"`
	Prefix         string `pulumi:"prefix,optional"       provider:"replaceOnChanges"`
	Path           string `pulumi:"path,optional"`
	SHA256         string `pulumi:"sha256,optional"       provider:"replaceOnChanges"`
	RetainOnDelete *bool  `pulumi:"retainOnDelete,optional"`

	Archive *types.AssetOrArchive `pulumi:"archive,optional"` // see archiveOf
	Build   *BuildCommand         `pulumi:"build,optional"`
}

// WorkerBundleState is a [WorkerBundle] as last seen.
type WorkerBundleState struct {
	WorkerBundleArgs
	Reference BundleReference `pulumi:"reference"`
	Size      int             `pulumi:"size"`
	Files     int             `pulumi:"files"`
}

//go:embed doc/worker_bundle.md
var workerBundleDoc string

// defaultPrefix is where bundles go when the program does not say.
const defaultPrefix = "bundles"

// Annotate describes the resource.
func (b *WorkerBundle) Annotate(a infer.Annotator) {
	a.Describe(&b, strings.TrimSpace(workerBundleDoc))
}

// Annotate describes the inputs.
func (b *WorkerBundleArgs) Annotate(a infer.Annotator) {
	a.Describe(&b.AccountID, "The Cloudflare account (32 hex digits). Default: the provider's `accountId`.")
	a.Describe(&b.Bucket, "Name of the R2 bucket in which bundles are kept, such as `bundles`.")
	a.Describe(&b.Jurisdiction, "Jurisdiction of the bucket: `eu` or `fedramp`. Default: none.")
	a.Describe(&b.Prefix, "What the objects' keys begin with, such as `api`. The digest and a slash follow. "+
		"Default: `bundles`.")
	a.Describe(&b.Path, "The build output: a file or a directory, relative to the program, such as `./dist`. Symbolic "+
		"links in a directory are refused. Default: none, and `archive` is given.")
	a.Describe(&b.Archive, "The build output as an archive of Pulumi's, instead of `path`: a directory, a .zip, .tar, "+
		".tar.gz or .tgz, or a map of assets. It means what a directory with the same files does, and has its digest. "+
		"The state keeps the digest and none of the content. Default: none, and `path` is given.")
	a.Describe(&b.Build, "A command that makes what is at `path`. It runs in each preview and each update, before the "+
		"digest is found out: a preview without it could not say what will run. Build to the same bytes from the same "+
		"sources, or each `pulumi up` deploys. It is not kept in the state. Default: none; what is at `path` is built "+
		"already.")
	a.Describe(&b.SHA256, "SHA-256 of the content in hex, as `CloudflareWorker` computes it. Default: computed from "+
		"the files. Set it to refuse any other content.")
	a.Describe(&b.RetainOnDelete, "Whether the objects stay in R2 when this resource is deleted or replaced by a new "+
		"build, so that a rollback finds them. Default: true.")
}

// Annotate describes the outputs.
func (b *WorkerBundleState) Annotate(a infer.Annotator) {
	a.Describe(&b.Reference, "Where the bundle is, with its digest: the `bundle` of a `CloudflareWorker`.")
	a.Describe(&b.Size, "Size of all files together in bytes.")
	a.Describe(&b.Files, "How many files the bundle has.")
}

// WireDependencies makes the reference known in previews, so that a preview of
// the Worker says which bundle it will run. It can be told from the inputs, unless they are not known.
func (*WorkerBundle) WireDependencies(f infer.FieldSelector, in *WorkerBundleArgs, out *WorkerBundleState) {
	if in.known() {
		f.OutputField(&out.Reference).AlwaysKnown()
		f.OutputField(&out.Size).AlwaysKnown()
		f.OutputField(&out.Files).AlwaysKnown()
	}
	f.OutputField(&out.Reference).DependsOn(
		f.InputField(&in.Bucket), f.InputField(&in.Prefix), f.InputField(&in.SHA256), f.InputField(&in.Jurisdiction))
	f.OutputField(&out.Size).DependsOn(f.InputField(&in.SHA256))
	f.OutputField(&out.Files).DependsOn(f.InputField(&in.SHA256))
}

// known reports whether the reference can be told: Check fills in all of these unless they are computed.
func (b WorkerBundleArgs) known() bool {
	return b.Bucket != "" && b.Prefix != "" && b.SHA256 != "" && (b.Path != "" || b.archive() != nil)
}

// key is where the bundle's objects are, or its only object. A directory's
// key ends in a slash; a file keeps its name, by which its module type is told.
func (b WorkerBundleArgs) key(single bool) string {
	key := b.Prefix + "/" + b.SHA256 + "/"
	if single {
		key += filepath.Base(b.Path)
	}
	return key
}

func (b WorkerBundleArgs) reference(single bool) BundleReference {
	return BundleReference{Bucket: b.Bucket, Key: b.key(single), SHA256: b.SHA256, Jurisdiction: b.Jurisdiction}
}

func (b WorkerBundleArgs) place() cfapi.Place {
	return cfapi.Place{Account: b.AccountID, Jurisdiction: b.Jurisdiction, Bucket: b.Bucket}
}

// Check computes the digest into the inputs, so that new content is a difference.
func (b *WorkerBundle) Check(
	ctx context.Context, req infer.CheckRequest,
) (infer.CheckResponse[WorkerBundleArgs], error) {
	args, failures, err := infer.DefaultCheck[WorkerBundleArgs](ctx, req.NewInputs)
	if err != nil || len(failures) > 0 {
		return infer.CheckResponse[WorkerBundleArgs]{Inputs: args, Failures: failures}, err
	}
	c := &checker{inputs: req.NewInputs, failures: checkAccount(ctx, &args.AccountID, req.NewInputs)}
	if args.Prefix = strings.Trim(args.Prefix, "/"); args.Prefix == "" && !computed(req.NewInputs, "prefix") {
		args.Prefix = defaultPrefix
	}
	c.fail(args.Bucket == "", []string{"bucket"}, "must name an R2 bucket")
	c.fail(args.Prefix != "" && digest.CheckName(args.Prefix) != nil, []string{"prefix"}, "%q cannot begin an "+
		"object's key", args.Prefix)
	from := c.bundleSource(args)
	built := c.build(ctx, &args)
	if from != "" && built && !computed(req.NewInputs, "sha256") {
		args.SHA256 = c.bundleDigest(ctx, from, args, req.OldInputs)
	}
	if args.archive() != nil {
		args.Archive = infer.GetConfig[Config](ctx).archives.keep(args)
	}
	return infer.CheckResponse[WorkerBundleArgs]{Inputs: args, Failures: c.failures}, nil
}

// bundleDigest returns the digest of what the input called from names, which must be the declared one if there is one.
func (c *checker) bundleDigest(ctx context.Context, from string, args WorkerBundleArgs, olds property.Map) string {
	path := []string{from}
	if known := args.archive(); known != nil && isKept(known, olds) { // ignoreChanges put it here
		return known.Hash
	}
	var local bundle.Bundle
	var err error
	if known := args.archive(); known != nil {
		local, err = readArchive(ctx, known)
	} else {
		local, err = readBundle(args.Path)
	}
	var missing *missingAssetsError
	switch {
	case errors.As(err, &missing):
		c.fail(true, path, "there is no archive %q: has the Worker been built?", missing.path)
		return args.SHA256
	case errors.Is(err, fs.ErrNotExist) && args.archive() == nil:
		c.fail(true, path, "there is no file or directory %q: has the Worker been built?", args.Path)
		return args.SHA256
	}
	var got digest.Digest
	if err == nil {
		got, err = local.Digest()
	}
	if err != nil {
		c.fail(true, path, "%v", err)
		return args.SHA256
	}
	if args.SHA256 == "" {
		return got.String()
	}
	want, err := digest.Parse(args.SHA256)
	if err != nil {
		c.fail(true, []string{"sha256"}, "%v", err)
		return args.SHA256
	}
	c.fail(want != got, []string{"sha256"}, "%s has the SHA-256 %s, not %s as declared", args.what(), got, want)
	return want.String()
}

// readBundle reads the file or directory at path.
func readBundle(path string) (bundle.Bundle, error) {
	info, err := os.Stat(path)
	if err != nil {
		return bundle.Bundle{}, err
	}
	if !info.IsDir() {
		content, err := os.ReadFile(path)
		return bundle.Bundle{Files: map[string][]byte{filepath.Base(path): content}, Single: true}, err
	}
	return readFiles(os.DirFS(path), path)
}

// readFiles reads all files of the root, which errors call by its name.
func readFiles(root fs.FS, called string) (bundle.Bundle, error) {
	b := bundle.Bundle{Files: map[string][]byte{}}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir(), bundle.Ignored(name):
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%q in %q is neither a file nor a directory", name, called)
		}
		b.Files[name], err = fs.ReadFile(root, name)
		return err
	})
	return b, err
}

// Create uploads the files that R2 does not hold yet.
func (b *WorkerBundle) Create(
	ctx context.Context, req infer.CreateRequest[WorkerBundleArgs],
) (infer.CreateResponse[WorkerBundleState], error) {
	args := req.Inputs
	state := WorkerBundleState{WorkerBundleArgs: args}
	state.Archive = nil // an output would be an archive without files
	if req.DryRun && !args.known() {
		return infer.CreateResponse[WorkerBundleState]{Output: state}, nil
	}
	local, err := args.content(ctx)
	if err != nil {
		return infer.CreateResponse[WorkerBundleState]{Output: state}, err
	}
	state.Reference = args.reference(local.Single)
	state.Size, state.Files = int(local.Size()), len(local.Files)
	resp := infer.CreateResponse[WorkerBundleState]{ID: bundleID(args.AccountID, state.Reference), Output: state}
	if req.DryRun {
		return resp, nil
	}
	want, err := digest.Parse(args.SHA256)
	if err != nil {
		return resp, fmt.Errorf("sha256: %w", err)
	}
	if err := local.Verify(want); err != nil { // it changed since Check
		return resp, explain(fmt.Errorf("%s: %w", args.what(), err))
	}
	if err := upload(ctx, args, local); err != nil {
		// Some objects may be there. Keeping the id lets the next update or a destroy deal with them.
		resp.Output.Files, resp.Output.Size = 0, 0
		return resp, infer.ResourceInitFailedError{Reasons: []string{explain(err).Error()}}
	}
	cache(ctx).Store(want, local) // the Worker that runs it on this machine need not download it
	return resp, nil
}

func bundleID(account string, r BundleReference) string {
	place := r.Bucket
	if r.Jurisdiction != "" {
		place = r.Jurisdiction + ":" + r.Bucket
	}
	return account + "/" + place + "/" + r.Key
}

// upload stores the files of local, several at once. An object that exists
// under this key has this content: the key says so, and Workers verify it.
func upload(ctx context.Context, args WorkerBundleArgs, local bundle.Bundle) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelObjects)
	for _, name := range local.Names() {
		key := args.key(false) + name
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			content := local.Files[name]
			_, err := api(ctx).PutObject(ctx, args.place(), key, bytes.NewReader(content), cfapi.PutOptions{
				ContentType: string(bundle.TypeOf(name)),
				SHA256:      digest.OfBytes(content).String(),
				IfNoneMatch: true,
			})
			if errors.Is(err, cfapi.ErrConflict) {
				return nil
			}
			return err
		})
	}
	return group.Wait()
}

// Update finishes an upload that broke off. Otherwise it makes no call.
func (b *WorkerBundle) Update(
	ctx context.Context, req infer.UpdateRequest[WorkerBundleArgs, WorkerBundleState],
) (infer.UpdateResponse[WorkerBundleState], error) {
	if whole := req.State.Files > 0; whole {
		next := req.State
		next.WorkerBundleArgs = req.Inputs
		next.Archive = nil
		return infer.UpdateResponse[WorkerBundleState]{Output: next}, nil
	}
	created, err := b.Create(ctx, infer.CreateRequest[WorkerBundleArgs]{Inputs: req.Inputs, DryRun: req.DryRun})
	return infer.UpdateResponse[WorkerBundleState]{Output: created.Output}, err
}

// Read forgets a bundle of which a part is gone, so that the next update
// completes it: what is there already is not sent again.
func (b *WorkerBundle) Read(
	ctx context.Context, req infer.ReadRequest[WorkerBundleArgs, WorkerBundleState],
) (infer.ReadResponse[WorkerBundleArgs, WorkerBundleState], error) {
	resp := infer.ReadResponse[WorkerBundleArgs, WorkerBundleState](req)
	args, key, err := parseBundleID(ctx, req.ID)
	if err != nil {
		return resp, err
	}
	args.Path, args.Archive, args.RetainOnDelete = req.Inputs.Path, req.Inputs.Archive, req.Inputs.RetainOnDelete
	ref := BundleReference{Bucket: args.Bucket, Key: key, SHA256: args.SHA256, Jurisdiction: args.Jurisdiction}
	store := bundleStore{api: api(ctx), cache: cache(ctx), account: args.AccountID}
	objects, err := store.objects(ctx, ref)
	if errors.Is(err, cfapi.ErrNotFound) {
		return infer.ReadResponse[WorkerBundleArgs, WorkerBundleState]{}, nil
	}
	if err != nil {
		return resp, explain(err)
	}
	state := WorkerBundleState{WorkerBundleArgs: args, Reference: ref, Files: len(objects)}
	for _, o := range objects {
		state.Size += int(o.Size)
	}
	if known := req.State.Files > 0; known && (state.Files < req.State.Files || state.Size != req.State.Size) {
		return infer.ReadResponse[WorkerBundleArgs, WorkerBundleState]{}, nil
	}
	if req.State.Files == 0 && req.State.SHA256 != "" { // broke off: only the next update knows what is missing
		state.Files, state.Size = 0, 0
	}
	state.Path, state.Archive = req.State.Path, nil // where it was built when it was stored
	resp.ID, resp.Inputs, resp.State = bundleID(args.AccountID, ref), args, state
	return resp, nil
}

// parseBundleID is the inverse of bundleID.
func parseBundleID(ctx context.Context, id string) (args WorkerBundleArgs, key string, err error) {
	account, rest := splitID(ctx, id)
	place, key, _ := strings.Cut(rest, "/")
	if jurisdiction, bucket, found := strings.Cut(place, ":"); found {
		args.Jurisdiction, place = jurisdiction, bucket
	}
	args.AccountID, args.Bucket = account, place
	dir := key[:strings.LastIndex(key, "/")+1]
	parts := strings.Split(strings.TrimSuffix(dir, "/"), "/")
	d, parseErr := digest.Parse(parts[len(parts)-1])
	if parseErr != nil || len(parts) < 2 {
		return args, key, fmt.Errorf("%q is not the id of a bundle: <accountId>/<bucket>/<prefix>/<sha256>/", id)
	}
	args.SHA256, args.Prefix = d.String(), strings.Join(parts[:len(parts)-1], "/")
	return args, key, nil
}

// Delete removes the objects only if the program says so. It is idempotent.
func (b *WorkerBundle) Delete(
	ctx context.Context, req infer.DeleteRequest[WorkerBundleState],
) (infer.DeleteResponse, error) {
	if retain := req.State.RetainOnDelete; retain == nil || *retain {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, explain(emptyPrefix(ctx, req.State.place(), req.State.Reference.Key))
}

// emptyPrefix deletes every object whose key begins with prefix, a page of at
// most 1000 at a time. No object, or no bucket, is success.
func emptyPrefix(ctx context.Context, place cfapi.Place, prefix string) error {
	for {
		page, _, err := api(ctx).ListObjects(ctx, place, prefix, "")
		if errors.Is(err, cfapi.ErrNotFound) || err == nil && len(page) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		keys := make([]string, len(page))
		for i, o := range page {
			keys[i] = o.Key
		}
		if err := api(ctx).DeleteObjects(ctx, place, keys); err != nil {
			return err
		}
	}
}
