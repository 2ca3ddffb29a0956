// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// maxSecret is how many bytes a secret may have.
const maxSecret = 5 << 10

// aFingerprint looks like one, and is of nothing.
var aFingerprint = "sealed:1:" + strings.Repeat("A", 22) + ":" + strings.Repeat("A", 32)

// aChange looks like what a refresh writes in the place of a secret that was changed elsewhere.
const aChange = "changed elsewhere: version 1ccffe3a-40f3-4d67-a3fb-e8af5b8ffdd8, deployed by a@example.com through " +
	"wrangler on 2026-11-01 12:00 UTC"

// TestSecretsOfAllShapes: whatever a text looks like, it arrives as it is or is
// refused by its name; either way it stays where it belongs.
func TestSecretsOfAllShapes(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for text, want := range map[string]string{
		"":                                    "",
		" ":                                   " ",
		strings.Repeat("x", maxSecret):        strings.Repeat("x", maxSecret),
		"two\nlines\n":                        "two\nlines\n",
		"\u0000\t":                            "\u0000\t",
		"🗝️ schlüssel <&>":                    "🗝️ schlüssel <&>",
		`{"json":"\"quoted\""}`:               `{"json":"\"quoted\""}`,
		"literal:":                            "",
		"literal:env:HOME":                    "env:HOME",
		"literal:literal:x":                   "literal:x",
		"literal:" + aFingerprint:             aFingerprint,
		"literal:" + aChange:                  aChange,
		"ENV:HOME":                            "ENV:HOME",
		"$secrets":                            "$secrets",
		"sealed:1:AAAA:AAAA":                  "sealed:1:AAAA:AAAA",
		"sealed:2:" + aFingerprint[9:]:        "sealed:2:" + aFingerprint[9:],
		"changed elsewhere: yes":              "changed elsewhere: yes",
		aChange + " ":                         aChange + " ",
		"x " + aFingerprint:                   "x " + aFingerprint,
		"literal:" + "5":                      "5",
		"unchanged elsewhere: literal:env:XX": "unchanged elsewhere: literal:env:XX",
	} {
		t.Run(fmt.Sprintf("%.40q", text), func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			base := r.program(w)
			program := base.with(text, "secrets", "TOKEN")
			s.mustUp(properties(program)) // with the code
			assert.True(t, secretInput(s.inputs, "TOKEN").Secret())
			assert.Regexp(t, `^sealed:1:\S{22}:\S{32}$`, secretInput(s.inputs, "TOKEN").AsString())
			uploaded := w.served()[0].secrets["TOKEN"]
			assert.Equal(t, shownAs(t, map[string]string{"": want})[""], uploaded)
			s.idle(w, program)

			s.mustUp(properties(base))
			s.mustUp(properties(program)) // and alone
			assert.Equal(t, uploaded, w.served()[0].secrets["TOKEN"])
			s.start(t.Context())
			s.idle(w, program)
		})
	}
}

// TestWhatIsNoSecretIsRefused: by its name, without the value, and before any request.
func TestWhatIsNoSecretIsRefused(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for name, c := range map[string]struct {
		path  []string
		value any
		want  string
	}{
		"too long":            {[]string{"secrets", "TOKEN"}, fmt.Sprintf("%*s", maxSecret+1, secretMark), "5121"},
		"too long in UTF-8":   {[]string{"secrets", "TOKEN"}, strings.Repeat("ü", maxSecret/2) + "x", "5121"},
		"number":              {[]string{"secrets", "TOKEN"}, 5, "text"},
		"secret number":       {[]string{"secrets", "TOKEN"}, property.New(5.0).WithSecret(true), "text"},
		"truth":               {[]string{"secrets", "TOKEN"}, true, "text"},
		"list":                {[]string{"secrets", "TOKEN"}, []any{secret("x")}, "text"},
		"object":              {[]string{"secrets", "TOKEN"}, object{"x": secret("x")}, "text"},
		"fingerprint":         {[]string{"secrets", "TOKEN"}, aFingerprint, "value"},
		"changed elsewhere":   {[]string{"secrets", "TOKEN"}, aChange, "value"},
		"malformed reference": {[]string{"secrets", "TOKEN"}, "env:" + secretMark + " x", "malformed"},
		"a name with dots":    {[]string{"secrets", "a.b c"}, 5, "text"},
		"no map":              {[]string{"secrets"}, secret("x"), ""},
		"a number for all":    {[]string{"secrets"}, 5, "text"},
	} {
		for _, exists := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, exists %t", name, exists), func(t *testing.T) {
				t.Parallel()
				w, s := begun(t, r)
				if exists {
					s.mustUp(properties(r.program(w)))
				}
				w.forget()
				inputs, err := s.check(s.inputs, properties(r.program(w).with(c.value, c.path...)))
				var failures checkError
				require.ErrorAs(t, err, &failures)
				require.Len(t, failures, 1)
				want := strings.Join(c.path, ".")
				if c.path[len(c.path)-1] == "a.b c" {
					want = `secrets["a.b c"]`
				}
				assert.Equal(t, want, failures[0].Property)
				assert.Contains(t, failures[0].Reason, c.want)
				assert.NotContains(t, err.Error()+shown(inputs)+s.logs.String(), secretMark)
				assert.Empty(t, w.Calls())
			})
		}
	}
}

// TestSecretsThatAreNotKnownYet: and those that are not there at all.
func TestSecretsThatAreNotKnownYet(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w)
	unknown := property.New(property.Computed)
	all := properties(object{"TOKEN": secret("one"), "OTHER": "two " + secretMark})
	for _, exists := range []bool{false, true} {
		if exists {
			s.mustUp(properties(program.with(property.New(all).WithSecret(true), "secrets"))) // marked as a whole
			w.hasSecrets(ownSecrets(nil))
			s.idle(w, program)
		}
		w.forget()
		for name, value := range map[string]property.Value{
			"a value": propertyOf(object{"TOKEN": unknown, "OTHER": secret("two")}),
			"a secret value": propertyOf(object{
				"TOKEN": unknown.WithSecret(true), "OTHER": secret("two"),
			}),
			"all":            unknown,
			"all, as secret": unknown.WithSecret(true),
			"one of a secret map": property.New(properties(object{
				"TOKEN": unknown, "OTHER": secret("two"),
			})).WithSecret(true),
		} {
			pl, err := s.preview(properties(program.with(value, "secrets")))
			require.NoError(t, err, name)
			assert.Equal(t, map[bool]string{false: "create", true: "update"}[exists], pl.op, name)
			assert.True(t, property.New(pl.inputs).HasComputed(), name)
			if exists && strings.Contains(name, "value") {
				assert.Equal(t, map[string]p.DiffKind{"secrets.TOKEN": p.Update}, pl.kinds(), name)
			}
			assert.NotContains(t, shown(pl.inputs)+shown(pl.outputs), secretMark)
		}
		assert.Empty(t, w.Calls())
	}
	absent := program.with(property.New(property.Null), "secrets", "TOKEN")
	s.previews(absent, map[string]p.DiffKind{"secrets.TOKEN": p.Delete})
	s.mustUp(properties(absent))
	w.hasSecrets(map[string]string{"OTHER": valueOf("two")})
	s.idle(w, absent)
	none := program.with(property.New(property.Null), "secrets")
	s.mustUp(properties(none))
	w.hasSecrets(map[string]string{})
	s.idle(w, none)
}

// TestAFingerprintOfAnotherWorkerIsNoValue: it gives away no value of another
// resource that the same process has just checked.
func TestAFingerprintOfAnotherWorkerIsNoValue(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, one := begun(t, r)
	program := r.program(w)
	other := newStack(t, w.cloud, r.token)
	other.urn += "-other"
	theirs := program.with("other", "scriptName").with(nil, "routes").with(nil, "customDomains")
	other.mustUp(properties(theirs))
	inputs, err := one.check(one.inputs, properties(program))
	require.NoError(t, err)
	other.server = one.server // the same provider process, which has the value at hand
	stolen := theirs.with(secretInput(inputs, "TOKEN"), "secrets", "TOKEN")
	w.forget()
	require.ErrorContains(t, other.up(properties(stolen)), "secrets.TOKEN")
	assert.Empty(t, w.Calls())
}
