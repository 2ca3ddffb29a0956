// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// helper is a program of a secrets group, as the guide shows one.
const helper = `#!/bin/sh
[ "$1" = get ] || exit 1
while IFS== read -r key value && [ -n "$key" ]; do case $key in group) group=$value;; name) name=$value;; esac; done
[ "$name" != MISSING ] || exit 1
printf 'by command: %s of %s' "$name" "$group"
`

// sources are secrets from everywhere, and what they stand for.
const sources = `
        ENVIRONMENT: "env:ENGINE_TEST_SECRET"
        FILE: "file:./secrets/file.txt"
        DIRECTORY: "$secrets-group/mounted/token"
        PREFIX: "$secrets-group/prefixed/api-key"
        COMMAND: "$secrets-group/vault/password"
        ANY: "$secrets-group/elsewhere/token"
        LITERAL: "literal:env:NOT_A_REFERENCE"
        CONFIG: "${configured}"
        OUTPUT: "literal:${namespace.namespaceId}"
`

// keys are bindings whose material is a secret.
const keys = `      bindings:
        BYTES:
          secretKey:
            format: raw
            algorithm: { name: HMAC, hash: SHA-256 }
            usages: [sign]
            keyBase64: "file:./secrets/key.base64"
        WEB:
          secretKey:
            format: jwk
            algorithm: { name: HMAC, hash: SHA-256 }
            usages: [sign]
            keyJwk: { kty: oct, k: cHJvZ3JhbSdzIG93biBrZXk }
`

func resolved() map[string]string {
	return map[string]string{
		"ENVIRONMENT": "from the environment", "FILE": "from a file\n", "DIRECTORY": "from a directory",
		"PREFIX": "by prefix", "COMMAND": "by command: password of vault", "ANY": "by any directory",
		"LITERAL": "env:NOT_A_REFERENCE", "CONFIG": "from the configuration",
		"BYTES": "bytes of a key", "WEB": "program's own key",
	}
}

// sourced is a stack of a program with secrets from everywhere.
func sourced(t *testing.T) *stack {
	t.Helper()
	program := strings.Replace(signing, "        KEY: \"key one\"\n        OLD: \"old one\"\n", sources[1:]+keys, 1)
	program = "config: { configured: { type: string, secret: true } }" + program
	program = strings.Replace(program, "  api:\n",
		"  namespace:\n    type: cloudflare-workers:KvNamespace\n    properties: { title: cache }\n  api:\n", 1)
	s := newProgram(t, newCloud(t, running(t)), program)
	s.file(t, "dist/index.js", signer)
	s.file(t, "secrets/file.txt", "from a file\n\n")
	s.file(t, "secrets/mounted/token", "from a directory\n")
	s.file(t, "secrets/key.base64", "Ynl0ZXMgb2Yg\nYSBrZXk=\n") // as base64 wraps its lines
	s.file(t, "secrets/any/elsewhere/token", "by any directory\r\n")
	s.file(t, "helper", helper)
	require.NoError(t, os.Chmod(filepath.Join(s.dir, "helper"), 0o700))
	s.Setenv("ENGINE_TEST_SECRET=from the environment", "ENGINE_TEST_PREFIXED_API_KEY=by prefix")
	s.pulumi(t, "config", "set", "--secret", "configured", "from the configuration")
	const groups = "cloudflare-workers:secretsGroups"
	for path, value := range map[string]string{
		"mounted.directory": "secrets/mounted", "prefixed.envPrefix": "ENGINE_TEST_PREFIXED_",
		"vault.command[0]": "./helper", `["*"].directory`: "secrets/any",
	} {
		if !strings.HasPrefix(path, "[") {
			path = "." + path
		}
		s.pulumi(t, "config", "set", "--path", groups+path, value)
	}
	return s
}

// everywhere asserts that each value has arrived.
func (s *stack) everywhere(t *testing.T, others map[string]string) {
	t.Helper()
	want := resolved()
	id, ok := s.resources(t)["namespace"].Outputs["namespaceId"].(string)
	require.True(t, ok)
	want["OUTPUT"] = id
	maps.Copy(want, others)
	s.signs(t, "", "ours", want)
}

// TestSecretsComeFromEverywhere: every kind of reference gives its value to the Worker, and its value only: what
// changes behind a reference is seen by the next preview. A plan that was reviewed is kept.
func TestSecretsComeFromEverywhere(t *testing.T) {
	t.Parallel()
	s := sourced(t)
	plan := filepath.Join(t.TempDir(), "plan.json")
	preview := s.pulumi(t, "preview", "--diff", "--save-plan", plan)
	assert.Regexp(t, `secrets +: \[unknown\]`, preview, "in YAML one unknown value hides the whole map")
	s.up(t, "--plan", plan)
	s.everywhere(t, nil)
	s.unchanged(t)
	saved, err := os.ReadFile(plan)
	require.NoError(t, err)
	state := s.pulumi(t, "stack", "export", "--show-secrets")
	for name, value := range resolved() {
		if name != "CONFIG" { // which Pulumi holds itself, encrypted
			assert.NotContains(t, string(saved), strings.TrimSpace(value), name)
		}
		assert.NotContains(t, state, strings.TrimSpace(value), name)
	}

	s.file(t, "secrets/mounted/token", "rotated")
	s.Setenv("ENGINE_TEST_SECRET=rotated, too")
	s.edit(t, "helper", "by command: ", "by another command: ")
	preview = s.pulumi(t, "preview", "--diff", "--save-plan", plan)
	for _, name := range []string{"DIRECTORY  ", "ENVIRONMENT", "COMMAND    "} {
		assert.Contains(t, preview, "~ "+name+": [secret] => [secret]")
	}
	assert.Equal(t, 3, strings.Count(preview, "[secret] => [secret]"))
	s.up(t, "--plan", plan)
	s.everywhere(t, map[string]string{
		"DIRECTORY": "rotated", "ENVIRONMENT": "rotated, too", "COMMAND": "by another command: password of vault",
	})
	s.unchanged(t)

	s.pulumi(t, "preview", "--save-plan", plan)
	s.file(t, "secrets/mounted/token", "rotated after the plan")
	said := s.refused(t, "up", "--yes", "--skip-preview", "--plan", plan)
	assert.Contains(t, said, "violates plan")
	assert.NotContains(t, said, "rotated after the plan")

	s.edit(t, "Pulumi.yaml", "/password", "/MISSING")
	said = s.refused(t, "preview")
	assert.Contains(t, said, "secrets.COMMAND")
	assert.Contains(t, said, `ask the program "./helper" for "MISSING" of the secrets group "vault"`)
}

// TestSecretsAreOfTheirProvider: a provider that the program makes has groups of its own, in a process of its own,
// and a target is updated without the others.
func TestSecretsAreOfTheirProvider(t *testing.T) {
	t.Parallel()
	s := sourced(t)
	s.edit(t, "Pulumi.yaml", "  namespace:\n", `  other:
    type: pulumi:providers:cloudflare-workers
    properties: { secretsGroups: { mounted: { directory: secrets/other }, "*": { command: [./helper] } } }
  second:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: second
      bundle: ${bundle.reference}
      compatibilityDate: "2026-11-01"
      secrets: { A: $secrets-group/mounted/token, B: $secrets-group/more/password }
    options: { provider: "${other}" }
  namespace:
`)
	s.file(t, "secrets/other/token", "of the other one")
	s.up(t)
	s.everywhere(t, nil)
	s.unchanged(t)

	s.file(t, "secrets/other/token", "of the other one, rotated")
	s.file(t, "secrets/mounted/token", "rotated")
	before := s.cloud.Dump()
	s.up(t, "--target", s.resources(t)["second"].URN)
	assert.NotEqual(t, before, s.cloud.Dump())
	s.everywhere(t, nil)
	s.up(t)
	s.everywhere(t, map[string]string{"DIRECTORY": "rotated"})
	s.unchanged(t)
}

// TestAnImportLearnsTheSecrets: after an import nothing is known of values, so the next up sends all of them.
func TestAnImportLearnsTheSecrets(t *testing.T) {
	t.Parallel()
	first := signed(t)
	first.cloud.wrangler(t, first.dir, "stolen", "secret", "put", "KEY", "--name", "api")
	made := first.resources(t)
	second := newProgram(t, first.cloud, signing)
	second.file(t, "dist/index.js", signer)
	for _, name := range []string{"artifacts", "bundle", "api"} {
		second.adopt(t, made[name].Type, name, made[name].ID)
	}
	second.up(t)
	second.signs(t, "", "ours", one())
	second.unchanged(t)
}
