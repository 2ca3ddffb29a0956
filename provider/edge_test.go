// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// A clock is time that passes only by waiting for it.
type clock struct {
	mu     sync.Mutex
	time   time.Time
	pauses []time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time, c.pauses = c.time.Add(d), append(c.pauses, d)
	return ctx.Err()
}

// edgeOf returns an edge whose front door is the handler, with a clock of its own.
func edgeOf(t *testing.T, handler http.HandlerFunc) (*edge, *clock) {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	e, err := newEdge("http://api.test", srv.URL)
	require.NoError(t, err)
	c := &clock{time: time.Date(2126, 11, 1, 0, 0, 0, 0, time.UTC)}
	e.now, e.sleep = c.now, c.sleep
	return e, c
}

func TestAnAddressIsAskedUntilItAnswers(t *testing.T) {
	t.Parallel()
	var asked []string
	e, clock := edgeOf(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host+r.RequestURI+" "+r.UserAgent())
		if len(asked) < 5 {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "There is nothing here yet\n")
		}
	})
	var said []string
	got := e.wait(t.Context(), "https://a.example.com/api/", false, func(text string) { said = append(said, text) })
	assert.Equal(t, cfapi.Answer{Ready: true}, got)
	assert.Len(t, asked, 5)
	assert.Equal(t, "GET a.example.com/api/ pulumi-cloudflare-workers/wait-for-ready", asked[4])
	assert.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second}, clock.pauses)
	assert.Equal(t, "waiting until https://a.example.com/api/ answers", said[0])
	assert.Equal(t, "waiting until https://a.example.com/api/ answers: HTTP 404: There is nothing here yet", said[1])
}

func TestAnAddressIsAskedForAsLongAsIsDue(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		domain      bool
		custom      time.Duration
		least, most time.Duration
	}{
		"route":                {least: 50 * time.Second, most: time.Minute},
		"custom domain":        {domain: true, least: 290 * time.Second, most: 5 * time.Minute},
		"longer, by a timeout": {custom: 10 * time.Minute, least: 580 * time.Second, most: 10 * time.Minute},
		"shorter, by a timeout": {
			domain: true, custom: 10 * time.Second, least: 3 * time.Second, most: 10 * time.Second,
		},
		"once at least, whatever is the due": {custom: time.Nanosecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			e, clock := edgeOf(t, func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.WriteHeader(522)
			})
			ctx, begin := t.Context(), clock.time
			if test.custom > 0 {
				ctx = dueContext{ctx, begin.Add(test.custom)}
			}
			got := e.wait(ctx, "https://a.example.com", test.domain, func(string) {})
			assert.Equal(t, cfapi.Answer{Said: "HTTP 522: no origin answers"}, got)
			assert.Positive(t, asked)
			assert.GreaterOrEqual(t, clock.time.Sub(begin), test.least)
			assert.LessOrEqual(t, clock.time.Sub(begin), test.most)
		})
	}
}

// dueContext has a deadline in the test's own time.
type dueContext struct {
	context.Context

	due time.Time
}

// Deadline implements [context.Context].
func (c dueContext) Deadline() (time.Time, bool) { return c.due, true }

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	e, _ := edgeOf(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "There is nothing here yet")
		cancel()
	})
	assert.False(t, e.wait(ctx, "https://a.example.com", true, func(string) {}).Ready)
	assert.Equal(t, 1, asked)
}

// warnings are what is logged that a user must see.
type warnings struct {
	mu    sync.Mutex
	texts []string
}

func (w *warnings) InfoStatus(string) {}

func (w *warnings) Warning(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, text)
}

func TestAnAddressThatDoesNotAnswerIsAWarning(t *testing.T) {
	t.Parallel()
	e, _ := edgeOf(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Host {
		case "never.example.com":
			w.WriteHeader(522)
		case "throws.example.com":
			http.Error(w, "error code: 1101", http.StatusInternalServerError)
		}
	})
	var log warnings
	e.await(t.Context(), map[string]bool{
		"https://never.example.com": false, "https://throws.example.com/x": false, "https://works.example.com": true,
	}, &log)
	assert.ElementsMatch(t, []string{
		"https://never.example.com does not answer yet: HTTP 522: no origin answers. The Worker is deployed, and the " +
			"address may need some more time; waitForReady: false does not wait for it",
		"https://throws.example.com/x answers, but with error 1101: the Worker threw an exception",
	}, log.texts)
}

func TestANewNameIsNotAskedForAtOnce(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][]time.Duration{
		"https://a.example.com": {dnsPause}, "https://a.acme.workers.dev": nil, // every name there leads somewhere
	} {
		e, err := newEdge("", "")
		require.NoError(t, err)
		c := &clock{}
		e.now, e.sleep = c.now, c.sleep
		e.ask = func(context.Context, string) cfapi.Answer { return cfapi.Answer{Ready: true} }
		assert.True(t, e.wait(t.Context(), address, false, func(string) {}).Ready)
		assert.Equal(t, want, c.pauses)
	}
}

func TestAConfigurationThatSaysNotWhereWorkersAreWaitsForNone(t *testing.T) {
	t.Parallel()
	e, err := newEdge("http://127.0.0.1:1/client/v4", "")
	require.NoError(t, err)
	assert.Nil(t, e.ask)
	_, err = newEdge("", "127.0.0.1:8080")
	require.ErrorContains(t, err, `workersEndpoint: "127.0.0.1:8080" is not a URL`)
}
