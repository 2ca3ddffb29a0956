// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// constructed notes what it is asked to construct.
type constructed struct {
	pulumirpc.UnimplementedResourceProviderServer

	aliases []string
}

func (c *constructed) Construct(
	_ context.Context, req *pulumirpc.ConstructRequest,
) (*pulumirpc.ConstructResponse, error) {
	for _, alias := range req.GetAliases() {
		c.aliases = append(c.aliases, alias.GetUrn())
	}
	return &pulumirpc.ConstructResponse{}, nil
}

// TestAnAliasIsTheURNThatItMeans goes through what an alias can say, and what it leaves to the component.
func TestAnAliasIsTheURNThatItMeans(t *testing.T) {
	t.Parallel()
	const (
		typ   = "cloudflare-workers:index:WorkerApp"
		stack = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
		group = "urn:pulumi:dev::shop::my:group:Outer$my:group:Inner::all"
	)
	spec := func(s *pulumirpc.Alias_Spec) *pulumirpc.Alias {
		return &pulumirpc.Alias{Alias: &pulumirpc.Alias_Spec_{Spec: s}}
	}
	for parent, cases := range map[string]map[string]*pulumirpc.Alias{
		stack: {
			"urn:pulumi:dev::shop::" + typ + "::given": {Alias: &pulumirpc.Alias_Urn{
				Urn: "urn:pulumi:dev::shop::" + typ + "::given",
			}},
			"urn:pulumi:dev::shop::" + typ + "::old":  spec(&pulumirpc.Alias_Spec{Name: "old"}),
			"urn:pulumi:dev::shop::my:old:App::app":   spec(&pulumirpc.Alias_Spec{Type: "my:old:App"}),
			"urn:pulumi:test::shop::" + typ + "::app": spec(&pulumirpc.Alias_Spec{Stack: "test"}),
			"urn:pulumi:dev::store::" + typ + "::app": spec(&pulumirpc.Alias_Spec{Project: "store"}),
			"urn:pulumi:dev::shop::my:group:Outer$my:group:Inner$" + typ + "::app": spec(&pulumirpc.Alias_Spec{
				Parent: &pulumirpc.Alias_Spec_ParentUrn{ParentUrn: group},
			}),
		},
		group: {
			"urn:pulumi:dev::shop::my:group:Outer$my:group:Inner$" + typ + "::old": spec(&pulumirpc.Alias_Spec{Name: "old"}),
			"urn:pulumi:dev::shop::" + typ + "::app": spec(&pulumirpc.Alias_Spec{
				Parent: &pulumirpc.Alias_Spec_NoParent{NoParent: true},
			}),
			"urn:pulumi:dev::shop::" + typ + "::old": spec(&pulumirpc.Alias_Spec{
				Name: "old", Parent: &pulumirpc.Alias_Spec_ParentUrn{ParentUrn: stack},
			}),
		},
	} {
		for want, alias := range cases {
			seen := &constructed{}
			_, err := aliasServer{seen}.Construct(t.Context(), &pulumirpc.ConstructRequest{
				Stack: "dev", Project: "shop", Type: typ, Name: "app", Parent: parent, Aliases: []*pulumirpc.Alias{alias},
			})
			require.NoError(t, err)
			assert.Equal(t, []string{want}, seen.aliases)
		}
	}
}
