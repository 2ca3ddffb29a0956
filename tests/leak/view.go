// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"bytes"
	"html"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A view is data read in one way: as it is, or with what some writer escaped turned back.
type view struct {
	name  string // after a comma; empty: as it is
	text  []byte
	steps []step // that led to it
}

// A step turns escapes back. It leaves alone what is no escape.
type step struct {
	source []byte // what it was done to
	undo   unescaper
}

// An unescaper turns back one way of escaping.
type unescaper struct {
	// starts are the bytes that an escape may begin with.
	starts string
	// read reads the escape at the start of src, which has one of those bytes there, or else that byte alone. It returns
	// what it stands for and its length.
	read func(src []byte) (unit []byte, length int)
}

var (
	backslash = unescaper{`\`, readLiteral}
	percent   = unescaper{"%", readPercent}
	query     = unescaper{"%+", readQuery}
	entity    = unescaper{"&", readEntity}
)

// origin is where in the data stands what is at that place of the view.
func (v view) origin(at int) int {
	for _, step := range slices.Backward(v.steps) {
		at = step.origin(at)
	}
	return at
}

// origin is where in the source stands what is at that place of the result.
func (s step) origin(at int) int {
	read, written := 0, 0
	for written < at {
		plain := bytes.IndexAny(s.source[read:], s.undo.starts)
		if plain < 0 || plain >= at-written {
			return read + at - written
		}
		unit, length := s.undo.read(s.source[read+plain:])
		read += plain + length
		written += plain + len(unit)
	}
	return read
}

// readings are the ways of escaping, each with how often and with which other one it occurs: a JSON document inside
// another one's string, a request's URL in a log, and so on.
var readings = []struct {
	name  string
	undos []unescaper
}{
	{"", nil},
	{", escaped", []unescaper{backslash}},
	{", escaped twice", []unescaper{backslash, backslash}},
	{", escaped three times", []unescaper{backslash, backslash, backslash}},
	{", URL-escaped", []unescaper{percent}},
	{", URL-escaped in a query", []unescaper{query}},
	{", escaped, in a URL", []unescaper{percent, backslash}},
	{", escaped, in a query", []unescaper{query, backslash}},
	{", URL-escaped, escaped", []unescaper{backslash, percent}},
	{", URL-escaped in a query, escaped", []unescaper{backslash, query}},
	{", HTML-escaped", []unescaper{entity}},
	{", HTML-escaped, escaped", []unescaper{backslash, entity}},
}

// views are the readings that differ from one another.
func views(data []byte) []view {
	var list []view
	for _, reading := range readings {
		v := view{name: reading.name, text: data}
		for _, undo := range reading.undos {
			v.steps = append(v.steps, step{source: v.text, undo: undo})
			v.text = undone(v.text, undo)
		}
		known := false
		for _, other := range list {
			known = known || bytes.Equal(other.text, v.text)
		}
		if !known {
			list = append(list, v)
		}
	}
	return list
}

func undone(src []byte, undo unescaper) []byte {
	if !bytes.ContainsAny(src, undo.starts) {
		return src
	}
	out := make([]byte, 0, len(src))
	for {
		plain := bytes.IndexAny(src, undo.starts)
		if plain < 0 {
			return append(out, src...)
		}
		unit, length := undo.read(src[plain:])
		out = append(append(out, src[:plain]...), unit...)
		src = src[plain+length:]
	}
}

// simple are the escapes of one character after a backslash, in JSON, Go, C and protobuf's text.
var simple = map[byte]string{
	'"': `"`, '\'': `'`, '\\': `\`, '/': `/`, '?': `?`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t",
	'v': "\v",
}

// readLiteral reads as in string literals.
func readLiteral(src []byte) (unit []byte, length int) {
	if len(src) < 2 {
		return src[:1], 1
	}
	if plain, ok := simple[src[1]]; ok {
		return []byte(plain), 2
	}
	switch src[1] {
	case 'x':
		if n, ok := number(src[2:], 2, 16); ok {
			return []byte{byte(n)}, 4
		}
	case '0', '1', '2', '3':
		if n, ok := number(src[1:], 3, 8); ok {
			return []byte{byte(n)}, 4
		}
	case 'U':
		if n, ok := number(src[2:], 8, 16); ok {
			return utf8.AppendRune(nil, rune(n)), 10
		}
	case 'u':
		if n, ok := number(src[2:], 4, 16); ok {
			return pair(src, rune(n))
		}
	}
	return src[:1], 1
}

// pair reads the \u escape of r, and that of the surrogate which follows it, if r is one half of a pair.
func pair(src []byte, r rune) (unit []byte, length int) {
	if utf16.IsSurrogate(r) && len(src) >= 12 && src[6] == '\\' && src[7] == 'u' {
		if n, ok := number(src[8:], 4, 16); ok {
			if both := utf16.DecodeRune(r, rune(n)); both != utf8.RuneError {
				return utf8.AppendRune(nil, both), 12
			}
		}
	}
	return utf8.AppendRune(nil, r), 6
}

// readPercent reads as in a URL's path.
func readPercent(src []byte) (unit []byte, length int) {
	if n, ok := number(src[1:], 2, 16); ok {
		return []byte{byte(n)}, 3
	}
	return src[:1], 1
}

// readQuery reads as in a URL's query and in forms.
func readQuery(src []byte) (unit []byte, length int) {
	if src[0] == '+' {
		return []byte(" "), 1
	}
	return readPercent(src)
}

// longestEntity is how far a semicolon may be from its ampersand.
const longestEntity = 10

// readEntity reads as in HTML and XML.
func readEntity(src []byte) (unit []byte, length int) {
	if end := bytes.IndexByte(src[:min(len(src), longestEntity)], ';'); end > 0 {
		return []byte(html.UnescapeString(string(src[:end+1]))), end + 1
	}
	return src[:1], 1
}

// number reads a number of exactly that many digits.
func number(src []byte, digits, base int) (n uint64, ok bool) {
	if len(src) < digits {
		return 0, false
	}
	n, err := strconv.ParseUint(string(src[:digits]), base, 32)
	return n, err == nil
}
