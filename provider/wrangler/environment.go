// SPDX-License-Identifier: Apache-2.0

package wrangler

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Environments returns the names of the environments that the file has, sorted.
func (f *File) Environments() []string {
	all, _ := f.values["env"].(map[string]any)
	return slices.Sorted(maps.Keys(all))
}

// An environment is what a file says about one Worker.
type environment struct {
	config map[string]any    // by key
	from   map[string]string // what stands before a key in the file, such as "env.production.", by key
}

// environment returns what the file says about the Worker of the environment; "" is that of the top of the file.
func (f *File) environment(name string) (e environment, warnings []string, err error) {
	e = environment{config: map[string]any{}, from: map[string]string{}}
	top := maps.Clone(f.values)
	delete(top, "env")
	if name == "" {
		e.config = top
		return e, nil, nil
	}
	all, _ := f.values["env"].(map[string]any)
	own, ok := all[name].(map[string]any)
	if !ok {
		return e, nil, fmt.Errorf("there is no environment %q; %s", name, f.has())
	}
	for key, value := range own {
		known := byPath[key]
		if known != nil && known.Scope == TopOnly {
			return e, nil, fmt.Errorf("env.%s.%s: an environment cannot say it; it belongs at the top of the file", name, key)
		}
		if value != nil {
			e.config[key], e.from[key] = value, "env."+name+"."
		}
	}
	for key, value := range sortedMap(top) {
		known, scope := byPath[key], Inherited // of an unknown one the conversion complains
		if known != nil {
			scope = known.Scope
		}
		if _, said := e.config[key]; said || value == nil {
			continue
		}
		switch {
		case scope != Own:
			e.config[key] = value
		case known.Fate != Ignored && !saysNothing(value):
			warnings = append(warnings, fmt.Sprintf("%q is at the top of the file and not in env.%s, which does not inherit it",
				key, name))
		}
	}
	if script, ok := e.config["name"].(string); ok && e.from["name"] == "" && script != "" {
		e.config["name"] = script + "-" + name
	}
	return e, warnings, nil
}

func (f *File) has() string {
	if names := f.Environments(); len(names) > 0 {
		return "the file has " + strings.Join(names, ", ")
	}
	return "the file has none"
}

// at is where a key stands in the file.
func (e environment) at(key string) string { return e.from[key] + key }

// Main returns the absolute path of the module with which the Worker of the environment begins; "" if the file names
// none.
func (f *File) Main(environment string) (string, error) {
	described, _, err := f.environment(environment)
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.Path, err)
	}
	main, _ := described.config["main"].(string)
	if main == "" {
		return "", nil
	}
	return filepath.Abs(filepath.Join(filepath.Dir(f.Path), filepath.FromSlash(main)))
}
