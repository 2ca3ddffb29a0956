// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// TestAnUpThatFailedIsResumed: what was made before the failure is known, and the next up does the rest and no more.
func TestAnUpThatFailedIsResumed(t *testing.T) {
	t.Parallel()
	want := reference(t)
	var broken atomic.Bool
	broken.Store(true)
	c := newCloud(t, &emulator.Server{Before: func(_ int, r *http.Request) int {
		if broken.Load() && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/workers/routes") {
			return http.StatusForbidden
		}
		return 0
	}})
	s := newProgram(t, c, api)
	s.file(t, "dist/index.js", script)
	said := s.refused(t, "up", "--yes", "--skip-preview")
	assert.Contains(t, said, `route "api.example.com/*"`)
	assert.Contains(t, said, "hint: ")
	assert.Contains(t, s.resources(t), "api", "the Worker is deployed, so the state must have it")

	broken.Store(false)
	c.Calls()
	s.up(t)
	const routes = "/zones/" + emulator.DefaultZoneID + "/workers/routes"
	assert.Equal(t, []string{"GET " + routes, "POST " + routes}, c.Calls(), "whether it is free, and the route")
	assert.Equal(t, want, c.Dump())
	s.unchanged(t)
}

// reference is what the cloud has when nothing went wrong.
func reference(t *testing.T) string {
	t.Helper()
	c := newCloud(t, &emulator.Server{})
	deployed(t, c)
	return c.Dump()
}
