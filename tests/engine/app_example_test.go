// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheAppExampleLives takes the smallest stack from nothing to a URL and back.
func TestTheAppExampleLives(t *testing.T) {
	t.Parallel()
	c := newCloud(t, running(t))
	empty := c.Dump()
	dir, err := checkout.Lay(t.Context(), t.TempDir(), "app/yaml")
	require.NoError(t, err)
	checkTypes(t, filepath.Join(dir, "..", "worker"))
	s := newStack(t, c, dir)
	s.up(t)
	url, _ := s.outputs(t)["url"].(string)
	status, body := c.get(t, url+"/book")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "Hello, visitor 1 of /book", body)
	s.unchanged(t)
	s.destroy(t)
	assert.Equal(t, empty, c.Dump(), "something is left")
}
