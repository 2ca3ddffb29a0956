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

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/seal"
)

var (
	_ infer.Annotated                                                             = (*SecretsStoreSecret)(nil)
	_ infer.Annotated                                                             = (*SecretsStoreSecretArgs)(nil)
	_ infer.Annotated                                                             = (*SecretsStoreSecretState)(nil)
	_ infer.CustomCheck[SecretsStoreSecretArgs]                                   = (*SecretsStoreSecret)(nil)
	_ infer.CustomResource[SecretsStoreSecretArgs, SecretsStoreSecretState]       = (*SecretsStoreSecret)(nil)
	_ infer.CustomUpdate[SecretsStoreSecretArgs, SecretsStoreSecretState]         = (*SecretsStoreSecret)(nil)
	_ infer.CustomRead[SecretsStoreSecretArgs, SecretsStoreSecretState]           = (*SecretsStoreSecret)(nil)
	_ infer.CustomDelete[SecretsStoreSecretState]                                 = (*SecretsStoreSecret)(nil)
	_ infer.ExplicitDependencies[SecretsStoreSecretArgs, SecretsStoreSecretState] = (*SecretsStoreSecret)(nil)
)

// SecretsStoreSecret is a secret in a store of Cloudflare's Secrets Store.
type SecretsStoreSecret struct{}

// SecretsStoreSecretArgs are the inputs of a [SecretsStoreSecret]. Value is a
// fingerprint; what it is of waits in the vault.
type SecretsStoreSecretArgs struct {
	AccountID string   `pulumi:"accountId,optional" provider:"replaceOnChanges"`
	StoreID   string   `pulumi:"storeId"            provider:"replaceOnChanges"`
	Name      string   `pulumi:"name,optional"      provider:"replaceOnChanges"`
	Value     string   `pulumi:"value"              provider:"secret"`
	Scopes    []string `pulumi:"scopes,optional"`
	Comment   string   `pulumi:"comment,optional"`
}

// SecretsStoreSecretState is a [SecretsStoreSecret] as last seen. The status that
// Cloudflare gives it is not part of it: it changes by itself.
type SecretsStoreSecretState struct {
	SecretsStoreSecretArgs
	SecretID   string `pulumi:"secretId"`
	SetAt      string `pulumi:"setAt"`
	ModifiedOn string `pulumi:"modifiedOn"`
}

//go:embed doc/secrets_store_secret.md
var secretsStoreSecretDoc string

const (
	// maxStoredSecretBytes is how large a value may be:
	// https://developers.cloudflare.com/secrets-store/manage-secrets/ and workers-sdk,
	// packages/wrangler/src/secrets-store/commands.ts. It was 1024 at first.
	maxStoredSecretBytes = 64 * 1024

	// maxStoredSecretName bounds the names that are made here; Cloudflare tells no limit.
	maxStoredSecretName = 64

	// workersScope is the scope of secrets that Workers can be bound to.
	workersScope = "workers"
)

var (
	// storeID is what a part of a path can be; those that Cloudflare makes are 32 hex digits.
	storeID = regexp.MustCompile(`^[0-9a-zA-Z-]+$`)
	// storedSecretName is wrangler's rule (validateSecretName, in the same file).
	storedSecretName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// Annotate describes the resource.
func (s *SecretsStoreSecret) Annotate(a infer.Annotator) {
	a.Describe(&s, strings.TrimSpace(secretsStoreSecretDoc))
}

// Annotate describes the inputs.
func (s *SecretsStoreSecretArgs) Annotate(a infer.Annotator) {
	a.Describe(&s.AccountID, "The Cloudflare account (32 hex digits). Default: the provider's `accountId`. "+
		"Changing it replaces the secret.")
	a.Describe(&s.StoreID, "Id of the store. An account has one, which is made once: `wrangler secrets-store store "+
		"create <name> --remote`, or the dashboard. Changing it replaces the secret.")
	a.Describe(&s.Name, "The secret's name, unique in the store: letters, digits, `-` and `_`. Default: the resource's "+
		"name and 7 hex digits that differ from stack to stack. Changing it replaces the secret.")
	a.Describe(&s.Value, "The value, 1 byte to 64 KiB. It is write-only: it never reaches the state, not even "+
		"encrypted; there is a fingerprint in its place. It may be a reference: `env:NAME`, `file:PATH` or "+
		"`$secrets-group/<group>/<name>` (see the provider's `secretsGroups`); `literal:` before it takes any text as it "+
		"is. It is sent only when it has changed, here or elsewhere.")
	a.Describe(&s.Scopes, "The products that may use the secret, such as `workers` and `ai_gateway`. Their order says "+
		"nothing. Default: `[\"workers\"]`.")
	a.Describe(&s.Comment, "What the secret is for. Everybody who may list the store's secrets sees it. Default: none.")
}

// Annotate describes the outputs.
func (s *SecretsStoreSecretState) Annotate(a infer.Annotator) {
	a.Describe(&s.SecretID, "Cloudflare's id of the secret: the last part of the resource's `id`.")
	a.Describe(&s.SetAt, "When this program last set the value: RFC 3339, UTC. Empty after an import.")
	a.Describe(&s.ModifiedOn, "When the secret was last modified, as Cloudflare tells it. That it is another time than "+
		"that of this program's last change is how a change elsewhere shows.")
}

// WireDependencies keeps outputs known in the previews of changes that cannot touch them.
func (*SecretsStoreSecret) WireDependencies(
	f infer.FieldSelector, in *SecretsStoreSecretArgs, out *SecretsStoreSecretState,
) {
	f.OutputField(&out.SecretID).DependsOn(f.InputField(&in.AccountID).Computed(),
		f.InputField(&in.StoreID).Computed(), f.InputField(&in.Name).Computed())
	f.OutputField(&out.SetAt).DependsOn(f.InputField(&in.Value).Computed())
	f.OutputField(&out.ModifiedOn).DependsOn(f.InputField(&in.Value).Computed(),
		f.InputField(&in.Scopes).Computed(), f.InputField(&in.Comment).Computed())
}

// Check fills in account, name and scopes, and validates the rest.
func (s *SecretsStoreSecret) Check(
	ctx context.Context, req infer.CheckRequest,
) (infer.CheckResponse[SecretsStoreSecretArgs], error) {
	args, failures, err := infer.DefaultCheck[SecretsStoreSecretArgs](ctx, req.NewInputs)
	if err != nil || len(failures) > 0 {
		return infer.CheckResponse[SecretsStoreSecretArgs]{Inputs: args, Failures: failures}, err
	}
	c := &checker{inputs: req.NewInputs, failures: checkAccount(ctx, &args.AccountID, req.NewInputs)}
	if args.Name == "" && !computed(req.NewInputs, "name") {
		args.Name = autoname(ctx, req, "name", maxStoredSecretName)
	}
	if len(args.Scopes) == 0 && !computed(req.NewInputs, "scopes") {
		args.Scopes = []string{workersScope}
	}
	c.storedSecret(args)
	return infer.CheckResponse[SecretsStoreSecretArgs]{Inputs: args, Failures: c.failures}, nil
}

func (c *checker) storedSecret(args SecretsStoreSecretArgs) {
	c.fail(!storeID.MatchString(args.StoreID), []string{"storeId"}, "%q is not the id of a store: "+
		"wrangler secrets-store store list --remote shows it", args.StoreID)
	c.fail(args.Name != "" && !storedSecretName.MatchString(args.Name), []string{"name"}, "%q is not a secret's name: "+
		"letters, digits, \"-\" and \"_\"", args.Name)
	for i, scope := range args.Scopes {
		c.fail(scope != "" && slices.Index(args.Scopes, scope) < i, []string{"scopes"}, "%q is there twice", scope)
	}
}

// Create makes the secret. One of that name that exists already is somebody else's.
func (s *SecretsStoreSecret) Create(
	ctx context.Context, req infer.CreateRequest[SecretsStoreSecretArgs],
) (infer.CreateResponse[SecretsStoreSecretState], error) {
	args := req.Inputs
	resp := infer.CreateResponse[SecretsStoreSecretState]{Output: SecretsStoreSecretState{SecretsStoreSecretArgs: args}}
	if req.DryRun {
		return resp, nil
	}
	value, err := storedValue(ctx, args.Value)
	if err != nil {
		return resp, err
	}
	ctx, done, err := settled(ctx)
	defer done()
	if err != nil {
		return resp, err
	}
	started := time.Now()
	made, err := api(ctx).CreateStoreSecret(ctx, args.AccountID, args.StoreID, cfapi.StoreSecretInput{
		Name: args.Name, Value: value, Comment: args.Comment, Scopes: args.Scopes,
	})
	lost := cfapi.LostResponse(err)
	if lost {
		made, err = findStoredSecret(ctx, args, started, err)
	}
	if err != nil {
		return resp, explain(err)
	}
	if lost {
		found := made
		if made, err = claimStoredSecret(ctx, args, found, value); err != nil {
			// It is there, and what it holds is not known.
			resp.ID, resp.Output.SecretID = storedSecretID(args, found.ID), found.ID
			resp.Output.Value = changedElsewhere(describeStoredSecret(found))
			resp.Output.ModifiedOn = modifiedOn(found)
			return resp, infer.ResourceInitFailedError{Reasons: []string{explain(err).Error()}}
		}
	}
	resp.ID, resp.Output.SecretID = storedSecretID(args, made.ID), made.ID
	resp.Output.SetAt, resp.Output.ModifiedOn = timestamp(time.Now()), modifiedOn(made)
	return resp, nil
}

// storedValue returns the value that has to be sent.
func storedValue(ctx context.Context, fingerprint string) (string, error) {
	value, ok := vaultOf(ctx).value(fingerprint)
	if !ok {
		return "", explain(&noValueError{path: "value"})
	}
	return value, nil
}

// storedSecretID is the id with which a secret can be imported, too.
func storedSecretID(args SecretsStoreSecretArgs, id string) string {
	return args.AccountID + "/" + args.StoreID + "/" + id
}

// parseStoredSecretID reads "<accountId>/<storeId>/<secretId>" or "<storeId>/<secretId>".
func parseStoredSecretID(ctx context.Context, id string) (args SecretsStoreSecretArgs, secret string, err error) {
	if strings.Count(id, "/") == 1 {
		id = infer.GetConfig[Config](ctx).AccountID + "/" + id
	}
	parts := strings.Split(id, "/")
	if len(parts) != 3 || slices.Contains(parts, "") {
		return args, "", fmt.Errorf("%q is not the id of a secret: <accountId>/<storeId>/<secretId>", id)
	}
	args.AccountID, args.StoreID = parts[0], parts[1]
	return args, parts[2], nil
}

// modifiedOn is as exact as Cloudflare is, so that two changes differ.
func modifiedOn(s cfapi.StoreSecret) string { return s.Modified.UTC().Format(time.RFC3339Nano) }

// describeStoredSecret says which secret was modified when; by whom, Cloudflare does not tell.
func describeStoredSecret(s cfapi.StoreSecret) string {
	return fmt.Sprintf("secret %s, modified on %s", s.ID, s.Modified.UTC().Format("2006-01-02 15:04 MST"))
}

// findStoredSecret settles a create whose answer was lost. Names are unique in a
// store, so a secret of that name is the one that was made, or it made Cloudflare
// refuse ours. It is taken for ours if it is as young and looks as ours would.
func findStoredSecret(
	ctx context.Context, args SecretsStoreSecretArgs, started time.Time, cause error,
) (cfapi.StoreSecret, error) {
	list, err := api(ctx).StoreSecrets(ctx, args.AccountID, args.StoreID)
	if err != nil {
		return cfapi.StoreSecret{}, errors.Join(cause, err)
	}
	for _, is := range list {
		if is.Name != args.Name {
			continue
		}
		if is.Created.Before(started.Add(-clockSkew)) || is.Comment != args.Comment || !sameFlags(is.Scopes, args.Scopes) {
			return cfapi.StoreSecret{}, &cfapi.Error{
				Op: fmt.Sprintf("create secret %q in store %q", args.Name, args.StoreID), Kind: cfapi.ErrConflict,
				API: cfapi.APISecretsStore, Codes: []cfapi.Code{{
					Code: codeStoredSecretExists, Message: "it exists since " + timestamp(is.Created) + " (id " + is.ID + ")",
				}},
			}
		}
		return is, nil
	}
	return cfapi.StoreSecret{}, cause
}

// claimStoredSecret sets the value of a secret that is taken for ours, and says so.
// If it is ours, it has the value already. But it may be one that somebody made
// minutes ago under the same name, with the same comment and scopes: most
// likely an earlier attempt of this program. Its value is not known, and a state that
// promises ours must not be a guess: Workers would silently run with another one.
func claimStoredSecret(
	ctx context.Context, args SecretsStoreSecretArgs, found cfapi.StoreSecret, value string,
) (cfapi.StoreSecret, error) {
	p.GetLogger(ctx).Warning(fmt.Sprintf("The answer to the creation of secret %q was lost. The store has one of this "+
		"name since %s (id %s), which is taken for it; its value is set once more.",
		args.Name, timestamp(found.Created), found.ID))
	return api(ctx).ChangeStoreSecret(ctx, args.AccountID, args.StoreID, found.ID, cfapi.StoreSecretChange{Value: &value})
}

// Update sends what changed, and the value only if that did. Workers that are bound
// to the secret need no new version.
func (s *SecretsStoreSecret) Update(
	ctx context.Context, req infer.UpdateRequest[SecretsStoreSecretArgs, SecretsStoreSecretState],
) (infer.UpdateResponse[SecretsStoreSecretState], error) {
	was, want, next := req.State, req.Inputs, req.State
	next.SecretsStoreSecretArgs = want
	sends := !seal.Equal(was.Value, want.Value) // ignoreChanges gives back what is stored
	comments, scopes := was.Comment != want.Comment, !sameFlags(was.Scopes, want.Scopes)
	if req.DryRun || !sends && !comments && !scopes {
		return infer.UpdateResponse[SecretsStoreSecretState]{Output: next}, nil
	}
	var change cfapi.StoreSecretChange
	if sends {
		value, err := storedValue(ctx, want.Value)
		if err != nil {
			return infer.UpdateResponse[SecretsStoreSecretState]{Output: was}, err
		}
		change.Value = &value
	}
	if comments {
		change.Comment = &want.Comment
	}
	if scopes {
		change.Scopes = want.Scopes
	}
	is, err := api(ctx).ChangeStoreSecret(ctx, was.AccountID, was.StoreID, was.SecretID, change)
	if err != nil {
		return infer.UpdateResponse[SecretsStoreSecretState]{Output: was}, explain(err)
	}
	next.ModifiedOn = modifiedOn(is)
	if sends {
		next.SetAt = timestamp(time.Now())
	}
	return infer.UpdateResponse[SecretsStoreSecretState]{Output: next}, nil
}

// Read forgets the secret only if Cloudflare says that it is gone. The value cannot
// be read. If the secret was modified by somebody else, it can be another one, and
// counts as such: Cloudflare does not tell what of it was modified. That the time
// of modification is the one in the answer to our own change, also once the
// status is no longer pending, is a best guess.
func (s *SecretsStoreSecret) Read(
	ctx context.Context, req infer.ReadRequest[SecretsStoreSecretArgs, SecretsStoreSecretState],
) (infer.ReadResponse[SecretsStoreSecretArgs, SecretsStoreSecretState], error) {
	resp := infer.ReadResponse[SecretsStoreSecretArgs, SecretsStoreSecretState](req)
	args, id, err := parseStoredSecretID(ctx, req.ID)
	if err != nil {
		return resp, err
	}
	is, err := api(ctx).StoreSecret(ctx, args.AccountID, args.StoreID, id)
	if errors.Is(err, cfapi.ErrNotFound) {
		return infer.ReadResponse[SecretsStoreSecretArgs, SecretsStoreSecretState]{}, nil
	}
	if err != nil {
		return resp, explain(err)
	}
	args.Name, args.Comment, args.Scopes = is.Name, is.Comment, is.Scopes
	if sameFlags(is.Scopes, req.Inputs.Scopes) {
		args.Scopes = req.Inputs.Scopes
	}
	args.Value = req.State.Value
	if modifiedOn(is) != req.State.ModifiedOn {
		args.Value = changedElsewhere(describeStoredSecret(is))
	}
	resp.ID, resp.Inputs = storedSecretID(args, is.ID), args
	resp.State = SecretsStoreSecretState{
		SecretsStoreSecretArgs: args, SecretID: is.ID, SetAt: req.State.SetAt, ModifiedOn: modifiedOn(is),
	}
	return resp, nil
}

// Delete removes the secret. It is idempotent.
func (s *SecretsStoreSecret) Delete(
	ctx context.Context, req infer.DeleteRequest[SecretsStoreSecretState],
) (infer.DeleteResponse, error) {
	err := api(ctx).DeleteStoreSecret(ctx, req.State.AccountID, req.State.StoreID, req.State.SecretID)
	if errors.Is(err, cfapi.ErrNotFound) {
		err = nil
	}
	return infer.DeleteResponse{}, explain(err)
}
