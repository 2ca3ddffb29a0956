// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// rolledOut is the program at that percentage.
func rolledOut(program object, percentage int) object {
	return program.with(percentage, "rollout", "percentage")
}

// serves checks which code gets which share of the requests, in percent, in the order of its upload.
func (w world) serves(want ...string) {
	w.t.Helper()
	got := []string{}
	for _, v := range w.served() {
		for _, name := range []string{"v1", "v2", "v3"} {
			if v.code == codeOf(name) {
				got = append(got, name+" "+v.percent)
			}
		}
	}
	assert.ElementsMatch(w.t, want, got)
}

// TestARolloutGoesStepByStep: only the first step uploads; each of them can be taken back.
func TestARolloutGoesStepByStep(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	first := s.outputs.Get("versionId").AsString()
	assert.Empty(t, s.outputs.Get("previousVersionId").AsString())
	w.serves("v1 100")

	next := r.program(w).with(w.builds["v2"].reference(), "bundle")
	calls := w.callsOf(s, rolledOut(next, 10))
	assert.Equal(t, []string{uploadCall, deployCall}, calls[len(calls)-2:])
	w.serves("v1 90", "v2 10")
	assert.Equal(t, first, s.outputs.Get("previousVersionId").AsString())
	s.idle(w, rolledOut(next, 10))

	for percentage, want := range map[int][]string{50: {"v1 50", "v2 50"}, 0: {"v1 100", "v2 0"}} {
		s.previews(rolledOut(next, percentage), map[string]p.DiffKind{"rollout.percentage": p.Update})
		assert.Equal(t, []string{deployCall}, w.callsOf(s, rolledOut(next, percentage)))
		w.serves(want...)
		s.idle(w, rolledOut(next, percentage))
		s.mustUp(properties(rolledOut(next, 10)))
		w.forget()
	}

	s.previews(next, map[string]p.DiffKind{"rollout": p.Delete})
	assert.Equal(t, []string{deployCall}, w.callsOf(s, next))
	w.serves("v2 100")
	s.idle(w, next)

	// It is over, and can still be taken back.
	s.warnings()
	_, err := s.preview(properties(rolledOut(next, 0)))
	require.NoError(t, err)
	require.Len(t, s.warnings(), 1)
	assert.Equal(t, []string{deployCall}, w.callsOf(s, rolledOut(next, 0)))
	w.serves("v1 100", "v2 0")
	s.idle(w, rolledOut(next, 0))
}

// TestTheNextVersionTakesTheShareOfTheOneBeforeIt: the version that is known to be good stays.
func TestTheNextVersionTakesTheShareOfTheOneBeforeIt(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	w.put(w.build("v3", map[string][]byte{"index.js": script("v3")}))
	good := s.outputs.Get("versionId").AsString()
	s.mustUp(properties(rolledOut(r.program(w).with(w.builds["v2"].reference(), "bundle"), 10)))
	s.mustUp(properties(rolledOut(r.program(w).with(w.builds["v3"].reference(), "bundle"), 20)))
	w.serves("v1 80", "v3 20")
	assert.Equal(t, good, s.outputs.Get("previousVersionId").AsString())

	// A secret is rolled out with the version that has it.
	program := rolledOut(r.program(w).with(w.builds["v3"].reference(), "bundle"), 20).
		with(secret("new"), "secrets", "TOKEN")
	s.mustUp(properties(program))
	w.serves("v1 80", "v3 20")
	values := map[string]string{}
	for _, v := range w.served() {
		values[v.percent] = v.secrets["TOKEN"]
	}
	shown := shownAs(t, map[string]string{"80": valueOf("one"), "20": valueOf("new")})
	assert.Equal(t, shown, values)
	s.idle(w, program)

	s.mustUp(properties(rolledOut(program, 100)))
	w.serves("v3 100")
	s.mustUp(properties(rolledOut(program.with(secret("newer"), "secrets", "TOKEN"), 30)))
	w.serves("v3 70", "v3 30")
}

// TestARolloutAfterARotationKnowsWhatServes: though a change of secrets tells no version.
func TestARolloutAfterARotationKnowsWhatServes(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	rotated := r.program(w).with(secret("new"), "secrets", "TOKEN")
	s.mustUp(properties(rotated))
	serving := w.live().Split[0].VersionID
	s.mustUp(properties(rolledOut(rotated.with(w.builds["v2"].reference(), "bundle"), 10)))
	w.serves("v1 90", "v2 10")
	assert.Equal(t, serving, s.outputs.Get("previousVersionId").AsString())
	want := shownAs(t, map[string]string{"": valueOf("new")})[""]
	for _, v := range w.served() {
		assert.Equal(t, want, v.secrets["TOKEN"])
	}
}

// TestWhatOthersDidToARolloutIsRepaired: to the shares of the program.
func TestWhatOthersDidToARolloutIsRepaired(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for name, others := range map[string]func(w world, old, now string){
		"another share":   func(w world, old, now string) { w.deploy(share(old, 40), share(now, 60)) },
		"ended":           func(w world, _, now string) { w.deploy(share(now, 100)) },
		"taken back":      func(w world, old, _ string) { w.deploy(share(old, 100)) },
		"a third version": func(w world, old, _ string) { w.deploy(share(old, 50), share(w.upload("theirs"), 50)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			program := rolledOut(r.program(w).with(w.builds["v2"].reference(), "bundle"), 10)
			s.mustUp(properties(program))
			others(w, s.outputs.Get("previousVersionId").AsString(), s.outputs.Get("versionId").AsString())
			require.NoError(t, s.refresh())
			pl, err := s.preview(properties(program))
			require.NoError(t, err)
			assert.NotEmpty(t, pl.kinds())
			s.mustUp(properties(program))
			w.serves("v1 90", "v2 10")
			s.idle(w, program)
		})
	}
}

// TestAMigrationIsNoPartOfARollout: which is said before anything is sent.
func TestAMigrationIsNoPartOfARollout(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	before := w.Dump()
	w.forget()
	for refusal, program := range map[string]object{
		`the migration "v1" cannot be part of a percentage rollout; nothing was sent`: migrated(r.program(w), madeClasses),
		"a version of a Worker with `exports` cannot be part of a percentage rollout": r.program(w).with(
			object{"Room": object{"storage": "sqlite"}}, "exports"),
	} {
		_, err := s.preview(properties(rolledOut(program, 10)))
		require.ErrorContains(t, err, refusal)
		require.ErrorContains(t, s.up(properties(rolledOut(program, 10))), refusal)
	}
	assert.Equal(t, before, w.Dump())
	assert.Empty(t, w.Calls())

	migrating := migrated(r.program(w), madeClasses)
	s.mustUp(properties(rolledOut(migrating, 100)))
	w.serves("v1 100")
	s.mustUp(properties(rolledOut(migrating.with(w.builds["v2"].reference(), "bundle"), 10)))
	w.serves("v1 90", "v2 10")
}

// TestTheFirstVersionServesEverything: there is nothing to leave the rest to.
func TestTheFirstVersionServesEverything(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := rolledOut(migrated(r.program(w), madeClasses), 10)
	s.mustUp(properties(program))
	w.serves("v1 100")
	s.idle(w, program)
}

// TestAPercentageIsOne: from 0 to 100.
func TestAPercentageIsOne(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	for _, percentage := range []int{-1, 101} {
		_, err := s.preview(properties(rolledOut(r.program(w), percentage)))
		require.ErrorContains(t, err, "is not a percentage from 0 to 100")
	}
	pl, err := s.preview(properties(r.program(w).with(property.New(property.Computed), "rollout", "percentage")))
	require.NoError(t, err)
	assert.NotEmpty(t, pl)
}
