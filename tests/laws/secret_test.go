// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// unmarked is what a state shows to everybody.
func unmarked(v property.Value) property.Value {
	switch {
	case v.Secret():
		return property.New("[secret]")
	case v.IsMap():
		m := v.AsMap()
		for name, value := range m.All {
			m = m.Set(name, unmarked(value))
		}
		return property.New(m)
	case v.IsArray():
		list := v.AsArray().AsSlice()
		for i := range list {
			list[i] = unmarked(list[i])
		}
		return property.New(list)
	}
	return v
}

func shown(m property.Map) string { return fmt.Sprint(plain(unmarked(property.New(m)))) }

// TestSecretsStaySecret: neither the API token nor a secret value occurs
// unmarked in what is kept, nor in a log, an error or a URL, whatever happens.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		hidden := func(t *testing.T, w world, s *stack, err error) {
			t.Helper()
			assert.NotContains(t, shown(s.inputs), secretMark)
			assert.NotContains(t, shown(s.outputs), secretMark)
			assert.NotContains(t, s.logs.String(), secretMark)
			assert.NotContains(t, fmt.Sprint(err), secretMark)
			assert.NotContains(t, strings.Join(w.Calls(), "\n"), secretMark)
		}
		t.Run("all goes well", func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			program := properties(r.program(w))
			for range 2 { // a create, and no change
				pl, err := s.preview(program)
				require.NoError(t, err)
				assert.NotContains(t, shown(pl.inputs), secretMark)
				assert.NotContains(t, shown(pl.outputs), secretMark)
				hidden(t, w, s, s.up(program))
			}
			require.NoError(t, s.refresh())
			hidden(t, w, s, nil)
			found := newStack(t, w.cloud, r.token)
			require.NoError(t, found.importByID(r.importID(w, s)))
			hidden(t, w, found, nil)
			hidden(t, w, s, s.destroy())
		})
		for _, c := range r.changes {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				program := properties(c.edit(w, r.program(w)))
				pl, err := s.preview(program)
				require.NoError(t, err)
				assert.NotContains(t, shown(pl.inputs), secretMark)
				assert.NotContains(t, shown(pl.outputs), secretMark)
				hidden(t, w, s, s.up(program))
			})
		}
		for _, status := range []int{400, 401, 403, 409, 429, 500} {
			t.Run(fmt.Sprintf("requests fail with %d", status), func(t *testing.T) {
				t.Parallel()
				var failed atomic.Bool
				failed.Store(true)
				for at := 1; failed.Load(); at++ {
					w, s := begun(t, r)
					failed.Store(false)
					w.on(hooks{around: func(n int, rw http.ResponseWriter, req *http.Request, emulated http.HandlerFunc) {
						if n < at {
							emulated(rw, req)
							return
						}
						failed.Store(true)
						rw.Header().Set("Content-Type", "application/json")
						rw.WriteHeader(status)
						// A server that quotes what it does not like.
						_, _ = fmt.Fprintf(rw, `{"success":false,"errors":[{"code":1,"message":"bad header %s"}]}`,
							req.Header.Get("Authorization")) // a client that has gone needs no answer
					}})
					hidden(t, w, s, s.up(properties(r.program(w))))
				}
			})
		}
	})
}

// TestWhatTheProgramMarksStaysMarked: any input can come from a secret, and then
// the output of the same name is one.
func TestWhatTheProgramMarksStaysMarked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		w, s := begun(t, r)
		program := r.program(w)
		for name, value := range program {
			program[name] = propertyOf(value).WithSecret(true)
		}
		marked := func(m property.Map, when string) {
			for name := range program {
				if name == "secrets" { // each value of it is
					continue
				}
				assert.True(t, m.Get(name).Secret(), "%s %s", name, when)
			}
		}
		pl, err := s.preview(properties(program))
		require.NoError(t, err)
		marked(pl.inputs, "in a preview's inputs")
		marked(pl.outputs, "in a preview's outputs")
		s.mustUp(properties(program))
		marked(s.inputs, "in the inputs")
		marked(s.outputs, "in the outputs")
		require.NoError(t, s.refresh())
		marked(s.inputs, "in the inputs after a refresh")
		marked(s.outputs, "in the outputs after a refresh")
	})
}
