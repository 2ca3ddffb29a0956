// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
)

// BenchmarkUpWithoutChanges is what an up costs that finds nothing to do, by the number of secrets, and how large the
// state of the Worker is. Before it, one secret changes: how many requests and bytes that is.
func BenchmarkUpWithoutChanges(b *testing.B) {
	for _, n := range []int{0, 10, 128} {
		b.Run(fmt.Sprint(n, " secrets"), func(b *testing.B) {
			var sent atomic.Int64
			server := &emulator.Server{Before: func(_ int, r *http.Request) int {
				sent.Add(max(r.ContentLength, 0))
				return 0
			}}
			c := newCloud(b, server)
			dir, state := b.TempDir(), b.TempDir()
			write := func(first string) {
				var secrets strings.Builder
				for i := range n {
					fmt.Fprintf(&secrets, "        SECRET_%d: %q\n", i, first)
				}
				program := strings.Replace(signing, "        KEY: \"key one\"\n        OLD: \"old one\"\n", secrets.String(), 1)
				program = strings.Replace(program, "      secrets:\n      w", "      w", 1)
				head := "name: test\nruntime: yaml\nplugins: {providers: [{name: cloudflare-workers, path: " +
					checkout.Bin() + "}]}\n"
				require.NoError(b, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(head+program), 0o600))
			}
			require.NoError(b, os.Mkdir(filepath.Join(dir, "dist"), 0o750))
			require.NoError(b, os.WriteFile(filepath.Join(dir, "dist", "index.js"), []byte(signer), 0o600))
			write("0123456789abcdef0123456789abcdef")
			s, err := sandbox.NewStack(b.Context(), dir, state,
				append(c.variables(), "CLOUDFLARE_WORKERS_CACHE_DIR="+filepath.Join(state, "cache"))...)
			require.NoError(b, err)
			up := func(args ...string) {
				_, err := s.Pulumi(b.Context(), append([]string{"up", "--yes", "--skip-preview"}, args...)...)
				require.NoError(b, err)
			}
			up()
			var requests, size int
			var bodies int64
			if n > 0 {
				require.NoError(b, sandbox.Replace(filepath.Join(dir, "Pulumi.yaml"), "SECRET_0: \"0", "SECRET_0: \"1"))
				c.Calls()
				sent.Store(0)
				up()
				requests, bodies = len(c.Calls()), sent.Load()
			}
			var exported struct {
				Deployment struct{ Resources []json.RawMessage }
			}
			require.NoError(b, s.JSON(b.Context(), &exported, "stack", "export"))
			for _, raw := range exported.Deployment.Resources {
				if strings.Contains(string(raw), "CloudflareWorker::api") {
					var compact bytes.Buffer
					require.NoError(b, json.Compact(&compact, raw))
					size = compact.Len()
				}
			}
			for b.Loop() {
				up("--expect-no-changes")
			}
			b.ReportMetric(float64(requests), "requests/rotation")
			b.ReportMetric(float64(bodies), "bytes/rotation")
			b.ReportMetric(float64(size), "state-bytes")
		})
	}
}
