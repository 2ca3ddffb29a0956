// SPDX-License-Identifier: Apache-2.0

package runtime

import "strings"

// versionOverrides reads the values of a Cloudflare-Workers-Version-Overrides header: a dictionary of Worker names
// to version ids, as in RFC 8941, section 3.2. As that says, a header that is not a dictionary is ignored as a
// whole, and of a repeated name the last counts. Members that are no strings name no version and are left out.
func versionOverrides(values []string) map[string]string {
	p := dictionaryParser{rest: strings.TrimSpace(strings.Join(values, ","))}
	overrides := map[string]string{}
	if p.rest == "" {
		return overrides
	}
	for {
		name, ok := p.key()
		if !ok {
			return nil
		}
		delete(overrides, name)
		if p.take("=") {
			value, isString, ok := p.item()
			if !ok {
				return nil
			}
			if isString {
				overrides[name] = value
			}
		}
		if !p.parameters() {
			return nil
		}
		p.space()
		if p.rest == "" {
			return overrides
		}
		if !p.take(",") {
			return nil
		}
		p.space()
	}
}

// dictionaryParser reads structured header fields.
type dictionaryParser struct{ rest string }

func (p *dictionaryParser) take(token string) bool {
	rest, ok := strings.CutPrefix(p.rest, token)
	p.rest = rest
	return ok
}

func (p *dictionaryParser) space() { p.rest = strings.TrimLeft(p.rest, " \t") }

// span takes the longest non-empty prefix of accepted characters.
func (p *dictionaryParser) span(accept func(byte) bool) (string, bool) {
	n := 0
	for n < len(p.rest) && accept(p.rest[n]) {
		n++
	}
	taken := p.rest[:n]
	p.rest = p.rest[n:]
	return taken, n > 0
}

// key reads a key: lower-case letters, digits and some punctuation, beginning with a letter or "*".
func (p *dictionaryParser) key() (string, bool) {
	if p.rest == "" || !isLower(p.rest[0]) && p.rest[0] != '*' {
		return "", false
	}
	return p.span(func(c byte) bool { return isLower(c) || isDigit(c) || strings.IndexByte("_-.*", c) >= 0 })
}

// item reads a bare item. Value is set if it is a string.
func (p *dictionaryParser) item() (value string, isString, ok bool) {
	if p.take(`"`) {
		value, ok = p.str()
		return value, true, ok
	}
	// Numbers, tokens, byte sequences and booleans: none can be a version, so their inner rules do not matter.
	_, ok = p.span(func(c byte) bool { return c > ' ' && c < 0x7f && strings.IndexByte(`",;()`, c) < 0 })
	return "", false, ok
}

// str reads the rest of a string after its opening quote.
func (p *dictionaryParser) str() (string, bool) {
	var b strings.Builder
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String(), true
		case c == '\\':
			i++
			if i == len(p.rest) || p.rest[i] != '"' && p.rest[i] != '\\' {
				return "", false
			}
			b.WriteByte(p.rest[i])
		case c < ' ' || c > '~':
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// parameters skips the parameters of an item.
func (p *dictionaryParser) parameters() bool {
	for p.take(";") {
		p.space()
		if _, ok := p.key(); !ok {
			return false
		}
		if p.take("=") {
			if _, _, ok := p.item(); !ok {
				return false
			}
		}
	}
	return true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
