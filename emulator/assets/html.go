// SPDX-License-Identifier: Apache-2.0

package assets

import "strings"

// intent is what is to be answered: a file or a redirect; neither: nothing is there.
type intent struct {
	etag     string // of the file
	missing  bool   // it is the page for what is not there
	redirect string // decoded path
}

func (i intent) none() bool { return i.etag == "" && i.redirect == "" }

// attempt is one thing to try for a path: serve the file, or redirect to the path at which it is served.
type attempt struct {
	file string
	to   string // empty: serve it
}

// attempts lists what to try for a path, in order. asset-worker/src/handler.ts.
func attempts(handling, path string) []attempt {
	serve := func(file string) attempt { return attempt{file: file} }
	index := path + "/index.html"
	switch handling {
	case none:
		return []attempt{serve(path)}
	case forceTrailingSlash:
		return append(forced(path), serve(path), attempt{path + ".html", path + "/"}, attempt{index, path + "/"})
	case dropTrailingSlash:
		return append(dropped(path), serve(path), serve(path+".html"), serve(index))
	}
	return append(automatic(path), serve(path), serve(path+".html"), attempt{index, path + "/"})
}

func automatic(path string) []attempt {
	if base, ok := strings.CutSuffix(path, "/index"); ok {
		return []attempt{{file: path}, {path + ".html", base + "/"}, {base + ".html", base}}
	}
	if base, ok := strings.CutSuffix(path, "/index.html"); ok {
		return []attempt{{path, base + "/"}, {base + ".html", base}}
	}
	if base, ok := strings.CutSuffix(path, "/"); ok {
		return []attempt{{file: path + "index.html"}, {base + ".html", base}}
	}
	if base, ok := strings.CutSuffix(path, ".html"); ok {
		return []attempt{{path, base}, {base + "/index.html", base + "/"}}
	}
	return nil
}

func forced(path string) []attempt {
	if base, ok := strings.CutSuffix(path, "/index"); ok {
		return []attempt{{file: path}, {path + ".html", base + "/"}, {base + ".html", base + "/"}}
	}
	if base, ok := strings.CutSuffix(path, "/index.html"); ok {
		return []attempt{{path, base + "/"}, {base + ".html", base + "/"}}
	}
	if base, ok := strings.CutSuffix(path, "/"); ok {
		return []attempt{{file: path + "index.html"}, {file: base + ".html"}}
	}
	if base, ok := strings.CutSuffix(path, ".html"); ok {
		return []attempt{{path, base + "/"}, {file: path}, {base + "/index.html", base + "/"}}
	}
	return nil
}

func dropped(path string) []attempt {
	switch path {
	case "/index":
		return []attempt{{file: path}, {"/index.html", "/"}}
	case "/index.html":
		return []attempt{{"/index.html", "/"}}
	case "/":
		return []attempt{{file: "/index.html"}}
	}
	if base, ok := strings.CutSuffix(path, "/index"); ok {
		return []attempt{{file: path}, {base + ".html", base}, {path + ".html", base}}
	}
	if base, ok := strings.CutSuffix(path, "/index.html"); ok {
		return []attempt{{path, base}, {file: path}, {base + ".html", base}}
	}
	if base, ok := strings.CutSuffix(path, "/"); ok {
		return []attempt{{base + ".html", base}, {base + "/index.html", base}}
	}
	if base, ok := strings.CutSuffix(path, ".html"); ok {
		return []attempt{{path, base}, {base + "/index.html", base}}
	}
	return nil
}

// find decides what answers a decoded path. redirects tells whether that may be a redirect, notFound what answers a
// path without a file.
func (s *Site) find(path string, redirects bool, notFound string) intent {
	for _, a := range attempts(s.config.HTMLHandling, path) {
		switch {
		case a.to == "":
			if etag := s.files[a.file]; etag != "" {
				return intent{etag: etag}
			}
		case redirects && s.leads(a, notFound):
			return intent{redirect: a.to}
		}
	}
	return s.missing(path, notFound)
}

// leads tells whether the file is what is served at the path to which a redirect would lead.
func (s *Site) leads(a attempt, notFound string) bool {
	if s.files[a.to] != "" || a.to == "" {
		return false
	}
	there := s.find(a.to, false, notFound)
	return there.etag != "" && there.etag == s.files[a.file]
}

// missing answers a path without a file.
func (s *Site) missing(path, notFound string) intent {
	switch notFound {
	case singlePageApplication:
		return intent{etag: s.files["/index.html"]}
	case notFoundPage:
		for dir := path; dir != ""; {
			dir = dir[:max(0, strings.LastIndexByte(dir, '/'))]
			if etag := s.files[dir+"/404.html"]; etag != "" {
				return intent{etag: etag, missing: true}
			}
		}
	}
	return intent{}
}
