// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// withNamedSecrets marks each secret of a Worker, where infer marks the map
// that holds them, so that a preview says which one changes. A name is no
// secret: it stands in the Worker's settings.
func withNamedSecrets(prov p.Provider) p.Provider {
	check, diff, create, read, update := prov.Check, prov.Diff, prov.Create, prov.Read, prov.Update
	prov.Check = func(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
		resp, err := check(ctx, req)
		resp.Inputs = nameSecrets(req.Urn, resp.Inputs)
		return resp, err
	}
	prov.Diff = func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		// In the state, SDKs have the engine mark the map as well.
		req.State = nameSecrets(req.Urn, req.State)
		req.OldInputs, req.Inputs = nameSecrets(req.Urn, req.OldInputs), nameSecrets(req.Urn, req.Inputs)
		return diff(ctx, req)
	}
	prov.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		resp, err := create(ctx, req)
		resp.Properties = nameSecrets(req.Urn, resp.Properties)
		return resp, err
	}
	prov.Read = func(ctx context.Context, req p.ReadRequest) (p.ReadResponse, error) {
		resp, err := read(ctx, req)
		resp.Inputs, resp.Properties = nameSecrets(req.Urn, resp.Inputs), nameSecrets(req.Urn, resp.Properties)
		return resp, err
	}
	prov.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		req.State, req.Inputs = nameSecrets(req.Urn, req.State), nameSecrets(req.Urn, req.Inputs)
		resp, err := update(ctx, req)
		resp.Properties = nameSecrets(req.Urn, resp.Properties)
		return resp, err
	}
	return prov
}

// nameSecrets moves the mark of a Worker's secrets to their values.
func nameSecrets(urn resource.URN, m property.Map) property.Map {
	secrets := m.Get("secrets")
	if urn.Type() != workerToken || !secrets.IsMap() {
		return m
	}
	values := secrets.AsMap()
	for name, value := range values.All {
		values = values.Set(name, value.WithSecret(true))
	}
	return m.Set("secrets", property.WithGoValue(secrets, values).WithSecret(false))
}
