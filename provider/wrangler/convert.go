// SPDX-License-Identifier: Apache-2.0

package wrangler

import (
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Options say what a file leaves open.
type Options struct {
	// Environment is the one whose Worker is meant; empty means the top of the file.
	Environment string
	// Resources are ids, or names, of what bindings stand for that the file gives none for, by the names of the bindings.
	Resources map[string]any
	// WithoutResources leaves the id, or name, out of such a binding that Resources do not have, for the caller to fill
	// in, instead of refusing it.
	WithoutResources bool
}

// An Error is all that is wrong with a file.
type Error struct {
	Path     string
	Problems []string
}

func (e *Error) Error() string { return e.Path + ": " + strings.Join(e.Problems, "; ") }

// Inputs returns the inputs of the CloudflareWorker that the file describes. The bundle is none of them: the file tells
// how it is built. Warnings are about what the file says, and does not mean.
func (f *File) Inputs(o Options) (inputs map[string]any, warnings []string, err error) {
	e, warnings, err := f.environment(o.Environment)
	if err != nil {
		return nil, nil, &Error{f.Path, []string{err.Error()}}
	}
	c := &conversion{environment: e, options: o, dir: filepath.Dir(f.Path), inputs: map[string]any{}}
	for key, value := range sortedMap(e.config) {
		c.member("", key, e.at(key), place{}, value)
	}
	c.routes()
	for name := range sortedMap(o.Resources) {
		if !c.filled[name] {
			c.fail("resources.%s: the file has no binding of this name that leaves open what it stands for", name)
		}
	}
	if len(c.problems) > 0 {
		return nil, warnings, &Error{f.Path, c.problems}
	}
	return c.inputs, warnings, nil
}

// A conversion is one of a file into inputs.
type conversion struct {
	environment

	options  Options
	dir      string // of the file
	inputs   map[string]any
	filled   map[string]bool // the bindings for which Resources were used
	problems []string
}

func (c *conversion) fail(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// A place is what names and indexes stand for on the way to a value.
type place struct {
	stars   []string
	indexes []int
	holders []map[string]any // the maps that the value is in, the inmost last
}

// named is the value of a member, which is a name: that of the nearest map that has it.
func (p place) named(member string) string {
	for _, holder := range slices.Backward(p.holders) {
		if name, ok := holder[member].(string); ok {
			return name
		}
	}
	return ""
}

// member converts what map says under name; at is where that is in the file.
func (c *conversion) member(path, name, at string, in place, value any) {
	if value == nil { // as good as absent
		return
	}
	full := strings.TrimPrefix(path+"."+name, ".")
	key := byPath[full]
	if key == nil {
		if key = byPath[path+".*"]; key == nil {
			c.unknown(at, path)
			return
		}
		in.stars = append(slices.Clone(in.stars), name)
	}
	c.value(key, at, in, value)
}

// value converts a value.
func (c *conversion) value(key *Key, at string, in place, value any) {
	switch {
	case key.Fate == Ignored || value == nil:
		return
	case key.Fate == Refused:
		c.refuse(key, at, value)
		return
	case key.convert != nil:
		converted, ok := key.convert(c, at, value)
		if !ok {
			return
		}
		value = converted
	}
	children := below[key.Path]
	switch {
	case len(children) == 0:
		c.leaf(key, at, in, value)
	case strings.HasSuffix(children[0].Path, "[]"):
		list, ok := value.([]any)
		if !ok {
			c.fail("%s must be a list", at)
			return
		}
		for i, item := range list {
			in := in
			in.indexes = append(slices.Clone(in.indexes), i)
			c.value(children[0], fmt.Sprintf("%s[%d]", at, i), in, item)
		}
	default:
		c.members(key, at, in, value)
	}
}

// members converts a map.
func (c *conversion) members(key *Key, at string, in place, value any) {
	members, ok := value.(map[string]any)
	if !ok {
		c.fail("%s must be a map", at)
		return
	}
	in.holders = append(slices.Clone(in.holders), members)
	if key.To != "" {
		if !c.put(key.To, at, in, map[string]any{}, true) {
			return
		}
		for name, with := range key.with {
			c.put(key.To+"."+name, at, in, with, false)
		}
	}
	for name, value := range sortedMap(members) {
		c.member(key.Path, name, at+"."+name, in, value)
	}
	for _, child := range below[key.Path] {
		if members[lastPart(child.Path)] == nil {
			c.missing(child, at, in, members)
		}
	}
}

// missing fills in what an absent member means.
func (c *conversion) missing(key *Key, at string, in place, members map[string]any) {
	switch {
	case key.absent != nil:
		c.put(key.To, at, in, key.absent(members), false)
	case key.needs != "":
		binding, _ := members["binding"].(string)
		if given, ok := c.options.Resources[binding]; ok {
			c.put(key.To, at, in, given, false)
			if c.filled == nil {
				c.filled = map[string]bool{}
			}
			c.filled[binding] = true
		} else if !c.options.WithoutResources {
			c.fail("%s (%s) has no %s, and wrangler would make the resource: give %s as resources.%s", at, binding,
				lastPart(key.Path), key.needs, binding)
		}
	}
}

// leaf carries a value over that has no keys of its own.
func (c *conversion) leaf(key *Key, at string, in place, value any) {
	if key.named() != "" { // it says where the rest goes
		return
	}
	if key.Scope != "" && value == "" { // as the account_id in templates of wrangler 1
		return
	}
	if key.To != "" {
		c.put(key.To, at, in, value, false)
		return
	}
	c.members(key, at, in, value)
}

// refuse complains of a key that is not carried over, if it says anything.
func (c *conversion) refuse(key *Key, at string, value any) {
	says := !saysNothing(value)
	if key.convert != nil {
		_, says = key.convert(c, at, value)
	}
	if says {
		c.fail("%s is not carried over: %s", at, strings.ReplaceAll(key.Note, "`", ""))
	}
}

func (c *conversion) unknown(at, path string) {
	c.fail("%s: wrangler has no such key, or it is newer than this provider: leave it out of the file%s", at,
		similar(lastName(at), path))
}

// similar names a key beside an unknown one that it may have been meant to be.
func similar(name, path string) string {
	for _, key := range below[path] {
		known := lastPart(key.Path)
		if strings.EqualFold(strings.ReplaceAll(known, "_", ""), strings.ReplaceAll(name, "_", "")) ||
			known == name+"s" || known+"s" == name {
			return fmt.Sprintf(" (did you mean %s?)", known)
		}
	}
	return ""
}

// put sets the input at to. A new one must not be there yet. It reports whether it could.
func (c *conversion) put(to, at string, in place, value any, isNew bool) bool {
	var parts []any // texts and indexes
	stars, indexes := in.stars, in.indexes
	for part := range strings.SplitSeq(to, ".") {
		part, items := strings.CutSuffix(part, "[]")
		switch {
		case part == "*":
			parts, stars = append(parts, stars[0]), stars[1:]
		case strings.HasPrefix(part, "<"):
			member := strings.Trim(part, "<>")
			name := in.named(member)
			if name == "" {
				if isNew {
					c.fail("%s has no %s", at, member)
				}
				return false
			}
			parts = append(parts, name)
		default:
			parts = append(parts, part)
		}
		if items {
			parts, indexes = append(parts, indexes[0]), indexes[1:]
		}
	}
	if isNew && len(parts) == 3 && parts[0] == "bindings" {
		name, _ := parts[1].(string)
		if all, _ := c.inputs["bindings"].(map[string]any); all[name] != nil {
			c.fail("%s: there are two bindings called %s", at, name)
			return false
		}
	}
	c.inputs, _ = set(c.inputs, parts, value).(map[string]any)
	return true
}

// set returns in with value at the place that parts lead to. A map does not replace one that is there.
func set(in any, parts []any, value any) any {
	if len(parts) == 0 {
		if _, empty := value.(map[string]any); empty && in != nil {
			return in
		}
		return value
	}
	switch part := parts[0].(type) {
	case int:
		list, _ := in.([]any)
		for len(list) <= part {
			list = append(list, nil)
		}
		list[part] = set(list[part], parts[1:], value)
		return list
	case string:
		all, _ := in.(map[string]any)
		if all == nil {
			all = map[string]any{}
		}
		all[part] = set(all[part], parts[1:], value)
		return all
	}
	return in
}

// saysNothing reports whether a value is as good as none.
func saysNothing(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !saysNothing(item) })
	case map[string]any:
		for _, member := range v {
			if !saysNothing(member) {
				return false
			}
		}
		return true
	}
	return false
}

// lastPart is the last name in a path of the table.
func lastPart(path string) string {
	return strings.TrimSuffix(path[strings.LastIndex(path, ".")+1:], "[]")
}

// lastName is the last name in a path of a file, whose names may contain anything but a dot.
func lastName(at string) string { return at[strings.LastIndex(at, ".")+1:] }

// sortedMap ranges over a map in the order of its keys.
func sortedMap(m map[string]any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}
