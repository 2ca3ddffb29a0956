// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// A crash is a way in which request n of an operation fails.
type crash struct {
	name string
	at   func(n int) hooks
	then []sequel
}

// A sequel is what is done after a crash.
type sequel string

const (
	again        sequel = "again"
	refreshAgain sequel = "refresh, then again"
	destroy      sequel = "destroy"
)

func crashes() []crash {
	refuse := func(status int) func(n int) hooks {
		return func(at int) hooks {
			return hooks{before: func(n int, _ *http.Request) int {
				if n == at {
					return status
				}
				return 0
			}}
		}
	}
	return []crash{
		{"refused", refuse(http.StatusForbidden), []sequel{again}},
		{"failed", refuse(http.StatusBadGateway), []sequel{refreshAgain}},
		{"lost", func(at int) hooks {
			return hooks{after: func(n int, _ *http.Request) bool { return n == at }}
		}, []sequel{again, refreshAgain, destroy}},
		{blackout, func(at int) hooks {
			return hooks{
				before: func(n int, _ *http.Request) int {
					if n > at {
						return http.StatusServiceUnavailable
					}
					return 0
				},
				after: func(n int, _ *http.Request) bool { return n >= at },
			}
		}, []sequel{again, destroy}},
	}
}

// blackout is the crash in which nobody can look what became of the lost request.
const blackout = "lost, then nothing works"

// A scenario is an operation that crashes, in a stack that was brought to where it begins.
type scenario struct {
	name      string
	built     bool // the program was deployed before
	operation func(w world, s *stack, program object) error
	change    change
}

func scenarios(r subject) []scenario {
	up := func(_ world, s *stack, program object) error { return s.up(properties(program)) }
	list := []scenario{{"create", false, up, unchanged}}
	for _, c := range r.changes {
		list = append(list, scenario{c.name, true, up, c})
	}
	return append(list,
		scenario{"refresh", true, func(_ world, s *stack, _ object) error { return s.refresh() }, unchanged},
		scenario{"destroy", true, func(_ world, s *stack, _ object) error { return s.destroy() }, unchanged},
	)
}

// begin returns a stack in which the scenario can take place, and the program that it deploys.
func (sc scenario) begin(t *testing.T, r subject) (world, *stack, object) {
	t.Helper()
	w, s := begun(t, r)
	if sc.built {
		s.mustUp(properties(r.program(w)))
	}
	program := sc.change.edit(w, r.program(w))
	w.forget()
	return w, s, program
}

// TestCrashAnywhere fails each request of each operation in each way. Then the
// operation is done again, with or without a refresh before it, and must lead to
// the same account and the same state as if nothing had failed. Or everything
// is destroyed, and then nothing must be left: there are no orphans.
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		shapes := map[string]bool{}
		for _, sc := range scenarios(r) {
			w, smooth, program := sc.begin(t, r)
			require.NoError(t, sc.operation(w, smooth, program))
			calls := w.requests()
			if len(calls) == 0 || shapes[shape(calls)] { // it would fail in the same ways as another one
				continue
			}
			shapes[shape(calls)] = true
			crashTest{r, sc, calls, w.Dump(), smooth.state(t), sc.change.untouched(t, r)}.run(t)
		}
	})
}

// sortsOfRequests are the parts of a path that say what a request is about; the last one counts.
var sortsOfRequests = []string{
	"user", "deployments", "versions", "subdomain", "dns_records", "routes", "scripts", "script-settings",
	"schedules", "domains", "queues", "consumers", "rules", "catch_all", "workflows", "triggers",
}

// shape says what sort of requests calls are, without the names in them.
func shape(calls []string) string {
	sorts := make([]string, len(calls))
	for i, call := range calls {
		path, _, _ := strings.Cut(call, "?")
		names := strings.Split(path, "/")
		sort := names[0] // the method
		for _, name := range names {
			if slices.Contains(sortsOfRequests, name) {
				sort = names[0] + name
			}
		}
		sorts[i] = sort
	}
	return strings.Join(sorts, " ")
}

// crashTest is a scenario, and how it goes when nothing crashes.
type crashTest struct {
	subject
	scenario
	calls          []string
	account, state string
	clean          string // the account when everything was destroyed
}

func (ct crashTest) run(t *testing.T) {
	t.Helper()
	for n, call := range ct.calls {
		for _, c := range crashes() {
			if c.name == blackout && ct.unclaimed != "" && strings.HasPrefix(call, "POST ") {
				continue
			}
			for _, then := range c.then {
				name := fmt.Sprintf("%s/request %d of %d %s/%s", ct.scenario.name, n+1, len(ct.calls), c.name, then)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w, s, program := ct.begin(t, ct.subject)
					w.on(c.at(n + 1))
					err := ct.operation(w, s, program) // nil: what was lost was asked for again
					require.Greater(t, len(w.Calls()), n, "%v", err)
					w.forget()

					s.start(t.Context()) // the next operation is another process
					if then == destroy {
						require.NoError(t, s.destroy())
						assert.Equal(t, ct.clean, w.Dump())
						return
					}
					if then == refreshAgain {
						require.NoError(t, s.refresh())
					}
					require.NoError(t, ct.operation(w, s, program))
					equalAccounts(t, ct.account, w.Dump())
					assert.Equal(t, ct.state, s.state(t))
				})
			}
		}
	}
}

// state is what the engine keeps, in a form that can be compared.
func (s *stack) state(t *testing.T) string {
	t.Helper()
	outputs := s.outputs
	// These tell on which way it came about: with its deployment or before it, after what, secrets alone or not.
	for _, name := range []string{"deploymentId", "previousVersionId", "secretStatus", "secretsVersionId", "secretEdits"} {
		if _, ok := outputs.GetOk(name); ok {
			outputs = outputs.Set(name, property.New("some"))
		}
	}
	return fmt.Sprintf("id %t unfinished %t\ninputs %s\noutputs %s",
		s.id != "", s.unfinished, canonical(t, s.inputs), canonical(t, outputs))
}
