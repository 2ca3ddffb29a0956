// SPDX-License-Identifier: Apache-2.0

package toolbox_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

func TestEveryToolStarts(t *testing.T) {
	t.Parallel()
	single := func(tool func() (string, error)) func() ([]string, error) {
		return func() ([]string, error) {
			path, err := tool()
			return []string{path}, err
		}
	}
	for name, test := range map[string]struct {
		tool func() ([]string, error)
		flag string
		says string
	}{
		"pulumi":     {single(toolbox.Pulumi), "version", `^v3\.\d+\.\d+\n`},
		"node":       {single(toolbox.Node), "--version", `^v(2[2-9]|[3-9]\d)\.`},
		"python":     {single(toolbox.Python), "--version", `^Python 3\.`},
		"workerd":    {single(toolbox.Workerd), "--version", `^workerd \d{4}-\d\d-\d\d`},
		"esbuild":    {single(toolbox.Esbuild), "--version", `^0\.\d+\.\d+`},
		"actionlint": {single(toolbox.Actionlint), "-version", `^v?1\.\d+\.\d+`},
		"versitygw":  {single(toolbox.Versitygw), "--help", `S3`},
		"wrangler":   {toolbox.Wrangler, "--version", `4\.\d+\.\d+`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command, err := test.tool()
			require.NoError(t, err)
			command = append(command, test.flag)
			out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).Output()
			require.NoError(t, err)
			assert.Regexp(t, test.says, string(out))
		})
	}
}

func TestEnvironFindsTheToolsByName(t *testing.T) {
	t.Parallel()
	env, err := toolbox.Environ()
	require.NoError(t, err)
	which := exec.CommandContext(t.Context(), "sh", "-c", "command -v pulumi; command -v node")
	which.Env = env
	out, err := which.Output()
	require.NoError(t, err)
	pulumi, err := toolbox.Pulumi()
	require.NoError(t, err)
	node, err := toolbox.Node()
	require.NoError(t, err)
	assert.Equal(t, pulumi+"\n"+node+"\n", string(out))
}
