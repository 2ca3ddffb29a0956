// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	schemed = regexp.MustCompile(`^[a-zA-Z][a-zA-Z\d+.-]*:`)
	control = regexp.MustCompile("[\x00-\x1f\x7f]")
)

// basePath is the path below which files are served, such as "/docs/": it begins and ends with a slash. The API takes
// what can be written in this form; that it refuses anything else at the upload, and not at the first request, is a
// best guess. workers-shared/utils/base-path.ts, of which wrangler 4.164.0 and its miniflare have a copy.
func (c Config) basePath() (string, error) {
	if c.BasePath == nil {
		return "/", nil
	}
	value, problem := *c.BasePath, ""
	switch {
	case value == "":
		problem = "The value must not be empty."
	case strings.HasPrefix(value, "//") || schemed.MatchString(value):
		problem = "The value must be a pathname, not a URL."
	case strings.Contains(value, `\`):
		problem = "The value must not contain backslashes."
	case control.MatchString(value):
		problem = "The value must not contain control characters."
	case strings.ContainsAny(value, "?#"):
		problem = "The value must not contain query strings or fragments."
	case strings.Contains(value, "%"):
		problem = "The value must not contain percent-encoded sequences."
	}
	if problem != "" {
		return "", fmt.Errorf("assets.config.base_path %q: %s", value, problem)
	}
	var segments []string
	for segment := range strings.SplitSeq(value, "/") {
		switch segment {
		case "", ".":
		case "..":
			segments = segments[:max(0, len(segments)-1)]
		default:
			segments = append(segments, segment)
		}
	}
	if len(segments) == 0 {
		return "/", nil
	}
	return "/" + strings.Join(segments, "/") + "/", nil
}

// within returns the part of a decoded path that names a file; ok is false for a path that is not below the base path.
// asset-worker/src/utils/base-path.ts.
func (s *Site) within(decoded string) (path string, ok bool) {
	if decoded+"/" == s.base {
		return "/", true
	}
	rest, ok := strings.CutPrefix(decoded, s.base)
	return "/" + rest, ok
}

// public is the inverse of within.
func (s *Site) public(path string) string { return strings.TrimSuffix(s.base, "/") + path }

// rootRedirect is where a request for the base path itself is redirected to, because its index.html is served at the
// other spelling, with or without the slash; empty: nowhere. asset-worker/src/handler.ts, getBaseRootIntent.
func (s *Site) rootRedirect(decoded string) (to string) {
	bare := strings.TrimSuffix(s.base, "/")
	switch {
	case s.base == "/" || s.files["/index.html"] == "":
	case s.config.HTMLHandling == dropTrailingSlash && decoded == s.base:
		return bare
	case s.config.HTMLHandling != dropTrailingSlash && s.config.HTMLHandling != none && decoded == bare:
		return s.base
	}
	return ""
}
