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
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// guide are the blocks in a language of the pages whose code is written by hand, and of the descriptions of resources.
func guide(t *testing.T, language string) []string {
	t.Helper()
	root, err := toolbox.Root()
	require.NoError(t, err)
	pages := []string{filepath.Join(root, "docs", "secrets.md")}
	for _, dir := range []string{"provider/doc", "provider/component/doc"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*.md"))
		require.NoError(t, err)
		require.NotEmpty(t, found)
		pages = append(pages, found...)
	}
	var blocks []string
	block := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, found := range block.FindAllStringSubmatch(string(text), -1) {
			blocks = append(blocks, found[1])
		}
	}
	require.NotEmpty(t, blocks)
	return blocks
}

// TestTheGuidesProgramsArePrograms: all examples in YAML can be previewed, as one program, with the bundle that many
// of them take for granted.
func TestTheGuidesProgramsArePrograms(t *testing.T) {
	t.Parallel()
	const bundle = `resources:
  artifacts: { type: "cloudflare-workers:R2Bucket", properties: { name: artifacts } }
  bundle: { type: "cloudflare-workers:WorkerBundle", properties: { bucket: "${artifacts.name}", path: dist } }
`
	c := newCloud(t, &emulator.Server{})
	s := newProgram(t, c, bundle)
	s.file(t, "dist/index.js", script)
	s.file(t, "public/index.html", "")
	s.file(t, "migrations/0001_first.sql", "CREATE TABLE a (b);")
	s.file(t, "wrangler.jsonc", wranglerFile)
	s.file(t, "worker.yaml", manifestFile)
	s.file(t, "secrets/tls.key", "key")
	s.file(t, "secrets/token.jwk", `{ "kty": "oct", "k": "a2V5" }`)
	s.file(t, "production/db-password", "password")
	s.file(t, "helper", helper)
	require.NoError(t, os.Chmod(filepath.Join(s.dir, "helper"), 0o700))
	s.pulumi(t, "config", "set", "--path", "cloudflare-workers:secretsGroups.production.directory", "production")
	s.Setenv("UPSTREAM_KEY=u", "SIGNING_KEY=s", "SIGNING_KEY_BEFORE=b", "KEY_PKCS8=a2V5")
	program := joined{program: decoded(t, bundle)}
	blocks := append(guide(t, "yaml"), snippets(t)...)
	require.Greater(t, len(blocks), 25)
	for _, block := range blocks {
		program.add(t, block)
	}
	s.write(t, program.text(t))
	said := s.pulumi(t, "preview")
	require.Greater(t, len(program.names), 40)
	for _, name := range program.names {
		assert.Regexp(t, `\b`+name+` +create`, said)
	}
}

// TestTheGuidesTypeScriptCompiles: each example in TypeScript has the right types, strictly, and so have the program
// and the file beside it from which the pages take theirs.
func TestTheGuidesTypeScriptCompiles(t *testing.T) {
	t.Parallel()
	dir, err := checkout.Lay(t.Context(), t.TempDir(), "typescript")
	require.NoError(t, err)
	var text strings.Builder
	text.WriteString("import * as pulumi from \"@pulumi/pulumi\";\nimport * as cf from \"pulumi-cloudflare-workers\";\n" +
		"declare const bundle: cf.WorkerBundle;\n")
	blocks := append(guide(t, "ts"), guide(t, "typescript")...)
	imports := regexp.MustCompile(`(?m)^import .*\n`)
	for i, block := range blocks {
		block = strings.ReplaceAll(imports.ReplaceAllString(block, ""), "export const", "const")
		fmt.Fprintf(&text, "export async function example%d() {\n%s}\n", i, block)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "guide.ts"), []byte(text.String()), 0o600))
	require.NoError(t, sandbox.Replace(filepath.Join(dir, "tsconfig.json"),
		`"snippets.ts"]`, `"snippets.ts", "guide.ts"]`))
	node, err := toolbox.Node()
	require.NoError(t, err)
	modules, err := toolbox.NodeModules()
	require.NoError(t, err)
	tsc := exec.CommandContext(t.Context(), node, filepath.Join(modules, "typescript", "bin", "tsc"), "--noEmit",
		"--strict", "--noUnusedLocals", "false")
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
