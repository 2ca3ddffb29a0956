// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// An object holds the inputs of a resource as a program writes them: strings,
// numbers, booleans, lists, objects, and values that are secret or unknown.
type object map[string]any

// properties turns a program into what the engine sends.
func properties(o object) property.Map {
	m := map[string]property.Value{}
	for name, value := range o {
		m[name] = propertyOf(value)
	}
	return property.NewMap(m)
}

func propertyOf(value any) property.Value {
	switch v := value.(type) {
	case property.Value:
		return v
	case property.Map:
		return property.New(v)
	case string:
		return property.New(v)
	case bool:
		return property.New(v)
	case int:
		return property.New(float64(v))
	case float64:
		return property.New(v)
	case []any:
		list := make([]property.Value, len(v))
		for i := range v {
			list[i] = propertyOf(v[i])
		}
		return property.New(list)
	case object:
		return property.New(properties(v))
	}
	panic(fmt.Sprintf("a program has no %T", value))
}

// with returns a copy of o in which the input at path has the value; nil removes it.
func (o object) with(value any, path ...string) object {
	changed := maps.Clone(o)
	if changed == nil {
		changed = object{}
	}
	switch {
	case len(path) > 1:
		inner, _ := changed[path[0]].(object) // absent: begun here
		changed[path[0]] = inner.with(value, path[1:]...)
	case value == nil:
		delete(changed, path[0])
	default:
		changed[path[0]] = value
	}
	return changed
}

// paths calls visit with the path of each input, those that hold others first.
func (o object) paths(visit func(path []string), above ...string) {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		path := append(slices.Clone(above), name)
		visit(path)
		if inner, ok := o[name].(object); ok {
			inner.paths(visit, path...)
		}
	}
}

// secretMark is part of every secret value that the tests use.
const secretMark = "XYZZY-NOBODY-MAY-READ-THIS"

func secret(name string) property.Value {
	return property.New(name + " " + secretMark).WithSecret(true)
}

var (
	times = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z`)
	files = regexp.MustCompile(`"/[^"]*/`) // no key of an object begins with a slash
)

// canonical writes properties so that two runs can be compared: ids that
// Cloudflare chose become their order of appearance, times and directories vanish.
func canonical(t *testing.T, m property.Map) string {
	t.Helper()
	text, err := json.MarshalIndent(plain(property.New(m)), "", " ")
	require.NoError(t, err)
	seen := map[string]string{}
	text = randomIDs.ReplaceAllFunc(text, func(id []byte) []byte {
		name := string(id)
		if len(name) == 64 || slices.Contains([]string{account, otherAccount, zone, otherZone}, name) {
			return id
		}
		if seen[name] == "" {
			seen[name] = fmt.Sprintf("id%d", len(seen)+1)
		}
		return []byte(seen[name])
	})
	return string(files.ReplaceAll(times.ReplaceAll(text, []byte("time")), []byte(`"`)))
}

// plain turns a value into what encoding/json writes, with secrets and unknowns marked.
func plain(v property.Value) any {
	switch {
	case v.IsComputed():
		return "unknown"
	case v.Secret():
		return map[string]any{"secret": plain(v.WithSecret(false))}
	case v.IsMap():
		m := map[string]any{}
		for name, value := range v.AsMap().All {
			m[name] = plain(value)
		}
		return m
	case v.IsArray():
		list := []any{}
		for _, value := range v.AsArray().All {
			list = append(list, plain(value))
		}
		return list
	case v.IsString():
		return v.AsString()
	case v.IsNumber():
		return v.AsNumber()
	case v.IsBool():
		return v.AsBool()
	}
	return nil
}
