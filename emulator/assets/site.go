// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// DecisionHeader is in the answers of [Site.Router].
const DecisionHeader = "Emulator-Assets"

// What a router decides.
const (
	Answered  = "answered" // this is the answer
	AskWorker = "worker"   // the Worker is to answer
)

// Version is what is served: the static assets of one version of a Worker.
type Version struct {
	Config             Config
	CompatibilityDate  string            // "2006-01-02"; empty: 2021-11-02
	CompatibilityFlags []string          //
	Worker             bool              // whether there is code, too
	Files              map[string]string // ETags, without quotation marks, by path: "/index.html"
	// Open returns the content of the file with an ETag, and the content type to send: empty for none.
	Open func(etag string) (contentType string, content []byte, ok bool)
}

// Site serves a version. It is safe for concurrent use, and an http.Handler: that of the binding to the assets.
type Site struct {
	config    Config
	base      string // see [Config.basePath]
	files     map[string]string
	open      func(etag string) (contentType string, content []byte, ok bool)
	worker    bool
	navigates bool // requests of a browser for a page see notFoundHandling before the Worker sees them
	routing   routing
	redirects redirects
	headers   []headerRule
}

// New prepares a version. Its error is what Cloudflare would refuse about the configuration.
func New(v Version) (*Site, error) {
	if err := v.Config.check(); err != nil {
		return nil, err
	}
	s := &Site{config: v.Config, files: v.Files, open: v.Open, worker: v.Worker, navigates: v.navigates()}
	var err error
	if s.base, err = v.Config.basePath(); err != nil {
		return nil, err
	}
	if s.routing, err = v.Config.routing(); err != nil {
		return nil, err
	}
	s.redirects, _ = parseRedirects(v.Config.Redirects, v.Config.HTMLHandling)
	s.headers, _ = parseHeaders(v.Config.Headers)
	return s, nil
}

// navigates tells about a compatibility flag. asset-worker/src/compatibility-flags.ts.
func (v Version) navigates() bool {
	switch {
	case slices.Contains(v.CompatibilityFlags, "assets_navigation_prefers_asset_serving"):
		return true
	case slices.Contains(v.CompatibilityFlags, "assets_navigation_has_no_effect"):
		return false
	}
	return v.CompatibilityDate >= "2025-04-01"
}

// Router returns the handler that is asked first about each request to the Worker. Its answers say in [DecisionHeader]
// whether the Worker is to answer instead. It needs no bodies. router-worker/src/worker.ts.
func (s *Site) Router() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.toWorker(r) {
			w.Header().Set(DecisionHeader, AskWorker)
			return
		}
		w.Header().Set(DecisionHeader, Answered)
		s.ServeHTTP(w, r)
	})
}

// toWorker decides which of the two answers a request.
func (s *Site) toWorker(r *http.Request) bool {
	path := requestPath(r)
	switch {
	case !s.worker || s.routing.assets.match(path):
		return false
	case s.routing.always || s.routing.worker.match(path):
		return true
	}
	return !s.canAnswer(r)
}

// canAnswer tells whether the assets have an answer that is not just "not found".
func (s *Site) canAnswer(r *http.Request) bool {
	notFound := none
	if s.routing.rules || s.navigates && r.Header.Get("Sec-Fetch-Mode") == "navigate" {
		notFound = s.config.NotFoundHandling
	}
	path := requestPath(r)
	decoded := decodePath(path)
	file, within := s.within(decoded)
	if !within {
		return false // also what a redirect is for
	}
	if _, redirected := s.redirects.find(r.Host, hostname(r), path); redirected {
		return true // a rule with the status 200 answers itself, be it with "not found"
	}
	return s.rootRedirect(decoded) != "" || !s.find(file, true, notFound).none()
}

// ServeHTTP answers from the assets alone.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := requestPath(r)
	if _, within := s.within(decodePath(path)); !within { // neither redirects nor headers are for it
		w.WriteHeader(http.StatusNotFound)
		return
	}
	answer := s.answer(w.Header(), r, path)
	customise(s.headers, w.Header(), hostname(r), path)
	if w.Header().Get("Content-Type") == "" {
		w.Header()["Content-Type"] = nil // or the server would guess
	}
	if answer.body != nil {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)))
	}
	w.WriteHeader(answer.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(answer.body) // who asked may be gone
	}
}

type answer struct {
	status int
	body   []byte
}

// answer decides what to answer, and sets the headers for it.
func (s *Site) answer(header http.Header, r *http.Request, path string) answer {
	search := ""
	if r.URL.RawQuery != "" {
		search = "?" + r.URL.RawQuery
	}
	rule, rewritten := s.redirects.find(r.Host, hostname(r), path)
	if rewritten {
		target, err := url.Parse(rule.to)
		if err != nil {
			return answer{status: http.StatusInternalServerError}
		}
		if rule.status != http.StatusOK {
			header.Set("Location", location(target, r.Host, search))
			return answer{status: rule.status}
		}
		path = target.EscapedPath()
	}
	decoded := decodePath(path)
	file, within := s.within(decoded)
	if !within { // a rule has led out of the base path
		return answer{status: http.StatusNotFound}
	}
	found := s.find(file, true, s.config.NotFoundHandling)
	destination := s.public(found.redirect)
	if root := s.rootRedirect(decoded); root != "" && !rewritten {
		found, destination = intent{redirect: root}, root
	}
	switch {
	case found.none():
		return answer{status: http.StatusNotFound}
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return answer{status: http.StatusMethodNotAllowed}
	case found.redirect != "":
		header.Set("Location", encodePath(destination)+search)
		return answer{status: http.StatusTemporaryRedirect}
	case encodePath(decoded) != path:
		header.Set("Location", encodePath(decoded)+search)
		return answer{status: http.StatusTemporaryRedirect}
	}
	return s.file(header, r, found)
}

// location is where a rule leads to: a path on the same host, else a URL. The request's query goes along unless the
// rule has one.
func location(target *url.URL, host, search string) string {
	if target.RawQuery != "" {
		search = "?" + target.RawQuery
	}
	fragment := ""
	if target.Fragment != "" {
		fragment = "#" + target.EscapedFragment()
	}
	path := target.EscapedPath()
	if path == "" {
		path = "/"
	}
	if target.Host != "" && target.Host != host {
		path = target.Scheme + "://" + target.Host + path
	}
	return path + search + fragment
}

// file answers with a file. asset-worker/src/utils/headers.ts.
func (s *Site) file(header http.Header, r *http.Request, found intent) answer {
	contentType, content, ok := s.open(found.etag)
	if !ok {
		return answer{status: http.StatusInternalServerError}
	}
	strong := `"` + found.etag + `"`
	header.Set("ETag", strong)
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	if r.Header.Get("Authorization") == "" && r.Header.Get("Range") == "" {
		header.Set("Cache-Control", "public, max-age=0, must-revalidate")
	}
	header.Set("CF-Cache-Status", "HIT")
	if match := r.Header.Get("If-None-Match"); match == strong || match == "W/"+strong {
		return answer{status: http.StatusNotModified}
	}
	if content == nil {
		content = []byte{}
	}
	if found.missing {
		return answer{http.StatusNotFound, content}
	}
	return answer{http.StatusOK, content}
}

// requestPath is the path as it was sent.
func requestPath(r *http.Request) string {
	if path, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(path, "/") {
		return path
	}
	return r.URL.EscapedPath()
}

// hostname is the request's host without port.
func hostname(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		return host
	}
	return r.Host
}

// canonical is the form in which headers are kept.
func canonical(name string) string { return textproto.CanonicalMIMEHeaderKey(name) }
