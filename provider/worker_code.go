// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// The syntaxes in which a Worker can be written (workers-sdk, packages/workers-utils/src/worker.ts, CfScriptFormat).
const (
	formatModules       = "modules"
	formatServiceWorker = "service-worker"
)

// pythonFlag is the compatibility flag without which Cloudflare runs no Python
// (workers-sdk, packages/workers-utils/src/config/validation.ts).
const pythonFlag = "python_workers"

// assetsOnly reports whether the Worker has no code.
func (w CloudflareWorkerArgs) assetsOnly() bool { return w.Bundle == nil }

// bundle is the reference to the code; zero if there is none.
func (w CloudflareWorkerArgs) bundle() BundleReference { return orZero(w.Bundle) }

// classic reports whether the Worker is in service-worker syntax.
func (w CloudflareWorkerArgs) classic() bool { return w.Format == formatServiceWorker }

// sameFormat compares formats, of which modules is the default.
func sameFormat(a, b CloudflareWorkerArgs) bool { return a.classic() == b.classic() }

// workerCode is a bundle as Cloudflare takes it.
type workerCode struct {
	main         string
	modules      []cfapi.Module
	bindings     []cfapi.Binding // in service-worker syntax: what is no script
	dependencies []cfapi.PackageDependency
	size         int // of the bundle in bytes
}

// code downloads the bundle and takes it apart. A Worker of assets only has none.
func (d deployer) code(ctx context.Context) (workerCode, error) {
	if d.want.assetsOnly() {
		return workerCode{}, nil
	}
	store := bundleStore{api: d.api, cache: d.cache, account: d.account}
	b, err := store.fetch(ctx, d.want.bundle())
	if err != nil {
		return workerCode{}, err
	}
	main, err := b.MainModule(d.want.MainModule)
	if err != nil {
		return workerCode{}, fmt.Errorf("bundle %s: %w: set mainModule", d.want.Bundle, err)
	}
	c, err := codeOf(b, main, d.want)
	if err != nil {
		return workerCode{}, fmt.Errorf("bundle %s: %w", d.want.Bundle, err)
	}
	if bundle.IsPython(main) && !slices.Contains(d.want.CompatibilityFlags, pythonFlag) {
		return workerCode{}, fmt.Errorf("compatibilityFlags: the entry point %q is Python, which needs %q: add it",
			main, pythonFlag)
	}
	return c, nil
}

// codeOf is what b is to Cloudflare when main is its entry point, in the syntax that is wanted.
func codeOf(b bundle.Bundle, main string, want CloudflareWorkerArgs) (workerCode, error) {
	dependencies, err := b.Dependencies()
	if err != nil {
		return workerCode{}, err
	}
	c := workerCode{main: main, size: int(b.Size())}
	for _, dependency := range dependencies {
		c.dependencies = append(c.dependencies, cfapi.PackageDependency(dependency))
	}
	if want.classic() {
		return c, c.addClassic(b, want.Bindings)
	}
	requirements, err := b.Requirements(main)
	if err != nil {
		return workerCode{}, err
	}
	for _, name := range requirements {
		c.modules = append(c.modules, cfapi.Module{Name: name, ContentType: string(bundle.PythonRequirement)})
	}
	for _, name := range b.Modules() {
		if !b.IsRequirements(main, name) {
			c.add(name, bundle.TypeIn(main, name), b.Files[name])
		}
	}
	return c, nil
}

func (c *workerCode) add(name string, kind bundle.ModuleType, content []byte) {
	c.modules = append(c.modules, cfapi.Module{Name: name, ContentType: string(kind), Content: content})
}

// addClassic adds the modules of a Worker in service-worker syntax: one script, to which all else is a global
// variable (workers-sdk, packages/deploy-helpers/src/deploy/helpers/create-worker-upload-form.ts). A file that a
// binding names has that name only.
func (c *workerCode) addClassic(b bundle.Bundle, bindings map[string]Binding) error {
	bound := map[string]bool{}
	for name, binding := range bindings {
		part := binding.part()
		if _, there := b.Files[part]; part != "" && !there {
			return fmt.Errorf("bindings.%s: the bundle has no module %q", name, part)
		}
		bound[part] = true
	}
	kinds := map[bundle.ModuleType]string{
		bundle.Wasm: typeWasmModule, bundle.Text: typeTextBlob, bundle.Data: typeDataBlob,
	}
	files := map[string]string{} // by global
	for _, name := range b.Modules() {
		kind, content := bundle.TypeOf(name), b.Files[name]
		switch {
		case name == c.main && bundle.IsPython(name):
			return errors.New("format: Python cannot be in service-worker syntax: leave format out")
		case name == c.main:
			c.add(name, bundle.CommonJS, content)
		case kind == bundle.SourceMap, bound[name] && kinds[kind] != "":
			c.add(name, kind, content)
		case kinds[kind] == "":
			return fmt.Errorf("format: in service-worker syntax there is one script, and the bundle has %q beside %q: build "+
				"them into one, or leave format out if they are modules", name, c.main)
		default:
			global := globalName(name)
			if other := files[global]; other != "" {
				return fmt.Errorf("format: both %q and %q would be the global variable %s", other, name, global)
			}
			files[global] = name
			c.add(global, kind, content)
			c.bindings = append(c.bindings, cfapi.Binding{Name: global, Type: kinds[kind], Part: global})
		}
	}
	return nil
}

var noIdentifier = regexp.MustCompile(`[^a-zA-Z0-9_$]`)

// globalName is the variable by which a script in service-worker syntax finds a file of its bundle: the path by which
// it was imported, "./" before it, with underscores.
func globalName(file string) string { return noIdentifier.ReplaceAllString("./"+file, "_") }

// part is the file of the bundle that a binding names; empty: it names none.
func (b Binding) part() string {
	switch {
	case b.WasmModule != nil:
		return b.WasmModule.Part
	case b.TextBlob != nil:
		return b.TextBlob.Part
	case b.DataBlob != nil:
		return b.DataBlob.Part
	}
	return ""
}

// isGlobal reports whether a binding was made of a file of the bundle, and not by the program.
func isGlobal(b cfapi.Binding) bool {
	blob := b.Type == typeWasmModule || b.Type == typeTextBlob || b.Type == typeDataBlob
	return blob && b.Part == b.Name && strings.HasPrefix(b.Name, globalName(""))
}

// syntaxError says of a script that Cloudflare refused, or in which it found no handler, that it is not in the syntax
// that format promises.
type syntaxError struct{ error }

func (e *syntaxError) Unwrap() error { return e.error }

var (
	listens = regexp.MustCompile(`\baddEventListener\s*\(`)
	exports = regexp.MustCompile(`(?m)^\s*export\b`)
)

// misread looks for the wrong format behind a refusal of the code.
func (c workerCode) misread(err error, classic bool) error {
	if classic || !hasCode(err, cfapi.APIWorkers, codeInvalidScript, codeNoHandlers) {
		return err
	}
	for _, m := range c.modules {
		if m.Name == c.main && listens.Match(m.Content) && !exports.Match(m.Content) {
			return &syntaxError{err}
		}
	}
	return err
}

// code checks what kind of code the Worker has, and that what needs code has some.
func (c *checker) code(args CloudflareWorkerArgs) {
	format := []string{"format"}
	c.fail(!slices.Contains([]string{"", formatModules, formatServiceWorker}, args.Format), format,
		"%q is not one of modules, service-worker", args.Format)
	hasBundle, hasAssets := c.hasBundle(args), args.Assets != nil || computed(c.inputs, "assets")
	switch {
	case !hasBundle && !hasAssets:
		c.fail(true, []string{"bundle"}, "there is neither bundle nor assets: give the code that the Worker runs, the "+
			"static files that it serves, or both")
		return
	case !hasBundle:
		c.codeless(args)
		return
	}
	if args.classic() {
		c.classic(args)
	} else if !computed(c.inputs, "format") {
		for name, b := range args.Bindings {
			c.fail(b.part() != "", []string{"bindings", name}, "is for service-worker syntax: import %q, or set format",
				b.part())
		}
	}
	script := args.MainModule
	if script == "" && !args.bundle().isDirectory() {
		script = args.bundle().Key
	}
	python := bundle.IsPython(script)
	c.fail(python && !slices.Contains(args.CompatibilityFlags, pythonFlag), []string{"compatibilityFlags"},
		"the entry point %q is Python, which needs %q: add it", script, pythonFlag)
	c.fail(python && args.classic(), format, "Python cannot be in service-worker syntax: leave it out")
}

// hasBundle reports whether there is a bundle, known or not.
func (c *checker) hasBundle(args CloudflareWorkerArgs) bool {
	return !args.assetsOnly() || computed(c.inputs, "bundle")
}

// codeless refuses what only code can use.
func (c *checker) codeless(args CloudflareWorkerArgs) {
	given := map[string]bool{
		"mainModule": args.MainModule != "", "format": args.Format != "", "variables": len(args.Variables) > 0,
		"secrets": len(args.Secrets) > 0, "requiredSecrets": len(args.RequiredSecrets) > 0,
		"bindings": len(args.Bindings) > 0, "placement": args.Placement != nil, "limits": args.Limits != nil,
		"rawMetadata":  len(args.RawMetadata) > 0,
		"cacheOptions": args.CacheOptions != nil, "schedules": len(args.Schedules) > 0,
		"migrations": len(args.Migrations) > 0, "exports": len(args.Exports) > 0,
		"eventTriggers": len(args.EventTriggers) > 0,
		"tailConsumers": len(args.TailConsumers) > 0, "streamingTailConsumers": len(args.StreamingTailConsumers) > 0,
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		c.fail(given[name], []string{name}, "is for code, and this Worker has only assets: leave it out, or give a bundle")
	}
	first := orZero(args.Assets)
	c.fail(first.RunWorkerFirst, []string{"assets", "runWorkerFirst"}, "there is no code to run first: leave it out, or "+
		"give a bundle")
	c.fail(len(first.RunWorkerFirstRules) > 0, []string{"assets", "runWorkerFirstRules"}, "there is no code to run "+
		"first: leave them out, or give a bundle")
}

// classic refuses what needs exports, which service-worker syntax does not have
// (workers-sdk, packages/wrangler/src/deployment-bundle/entry.ts; for assets
// packages/deploy-helpers/src/deploy/helpers/validate-worker-props.ts).
func (c *checker) classic(args CloudflareWorkerArgs) {
	const reason = "service-worker syntax exports nothing: leave this out, or rewrite the Worker as modules " +
		"(https://developers.cloudflare.com/workers/reference/migrate-to-module-workers/)"
	c.fail(len(args.Migrations) > 0, []string{"migrations"}, "a class has to be exported, and %s", reason)
	c.fail(len(args.Exports) > 0, []string{"exports"}, "a class has to be exported, and %s", reason)
	for name, b := range args.Bindings {
		object, flow := b.DurableObjectNamespace, b.Workflow
		c.fail(object != nil && object.ScriptName == "" || flow != nil && flow.ScriptName == "", []string{"bindings", name},
			"its class has to be exported, and %s", reason)
	}
	c.fail(args.Assets != nil, []string{"assets"}, "Cloudflare has no static assets for service-worker syntax: rewrite "+
		"the Worker as modules (https://developers.cloudflare.com/workers/reference/migrate-to-module-workers/)")
}

// lostSecretsError refuses to replace code by assets alone while others keep secrets in the Worker.
type lostSecretsError struct {
	script string
	names  []string
}

func (e *lostSecretsError) Error() string {
	return fmt.Sprintf("bundle: Worker %q has secrets that others set: %s; a Worker of assets only has none; nothing was "+
		"deployed", e.script, strings.Join(e.names, ", "))
}
