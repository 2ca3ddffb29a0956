// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// hosts serves host names that no DNS knows, as the HTTP proxy of this process.
// R2 tells accounts and jurisdictions apart by the host name; the address of a
// test server has no place for them. Its zero value has no host.
type hosts struct {
	mu       sync.Mutex
	handlers map[string]http.Handler // by the host name without the labels of account and jurisdiction
}

var r2Hosts = &hosts{}

// add serves R2 with h, and returns the endpoint to be configured.
func (s *hosts) add(t *testing.T, h http.Handler) (endpoint string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handlers == nil {
		s.handlers = map[string]http.Handler{}
	}
	name := fmt.Sprintf("r2-%d.test", len(s.handlers))
	s.handlers[name] = h
	return "http://{account}." + name
}

// ServeHTTP implements [http.Handler].
func (s *hosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	labels := strings.Split(r.Host, ".")
	s.mu.Lock()
	h := s.handlers[strings.Join(labels[max(0, len(labels)-2):], ".")]
	s.mu.Unlock()
	if h == nil {
		http.Error(w, "no such host: "+r.Host, http.StatusBadGateway)
		return
	}
	h.ServeHTTP(w, r)
}
