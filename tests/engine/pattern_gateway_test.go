// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func gatewayPattern(*testing.T, *cloud) (config map[string]string, works proof) {
	return nil, func(t *testing.T, s *site) {
		t.Helper()
		ask := func(headers ...string) answer { return s.ask(t, http.MethodGet, "/orders", "", headers...) }
		assert.Equal(t, http.StatusUnauthorized, ask().status)
		assert.Equal(t, http.StatusForbidden, ask("X-Api-Key: guess").status)
		for range 5 {
			got := ask("X-Api-Key: key of ada", "X-Client: root")
			assert.Equal(t, http.StatusOK, got.status)
			assert.JSONEq(t, `{"path":"/orders","client":"ada"}`, got.body)
		}
		limited := ask("X-Api-Key: key of ada")
		assert.Equal(t, http.StatusTooManyRequests, limited.status)
		assert.Equal(t, "60", limited.header.Get("Retry-After"))
		assert.Equal(t, http.StatusOK, ask("X-Api-Key: key of bob").status)
		s.clock.passed.Add(int64(time.Minute))
		assert.Equal(t, http.StatusOK, ask("X-Api-Key: key of ada").status)

		name := func(worker string) string {
			text, ok := s.resources[worker].Inputs["scriptName"].(string)
			require.True(t, ok)
			return text
		}
		host := strings.Replace(s.url, name("gateway"), name("api"), 1)
		require.NotEqual(t, s.url, host)
		status, body := s.stack.cloud.get(t, host+"/orders")
		assert.Equal(t, http.StatusNotFound, status, body)
	}
}
