// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A ledger collects the requests of operations, which are measured in parallel.
type ledger struct {
	mu    sync.Mutex
	names []string // in order
	calls map[string][]string
}

// open makes room for an operation, whose requests are entered later.
func (l *ledger) open(name string) (enter func(calls []string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names = append(l.names, name)
	return func(calls []string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.calls == nil {
			l.calls = map[string][]string{}
		}
		l.calls[name] = calls
	}
}

func (l *ledger) String() string {
	var text strings.Builder
	for _, name := range l.names {
		fmt.Fprintf(&text, "# %s: %d\n", name, len(l.calls[name]))
		for _, call := range l.calls[name] {
			fmt.Fprintln(&text, call)
		}
		fmt.Fprintln(&text)
	}
	return text.String()
}

// TestCallBudget compares the requests of every operation and of every change
// with testdata, in which they are reviewed.
func TestCallBudget(t *testing.T) {
	t.Parallel()
	for _, r := range subjects() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			var l ledger
			t.Run("operations", func(t *testing.T) { // its end is waited for
				measure := func(name string, operation func(w world, s *stack) error, prepare ...func(w world, s *stack)) {
					enter := l.open(name)
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						w, s := begun(t, r)
						for _, f := range prepare {
							f(w, s)
						}
						w.forget()
						require.NoError(t, operation(w, s))
						enter(w.requests())
					})
				}
				create := func(w world, s *stack) error { return s.up(properties(r.program(w))) }
				existing := func(w world, s *stack) { s.mustUp(properties(r.program(w))) }
				measure("create on a new machine", create)
				measure("create", create, existing, func(_ world, s *stack) {
					require.NoError(t, s.destroy())
				})
				measure("up of the same program", create, existing)
				for _, c := range r.changes {
					measure(c.name, func(w world, s *stack) error {
						program := c.edit(w, r.program(w))
						w.forget()
						return s.up(properties(program))
					}, existing)
				}
				measure("refresh", func(_ world, s *stack) error { return s.refresh() }, existing)
				measure("import", func(w world, s *stack) error {
					again := newStack(t, w.cloud, r.token)
					return again.importByID(r.importID(w, s))
				}, existing)
				measure("destroy", func(_ world, s *stack) error { return s.destroy() }, existing)
				measure("destroy what is gone", func(_ world, s *stack) error { return s.delete() }, existing,
					func(_ world, s *stack) {
						gone := *s
						require.NoError(t, gone.destroy())
					})
			})
			golden(t, strings.ReplaceAll(r.name, " ", "-"), l.String())
		})
	}
}

// TestWorkerBudget holds the numbers that were promised, beside the golden files.
func TestWorkerBudget(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	const (
		triggers     = 5 // workers.dev, two routes, a DNS record, a custom domain
		triggerKinds = 4
		checks       = 5     // whether they are free: routes, the DNS record, and three of the custom domain
		owners       = 2     // whose routes and custom domains are, before they are deleted
		settings     = 2     // those that belong to no version, and the cron triggers
		download     = 1 + 3 // the list, and each file
	)
	count := func(t *testing.T, w world, most int, operation func() error) {
		t.Helper()
		w.forget()
		require.NoError(t, operation())
		calls := w.requests()
		assert.LessOrEqual(t, len(calls), most, strings.Join(calls, "\n"))
	}

	t.Run("pinned", func(t *testing.T) {
		t.Parallel()
		w, s := begun(t, r)
		program := properties(r.program(w))
		// On a machine that never deployed, the account's subdomain and the token's id are asked for, once.
		count(t, w, 1+1+settings+checks+triggers+download+2, func() error { return s.up(program) })
		count(t, w, 0, func() error { _, err := s.preview(program); return err })
		count(t, w, 0, func() error { return s.up(program) })
		next := properties(r.program(w).with(w.builds["v2"].reference(), "bundle"))
		count(t, w, 2+download, func() error { return s.up(next) })
		count(t, w, 3+triggerKinds, s.refresh)
		count(t, w, 1+triggers+owners, s.destroy)
		count(t, w, 1+1+settings+checks+triggers, func() error { return s.up(program) })
	})
	t.Run("unpinned", func(t *testing.T) {
		t.Parallel()
		w, s := begun(t, r)
		program := properties(r.program(w).with(w.builds["v1"].unpinned(), "bundle"))
		s.mustUp(program)
		count(t, w, 1, func() error { _, err := s.preview(program); return err })
		count(t, w, 1, func() error { return s.up(program) })
	})
	t.Run("one file, unpinned", func(t *testing.T) {
		t.Parallel()
		w, s := begun(t, r)
		b := w.build("single.js", map[string][]byte{"single.js": script("single")})
		w.put(b)
		program := properties(r.program(w).with(b.unpinned(), "bundle").with(nil, "mainModule"))
		s.mustUp(program)
		count(t, w, 1, func() error { _, err := s.preview(program); return err })
		count(t, w, 1, func() error { return s.up(program) })
	})
}
