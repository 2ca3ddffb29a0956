// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tokenIDs is a TokenIDCache in memory.
type tokenIDs struct {
	mu  sync.Mutex
	ids map[string]string
}

func (m *tokenIDs) TokenID(token string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, ok := m.ids[token]
	return id, ok
}

func (m *tokenIDs) SetTokenID(token, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids[token] = id
}

// keysOf returns a handler that answers token verification as the status says, and
// notes the access key ids of all other requests.
func keysOf(t *testing.T, verifications *atomic.Int32, status int, result string, keys *sync.Map) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/tokens/verify") {
			verifications.Add(1)
			reply(w, status, result)
			return
		}
		_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		id, _, _ := strings.Cut(rest, "/")
		keys.Store(id, true)
	}
}

func TestKeysAreDerivedOnce(t *testing.T) {
	t.Parallel()
	var verifications atomic.Int32
	var keys sync.Map
	c := serve(t, keysOf(t, &verifications, http.StatusOK, `{"id":"t1","status":"active"}`, &keys))
	c.R2AccessKeyID, c.R2SecretAccessKey = "", ""
	cache := &tokenIDs{ids: map[string]string{}}
	c.TokenIDs = cache

	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { assert.NoError(t, head(t.Context(), c)) })
	}
	group.Wait()
	assert.Equal(t, int32(1), verifications.Load())
	assert.Equal(t, map[string]string{testToken: "t1"}, cache.ids)
	_, used := keys.Load("t1")
	assert.True(t, used, "the token's id is the access key id")

	next := serve(t, keysOf(t, &verifications, http.StatusForbidden, `[]`, &keys))
	next.R2AccessKeyID, next.R2SecretAccessKey, next.TokenIDs = "", "", cache
	require.NoError(t, head(t.Context(), next))
	assert.Equal(t, int32(1), verifications.Load(), "another process with the same cache asks no more")
}

func TestAFailedDerivationIsTriedAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasSuffix(r.URL.Path, "/tokens/verify"):
		case calls.Add(1) <= 2: // as a user's token, and as an account's
			reply(w, http.StatusUnauthorized, `[{"code":1000,"message":"Invalid API Token"}]`)
		default:
			reply(w, http.StatusOK, `{"id":"t1","status":"active"}`)
		}
	})
	c.R2AccessKeyID, c.R2SecretAccessKey = "", ""
	err := head(t.Context(), c)
	onlyKind(t, ErrDenied, err)
	require.EqualError(t, err,
		"verify the API token: denied (HTTP 401): Invalid API Token [code 1000] [ray 8f00ba4-AMS]")
	require.NoError(t, head(t.Context(), c))
}

func TestATokenMayBelongToAnAccount(t *testing.T) {
	t.Parallel()
	var paths []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		if r.URL.Path == "/client/v4/user/tokens/verify" {
			reply(w, http.StatusUnauthorized, `[{"code":1000,"message":"Invalid API Token"}]`)
			return
		}
		reply(w, http.StatusOK, `{"id":"t2","status":"active"}`)
	})
	id, err := c.TokenID(t.Context(), testAccount)
	require.NoError(t, err)
	assert.Equal(t, "t2", id)
	assert.Equal(t, []string{
		"/client/v4/user/tokens/verify", "/client/v4/accounts/" + testAccount + "/tokens/verify",
	}, paths)

	_, err = c.TokenID(t.Context(), "")
	onlyKind(t, ErrDenied, err)
	assert.Len(t, paths, 3, "without an account there is nothing else to ask")
}

func TestOnlyADenialIsAskedAboutTwice(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		reply(w, http.StatusBadRequest, `[]`)
	})
	_, err := c.TokenID(t.Context(), testAccount)
	onlyKind(t, ErrInvalid, err)
	assert.Equal(t, int32(1), calls.Load())
}

func TestATokenMustBeActive(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"disabled", "expired"} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, `{"id":"t1","status":"`+status+`"}`)
		})
		_, err := c.TokenID(t.Context(), testAccount)
		onlyKind(t, ErrDenied, err)
		assert.ErrorContains(t, err, "the API token is "+status)
	}
}

func TestTheSecretKeyIsTheTokensDigest(t *testing.T) {
	t.Parallel()
	assert.Equal(t, sampleSHA256, secretAccessKey("hello"))
	assert.Empty(t, secretAccessKey(""))
}

func TestGivenKeysAreUsed(t *testing.T) {
	t.Parallel()
	var verifications atomic.Int32
	var keys sync.Map
	c := serve(t, keysOf(t, &verifications, http.StatusForbidden, `[]`, &keys))
	require.NoError(t, head(t.Context(), c))
	assert.Zero(t, verifications.Load())
	_, used := keys.Load("key")
	assert.True(t, used)
}
