// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// shortestLine is the length in bytes from which on a line of a secret is a secret
// of its own. Shorter ones, such as a brace, say nothing.
const shortestLine = 8

// A redactor takes secrets out of texts: they are never to be printed, even if a
// server should echo them. The zero value knows of none.
type redactor struct{ secrets []string } // the longest first; none is empty

// redactorOf returns a redactor of the secrets, which it also knows as they are
// written in JSON and in a URL, and, of those with several lines, line by line.
func redactorOf(secrets ...string) redactor {
	var all []string
	for _, s := range secrets {
		all = append(all, s, strings.TrimSpace(s))
		for line := range strings.Lines(s) {
			if line = strings.TrimSpace(line); len(line) >= shortestLine {
				all = append(all, line)
			}
		}
	}
	for _, s := range slices.Clone(all) {
		quoted := strconv.Quote(s) // as JSON has it, but for characters that JSON may leave as they are
		all = append(all, quoted[1:len(quoted)-1], url.QueryEscape(s), url.PathEscape(s))
		if quoted, err := json.Marshal(s); err == nil {
			all = append(all, string(quoted[1:len(quoted)-1]))
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	all = slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
	return redactor{all}
}

// redact returns s less the secrets in it.
func (r redactor) redact(s string) string {
	pairs := make([]string, 0, 2*len(r.secrets))
	for _, secret := range r.secrets {
		pairs = append(pairs, secret, "[secret]")
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// redacted returns err, or an error with its text less the secrets in it.
func (r redactor) redacted(err error) error {
	if clean := r.redact(err.Error()); clean != err.Error() {
		return errors.New(clean)
	}
	return err
}
