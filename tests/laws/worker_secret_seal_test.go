// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// TestFingerprintsTellOnlyOfChange: equal values look different in two places and
// the same in one, whoever looks and under whichever name.
func TestFingerprintsTellOnlyOfChange(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w).with(object{"A": secret("same"), "B": secret("same")}, "secrets")
	pl, err := s.preview(properties(program))
	require.NoError(t, err)
	a, b := secretInput(pl.inputs, "A"), secretInput(pl.inputs, "B")
	assert.True(t, a.Secret() && b.Secret())
	assert.NotEqual(t, a.AsString(), b.AsString(), "two names")

	s.start(t.Context())
	s.mustUp(properties(program))
	assert.Equal(t, a, secretInput(s.inputs, "A"), "the update after the preview, in another process")
	assert.Equal(t, a, secretInput(s.outputs, "A"))
	s.previewsSame(program)

	other := newStack(t, w.cloud, r.token)
	other.urn = resource.NewURN("dev", "laws", "", r.token, "other")
	pl, err = other.preview(properties(program.with("other", "scriptName").with(nil, "routes").with(nil, "customDomains")))
	require.NoError(t, err)
	assert.NotEqual(t, a.AsString(), secretInput(pl.inputs, "A").AsString(), "two Workers")
	assert.NotEqual(t, b.AsString(), secretInput(pl.inputs, "A").AsString(), "two Workers")

	s.urn = resource.NewURN("dev", "laws", "", r.token, "renamed") // with an alias
	s.idle(w, program)
	rotated := program.with(secret("other"), "secrets", "A")
	assert.Equal(t, []string{patchCall}, w.callsOf(s, rotated))
	s.idle(w, rotated)
	assert.Equal(t, []string{patchCall}, w.callsOf(s, program))
	assert.Equal(t, a, secretInput(s.inputs, "A"), "the salt outlives the value")
}

// TestValuesAreForgotten: after a create and an update, however they went, the
// provider has no value any more.
func TestValuesAreForgotten(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for name, operation := range map[string]func(w world, s *stack, inputs property.Map) error{
		"create": func(_ world, s *stack, inputs property.Map) error { return s.create(inputs) },
		"dry create": func(_ world, s *stack, inputs property.Map) error {
			_, err := s.server.Create(p.CreateRequest{Urn: s.urn, Properties: inputs, DryRun: true})
			return err
		},
		"update": func(_ world, s *stack, inputs property.Map) error { return s.update(inputs) },
		"dry update": func(_ world, s *stack, inputs property.Map) error {
			_, err := s.server.Update(p.UpdateRequest{
				ID: s.id, Urn: s.urn, State: s.outputs, OldInputs: s.inputs, Inputs: inputs, DryRun: true,
			})
			return err
		},
	} {
		for _, status := range []int{0, http.StatusForbidden, http.StatusBadGateway} {
			t.Run(name+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				w, s := begun(t, r)
				program := r.program(w)
				if name == "update" || name == "dry update" {
					s.mustUp(properties(program))
					program = program.with(secret("new"), "secrets", "TOKEN").with("debug", "variables", "LOG_LEVEL")
				}
				inputs, err := s.check(s.inputs, properties(program))
				require.NoError(t, err)
				other := *s
				other.id = ""
				w.on(hooks{before: func(_ int, req *http.Request) int {
					if req.Method != http.MethodGet {
						return status
					}
					return 0
				}})
				err = operation(w, s, inputs)
				if status == 0 || name == "dry create" || name == "dry update" {
					require.NoError(t, err)
				} else {
					require.Error(t, err)
				}
				w.forget()
				before := w.Dump()
				err = other.create(inputs.Set("scriptName", property.New("api-2")).Delete("routes", "customDomains"))
				require.ErrorContains(t, err, "secrets.")
				require.ErrorContains(t, err, "Cloudflare needs the value")
				assert.Equal(t, before, w.Dump())
			})
		}
	}
}

// TestAMissingValueIsAnErrorBeforeAnythingHappens: a fingerprint stands for no
// value that could be sent.
func TestAMissingValueIsAnErrorBeforeAnythingHappens(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	program := r.program(w)
	fingerprint := secretInput(s.inputs, "TOKEN")
	before := w.Dump()

	s.start(t.Context())
	{ // for a replacement
		_, err := s.check(property.Map{}, properties(program.with(fingerprint, "secrets", "TOKEN")))
		var failures checkError
		require.ErrorAs(t, err, &failures)
		require.Len(t, failures, 1)
		assert.Equal(t, "secrets.TOKEN", failures[0].Property)
		assert.Contains(t, failures[0].Reason, "secrets.TOKEN")
		assert.Contains(t, failures[0].Reason, "ignoreChanges")
		assert.NotContains(t, failures[0].Reason, fingerprint.AsString())
	}
	{ // for an update
		for _, foreign := range []object{
			program.with(fingerprint, "secrets", "OTHER"), // of another secret of this Worker
			program.with(fingerprint, "secrets", "THIRD"),
			program.with(fingerprint, "secrets", "THIRD").with("debug", "variables", "LOG_LEVEL"),
		} {
			w.forget()
			err := s.up(properties(foreign))
			require.ErrorContains(t, err, "Cloudflare needs the value")
			require.ErrorContains(t, err, "secrets.")
			require.ErrorContains(t, err, "ignoreChanges")
			assert.NotContains(t, err.Error(), fingerprint.AsString())
			assert.Equal(t, before, w.Dump())
		}
	}
	{ // of a replacement nothing is deleted
		s.start(t.Context())
		// The engine gives what ignoreChanges lists to a Worker whose name changes, too.
		err := s.up(properties(program.with("api-2", "scriptName").with(fingerprint, "secrets", "TOKEN")))
		require.ErrorContains(t, err, "secrets.TOKEN")
		assert.Equal(t, before, w.Dump())
		s.idle(w, program)
	}
}

// TestIgnoredSecretsAreInherited: what ignoreChanges gives back is what the Worker
// has, and an update of something else leaves it alone.
func TestIgnoredSecretsAreInherited(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for name, c := range map[string]struct {
		ignore  []string
		foreign bool // they are changed elsewhere, too
		want    map[string]string
		kinds   map[string]p.DiffKind
	}{
		"all": {
			ignore: []string{"secrets"}, want: map[string]string{"TOKEN": valueOf("one"), "OTHER": valueOf("two")},
		},
		"one": {
			ignore: []string{"secrets.TOKEN"},
			want:   map[string]string{"TOKEN": valueOf("one"), "OTHER": valueOf("new")},
			kinds:  map[string]p.DiffKind{"secrets.OTHER": p.Update},
		},
		"all, changed elsewhere": {
			ignore: []string{"secrets"}, foreign: true,
			want: map[string]string{"TOKEN": "theirs", "OTHER": valueOf("two")},
		},
		"one, changed elsewhere": {
			ignore: []string{"secrets.TOKEN"}, foreign: true,
			want:  map[string]string{"TOKEN": "theirs", "OTHER": valueOf("new")},
			kinds: map[string]p.DiffKind{"secrets.OTHER": p.Update},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			if c.foreign {
				w.patchSecrets(patched{"TOKEN": "theirs"})
				require.NoError(t, s.refresh())
			}
			s.ignore = c.ignore
			changed := r.program(w).with(secret("new"), "secrets", "TOKEN").with(secret("new"), "secrets", "OTHER")
			if c.kinds == nil {
				s.previewsSame(changed)
			} else {
				s.previews(changed, c.kinds)
			}
			s.mustUp(properties(changed))
			w.hasSecrets(c.want)
			s.idle(w, changed)

			changed = changed.with("debug", "variables", "LOG_LEVEL")
			s.previews(changed, map[string]p.DiffKind{"variables.LOG_LEVEL": p.Update})
			_, requests := w.sentBy(func() { s.mustUp(properties(changed)) })
			assert.NotContains(t, bodies(requests), secretMark)
			w.hasSecrets(c.want)
			s.idle(w, changed)

			s.ignore = nil
			s.mustUp(properties(changed))
			w.hasSecrets(map[string]string{"TOKEN": valueOf("new"), "OTHER": valueOf("new")})
			s.idle(w, changed)
		})
	}
}
