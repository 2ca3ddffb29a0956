// SPDX-License-Identifier: Apache-2.0

package wrangler

import (
	"slices"
	"strings"
)

// A Fate is what becomes of a key.
type Fate string

// The fates.
const (
	Carried Fate = "carried" // its value is an input of a CloudflareWorker
	Ignored Fate = "ignored" // it says nothing about a deployed Worker
	Refused Fate = "refused" // it says something that is not carried over: an error, unless its value says nothing
)

// A Scope says what a key at the top of the file means to a named environment.
type Scope string

// The scopes. The zero value is that of keys that do not stand at the top.
const (
	Inherited Scope = "inherited" // an environment has it too, unless it says something else
	Own       Scope = "own"       // an environment has only what it says itself
	TopOnly   Scope = "top only"  // it belongs to the file, and an environment cannot say it
)

// A Key is a key of wrangler's configuration.
type Key struct {
	// Path leads to it: `[]` means each item of a list, `*` each name in a map. What is below an ignored or refused
	// key has no Key of its own.
	Path  string
	Scope Scope
	Fate  Fate
	// To is where a carried key lives among the inputs: `<binding>` is the value of the member "binding" beside it, `*`
	// the name and `[]` the index that Path has at its own. Empty if the keys below it say so.
	To string
	// Note is the reason why a key is ignored, what to do instead of one that is refused, or what is to be known about
	// one that is carried over.
	Note string

	with    map[string]any // what wrangler's words say without a key of their own, beside To
	needs   string         // what the value is of a member that wrangler provisions or looks up when it is absent
	absent  func(item map[string]any) any
	convert func(c *conversion, at string, value any) (converted any, ok bool)
	schema  bool // false if wrangler reads the key, and its schema does not have it
}

// Keys returns all keys that are known, sorted by path.
func Keys() []Key { return slices.Clone(keys) }

// named is the member of To's last part, as in "bindings.<binding>"; empty if it has none.
func (k Key) named() string {
	last := k.To[strings.LastIndex(k.To, ".")+1:]
	if strings.HasPrefix(last, "<") {
		return strings.Trim(last, "<>")
	}
	return ""
}

// byPath finds keys by their paths.
var byPath = func() map[string]*Key {
	found := map[string]*Key{}
	for i := range keys {
		found[keys[i].Path] = &keys[i]
	}
	return found
}()

// below are the keys directly below a path, by path.
var below = func() map[string][]*Key {
	found := map[string][]*Key{}
	for i := range keys {
		parent := parentOf(keys[i].Path)
		found[parent] = append(found[parent], &keys[i])
	}
	return found
}()

// parentOf is what a path is a part of: an item is part of a list, and a member of a map.
func parentOf(path string) string {
	if list, item := strings.CutSuffix(path, "[]"); item {
		return list
	}
	if at := strings.LastIndex(path, "."); at >= 0 {
		return path[:at]
	}
	return ""
}
