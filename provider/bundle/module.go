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
	ESModule          ModuleType = "application/javascript+module" // .js .mjs
	CommonJS          ModuleType = "application/javascript"        // .cjs; a script in service-worker syntax
	Wasm              ModuleType = "application/wasm"              // .wasm
	Text              ModuleType = "text/plain"                    // .txt .html .sql
	Data              ModuleType = "application/octet-stream"      // .bin and all others
	Python            ModuleType = "text/x-python"                 // .py
	PythonRequirement ModuleType = "text/x-python-requirement"     // a package's name, without content
	SourceMap         ModuleType = "application/source-map"        // .map
)

// What wrangler writes for people beside the modules, at the top of the directory.
const (
	wranglerReadme   = "README.md"        // deploy --outdir; it has the time of the build
	wranglerMetafile = "bundle-meta.json" // deploy --metafile
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

// Ignored reports whether a file of a directory is no part of the Worker:
// whether it is what wrangler writes there for people. The README.md has the
// time of the build in it, so a digest that it was part of would tell nothing.
func Ignored(name string) bool { return name == wranglerReadme || name == wranglerMetafile }

// Modules returns the names of the files that are part of the Worker, sorted.
func (b Bundle) Modules() []string {
	return slices.DeleteFunc(b.Names(), func(name string) bool {
		return !b.Single && (Ignored(name) || name == npmLock)
	})
}

// MainModule returns the entry point. If named is not empty it must be a
// module of b. Otherwise it is the only script at the top of the directory, or
// else the only script in it. Of several at the top it is the one called index,
// or else the only one with a source map beside it: wrangler gives one to what
// it built, and none to the modules that it only copies.
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
		if isScript(name) {
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
	if len(top) > 1 {
		if named := only(top, func(name string) bool { return stem(name) == "index" }); named != "" {
			return named, nil
		}
		if built := only(top, func(name string) bool { return slices.Contains(modules, name+".map") }); built != "" {
			return built, nil
		}
	}
	switch len(candidates) {
	case 0:
		return "", fmt.Errorf("the bundle has no script; it has %s", list(modules))
	case 1:
		return candidates[0], nil
	}
	return "", fmt.Errorf("the entry point could be any of %s", list(candidates))
}

// isScript reports whether a module can be an entry point.
func isScript(name string) bool {
	t := TypeOf(name)
	return !vendored(name) && (t == ESModule || t == CommonJS || t == Python)
}

// stem is a file's name without its extension.
func stem(name string) string { return strings.TrimSuffix(path.Base(name), path.Ext(name)) }

// only returns the one name for which is holds; empty if there is none or more than one.
func only(names []string, is func(name string) bool) (found string) {
	for _, name := range names {
		if !is(name) {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
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
