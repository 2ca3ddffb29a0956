// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// withConfigDiff lets the configuration change under what is deployed. infer
// replaces the provider at any change of it, and with the provider every
// resource: a rotated token would deploy everything anew, and so would the
// first update after an import, for which the engine configures a provider
// without Check. Which account a resource is in stands in its own inputs.
func withConfigDiff(prov p.Provider) p.Provider {
	prov.DiffConfig = func(_ context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		resp := p.DiffResponse{DetailedDiff: map[string]p.PropertyDiff{}}
		for _, inputs := range []property.Map{req.OldInputs, req.Inputs} {
			for key := range inputs.All {
				internal := key == "version" || strings.HasPrefix(key, "__")
				if !internal && !sameSetting(req.OldInputs.Get(key), req.Inputs.Get(key)) {
					resp.DetailedDiff[key] = p.PropertyDiff{Kind: p.Update, InputDiff: true}
				}
			}
		}
		resp.HasChanges = len(resp.DetailedDiff) > 0
		return resp, nil
	}
	return prov
}

// sameSetting compares two settings, of which one may be marked secret, or be left out.
func sameSetting(a, b property.Value) bool {
	a, b = a.WithSecret(false), b.WithSecret(false)
	unset := func(v property.Value) bool { return v.IsNull() || isZero(v) }
	return unset(a) && unset(b) || a.Equals(b)
}
