// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"reflect"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// withoutZeros keeps what a program leaves out, left out. infer writes an
// optional input that is absent as its zero value, and a preview would say
// `mainModule: ""` of a Worker that names none. The outputs that repeat inputs
// are written in the same way, for infer tells by them what has changed.
func withoutZeros(prov p.Provider) p.Provider {
	check, create, read, update := prov.Check, prov.Create, prov.Read, prov.Update
	prov.Check = func(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
		resp, err := check(ctx, req)
		resp.Inputs = dropZeros(resp.Inputs, req.Inputs, nil)
		return resp, err
	}
	prov.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		resp, err := create(ctx, req)
		resp.Properties = dropZeros(resp.Properties, req.Properties, optionalInputs[req.Urn.Type()])
		return resp, err
	}
	prov.Read = func(ctx context.Context, req p.ReadRequest) (p.ReadResponse, error) {
		resp, err := read(ctx, req)
		resp.Inputs = dropZeros(resp.Inputs, req.Inputs, nil)
		resp.Properties = dropZeros(resp.Properties, resp.Inputs, optionalInputs[req.Urn.Type()])
		return resp, err
	}
	prov.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		for name := range optionalInputs[req.Urn.Type()] {
			if _, had := req.State.GetOk(name); !had { // else infer would not see that it is new
				req.State = req.State.Set(name, property.New(property.Null))
			}
		}
		resp, err := update(ctx, req)
		resp.Properties = dropZeros(resp.Properties, req.Inputs, optionalInputs[req.Urn.Type()])
		return resp, err
	}
	return prov
}

// optionalInputs are the inputs that a program may leave out, by resource.
var optionalInputs = map[tokens.Type]map[string]bool{
	workerToken:    optionalFields(reflect.TypeFor[CloudflareWorkerArgs]()),
	namespaceToken: optionalFields(reflect.TypeFor[KvNamespaceArgs]()),
	bucketToken:    optionalFields(reflect.TypeFor[R2BucketArgs]()),
	bundleToken:    optionalFields(reflect.TypeFor[WorkerBundleArgs]()),
}

func optionalFields(args reflect.Type) map[string]bool {
	names := map[string]bool{}
	for field := range args.Fields() {
		if name, optional := strings.CutSuffix(field.Tag.Get("pulumi"), ",optional"); optional {
			names[name] = true
		}
	}
	return names
}

// dropZeros removes the empty texts and the falses from m that given does not
// have; if only is not nil, just those of its names. An empty text says nothing
// even when it is given: an output of another resource may be one.
func dropZeros(m, given property.Map, only map[string]bool) property.Map {
	for key, value := range m.All {
		was, had := given.GetOk(key)
		empty := value.IsString() && value.AsString() == "" && !was.IsComputed()
		switch {
		case key == "variables" || key == "secrets": // their members are the user's, and may be empty
		case (empty || !had && isZero(value)) && (only == nil || only[key]):
			m = m.Delete(key)
		case value.IsMap():
			inner := property.Map{}
			if was.IsMap() {
				inner = was.AsMap()
			}
			m = m.Set(key, property.WithGoValue(value, dropZeros(value.AsMap(), inner, nil)))
		}
	}
	return m
}

func isZero(v property.Value) bool {
	return v.IsString() && v.AsString() == "" || v.IsBool() && !v.AsBool()
}
