// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// A described function reads the inputs of a CloudflareWorker from a file of another tool. infer makes its schema. Its
// result has only what the file says: infer would write all other inputs too, as zero values, and a program would then
// say them.
type described struct {
	infer.InferredFunction

	arguments map[string]func(property.Value) bool // by name: whether a value is of the argument's type
	read      func(ctx context.Context, args property.Map) (property.Map, error)
}

// The types of arguments.
var (
	isText = property.Value.IsString
	isFlag = property.Value.IsBool
	isMap  = property.Value.IsMap
)

// isTexts reports whether a value is a map of texts.
func isTexts(v property.Value) bool {
	if !v.IsMap() {
		return false
	}
	for _, member := range v.AsMap().All {
		if !member.IsString() {
			return false
		}
	}
	return true
}

// Invoke checks the arguments, reads the file and puts what the program says over it.
func (d described) Invoke(ctx context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
	var failures []p.CheckFailure
	for name, value := range req.Args.AllStable {
		switch fits, known := d.arguments[name]; {
		case !known:
			failures = append(failures, p.CheckFailure{Property: name, Reason: "there is no such argument"})
		case !value.IsNull() && !fits(value):
			failures = append(failures, p.CheckFailure{Property: name, Reason: "is of the wrong type"})
		}
	}
	if path := req.Args.Get("path"); !path.IsString() || path.AsString() == "" {
		failures = append(failures, p.CheckFailure{Property: "path", Reason: "must be the path of a file"})
	}
	if len(failures) > 0 {
		return p.InvokeResponse{Failures: failures}, nil
	}
	inputs, err := d.read(ctx, req.Args)
	if err != nil {
		return p.InvokeResponse{}, err
	}
	if overrides := req.Args.Get("overrides"); overrides.IsMap() {
		inputs = over(inputs, overrides.AsMap())
	}
	return p.InvokeResponse{Return: inputs}, nil
}

// over returns inputs with what overrides say in its place, name by name at every depth. A null removes an input.
func over(inputs, overrides property.Map) property.Map {
	for name, value := range overrides.All {
		was, had := inputs.GetOk(name)
		switch {
		case value.IsNull():
			inputs = inputs.Delete(name)
		case had && was.IsMap() && value.IsMap():
			merged := property.New(over(was.AsMap(), value.AsMap()))
			inputs = inputs.Set(name, merged.WithSecret(was.Secret() || value.Secret()))
		default:
			inputs = inputs.Set(name, value)
		}
	}
	return inputs
}

// toProperty is a value of texts, numbers, booleans, lists and maps, in which properties may stand.
func toProperty(value any) (property.Value, error) {
	switch v := value.(type) {
	case property.Value:
		return v, nil
	case map[string]any:
		all := map[string]property.Value{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member, err := toProperty(v[name])
			if err != nil {
				return property.Value{}, fmt.Errorf("%s: %w", name, err)
			}
			all[name] = member
		}
		return property.New(all), nil
	case []any:
		list := make([]property.Value, len(v))
		for i := range v {
			var err error
			if list[i], err = toProperty(v[i]); err != nil {
				return property.Value{}, err
			}
		}
		return property.New(list), nil
	}
	return property.Any(value)
}

// textOf is an argument that is a text, or empty.
func textOf(v property.Value) string {
	if !v.IsString() {
		return ""
	}
	return v.AsString()
}

// resourcesOf are the ids or names in the argument resources.
func resourcesOf(args property.Map) map[string]any {
	given := args.Get("resources")
	if !given.IsMap() {
		return nil
	}
	resources := map[string]any{}
	for name, id := range given.AsMap().All {
		resources[name] = id
	}
	return resources
}

// overridesText describes the argument overrides.
const overridesText = "Inputs of the `CloudflareWorker` that win over those of the file, under their names here, " +
	"such as `{ bindings: { CACHE: { kvNamespace: { id } } } }`. Maps are merged name by name; null removes an input. " +
	"Default: none."
