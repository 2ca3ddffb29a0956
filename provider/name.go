// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

type urnKey struct{}

// withURN lets Check know the resource's URN, which infer does not pass on.
func withURN(prov p.Provider) p.Provider {
	check := prov.Check
	prov.Check = func(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
		resp, err := check(context.WithValue(ctx, urnKey{}, req.Urn), req)
		resp.Inputs = withUnknown(resp.Inputs, req.Inputs)
		return resp, err
	}
	return prov
}

// withUnknown puts back what program does not know yet and infer has lost: it
// encodes an unknown list as an absent one, and an unknown secret, and an unknown
// text beside a map of anything, as an empty one.
func withUnknown(checked, program property.Map) property.Map {
	for name, value := range program.All {
		kept := checked.Get(name)
		switch {
		case value.IsComputed():
			checked = checked.Set(name, value)
		case value.IsMap() && kept.IsMap():
			inner := withUnknown(kept.AsMap(), value.AsMap())
			checked = checked.Set(name, property.WithGoValue(kept, inner))
		}
	}
	return checked
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// autoname returns the old name if there is one, else one made from the
// resource's name and its URN: the same in preview and update, and another one
// in each stack, at most limit characters of a-z, 0-9 and "-".
func autoname(ctx context.Context, req infer.CheckRequest, property string, limit int) string {
	if old := req.OldInputs.Get(property); old.IsString() && old.AsString() != "" {
		return old.AsString()
	}
	urn, _ := ctx.Value(urnKey{}).(resource.URN)
	sum := sha256.Sum256([]byte(urn))
	suffix := "-" + hex.EncodeToString(sum[:])[:7]
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(req.Name), "-"), "-")
	if name == "" {
		name = "worker"
	}
	return strings.TrimRight(name[:min(len(name), limit-len(suffix))], "-") + suffix
}

// computed reports whether the input at path, or something that holds it, is
// not known yet. infer decodes such an input to its zero value.
func computed(inputs property.Map, path ...string) bool {
	value := property.New(inputs)
	for _, key := range path {
		if value.IsComputed() {
			return true
		}
		if !value.IsMap() {
			return false
		}
		value = value.AsMap().Get(key)
	}
	return value.IsComputed()
}

var accountID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// checkAccount fills in the configured account and refuses what is not an account id.
func checkAccount(ctx context.Context, account *string, inputs property.Map) []p.CheckFailure {
	if computed(inputs, "accountId") {
		return nil
	}
	if *account == "" {
		*account = infer.GetConfig[Config](ctx).AccountID
	}
	switch {
	case *account == "":
		return []p.CheckFailure{{Property: "accountId", Reason: "no Cloudflare account: set it here, as " +
			Name + ":accountId in the stack's configuration, or in the environment variable CLOUDFLARE_ACCOUNT_ID"}}
	case !accountID.MatchString(*account):
		return []p.CheckFailure{{Property: "accountId", Reason: fmt.Sprintf(
			"%q is not an account id: 32 lower-case hex digits, as in the dashboard's address", *account)}}
	}
	return nil
}

// splitID splits "<accountId>/<rest>"; without a slash the account is the configured one.
func splitID(ctx context.Context, id string) (account, rest string) {
	account, rest, found := strings.Cut(id, "/")
	if !found {
		return infer.GetConfig[Config](ctx).AccountID, id
	}
	return account, rest
}
