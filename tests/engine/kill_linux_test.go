// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
)

// TestAKilledProviderIsSurvived kills the provider in the middle of a create, when Cloudflare has acted and nobody
// knows: what the program says is reached all the same, and a destroy leaves nothing.
func TestAKilledProviderIsSurvived(t *testing.T) {
	t.Parallel()
	want := reference(t)
	for name, method := range map[string]string{
		"at the upload":                  http.MethodPut,
		"at what follows the upload":     http.MethodPost + " /subdomain",
		"at the DNS record":              http.MethodPost + " /dns_records",
		"when the namespace was created": http.MethodPost + " /namespaces",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, suffix, _ := strings.Cut(method, " ")
			var killed atomic.Bool
			var s *stack
			server := &emulator.Server{After: func(_ int, r *http.Request) bool {
				if r.Method != method || !strings.HasSuffix(r.URL.Path, suffix) || killed.Swap(true) {
					return false
				}
				assert.NoError(t, s.killProvider())
				return true
			}}
			c := newCloud(t, server)
			empty := c.Dump()
			s = newProgram(t, c, api)
			s.file(t, "dist/index.js", script)
			s.refused(t, "up", "--yes", "--skip-preview")
			require.True(t, killed.Load())

			s.recover(t)
			assert.Equal(t, unnoted(want), unnoted(c.Dump()))
			s.unchanged(t)
			s.destroy(t)
			assert.Equal(t, empty, c.Dump(), "something is left")
		})
	}
}

// recover brings up what an up that was cut off has left. Whether a Worker, a namespace or a bucket of that name is the
// lost one nobody can know, so the provider refuses to take it, and says how a person can.
func (s *stack) recover(t *testing.T) {
	t.Helper()
	for range 4 {
		said, err := s.Pulumi(t.Context(), "up", "--yes", "--skip-preview")
		if err == nil {
			return
		}
		require.Contains(t, said, "import ")
		switch {
		case strings.Contains(said, `create R2 bucket "artifacts"`): // it was on its way when the provider was killed
			s.adopt(t, "cloudflare-workers:index:R2Bucket", "artifacts", emulator.DefaultAccountID+"/artifacts")
		case strings.Contains(said, `the name is taken`):
			s.adopt(t, "cloudflare-workers:index:CloudflareWorker", "api", emulator.DefaultAccountID+"/api")
		case strings.Contains(said, `create KV namespace "cache"`):
			list := s.cloud.wrangler(t, s.dir, "", "kv", "namespace", "list")
			id := regexp.MustCompile(`"id": "([0-9a-f]{32})"`).FindStringSubmatch(list)
			require.Len(t, id, 2)
			s.adopt(t, "cloudflare-workers:index:KvNamespace", "cache", emulator.DefaultAccountID+"/"+id[1])
		}
	}
	require.Fail(t, "the hints do not help")
}

// killProvider ends the provider that serves this stack without a warning.
func (s *stack) killProvider() error {
	pids, err := s.providers()
	for _, pid := range pids {
		err = errors.Join(err, syscall.Kill(pid, syscall.SIGKILL))
	}
	return err
}

// providers are the processes that serve this stack, which the home in their environment tells.
func (s *stack) providers() (pids []int, err error) {
	processes, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil, err
	}
	for _, exe := range processes {
		program, err := os.Readlink(exe)
		if err != nil || program != filepath.Join(checkout.Bin(), sandbox.Provider) {
			continue
		}
		environ, err := os.ReadFile(filepath.Join(filepath.Dir(exe), "environ"))
		if err != nil || !strings.Contains(string(environ), "PULUMI_HOME="+s.Home()+"\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(exe)))
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}
