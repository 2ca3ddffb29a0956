// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// guide are the blocks of the guide in a language.
func guide(t *testing.T, language string) []string {
	t.Helper()
	root, err := toolbox.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "docs", "secrets.md"))
	require.NoError(t, err)
	var blocks []string
	block := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	for _, found := range block.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, found[1])
	}
	require.NotEmpty(t, blocks)
	return blocks
}

// TestTheGuidesProgramsArePrograms: each example of the guide in YAML can be previewed, with the bundle that it
// takes for granted.
func TestTheGuidesProgramsArePrograms(t *testing.T) {
	t.Parallel()
	const bundle = `resources:
  artifacts: { type: "cloudflare-workers:R2Bucket", properties: { name: artifacts } }
  bundle: { type: "cloudflare-workers:WorkerBundle", properties: { bucket: "${artifacts.name}", path: dist } }
`
	c := newCloud(t, &emulator.Server{})
	s := newProgram(t, c, bundle)
	s.file(t, "dist/index.js", script)
	s.file(t, "secrets/tls.key", "key")
	s.file(t, "secrets/token.jwk", `{ "kty": "oct", "k": "a2V5" }`)
	s.file(t, "production/db-password", "password")
	s.file(t, "helper", helper)
	require.NoError(t, os.Chmod(filepath.Join(s.dir, "helper"), 0o700))
	s.pulumi(t, "config", "set", "--path", "cloudflare-workers:secretsGroups.production.directory", "production")
	s.Setenv("UPSTREAM_KEY=u", "SIGNING_KEY=s", "SIGNING_KEY_BEFORE=b", "KEY_PKCS8=a2V5")
	for _, block := range guide(t, "yaml") {
		require.Contains(t, block, "resources:\n")
		s.write(t, strings.Replace(block, "resources:\n", bundle, 1))
		assert.Contains(t, s.pulumi(t, "preview"), "CloudflareWorker api create", block)
	}
}

// TestTheGuidesTypeScriptCompiles: each example of the guide in TypeScript has the right types.
func TestTheGuidesTypeScriptCompiles(t *testing.T) {
	t.Parallel()
	dir, err := checkout.Lay(t.Context(), t.TempDir(), "typescript")
	require.NoError(t, err)
	var text strings.Builder
	text.WriteString("import * as pulumi from \"@pulumi/pulumi\";\nimport * as cf from \"pulumi-cloudflare-workers\";\n" +
		"declare const bundle: cf.WorkerBundle;\n")
	for i, block := range guide(t, "ts") {
		fmt.Fprintf(&text, "export function example%d() {\n%s}\n", i, block)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.ts"), []byte(text.String()), 0o600))
	node, err := toolbox.Node()
	require.NoError(t, err)
	modules, err := toolbox.NodeModules()
	require.NoError(t, err)
	tsc := exec.CommandContext(t.Context(), node, filepath.Join(modules, "typescript", "bin", "tsc"), "--noEmit",
		"--noUnusedLocals", "false")
	tsc.Dir = dir
	said, err := tsc.CombinedOutput()
	require.NoError(t, err, string(said))
}

// TestTheGuidesHelperIsTheTestedOne: the script that the guide shows differs from the tested one in where it looks
// only.
func TestTheGuidesHelperIsTheTestedOne(t *testing.T) {
	t.Parallel()
	for _, block := range guide(t, "sh") {
		if strings.HasPrefix(block, "#!") {
			lines := strings.SplitAfter(helper, "\n")
			assert.True(t, strings.HasPrefix(block, strings.Join(lines[:3], "")), block)
			return
		}
	}
	t.Error("the guide shows no helper")
}
