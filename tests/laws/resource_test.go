// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
)

// A subject is a resource, and what the laws must know of it.
type subject struct {
	name    string
	token   tokens.Type
	prepare func(w world)        // makes what the programs refer to
	program func(w world) object // sets every input that can be set together
	changes []change
	// waived are inputs that no change covers, each with the reason.
	waived map[string]string
	// drifts are changes that others make in the account.
	drifts []drift
	// importID is the id with which a user imports what the program made.
	importID func(w world, s *stack) string
	// unreadable are the inputs that an import cannot find out, each with the reason.
	unreadable map[string]string
	// unclaimed says why the resource may be left behind if the answer to its
	// creation is lost and nobody can look; empty: it may not.
	unclaimed string
}

// A change is an edit of the program.
type change struct {
	name   string
	covers []string // inputs, named as in the schema: routes.*.zoneId
	edit   func(w world, program object) object
	diff   map[string]p.DiffKind // exactly what a preview must say; empty: there is nothing to do

	retains bool // a deletion afterwards is to leave everything there
	idle    bool // the program says the same in other words: nothing changes in the account
	gradual bool // what was there before goes on beside it
}

// unchanged is the edit that changes nothing.
var unchanged = change{name: "unchanged", edit: func(_ world, program object) object { return program }}

// untouched is what is in the account when everything was prepared, the change
// too, but nothing deployed or, if the change says so, everything deleted.
func (c change) untouched(t *testing.T, r subject) string {
	t.Helper()
	w, s := begun(t, r)
	program := c.edit(w, r.program(w))
	if c.retains {
		s.mustUp(properties(program))
	}
	return w.Dump()
}

// subjects are all resources of the provider.
func subjects() []subject {
	return []subject{
		cloudflareWorker(), workerBindings(), workerAssets(), workerOfAssets(), classicWorker(), workerEvents(),
		workerBundle(), singleFileBundle(), kvNamespace(), r2Bucket(),
		secretsStoreSecret(), d1Database(), queue(),
	}
}

// each runs a law for each resource.
func each(t *testing.T, law func(t *testing.T, r subject)) {
	t.Helper()
	for _, r := range subjects() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			law(t, r)
		})
	}
}

// begun returns a world and an empty stack in it.
func begun(t *testing.T, r subject) (world, *stack) {
	t.Helper()
	w := newWorld(t)
	r.prepare(w)
	w.forget()
	return w, newStack(t, w.cloud, r.token)
}

// built returns a world, and a stack in it whose program is deployed.
func built(t *testing.T, r subject) (world, *stack) {
	t.Helper()
	w, s := begun(t, r)
	s.mustUp(properties(r.program(w)))
	w.forget()
	return w, s
}

var packageSpec struct {
	once sync.Once
	schema.PackageSpec
	err error
}

// spec is the provider's schema.
func spec(t *testing.T) schema.PackageSpec {
	t.Helper()
	packageSpec.once.Do(func() {
		var prov p.Provider
		if prov, packageSpec.err = provider.New(); packageSpec.err == nil {
			packageSpec.PackageSpec, packageSpec.err = p.GetSchema(t.Context(), provider.Name, "0.0.0", prov)
		}
	})
	require.NoError(t, packageSpec.err)
	return packageSpec.PackageSpec
}

// inputNames are the names of a resource's inputs.
func inputNames(t *testing.T, token tokens.Type) map[string]schema.PropertySpec {
	t.Helper()
	spec := spec(t)
	require.Contains(t, spec.Resources, string(token))
	return spec.Resources[string(token)].InputProperties
}

const ownTypes = "#/types/"

// inputPaths lists every input, those of nested types with dots and "*" for any name: routes.*.zoneId.
func inputPaths(t *testing.T, props map[string]schema.PropertySpec) (paths []string) {
	t.Helper()
	spec := spec(t)
	for name, prop := range props {
		ref := prop.Ref
		if each := prop.AdditionalProperties; each != nil && strings.HasPrefix(each.Ref, ownTypes) {
			name, ref = name+".*", each.Ref
		}
		local, nested := strings.CutPrefix(ref, ownTypes)
		if !nested || len(spec.Types[local].Enum) > 0 {
			paths = append(paths, name)
			continue
		}
		if len(spec.Types[local].Properties) == 0 {
			paths = append(paths, name)
		}
		for _, inner := range inputPaths(t, spec.Types[local].Properties) {
			paths = append(paths, name+"."+inner)
		}
	}
	return paths
}

// TestTheTableCoversTheSchema: a resource or an input that nobody wrote a case for fails here.
func TestTheTableCoversTheSchema(t *testing.T) {
	t.Parallel()
	spec := spec(t)
	covered := map[string][]string{}
	for _, r := range subjects() {
		token := string(r.token)
		covered[token] = slices.AppendSeq(covered[token], maps.Keys(r.waived))
		for _, c := range r.changes {
			covered[token] = append(covered[token], c.covers...)
		}
	}
	// Of a component, its children are covered.
	maps.DeleteFunc(spec.Resources, func(_ string, r schema.ResourceSpec) bool { return r.IsComponent })
	assert.ElementsMatch(t, slices.Collect(maps.Keys(spec.Resources)), slices.Collect(maps.Keys(covered)))
	for token, inputs := range covered {
		slices.Sort(inputs)
		assert.ElementsMatch(t, inputPaths(t, spec.Resources[token].InputProperties), slices.Compact(inputs), token)
	}
}
