// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDemoShowsWhatItShould(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	assert.Regexp(t, `sha256: "[0-9a-f]{12}…" => "[0-9a-f]{12}…"`, out.String())
	assert.Contains(t, out.String(), "left: 0 Workers, 0 KV namespaces, 0 R2 buckets, 0 routes, 0 DNS records")
	assert.Contains(t, out.String(), "Everything showed what it should")
}

// TestAnInterruptedDemoSaysSo: it is no success, and no other failure.
func TestAnInterruptedDemoSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	out := interrupter{cancel: cancel, at: "esbuild"}
	require.ErrorIs(t, run(ctx, &out), context.Canceled)
	assert.NotContains(t, out.String(), "Everything")
}

// An interrupter cancels when something is written.
type interrupter struct {
	strings.Builder

	cancel context.CancelFunc
	at     string
}

// Write implements [io.Writer].
func (i *interrupter) Write(text []byte) (int, error) {
	if strings.Contains(string(text), i.at) {
		i.cancel()
	}
	return i.Builder.Write(text)
}
