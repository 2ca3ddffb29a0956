// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// changedElsewhere names the secrets of which the inputs say so, and checks that it can be read.
func changedElsewhere(t *testing.T, m property.Map) (names []string) {
	t.Helper()
	secrets := m.Get("secrets")
	if !secrets.IsMap() {
		return nil
	}
	for name, value := range secrets.AsMap().All {
		if strings.HasPrefix(value.AsString(), "changed elsewhere: ") {
			assert.False(t, value.Secret())
			assert.Regexp(t, `^changed elsewhere: version [0-9a-f-]{36}, deployed by \S+ through \w+ on `+
				`\d{4}-\d\d-\d\d \d\d:\d\d UTC$`, value.AsString())
			names = append(names, name)
		}
	}
	return names
}

// TestALostRotationIsFound: when no answer to a change of secrets alone arrives, one
// look tells whether it was made, and nobody else is blamed for it.
func TestALostRotationIsFound(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for _, edits := range []string{"", "A", "AB"} { // rotations before
		for _, made := range []bool{true, false} {
			t.Run(map[bool]string{true: "made", false: "not made"}[made]+" after "+edits, func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				program := r.program(w)
				for _, value := range edits {
					program = program.with(secret(string(value)), "secrets", "OTHER")
					s.mustUp(properties(program))
				}
				next := program.with(secret("new"), "secrets", "TOKEN")
				w.forget()
				if made {
					w.on(hooks{after: func(n int, _ *http.Request) bool { return n == 1 }})
					require.NoError(t, s.up(properties(next)))
				} else {
					w.on(hooks{before: func(n int, _ *http.Request) int {
						if n == 1 {
							return http.StatusBadGateway
						}
						return 0
					}})
					require.Error(t, s.up(properties(next)))
				}
				assert.Equal(t, []string{patchCall, deploymentsCall}, w.requests())
				w.forget()
				s.start(t.Context())
				require.NoError(t, s.refresh())
				assert.Empty(t, changedElsewhere(t, s.inputs))
				if !made {
					require.Equal(t, []string{patchCall}, w.callsOf(s, next))
				}
				assert.Contains(t, w.served()[0].secrets["TOKEN"], shownAs(t, map[string]string{"": valueOf("new")})[""])
				s.idle(w, next)
			})
		}
	}
}

// TestARotationThatNobodyRecordedIsMadeAgain: after a blackout, and after the end of
// the engine in the middle, the next update makes sure of the value, and whatever a
// refresh then takes for somebody else's change, the update after it repairs.
func TestARotationThatNobodyRecordedIsMadeAgain(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for name, end := range map[string]func(w world, s *stack, program property.Map){
		"blackout": func(w world, s *stack, program property.Map) {
			w.on(hooks{
				before: func(n int, _ *http.Request) int {
					if n > 1 {
						return http.StatusServiceUnavailable
					}
					return 0
				},
				after: func(int, *http.Request) bool { return true },
			})
			require.Error(s.t, s.up(program))
		},
		"killed": func(_ world, s *stack, program property.Map) {
			lost := *s
			require.NoError(s.t, lost.up(program))
		},
	} {
		for _, refreshed := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", then a refresh"}[refreshed], func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				program := r.program(w).with(secret("new"), "secrets", "TOKEN")
				values := map[string]string{"TOKEN": valueOf("new"), "OTHER": valueOf("two")}
				end(w, s, properties(program))
				w.forget()
				s.start(t.Context())
				if refreshed {
					require.NoError(t, s.refresh())
				}
				assert.Equal(t, []string{patchCall}, w.callsOf(s, program))
				w.hasSecrets(values)
				s.previewsSame(program)
				require.NoError(t, s.refresh()) // which may say now that somebody else was there
				s.mustUp(properties(program))
				w.hasSecrets(values)
				s.idle(w, program)
			})
		}
	}
}

// TestChangesOfOthersBetweenOursAreRepaired: what was set alone before somebody else
// changed the Worker is sent again, because nobody can say where it is.
func TestChangesOfOthersBetweenOursAreRepaired(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	values := map[string]string{"TOKEN": valueOf("new"), "OTHER": valueOf("two")}
	// Deployments that changed no secret do not hide where ours are.
	known := []string{"rolled back", "uploaded"}
	for name, foreign := range map[string]func(w world, s *stack){
		"the same secret": func(w world, _ *stack) { w.patchSecrets(patched{"TOKEN": "theirs"}) },
		"another secret":  func(w world, _ *stack) { w.patchSecrets(patched{"OTHER": "theirs"}) },
		"both":            func(w world, _ *stack) { w.patchSecrets(patched{"OTHER": "theirs", "TOKEN": "theirs"}) },
		"deleted":         func(w world, _ *stack) { w.patchSecrets(patched{"TOKEN": ""}) },
		"rolled back": func(w world, s *stack) {
			w.deploy(share(s.outputs.Get("versionId").AsString(), 100))
		},
		"uploaded": func(w world, s *stack) {
			require.NoError(s.t, theirs(bind(binding("LOG_LEVEL", "theirs")))(w, s))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			program := r.program(w).with(secret("new"), "secrets", "TOKEN")
			s.mustUp(properties(program))
			foreign(w, s)
			s.start(t.Context())
			next := program.with("debug", "variables", "LOG_LEVEL")
			calls, requests := w.sentBy(func() { s.mustUp(properties(next)) })
			assert.Equal(t, []string{deploymentsCall, uploadCall, deployCall}, calls)
			assert.Equal(t, map[bool]int{true: 0, false: 1}[slices.Contains(known, name)],
				strings.Count(bodies(requests), secretMark))
			w.hasSecrets(values)
			s.idle(w, next)
		})
		t.Run(name+", then a refresh", func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			program := r.program(w).with(secret("new"), "secrets", "TOKEN")
			s.mustUp(properties(program))
			foreign(w, s)
			s.start(t.Context())
			require.NoError(t, s.refresh())
			s.mustUp(properties(program))
			w.hasSecrets(values)
			s.idle(w, program)
		})
	}
}

// TestARemovedSecretGoesWhateverCameBetween: also one that was set alone before
// somebody else changed the Worker, and so is in a version that is not known.
func TestARemovedSecretGoesWhateverCameBetween(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for name, edit := range map[string]func(o object) object{
		"alone":     func(o object) object { return o },
		"with code": func(o object) object { return o.with("debug", "variables", "LOG_LEVEL") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			program := r.program(w)
			s.mustUp(properties(program.with(secret("new"), "secrets", "NEW")))
			w.patchSecrets(patched{"THEIRS": "x"})
			s.mustUp(properties(edit(program)))
			w.hasSecrets(map[string]string{"TOKEN": valueOf("one"), "OTHER": valueOf("two"), "THEIRS": "x"})
		})
	}
}
