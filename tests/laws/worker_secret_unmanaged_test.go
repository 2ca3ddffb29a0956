// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// ownSecrets are those that the program of [cloudflareWorker] sets, with others beside them.
func ownSecrets(others map[string]string) map[string]string {
	values := map[string]string{"TOKEN": valueOf("one"), "OTHER": valueOf("two")}
	maps.Copy(values, others)
	return values
}

// TestSecretsOfOthersAreReportedOnce: when they are first seen, by name, and no
// more in the refreshes and updates that follow.
func TestSecretsOfOthersAreReportedOnce(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	program := r.program(w)
	assert.Empty(t, s.warnings())
	w.patchSecrets(patched{"THEIRS": "x"})
	warned := func(names ...string) {
		list := s.warnings()
		require.Len(t, list, min(1, len(names)))
		for _, name := range names {
			assert.Contains(t, list[0], name)
		}
	}
	require.NoError(t, s.refresh())
	warned("THEIRS")
	for range 2 {
		require.NoError(t, s.refresh())
		warned()
		s.idle(w, program)
		warned()
	}
	s.mustUp(properties(program.with("debug", "variables", "LOG_LEVEL")))
	s.mustUp(properties(program.with(secret("new"), "secrets", "TOKEN")))
	s.mustUp(properties(program))
	warned()
	w.hasSecrets(ownSecrets(map[string]string{"THEIRS": "x"}))

	w.patchSecrets(patched{"MORE": "y"})
	require.NoError(t, s.refresh())
	list := s.warnings()
	require.Len(t, list, 1)
	assert.Contains(t, list[0], "MORE")
	assert.NotContains(t, list[0], "THEIRS")
	s.idle(w, program)

	w.patchSecrets(patched{"MORE": ""})
	w.patchSecrets(patched{"THEIRS": ""})
	require.NoError(t, s.refresh())
	s.idle(w, program)
	warned()
}

// TestSecretsOfOurOwnAreNotThoseOfOthers: not even where the answer to the
// creation was lost.
func TestSecretsOfOurOwnAreNotThoseOfOthers(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w)
	w.on(crashes()[3].at(11)) // the upload, and then nothing works
	require.Error(t, s.up(properties(program)))
	require.NotEmpty(t, s.id)
	w.forget()
	require.NoError(t, s.refresh())
	s.mustUp(properties(program))
	assert.Empty(t, s.warnings())
	s.idle(w, program)
}

// TestSecretsOfOthersAreRemovedWhereTheProgramSaysSo: the preview names them, and
// they go in one request, or with the code.
func TestSecretsOfOthersAreRemovedWhereTheProgramSaysSo(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	required := map[string]string{"REQUIRED": "r"}
	for name, c := range map[string]struct {
		edit  func(w world, o object) object
		calls []string
		kinds map[string]p.DiffKind
	}{
		"alone": {
			edit:  func(_ world, o object) object { return o },
			calls: []string{namesCall, patchCall}, kinds: map[string]p.DiffKind{},
		},
		"with a rotation": {
			edit:  func(_ world, o object) object { return o.with(secret("one"), "secrets", "THIRD") },
			calls: []string{namesCall, patchCall}, kinds: map[string]p.DiffKind{"secrets.THIRD": p.Add},
		},
		"with code": {
			edit:  func(_ world, o object) object { return o.with("debug", "variables", "LOG_LEVEL") },
			calls: []string{namesCall, uploadCall, deployCall},
			kinds: map[string]p.DiffKind{"variables.LOG_LEVEL": p.Update},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			program := r.program(w).with("remove", "unmanagedSecrets")
			s.mustUp(properties(program))
			w.patchSecrets(patched{"THEIRS": "x", "MORE": "y", "REQUIRED": "r"})
			s.mustUp(properties(program.with([]any{"REQUIRED"}, "requiredSecrets")))
			program = program.with([]any{"REQUIRED"}, "requiredSecrets")
			require.NoError(t, s.refresh())
			theirs := asSet(changedElsewhere(t, s.inputs), "TOKEN", "OTHER")
			assert.Equal(t, map[string]bool{"THEIRS": true, "MORE": true}, theirs)
			next := c.edit(w, program)
			pl, err := s.preview(properties(next))
			require.NoError(t, err)
			for name, kind := range c.kinds {
				assert.Equal(t, kind, pl.kinds()[name])
			}
			assert.Equal(t, p.Delete, pl.kinds()["secrets.THEIRS"])
			assert.Equal(t, p.Delete, pl.kinds()["secrets.MORE"])
			assert.NotContains(t, pl.kinds(), "secrets.REQUIRED")
			assert.Equal(t, c.calls, w.callsOf(s, next))
			values := ownSecrets(required)
			if name == "with a rotation" {
				values["THIRD"] = valueOf("one")
			}
			w.hasSecrets(values)
			s.idle(w, next)
			assert.Empty(t, s.warnings())
		})
	}
	t.Run("from now on", func(t *testing.T) {
		t.Parallel()
		w, s := built(t, r)
		w.patchSecrets(patched{"THEIRS": "x"})
		require.NoError(t, s.refresh())
		program := r.program(w).with("remove", "unmanagedSecrets")
		s.previews(program, map[string]p.DiffKind{"unmanagedSecrets": p.Add, "unmanagedSecretNames": p.Update})
		assert.Equal(t, []string{patchCall}, w.callsOf(s, program))
		w.hasSecrets(ownSecrets(nil))
		s.idle(w, program)
	})
}

// asSet returns the names, without some.
func asSet(names []string, without ...string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	for _, name := range without {
		delete(set, name)
	}
	return set
}

// TestSecretsOfOthersStopADeploymentWhereTheProgramSaysSo: nothing is written, and
// once they are known the preview refuses already.
func TestSecretsOfOthersStopADeploymentWhereTheProgramSaysSo(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w).with("error", "unmanagedSecrets")
	s.mustUp(properties(program))
	w.patchSecrets(patched{"THEIRS": "x"})
	before := w.Dump()
	refused := func(program object, calls ...string) {
		t.Helper()
		w.forget()
		err := s.up(properties(program))
		require.ErrorContains(t, err, "unmanagedSecrets")
		require.ErrorContains(t, err, "THEIRS")
		assert.NotContains(t, err.Error(), "TOKEN")
		assert.ElementsMatch(t, calls, w.requests())
		assert.Equal(t, before, w.Dump())
	}
	code := program.with("debug", "variables", "LOG_LEVEL")
	rotation := program.with(secret("new"), "secrets", "TOKEN")
	refused(code, namesCall)
	refused(rotation, namesCall)
	require.NoError(t, s.refresh())
	for _, o := range []object{program, code, rotation} {
		_, err := s.preview(properties(o))
		require.ErrorContains(t, err, "THEIRS")
		refused(o)
	}
	assert.Empty(t, s.warnings(), "the error says it")

	s.mustUp(properties(program.with([]any{"THEIRS"}, "requiredSecrets"))) // tolerated by name
	w.hasSecrets(ownSecrets(map[string]string{"THEIRS": "x"}))
	w.patchSecrets(patched{"THEIRS": ""})
	require.NoError(t, s.refresh())
	s.mustUp(properties(code))
	w.hasSecrets(ownSecrets(nil))
	s.idle(w, code)
}

// TestAdoptionFollowsThePolicy: what becomes of secrets of the Worker that is taken over.
func TestAdoptionFollowsThePolicy(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for policy, c := range map[string]struct {
		want     map[string]string
		warnings int
	}{
		"":       {ownSecrets(map[string]string{"THEIRS": "x", "REQUIRED": "r"}), 1},
		"keep":   {ownSecrets(map[string]string{"THEIRS": "x", "REQUIRED": "r"}), 1},
		"remove": {ownSecrets(map[string]string{"REQUIRED": "r"}), 0},
		"error":  {nil, 0},
	} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			_, err := w.client().PutScript(t.Context(), account, "api", plainUpload("theirs"))
			require.NoError(t, err)
			w.patchSecrets(patched{"THEIRS": "x", "REQUIRED": "r", "TOKEN": "theirs"})
			program := r.program(w).with(true, "adopt").with([]any{"REQUIRED"}, "requiredSecrets")
			if policy != "" {
				program = program.with(policy, "unmanagedSecrets")
			}
			before := w.Dump()
			if c.want == nil {
				require.ErrorContains(t, s.up(properties(program)), "THEIRS")
				assert.Equal(t, before, w.Dump())
				assert.Empty(t, s.id)
				return
			}
			s.mustUp(properties(program))
			w.hasSecrets(c.want)
			warned := s.warnings()
			require.Len(t, warned, c.warnings)
			if c.warnings > 0 {
				assert.Contains(t, warned[0], ": THEIRS.")
			}
			s.idle(w, program)
			assert.Empty(t, s.warnings())
		})
	}
}

// TestNothingReplacesASecretOfOthers: no variable and no binding, whether the state
// knows of the secret or not.
func TestNothingReplacesASecretOfOthers(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for _, kind := range []string{"variables", "bindings"} {
		edit := func(w world, o object) object {
			if kind == "variables" {
				return o.with("mine", kind, "THEIRS")
			}
			return o.with(object{"r2Bucket": object{"name": "files"}}, kind, "THEIRS")
		}
		t.Run(kind+", known", func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			w.patchSecrets(patched{"THEIRS": "x"})
			require.NoError(t, s.refresh())
			before := w.Dump()
			w.forget()
			_, err := s.preview(properties(edit(w, r.program(w))))
			require.ErrorContains(t, err, kind+".THEIRS")
			require.ErrorContains(t, s.up(properties(edit(w, r.program(w)))), kind+".THEIRS")
			assert.Empty(t, w.Calls())
			assert.Equal(t, before, w.Dump())
		})
		t.Run(kind+", not known", func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			w.patchSecrets(patched{"THEIRS": "x"})
			before := w.Dump()
			w.forget()
			require.ErrorContains(t, s.up(properties(edit(w, r.program(w)))), kind+".THEIRS")
			assert.Equal(t, []string{namesCall}, w.requests())
			assert.Equal(t, before, w.Dump())
		})
		t.Run(kind+", adopted", func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			u := plainUpload("theirs")
			u.Bindings = []cfapi.Binding{{Name: "THEIRS", Type: "secret_text", Text: "x"}}
			_, err := w.client().PutScript(t.Context(), account, "api", u)
			require.NoError(t, err)
			before := w.Dump()
			err = s.up(properties(edit(w, r.program(w)).with(true, "adopt")))
			require.ErrorContains(t, err, kind+".THEIRS")
			assert.Equal(t, before, w.Dump())
		})
	}
}

// TestRequiredSecretsStopADeployment: before anything is uploaded.
func TestRequiredSecretsStopADeployment(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	requiring := func(o object) object { return o.with([]any{"REQUIRED", "TOKEN"}, "requiredSecrets") }
	missing := func(t *testing.T, err error) {
		t.Helper()
		require.ErrorContains(t, err, "requiredSecrets")
		require.ErrorContains(t, err, "REQUIRED")
		assert.NotContains(t, err.Error(), "TOKEN")
	}
	t.Run("create", func(t *testing.T) {
		t.Parallel()
		w, s := begun(t, r)
		before := w.Dump()
		missing(t, s.up(properties(requiring(r.program(w)))))
		assert.Equal(t, []string{deploymentsCall}, w.requests())
		assert.Equal(t, before, w.Dump())
		assert.Empty(t, s.id)
	})
	t.Run("update", func(t *testing.T) {
		t.Parallel()
		w, s := built(t, r)
		before := w.Dump()
		for _, o := range []object{
			r.program(w), r.program(w).with("debug", "variables", "LOG_LEVEL"),
			r.program(w).with(secret("new"), "secrets", "TOKEN"),
		} {
			w.forget()
			missing(t, s.up(properties(requiring(o))))
			assert.Equal(t, []string{namesCall}, w.requests())
			assert.Equal(t, before, w.Dump())
		}
		s.idle(w, r.program(w))
	})
	t.Run("present, and gone again", func(t *testing.T) {
		t.Parallel()
		w, s := built(t, r)
		w.patchSecrets(patched{"REQUIRED": "r"})
		program := requiring(r.program(w))
		assert.Equal(t, []string{namesCall}, w.callsOf(s, program))
		require.NoError(t, s.refresh())
		s.idle(w, program)
		program = program.with("debug", "variables", "LOG_LEVEL")
		assert.Equal(t, []string{namesCall, uploadCall, deployCall}, w.callsOf(s, program))
		program = program.with(secret("new"), "secrets", "TOKEN")
		assert.Equal(t, []string{namesCall, patchCall}, w.callsOf(s, program))
		w.hasSecrets(ownSecrets(map[string]string{"TOKEN": valueOf("new"), "REQUIRED": "r"}))
		assert.Empty(t, s.warnings(), "it is known to the program")
		w.patchSecrets(patched{"REQUIRED": ""})
		missing(t, s.up(properties(program.with("info", "variables", "LOG_LEVEL"))))
		w.hasSecrets(ownSecrets(map[string]string{"TOKEN": valueOf("new")}))
	})
}

// TestASecretIsHandedOver: from the program to others and back, without being gone in between.
func TestASecretIsHandedOver(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for _, policy := range []string{"keep", "remove", "error"} {
		for _, code := range []bool{false, true} {
			t.Run(policy+map[bool]string{true: ", with code"}[code], func(t *testing.T) {
				t.Parallel()
				w, s := begun(t, r)
				program := r.program(w).with(policy, "unmanagedSecrets")
				s.mustUp(properties(program))
				program = program.with(secret("rotated"), "secrets", "TOKEN") // handed over when it was set alone
				s.mustUp(properties(program))
				values := ownSecrets(map[string]string{"TOKEN": valueOf("rotated")})

				handed := program.with(nil, "secrets", "TOKEN").with([]any{"TOKEN"}, "requiredSecrets")
				kinds := map[string]p.DiffKind{"secrets.TOKEN": p.Delete, "requiredSecrets": p.Add}
				calls := []string{namesCall}
				if code {
					handed = handed.with("debug", "variables", "LOG_LEVEL")
					kinds["variables.LOG_LEVEL"] = p.Update
					calls = append(calls, deploymentsCall, uploadCall, deployCall)
				}
				s.previews(handed, kinds)
				assert.Equal(t, calls, w.callsOf(s, handed))
				w.hasSecrets(values)
				s.idle(w, handed)
				assert.NotContains(t, shown(s.outputs.Delete("requiredSecrets")), "TOKEN", "it is ours no more")

				w.patchSecrets(patched{"TOKEN": "theirs"})
				values["TOKEN"] = "theirs"
				require.NoError(t, s.refresh())
				s.mustUp(properties(handed))
				s.mustUp(properties(handed.with("2026-02-01", "compatibilityDate")))
				w.hasSecrets(values)

				back := program.with(secret("mine"), "secrets", "TOKEN")
				values["TOKEN"] = valueOf("mine")
				s.mustUp(properties(back))
				w.hasSecrets(values)
				s.idle(w, back)
				assert.Empty(t, s.warnings())
			})
		}
	}
}

// TestAReplacementWithoutRequiredSecretsIsRefusedInTime: before the old Worker, which has them, is deleted.
func TestAReplacementWithoutRequiredSecretsIsRefusedInTime(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	w.patchSecrets(patched{"THEIRS": "x"})
	program := r.program(w).with([]any{"THEIRS"}, "requiredSecrets")
	s.mustUp(properties(program))
	before := w.Dump()
	w.forget()
	renamed := program.with("api-2", "scriptName")
	const refusal = `requiredSecrets: Worker "api-2" does not have THEIRS; nothing was deployed`
	_, err := s.preview(properties(renamed))
	require.ErrorContains(t, err, refusal)
	require.ErrorContains(t, s.up(properties(renamed)), refusal)
	assert.Equal(t, before, w.Dump())
	assert.Empty(t, w.Calls())
	s.mustUp(properties(renamed.with(secret("own"), "secrets", "THEIRS")))
	assert.Contains(t, w.Dump(), "worker api-2 ")
}
