// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// TestTheCLIAcceptsTheSchema: `pulumi schema check` knows more rules than the generators, and says nothing.
func TestTheCLIAcceptsTheSchema(t *testing.T) {
	t.Parallel()
	pulumi, err := toolbox.Pulumi()
	require.NoError(t, err)
	check := exec.CommandContext(t.Context(), pulumi, "schema", "check", "schema.json")
	check.Dir = "../.."
	check.Env = append(check.Environ(), "PULUMI_HOME="+t.TempDir(), "PULUMI_SKIP_UPDATE_CHECK=true")
	said, err := check.CombinedOutput()
	require.NoError(t, err, string(said))
	assert.Empty(t, string(said))
}
