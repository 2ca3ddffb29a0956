// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnAddressThatCannotBeReachedDoesNotAnswer(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	e, err := NewEdge("http://api.test", srv.URL)
	require.NoError(t, err)
	srv.Close()
	a := e.Ask(t.Context(), "https://a.example.com")
	assert.False(t, a.Ready)
	assert.Contains(t, a.Said, "refused")
}

func TestWhatACloudflareWithoutAWorkerAnswersIsNoAnswer(t *testing.T) {
	t.Parallel()
	html := func(code string) string {
		return "<!DOCTYPE html>\n<h1>\n<span>Error</span>\n<span>" + code + "</span>\n</h1>"
	}
	for name, test := range map[string]struct {
		status int
		body   string
		want   Answer
	}{
		"success":             {200, "hello", Answer{Ready: true}},
		"redirect":            {302, "", Answer{Ready: true}},
		"the Worker's 404":    {404, "not found", Answer{Ready: true}},
		"the Worker's 503":    {503, "busy", Answer{Ready: true}},
		"text about an error": {200, "error code: 1016", Answer{Ready: true}},
		"workers.dev": {
			404, "<h1>There is nothing here yet</h1>", Answer{Said: "HTTP 404: There is nothing here yet"},
		},
		"no origin":       {522, "error code: 522", Answer{Said: "HTTP 522: no origin answers"}},
		"no such host":    {409, "error code: 1001", Answer{Said: "HTTP 409, error 1001"}},
		"no DNS, as HTML": {530, html("1016"), Answer{Said: "HTTP 530, error 1016"}},
		"certificate":     {526, "", Answer{Said: "HTTP 526: invalid certificate"}},
		"threw":           {500, "error code: 1101", Answer{true, "error 1101: the Worker threw an exception"}},
		"threw, as HTML":  {500, html("1101"), Answer{true, "error 1101: the Worker threw an exception"}},
		"too many in day": {
			429, "error code: 1027", Answer{true, "error 1027: the account exceeded its daily limit of requests"},
		},
		"a page of theirs": {404, html("404"), Answer{Ready: true}},
	} {
		assert.Equal(t, test.want, judge(test.status, test.body), name)
	}
}

func TestWhereAddressesAreAsked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		endpoint, workers string
		door              string
		none              bool
	}{
		"Cloudflare":            {},
		"Cloudflare, said":      {endpoint: "https://api.cloudflare.com/client/v4"},
		"another one of theirs": {endpoint: "https://api.fed.cloudflare.com/client/v4"},
		"a local one":           {endpoint: "http://127.0.0.1:1/client/v4", none: true},
		"a lookalike":           {endpoint: "https://api.notcloudflare.com", none: true},
		"a local one, with door": {
			endpoint: "http://127.0.0.1:1/client/v4", workers: "http://127.0.0.1:2", door: "127.0.0.1:2",
		},
	} {
		e, err := NewEdge(test.endpoint, test.workers)
		require.NoError(t, err)
		if assert.Equal(t, test.none, e == nil, name); e == nil {
			continue
		}
		door := &url.URL{}
		if e.door != nil {
			door = e.door
		}
		assert.Equal(t, test.door, door.Host, name)
	}
	for _, wrong := range []string{"127.0.0.1:8080", "localhost", "ftp://x", "http://", "://"} {
		_, err := NewEdge("", wrong)
		require.ErrorContains(t, err, "is not a URL such as")
	}
}
