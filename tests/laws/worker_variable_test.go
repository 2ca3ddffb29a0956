// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// set makes somebody else's version of the Worker that has the variables too; without a text one is removed.
func (w world) set(variables ...cfapi.Binding) {
	w.t.Helper()
	require.NoError(w.t, theirs(func(_ world, u *cfapi.Upload) {
		for _, b := range variables {
			bind(b)(w, u)
		}
	})(w, nil))
}

func plainText(name, value string) cfapi.Binding {
	return cfapi.Binding{Name: name, Type: "plain_text", Text: value}
}

// variables are those of the version that serves, as JSON by name.
func (w world) variables() map[string]string {
	w.t.Helper()
	v, err := w.client().Version(w.t.Context(), account, "api", w.live().Split[0].VersionID)
	require.NoError(w.t, err)
	found := map[string]string{}
	for _, b := range v.Bindings {
		switch b.Type {
		case "plain_text":
			found[b.Name] = fmt.Sprintf("%q", b.Text)
		case "json":
			found[b.Name] = string(b.JSON)
		}
	}
	return found
}

// others are the names in the output.
func others(s *stack) (names []string) {
	for _, name := range s.outputs.Get("unmanagedVariableNames").AsArray().All {
		names = append(names, name.AsString())
	}
	return names
}

// limits is a variable of the program, as JSON.
const limits = `{"rps":5,"tags":["a","b"]}`

// TestVariablesOfOthersAreKeptWhereTheProgramSaysSo: through each kind of change, as no difference, and named.
func TestVariablesOfOthersAreKeptWhereTheProgramSaysSo(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w).with("keep", "unmanagedVariables")
	s.mustUp(properties(program))
	assert.Empty(t, others(s))

	w.set(plainText("DASH", "1"), cfapi.Binding{Name: "MORE", Type: "json", JSON: json.RawMessage(`[1]`)})
	require.NoError(t, s.refresh())
	assert.Equal(t, []string{"DASH", "MORE"}, others(s))
	s.idle(w, program)

	want := map[string]string{"LOG_LEVEL": `"info"`, "LIMITS": limits, "DASH": `"1"`, "MORE": `[1]`}
	has := func(when string) {
		t.Helper()
		assert.Equal(t, want, w.variables(), when)
		s.idle(w, program)
	}
	program = program.with([]any{"nodejs_compat"}, "compatibilityFlags")
	assert.Equal(t, []string{uploadCall, deployCall}, w.callsOf(s, program))
	has("other flags")

	w.set(plainText("LATE", "2")) // and nobody looks
	want["LATE"] = `"2"`
	program = program.with("2026-02-01", "compatibilityDate")
	kept := promises(t, r, s, properties(program))
	s.mustUp(properties(program))
	kept()
	assert.Equal(t, []string{"DASH", "LATE", "MORE"}, others(s), "the answer to the upload tells")
	has("another date")

	program = program.with(secret("new"), "secrets", "TOKEN")
	assert.Equal(t, []string{patchCall}, w.callsOf(s, program))
	has("a secret")

	program = program.with("mine", "variables", "DASH") // as wrangler: what the program says wins
	want["DASH"] = `"mine"`
	s.mustUp(properties(program))
	assert.Equal(t, []string{"LATE", "MORE"}, others(s))
	has("taken over")

	delete(want, "DASH")
	delete(want, "LOG_LEVEL")
	program = program.with(nil, "variables", "DASH").with(nil, "variables", "LOG_LEVEL")
	assert.Equal(t, []string{versionsCall, versionCall, uploadCall, deployCall}, w.callsOf(s, program))
	has("ours removed, and no other")

	w.set(cfapi.Binding{Name: "LIMITS", Type: "json", JSON: json.RawMessage(`{"rps":6,"tags":["a","b"]}`)},
		plainText("LATE", "3"), cfapi.Binding{Name: "MORE"})
	require.NoError(t, s.refresh())
	s.previews(program, map[string]p.DiffKind{"variables.LIMITS.rps": p.Update})
	assert.Equal(t, []string{"LATE"}, others(s))
	s.mustUp(properties(program))
	want["LATE"] = `"3"`
	delete(want, "MORE")
	has("a change of ours is a difference, beside those of others")

	w.set(plainText("UNSEEN", "4"))
	program = program.with(nil, "unmanagedVariables")
	s.previews(program, map[string]p.DiffKind{"unmanagedVariables": p.Delete})
	assert.Equal(t, []string{uploadCall, deployCall}, w.callsOf(s, program))
	want = map[string]string{"LIMITS": limits}
	has("kept no more, seen or not")
	assert.Empty(t, others(s))
}

// TestVariablesAreLeftToOthers: those that a refresh or an import has found, and of a Worker that is taken over.
func TestVariablesAreLeftToOthers(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	w.set(plainText("DASH", "1"))
	program := r.program(w).with("keep", "unmanagedVariables")
	want := map[string]string{"LOG_LEVEL": `"info"`, "LIMITS": limits, "DASH": `"1"`}

	require.NoError(t, s.refresh())
	s.previews(program, map[string]p.DiffKind{"unmanagedVariables": p.Add, "variables.DASH": p.Delete})
	assert.Empty(t, w.callsOf(s, program), "all is as it is to be")
	assert.Equal(t, []string{"DASH"}, others(s))
	s.idle(w, program)

	found := newStack(t, w.cloud, r.token)
	require.NoError(t, found.importByID(account+"/api"))
	found.mustUp(properties(program.with("2026-02-01", "compatibilityDate")))
	assert.Equal(t, want, w.variables())
	assert.Equal(t, []string{"DASH"}, others(found))

	adopting := newStack(t, w.cloud, r.token)
	adopting.mustUp(properties(program.with(true, "adopt")))
	assert.Equal(t, want, w.variables())
}

// TestASecretTakesTheNameOfAVariableOfOthers: known of or not.
func TestASecretTakesTheNameOfAVariableOfOthers(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for name, look := range map[string]bool{"known": true, "not known": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			program := r.program(w).with("keep", "unmanagedVariables")
			s.mustUp(properties(program))
			w.set(plainText("DASH", "1"), plainText("MORE", "2"))
			if look {
				require.NoError(t, s.refresh())
			}
			program = program.with(secret("three"), "secrets", "DASH")
			s.mustUp(properties(program))
			w.hasSecrets(ownSecrets(map[string]string{"DASH": valueOf("three")}))
			assert.Equal(t, map[string]string{"LOG_LEVEL": `"info"`, "LIMITS": limits, "MORE": `"2"`}, w.variables())
			assert.Equal(t, []string{"MORE"}, others(s))
			s.idle(w, program)
		})
	}
}

// TestAVariableOfOthersIsNoSecret: a version that differs in one alone says nothing of the secrets, and one that
// differs in nothing does.
func TestAVariableOfOthersIsNoSecret(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w).with("keep", "unmanagedVariables")
	s.mustUp(properties(program))
	for _, value := range []string{"1", "2"} { // it comes, and changes
		w.set(plainText("DASH", value))
		require.NoError(t, s.refresh())
		s.idle(w, program)
	}
	w.set()
	require.NoError(t, s.refresh())
	assert.Contains(t, secretInput(s.inputs, "TOKEN").AsString(), "perhaps changed elsewhere")
}

// TestVariablesOfOthersSurviveCrashes: whichever request is lost while one of ours is removed.
func TestVariablesOfOthersSurviveCrashes(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for n := range 4 {
		t.Run(fmt.Sprintf("request %d", n+1), func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			program := r.program(w).with("keep", "unmanagedVariables")
			s.mustUp(properties(program))
			w.set(plainText("DASH", "1"))
			require.NoError(t, s.refresh())
			program = program.with(nil, "variables", "LOG_LEVEL")
			w.forget()
			w.on(hooks{after: func(at int, _ *http.Request) bool { return at >= n+1 }})
			require.Error(t, s.up(properties(program)))
			w.forget()
			s.mustUp(properties(program))
			assert.Equal(t, map[string]string{"LIMITS": limits, "DASH": `"1"`}, w.variables())
			assert.Equal(t, []string{"DASH"}, others(s))
			s.idle(w, program)
		})
	}
}
