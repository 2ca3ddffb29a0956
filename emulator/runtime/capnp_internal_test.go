// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestQuoteLeavesNothingThatEndsALiteral(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `"a\"b\\c\x0a\x00\xc3\xa9\x7f"`, quote("a\"b\\c\n\x00é\x7f"))
	assert.Equal(t, `""`, quote(""))
}

func FuzzQuote(f *testing.F) {
	f.Add(`"`)
	f.Add("\\\"\n\xff")
	f.Fuzz(func(t *testing.T, s string) {
		q := quote(s)
		assert.Regexp(t, `^"([ !#-\[\]-~]|\\["\\]|\\x[0-9a-f]{2})*"$`, q)
	})
}
