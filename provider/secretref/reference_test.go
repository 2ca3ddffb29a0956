// SPDX-License-Identifier: Apache-2.0

package secretref

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", "x", "literal:literal:x", "env:NAME", "env:not a name", "file:a/b", "file:", "$secrets-group/a/b",
		"$secrets-group/a/../b", "$secrets-group/..a/b", "$secrets-group/a/b\n", "$secrets-group/É/ß", "env:\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := parse(text)
		if err != nil {
			// One of three constants, which therefore say nothing of the text.
			assert.Contains(t, []error{errMalformedVariable, errMalformedFile, errMalformedGroup}, err)
			assert.Equal(t, reference{}, ref)
			assert.True(t, IsReference(text))
			escaped, err := parse(literalPrefix + text)
			require.NoError(t, err)
			assert.Equal(t, reference{name: text}, escaped)
			return
		}
		// What was parsed is the whole text.
		switch ref.scheme {
		case variable:
			assert.Equal(t, text, variablePrefix+ref.name)
		case file:
			assert.Equal(t, text, filePrefix+ref.name)
		case grouped:
			assert.Equal(t, text, groupPrefix+ref.group+"/"+ref.name)
			elements := strings.Split(filepath.ToSlash(filepath.Join("top", ref.group, ref.name)), "/")
			assert.Equal(t, []string{"top", ref.group, ref.name}, elements)
			assert.Regexp(t, `^[A-Z0-9_]+$`, variablePart(ref.group)+"_"+variablePart(ref.name))
			assert.NotContains(t, ref.group+ref.name, "\n", "it would end a line of the protocol")
		default:
			assert.Equal(t, strings.TrimPrefix(text, literalPrefix), ref.name)
			assert.Equal(t, strings.HasPrefix(text, literalPrefix), IsReference(text))
			return
		}
		assert.True(t, IsReference(text))
	})
}
