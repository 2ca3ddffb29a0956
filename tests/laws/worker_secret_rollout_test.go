// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

func share(version string, percent float64) cfapi.Share {
	return cfapi.Share{VersionID: version, Percent: percent}
}

func binding(name, text string) cfapi.Binding {
	return cfapi.Binding{Name: name, Type: "plain_text", Text: text}
}

// upload makes a version of somebody else's that waits to be deployed. It has the
// secrets that were there.
func (w world) upload(text string) (version string) {
	w.t.Helper()
	u := plainUpload(text)
	u.KeepBindings = []string{"secret_text"}
	done, err := w.client().CreateVersion(w.t.Context(), account, "api", u)
	require.NoError(w.t, err)
	return done.VersionID
}

// codeOf is how the emulator shows the code to tests.
func codeOf(text string) string { return shownText(script(text)) }

// TestARotationKeepsSomebodyElsesRollout: when the latest version is not the one
// that serves everything, each version that can be made anew takes over the share
// of the one it was made from, and no other share changes.
func TestARotationKeepsSomebodyElsesRollout(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	const none = "" // as it was
	type version struct {
		percent, code string
		rotated       bool
	}
	for name, c := range map[string]struct {
		edits  int // rotations of the other secret before
		make   func(w world, s *stack)
		calls  []string
		after  []version
		warned bool // of a version that keeps its secrets
		// ours: all requests are answered by ours
		ours bool
	}{
		"a version waits": {
			make:  func(w world, _ *stack) { w.upload("theirs") },
			calls: []string{patchCall, deploymentsCall, versionsCall, uploadCall, deployCall},
			after: []version{{"100", "v1", true}}, ours: true,
		},
		"theirs has a share": {
			make: func(w world, _ *stack) {
				now := w.live().Split[0].VersionID
				w.deploy(share(now, 90), share(w.upload("theirs"), 10))
			},
			calls: []string{patchCall, deploymentsCall, versionsCall, patchLatestCall, uploadCall, deployCall},
			after: []version{{"90", "v1", true}, {"10", "theirs", true}},
		},
		"theirs has a share and a version waits": {
			make: func(w world, _ *stack) {
				now := w.live().Split[0].VersionID
				w.deploy(share(now, 90), share(w.upload("theirs"), 10))
				w.upload("next")
			},
			calls: []string{patchCall, deploymentsCall, versionsCall, uploadCall, deployCall},
			after: []version{{"90", "v1", true}, {"10", "theirs", false}}, warned: true,
		},
		"an old version has a share": {
			make: func(w world, s *stack) {
				old := w.live().Split[0].VersionID
				s.mustUp(properties(r.program(w).with("debug", "variables", "LOG_LEVEL")))
				s.mustUp(properties(r.program(w)))
				now := s.outputs.Get("versionId").AsString()
				w.deploy(share(now, 75), share(old, 25))
			},
			calls: []string{patchCall, deploymentsCall, versionsCall, patchLatestCall, deployCall},
			after: []version{{"75", "v1", true}, {"25", "v1", false}}, warned: true,
		},
		"rolled back": {
			make: func(w world, s *stack) {
				old := w.live().Split[0].VersionID
				s.mustUp(properties(r.program(w).with(w.builds["v2"].reference(), "bundle")))
				s.mustUp(properties(r.program(w)))
				w.deploy(share(old, 100))
			},
			calls: []string{patchCall, deploymentsCall, versionsCall, patchLatestCall},
			after: []version{{"100", "v1", false}, {none, "v1", true}}, warned: true,
		},
		"after a rotation, a version waits": {
			edits: 1, make: func(w world, _ *stack) { w.upload("theirs") },
			calls: []string{patchCall, deploymentsCall, versionsCall, uploadCall, deployCall},
			after: []version{{"100", "v1", true}}, ours: true,
		},
		"after rotations, theirs has a share": {
			edits: 3,
			make: func(w world, _ *stack) {
				now := w.live().Split[0].VersionID
				w.deploy(share(now, 90), share(w.upload("theirs"), 10))
			},
			calls: []string{patchCall, deploymentsCall, versionsCall, patchLatestCall, uploadCall, deployCall},
			after: []version{{"90", "v1", true}, {"10", "theirs", true}},
		},
	} {
		for _, ignored := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", ignored"}[ignored], func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				program := r.program(w)
				for i := range c.edits {
					program = program.with(secret(fmt.Sprintf("rotated %d times", i+1)), "secrets", "OTHER")
					s.mustUp(properties(program))
				}
				c.make(w, s)
				if ignored {
					s.ignore = []string{"traffic"}
				}
				before := w.served()
				s.warnings()

				next := program.with(secret("new"), "secrets", "TOKEN")
				s.previews(next, map[string]p.DiffKind{"secrets.TOKEN": p.Update})
				assert.Equal(t, c.calls, w.callsOf(s, next))

				versions := w.served()
				require.Len(t, versions, len(c.after))
				for i, want := range c.after {
					assert.Equal(t, want.percent, versions[i].percent)
					assert.Equal(t, codeOf(want.code), versions[i].code)
					expect := before[min(i, len(before)-1)].secrets["TOKEN"]
					if want.rotated {
						expect = shownAs(t, map[string]string{"": valueOf("new")})[""]
					}
					assert.Equal(t, expect, versions[i].secrets["TOKEN"], "version %d", i)
					assert.Equal(t, before[0].secrets["OTHER"], versions[i].secrets["OTHER"], "version %d", i)
				}
				warned := s.warnings()
				if c.warned {
					require.Len(t, warned, 1)
					assert.Contains(t, warned[0], "keep the secrets they have")
				} else {
					assert.Empty(t, warned)
				}

				if c.ours || ignored {
					s.idle(w, next)
				} else {
					s.previews(next, map[string]p.DiffKind{"traffic": p.Update})
				}
				if ignored && !c.ours { // and again
					s.mustUp(properties(next.with(secret("newer"), "secrets", "TOKEN")))
					newer := 0
					for i, v := range w.served() {
						assert.Equal(t, c.after[i].percent, v.percent)
						assert.Equal(t, codeOf(c.after[i].code), v.code)
						if v.secrets["TOKEN"] == shownAs(t, map[string]string{"": valueOf("newer")})[""] {
							newer++
							assert.Equal(t, codeOf("v1"), v.code) // by now the latest version is ours
						}
					}
					assert.Equal(t, 1, newer)
					s.mustUp(properties(next))
				}

				s.ignore = nil
				s.mustUp(properties(next))
				require.Len(t, w.served(), 1)
				assert.Equal(t, shownAs(t, map[string]string{"": valueOf("new")})[""], w.served()[0].secrets["TOKEN"])
				assert.Equal(t, codeOf("v1"), w.served()[0].code)
				s.idle(w, next)
			})
		}
	}
}

// TestASecretIsRemovedInARollout: from each version that can be made anew.
func TestASecretIsRemovedInARollout(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	now := w.live().Split[0].VersionID
	w.deploy(share(now, 90), share(w.upload("theirs"), 10))
	next := r.program(w).with(nil, "secrets", "OTHER").with(secret("new"), "secrets", "TOKEN")
	s.mustUp(properties(next))
	want := shownAs(t, map[string]string{"TOKEN": valueOf("new")})
	for _, v := range w.served() {
		assert.Equal(t, want, v.secrets)
	}
	assert.Len(t, w.served(), 2)
}

// TestARolloutThatBreaksOffGoesOn: whichever request of a rotation in somebody
// else's rollout fails, the next update ends it, and the shares stay.
func TestARolloutThatBreaksOffGoesOn(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for _, c := range crashes() {
		if c.name == "failed" {
			continue
		}
		for n := 1; n <= 6; n++ {
			t.Run(c.name+" in request "+strings.Repeat("I", n), func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				s.ignore = []string{"traffic"}
				now := w.live().Split[0].VersionID
				w.deploy(share(now, 90), share(w.upload("theirs"), 10))
				next := properties(r.program(w).with(secret("new"), "secrets", "TOKEN"))
				w.forget()
				w.on(c.at(n))
				err := s.up(next)
				assert.GreaterOrEqual(t, len(w.Calls()), n, "%v", err)
				w.forget()
				s.start(t.Context())
				require.NoError(t, s.up(next))
				versions := w.served()
				require.GreaterOrEqual(t, len(versions), 2)
				assert.Equal(t, "90", versions[0].percent)
				assert.Equal(t, codeOf("v1"), versions[0].code)
				assert.Equal(t, shownAs(t, map[string]string{"": valueOf("new")})[""], versions[0].secrets["TOKEN"])
				assert.Equal(t, "10", versions[1].percent)
				assert.Equal(t, codeOf("theirs"), versions[1].code)
			})
		}
	}
}
