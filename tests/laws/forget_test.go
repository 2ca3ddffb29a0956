// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An outage is an answer that says nothing about what exists.
type outage struct {
	name   string
	answer http.HandlerFunc
	// possible tells whether a request can be answered so; nil: always.
	possible func(r *http.Request) bool
}

func outages() []outage {
	page := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, body) // a client that has gone needs no answer
		}
	}
	envelope := func(code int, text string) string {
		return fmt.Sprintf(`{"success":false,"errors":[{"code":%d,"message":%q}],"messages":[],"result":null}`, code, text)
	}
	ofWorkers := func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/workers/") }
	ofAPI := func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/client/v4/") }
	withBody := func(r *http.Request) bool { return r.Method != http.MethodHead } // else 404 is all that is said
	list := []outage{
		// In Workers' API alone: in that of KV the code means that there is no such namespace.
		{"404 with code 10013", page(404, "application/json", envelope(10013, "An unknown error has occurred")), ofWorkers},
		{"404 for want of a route", page(404, "application/json", envelope(7003, "Could not route to /x")), ofAPI},
		{"404 of a proxy", page(404, "text/html", "<html><h1>Not Found</h1></html>"), withBody},
		{"200 of a proxy", page(200, "text/html", "<html><h1>Log in</h1></html>"), withBody},
		{"connection reset", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close() // the client is to see a broken connection
			}
		}, nil},
	}
	for _, status := range []int{401, 403, 408, 418, 429, 500, 501, 502, 503, 504} {
		list = append(list, outage{strconv.Itoa(status), page(status, "text/plain", http.StatusText(status)), nil})
	}
	return list
}

// TestOnlyNotFoundForgets: whatever else a request of a refresh meets, the
// resource stays in the state as it is, and the error is told.
func TestOnlyNotFoundForgets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		w, s := built(t, r)
		require.NoError(t, s.refresh())
		total := len(w.Calls())
		require.Positive(t, total)
		id, inputs, outputs := s.id, s.inputs, s.outputs
		for _, o := range outages() {
			for n := 1; n <= total; n++ {
				var struck atomic.Bool
				w.on(hooks{around: func(at int, rw http.ResponseWriter, req *http.Request, emulated http.HandlerFunc) {
					if at >= n && (o.possible == nil || o.possible(req)) { // also when it is asked again
						struck.Store(true)
						o.answer(rw, req)
						return
					}
					emulated(rw, req)
				}})
				err := s.refresh()
				if !struck.Load() {
					break
				}
				require.Error(t, err, "%s in call %d of %d", o.name, n, total)
				assert.Equal(t, id, s.id)
				assert.Equal(t, inputs, s.inputs)
				assert.Equal(t, outputs, s.outputs)
			}
		}
	})
}

// TestAnUnansweredRefreshForgetsNothing: a server that never answers.
func TestAnUnansweredRefreshForgetsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		w, s := built(t, r)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		s.start(ctx)
		w.on(hooks{around: func(_ int, _ http.ResponseWriter, req *http.Request, _ http.HandlerFunc) {
			<-req.Context().Done()
		}})
		require.Error(t, s.refresh())
		assert.NotEmpty(t, s.id)
	})
}
