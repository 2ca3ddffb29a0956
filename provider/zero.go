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
		resp.Inputs = inputsWithoutZeros(resp.Inputs, req.Inputs, req.Urn.Type())
		return resp, err
	}
	prov.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		resp, err := create(ctx, req)
		resp.Properties = outputsWithoutZeros(resp.Properties, req.Properties, req.Urn.Type())
		return resp, err
	}
	prov.Read = func(ctx context.Context, req p.ReadRequest) (p.ReadResponse, error) {
		resp, err := read(ctx, req)
		resp.Inputs = inputsWithoutZeros(resp.Inputs, req.Inputs, req.Urn.Type())
		resp.Properties = outputsWithoutZeros(resp.Properties, resp.Inputs, req.Urn.Type())
		return resp, err
	}
	prov.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		for name := range optionalInputs[req.Urn.Type()] {
			if _, had := req.State.GetOk(name); !had { // else infer would not see that it is new
				req.State = req.State.Set(name, property.New(property.Null))
			}
		}
		resp, err := update(ctx, req)
		resp.Properties = outputsWithoutZeros(resp.Properties, req.Inputs, req.Urn.Type())
		return resp, err
	}
	invoke := prov.Invoke
	prov.Invoke = func(ctx context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
		resp, err := invoke(ctx, req)
		if result, repeats := resultTypes[req.Token]; repeats {
			resp.Return = dropZeros(resp.Return, property.Map{}, result, map[string]bool{})
		}
		return resp, err
	}
	return prov
}

// resultTypes are the results of functions in which inputs of resources are, by function.
var resultTypes = map[tokens.Type]reflect.Type{
	Name + ":index:getBundle": reflect.TypeFor[GetBundleResult](),
	Name + ":index:getWorker": reflect.TypeFor[GetWorkerResult](),
}

// argsTypes are the types of the inputs, by resource.
var argsTypes = map[tokens.Type]reflect.Type{
	workerToken:    reflect.TypeFor[CloudflareWorkerArgs](),
	namespaceToken: reflect.TypeFor[KvNamespaceArgs](),
	bucketToken:    reflect.TypeFor[R2BucketArgs](),
	bundleToken:    reflect.TypeFor[WorkerBundleArgs](),
	secretToken:    reflect.TypeFor[SecretsStoreSecretArgs](),
	databaseToken:  reflect.TypeFor[D1DatabaseArgs](),
	queueToken:     reflect.TypeFor[QueueArgs](),
}

// optionalInputs are the inputs that a program may leave out, by resource.
var optionalInputs = func() map[tokens.Type]map[string]bool {
	inputs := map[tokens.Type]map[string]bool{}
	for token, args := range argsTypes {
		inputs[token] = optionalFields(args)
	}
	return inputs
}()

func optionalFields(args reflect.Type) map[string]bool {
	names := map[string]bool{}
	for field := range args.Fields() {
		if name, optional := strings.CutSuffix(field.Tag.Get("pulumi"), ",optional"); optional {
			names[name] = true
		}
	}
	return names
}

func inputsWithoutZeros(m, given property.Map, token tokens.Type) property.Map {
	return dropZeros(m, given, argsTypes[token], nil)
}

func outputsWithoutZeros(m, given property.Map, token tokens.Type) property.Map {
	return dropZeros(m, given, argsTypes[token], optionalInputs[token])
}

// dropZeros removes the empty texts and the falses from m that given does not
// have; if only is not nil, just those of its names. An empty text says nothing
// even when it is given: an output of another resource may be one. A false says
// something where t, the type of the inputs, has a pointer, or requires it.
func dropZeros(m, given property.Map, t reflect.Type, only map[string]bool) property.Map {
	for key, value := range m.All {
		was, had := given.GetOk(key)
		member, says := memberOf(t, key)
		empty := value.IsString() && value.AsString() == "" && !was.IsComputed()
		leftOut := !had && isZero(value) && (!says || value.IsString())
		switch {
		case key == "variables" || key == "secrets" || key == "entries": // their members are the user's, and may be empty
		case (empty || leftOut) && (only == nil || only[key]):
			m = m.Delete(key)
		case value.IsMap():
			inner := property.Map{}
			if was.IsMap() {
				inner = was.AsMap()
			}
			m = m.Set(key, property.WithGoValue(value, dropZeros(value.AsMap(), inner, member, nil)))
		}
	}
	return m
}

// memberOf returns the type of a member of t, nil if there is none, and whether the
// member says something even when it is false.
func memberOf(t reflect.Type, key string) (member reflect.Type, says bool) {
	switch {
	case t == nil:
		return nil, false
	case t.Kind() == reflect.Map:
		member = t.Elem()
	case t.Kind() == reflect.Struct:
		for field := range t.Fields() {
			name, optional := strings.CutSuffix(field.Tag.Get("pulumi"), ",optional")
			if name == key {
				member, says = field.Type, !optional || field.Type.Kind() == reflect.Pointer
			}
		}
	}
	if member != nil && member.Kind() == reflect.Pointer {
		member = member.Elem()
	}
	return member, says
}

func isZero(v property.Value) bool {
	return v.IsString() && v.AsString() == "" || v.IsBool() && !v.AsBool()
}
