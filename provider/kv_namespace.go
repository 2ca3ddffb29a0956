// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	_ "embed" // the resource's documentation
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

var (
	_ infer.Annotated                                               = (*KvNamespace)(nil)
	_ infer.Annotated                                               = (*KvNamespaceArgs)(nil)
	_ infer.Annotated                                               = (*KvNamespaceState)(nil)
	_ infer.CustomCheck[KvNamespaceArgs]                            = (*KvNamespace)(nil)
	_ infer.CustomResource[KvNamespaceArgs, KvNamespaceState]       = (*KvNamespace)(nil)
	_ infer.CustomUpdate[KvNamespaceArgs, KvNamespaceState]         = (*KvNamespace)(nil)
	_ infer.CustomRead[KvNamespaceArgs, KvNamespaceState]           = (*KvNamespace)(nil)
	_ infer.CustomDelete[KvNamespaceState]                          = (*KvNamespace)(nil)
	_ infer.ExplicitDependencies[KvNamespaceArgs, KvNamespaceState] = (*KvNamespace)(nil)
)

// KvNamespace is a Workers KV namespace.
type KvNamespace struct{}

// KvNamespaceArgs are the inputs of a [KvNamespace].
type KvNamespaceArgs struct {
	AccountID string `pulumi:"accountId,optional" provider:"replaceOnChanges"`
	Title     string `pulumi:"title,optional"`
	// Entries has those of EntriesFile, too, once they are checked.
	Entries     map[string]string `pulumi:"entries,optional"`
	EntriesFile string            `pulumi:"entriesFile,optional"`
}

// KvNamespaceState is a [KvNamespace] as last seen. Its entries are those that were written.
type KvNamespaceState struct {
	KvNamespaceArgs
	NamespaceID string `pulumi:"namespaceId"`
}

//go:embed doc/kv_namespace.md
var kvNamespaceDoc string

// maxKVTitle is how many characters a title may have: the v4 API's limit.
const maxKVTitle = 512

// Annotate describes the resource.
func (k *KvNamespace) Annotate(a infer.Annotator) { a.Describe(&k, strings.TrimSpace(kvNamespaceDoc)) }

// Annotate describes the inputs.
func (k *KvNamespaceArgs) Annotate(a infer.Annotator) {
	a.Describe(&k.AccountID, "The Cloudflare account (32 hex digits). Default: the provider's `accountId`. "+
		"Changing it replaces the namespace, and its keys are lost.")
	a.Describe(&k.Title, "The namespace's title, unique in the account, at most 512 characters. It can be changed in "+
		"place. Default: the resource's name and 7 hex digits that differ from stack to stack.")
	a.Describe(&k.Entries, "Keys that the program keeps at these values, each at most 25 MiB. Other keys are left "+
		"alone. A key that is removed from the program is deleted. Default: none.")
	a.Describe(&k.EntriesFile, "A JSON file with further entries, relative to the program: an object of texts by key, or "+
		"a list `[{\"key\": …, \"value\": …}]` as `wrangler kv bulk put` takes it, without expirations and metadata. Its "+
		"content is compared, and its name says nothing. Default: none.")
}

// Annotate describes the outputs.
func (k *KvNamespaceState) Annotate(a infer.Annotator) {
	a.Describe(&k.NamespaceID, "Cloudflare's id of the namespace, 32 hex digits; the same as the resource's `id`.")
}

// WireDependencies keeps the id known unless the namespace is replaced.
func (*KvNamespace) WireDependencies(f infer.FieldSelector, in *KvNamespaceArgs, out *KvNamespaceState) {
	f.OutputField(&out.NamespaceID).DependsOn(f.InputField(&in.AccountID))
}

// Check fills in account and title.
func (k *KvNamespace) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[KvNamespaceArgs], error) {
	args, failures, err := infer.DefaultCheck[KvNamespaceArgs](ctx, req.NewInputs)
	if err != nil || len(failures) > 0 {
		return infer.CheckResponse[KvNamespaceArgs]{Inputs: args, Failures: failures}, err
	}
	c := &checker{inputs: req.NewInputs, failures: checkAccount(ctx, &args.AccountID, req.NewInputs)}
	if args.Title == "" && !computed(req.NewInputs, "title") {
		args.Title = autoname(ctx, req, "title", maxKVTitle)
	}
	c.fail(len(args.Title) > maxKVTitle, []string{"title"}, "has %d characters; Cloudflare allows "+
		"%d", len(args.Title), maxKVTitle)
	c.entries(args.Entries)
	if args.EntriesFile != "" && !computed(req.NewInputs, "entries") {
		args.Entries = c.fileEntries(args.EntriesFile, args.Entries)
	}
	return infer.CheckResponse[KvNamespaceArgs]{Inputs: args, Failures: c.failures}, nil
}

// Create makes the namespace.
func (k *KvNamespace) Create(
	ctx context.Context, req infer.CreateRequest[KvNamespaceArgs],
) (infer.CreateResponse[KvNamespaceState], error) {
	args := req.Inputs
	resp := infer.CreateResponse[KvNamespaceState]{Output: KvNamespaceState{KvNamespaceArgs: args}}
	if req.DryRun {
		return resp, nil
	}
	made, err := createKVNamespace(ctx, args)
	if err != nil {
		return resp, explain(err)
	}
	resp.ID, resp.Output.NamespaceID = made.ID, made.ID
	written, err := writeEntries(ctx, args.AccountID, made.ID, nil, args.Entries)
	if err != nil {
		resp.Output.Entries = written
		return resp, infer.ResourceInitFailedError{Reasons: []string{explain(err).Error()}}
	}
	return resp, nil
}

// createKVNamespace makes an empty namespace.
func createKVNamespace(ctx context.Context, args KvNamespaceArgs) (cfapi.KVNamespace, error) {
	ctx, done, err := settled(ctx)
	defer done()
	if err != nil {
		return cfapi.KVNamespace{}, err
	}
	made, err := api(ctx).CreateKVNamespace(ctx, args.AccountID, args.Title)
	if cfapi.LostResponse(err) {
		return findKVNamespace(ctx, args, err)
	}
	return made, err
}

// findKVNamespace settles a create whose answer was lost: titles are unique, so
// a namespace of that title is the one that was made, or one that was there
// before. The latter could hold data, and then it is not taken.
func findKVNamespace(ctx context.Context, args KvNamespaceArgs, cause error) (cfapi.KVNamespace, error) {
	list, err := api(ctx).KVNamespaces(ctx, args.AccountID)
	if err != nil {
		return cfapi.KVNamespace{}, errors.Join(cause, err)
	}
	for _, n := range list {
		if n.Title != args.Title {
			continue
		}
		empty, err := api(ctx).KVNamespaceIsEmpty(ctx, args.AccountID, n.ID)
		if err != nil {
			return cfapi.KVNamespace{}, errors.Join(cause, err)
		}
		if !empty {
			return cfapi.KVNamespace{}, fmt.Errorf("a KV namespace titled %q holds keys already (id %s): import it or "+
				"choose another title: %w", args.Title, n.ID, cause)
		}
		return n, nil
	}
	return cfapi.KVNamespace{}, cause
}

// Update renames the namespace and writes the entries that changed.
func (k *KvNamespace) Update(
	ctx context.Context, req infer.UpdateRequest[KvNamespaceArgs, KvNamespaceState],
) (infer.UpdateResponse[KvNamespaceState], error) {
	next := req.State
	next.KvNamespaceArgs = req.Inputs
	resp := infer.UpdateResponse[KvNamespaceState]{Output: next}
	if req.DryRun {
		return resp, nil
	}
	renamed := req.State.Title != req.Inputs.Title
	if renamed {
		if err := api(ctx).RenameKVNamespace(ctx, next.AccountID, next.NamespaceID, next.Title); err != nil {
			return infer.UpdateResponse[KvNamespaceState]{Output: req.State}, explain(err)
		}
	}
	written, err := writeEntries(ctx, next.AccountID, next.NamespaceID, req.State.Entries, req.Inputs.Entries)
	switch {
	case err == nil:
		return resp, nil
	case renamed || !maps.Equal(written, req.State.Entries):
		resp.Output.Entries = written
		return resp, infer.ResourceInitFailedError{Reasons: []string{explain(err).Error()}}
	}
	return infer.UpdateResponse[KvNamespaceState]{Output: req.State}, explain(err)
}

// Read forgets the namespace only if Cloudflare says that it is gone.
func (k *KvNamespace) Read(
	ctx context.Context, req infer.ReadRequest[KvNamespaceArgs, KvNamespaceState],
) (infer.ReadResponse[KvNamespaceArgs, KvNamespaceState], error) {
	resp := infer.ReadResponse[KvNamespaceArgs, KvNamespaceState](req)
	account, id := splitID(ctx, req.ID)
	if req.State.AccountID != "" {
		account = req.State.AccountID
	}
	is, err := api(ctx).KVNamespace(ctx, account, id)
	var entries map[string]string
	if err == nil {
		// A key whose deletion failed is in the state alone.
		entries, err = readEntries(ctx, account, is.ID, union(req.Inputs.Entries, req.State.Entries))
	}
	if errors.Is(err, cfapi.ErrNotFound) {
		return infer.ReadResponse[KvNamespaceArgs, KvNamespaceState]{}, nil
	}
	if err != nil {
		return resp, explain(err)
	}
	resp.ID = is.ID
	resp.Inputs = KvNamespaceArgs{
		AccountID: account, Title: is.Title, Entries: entries, EntriesFile: req.Inputs.EntriesFile,
	}
	resp.State = KvNamespaceState{KvNamespaceArgs: resp.Inputs, NamespaceID: is.ID}
	resp.State.EntriesFile = req.State.EntriesFile // the state keeps what the last update was given
	return resp, nil
}

// Delete removes the namespace and its keys. It is idempotent.
func (k *KvNamespace) Delete(
	ctx context.Context, req infer.DeleteRequest[KvNamespaceState],
) (infer.DeleteResponse, error) {
	err := api(ctx).DeleteKVNamespace(ctx, req.State.AccountID, req.State.NamespaceID)
	if errors.Is(err, cfapi.ErrNotFound) {
		err = nil
	}
	return infer.DeleteResponse{}, explain(err)
}
