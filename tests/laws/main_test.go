// SPDX-License-Identifier: Apache-2.0

// Package laws holds what must be true of every resource, whatever it manages.
// The laws are written once and run over a table (resource_test.go); each
// resource's part of the table is a file of its own. Nothing here knows how the
// provider works: it is configured as a user would, against a local Cloudflare,
// and driven as the engine would (stack_test.go).
//
// Run with -update to accept changed requests, and review them.
package laws

import (
	"context"
	"flag"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// TestMain sends what the provider logs to the test in whose context it was
// logged, and requests to the made-up hosts of R2 to the clouds they belong to.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == secretsProgram && os.Args[3] == "get" {
		os.Exit(lookUp(os.Args[2]))
	}
	flag.Parse()
	slog.SetDefault(slog.New(logbookHandler{}))
	proxy := httptest.NewServer(r2Hosts)
	if err := os.Setenv("HTTP_PROXY", proxy.URL); err != nil {
		panic(err)
	}
	debug.SetGCPercent(400) // sealing makes 19 MiB of garbage for each secret, thousands of times
	status := m.Run()
	proxy.Close()
	os.Exit(status)
}

// golden compares got with a file in testdata, or rewrites the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "accept with: go test ./tests/laws -run %s -update", t.Name())
}

// logbook is what a provider logged. Its zero value is empty.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// forget empties the logbook.
func (l *logbook) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

type logbookKey struct{}

// logbookHandler writes each record to the logbook in its context; without one it is dropped.
type logbookHandler struct{}

// Enabled implements [slog.Handler].
func (logbookHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements [slog.Handler].
func (logbookHandler) Handle(ctx context.Context, record slog.Record) error {
	book, ok := ctx.Value(logbookKey{}).(*logbook)
	if !ok {
		return nil
	}
	book.mu.Lock()
	defer book.mu.Unlock()
	return slog.NewTextHandler(&book.text, &slog.HandlerOptions{Level: slog.LevelDebug}).Handle(ctx, record)
}

// WithAttrs implements [slog.Handler].
func (h logbookHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements [slog.Handler].
func (h logbookHandler) WithGroup(string) slog.Handler { return h }
