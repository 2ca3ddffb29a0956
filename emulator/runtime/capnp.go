// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// quote writes s as a string literal of Cap'n Proto's text format. Bytes outside printable ASCII are escaped, so
// that no input can end the literal or be read as another encoding.
func quote(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// list joins values as a list literal.
func list(values []string) string { return "[" + strings.Join(values, ", ") + "]" }

// quoteAll quotes each value.
func quoteAll(values []string) []string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return quoted
}

// fileSet collects the files that a configuration embeds. They are named by their content, so that equal
// configurations have equal texts and text alone tells whether two configurations differ.
type fileSet map[string][]byte

// embed adds content and returns the expression that includes it.
func (f fileSet) embed(content []byte) string {
	sum := sha256.Sum256(content)
	name := hex.EncodeToString(sum[:])
	f[name] = content
	return "embed " + quote(name)
}
