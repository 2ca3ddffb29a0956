// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
		assert.Equal(t, canonical(t, made.inputs.Delete(hidden...)), canonical(t, found.inputs.Delete(hidden...)))
		assert.Equal(t, canonical(t, made.outputs.Delete(hidden...)), canonical(t, found.outputs.Delete(hidden...)))

		program := r.program(w)
		pl, err := found.preview(properties(program))
		require.NoError(t, err)
		for input := range pl.kinds() {
			name, _, _ := strings.Cut(input, ".")
			assert.Contains(t, hidden, name)
		}
		for _, name := range hidden {
			program = program.with(nil, name)
		}
		pl, err = found.preview(properties(program))
		if pl.op != "" && err == nil {
			assert.Equal(t, "same", pl.op, "%v", pl.kinds())
		}
	})
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
