// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// makeStore makes the account's store with Cloudflare's own tool, as somebody does once for each account.
func (c *cloud) makeStore(t *testing.T) (id string) {
	t.Helper()
	said := c.wrangler(t, t.TempDir(), "", "secrets-store", "store", "create", "default_secrets_store", "--remote")
	made := regexp.MustCompile(`ID: ([0-9a-f]{32})`).FindStringSubmatch(said)
	require.NotNil(t, made, said)
	return made[1]
}

// TestTheSecretsStoreExampleLives takes a secret in Secrets Store, and a Worker that is bound to it, from the first
// preview to nothing. What the Worker computes shows which value it has.
func TestTheSecretsStoreExampleLives(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"yaml", "typescript"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, running(t))
			store := c.makeStore(t)
			empty := c.Dump()
			dir, err := checkout.Lay(t.Context(), t.TempDir(), "secrets-store/"+language)
			require.NoError(t, err)
			checkTypes(t, filepath.Join(dir, "..", "worker"))
			s := newStack(t, c, dir)
			s.pulumi(t, "config", "set", "storeId", store)
			s.pulumi(t, "config", "set", "--secret", "signingKey", "open sesame")

			s.pulumi(t, "preview")
			s.up(t)
			s.signsWith(t, "open sesame")
			s.unchanged(t)
			s.up(t, "--expect-no-changes")
			s.refresh(t, "--expect-no-changes")

			s.pulumi(t, "config", "set", "--secret", "signingKey", "close sesame")
			c.Calls()
			s.up(t)
			calls := c.Calls()
			require.Len(t, calls, 1, "the Worker is not deployed anew")
			assert.Regexp(t, `^PATCH .*/secrets_store/stores/`+store+`/secrets/[0-9a-f]{32}$`, calls[0])
			s.signsWith(t, "close sesame")

			id := s.resources(t)["key"].ID
			c.wrangler(t, dir, "", "secrets-store", "secret", "update", store, "--secret-id", id[strings.LastIndex(id, "/")+1:],
				"--value", "theirs", "--remote")
			s.signsWith(t, "theirs")
			s.refresh(t)
			assert.Regexp(t, `"changed elsewhere: secret [0-9a-f]{32}, modified on [-0-9: ]{16} UTC" => \[secret\]`,
				s.pulumi(t, "preview", "--diff"))
			s.up(t)
			s.signsWith(t, "close sesame")

			for _, value := range []string{"open sesame", "close sesame"} {
				assert.NotContains(t, s.pulumi(t, "stack", "export", "--show-secrets"), value)
			}
			s.destroy(t)
			assert.Equal(t, empty, c.Dump(), "something is left")
		})
	}
}

// signsWith asserts that the Worker signs with key.
func (s *stack) signsWith(t *testing.T, key string) {
	t.Helper()
	url, ok := s.outputs(t)["url"].(string)
	require.True(t, ok)
	status, body := s.cloud.get(t, url+"/hello")
	require.Equal(t, http.StatusOK, status, body)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("/hello"))
	assert.Equal(t, hex.EncodeToString(mac.Sum(nil)), body)
}
