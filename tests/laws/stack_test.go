// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// A stack is a Pulumi stack with one resource, and the engine that works on it.
type stack struct {
	t      *testing.T
	cloud  *cloud
	urn    resource.URN
	server integration.Server
	logs   *logbook
	ignore []string // ignoreChanges

	// What the engine keeps between operations. The id is empty if the resource does not exist.
	id              string
	inputs, outputs property.Map
	unfinished      bool     // the last operation failed half-way
	replaced        []*stack // what replacements have left to be deleted
}

func newStack(t *testing.T, c *cloud, token tokens.Type) *stack {
	t.Helper()
	s := &stack{t: t, cloud: c, urn: resource.NewURN("dev", "laws", "", token, "it"), logs: &logbook{}}
	s.start(t.Context())
	return s
}

// start starts the provider anew for the operations that follow. They end when ctx does.
func (s *stack) start(ctx context.Context) {
	s.t.Helper()
	s.server = s.cloud.provider(context.WithValue(ctx, logbookKey{}, s.logs))
}

// checkError is what the engine reports when inputs are wrong.
type checkError []p.CheckFailure

func (e checkError) Error() string {
	lines := make([]string, len(e))
	for i, f := range e {
		lines[i] = f.Property + ": " + f.Reason
	}
	return strings.Join(lines, "\n")
}

func (s *stack) check(olds, program property.Map) (property.Map, error) {
	for _, path := range s.ignore {
		program = reset(program, olds, strings.Split(path, "."))
	}
	resp, err := s.server.Check(p.CheckRequest{Urn: s.urn, State: olds, Inputs: program})
	if err == nil && len(resp.Failures) > 0 {
		err = checkError(resp.Failures)
	}
	return resp.Inputs, err
}

// reset returns the program with what olds have at path, as the engine does with
// what ignoreChanges lists: only where both have what the path leads to.
func reset(program, olds property.Map, path []string) property.Map {
	now, has := program.GetOk(path[0])
	old, had := olds.GetOk(path[0])
	switch {
	case !has || !had:
		return program
	case len(path) == 1:
		return program.Set(path[0], old)
	case !now.IsMap() || !old.IsMap():
		return program
	}
	return program.Set(path[0], property.WithGoValue(now, reset(now.AsMap(), old.AsMap(), path[1:])))
}

// diff compares what the engine keeps with inputs that were checked.
func (s *stack) diff(inputs property.Map) (p.DiffResponse, error) {
	return s.server.Diff(p.DiffRequest{
		ID: s.id, Urn: s.urn, State: s.withOldInputs(), OldInputs: s.inputs, Inputs: inputs,
		IgnoreChanges: s.ignore,
	})
}

// withOldInputs returns the outputs, with the old inputs in the place of the
// outputs that are called the same. From there infer takes the old inputs,
// because the integration server does not tell it that they are sent.
func (s *stack) withOldInputs() property.Map {
	state := s.outputs
	for name := range inputNames(s.t, s.urn.Type()) {
		state = state.Delete(name)
	}
	for name, value := range s.inputs.All {
		state = state.Set(name, value)
	}
	return state
}

// plan is what a preview says.
type plan struct {
	op      string // "create", "update", "replace", "same"
	inputs  property.Map
	diff    p.DiffResponse
	outputs property.Map
}

func (pl plan) kinds() map[string]p.DiffKind {
	kinds := map[string]p.DiffKind{}
	for name, d := range pl.diff.DetailedDiff {
		kinds[name] = d.Kind
	}
	return kinds
}

// plan decides what a program asks for.
func (s *stack) plan(program property.Map) (pl plan, err error) {
	if pl.inputs, err = s.check(s.inputs, program); err != nil {
		return pl, err
	}
	if s.id == "" {
		pl.op = "create"
		return pl, nil
	}
	if pl.diff, err = s.diff(pl.inputs); err != nil {
		return pl, err
	}
	pl.op = "same"
	if pl.diff.HasChanges || s.unfinished {
		pl.op = "update"
	}
	for _, kind := range pl.kinds() {
		if strings.HasSuffix(string(kind), "&replace") {
			pl.op = "replace"
		}
	}
	return pl, nil
}

// preview is `pulumi preview`.
func (s *stack) preview(program property.Map) (plan, error) {
	pl, err := s.plan(program)
	if err != nil {
		return pl, err
	}
	switch pl.op {
	case "replace":
		if pl.inputs, err = s.check(property.Map{}, program); err != nil {
			return pl, err
		}
		fallthrough
	case "create":
		r, err := s.server.Create(p.CreateRequest{Urn: s.urn, Properties: pl.inputs, DryRun: true})
		pl.outputs = r.Properties
		return pl, err
	case "update":
		r, err := s.server.Update(p.UpdateRequest{
			ID: s.id, Urn: s.urn, State: s.outputs, OldInputs: s.inputs, Inputs: pl.inputs, DryRun: true,
			IgnoreChanges: s.ignore,
		})
		pl.outputs = r.Properties
		return pl, err
	}
	return pl, nil
}

// up is `pulumi up --skip-preview`.
func (s *stack) up(program property.Map) error {
	pl, err := s.plan(program)
	if err != nil {
		return err
	}
	switch pl.op {
	case "create":
		err = s.create(pl.inputs)
	case "replace":
		err = s.replace(program, pl.diff.DeleteBeforeReplace)
	case "update":
		err = s.update(pl.inputs)
	case "same":
		s.inputs = pl.inputs
	}
	return errors.Join(err, s.deleteReplaced())
}

func (s *stack) create(inputs property.Map) error {
	r, err := s.server.Create(p.CreateRequest{Urn: s.urn, Properties: inputs})
	err = asEngine(err, r.PartialState)
	if err != nil && r.PartialState == nil {
		return err
	}
	s.id, s.inputs, s.outputs, s.unfinished = r.ID, inputs, r.Properties, err != nil
	return err
}

func (s *stack) update(inputs property.Map) error {
	r, err := s.server.Update(p.UpdateRequest{
		ID: s.id, Urn: s.urn, State: s.outputs, OldInputs: s.inputs, Inputs: inputs, IgnoreChanges: s.ignore,
	})
	err = asEngine(err, r.PartialState)
	if err != nil && r.PartialState == nil {
		return err
	}
	s.inputs, s.outputs, s.unfinished = inputs, r.Properties, err != nil
	return err
}

// asEngine returns the error that the engine shows: that of an operation which
// failed half-way is in its reasons.
func asEngine(err error, partial *p.InitializationFailed) error {
	if partial != nil {
		return errors.New(strings.Join(partial.Reasons, "\n"))
	}
	return err
}

func (s *stack) replace(program property.Map, deleteFirst bool) error {
	inputs, err := s.check(property.Map{}, program) // for the replacement the engine checks without old inputs
	if err != nil {
		return err
	}
	if deleteFirst {
		if err := s.delete(); err != nil {
			return err
		}
		return s.create(inputs)
	}
	old := *s
	old.replaced = nil
	err = s.create(inputs)
	if err == nil || s.unfinished {
		s.replaced = append(s.replaced, &old)
	}
	return err
}

func (s *stack) deleteReplaced() error {
	for len(s.replaced) > 0 {
		s.replaced[0].server = s.server
		if err := s.replaced[0].delete(); err != nil {
			return err
		}
		s.replaced = s.replaced[1:]
	}
	return nil
}

// destroy is `pulumi destroy`.
func (s *stack) destroy() error {
	if err := s.deleteReplaced(); err != nil {
		return err
	}
	if s.id == "" {
		return nil
	}
	return s.delete()
}

func (s *stack) delete() error {
	err := s.server.Delete(p.DeleteRequest{ID: s.id, Urn: s.urn, Properties: s.outputs, OldInputs: s.inputs})
	if err != nil {
		return err
	}
	s.id, s.inputs, s.outputs, s.unfinished = "", property.Map{}, property.Map{}, false
	return nil
}

// refresh is `pulumi refresh`.
func (s *stack) refresh() error {
	if s.id == "" {
		return nil
	}
	r, err := s.server.Read(p.ReadRequest{ID: s.id, Urn: s.urn, Properties: s.outputs, Inputs: s.inputs})
	if err != nil {
		return err
	}
	if r.ID == "" {
		s.id, s.inputs, s.outputs, s.unfinished = "", property.Map{}, property.Map{}, false
		return nil
	}
	s.id, s.inputs, s.outputs, s.unfinished = r.ID, r.Inputs, r.Properties, false
	return nil
}

// importByID is `pulumi import` of the resource with that id.
func (s *stack) importByID(id string) error {
	r, err := s.server.Read(p.ReadRequest{ID: id, Urn: s.urn})
	if err != nil {
		return err
	}
	if r.ID == "" {
		return fmt.Errorf("%q does not exist", id)
	}
	s.id, s.inputs, s.outputs = r.ID, r.Inputs, r.Properties
	return nil
}

// mustUp is up for what is not the subject of a test.
func (s *stack) mustUp(program property.Map) {
	s.t.Helper()
	require.NoError(s.t, s.up(program))
}
