// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// aliasServer is a provider's server that knows the aliases of components which are given by name, type or parent:
// go-provider (up to 1.5.0) passes those on that are URNs, and drops the others.
type aliasServer struct {
	pulumirpc.ResourceProviderServer
}

// Construct makes a URN of each alias, as the engine does with those of other resources.
func (s aliasServer) Construct(
	ctx context.Context, req *pulumirpc.ConstructRequest,
) (*pulumirpc.ConstructResponse, error) {
	for i, alias := range req.GetAliases() {
		if spec := alias.GetSpec(); spec != nil {
			named := &pulumirpc.Alias_Urn{Urn: string(aliasURN(spec, req))}
			req.Aliases[i] = &pulumirpc.Alias{Alias: named}
		}
	}
	return s.ResourceProviderServer.Construct(ctx, req)
}

// aliasURN is what a component was called: as it is called now, save for what the alias says.
func aliasURN(alias *pulumirpc.Alias_Spec, now *pulumirpc.ConstructRequest) resource.URN {
	parent := now.GetParent()
	switch where := alias.GetParent().(type) {
	case *pulumirpc.Alias_Spec_ParentUrn:
		parent = where.ParentUrn
	case *pulumirpc.Alias_Spec_NoParent:
		if where.NoParent {
			parent = ""
		}
	}
	var parentType tokens.Type
	if parent != "" {
		parentType = resource.URN(parent).QualifiedType()
	}
	return resource.NewURN(
		tokens.QName(cmp.Or(alias.GetStack(), now.GetStack())),
		tokens.PackageName(cmp.Or(alias.GetProject(), now.GetProject())),
		parentType,
		tokens.Type(cmp.Or(alias.GetType(), now.GetType())),
		cmp.Or(alias.GetName(), now.GetName()),
	)
}
