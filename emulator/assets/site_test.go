// SPDX-License-Identifier: Apache-2.0

package assets_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/assets"
)

// newSite serves the files, whose contents are their names.
func newSite(t *testing.T, v assets.Version, files ...string) *assets.Site {
	t.Helper()
	v.Files = map[string]string{}
	for _, name := range files {
		v.Files[name] = "tag of " + name
	}
	v.Open = func(etag string) (string, []byte, bool) {
		return "text/plain", []byte(strings.TrimPrefix(etag, "tag of ")), true
	}
	site, err := assets.New(v)
	require.NoError(t, err)
	return site
}

// ask returns what the site says in one word: the file, "404 file", "307 /there", "405", "worker".
func ask(h http.Handler, method, url string, header ...string) (string, http.Header) {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	said := []string{}
	if w.Header().Get(assets.DecisionHeader) == assets.AskWorker {
		return "worker", w.Header()
	}
	if w.Code != http.StatusOK {
		said = append(said, strconv.Itoa(w.Code))
	}
	for _, part := range []string{w.Header().Get("Location"), w.Body.String()} {
		if part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, " "), w.Header()
}

// TestPathsOfHTML: the tables are those of
// developers.cloudflare.com/workers/static-assets/routing/advanced/html-handling.
func TestPathsOfHTML(t *testing.T) {
	t.Parallel()
	files := []string{
		"/file.html", "/folder/index.html", "/both.html", "/both/index.html", "/bin", "/dir/index", "/index.html",
	}
	for handling, want := range map[string]map[string]string{
		"auto-trailing-slash": {
			"/": "/index.html", "/index": "307 /", "/index.html": "307 /",
			"/file": "/file.html", "/file.html": "307 /file", "/file/": "307 /file", "/file/index": "307 /file",
			"/file/index.html": "307 /file",
			"/folder":          "307 /folder/", "/folder.html": "307 /folder/", "/folder/": "/folder/index.html",
			"/folder/index": "307 /folder/", "/folder/index.html": "307 /folder/",
			"/both": "/both.html", "/both/": "/both/index.html", "/both.html": "307 /both", "/both/index.html": "307 /both/",
			"/bin": "/bin", "/bin/": "404", "/dir/index": "/dir/index", "/none": "404",
		},
		"force-trailing-slash": {
			"/": "/index.html", "/index": "307 /", "/index.html": "307 /",
			"/file": "307 /file/", "/file.html": "307 /file/", "/file/": "/file.html", "/file/index": "307 /file/",
			"/file/index.html": "307 /file/",
			"/folder":          "307 /folder/", "/folder.html": "307 /folder/", "/folder/": "/folder/index.html",
			"/folder/index": "307 /folder/", "/folder/index.html": "307 /folder/",
			"/both": "307 /both/", "/both/": "/both/index.html", "/both.html": "/both.html", "/both/index.html": "307 /both/",
			"/bin": "/bin", "/bin/": "404",
		},
		"drop-trailing-slash": {
			"/": "/index.html", "/index": "307 /", "/index.html": "307 /",
			"/file": "/file.html", "/file.html": "307 /file", "/file/": "307 /file", "/file/index": "307 /file",
			"/file/index.html": "307 /file",
			"/folder":          "/folder/index.html", "/folder.html": "307 /folder", "/folder/": "307 /folder",
			"/folder/index": "307 /folder", "/folder/index.html": "307 /folder",
			"/both": "/both.html", "/both/": "307 /both", "/both.html": "307 /both", "/both/index.html": "/both/index.html",
			"/bin": "/bin", "/bin/": "404",
		},
		"none": {
			"/": "404", "/index.html": "/index.html", "/file": "404", "/file.html": "/file.html", "/folder/": "404",
			"/folder/index.html": "/folder/index.html",
		},
	} {
		t.Run(handling, func(t *testing.T) {
			t.Parallel()
			site := newSite(t, assets.Version{Config: assets.Config{HTMLHandling: handling}}, files...)
			for path, answer := range want {
				got, _ := ask(site, http.MethodGet, path)
				assert.Equal(t, answer, got, path)
			}
		})
	}
}

// TestABasePathIsTheRootOfTheFiles: below it they are served as they would be at the root, and beside it nothing is.
func TestABasePathIsTheRootOfTheFiles(t *testing.T) {
	t.Parallel()
	files := []string{"/index.html", "/404.html", "/about.html", "/docs/index.html", "/docs/404.html", "/a b.txt"}
	below := func(base string, config assets.Config) assets.Config {
		config.BasePath = &base
		return config
	}
	for name, test := range map[string]struct {
		config assets.Config
		want   map[string]string
	}{
		"auto-trailing-slash": {below("/app", assets.Config{}), map[string]string{
			"/app/": "/index.html", "/app": "307 /app/", "/app?q=1": "307 /app/?q=1", "/app/index.html": "307 /app/",
			"/app/about": "/about.html", "/app/about.html?q=1": "307 /app/about?q=1", "/app/docs": "307 /app/docs/",
			"/app/docs/": "/docs/index.html", "/app/a%20b.txt": "/a b.txt", "/app//about": "307 /app/about",
			"/app/none": "404", "/": "404", "/about": "404", "/application": "404", "/appabout": "404",
			"/App/about": "404",
		}},
		"force-trailing-slash": {below("/app/", assets.Config{HTMLHandling: "force-trailing-slash"}), map[string]string{
			"/app": "307 /app/", "/app/": "/index.html", "/app/about": "307 /app/about/", "/app/about/": "/about.html",
		}},
		"drop-trailing-slash": {below("app", assets.Config{HTMLHandling: "drop-trailing-slash"}), map[string]string{
			"/app": "/index.html", "/app/": "307 /app", "/app/docs/": "307 /app/docs", "/app/docs": "/docs/index.html",
		}},
		"none": {below("/app", assets.Config{HTMLHandling: "none"}), map[string]string{
			"/app": "404", "/app/": "404", "/app/index.html": "/index.html",
		}},
		"pages for what is not found": {below("/app", assets.Config{NotFoundHandling: "404-page"}), map[string]string{
			"/app/none": "404 /404.html", "/app/docs/none": "404 /docs/404.html", "/none": "404",
		}},
		"an application": {below("/app", assets.Config{NotFoundHandling: "single-page-application"}), map[string]string{
			"/app/any/thing": "/index.html", "/any/thing": "404",
		}},
		"redirects": {below("/app", assets.Config{
			Redirects: "/app/old /app/about 301\n/old /app/about 301\n/app/alias /app/docs/ 200\n/app/out /about 200\n" +
				"/app/root /app 200\n",
			Headers: "/app/*\n  X-Base: yes\n",
		}), map[string]string{
			"/app/old": "301 /app/about", "/old": "404", "/app/alias": "/docs/index.html", "/app/out": "404",
			"/app/root": "/index.html",
		}},
		"any spelling": {below("//app/./x/../ü"[1:], assets.Config{}), map[string]string{
			"/app/%C3%BC/about": "/about.html", "/app/%C3%BC": "307 /app/%C3%BC/", "/app/ü/about": "307 /app/%C3%BC/about",
		}},
		"the root": {below("/..", assets.Config{}), map[string]string{"/about": "/about.html", "/index.html": "307 /"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newSite(t, assets.Version{Config: test.config, Worker: true}, files...)
			for path, answer := range test.want {
				got, header := ask(site, http.MethodGet, path)
				assert.Equal(t, answer, got, path)
				outside := !strings.HasPrefix(path, "/app")
				assert.Equal(t, test.config.Headers != "" && !outside, header.Get("X-Base") != "", path)
				got, _ = ask(site.Router(), http.MethodGet, path)
				if name != "the root" && outside {
					assert.Equal(t, "worker", got, path)
				}
			}
		})
	}
	site := newSite(t, assets.Version{Config: below("/app", assets.Config{}), Worker: true}, files...).Router()
	got, _ := ask(site, http.MethodGet, "/app")
	assert.Equal(t, "307 /app/", got, "not the Worker")
	got, _ = ask(site, http.MethodPost, "/app/about")
	assert.Equal(t, "405", got)
	got, _ = ask(site, http.MethodGet, "/app/none")
	assert.Equal(t, "worker", got)
}

func TestWhatIsNotFound(t *testing.T) {
	t.Parallel()
	files := []string{"/index.html", "/404.html", "/a/404.html", "/a/b.html"}
	pages := newSite(t, assets.Version{Config: assets.Config{NotFoundHandling: "404-page"}}, files...)
	for path, want := range map[string]string{
		"/x": "404 /404.html", "/a/x": "404 /a/404.html", "/a/x/y": "404 /a/404.html", "/b/x": "404 /404.html",
		"/a/b": "/a/b.html",
	} {
		got, _ := ask(pages, http.MethodGet, path)
		assert.Equal(t, want, got, path)
	}
	app := newSite(t, assets.Version{Config: assets.Config{NotFoundHandling: "single-page-application"}}, files...)
	got, _ := ask(app, http.MethodGet, "/a/x")
	assert.Equal(t, "/index.html", got)
}

func TestPathsAreServedInOneSpelling(t *testing.T) {
	t.Parallel()
	site := newSite(t, assets.Version{}, "/a b.txt", "/[x].txt", "/ü.txt", "/%41.txt", "/a/b.txt")
	for path, want := range map[string]string{
		"/a%20b.txt": "/a b.txt", "/[x].txt": "307 /%5Bx%5D.txt", "/%5Bx%5D.txt": "/[x].txt", "/%C3%BC.txt": "/ü.txt",
		"/%2541.txt": "/%41.txt", "/%41.txt": "404", "/a//b.txt?q=1": "307 /a/b.txt?q=1", "/a%2Fb.txt": "307 /a/b.txt",
		"/%ff.txt": "404",
	} {
		got, _ := ask(site, http.MethodGet, path)
		assert.Equal(t, want, got, path)
	}
}

func TestRedirectsAreFollowedInOrder(t *testing.T) {
	t.Parallel()
	site := newSite(t, assets.Version{Config: assets.Config{Redirects: `
# a comment
/old /new 301 # another
/gone https://example.org/there?x=1#y 308
/blog/:year/* /archive/:splat?year=:year
/blog/2024/x /never/reached
/rewritten/* /pages/:splat 200
/lost/* /nowhere/:splat 200
/double/* //:splat
/index-loop/* /index.html
/bad /x 404
/one
https://example.com/absolute /x
/old /twice
`}}, "/pages/a.txt", "/old")
	for path, want := range map[string]string{
		"/old": "301 /new", "/old?a=b": "301 /new?a=b", "/gone?a=b": "308 https://example.org/there?x=1#y",
		"/blog/2024/x/y": "302 /archive/x/y?year=2024", "/blog/2024/x": "302 /archive/x?year=2024",
		"/rewritten/a.txt": "/pages/a.txt", "/lost/a": "404", "/double/a/b": "302 /a/b", "/index-loop/x": "404",
		"/bad": "404", "/one": "404", "/absolute": "404",
	} {
		got, _ := ask(site, http.MethodGet, path)
		assert.Equal(t, want, got, path)
	}
}

func TestHeadersAreSetAndRemoved(t *testing.T) {
	t.Parallel()
	site := newSite(t, assets.Version{Config: assets.Config{Headers: `
X-Early: no rule yet
/*
  X-All: one
  X-All: two
  Cache-Control: public
/a/:name.txt
  X-Name: :name
  X-All: three
  ! ETag
https://example.com/a/*
  X-Host: yes
/*/two/*
  X-Never: two wildcards
/empty
/b
  No colon
  Spaces in: name
  X-B: b
`}}, "/a/x.txt", "/b", "/c")
	_, header := ask(site, http.MethodGet, "https://example.com/a/x.txt")
	assert.Equal(t, []string{"one, two", "three"}, header.Values("X-All"))
	assert.Equal(t, []string{"public"}, header.Values("Cache-Control"), "replaced")
	assert.Equal(t, "x", header.Get("X-Name"))
	assert.Equal(t, "yes", header.Get("X-Host"))
	assert.Empty(t, header.Values("ETag"))
	_, header = ask(site, http.MethodGet, "https://example.net/b")
	assert.Equal(t, "b", header.Get("X-B"))
	assert.Empty(t, header.Get("X-Host"))
	assert.NotEmpty(t, header.Get("ETag"))
	got, header := ask(site, http.MethodGet, "/nowhere")
	assert.Equal(t, "404", got)
	assert.Equal(t, "one, two", header.Get("X-All"), "also of what is not found")
	assert.Empty(t, header.Values("X-Early"))
}

func TestFilesAreValidated(t *testing.T) {
	t.Parallel()
	site := newSite(t, assets.Version{}, "/a.txt")
	_, header := ask(site, http.MethodGet, "/a.txt")
	etag := header.Get("ETag")
	assert.Equal(t, `"tag of /a.txt"`, etag)
	assert.Equal(t, "public, max-age=0, must-revalidate", header.Get("Cache-Control"))
	for _, match := range []string{etag, "W/" + etag} {
		got, _ := ask(site, http.MethodGet, "/a.txt", "If-None-Match", match)
		assert.Equal(t, "304", got)
	}
	got, _ := ask(site, http.MethodGet, "/a.txt", "If-None-Match", `"other"`)
	assert.Equal(t, "/a.txt", got)
	got, header = ask(site, http.MethodHead, "/a.txt")
	assert.Empty(t, got)
	assert.Equal(t, "6", header.Get("Content-Length"))
	got, _ = ask(site, http.MethodPut, "/a.txt")
	assert.Equal(t, "405", got)
	_, header = ask(site, http.MethodGet, "/a.txt", "Authorization", "Basic x")
	assert.Empty(t, header.Get("Cache-Control"))
}

func TestWhoAnswers(t *testing.T) {
	t.Parallel()
	navigate := []string{"Sec-Fetch-Mode", "navigate"}
	files := []string{"/index.html", "/api/docs/x.txt", "/api/y.txt", "/exact", "/exact/file"}
	const rules = `["/api/*", "!/api/docs/*", "/exact"]`
	app := func(date string, flags ...string) assets.Version {
		return assets.Version{
			Config:            assets.Config{NotFoundHandling: "single-page-application"},
			CompatibilityDate: date, CompatibilityFlags: flags,
		}
	}
	first := func(rules, notFound string) assets.Version {
		return assets.Version{Config: assets.Config{RunWorkerFirst: json.RawMessage(rules), NotFoundHandling: notFound}}
	}
	const prefers, ignores = "assets_navigation_prefers_asset_serving", "assets_navigation_has_no_effect"
	for name, test := range map[string]struct {
		version    assets.Version
		method     string
		path, want string
		header     []string
	}{
		"a file":               {path: "/api/y.txt", want: "/api/y.txt"},
		"no file":              {path: "/none", want: "worker"},
		"a redirect":           {path: "/index.html", want: "307 /"},
		"a form for no file":   {method: http.MethodPost, path: "/none", want: "worker"},
		"a form for a file":    {method: http.MethodPost, path: "/api/y.txt", want: "405"},
		"an app's script":      {version: app("2026-01-01"), path: "/none", want: "worker"},
		"an app's page":        {version: app("2025-04-01"), path: "/none", header: navigate, want: "/index.html"},
		"an app's page before": {version: app("2025-03-31"), path: "/none", header: navigate, want: "worker"},
		"an app's page, flag":  {version: app("", prefers), path: "/none", header: navigate, want: "/index.html"},
		"no app's page, flag":  {version: app("2026-01-01", ignores), path: "/none", header: navigate, want: "worker"},
		"the Worker first":     {version: first("true", ""), path: "/api/y.txt", want: "worker"},
		"the Worker not first": {version: first("false", ""), path: "/api/y.txt", want: "/api/y.txt"},
		"a rule":               {version: first(rules, ""), path: "/api/y.txt", want: "worker"},
		"an exception":         {version: first(rules, ""), path: "/api/docs/x.txt", want: "/api/docs/x.txt"},
		"a missing exception":  {version: first(rules, ""), path: "/api/docs/none", want: "404"},
		"an exact rule":        {version: first(rules, ""), path: "/exact", want: "worker"},
		"below an exact rule":  {version: first(rules, ""), path: "/exact/file", want: "/exact/file"},
		"no rule, an app":      {version: first(rules, "single-page-application"), path: "/none", want: "/index.html"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.version.Worker = true
			if test.method == "" {
				test.method = http.MethodGet
			}
			got, _ := ask(newSite(t, test.version, files...).Router(), test.method, test.path, test.header...)
			assert.Equal(t, test.want, got)
		})
	}
	got, header := ask(newSite(t, assets.Version{}, files...).Router(), http.MethodGet, "/none")
	assert.Equal(t, "404", got, "without code")
	assert.Equal(t, assets.Answered, header.Get(assets.DecisionHeader))
}

func TestWrongConfigurationsAreRefused(t *testing.T) {
	t.Parallel()
	many, err := json.Marshal(make([]string, 101))
	require.NoError(t, err)
	for _, config := range []assets.Config{
		{HTMLHandling: "some"},
		{NotFoundHandling: "some"},
		{BasePath: new("")},
		{BasePath: new("//example.com")},
		{BasePath: new("https://example.com/app")},
		{BasePath: new(`/a\b`)},
		{BasePath: new("/a?b")},
		{BasePath: new("/a#b")},
		{BasePath: new("/a%20b")},
		{BasePath: new("/a\tb")},
		{RunWorkerFirst: json.RawMessage(`"/api/*"`)},
		{RunWorkerFirst: json.RawMessage(`[]`)},
		{RunWorkerFirst: json.RawMessage(`["!/api"]`)},
		{RunWorkerFirst: json.RawMessage(`["api"]`)},
		{RunWorkerFirst: json.RawMessage(`["/a", "!api"]`)},
		{RunWorkerFirst: json.RawMessage(`["/a", "/a"]`)},
		{RunWorkerFirst: json.RawMessage(`["/a*", "/ab"]`)},
		{RunWorkerFirst: many},
		{RunWorkerFirst: json.RawMessage(`["/` + strings.Repeat("a", 100) + `"]`)},
	} {
		_, err := assets.New(assets.Version{Config: config})
		assert.Error(t, err, "%+v", config)
	}
}

// FuzzNoFileBreaksASite: whatever the two files hold and a request asks for, there is an answer.
func FuzzNoFileBreaksASite(f *testing.F) {
	f.Add("/a/* /b/:splat 200\n/:x/:x /y", "/*\n  A: :splat\n! B", "/a/b")
	f.Add("https://:a.example.com/* /:a", "https://:a.b/:splat*\n x: y", "/%2e%2e/x//")
	f.Add("/(?P<a>) /[", "/\\\n a: b", "/index/index.html/")
	f.Fuzz(func(t *testing.T, redirects, headers, path string) {
		config := assets.Config{Redirects: redirects, Headers: headers, NotFoundHandling: "404-page"}
		site := newSite(t, assets.Version{Config: config, Worker: true}, "/index.html", "/404.html", "/a/b.html")
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RequestURI = "/" + path
		w := httptest.NewRecorder()
		site.Router().ServeHTTP(w, r)
		require.NotZero(t, w.Code)
	})
}
