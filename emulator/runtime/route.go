// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Route sends requests that match a pattern to a Worker.
type Route struct {
	Scheme  string // "http" or "https"; empty: both
	Host    string // lower-case host part of the pattern; may begin with "*"
	Path    string // path part of the pattern, from "/"; may end with "*"
	Account string // account id of the Worker
	Script  string // name of the Worker; empty: matching requests reach no Worker by a route
}

// ParseRoute splits a route pattern, such as "*.example.com/api/*", into the Scheme, Host and Path of a [Route].
// Errors say which of Cloudflare's rules the pattern breaks. Whether the host lies in a zone is not looked at.
//
// Source: https://developers.cloudflare.com/workers/configuration/routing/routes/#validity.
func ParseRoute(pattern string) (Route, error) {
	fail := func(why string) (Route, error) {
		return Route{}, fmt.Errorf("route pattern %q %s", pattern, why)
	}
	var r Route
	rest := pattern
	if scheme, after, ok := strings.Cut(pattern, "://"); ok {
		r.Scheme, rest = strings.ToLower(scheme), after
		if r.Scheme != "http" && r.Scheme != "https" {
			return fail(`may begin with "http://" or "https://" only`)
		}
	}
	host, path, ok := strings.Cut(rest, "/")
	r.Path = "/" + path
	if !ok && strings.ContainsAny(host, "?#") {
		return fail("may not contain query parameters or a fragment")
	}
	r.Host = strings.ToLower(host)
	switch {
	case strings.ContainsAny(path, "?#"):
		return fail("may not contain query parameters or a fragment")
	case strings.ContainsFunc(rest, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '\\' }):
		return fail("contains a character that cannot occur in a URL")
	case strings.Trim(r.Host, "*.") == "":
		return fail("has no host")
	case strings.ContainsAny(r.Host, ":@"):
		return fail("may not contain a port or user information")
	case strings.Contains(r.Host[1:], "*"):
		return fail("may have a wildcard at the beginning of its host only")
	case strings.Contains(strings.TrimSuffix(r.Path, "*"), "*"):
		return fail("may have a wildcard at the end of its path only")
	}
	return r, nil
}

// matches tells whether a request for target, a path with its query string, matches. Host is in lower case.
//
// Source: https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior: the wildcard
// stands for any characters, in hosts too, and the query string takes part.
func (r *Route) matches(scheme, host, target string) bool {
	if r.Scheme != "" && r.Scheme != scheme {
		return false
	}
	if suffix, wild := strings.CutPrefix(r.Host, "*"); wild {
		if !strings.HasSuffix(host, suffix) {
			return false
		}
	} else if host != r.Host {
		return false
	}
	if prefix, wild := strings.CutSuffix(r.Path, "*"); wild {
		return strings.HasPrefix(target, prefix)
	}
	return target == r.Path
}

// specificity is high for patterns that go before others. It counts the labels of the host before the segments of
// the path; a label or segment that is nothing but a wildcard counts less than none. So "example.com/images*" goes
// before "example.com/images/*", which Cloudflare lists among the known issues.
//
// Sources: workers-sdk, packages/miniflare/src/plugins/shared/routing.ts, "adapted from internal config service
// routing table implementation"; https://developers.cloudflare.com/workers/platform/known-issues/#route-specificity.
func (r *Route) specificity() int {
	hosts := strings.Split(r.Host, ".")
	score := len(hosts)
	if hosts[0] == "*" {
		score -= 2
	}
	score *= 26
	segments := strings.Split(r.Path, "/")
	score += len(segments)
	if segments[len(segments)-1] == "*" {
		score -= 2
	}
	return score
}

// sortRoutes returns routes with those first that win. Of equally specific patterns the longer wins, and one that
// names a scheme before one that does not; the rest is by text, so that the order given does not matter.
func sortRoutes(routes []Route) []Route {
	sorted := slices.Clone(routes)
	slices.SortFunc(sorted, func(a, b Route) int {
		return cmp.Or(
			cmp.Compare(b.specificity(), a.specificity()),
			cmp.Compare(len(b.Host)+len(b.Path), len(a.Host)+len(a.Path)),
			cmp.Compare(len(b.Scheme), len(a.Scheme)),
			cmp.Compare(a.Host, b.Host), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Scheme, b.Scheme),
			cmp.Compare(a.Account, b.Account), cmp.Compare(a.Script, b.Script))
	})
	return sorted
}
