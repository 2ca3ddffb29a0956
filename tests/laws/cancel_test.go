// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// atOnce is how many requests for objects may be on their way when an operation is cancelled.
const atOnce = 8

// TestCancellationIsPrompt cancels each operation while each of its requests is
// on its way. None follows, what was done is kept, and the next time the rest is done.
func TestCancellationIsPrompt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		for _, sc := range scenarios(r) {
			if sc.name != "create" && sc.name != "everything at once" && sc.name != "content changed" &&
				sc.name != "refresh" && sc.name != "destroy" && sc.name != "renamed" {
				continue
			}
			w, smooth, program := sc.begin(t, r)
			require.NoError(t, sc.operation(w, smooth, program))
			calls := w.requests()
			want := w.Dump()
			for n := range calls {
				t.Run(fmt.Sprintf("%s/in request %d of %d", sc.name, n+1, len(calls)), func(t *testing.T) {
					t.Parallel()
					w, s, program := sc.begin(t, r)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					s.start(ctx)
					w.on(hooks{after: func(at int, _ *http.Request) bool {
						if at == n+1 {
							cancel()
						}
						return false
					}})
					err := sc.operation(w, s, program)
					made := w.requests()
					if transfer(calls[n]) != "" { // others were sent at the same time
						assert.LessOrEqual(t, len(made), n+atOnce, "%v\n%v", err, made)
					} else {
						assert.Len(t, made, n+1, "%v\n%v", err, made)
					}
					if len(made) < len(calls) {
						require.Error(t, err)
					}

					w.on(hooks{})
					s.start(t.Context())
					require.NoError(t, sc.operation(w, s, program))
					equalAccounts(t, want, w.Dump())
				})
			}
		}
	})
}
