// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

func TestParseRouteSplitsPatterns(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]runtime.Route{
		"example.com":                    {Host: "example.com", Path: "/"},
		"example.com/":                   {Host: "example.com", Path: "/"},
		"Example.COM/Images/*":           {Host: "example.com", Path: "/Images/*"},
		"*.example.com/*":                {Host: "*.example.com", Path: "/*"},
		"*example.com/images*":           {Host: "*example.com", Path: "/images*"},
		"https://*.example.com/images/*": {Scheme: "https", Host: "*.example.com", Path: "/images/*"},
		"HTTP://example.com":             {Scheme: "http", Host: "example.com", Path: "/"},
	} {
		got, err := runtime.ParseRoute(pattern)
		require.NoError(t, err, pattern)
		assert.Equal(t, want, got, pattern)
	}
}

func TestParseRouteSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"":                       "has no host",
		"*":                      "has no host",
		"*.":                     "has no host",
		"/path":                  "has no host",
		"https://":               "has no host",
		"https:///x":             "has no host",
		"ftp://example.com/":     `may begin with "http://" or "https://" only`,
		"example.com/*.jpg":      "end of its path only",
		"example.com/**":         "end of its path only",
		"www.*.com/":             "beginning of its host only",
		"**example.com/":         "beginning of its host only",
		"example.com/?anything":  "query parameters",
		"example.com?x":          "query parameters",
		"example.com/#top":       "fragment",
		"example.com:8080/":      "port",
		"user@example.com/":      "user information",
		"example.com/a b":        "cannot occur in a URL",
		"example.com/\x00":       "cannot occur in a URL",
		"exam ple.com/":          "cannot occur in a URL",
		"https://a.com/\\..\\x*": "cannot occur in a URL",
	} {
		_, err := runtime.ParseRoute(pattern)
		assert.ErrorContains(t, err, want, "%q", pattern)
	}
}

// FuzzParseRoute checks that whatever is accepted obeys the rules and reads the same again.
func FuzzParseRoute(f *testing.F) {
	for _, seed := range []string{"example.com", "*.example.com/*", "https://*a.b/c*", "a/?", "*", "a.b/**", "x://y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		r, err := runtime.ParseRoute(pattern)
		if err != nil {
			assert.NotContains(t, err.Error(), "failed")
			return
		}
		assert.True(t, strings.HasPrefix(r.Path, "/"))
		assert.LessOrEqual(t, strings.LastIndex(r.Host, "*"), 0)
		if i := strings.Index(r.Path, "*"); i >= 0 {
			assert.Equal(t, len(r.Path)-1, i)
		}
		assert.NotContains(t, r.Path, "?")
		text := r.Host + r.Path
		if r.Scheme != "" {
			text = r.Scheme + "://" + text
		}
		again, err := runtime.ParseRoute(text)
		require.NoError(t, err)
		assert.Equal(t, r, again)
	})
}
