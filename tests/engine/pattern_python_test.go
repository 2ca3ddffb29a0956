// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// pythonPattern is deployed as it is for Cloudflare. The local runtime has no Python to run it with, and says so.
func pythonPattern(t *testing.T, _ *cloud) (config map[string]string, works proof) {
	t.Helper()
	return nil, func(t *testing.T, s *site) {
		t.Helper()
		got := s.ask(t, http.MethodGet, "/?name=Ada&language=fr", "")
		assert.Equal(t, http.StatusNotImplemented, got.status)
		assert.Contains(t, got.body, "Python")
		dump := s.stack.cloud.Dump()
		assert.Contains(t, dump, `main "entry.py"`)
		assert.Contains(t, dump, "module entry.py text/x-python sha256:")
		assert.Contains(t, dump, "module texts.py text/x-python sha256:")
	}
}
