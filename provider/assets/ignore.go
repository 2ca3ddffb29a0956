// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"regexp"
	"strings"
)

// Ignore is the rules of a file .assetsignore, which are those of a .gitignore
// (https://git-scm.com/docs/gitignore#_pattern_format), except that case does not matter: so does wrangler read them.
// The zero value ignores nothing.
type Ignore struct{ rules []ignoreRule }

type ignoreRule struct {
	re        *regexp.Regexp
	keep      bool // takes back what earlier rules ignore
	directory bool // matches directories only
}

// ParseIgnore reads the text of a file. A pattern that means nothing matches nothing.
func ParseIgnore(text string) Ignore {
	var ignore Ignore
	for line := range strings.SplitSeq(text, "\n") {
		if rule, ok := parseIgnoreLine(strings.TrimSuffix(line, "\r")); ok {
			ignore.rules = append(ignore.rules, rule)
		}
	}
	return ignore
}

func parseIgnoreLine(line string) (rule ignoreRule, ok bool) {
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = strings.TrimSuffix(line, " ")
	}
	if line == "" || line[0] == '#' {
		return rule, false
	}
	line, rule.keep = strings.CutPrefix(line, "!")
	line, rule.directory = strings.CutSuffix(line, "/")
	rooted := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return rule, false
	}
	expression := "(?is)^"
	if !rooted {
		expression += "(?:.*/)?"
	}
	var err error
	rule.re, err = regexp.Compile(expression + ignoreExpression(line) + "$")
	return rule, err == nil
}

// ignoreExpression writes a pattern as a regular expression.
func ignoreExpression(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		rest := pattern[i:]
		start := i == 0 || pattern[i-1] == '/'
		switch {
		case start && strings.HasPrefix(rest, "**/"):
			b.WriteString("(?:.*/)?")
			i += len("**/") - 1
		case start && rest == "**":
			b.WriteString(".+")
			i++
		case rest[0] == '*':
			b.WriteString("[^/]*")
		case rest[0] == '?':
			b.WriteString("[^/]")
		case rest[0] == '[':
			class, length := ignoreClass(rest)
			b.WriteString(class)
			i += length - 1
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
			i++
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
		}
	}
	return b.String()
}

// ignoreClass writes the class of characters that pattern begins with, and says how long it is there. One that does not
// end is a bracket.
func ignoreClass(pattern string) (class string, length int) {
	body := pattern[1:]
	negated := strings.HasPrefix(body, "!") || strings.HasPrefix(body, "^")
	if negated {
		body = body[1:]
	}
	end := strings.IndexByte(body[min(1, len(body)):], ']') // the first character may be one
	if end < 0 {
		return `\[`, 1
	}
	end++
	inner := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`, `&`, `\&`, `~`, `\~`).Replace(body[:end])
	length = len(pattern) - len(body) + end + 1
	if negated {
		return "[^/" + inner + "]", length
	}
	return "[" + inner + "]", length
}

// Ignored reports whether a file is not an asset: it, or a directory that it is in, is ignored. Name is relative, with
// slashes.
func (g Ignore) Ignored(name string) bool {
	for i, c := range name {
		if c == '/' && g.matches(name[:i], true) {
			return true
		}
	}
	return g.matches(name, false)
}

// IgnoredDirectory reports whether nothing below a directory is an asset.
func (g Ignore) IgnoredDirectory(name string) bool {
	return g.Ignored(name) || g.matches(name, true)
}

// matches tells whether the last rule that is about name ignores it.
func (g Ignore) matches(name string, directory bool) bool {
	ignored := false
	for _, rule := range g.rules {
		if ignored == rule.keep && (directory || !rule.directory) && rule.re.MatchString(name) {
			ignored = !rule.keep
		}
	}
	return ignored
}
