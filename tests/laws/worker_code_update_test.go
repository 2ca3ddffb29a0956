// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
)

// TestObjectsAreMovedAsTheProgramSays: each of its deployments says so, and a change of that alone uploads nothing.
func TestObjectsAreMovedAsTheProgramSays(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := migrated(r.program(w), madeClasses).with(object{"mode": "immediate"}, "codeUpdateStrategy")
	moves := func(strategy string, calls ...string) {
		t.Helper()
		got := w.callsOf(s, program)
		assert.Equal(t, append([]string{}, calls...), got[max(0, len(got)-len(calls)):])
		if strategy == "" {
			assert.NotContains(t, w.Dump(), "code update")
		} else {
			assert.Contains(t, w.Dump(), "code update "+strategy)
		}
		s.idle(w, program)
	}
	moves(`{"mode":"immediate"}`)
	program = program.with(w.builds["v2"].reference(), "bundle")
	moves(`{"mode":"immediate"}`, uploadCall, deployCall)

	version := s.outputs.Get("versionId")
	for _, step := range []struct {
		strategy any
		diff     map[string]p.DiffKind
		moved    string
	}{
		{
			object{"mode": "deferred"},
			map[string]p.DiffKind{"codeUpdateStrategy.mode": p.Update},
			"",
		},
		{
			object{"mode": "deferred", "maxDelay": 0.5},
			map[string]p.DiffKind{"codeUpdateStrategy.maxDelay": p.Add},
			`{"mode":"deferred","max_delay":0.5}`,
		},
		{nil, map[string]p.DiffKind{"codeUpdateStrategy": p.Delete}, ""},
	} {
		program = program.with(step.strategy, "codeUpdateStrategy")
		s.previews(program, step.diff)
		moves(step.moved, deployCall)
		assert.Equal(t, version, s.outputs.Get("versionId"))
	}
	calls := w.callsOf(s, program.with(object{"mode": "deferred", "maxDelay": 300}, "codeUpdateStrategy"))
	assert.Empty(t, calls, "it is the default")

	assert.NotContains(t, s.logs.String(), "requests will go to", "no version got another share")

	// Somebody else's rollout, which the program leaves alone, goes on.
	w.deploy(share(s.outputs.Get("versionId").AsString(), 60), share(w.upload("theirs"), 40))
	require.NoError(t, s.refresh())
	s.ignore = []string{"traffic"}
	before := w.Dump()
	assert.Empty(t, w.callsOf(s, program.with(object{"mode": "immediate"}, "codeUpdateStrategy")))
	assert.Equal(t, before, w.Dump())

	// Where it has to be deployed around, the strategy goes along.
	s.ignore = nil
	program = program.with(object{"mode": "immediate"}, "codeUpdateStrategy")
	s.mustUp(properties(program))
	ours := s.outputs.Get("versionId").AsString()
	w.deploy(share(ours, 60), share(w.upload("theirs"), 40)) // and nobody looks
	w.callsOf(s, program.with(secret("new"), "secrets", "TOKEN"))
	assert.Contains(t, w.Dump(), `code update {"mode":"immediate"}`)
	w.serves("v2 60")
}
