// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answering returns the name of the Worker that routes, given as "pattern -> worker", send a URL to.
func answering(t *testing.T, url string, routes ...string) string {
	t.Helper()
	var world World
	for _, text := range routes {
		pattern, name, _ := strings.Cut(text, " -> ")
		r, err := ParseRoute(pattern)
		require.NoError(t, err)
		if name != "" {
			r.Account, r.Script = "acc", name
			world.Workers = append(world.Workers, Worker{
				Account: "acc", Name: name,
				Split: []Weighted{{Script: Script{Account: "acc", Name: name, VersionID: "v"}, Percent: 100}},
			})
		}
		world.Routes = append(world.Routes, r)
	}
	scheme, rest, _ := strings.Cut(url, "://")
	host, path, _ := strings.Cut(rest, "/")
	if to := newTable(world).lookup(scheme, host, "/"+path, nil); to.script != nil {
		return to.script.Name
	}
	return ""
}

// The examples are those of https://developers.cloudflare.com/workers/configuration/routing/routes/ and of the known
// issues listed at https://developers.cloudflare.com/workers/platform/known-issues/.
func TestMostSpecificRouteWins(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		routes []string
		want   map[string]string // Worker by URL; "" for none
	}{
		"host before wildcard host": {
			[]string{"www.example.com/* -> www", "*.example.com/* -> any"},
			map[string]string{"https://www.example.com/": "www", "https://a.example.com/": "any", "https://example.com/": ""},
		},
		"longer path before shorter": {
			[]string{"example.com/* -> all", "example.com/hello/* -> hello"},
			map[string]string{
				"https://example.com/hello/world": "hello", "https://example.com/hello": "all", "https://example.com/": "all",
			},
		},
		"route without Worker negates": {
			[]string{"*example.com/images/cat.png -> ", "*example.com/images/* -> worker"},
			map[string]string{
				"https://example.com/images/cat.png": "", "https://example.com/images/dog.png": "worker",
				"https://example.com/images/cat.png?foo=bar": "worker",
			},
		},
		"no path is the root and nothing else": {
			[]string{"example.com -> root"},
			map[string]string{
				"http://example.com/": "root", "https://example.com/": "root",
				"https://example.com/x": "", "https://example.com/?x": "",
			},
		},
		"scheme": {
			[]string{"https://*.example.com/ -> secure"},
			map[string]string{"https://www.example.com/": "secure", "http://www.example.com/": ""},
		},
		"scheme before none": {
			[]string{"example.com/* -> any", "https://example.com/* -> secure"},
			map[string]string{"https://example.com/": "secure", "http://example.com/": "any"},
		},
		"wildcard is any characters": {
			[]string{"*example.com/* -> worker"},
			map[string]string{
				"https://example.com/": "worker", "https://www.example.com/path": "worker",
				"https://myexample.com/": "worker", "https://example.org/": "",
			},
		},
		"wildcard subdomains": {
			[]string{"*.example.com/* -> worker"},
			map[string]string{
				"https://example.com/": "", "https://a.b.example.com/path": "worker", "https://myexample.com/": "",
			},
		},
		"path prefix": {
			[]string{"https://example.com/path* -> worker"},
			map[string]string{
				"https://example.com/path": "worker", "https://example.com/path2": "worker",
				"https://example.com/path/readme.txt": "worker", "https://example.com/path?q": "worker",
				"https://example.com/Path": "", "https://example.com/pat": "",
			},
		},
		"known issue of trailing slash and wildcard": {
			[]string{"example.com/images/* -> A", "example.com/images* -> B"},
			map[string]string{
				"https://example.com/images": "B", "https://example.com/images123": "B", "https://example.com/images/hello": "B",
			},
		},
		"known issue of wildcard subdomain": {
			[]string{"*.example.com/a -> A", "a.example.com/* -> B"},
			map[string]string{"https://a.example.com/a": "B"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for url, want := range c.want {
				assert.Equal(t, want, answering(t, url, c.routes...), url)
				for i, j := 0, len(c.routes)-1; i < j; i, j = i+1, j-1 {
					c.routes[i], c.routes[j] = c.routes[j], c.routes[i]
				}
				assert.Equal(t, want, answering(t, url, c.routes...), "%s with the routes in another order", url)
			}
		})
	}
}

func TestRoutesGoBeforeCustomDomains(t *testing.T) {
	t.Parallel()
	worker := func(name string) Worker {
		return Worker{Account: "acc", Name: name, Split: []Weighted{
			{Script: Script{Account: "acc", Name: name, VersionID: "v"}, Percent: 100},
		}}
	}
	table := newTable(World{
		Workers: []Worker{worker("route"), worker("domain"), {Account: "acc", Name: "uploaded"}},
		Routes: []Route{
			{Host: "app.example.com", Path: "/log/*", Account: "acc", Script: "route"},
			{Host: "app.example.com", Path: "/log/not", Account: "acc"},
			{Host: "gone.example.com", Path: "/*", Account: "acc", Script: "deleted"},
			{Host: "idle.example.com", Path: "/*", Account: "acc", Script: "uploaded"},
		},
		Domains: map[string]Route{"app.example.com": {Account: "acc", Script: "domain"}},
	})
	lookup := func(host, path string) destination { return table.lookup("https", host, path, http.Header{}) }
	assert.Equal(t, "route", lookup("app.example.com", "/log/x").script.Name)
	assert.Equal(t, "domain", lookup("app.example.com", "/log/not").script.Name)
	assert.Equal(t, "domain", lookup("app.example.com", "/").script.Name)
	assert.Equal(t, noSuchWorker, lookup("gone.example.com", "/").page)
	assert.Equal(t, notDeployed, lookup("idle.example.com", "/").page)
	assert.Equal(t, 522, lookup("other.example.com", "/").page.status)
	assert.Contains(t, lookup("other.example.com", "/").page.text, "app.example.com/log/*")
}

func TestWorkersDevNamesAndPreviews(t *testing.T) {
	t.Parallel()
	version := func(name, id, alias string) Script {
		return Script{Account: "acc", Name: name, VersionID: id, Alias: alias}
	}
	table := newTable(World{Workers: []Worker{
		{
			Account: "acc", Name: "api", Subdomain: "sub", WorkersDev: true, Previews: true,
			Split:    []Weighted{{Script: version("api", "aaaaaaaa-1", ""), Percent: 100}},
			Versions: []Script{version("api", "bbbbbbbb-1", "staging"), version("api", "cccccccc-1", "")},
		},
		{
			Account: "acc", Name: "hidden", Subdomain: "sub",
			Split: []Weighted{{Script: version("hidden", "dddddddd-1", ""), Percent: 100}},
		},
		{
			Account: "other", Name: "api", Subdomain: "sub2", WorkersDev: true,
			Split: []Weighted{{Script: version("api", "eeeeeeee-1", ""), Percent: 100}},
		},
	}})
	for host, want := range map[string]string{
		"api.sub.workers.dev":             "aaaaaaaa-1",
		"api.sub2.workers.dev":            "eeeeeeee-1",
		"aaaaaaaa-api.sub.workers.dev":    "aaaaaaaa-1",
		"bbbbbbbb-api.sub.workers.dev":    "bbbbbbbb-1",
		"staging-api.sub.workers.dev":     "bbbbbbbb-1",
		"cccccccc-api.sub.workers.dev":    "cccccccc-1",
		"cccc-api.sub.workers.dev":        "",
		"ffffffff-api.sub.workers.dev":    "",
		"-api.sub.workers.dev":            "",
		"eeeeeeee-api.sub2.workers.dev":   "", // previews are off
		"hidden.sub.workers.dev":          "",
		"dddddddd-hidden.sub.workers.dev": "",
		"nobody.sub.workers.dev":          "",
		"api.nobody.workers.dev":          "",
		"sub.workers.dev":                 "",
		"x.api.sub.workers.dev":           "",
	} {
		to := table.lookup("https", host, "/", http.Header{})
		if want == "" {
			assert.Equal(t, nothingHere, to.page, host)
			continue
		}
		require.NotNil(t, to.script, host)
		assert.Equal(t, want, to.script.VersionID, host)
	}
}
