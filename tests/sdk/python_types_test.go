// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// rules are what mypy checks: a program strictly, the SDK without what Pulumi's generator itself writes and mypy
// objects to. Those are functions without types, `Output.secret` and `Output.from_input` of values that may be none
// (arg-type), the dictionary in which a function collects its arguments (assignment), and all of `_utilities.py`.
const rules = `[mypy]
strict = True
[mypy-pulumi_cloudflare_workers.*]
disallow_untyped_defs = False
disallow_incomplete_defs = False
disallow_untyped_calls = False
disallow_any_generics = False
warn_return_any = False
disable_error_code = arg-type, assignment
[mypy-pulumi_cloudflare_workers._utilities]
ignore_errors = True
`

// TestPythonIsTyped: the SDK's types are sound, the example keeps to them, and a mistake in it is found.
func TestPythonIsTyped(t *testing.T) {
	t.Parallel()
	root, err := toolbox.Root()
	require.NoError(t, err)
	python, err := toolbox.Python()
	require.NoError(t, err)
	example, err := os.ReadFile(filepath.Join(root, "examples", "python", "__main__.py"))
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mypy.ini"), []byte(rules), 0o600))
	mypy := func(program string) (string, error) {
		// Pulumi's generator gives an output of an object another type than an input of it, though it is one.
		program = strings.Replace(program, "bundle=bundle.reference", "bundle=cast(Any, bundle.reference)", 1)
		program = "from typing import Any, cast\n" + program
		require.NoError(t, os.WriteFile(filepath.Join(dir, "program.py"), []byte(program), 0o600))
		cmd := exec.CommandContext(t.Context(), python, "-m", "mypy", "program.py")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "MYPYPATH="+filepath.Join(root, "sdk", "python"))
		said, err := cmd.CombinedOutput()
		return string(said), err
	}
	said, err := mypy(string(example))
	require.NoError(t, err, said)
	for right, wrong := range map[string]string{
		`"2026-11-01"`:       `20261101`,
		`{"enabled": True}`:  `{"enabeld": True}`,
		`hello.urls`:         `hello.addresses`,
		`force_destroy=True`: `force_delete=True`,
		`{"kv_namespace": {`: `{"kv_namespaces": {`,
	} {
		require.Contains(t, string(example), right)
		said, err := mypy(strings.Replace(string(example), right, wrong, 1))
		require.Error(t, err, wrong)
		assert.Contains(t, said, "program.py:", wrong)
	}
}
