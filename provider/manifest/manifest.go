// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What a manifest must say of itself.
const (
	apiVersion = "cloudflare.project-planton.org/v1"
	kind       = "CloudflareWorker"
)

// Options say what a manifest leaves open.
type Options struct {
	// Resources are the ids of KV namespaces by the names of the bindings.
	Resources map[string]any
	// Variables are the names of variables whose values the caller gives, so that a reference in their place is no error.
	Variables []string
}

// An Error is all that is wrong with a manifest.
type Error struct {
	Path     string
	Problems []string
}

func (e *Error) Error() string { return e.Path + ": " + strings.Join(e.Problems, "; ") }

// Read reads the manifest at path, and returns the inputs of the CloudflareWorker that it describes.
func Read(path string, o Options) (inputs map[string]any, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no manifest at %q: give its path, relative to the program", path)
	}
	if err != nil {
		return nil, err
	}
	return Parse(path, text, o)
}

// Parse is [Read] of a text; path is what errors call it.
func Parse(path string, text []byte, o Options) (inputs map[string]any, err error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	r := &reader{options: o, inputs: map[string]any{}, used: map[string]bool{}}
	if len(document.Content) != 1 {
		r.fail("the manifest is empty")
	} else {
		r.manifest(document.Content[0])
	}
	for name := range o.Resources {
		if !r.used[name] {
			r.fail("resources.%s: there is no KV binding of this name", name)
		}
	}
	if len(r.problems) > 0 {
		slices.Sort(r.problems)
		return nil, &Error{path, r.problems}
	}
	return r.inputs, nil
}

// A reader makes inputs out of a manifest.
type reader struct {
	options  Options
	inputs   map[string]any
	used     map[string]bool // the Resources that were asked for
	problems []string
}

func (r *reader) fail(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// fields reads a map whose keys are all known; each reads its value.
func (r *reader) fields(at string, n *yaml.Node, known map[string]func(at string, n *yaml.Node)) {
	seen := map[string]bool{}
	r.entries(at, n, func(key, at string, value *yaml.Node) {
		name := snake(key)
		read, ok := known[name]
		switch {
		case !ok:
			r.fail("%s: there is no such field", at)
		case seen[name]:
			r.fail("%s is there twice, in both forms of its name", at)
		case read != nil && value.Tag != "!!null":
			read(at, value)
		}
		seen[name] = true
	})
}

// entries reads a map.
func (r *reader) entries(at string, n *yaml.Node, each func(key, at string, n *yaml.Node)) {
	n = target(n)
	if n.Kind != yaml.MappingNode {
		r.fail("%s must be a map", at)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		each(key, strings.TrimPrefix(at+"."+key, "."), target(n.Content[i+1]))
	}
}

// target is what an alias of YAML stands for.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// text reads a text. A date may be written without quotes; other values that look like something else may not.
func (r *reader) text(at string, n *yaml.Node) (string, bool) {
	if n.Kind == yaml.ScalarNode && (n.Tag == "!!str" || n.Tag == "!!timestamp") {
		return n.Value, true
	}
	r.fail("%s must be a text: write it in quotes", at)
	return "", false
}

// into reads a text that is an input.
func (r *reader) into(inputs map[string]any, name string) func(string, *yaml.Node) {
	return func(at string, n *yaml.Node) {
		if text, ok := r.text(at, n); ok && text != "" {
			inputs[name] = text
		}
	}
}

// bookkeeping is a part of a manifest that says nothing about a Worker.
var bookkeeping func(string, *yaml.Node)

func (r *reader) manifest(n *yaml.Node) {
	is := func(want string) func(string, *yaml.Node) {
		return func(at string, n *yaml.Node) {
			if text, ok := r.text(at, n); ok && text != want {
				r.fail("%s is %q, and not %q", at, text, want)
			}
		}
	}
	r.require("", n, "api_version", "kind", "spec")
	r.fields("", n, map[string]func(string, *yaml.Node){
		"api_version": is(apiVersion), "kind": is(kind), "metadata": bookkeeping, "status": bookkeeping, "spec": r.spec,
	})
}

// require complains of fields that are not there.
func (r *reader) require(at string, n *yaml.Node, names ...string) {
	if n = target(n); n.Kind != yaml.MappingNode {
		return
	}
	for _, name := range names {
		there := false
		for i := 0; i+1 < len(n.Content); i += 2 {
			there = there || snake(n.Content[i].Value) == name && target(n.Content[i+1]).Tag != "!!null"
		}
		if !there {
			r.fail("%s is missing", strings.TrimPrefix(at+"."+name, "."))
		}
	}
}

func (r *reader) spec(at string, n *yaml.Node) {
	r.require(at, n, "account_id", "script", "compatibility_date")
	r.fields(at, n, map[string]func(string, *yaml.Node){
		"account_id":         r.into(r.inputs, "accountId"),
		"compatibility_date": r.into(r.inputs, "compatibilityDate"),
		"usage_model":        bookkeeping, // there is only one by now
		"script":             r.script,
		"kv_bindings":        r.bindings,
		"env":                r.env,
		"dns":                r.dns,
	})
}

func (r *reader) script(at string, n *yaml.Node) {
	r.require(at, n, "name", "bundle")
	r.fields(at, n, map[string]func(string, *yaml.Node){
		"name": r.into(r.inputs, "scriptName"),
		"bundle": func(at string, n *yaml.Node) {
			reference := map[string]any{}
			r.require(at, n, "bucket", "path")
			r.fields(at, n, map[string]func(string, *yaml.Node){
				"bucket": r.into(reference, "bucket"), "path": r.into(reference, "key"),
			})
			r.inputs["bundle"] = reference
		},
	})
}

// namespaceID is the id of a KV namespace.
var namespaceID = regexp.MustCompile(`^[0-9a-f]{32}$`)

func (r *reader) bindings(at string, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		r.fail("%s must be a list", at)
		return
	}
	bindings := map[string]any{}
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", at, i)
		said := map[string]any{}
		r.require(at, item, "name")
		r.fields(at, target(item), map[string]func(string, *yaml.Node){
			"kind": bookkeeping, "env": bookkeeping,
			"name": r.into(said, "name"), "field_path": r.into(said, "fieldPath"),
		})
		name, _ := said["name"].(string)
		if name == "" {
			continue
		}
		id, _ := said["fieldPath"].(string)
		given, ok := r.options.Resources[name]
		r.used[name] = true
		switch {
		case bindings[name] != nil:
			r.fail("%s: there are two bindings called %s", at, name)
		case ok:
			bindings[name] = map[string]any{"kvNamespace": map[string]any{"id": given}}
		case namespaceID.MatchString(id):
			bindings[name] = map[string]any{"kvNamespace": map[string]any{"id": id}}
		default:
			r.fail("%s refers to another resource: give the id of the KV namespace as resources.%s", at, name)
		}
	}
	if len(bindings) > 0 {
		r.inputs["bindings"] = bindings
	}
}

// How references to values begin that are kept elsewhere.
const (
	variablesGroup = "$variables-group/"
	secretsGroup   = "$secrets-group/"
)

func (r *reader) env(at string, n *yaml.Node) {
	values := func(read func(name, at, value string) string) func(string, *yaml.Node) map[string]any {
		return func(at string, n *yaml.Node) map[string]any {
			all := map[string]any{}
			r.entries(at, n, func(name, at string, n *yaml.Node) {
				if text, ok := r.text(at, n); ok {
					all[name] = read(name, at, text)
				}
			})
			return all
		}
	}
	r.fields(at, n, map[string]func(string, *yaml.Node){
		"variables": func(at string, n *yaml.Node) {
			r.inputs["variables"] = values(func(name, at, value string) string {
				if strings.HasPrefix(value, variablesGroup) && !slices.Contains(r.options.Variables, name) {
					r.fail("%s refers to a group of variables: give its value as overrides.variables.%s", at, name)
				}
				return value
			})(at, n)
		},
		"secrets": func(at string, n *yaml.Node) {
			r.inputs["secrets"] = values(func(_, _, value string) string {
				if strings.HasPrefix(value, secretsGroup) {
					return value
				}
				return "literal:" + value // it may look like a reference of ours
			})(at, n)
		},
	})
}

func (r *reader) dns(at string, n *yaml.Node) {
	said := map[string]any{}
	enabled := false
	r.fields(at, n, map[string]func(string, *yaml.Node){
		"enabled": func(at string, n *yaml.Node) {
			if n.Tag != "!!bool" {
				r.fail("%s must be true or false", at)
			}
			enabled = n.Value == "true"
		},
		"zone_id": r.into(said, "zoneId"), "hostname": r.into(said, "hostname"), "route_pattern": r.into(said, "pattern"),
	})
	if !enabled {
		return
	}
	r.require(at, n, "zone_id", "hostname")
	host, _ := said["hostname"].(string)
	pattern, ok := said["pattern"].(string)
	if !ok {
		pattern = host + "/*"
	}
	if of, _, _ := strings.Cut(pattern, "/"); of != host && host != "" {
		r.fail("%s.route_pattern: %q is not at %q, for which there is to be a DNS record", at, pattern, host)
	}
	r.inputs["routes"] = map[string]any{pattern: map[string]any{"zoneId": said["zoneId"], "dnsRecord": true}}
}

// capital is a letter that begins a word within a name.
var capital = regexp.MustCompile(`[A-Z]`)

// snake is a name with its words apart: accountId is account_id.
func snake(name string) string {
	return capital.ReplaceAllStringFunc(name, func(letter string) string { return "_" + strings.ToLower(letter) })
}
