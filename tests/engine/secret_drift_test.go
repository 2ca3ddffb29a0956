// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signing is a program whose Worker signs what it is asked for with each of its secrets.
const signing = `
resources:
  artifacts:
    type: cloudflare-workers:R2Bucket
    properties: { name: artifacts, forceDestroy: true }
  bundle:
    type: cloudflare-workers:WorkerBundle
    properties: { bucket: "${artifacts.name}", path: dist }
  api:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: api
      bundle: ${bundle.reference}
      compatibilityDate: "2026-11-01"
      secrets:
        KEY: "key one"
        OLD: "old one"
      workersDev: { enabled: true }
outputs:
  version: ${api.versionId}
`

const signer = `
const encoder = new TextEncoder();
export default {
  async fetch(request, env) {
    const path = encoder.encode(new URL(request.url).pathname);
    const answer = { code: "ours" };
    for (const [name, value] of Object.entries(env)) {
      const algorithm = { name: "HMAC", hash: "SHA-256" };
      const key = value instanceof CryptoKey ? value :
        await crypto.subtle.importKey("raw", encoder.encode(value), algorithm, false, ["sign"]);
      const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, path));
      answer[name] = Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    return Response.json(answer);
  },
};
`

// signatures are what a Worker with these secrets answers.
func signatures(code string, secrets map[string]string) string {
	answer := map[string]string{"code": code}
	for name, value := range secrets {
		mac := hmac.New(sha256.New, []byte(value))
		mac.Write([]byte("/to/be/signed"))
		answer[name] = hex.EncodeToString(mac.Sum(nil))
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// signs asserts what the Worker's secrets make it compute. version chooses the one that answers, "" leaves it to
// chance.
func (s *stack) signs(t *testing.T, version, code string, secrets map[string]string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.cloud.front.URL+"/to/be/signed", nil)
	require.NoError(t, err)
	req.Host = "api.emulator.workers.dev"
	if version != "" {
		req.Header.Set("Cloudflare-Workers-Version-Overrides", `api="`+version+`"`)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(body))
	assert.JSONEq(t, signatures(code, secrets), string(body))
}

// one is what the program's secrets are at first.
func one() map[string]string { return map[string]string{"KEY": "key one", "OLD": "old one"} }

// signed is a stack of the program above, deployed on workerd.
func signed(t *testing.T) *stack {
	t.Helper()
	s := newProgram(t, newCloud(t, running(t)), signing)
	s.file(t, "dist/index.js", signer)
	s.up(t)
	s.signs(t, "", "ours", one())
	return s
}

// uploads makes wrangler upload a version with other code and returns its id.
func (s *stack) uploads(t *testing.T) string {
	t.Helper()
	s.file(t, "theirs/index.js", strings.Replace(signer, `"ours"`, `"theirs"`, 1))
	said := s.cloud.wrangler(t, s.dir, "", "versions", "upload", "theirs/index.js", "--name", "api",
		"--compatibility-date", "2026-11-01")
	_, id, found := strings.Cut(said, "Worker Version ID: ")
	require.True(t, found, said)
	return strings.TrimSpace(strings.SplitN(id, "\n", 2)[0])
}

// TestDriftOfSecretsIsNamedAndRepaired: what somebody does to secrets with wrangler shows in a refresh by name,
// with who, when and through what; the next up repairs it, and the Worker computes with the right values again.
func TestDriftOfSecretsIsNamedAndRepaired(t *testing.T) {
	t.Parallel()
	for name, drift := range map[string]struct {
		act   func(t *testing.T, s *stack)
		after map[string]string // what the Worker has besides what the program says, once it is repaired
	}{
		"put": {act: func(t *testing.T, s *stack) {
			s.cloud.wrangler(t, s.dir, "stolen", "secret", "put", "KEY", "--name", "api")
			s.signs(t, "", "ours", map[string]string{"KEY": "stolen", "OLD": "old one"})
		}},
		"put by others": {act: func(t *testing.T, s *stack) {
			s.cloud.wrangler(t, s.dir, "theirs", "secret", "put", "THEIRS", "--name", "api")
		}, after: map[string]string{"THEIRS": "theirs"}},
		"delete": {act: func(t *testing.T, s *stack) {
			s.cloud.wrangler(t, s.dir, "y\n", "secret", "delete", "KEY", "--name", "api")
			s.signs(t, "", "ours", map[string]string{"OLD": "old one"})
		}},
		"bulk": {act: func(t *testing.T, s *stack) {
			s.file(t, "bulk.json", `{"KEY":"bulk","OLD":"bulk"}`)
			s.cloud.wrangler(t, s.dir, "", "secret", "bulk", "bulk.json", "--name", "api")
			s.signs(t, "", "ours", map[string]string{"KEY": "bulk", "OLD": "bulk"})
		}},
		"rollback": {act: func(t *testing.T, s *stack) {
			first := s.version(t)
			s.edit(t, "Pulumi.yaml", "OLD: ", "MORE: more\n        OLD: ")
			s.edit(t, "dist/index.js", "const path", "/* two */ const path")
			s.up(t)
			s.cloud.wrangler(t, s.dir, "", "rollback", first, "--name", "api", "--yes", "--message", "back")
			s.signs(t, "", "ours", one())
		}, after: map[string]string{"MORE": "more"}},
		"version deployed": {act: func(t *testing.T, s *stack) {
			theirs := s.uploads(t)
			s.cloud.wrangler(t, s.dir, "", "versions", "deploy", theirs+"@100%", "--name", "api", "--yes")
			s.signs(t, "", "theirs", one())
		}},
		"version with a secret deployed": {act: func(t *testing.T, s *stack) {
			said := s.cloud.wrangler(t, s.dir, "stolen", "versions", "secret", "put", "KEY", "--name", "api")
			_, id, found := strings.Cut(said, "Created version ")
			require.True(t, found, said)
			id, _, _ = strings.Cut(id, " ")
			s.cloud.wrangler(t, s.dir, "", "versions", "deploy", id+"@100%", "--name", "api", "--yes")
			s.signs(t, "", "ours", map[string]string{"KEY": "stolen", "OLD": "old one"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := signed(t)
			drift.act(t, s)
			var text strings.Builder
			text.WriteString(s.pulumi(t, "refresh", "--preview-only", "--diff"))
			s.refresh(t)
			text.WriteString(s.pulumi(t, "preview", "--diff"))
			golden(t, "secret drift/"+name+".txt", normal(text.String()))
			s.up(t)
			want := one()
			maps.Copy(want, drift.after)
			s.signs(t, "", "ours", want)
			s.unchanged(t)
			s.refresh(t, "--expect-no-changes")
		})
	}
}

// TestARotationLeavesTheRolloutOfOthers: secrets that change while somebody else's version has a share of the traffic
// change in both versions, and the shares stay.
func TestARotationLeavesTheRolloutOfOthers(t *testing.T) {
	t.Parallel()
	s := signed(t)
	ours, theirs := s.version(t), s.uploads(t)
	s.cloud.wrangler(t, s.dir, "", "versions", "deploy", ours+"@90%", theirs+"@10%", "--name", "api", "--yes")
	s.edit(t, "Pulumi.yaml", "      workersDev: { enabled: true }",
		"      workersDev: { enabled: true }\n    options: { ignoreChanges: [traffic] }")
	s.unchanged(t)
	s.edit(t, "Pulumi.yaml", "key one", "key two")
	s.up(t)
	two := map[string]string{"KEY": "key two", "OLD": "old one"}
	split := func() (mine, other string) {
		traffic, ok := s.resources(t)["api"].Outputs["traffic"].(map[string]any)
		require.True(t, ok)
		require.Len(t, traffic, 2)
		mine = s.version(t)
		for version, share := range traffic {
			if version == mine {
				assert.InDelta(t, 90, share, 0)
			} else {
				other = version
				assert.InDelta(t, 10, share, 0)
			}
		}
		assert.NotContains(t, []string{ours, theirs}, mine)
		assert.NotContains(t, []string{ours, theirs}, other)
		return mine, other
	}
	mine, other := split()
	s.signs(t, mine, "ours", two)
	s.signs(t, other, "theirs", two)
	s.unchanged(t)
	s.refresh(t, "--expect-no-changes")

	// Now the latest version is ours, and Cloudflare derives nothing from any other.
	s.edit(t, "Pulumi.yaml", "key two", "key three")
	said := s.up(t)
	assert.Contains(t, said, "were deployed elsewhere keep the secrets they have: "+other+" (10 %)")
	mine = s.version(t)
	three := map[string]string{"KEY": "key three", "OLD": "old one"}
	s.signs(t, mine, "ours", three)
	s.signs(t, other, "theirs", two)

	s.edit(t, "Pulumi.yaml", "    options: { ignoreChanges: [traffic] }\n", "")
	golden(t, "secret drift/rollout ended.txt", normal(s.pulumi(t, "preview", "--diff")))
	s.up(t)
	s.signs(t, "", "ours", three)
	s.unchanged(t)
}

// TestARotationLeavesAVersionThatWaits: what somebody has uploaded and not deployed is not deployed by a rotation.
func TestARotationLeavesAVersionThatWaits(t *testing.T) {
	t.Parallel()
	s := signed(t)
	s.uploads(t)
	s.cloud.wrangler(t, s.dir, "waits", "versions", "secret", "put", "KEY", "--name", "api")
	s.edit(t, "Pulumi.yaml", "key one", "key two")
	s.up(t)
	s.signs(t, "", "ours", map[string]string{"KEY": "key two", "OLD": "old one"})
	s.unchanged(t)
	s.refresh(t, "--expect-no-changes")
}
