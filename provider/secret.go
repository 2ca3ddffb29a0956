// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
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

// writeOnly are the inputs whose values never reach the state: a text, or a map
// of texts by name.
var writeOnly = map[tokens.Type]string{
	workerToken: "secrets",
	secretToken: "value",
}

// maxSecretBytes is how large each value may be.
var maxSecretBytes = map[tokens.Type]int{
	workerToken: maxVariableBytes,
	secretToken: maxStoredSecretBytes,
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
		resp.Inputs = nameSecrets(req.Urn, resp.Inputs)
		resp.Failures = append(failures, resp.Failures...)
		return resp, err
	}
	prov.Diff = func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		// In the state, SDKs have the engine mark the map as well.
		req.State = nameSecrets(req.Urn, req.State)
		req.OldInputs, req.Inputs = nameSecrets(req.Urn, req.OldInputs), nameSecrets(req.Urn, req.Inputs)
		resp, err := diff(ctx, req)
		showInputs(req.Urn, resp.DetailedDiff)
		return resp, err
	}
	prov.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		defer v.releaseInputs(req.Urn, req.Properties)
		resp, err := create(enter(ctx), req)
		resp.Properties = nameSecrets(req.Urn, resp.Properties)
		return resp, err
	}
	prov.Read = func(ctx context.Context, req p.ReadRequest) (p.ReadResponse, error) {
		resp, err := read(ctx, req)
		resp.Inputs, resp.Properties = nameSecrets(req.Urn, resp.Inputs), nameSecrets(req.Urn, resp.Properties)
		return resp, err
	}
	prov.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		defer v.releaseInputs(req.Urn, req.Inputs)
		req.State, req.Inputs = nameSecrets(req.Urn, req.State), nameSecrets(req.Urn, req.Inputs)
		resp, err := update(enter(ctx), req)
		resp.Properties = nameSecrets(req.Urn, resp.Properties)
		return resp, err
	}
	return prov
}

// maxResolving bounds how many references of one resource are resolved at a time.
const maxResolving = 8

// sealInputs returns the inputs with fingerprints in the place of values, and what
// is wrong with the values. What is not known yet stays so.
func (v *vault) sealInputs(ctx context.Context, req p.CheckRequest) (property.Map, []p.CheckFailure) {
	name, ok := writeOnly[req.Urn.Type()]
	given := req.Inputs.Get(name)
	if !ok || given.IsComputed() || given.IsNull() {
		return req.Inputs, nil
	}
	s := sealer{vault: v, urn: req.Urn, creates: req.State.Len() == 0}
	was := req.State.Get(name)
	if !given.IsMap() {
		sealed, failure := s.seal(ctx, []string{name}, given, was)
		if len(failure) > 0 {
			sealed = property.New(property.Computed) // it is wrong, and not missing
		}
		return with(req.Inputs, name, sealed), failure
	}
	var (
		mu       sync.Mutex
		all      sync.WaitGroup
		free     = make(chan struct{}, maxResolving)
		failures []p.CheckFailure
		sealed   = given.AsMap()
	)
	for key, value := range given.AsMap().All {
		old := property.Value{}
		if was.IsMap() {
			old = was.AsMap().Get(key)
		}
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			one, failure := s.seal(ctx, []string{name, key}, value, old)
			mu.Lock()
			defer mu.Unlock()
			sealed, failures = with(sealed, key, one), append(failures, failure...)
		})
	}
	all.Wait()
	slices.SortFunc(failures, func(a, b p.CheckFailure) int { return strings.Compare(a.Property, b.Property) })
	return req.Inputs.Set(name, property.WithGoValue(given, sealed)), failures
}

// with returns m with the value, or without the key if the value is null.
func with(m property.Map, key string, value property.Value) property.Map {
	if value.IsNull() {
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
	ctx context.Context, path []string, value, old property.Value,
) (property.Value, []p.CheckFailure) {
	fail := func(format string, args ...any) (property.Value, []p.CheckFailure) {
		return property.New(property.Null), []p.CheckFailure{{
			Property: propertyPath(path), Reason: fmt.Sprintf(format, args...),
		}}
	}
	switch {
	case value.IsComputed() || value.IsNull():
		return value, nil
	case !value.IsString():
		return fail("a secret is a text: write numbers and lists as JSON yourself")
	}
	text, before := value.AsString(), ""
	if old.IsString() {
		before = old.AsString()
	}
	if seal.Is(text) || isChangedElsewhere(text) {
		if text != before && (!s.creates || !s.holds(text)) { // not even if it is the fingerprint of another one
			return fail("%s", (&noValueError{path: propertyPath(path)}).hinted())
		}
		return value, nil // ignoreChanges gives back what is stored
	}
	if s.resolve != nil {
		var err error
		if text, err = s.resolve(ctx, text); err != nil {
			return fail("%v", err)
		}
	}
	if limit := maxSecretBytes[s.urn.Type()]; len(text) > limit {
		return fail("has %d bytes; Cloudflare allows %d", len(text), limit)
	}
	if text == "" && s.urn.Type() == secretToken {
		return fail("is empty, which Secrets Store does not allow")
	}
	plain := []byte(text)
	fingerprint := seal.Value(plain, string(s.urn)+"\n"+strings.Join(path, "."), before)
	s.put(fingerprint, plain)
	return property.WithGoValue(value, fingerprint).WithSecret(true), nil
}

// releaseInputs forgets the values behind a resource's inputs.
func (v *vault) releaseInputs(urn resource.URN, inputs property.Map) {
	given := inputs.Get(writeOnly[urn.Type()])
	if given.IsString() {
		v.release(given.AsString())
	}
	if given.IsMap() {
		for _, value := range given.AsMap().All {
			if value.IsString() {
				v.release(value.AsString())
			}
		}
	}
}

// nameSecrets moves the mark of a map of secrets to their fingerprints. What
// stands in the place of one that was changed elsewhere is there to be read, and in
// what is not known yet there is nothing to hide: marked, the engine would take
// whatever becomes of it for a violation of an update plan.
func nameSecrets(urn resource.URN, m property.Map) property.Map {
	name, ok := writeOnly[urn.Type()]
	given := m.Get(name)
	mark := func(value property.Value) property.Value {
		public := value.IsComputed() || value.IsString() && isChangedElsewhere(value.AsString())
		return value.WithSecret(!public)
	}
	switch {
	case !ok:
		return m
	case given.IsString() || given.IsComputed():
		return m.Set(name, mark(given))
	case !given.IsMap():
		return m
	}
	values := given.AsMap()
	for key, value := range values.All {
		values = values.Set(key, mark(value))
	}
	return m.Set(name, property.WithGoValue(given, values).WithSecret(false))
}

// showInputs has the engine show what stands in the inputs. The outputs, which it
// shows else, are all marked: the SDKs see to it.
func showInputs(urn resource.URN, diffs map[string]p.PropertyDiff) {
	name, ok := writeOnly[urn.Type()]
	for path, diff := range diffs {
		if rest, own := strings.CutPrefix(path, name); ok && own && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			diff.InputDiff = true
			diffs[path] = diff
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
