// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

var (
	//go:embed js/ratelimit.js
	rateLimitSource []byte
	//go:embed js/analytics.js
	analyticsSource []byte
)

// bindRateLimit gives an object with the method limit. Its counters belong to the binding's namespace, so that Workers
// that name the same one share them (developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit).
func bindRateLimit(l *linker, s *Script, b binding) (string, error) {
	var fields struct {
		NamespaceID json.Number `json:"namespace_id"`
		Simple      struct {
			Limit  json.Number `json:"limit"`
			Period json.Number `json:"period"`
		} `json:"simple"`
	}
	if err := b.decode(&fields); err != nil {
		return "", err
	}
	limit, period := fields.Simple.Limit.String(), fields.Simple.Period.String()
	if limit == "" || period == "" {
		return "", fmt.Errorf("binding %q: simple needs a limit and a period", b.Name)
	}
	return fmt.Sprintf(`wrapped = (moduleName = "emulator:ratelimit", innerBindings = [(name = "backend", service = %s), `+
		`(name = "limit", json = %s), (name = "period", json = %s)])`,
		l.backend("ratelimit", s.Account, fields.NamespaceID.String()), quote(limit), quote(period)), nil
}

// bindAnalytics gives an object whose method writeDataPoint does nothing.
func bindAnalytics(*linker, *Script, binding) (string, error) {
	return `wrapped = (moduleName = "emulator:analytics", innerBindings = [])`, nil
}

// rateKey is what a counter is for. The limit is no part of it. Source: workers-sdk, packages/miniflare/src/workers/
// ratelimit/ratelimit-object.worker.ts.
type rateKey struct {
	account, namespace, key string
	period                  int64 // seconds
}

// rateLimits are the counters of all namespaces. All windows of a period begin at once, at multiples of it since the
// epoch (there). Cloudflare counts by location and loosely; here there is one location, and every call counts.
type rateLimits struct {
	mu     sync.Mutex
	counts map[rateKey]int
	window map[int64]int64 // by period: the number of the window that is counted
}

// allow counts a call and tells whether it is within the limit. One that is not does not count.
func (l *rateLimits) allow(key rateKey, limit int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts, l.window = map[rateKey]int{}, map[int64]int64{}
	}
	if window := now.Unix() / key.period; l.window[key.period] != window {
		l.window[key.period] = window
		for other := range l.counts {
			if other.period == key.period {
				delete(l.counts, other)
			}
		}
	}
	if l.counts[key] >= limit {
		return false
	}
	l.counts[key]++
	return true
}

// serveRateLimit counts a call of js/ratelimit.js.
func (r *Runtime) serveRateLimit(w http.ResponseWriter, q *http.Request, account, namespace string) {
	var want struct {
		Key    string  `json:"key"`
		Limit  float64 `json:"limit"`
		Period int64   `json:"period"`
	}
	if err := json.NewDecoder(q.Body).Decode(&want); err != nil || want.Period <= 0 {
		http.Error(w, "bad rate limit", http.StatusBadRequest)
		return
	}
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	success := r.limits.allow(rateKey{account, namespace, want.Key, want.Period}, int(want.Limit), now())
	if err := writeJSON(w, map[string]bool{"success": success}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
