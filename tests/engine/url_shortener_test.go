// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
)

const apiToken = "who has it may make links"

// TestTheURLShortenerLives takes an application of two Workers, with all that they use, from the first preview to
// nothing. It is deployed in two languages, and works alike: what is deployed, what it costs in requests and what is in
// the state is the same.
func TestTheURLShortenerLives(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var states []string
	t.Run("in", func(t *testing.T) {
		for _, language := range []string{"typescript", "go"} {
			t.Run(language, func(t *testing.T) {
				t.Parallel()
				state := liveAsURLShortener(t, language)
				mu.Lock()
				defer mu.Unlock()
				states = append(states, state)
			})
		}
	})
	require.NotEmpty(t, states)
	for _, other := range states[1:] {
		assert.Equal(t, states[0], other, "the languages' states differ")
	}
}

// liveAsURLShortener returns the state of the stack, normal.
func liveAsURLShortener(t *testing.T, language string) string {
	t.Helper()
	server, clock := ticking(t)
	c := newCloud(t, server)
	empty := c.Dump()
	dir, err := checkout.Lay(t.Context(), t.TempDir(), "url-shortener/"+language)
	require.NoError(t, err)
	s := newStack(t, c, dir)
	s.pulumi(t, "config", "set", "--secret", "apiToken", apiToken)
	var bill strings.Builder    // what each operation costs
	var names *strings.Replacer // of what has an id, which is random
	note := func(operation string) {
		calls := strings.Split(names.Replace(strings.Join(c.Calls(), "\n")), "\n")
		bill.WriteString("# " + operation + "\n" + sorted(t, calls) + "\n")
	}

	s.up(t)
	names = s.names(t)
	note("up: all is new")
	golden(t, "url-shortener/deployed.txt", normal(c.Dump()))
	assert.NotContains(t, s.pulumi(t, "stack", "export", "--show-secrets"), apiToken)
	site := &shortener{s.site(t, clock)}
	site.serves(t)
	site.shortens(t)
	site.counts(t)
	site.keepsImages(t)
	site.forgetsWhatExpired(t)
	s.unchanged(t)
	c.Calls()
	s.refresh(t, "--expect-no-changes")
	note("refresh: nothing changed, though the application has worked")
	state := s.portrait(t)

	worker := filepath.Join(dir, "..", "worker")
	source := filepath.Join(worker, "src", "shortener")
	links, api := filepath.Join(source, "links.ts"), filepath.Join(source, "api.ts")
	require.NoError(t, sandbox.Replace(links, "expires_at AS expiresAt", "expires_at AS expiresAt, note"))
	require.NoError(t, sandbox.Replace(api, "view({ slug, ", "view({ note, slug, "))
	require.NoError(t, sandbox.Replace(api, "}: Link, request", "}: Link & { note?: string }, request"))
	require.NoError(t, sandbox.Replace(api, "    slug,\n    url,\n    short", "    slug,\n    note,\n    url,\n    short"))
	require.NoError(t, sandbox.BuildWorker(t.Context(), worker))
	s.file(t, "../worker/migrations/0002_note.sql", "ALTER TABLE links ADD COLUMN note TEXT DEFAULT 'none yet';\n")
	golden(t, "url-shortener/changed.txt", normal(s.pulumi(t, "preview", "--diff")))
	c.Calls()
	s.up(t)
	note("up: a Worker and its database changed")
	shown := site.link(t, "docs")
	assert.Equal(t, "none yet", shown["note"])
	assert.InDelta(t, 3, site.hits(t, "docs"), 0, "what was counted outlives a deployment")
	site.deletes(t)

	c.Calls()
	s.destroy(t)
	note("destroy")
	assert.Equal(t, empty, c.Dump(), "something is left")
	golden(t, "url-shortener/calls.txt", normal(bill.String()))
	return state
}

// names replaces the ids of resources that have no name of the program's by those of the resources.
func (s *stack) names(t *testing.T) *strings.Replacer {
	t.Helper()
	var pairs []string
	for name, r := range s.resources(t) {
		if !strings.Contains(r.ID, "/") && !strings.Contains(r.ID, name) {
			pairs = append(pairs, r.ID, "<"+name+">")
		}
	}
	return strings.NewReplacer(pairs...)
}

// ciphertext is what Pulumi has encrypted, which is another text each time.
var ciphertext = regexp.MustCompile(`"ciphertext": "[^"]*"`)

// portrait is what the state says of all resources, normal.
func (s *stack) portrait(t *testing.T) string {
	t.Helper()
	text, err := json.MarshalIndent(s.resources(t), "", "  ")
	require.NoError(t, err)
	return normal(ciphertext.ReplaceAllString(string(text), `"ciphertext": "…"`))
}

// A shortener is the application at its address.
type shortener struct{ *site }

// admin sends a request that brings the token.
func (s *shortener) admin(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	return s.ask(t, method, path, body, append(headers, "Authorization: Bearer "+apiToken)...)
}

// link is what the API says of a link.
func (s *shortener) link(t *testing.T, slug string) map[string]any {
	t.Helper()
	got := s.admin(t, http.MethodGet, "/api/links/"+slug, "")
	require.Equal(t, http.StatusOK, got.status, got.body)
	var link map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.body), &link))
	return link
}

// hits are how often a link was visited, by what the Durable Object has counted.
func (s *shortener) hits(t *testing.T, slug string) any {
	t.Helper()
	stats, ok := s.link(t, slug)["stats"].(map[string]any)
	require.True(t, ok)
	return stats["total"]
}

// serves: the site is there without the Worker, and its own page for what is not there.
func (s *shortener) serves(t *testing.T) {
	t.Helper()
	home := s.ask(t, http.MethodGet, "/", "")
	assert.Equal(t, http.StatusOK, home.status)
	assert.Contains(t, home.body, "<h1>Short links</h1>")
	assert.Contains(t, home.header.Get("Content-Security-Policy"), "default-src 'self'")
	missing := s.ask(t, http.MethodGet, "/missing", "")
	assert.Equal(t, http.StatusNotFound, missing.status)
	assert.Contains(t, missing.body, "<h1>No such link</h1>")
	assert.Contains(t, missing.header.Get("Content-Type"), "text/html")
}

// shortens: who has the token may make links, and all the world may follow them.
func (s *shortener) shortens(t *testing.T) {
	t.Helper()
	const docs = `{"url":"https://example.com/docs","slug":"docs"}`
	for body, status := range map[string]int{
		docs:                             http.StatusCreated,
		`{"url":"javascript:alert(1)"}`:  http.StatusBadRequest,
		`{"url":"https://a.b","ttl":-1}`: http.StatusBadRequest,
		`{"url":"https://a.b","slug":1}`: http.StatusBadRequest,
		`[`:                              http.StatusBadRequest,
	} {
		got := s.admin(t, http.MethodPost, "/api/links", body)
		assert.Equal(t, status, got.status, got.body)
	}
	assert.Equal(t, http.StatusConflict, s.admin(t, http.MethodPost, "/api/links", docs).status)
	stranger := s.ask(t, http.MethodPost, "/api/links", docs, "Authorization: Bearer guess")
	assert.Equal(t, http.StatusUnauthorized, stranger.status, stranger.body)
	assert.Equal(t, http.StatusMethodNotAllowed, s.admin(t, http.MethodPut, "/api/links", "").status)

	named := s.link(t, "docs")
	assert.Equal(t, s.url+"/docs", named["short"])
	assert.Nil(t, named["expiresAt"])
	made := s.admin(t, http.MethodPost, "/api/links", `{"url":"https://example.com/other"}`)
	assert.Regexp(t, `"slug":"[0-9A-Za-z]{7}"`, made.body)

	s.follows(t, "docs", "https://example.com/docs")
	// What is in KV is what is followed: the database is not asked again.
	cached := "/storage/kv/namespaces/" + s.id(t, "cache") + "/values/docs"
	was := s.call(t, http.MethodGet, cached, "")
	require.Equal(t, http.StatusOK, was.status, was.body)
	s.call(t, http.MethodPut, cached, strings.Replace(was.body, "example.com", "example.net", 1))
	s.follows(t, "docs", "https://example.net/docs")
	s.call(t, http.MethodDelete, cached, "")
	s.follows(t, "docs", "https://example.com/docs")
}

func (s *shortener) follows(t *testing.T, slug, target string) {
	t.Helper()
	got := s.ask(t, http.MethodGet, "/"+slug, "")
	assert.Equal(t, http.StatusFound, got.status)
	assert.Equal(t, target, got.header.Get("Location"))
}

// counts: visits wait in a queue, and are counted when it is delivered.
func (s *shortener) counts(t *testing.T) {
	t.Helper()
	assert.InDelta(t, 0, s.hits(t, "docs"), 0)
	s.queued(t, "hits", 3)
	s.pass(t, 10*time.Second)
	stats, err := json.Marshal(s.link(t, "docs")["stats"])
	require.NoError(t, err)
	assert.Regexp(t, `^{"countries":\[{"country":"US","hits":3}\],`+
		`"days":\[{"day":"\d{4}-\d\d-\d\d","hits":3}\],"total":3}$`, string(stats))
}

// keepsImages: what is uploaded for a link can be downloaded.
func (s *shortener) keepsImages(t *testing.T) {
	t.Helper()
	const path, png, picture = "/api/links/docs/image", "Content-Type: image/png", "\x89PNG\r\n\x1a\n\x00\xff picture"
	assert.Equal(t, http.StatusNotFound, s.admin(t, http.MethodGet, path, "").status)
	svg := s.admin(t, http.MethodPut, path, "<svg>", "Content-Type: image/svg+xml")
	assert.Equal(t, http.StatusUnsupportedMediaType, svg.status)
	large := strings.Repeat("x", 1<<20+1)
	assert.Equal(t, http.StatusRequestEntityTooLarge, s.admin(t, http.MethodPut, path, large, png).status)
	assert.Equal(t, http.StatusNotFound, s.admin(t, http.MethodPut, "/api/links/missing/image", picture, png).status)
	put := s.admin(t, http.MethodPut, path, picture, png)
	require.Equal(t, http.StatusCreated, put.status, put.body)

	got := s.ask(t, http.MethodGet, path, "")
	assert.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, picture, got.body)
	assert.Equal(t, "image/png", got.header.Get("Content-Type"))
	again := s.ask(t, http.MethodGet, path, "", "If-None-Match: "+got.header.Get("ETag"))
	assert.Equal(t, http.StatusNotModified, again.status)
	assert.Empty(t, again.body)
}

// forgetsWhatExpired: the cron job deletes a link whose time is over with all that belongs to it, and no other.
func (s *shortener) forgetsWhatExpired(t *testing.T) {
	t.Helper()
	c := s.stack.cloud
	got := s.admin(t, http.MethodPost, "/api/links", `{"url":"https://example.com/soon","slug":"soon","ttl":1800}`)
	require.Equal(t, http.StatusCreated, got.status, got.body)
	got = s.admin(t, http.MethodPut, "/api/links/soon/image", "gif", "Content-Type: image/gif")
	require.Equal(t, http.StatusCreated, got.status, got.body)
	s.follows(t, "soon", "https://example.com/soon")
	require.Contains(t, c.Dump(), `"links/soon"`)
	s.pass(t, 2*time.Hour) // the job runs for the next minute 17, when the link may yet be good,
	s.pass(t, 4*time.Hour) // and for one that is two hours later at least
	missing := s.ask(t, http.MethodGet, "/soon", "")
	assert.Equal(t, http.StatusNotFound, missing.status)
	assert.NotContains(t, c.Dump(), "soon", "neither an object nor a key is left")
	list := s.admin(t, http.MethodGet, "/api/links", "").body
	assert.NotContains(t, list, "soon")
	assert.Contains(t, list, `"slug":"docs"`)
	assert.Contains(t, c.Dump(), `"links/docs"`)
}

// deletes: a link that is deleted is gone, with its image and what was counted.
func (s *shortener) deletes(t *testing.T) {
	t.Helper()
	assert.Equal(t, http.StatusNoContent, s.admin(t, http.MethodDelete, "/api/links/docs", "").status)
	assert.Equal(t, http.StatusNotFound, s.admin(t, http.MethodGet, "/api/links/docs", "").status)
	assert.Equal(t, http.StatusNotFound, s.ask(t, http.MethodGet, "/docs", "").status)
	got := s.admin(t, http.MethodPost, "/api/links", `{"url":"https://example.com/docs","slug":"docs"}`)
	require.Equal(t, http.StatusCreated, got.status, got.body)
	assert.InDelta(t, 0, s.hits(t, "docs"), 0)
	assert.Equal(t, http.StatusNotFound, s.admin(t, http.MethodGet, "/api/links/docs/image", "").status)
	got = s.admin(t, http.MethodPut, "/api/links/docs/image", "gif", "Content-Type: image/gif")
	require.Equal(t, http.StatusCreated, got.status, "what is in the bucket when it is to go: "+got.body)
}
