// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// nestedSettings are the settings that are no plain values.
var nestedSettings = []string{"secretsGroups"}

// withNestedConfig reads nested settings that arrive as JSON, which is how SDKs and
// the stack's configuration send them to every provider. infer wants them nested.
func withNestedConfig(prov p.Provider) p.Provider {
	check, configure := prov.CheckConfig, prov.Configure
	prov.CheckConfig = func(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
		req.State, req.Inputs = nested(req.State), nested(req.Inputs)
		return check(ctx, req)
	}
	prov.Configure = func(ctx context.Context, req p.ConfigureRequest) error {
		req.Args = nested(req.Args)
		return configure(ctx, req)
	}
	return prov
}

func nested(settings property.Map) property.Map {
	for _, name := range nestedSettings {
		value := settings.Get(name)
		if !value.IsString() {
			continue
		}
		var parsed map[string]any
		if json.Unmarshal([]byte(value.AsString()), &parsed) != nil {
			continue // infer says what it should be
		}
		inner := resource.FromResourcePropertyValue(resource.NewPropertyValue(parsed))
		settings = settings.Set(name, inner.WithSecret(value.Secret()))
	}
	return settings
}
