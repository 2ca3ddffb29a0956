// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/assets"
)

// FuzzBasePathsAreReadAlike: Check takes what the emulator takes, and both mean the same path by it.
func FuzzBasePathsAreReadAlike(f *testing.F) {
	for _, value := range []string{
		"/", "/docs", "docs", "/docs/", "/a/b", "a/../b", "/..", "../x", "/a//b", ".", "./a/.", "/a b", "/\u00fc", "/a*b",
		"//docs", "https://example.com", "x:y", "/x:y", "/a?b", "/a#b", `/a\b`, "/a%20b", "/a\tb", "/\x7f", "/:x",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if value == "" || !utf8.ValidString(value) { // not said, or not JSON
			return
		}
		const file = "a.txt"
		site, err := assets.New(assets.Version{
			Config: assets.Config{BasePath: &value}, Files: map[string]string{"/" + file: file},
			Open: func(string) (string, []byte, bool) { return "", nil, true },
		})
		w := WorkerAssets{Directory: "public", BasePath: value}
		assert.Equalf(t, err != nil, wrongAssets(w) == "assets.basePath", "%q: the emulator says %v", value, err)
		if err != nil {
			return
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		request.RequestURI = strings.ReplaceAll(url.PathEscape(canonicalBase(w)+file), "%2F", "/")
		answer := httptest.NewRecorder()
		site.ServeHTTP(answer, request)
		assert.NotEqualf(t, http.StatusNotFound, answer.Code, "%q as %s", value, request.RequestURI)
	})
}

func TestABasePathMustBeWithinReach(t *testing.T) {
	t.Parallel()
	for base, test := range map[string]struct {
		args CloudflareWorkerArgs
		want string
	}{
		"/a": {CloudflareWorkerArgs{}, ""},
		"/b": {CloudflareWorkerArgs{Routes: map[string]Route{"example.com/docs/*": {}}}, "/b/"},
		"/c": {CloudflareWorkerArgs{Routes: map[string]Route{"https://example.com/c/*": {}}}, ""},
		"/d": {CloudflareWorkerArgs{Routes: map[string]Route{"example.com/d": {}}}, "/d/"},
		"/e": {CloudflareWorkerArgs{Routes: map[string]Route{"*.example.com/*": {}}}, ""},
		"/f": {CloudflareWorkerArgs{
			Routes: map[string]Route{"example.com/docs/*": {}}, WorkersDev: &WorkersDev{Enabled: true},
		}, ""},
		"/g": {CloudflareWorkerArgs{
			Routes: map[string]Route{"example.com/docs/*": {}}, CustomDomains: map[string]CustomDomain{"example.com": {}},
		}, ""},
		"/h": {CloudflareWorkerArgs{CustomDomains: map[string]CustomDomain{"example.com": {Enabled: new(false)}}}, "/h/"},
		"":   {CloudflareWorkerArgs{Routes: map[string]Route{"example.com/docs/*": {}}}, ""},
	} {
		test.args.Assets = &WorkerAssets{BasePath: base}
		assert.Equal(t, test.want, strandedBase(test.args, property.Map{}), base)
	}
	unknown := property.NewMap(map[string]property.Value{
		"routes": property.New(map[string]property.Value{"example.com/*": property.New(property.Computed)}),
	})
	args := CloudflareWorkerArgs{Routes: map[string]Route{"x": {}}, Assets: &WorkerAssets{BasePath: "/docs"}}
	assert.Empty(t, strandedBase(args, unknown))
}
