// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// TestImportEqualsCreate: what a program made is found again by its id alone,
// with the same inputs and the same outputs, and then the program has nothing to
// say but what nobody can read.
func TestImportEqualsCreate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		w, made := built(t, r)
		found := newStack(t, w.cloud, r.token)
		require.NoError(t, found.importByID(r.importID(w, made)))

		hidden := slices.Collect(maps.Keys(r.unreadable))
		assert.Equal(t, made.id, found.id)
		assert.Equal(t, canonical(t, without(made.inputs, hidden)), canonical(t, without(found.inputs, hidden)))
		assert.Equal(t, canonical(t, without(made.outputs, hidden)), canonical(t, without(found.outputs, hidden)))

		program := r.program(w)
		pl, err := found.preview(properties(program))
		require.NoError(t, err)
		for input := range pl.kinds() {
			assert.True(t, slices.ContainsFunc(hidden, func(name string) bool {
				return input == name || strings.HasPrefix(input, name+".")
			}), input)
		}
		for _, name := range hidden {
			program = program.with(nil, strings.Split(name, ".")...)
		}
		pl, err = found.preview(properties(program))
		if pl.op != "" && err == nil {
			assert.Equal(t, "same", pl.op, "%v", pl.kinds())
		}
	})
}

// without returns m less what is at the paths, which have dots.
func without(m property.Map, paths []string) property.Map {
	for _, path := range paths {
		name, rest, nested := strings.Cut(path, ".")
		switch value := m.Get(name); {
		case !nested:
			m = m.Delete(name)
		case value.IsMap():
			m = m.Set(name, property.WithGoValue(value, without(value.AsMap(), []string{rest})))
		}
	}
	return m
}

// TestWhatDoesNotExistCannotBeImported: an import that finds nothing must say so.
func TestWhatDoesNotExistCannotBeImported(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		w, s := built(t, r)
		id := r.importID(w, s)
		require.NoError(t, s.destroy())
		require.Error(t, newStack(t, w.cloud, r.token).importByID(id))
	})
}
