// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// TestEveryInputMatters: each change is told by the preview, by the names of
// exactly the inputs that changed, and with what it does to them.
func TestEveryInputMatters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		for _, c := range r.changes {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				pl, err := s.preview(properties(c.edit(w, r.program(w))))
				require.NoError(t, err)
				if len(c.diff) == 0 {
					assert.Equal(t, "same", pl.op)
					assert.Empty(t, pl.kinds())
					return
				}
				assert.Equal(t, c.diff, pl.kinds())
			})
		}
	})
}

// TestWhatWasDoneIsDone: what a preview promises comes; after a create and after each change nothing
// is left to do, a second time makes no request, and a refresh sees nothing new.
func TestWhatWasDoneIsDone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		settled := func(t *testing.T, w world, s *stack, program object) {
			t.Helper()
			w.forget()
			id, inputs, outputs := s.id, canonical(t, s.inputs), canonical(t, s.outputs)
			pl, err := s.preview(properties(program))
			require.NoError(t, err)
			assert.Equal(t, "same", pl.op, "%v", pl.kinds())
			s.mustUp(properties(program))
			forced := *s
			require.NoError(t, forced.update(pl.inputs))
			assert.Empty(t, w.Calls(), "the second time")
			assert.Equal(t, outputs, canonical(t, s.outputs), "the second time")

			require.NoError(t, s.refresh())
			assert.Equal(t, id, s.id)
			assert.Equal(t, inputs, canonical(t, s.inputs), "inputs after a refresh")
			assert.Equal(t, outputs, canonical(t, s.outputs), "outputs after a refresh")
		}
		t.Run("create", func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			settled(t, w, s, r.program(w))
		})
		for _, c := range r.changes {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				program := c.edit(w, r.program(w))
				kept := promises(t, r, s, properties(program))
				s.mustUp(properties(program))
				kept()
				settled(t, w, s, program)
			})
		}
	})
}

// TestAChangeEqualsACreate: however a program came about, the account and the
// state are as if it had been the first one.
func TestAChangeEqualsACreate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		for _, c := range r.changes {
			if c.gradual {
				continue // and it has laws of its own (worker_rollout_test.go)
			}
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				w, changed := built(t, r)
				before := w.Dump()
				changed.mustUp(properties(c.edit(w, r.program(w))))
				if c.idle {
					assert.Empty(t, w.Calls())
					assert.Equal(t, before, w.Dump())
					return
				}

				first, created := begun(t, r)
				created.mustUp(properties(c.edit(first, r.program(first))))

				equalAccounts(t, first.Dump(), w.Dump())
				for _, name := range slices.Sorted(maps.Keys(inputNames(t, r.token))) {
					if name == "path" { // the worlds are in different places on this machine
						continue
					}
					of := func(s *stack) string {
						return canonical(t, property.NewMap(map[string]property.Value{name: s.outputs.Get(name)}))
					}
					assert.Equal(t, of(created), of(changed))
				}
			})
		}
	})
}

// TestDeletionIsCompleteAndIdempotent: nothing is left behind, whatever was
// changed before, and a second deletion is a success.
func TestDeletionIsCompleteAndIdempotent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		for _, c := range append([]change{unchanged}, r.changes...) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				s.mustUp(properties(c.edit(w, r.program(w))))
				again := *s
				require.NoError(t, s.destroy())
				equalAccounts(t, c.untouched(t, r), w.Dump())

				require.NoError(t, again.delete())
			})
		}
	})
}

// TestTheDeletedIsForgotten: a refresh of what is gone drops it.
func TestTheDeletedIsForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		_, s := built(t, r)
		again := *s
		require.NoError(t, s.destroy())
		require.NoError(t, again.refresh())
		assert.Empty(t, again.id)
	})
}
