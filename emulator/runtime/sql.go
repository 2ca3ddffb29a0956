// SPDX-License-Identifier: Apache-2.0

package runtime

import "strings"

// SplitSQL cuts text into its SQL statements, without the semicolons and comments between them. Text without a
// statement gives none.
//
// Where a statement ends is SQLite's own rule: at a semicolon, and for CREATE TRIGGER at a semicolon after "; END".
// Source: https://www.sqlite.org/c3ref/complete.html.
func SplitSQL(text string) []string {
	var statements []string
	for _, s := range splitSQL(text) {
		statements = append(statements, text[s.start:s.end])
	}
	return statements
}

// span is a statement's place in a text: from its first token to behind its last.
type span struct{ start, end int }

func splitSQL(text string) []span {
	var spans []span
	s := sqlStatement{}
	for at := 0; at < len(text); {
		next, blank := nextSQL(text, at)
		switch token := text[at:next]; {
		case blank:
		case token == ";" && s.started && s.goesOn():
			s.semicolon, s.last = true, false
		case token == ";":
			if s.started {
				spans = append(spans, s.span)
			}
			s = sqlStatement{}
		default:
			s.add(token, span{at, next})
		}
		at = next
	}
	if s.started {
		spans = append(spans, s.span)
	}
	return spans
}

// sqlStatement is a statement that is being read.
type sqlStatement struct {
	span

	started   bool
	head      []string // its first words, as far as they can say that it is a trigger
	semicolon bool     // the token before was a semicolon within a trigger
	last      bool     // the tokens before were a semicolon and END
}

// add takes a token that is neither blank nor a semicolon.
func (s *sqlStatement) add(token string, at span) {
	if !s.started {
		s.started, s.start = true, at.start
	}
	s.end = at.end
	// "EXPLAIN QUERY PLAN CREATE TEMPORARY TRIGGER" is the longest beginning of one.
	if len(s.head) < 6 {
		s.head = append(s.head, strings.ToLower(token))
	}
	s.last = s.semicolon && strings.EqualFold(token, "end")
	s.semicolon = false
}

// goesOn tells whether a semicolon does not end the statement.
func (s *sqlStatement) goesOn() bool {
	if s.last {
		return false
	}
	head := s.head
	for len(head) > 0 && (head[0] == "explain" || head[0] == "query" || head[0] == "plan") {
		head = head[1:]
	}
	if len(head) > 2 && (head[1] == "temp" || head[1] == "temporary") {
		return head[0] == "create" && head[2] == "trigger"
	}
	return len(head) > 1 && head[0] == "create" && head[1] == "trigger"
}

// nextSQL returns where the token at a place in text ends, and whether it is white space or a comment. What is not
// closed extends to the end of text: SQLite will complain about it.
func nextSQL(text string, at int) (next int, blank bool) {
	rest := text[at:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "--"):
		return at + through(rest, 2, "\n"), true
	case strings.HasPrefix(rest, "/*"):
		return at + through(rest, 2, "*/"), true
	case isBlank(c):
		return at + 1, true
	case c == '\'' || c == '"' || c == '`':
		return at + through(rest, 1, string(c)), false // a doubled quote begins another token, which is as good
	case c == '[':
		return at + through(rest, 1, "]"), false
	case isWord(c):
		end := 1
		for end < len(rest) && isWord(rest[end]) {
			end++
		}
		return at + end, false
	}
	return at + 1, false
}

// through returns how long text is up to and with the first closing after from.
func through(text string, from int, closing string) int {
	_, rest, found := strings.Cut(text[from:], closing)
	if !found {
		return len(text)
	}
	return len(text) - len(rest)
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
}
