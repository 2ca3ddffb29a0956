// SPDX-License-Identifier: Apache-2.0

package component

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// input is v as an input of a child. What is not known yet, or secret, or depends on resources is so at its own place
// only: one unknown id must not hide all the bindings in a preview.
func input(ctx *pulumi.Context, v property.Value) (pulumi.Input, error) {
	deps := dependencies(v.Dependencies())
	if v.IsComputed() {
		return pulumi.UnsafeUnknownOutput(deps), nil
	}
	in, err := known(ctx, v)
	if err != nil || in == nil {
		return in, err
	}
	if v.Secret() {
		in = pulumi.ToSecret(in)
	}
	if len(deps) > 0 {
		in = pulumi.OutputWithDependencies(ctx.Context(), pulumi.ToOutput(in), deps...)
	}
	return in, nil
}

// known is a value that is not computed itself; what is in it may be. A null is nil.
func known(ctx *pulumi.Context, v property.Value) (pulumi.Input, error) {
	switch {
	case v.IsNull():
		return nil, nil //nolint:nilnil // an input that is absent
	case v.IsBool():
		return pulumi.Bool(v.AsBool()), nil
	case v.IsNumber():
		return pulumi.Float64(v.AsNumber()), nil
	case v.IsString():
		return pulumi.String(v.AsString()), nil
	case v.IsMap():
		return inputs(ctx, v.AsMap())
	case v.IsAsset():
		return assetInput(v.AsAsset())
	case v.IsArchive():
		return archiveInput(v.AsArchive())
	case v.IsArray():
		list := pulumi.Array{}
		for _, item := range v.AsArray().All {
			in, err := input(ctx, item)
			if err != nil {
				return nil, err
			}
			list = append(list, in)
		}
		return list, nil
	}
	return nil, errors.New("a resource is no input here: give one of its outputs")
}

// inputs are the members of a map.
func inputs(ctx *pulumi.Context, m property.Map) (pulumi.Map, error) {
	all := pulumi.Map{}
	for name, member := range m.AllStable {
		in, err := input(ctx, member)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if in != nil {
			all[name] = in
		}
	}
	return all, nil
}

func assetInput(a property.Asset) (pulumi.Input, error) {
	switch {
	case a.IsPath():
		return pulumi.NewFileAsset(a.Path), nil
	case a.IsURI():
		return pulumi.NewRemoteAsset(a.URI), nil
	}
	return pulumi.NewStringAsset(a.Text), nil
}

func archiveInput(a property.Archive) (pulumi.Input, error) {
	switch {
	case a.IsPath():
		return pulumi.NewFileArchive(a.Path), nil
	case a.IsURI():
		return pulumi.NewRemoteArchive(a.URI), nil
	}
	members := map[string]any{}
	for name, member := range a.Assets {
		var err error
		switch member := member.(type) {
		case *asset.Asset:
			members[name], err = assetInput(member)
		case *archive.Archive:
			members[name], err = archiveInput(member)
		default:
			err = fmt.Errorf("%q in an archive is neither an asset nor an archive", name)
		}
		if err != nil {
			return nil, err
		}
	}
	return pulumi.NewAssetArchive(members), nil
}

// A dependency is a resource of the program of which only the name is known here.
type dependency struct {
	pulumi.CustomResourceState

	urn pulumi.URN
}

// URN returns the name.
func (d *dependency) URN() pulumi.URNOutput { return d.urn.ToURNOutput() }

func dependencies(urns []urn.URN) []pulumi.Resource {
	var resources []pulumi.Resource
	for _, name := range urns {
		resources = append(resources, &dependency{urn: pulumi.URN(name)})
	}
	return resources
}
