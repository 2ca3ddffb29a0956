// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"cmp"
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// token is the API token that is accepted.
func (s *Server) token() string { return cmp.Or(s.Token, DefaultToken) }

// authenticate checks the Authorization header. Uploads of static assets carry a token of their session instead and are
// checked by their handler. The URLs of D1's files are secret themselves.
func (s *Server) authenticate(r *http.Request) error {
	if strings.HasPrefix(r.URL.Path, d1Files) {
		return nil
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		// workers-sdk, packages/workers-auth/src/core/factory.ts and __tests__: "Authentication failed (status: 400)".
		return refuse(http.StatusBadRequest, 9106, "Authentication failed (status: 400)")
	}
	token, bearer := strings.CutPrefix(header, "Bearer ")
	if !bearer || token == "" || strings.ContainsAny(token, " \t") {
		// workers-sdk, CHANGELOG and whoami tests: 6003 with 6111 in its chain.
		return &apiError{status: http.StatusBadRequest, errors: []message{{
			Code: 6003, Message: "Invalid request headers",
			Chain: []message{{Code: 6111, Message: "Invalid format for Authorization header"}},
		}}}
	}
	if strings.HasSuffix(r.URL.Path, "/workers/assets/upload") {
		return nil
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.token())) == 1 {
		return nil
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/tokens/verify"):
		// workers-sdk, packages/wrangler/src/user/whoami.ts: 1000 is "Invalid API Token".
		return refuse(http.StatusUnauthorized, 1000, "Invalid API Token")
	case r.URL.Path == "/user" || r.URL.Path == "/accounts" || r.URL.Path == "/memberships" || r.URL.Path == "/zones":
		return refuse(http.StatusForbidden, 9109, "Invalid access token")
	}
	return refuse(http.StatusUnauthorized, 10000, "Authentication error")
}

// limitWindow is the time that RateLimit counts in (developers.cloudflare.com/fundamentals/api/reference/limits).
const limitWindow = 5 * time.Minute

// limiter counts requests in windows of five minutes.
type limiter struct {
	mu    sync.Mutex
	start time.Time
	count int
}

// admit counts a request and refuses it when there were more than limit since the window began.
func (l *limiter) admit(limit int, now time.Time) error {
	if limit == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.start) >= limitWindow {
		l.start, l.count = now, 0
	}
	l.count++
	if l.count <= limit {
		return nil
	}
	wait := int(l.start.Add(limitWindow).Sub(now)/time.Second) + 1
	refusal := refuse(http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed")
	refusal.header = http.Header{"Retry-After": {strconv.Itoa(wait)}}
	return refusal
}
