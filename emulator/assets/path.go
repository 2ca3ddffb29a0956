// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

var slashes = regexp.MustCompile(`/+`)

// decodePath returns the path whose file is looked for: decoded segment by segment, without double slashes. A segment
// that cannot be decoded stays.
func decodePath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if decoded, err := url.PathUnescape(s); err == nil && utf8.ValidString(decoded) {
			segments[i] = decoded
		}
	}
	return slashes.ReplaceAllString(strings.Join(segments, "/"), "/")
}

// encodePath writes a decoded path in the only way in which it is served: as JavaScript's encodeURIComponent does.
func encodePath(path string) string {
	const kept = "-_.!~*'()"
	return escape(path, func(c byte) bool { return alphanumeric(c) || c == '/' || strings.IndexByte(kept, c) >= 0 })
}

// normalPath writes the path of a rule as URLs have it, so that it can be compared with theirs: without dot segments,
// and escaped as the URL standard does (https://url.spec.whatwg.org/#path-percent-encode-set).
func normalPath(path string) string {
	var segments []string
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range parts {
		last := i == len(parts)-1
		switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
		case ".":
			if last {
				segments = append(segments, "")
			}
		case "..":
			segments = segments[:max(0, len(segments)-1)]
			if last {
				segments = append(segments, "")
			}
		default:
			segments = append(segments, s)
		}
	}
	const escaped = "\"#<>?^`{}"
	return "/" + escape(strings.Join(segments, "/"), func(c byte) bool {
		return c > ' ' && c <= '~' && strings.IndexByte(escaped, c) < 0
	})
}

// escape percent-encodes the bytes that are not kept.
func escape(s string, keep func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if keep(s[i]) {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

var absolute = regexp.MustCompile(`^https:/{2,}([^/]+)/?(.*)`)

// hasHost tells whether a rule's URL names a host.
func hasHost(token string) bool { return absolute.MatchString(token) }

var withPort = regexp.MustCompile(`:\d+$`)

// ruleURL reads a URL of a rule; problem says what is wrong with it. whole keeps query and fragment.
// utils/configuration/validateURL.ts.
func ruleURL(token string, relativeOnly, ports, whole bool) (normal, problem string) {
	if m := absolute.FindStringSubmatch(token); m != nil {
		if relativeOnly {
			return "", fmt.Sprintf("Only relative URLs are allowed. Skipping absolute URL %s.", token)
		}
		if !ports && withPort.MatchString(m[1]) {
			return "", fmt.Sprintf("Specifying ports is not supported. Skipping absolute URL %s.", token)
		}
		return "https://" + m[1] + rulePath("/"+strings.TrimPrefix(m[2], "/"), whole), ""
	}
	if relativeOnly && !strings.HasPrefix(token, "/") {
		token = "/" + token
	}
	if !strings.HasPrefix(token, "/") {
		return "", `URLs should either be relative (e.g. begin with a forward-slash), or use HTTPS ` +
			`(e.g. begin with "https://").`
	}
	return rulePath(token, whole), ""
}

func rulePath(token string, whole bool) string {
	rest := ""
	if i := strings.IndexAny(token, "?#"); i >= 0 {
		token, rest = token[:i], token[i:]
	}
	if !whole {
		rest = ""
	}
	return normalPath(token) + rest
}
