// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CORSRule says which pages of other origins may read a bucket's objects. Source: cloudflare-go v7, package r2,
// BucketCORSUpdateParams.
type CORSRule struct {
	ID      string `json:"id,omitempty"`
	Allowed struct {
		Origins []string `json:"origins"`
		Methods []string `json:"methods"`
		Headers []string `json:"headers,omitempty"`
	} `json:"allowed"`
	ExposeHeaders []string `json:"exposeHeaders,omitempty"`
	MaxAgeSeconds float64  `json:"maxAgeSeconds,omitempty"`
}

// CORS returns the bucket's rules.
func (b Bucket) CORS() (rules []CORSRule, err error) { return rules, b.setting(SettingCORS, &rules) }

// allows reports whether a rule lets a page of origin use the method with these headers. The first rule that does
// decides, as in S3 (https://developers.cloudflare.com/r2/buckets/cors/). An origin may have one wildcard, as in S3: a
// best guess, for R2's documentation shows whole origins and "*" only.
func (rule CORSRule) allows(origin, method string, headers []string) bool {
	matches := func(allowed string) bool {
		before, after, wild := strings.Cut(allowed, "*")
		return allowed == origin || wild && len(origin) >= len(before)+len(after) &&
			strings.HasPrefix(origin, before) && strings.HasSuffix(origin, after)
	}
	if !slices.ContainsFunc(rule.Allowed.Origins, matches) || !slices.Contains(rule.Allowed.Methods, method) {
		return false
	}
	for _, header := range headers {
		if !slices.ContainsFunc(rule.Allowed.Headers, func(allowed string) bool {
			return allowed == "*" || strings.EqualFold(allowed, header)
		}) {
			return false
		}
	}
	return true
}

// applyCORS adds to an answer what the bucket's rules say of it.
func (s *Store) applyCORS(h http.Header, r *http.Request, id BucketID) {
	if origin := r.Header.Get("Origin"); origin != "" {
		if rule, ok := s.ruleFor(id, origin, r.Method, nil); ok {
			rule.write(h, origin)
			if len(rule.ExposeHeaders) > 0 {
				h.Set("Access-Control-Expose-Headers", strings.Join(rule.ExposeHeaders, ", "))
			}
		}
	}
}

// preflight answers the question that a browser asks before a request. What R2 says where no rule allows it has no
// source: 403, as S3.
func (s *Store) preflight(w http.ResponseWriter, r *http.Request, id BucketID) {
	origin, method := r.Header.Get("Origin"), r.Header.Get("Access-Control-Request-Method")
	var headers []string
	for header := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		if header = strings.TrimSpace(header); header != "" {
			headers = append(headers, header)
		}
	}
	rule, ok := s.ruleFor(id, origin, method, headers)
	if !ok {
		writeError(w, ErrAccessDenied)
		return
	}
	h := w.Header()
	rule.write(h, origin)
	h.Set("Access-Control-Allow-Methods", strings.Join(rule.Allowed.Methods, ", "))
	if len(headers) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(headers, ", "))
	}
	if rule.MaxAgeSeconds > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(rule.MaxAgeSeconds)))
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Store) ruleFor(id BucketID, origin, method string, headers []string) (CORSRule, bool) {
	b, err := s.Bucket(id)
	if err != nil {
		return CORSRule{}, false
	}
	rules, err := b.CORS()
	if err != nil {
		return CORSRule{}, false
	}
	at := slices.IndexFunc(rules, func(rule CORSRule) bool { return rule.allows(origin, method, headers) })
	if at < 0 {
		return CORSRule{}, false
	}
	return rules[at], true
}

// write says which origin is allowed.
func (rule CORSRule) write(h http.Header, origin string) {
	if slices.Contains(rule.Allowed.Origins, "*") {
		h.Set("Access-Control-Allow-Origin", "*")
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Add("Vary", "Origin")
}
