// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestProgramsAskBeforeTheyDeploy: what a function returns can be passed on, and is what the resources say.
func TestProgramsAskBeforeTheyDeploy(t *testing.T) {
	t.Parallel()
	c := newCloud(t, running(t))
	empty := c.Dump()
	dir, err := checkout.Lay(t.Context(), t.TempDir(), "functions")
	require.NoError(t, err)
	s := newStack(t, c, dir)
	s.up(t)
	out := s.outputs(t)
	assert.Greater(t, out["bytes"], 100.0)
	assert.Contains(t, out["modules"], "index.js")
	digests, _ := out["digests"].([]any)
	require.Len(t, digests, 3)
	assert.Equal(t, []any{digests[0], digests[0], digests[0]}, digests)
	versions, _ := out["versions"].([]any)
	require.Len(t, versions, 2)
	assert.Equal(t, versions[0], versions[1])
	url, _ := out["url"].(string)
	status, body := c.get(t, url)
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"message":"Hello","visit":1}`, body)
	s.pulumi(t, "preview", "--expect-no-changes")
	s.refresh(t, "--expect-no-changes")
	s.destroy(t)
	assert.Equal(t, empty, c.Dump(), "something is left")
}
