// SPDX-License-Identifier: Apache-2.0

package secretref

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How references begin.
const (
	literalPrefix  = "literal:"
	variablePrefix = "env:"
	filePrefix     = "file:"
	groupPrefix    = "$secrets-group/"
)

// One error for each kind of malformed reference, the same whatever the text is: it may be a value.
var (
	errMalformedVariable = errors.New("malformed reference: env: is followed by the name of an environment variable " +
		"(letters, digits and _, no digit first), as in env:API_KEY" + escape)
	errMalformedFile = errors.New("malformed reference: file: is followed by a path without control characters, " +
		"as in file:./api-key.txt" + escape)
	errMalformedGroup = errors.New("malformed reference: $secrets-group/ is followed by <group>/<name>, " +
		"each of letters, digits, \".\", \"_\" and \"-\" without \"..\", as in $secrets-group/production/API_KEY" + escape)
)

const escape = "; if the text is itself the value, write literal: before it"

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	groupName    = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

// scheme is a kind of text.
type scheme int

const (
	plain    scheme = iota // the value itself, with or without literal: before it
	variable               // env:
	file                   // file:
	grouped                // $secrets-group/
)

// reference is a parsed text.
type reference struct {
	scheme scheme
	group  string // of grouped
	name   string // of grouped; the variable's name; the file's path; the value of plain
}

// IsReference tells whether [Resolver.Resolve] gives something else than the text itself: a value or, if the
// reference is malformed, an error. A text that begins with literal: is a reference, too.
func IsReference(text string) bool {
	for _, prefix := range []string{literalPrefix, variablePrefix, filePrefix, groupPrefix} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// parse tells what a text refers to.
func parse(text string) (reference, error) {
	if value, ok := strings.CutPrefix(text, literalPrefix); ok {
		return reference{name: value}, nil
	}
	if name, ok := strings.CutPrefix(text, variablePrefix); ok {
		if !variableName.MatchString(name) {
			return reference{}, errMalformedVariable
		}
		return reference{scheme: variable, name: name}, nil
	}
	if path, ok := strings.CutPrefix(text, filePrefix); ok {
		if path == "" || !utf8.ValidString(path) || strings.ContainsFunc(path, unicode.IsControl) {
			return reference{}, errMalformedFile
		}
		return reference{scheme: file, name: path}, nil
	}
	if rest, ok := strings.CutPrefix(text, groupPrefix); ok {
		group, name, _ := strings.Cut(rest, "/")
		if !isGroupName(group) || !isGroupName(name) {
			return reference{}, errMalformedGroup
		}
		return reference{scheme: grouped, group: group, name: name}, nil
	}
	return reference{name: text}, nil
}

// isGroupName tells whether a group or a name in it may be called so. Such a name is one element of a path and never
// leads out of its directory.
func isGroupName(name string) bool {
	return groupName.MatchString(name) && name != "." && !strings.Contains(name, "..")
}
