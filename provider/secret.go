// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/seal"
)

// A writeOnlyInput is where in the inputs of a resource values are that never reach the state.
type writeOnlyInput struct {
	path []string // anyName stands for each key of a map

	max   int  // how many bytes a value may have; 0: no limit that we know of
	named bool // there is a map of values, in which a name is no secret
	// plain makes of what the program gives the text that is sealed and sent; nil: the value is a text.
	plain func(value property.Value, resolve func(string) (string, error)) (string, error)
}

// anyName stands for each key of a map.
const anyName = "*"

// writeOnly are the inputs whose values never reach the state.
var writeOnly = map[tokens.Type][]writeOnlyInput{
	workerToken: {
		{path: []string{"secrets", anyName}, max: maxVariableBytes, named: true},
		{path: []string{"bindings", anyName, "secretKey", "keyBase64"}, plain: plainBase64},
		{path: []string{"bindings", anyName, "secretKey", "keyJwk"}, plain: plainJWK},
	},
	secretToken: {{path: []string{"value"}, max: maxStoredSecretBytes}},
}

// withSealedSecrets makes inputs write-only. Check replaces each value by its
// fingerprint under the same key, so that nothing behind it ever sees a value:
// not the framework, not the engine, not the state. The value waits in the vault
// for the Create or Update of the same operation and is forgotten after it.
//
// Each fingerprint is marked secret on its own, where infer marks the map that
// holds it, so that a preview says which one changes. A name is no secret: it stands
// in the Worker's settings.
func withSealedSecrets(prov p.Provider) p.Provider {
	v := &vault{}
	enter := func(ctx context.Context) context.Context { return context.WithValue(ctx, vaultKey{}, v) }
	configure, check, diff := prov.Configure, prov.Check, prov.Diff
	create, read, update := prov.Create, prov.Read, prov.Update
	prov.Configure = func(ctx context.Context, req p.ConfigureRequest) error { return configure(enter(ctx), req) }
	prov.Check = func(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
		ctx = enter(ctx)
		inputs, failures := v.sealInputs(ctx, req)
		req.Inputs = inputs
		resp, err := check(ctx, req)
		resp.Inputs = nameSecrets(req.Urn, resp.Inputs, req.Inputs)
		resp.Failures = append(failures, resp.Failures...)
		return resp, err
	}
	prov.Diff = func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		// In the state, SDKs have the engine mark the map as well.
		req.State = nameSecrets(req.Urn, req.State, req.OldInputs)
		req.OldInputs = nameSecrets(req.Urn, req.OldInputs, req.OldInputs)
		req.Inputs = nameSecrets(req.Urn, req.Inputs, req.Inputs)
		resp, err := diff(ctx, req)
		showInputs(req.Urn, resp.DetailedDiff)
		return resp, err
	}
	prov.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		defer v.releaseInputs(req.Urn, req.Properties)
		resp, err := create(enter(ctx), req)
		resp.Properties = nameSecrets(req.Urn, resp.Properties, req.Properties)
		return resp, err
	}
	prov.Read = func(ctx context.Context, req p.ReadRequest) (p.ReadResponse, error) {
		resp, err := read(ctx, req)
		resp.Inputs = nameSecrets(req.Urn, resp.Inputs, req.Inputs)
		resp.Properties = nameSecrets(req.Urn, resp.Properties, req.Inputs)
		return resp, err
	}
	prov.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		defer v.releaseInputs(req.Urn, req.Inputs)
		req.State = nameSecrets(req.Urn, req.State, req.Inputs)
		req.Inputs = nameSecrets(req.Urn, req.Inputs, req.Inputs)
		resp, err := update(enter(ctx), req)
		resp.Properties = nameSecrets(req.Urn, resp.Properties, req.Inputs)
		return resp, err
	}
	return prov
}

// maxResolving bounds how many references of one resource are resolved at a time.
const maxResolving = 8

// sealInputs returns the inputs with fingerprints in the place of values, and what
// is wrong with the values. What is not known yet stays so.
func (v *vault) sealInputs(ctx context.Context, req p.CheckRequest) (property.Map, []p.CheckFailure) {
	s := sealer{vault: v, urn: req.Urn, creates: req.State.Len() == 0}
	var (
		mu       sync.Mutex
		all      sync.WaitGroup
		free     = make(chan struct{}, maxResolving)
		failures []p.CheckFailure
		sealed   = req.Inputs
	)
	for _, input := range writeOnly[req.Urn.Type()] {
		for _, path := range input.places(req.Inputs) {
			value, old := valueAt(req.Inputs, path), valueAt(req.State, path)
			free <- struct{}{}
			all.Go(func() {
				defer func() { <-free }()
				one, failure := s.seal(ctx, input, path, value, old)
				if len(failure) > 0 && (!input.named || len(path) == 1) {
					one = property.New(property.Computed) // it is wrong, and not missing
				}
				mu.Lock()
				defer mu.Unlock()
				sealed, failures = withAt(sealed, path, one), append(failures, failure...)
			})
		}
	}
	all.Wait()
	slices.SortFunc(failures, func(a, b p.CheckFailure) int { return strings.Compare(a.Property, b.Property) })
	return sealed, failures
}

// places are the paths at which m has a value of this input, known or not.
func (in writeOnlyInput) places(m property.Map) [][]string {
	var found [][]string
	var walk func(m property.Map, above, rest []string)
	walk = func(m property.Map, above, rest []string) {
		if len(rest) == 0 {
			return
		}
		key, rest := rest[0], rest[1:]
		visit := func(key string, value property.Value) {
			path := append(slices.Clone(above), key)
			switch {
			case len(rest) == 0:
				found = append(found, path)
			case value.IsMap():
				walk(value.AsMap(), path, rest)
			case in.named && !value.IsComputed(): // no map at all
				found = append(found, path)
			}
		}
		if key != anyName {
			if value := m.Get(key); !value.IsNull() {
				visit(key, value)
			}
			return
		}
		for key, value := range m.All {
			visit(key, value)
		}
	}
	walk(m, nil, in.path)
	return found
}

// valueAt returns the value at path, null if there is none.
func valueAt(m property.Map, path []string) property.Value {
	value := property.New(m)
	for _, key := range path {
		if !value.IsMap() {
			return property.Value{}
		}
		value = value.AsMap().Get(key)
	}
	return value
}

// withAt returns m with the value at a path of its own, or without it if the value is null.
func withAt(m property.Map, path []string, value property.Value) property.Map {
	if len(path) == 0 {
		return m
	}
	key, rest := path[0], path[1:]
	switch holder := m.Get(key); {
	case len(rest) > 0 && holder.IsMap():
		return m.Set(key, property.WithGoValue(holder, withAt(holder.AsMap(), rest, value)))
	case value.IsNull():
		return m.Delete(key)
	}
	return m.Set(key, value)
}

type sealer struct {
	*vault

	urn     resource.URN
	creates bool // there is no old resource
}

// seal returns the fingerprint of the value at path and puts the value into the
// vault. With a failure it returns null: a value that is wrong is still a secret.
func (s sealer) seal(
	ctx context.Context, input writeOnlyInput, path []string, value, old property.Value,
) (property.Value, []p.CheckFailure) {
	fail := func(format string, args ...any) (property.Value, []p.CheckFailure) {
		return property.New(property.Null), []p.CheckFailure{{
			Property: propertyPath(path), Reason: fmt.Sprintf(format, args...),
		}}
	}
	before := ""
	if old.IsString() {
		before = old.AsString()
	}
	switch {
	case value.IsNull():
		return value, nil
	case value.HasComputed():
		return property.WithGoValue(value, property.Computed), nil
	case value.IsString() && (seal.Is(value.AsString()) || isChangedElsewhere(value.AsString())):
		text := value.AsString()
		if text != before && (!s.creates || !s.holds(text)) { // not even if it is the fingerprint of another one
			return fail("%s", (&noValueError{path: propertyPath(path)}).hinted())
		}
		return value, nil // ignoreChanges gives back what is stored
	}
	resolve := func(text string) (string, error) {
		if s.resolve == nil {
			return text, nil
		}
		return s.resolve(ctx, text)
	}
	plainOf := input.plain
	if plainOf == nil {
		plainOf = plainText
	}
	text, err := plainOf(value, resolve)
	switch {
	case err != nil:
		return fail("%v", err)
	case input.max > 0 && len(text) > input.max:
		return fail("has %d bytes; Cloudflare allows %d", len(text), input.max)
	case text == "" && s.urn.Type() == secretToken:
		return fail("is empty, which Secrets Store does not allow")
	}
	plain := []byte(text)
	fingerprint := seal.Value(plain, string(s.urn)+"\n"+strings.Join(path, "."), before)
	s.put(fingerprint, plain)
	return property.WithGoValue(value, fingerprint).WithSecret(true), nil
}

func plainText(value property.Value, resolve func(string) (string, error)) (string, error) {
	if !value.IsString() {
		return "", errors.New("a secret is a text: write numbers and lists as JSON yourself")
	}
	return resolve(value.AsString())
}

// releaseInputs forgets the values behind a resource's inputs.
func (v *vault) releaseInputs(urn resource.URN, inputs property.Map) {
	for _, input := range writeOnly[urn.Type()] {
		for _, path := range input.places(inputs) {
			if value := valueAt(inputs, path); value.IsString() {
				v.release(value.AsString())
			}
		}
	}
}

// nameSecrets moves the mark of what holds secrets to their fingerprints, unless the
// program itself, which has given, marks more. What
// stands in the place of one that was changed elsewhere is there to be read, and in
// what is not known yet there is nothing to hide: marked, the engine would take
// whatever becomes of it for a violation of an update plan.
func nameSecrets(urn resource.URN, m, given property.Map) property.Map {
	for _, input := range writeOnly[urn.Type()] {
		for _, path := range input.places(m) {
			value := valueAt(m, path)
			public := value.IsComputed() || value.IsString() && isChangedElsewhere(value.AsString())
			m = withAt(m, path, value.WithSecret(!public))
		}
	}
	for _, input := range writeOnly[urn.Type()] {
		name := input.path[0]
		if holder := m.Get(name); len(input.path) > 1 && (holder.IsMap() || holder.IsComputed() && input.named) &&
			(input.named || !marksMore(urn, given, name)) {
			m = m.Set(name, holder.WithSecret(false))
		}
	}
	return m
}

// marksMore reports whether more of the input is secret than what is write-only.
func marksMore(urn resource.URN, given property.Map, name string) bool {
	for _, input := range writeOnly[urn.Type()] {
		for _, path := range input.places(given) {
			given = withAt(given, path, property.Value{})
		}
	}
	return given.Get(name).HasSecrets()
}

// showInputs has the engine show what stands in the inputs. The outputs, which it
// shows else, are all marked: the SDKs see to it.
func showInputs(urn resource.URN, diffs map[string]p.PropertyDiff) {
	for _, input := range writeOnly[urn.Type()] {
		name := input.path[0]
		if !input.named && len(input.path) > 1 {
			continue // SDKs mark whole properties only
		}
		for path, diff := range diffs {
			if rest, own := strings.CutPrefix(path, name); own && (rest == "" || rest[0] == '.' || rest[0] == '[') {
				diff.InputDiff = true
				diffs[path] = diff
			}
		}
	}
}

// changedElsewhere stands in the inputs for a secret that somebody else has set:
// its value cannot be read, but that it is another one than ours is known.
func changedElsewhere(by string) string { return changedPrefix + by }

const (
	changedPrefix = "changed elsewhere: "
	// perhaps comes before it where it cannot be told which of several secrets was changed.
	perhaps = "perhaps "
)

// changedForm is what changedElsewhere writes of a [describeVersion] or a
// [describeStoredSecret], so that no value is taken for it.
var changedForm = regexp.MustCompile(`^(` + perhaps + `)?` + changedPrefix +
	`(version [0-9a-f-]{36}, deployed by .+ through .+|secret [0-9a-f-]+, modified) ` +
	`on \d{4}-\d\d-\d\d \d\d:\d\d UTC$`)

func isChangedElsewhere(text string) bool { return changedForm.MatchString(text) }

// noValueError says that a secret has to be sent and cannot.
type noValueError struct{ path string }

func (e *noValueError) Error() string {
	return e.path + ": Cloudflare needs the value, of which only the fingerprint is known here"
}

const noValueHint = "does ignoreChanges cover it? What is created or replaced, or was changed elsewhere, " +
	"needs the values: leave secrets and value out of ignoreChanges for this update"

// hinted is the whole message where no [explain] adds to it.
func (e *noValueError) hinted() string { return e.Error() + "\n  hint: " + noValueHint }
