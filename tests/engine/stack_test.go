// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
)

// A stack is a program, its stack and the cloud that it is deployed to.
type stack struct {
	*sandbox.Stack

	cloud *cloud
	dir   string // of the program
}

// newStack makes a stack of the project in dir.
func newStack(t *testing.T, c *cloud, dir string, env ...string) *stack {
	t.Helper()
	state := t.TempDir()
	own := append(c.variables(), "CLOUDFLARE_WORKERS_CACHE_DIR="+filepath.Join(state, "cache"))
	s, err := sandbox.NewStack(t.Context(), dir, state, append(own, env...)...)
	require.NoError(t, err)
	return &stack{Stack: s, cloud: c, dir: dir}
}

// newProgram makes a stack of a program in YAML, which is its resources and outputs.
func newProgram(t *testing.T, c *cloud, program string) *stack {
	t.Helper()
	s := &stack{dir: t.TempDir()}
	s.write(t, program)
	return newStack(t, c, s.dir)
}

// write makes program what the stack consists of.
func (s *stack) write(t *testing.T, program string) {
	t.Helper()
	head := "name: test\nruntime: yaml\nplugins: {providers: [{name: cloudflare-workers, path: " + checkout.Bin() + "}]}\n"
	s.file(t, "Pulumi.yaml", head+program)
}

// file writes a file of the program.
func (s *stack) file(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// pulumi runs a command that must succeed.
func (s *stack) pulumi(t *testing.T, args ...string) string {
	t.Helper()
	said, err := s.Pulumi(t.Context(), args...)
	require.NoError(t, err)
	return said
}

// refused runs a command that must fail and returns what it said.
func (s *stack) refused(t *testing.T, args ...string) string {
	t.Helper()
	said, err := s.Pulumi(t.Context(), args...)
	require.Error(t, err, said)
	return said
}

func (s *stack) up(t *testing.T, args ...string) string {
	t.Helper()
	return s.pulumi(t, append([]string{"up", "--yes", "--skip-preview"}, args...)...)
}

func (s *stack) refresh(t *testing.T, args ...string) string {
	t.Helper()
	return s.pulumi(t, append([]string{"refresh", "--yes", "--skip-preview"}, args...)...)
}

func (s *stack) destroy(t *testing.T) string {
	t.Helper()
	return s.pulumi(t, "destroy", "--yes", "--skip-preview")
}

// adopt imports what is there.
func (s *stack) adopt(t *testing.T, token, name, id string) {
	t.Helper()
	s.pulumi(t, "import", token, name, id,
		"--yes", "--skip-preview", "--protect=false", "--generate-code=false")
}

// unchanged asserts that the program and the state agree, which costs no request.
func (s *stack) unchanged(t *testing.T) {
	t.Helper()
	s.cloud.Calls()
	s.pulumi(t, "preview", "--expect-no-changes")
	assert.Empty(t, s.cloud.Calls(), "requests of a preview of what is unchanged")
}

// outputs are the stack's, with secrets.
func (s *stack) outputs(t *testing.T) map[string]any {
	t.Helper()
	var all map[string]any
	require.NoError(t, s.JSON(t.Context(), &all, "stack", "output", "--json", "--show-secrets"))
	return all
}

// A resource is one as the state has it.
type resource struct {
	URN, ID, Type   string
	Inputs, Outputs map[string]any
}

// resources are those of the state, by name, without the stack itself and its providers.
func (s *stack) resources(t *testing.T, args ...string) map[string]resource {
	t.Helper()
	var state struct {
		Deployment struct{ Resources []resource }
	}
	require.NoError(t, s.JSON(t.Context(), &state, append([]string{"stack", "export"}, args...)...))
	byName := map[string]resource{}
	for _, r := range state.Deployment.Resources {
		if !strings.HasPrefix(r.Type, "pulumi:") {
			byName[r.URN[strings.LastIndex(r.URN, "::")+2:]] = r
		}
	}
	return byName
}
