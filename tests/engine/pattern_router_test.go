// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func routerPattern(t *testing.T, _ *cloud) (config map[string]string, works proof) {
	t.Helper()
	var asked, down atomic.Int64
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch {
		case down.Load() > 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path != "/articles/7":
			http.NotFound(w, r)
		default:
			w.Header().Set("Content-Type", "text/markdown")
			_, _ = io.WriteString(w, "# Seven")
		}
	}))
	t.Cleanup(upstream.Close)
	return map[string]string{"upstream": upstream.URL}, func(t *testing.T, s *site) {
		t.Helper()
		article := func() (cache string) {
			got := s.ask(t, http.MethodGet, "/articles/7", "")
			assert.Equal(t, http.StatusOK, got.status)
			assert.Equal(t, "# Seven", got.body)
			assert.Equal(t, "text/markdown", got.header.Get("Content-Type"))
			return got.header.Get("X-Cache")
		}
		hits := func() bool { return article() == "hit" } // it is stored when it was answered
		assert.Equal(t, "miss", article())
		require.Eventually(t, hits, time.Minute, time.Millisecond)
		before := asked.Load()
		assert.True(t, hits())
		assert.Equal(t, before, asked.Load(), "what is cached is not asked for")

		down.Store(1)
		assert.True(t, hits(), "what is fresh does not need the upstream")
		then := strconv.FormatInt(time.Now().Add(-time.Hour).UnixMilli(), 10)
		old := `[{"key":"article:7","value":"# Seven","metadata":{"fetchedAt":` + then + `,"contentType":"text/markdown"}}]`
		put := s.call(t, http.MethodPut, "/storage/kv/namespaces/"+s.id(t, "cache")+"/bulk", old)
		require.Equal(t, http.StatusOK, put.status, put.body)
		assert.Equal(t, "stale", article())
		assert.Equal(t, http.StatusNoContent, s.ask(t, http.MethodDelete, "/cache/7", "").status)
		assert.Equal(t, http.StatusBadGateway, s.ask(t, http.MethodGet, "/articles/7", "").status)
		down.Store(0)
		assert.Equal(t, "miss", article())

		assert.Equal(t, http.StatusNotFound, s.ask(t, http.MethodGet, "/articles/8", "").status)
		assert.Equal(t, http.StatusNotFound, s.ask(t, http.MethodGet, "/articles/seven", "").status)
		wrong := s.ask(t, http.MethodPost, "/articles/7", "")
		assert.Equal(t, http.StatusMethodNotAllowed, wrong.status)
		assert.Equal(t, "GET", wrong.header.Get("Allow"))
	}
}
