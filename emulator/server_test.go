// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func TestZeroServerIsReady(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	var accounts []struct{ ID, Name string }
	got := c.must(http.MethodGet, "/accounts", nil, &accounts)
	require.Len(t, accounts, 1)
	assert.Equal(t, emulator.DefaultAccountID, accounts[0].ID)
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
	assert.Regexp(t, `^[0-9a-f]{16}-EMU$`, got.Header.Get("Cf-Ray"))
	assert.EqualValues(t, 1, got.Info["total_count"])
	c.must(http.MethodGet, "/accounts?page=2", nil, &accounts)
	assert.Empty(t, accounts, "clients page until a page is empty")

	var zones []struct{ ID, Name string }
	c.must(http.MethodGet, "/zones?name=example.com&account.id="+emulator.DefaultAccountID, nil, &zones)
	require.Len(t, zones, 1)
	assert.Equal(t, emulator.DefaultZoneID, zones[0].ID)
	c.must(http.MethodGet, "/zones?name=example.org", nil, &zones)
	assert.Empty(t, zones)
}

func TestThePrefixIsOptional(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.must(http.MethodGet, "/user", nil, nil)
	c.url = c.url[:len(c.url)-len("/client/v4")]
	c.must(http.MethodGet, "/user", nil, nil)
	assert.Equal(t, []string{"GET /user", "GET /user"}, c.server.Calls())
}

func TestOnlyTheTokenIsAccepted(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{Token: "right"})
	const header = "Authorization"
	c.must(http.MethodGet, "/user/tokens/verify", nil, nil, header, "Bearer right")
	c.refused(http.StatusBadRequest, 9106, http.MethodGet, "/user", nil, header, "")
	c.refused(http.StatusBadRequest, 6003, http.MethodGet, "/user", nil, header, "right")
	c.refused(http.StatusUnauthorized, 1000, http.MethodGet, "/user/tokens/verify", nil, header, "Bearer wrong")
	c.refused(http.StatusForbidden, 9109, http.MethodGet, "/user", nil, header, "Bearer wrong")
	c.refused(http.StatusUnauthorized, 10000, http.MethodGet, account+"/workers/scripts", nil, header, "Bearer wrong")
}

func TestOtherAccountsAreForbiddenAndOtherIDsHaveNoRoute(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const other = "/accounts/ffffffffffffffffffffffffffffffff"
	c.refused(http.StatusForbidden, 10000, http.MethodGet, other+"/workers/scripts", nil)
	c.refused(http.StatusNotFound, 7003, http.MethodGet, "/accounts/acme/workers/scripts", nil)
	c.refused(http.StatusForbidden, 10000, http.MethodGet, "/zones/ffffffffffffffffffffffffffffffff", nil)
}

func TestWhatIsNotEmulatedIsNamed(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	got := c.refused(http.StatusNotImplemented, 7000, http.MethodPost, account+"/pipelines/v1/pipelines", object{})
	assert.Contains(t, got.Errors[0].Message, "POST "+account+"/pipelines/v1/pipelines")
	c.refused(http.StatusNotImplemented, 7000, http.MethodPost, "/user", object{})
}

func TestRateLimitAnswers429UntilTheWindowEnds(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	c := start(t, &emulator.Server{RateLimit: 2, Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	c.must(http.MethodGet, "/user", nil, nil)
	now.Add(100)
	c.must(http.MethodGet, "/user", nil, nil)
	got := c.refused(http.StatusTooManyRequests, 971, http.MethodGet, "/user", nil)
	assert.Equal(t, "201", got.Header.Get("Retry-After"))
	now.Add(200)
	c.must(http.MethodGet, "/user", nil, nil)
}

func TestBeforeAnswersInstead(t *testing.T) {
	t.Parallel()
	s := &emulator.Server{Before: func(n int, r *http.Request) int {
		if n == 2 && r.Method == http.MethodPost {
			return http.StatusBadGateway
		}
		return 0
	}}
	c := start(t, s)
	before := s.Dump()
	c.must(http.MethodGet, "/user", nil, nil)
	c.refused(http.StatusBadGateway, 10013, http.MethodPost, account+"/storage/kv/namespaces", object{"title": "a"})
	assert.Equal(t, before, s.Dump(), "the server must not have acted")
	c.must(http.MethodPost, account+"/storage/kv/namespaces", object{"title": "a"}, nil)
	assert.Len(t, s.Calls(), 3)
}

func TestAfterLosesTheResponseOfWhatWasDone(t *testing.T) {
	t.Parallel()
	s := &emulator.Server{After: func(n int, _ *http.Request) bool { return n == 1 }}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		web.URL+account+"/workers/scripts/none/secrets", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		require.NoError(t, response.Body.Close())
	}
	require.Error(t, err, "the connection must break")

	c := start(t, &emulator.Server{After: func(int, *http.Request) bool { return false }})
	c.must(http.MethodGet, "/user", nil, nil)
}
