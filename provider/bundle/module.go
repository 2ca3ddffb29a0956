// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// ModuleType is the content type by which Cloudflare's upload tells what a
// module is. Source: wrangler, packages/workers-utils toMimeType.
type ModuleType string

// The module types that Cloudflare knows. A file whose name has none of the
// extensions below is [Data].
const (
	ESModule           ModuleType = "application/javascript+module" // .js .mjs
	CommonJS           ModuleType = "application/javascript"        // .cjs
	Wasm               ModuleType = "application/wasm"              // .wasm
	Text               ModuleType = "text/plain"                    // .txt .html .sql
	Data               ModuleType = "application/octet-stream"      // .bin and all others
	Python             ModuleType = "text/x-python"                 // .py
	PythonRequirement  ModuleType = "text/x-python-requirement"     // requirements.txt beside a .py entry point
	SourceMap          ModuleType = "application/source-map"        // .map
	wranglerReadme                = "README.md"                     // written by wrangler deploy --outdir
	wranglerMetafile              = "bundle-meta.json"              // written by wrangler deploy --metafile
	pythonRequirements            = "requirements.txt"
)

// TypeOf returns the type of the module called name, by wrangler's default
// rules (packages/wrangler/src/deployment-bundle/rules.ts).
func TypeOf(name string) ModuleType {
	switch strings.ToLower(path.Ext(name)) {
	case ".js", ".mjs":
		return ESModule
	case ".cjs":
		return CommonJS
	case ".wasm":
		return Wasm
	case ".txt", ".html", ".sql":
		return Text
	case ".py":
		return Python
	case ".map":
		return SourceMap
	}
	return Data
}

// Modules returns the names of the files that are part of the Worker, sorted.
// Left out is what wrangler writes beside them for people: its README.md and
// bundle-meta.json at the top of the directory.
func (b Bundle) Modules() []string {
	return slices.DeleteFunc(b.Names(), func(name string) bool {
		return !b.Single && (name == wranglerReadme || name == wranglerMetafile)
	})
}

// ModuleType is [TypeOf] with what only the whole bundle tells: a
// requirements.txt is Python's when there is Python beside it.
func (b Bundle) ModuleType(name string) ModuleType {
	if name == pythonRequirements && slices.ContainsFunc(b.Names(), func(n string) bool { return TypeOf(n) == Python }) {
		return PythonRequirement
	}
	return TypeOf(name)
}

// MainModule returns the entry point. If named is not empty it must be a
// module of b. Otherwise there must be one candidate: the only script at the
// top of the directory, or else the only script in it.
func (b Bundle) MainModule(named string) (string, error) {
	modules := b.Modules()
	if named != "" {
		if !slices.Contains(modules, named) {
			return "", fmt.Errorf("the bundle has no module %q; it has %s", named, list(modules))
		}
		return named, nil
	}
	var top, all []string
	for _, name := range modules {
		if t := TypeOf(name); t == ESModule || t == CommonJS || t == Python {
			all = append(all, name)
			if path.Dir(name) == "." {
				top = append(top, name)
			}
		}
	}
	candidates := top
	if len(top) == 0 {
		candidates = all
	}
	switch len(candidates) {
	case 0:
		return "", fmt.Errorf("the bundle has no script; it has %s", list(modules))
	case 1:
		return candidates[0], nil
	}
	return "", fmt.Errorf("the entry point could be any of %s", list(candidates))
}

// list names at most ten things.
func list(names []string) string {
	const most = 10
	switch {
	case len(names) == 0:
		return "no module at all"
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
