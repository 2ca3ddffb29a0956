// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// someFile is a file to upload.
func someFile(hash, content string) AssetFile {
	return AssetFile{
		Hash: hash, ContentType: "text/plain; charset=utf-8", Size: int64(len(content)),
		Content: func() ([]byte, error) { return []byte(content), nil },
	}
}

func TestAssetsAreSentExactlySo(t *testing.T) {
	t.Parallel()
	sendExactly(t, []request{
		{
			name: "StartAssetUpload", answer: `{"jwt":"session","buckets":[["aa","bb"],["cc"]]}`,
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.StartAssetUpload(ctx, testAccount, "api", map[string]AssetEntry{"/index.html": {Hash: "aa", Size: 4}})
			},
			want: AssetSession{JWT: "session", Buckets: [][]string{{"aa", "bb"}, {"cc"}}},
		},
		{
			name: "UploadAssets", answer: `{"jwt":"completion"}`,
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.UploadAssets(ctx, testAccount, "session", []AssetFile{someFile("aa", "home"), someFile("bb", "")})
			},
			want: "completion",
		},
		{
			name: "UploadAssets, more to come", answer: `{}`,
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.UploadAssets(ctx, testAccount, "session", []AssetFile{someFile("cc", "x")})
			},
			want: "",
		},
	}, "assets.txt")
}

func TestAnAssetIsReadForEachAttempt(t *testing.T) {
	t.Parallel()
	attempts, reads := 0, 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Contains(t, string(body), "aG9tZQ==")
		assert.Equal(t, r.ContentLength, int64(len(body)))
		if attempts++; attempts == 1 {
			reply(w, http.StatusServiceUnavailable, `[]`)
			return
		}
		reply(w, http.StatusCreated, `{"jwt":"completion"}`)
	})
	file := someFile("aa", "home")
	file.Content = func() ([]byte, error) {
		reads++
		return []byte("home"), nil
	}
	jwt, err := c.UploadAssets(t.Context(), testAccount, "session", []AssetFile{file})
	require.NoError(t, err)
	assert.Equal(t, "completion", jwt)
	assert.Equal(t, 2, attempts)
	assert.Equal(t, 2, reads)
}

func TestAnAssetThatCannotBeReadIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // it breaks off
		reply(w, http.StatusCreated, `{"jwt":"completion"}`)
	})
	changed := errors.New("the file has changed")
	reads := 0
	file := someFile("aa", strings.Repeat("x", 1<<16))
	file.Content = func() ([]byte, error) {
		reads++
		return nil, changed
	}
	_, err := c.UploadAssets(t.Context(), testAccount, "session", []AssetFile{file})
	require.ErrorIs(t, err, changed)
	assert.Equal(t, 1, reads)
}

func TestASessionWithoutATokenIsNone(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, `null`) })
	_, err := c.StartAssetUpload(t.Context(), testAccount, "api", nil)
	require.ErrorIs(t, err, ErrUnknown)
	assert.ErrorContains(t, err, "the response has no token of the upload")
}

func TestATokenOfASessionIsNotPrinted(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusBadRequest, `[{"code":10021,"message":"bad token session-token"}]`)
	})
	_, err := c.UploadAssets(t.Context(), testAccount, "session-token", []AssetFile{someFile("aa", "x")})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "session-token")
	up := Upload{MainModule: "a.js", Assets: &Assets{JWT: "session-token"}}
	up.Modules = []Module{{Name: "a.js", ContentType: "text/javascript"}}
	_, err = c.PutScript(t.Context(), testAccount, "api", up)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "session-token")
}

func TestAnUploadSaysWhatBecomesOfTheAssets(t *testing.T) {
	t.Parallel()
	metadata := func(a *Assets, keep bool) string {
		text, err := Upload{MainModule: "a.js", Assets: a, KeepAssets: keep}.metadata()
		require.NoError(t, err)
		return string(text)
	}
	assert.NotContains(t, metadata(nil, false), "assets")
	assert.Contains(t, metadata(&Assets{Config: AssetsConfig{RunWorkerFirst: []string{"/api/*"}}}, true),
		`"assets":{"config":{"run_worker_first":["/api/*"]}},"keep_assets":true`)
	assert.Contains(t, metadata(&Assets{JWT: "t", Config: AssetsConfig{
		HTMLHandling: "none", NotFoundHandling: "404-page", RunWorkerFirst: true, Redirects: "/a /b", Headers: "/a",
	}}, false), `"assets":{"jwt":"t","config":{"html_handling":"none","not_found_handling":"404-page",`+
		`"run_worker_first":true,"_redirects":"/a /b","_headers":"/a"}}`)
}
