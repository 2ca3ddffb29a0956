// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) })
		for _, do := range []func(context.Context, *Client) error{get, put, create, head, upload} {
			var e *Error
			require.ErrorAs(t, do(t.Context(), c), &e)
			assert.Equal(t, status, e.Status)
			assert.Equal(t, ErrUnknown, e.Kind)
		}
	}
	assert.Zero(t, elsewhere.Load(), "neither the token nor the request goes anywhere else")
}

func TestOnlyTheAPIIsSentTheToken(t *testing.T) {
	t.Parallel()
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		assert.NotContains(t, r.Header.Get("Authorization"), testToken)
		assert.NotContains(t, r.RequestURI, testToken)
	})
	for _, do := range []func(context.Context, *Client) error{head, upload, deleteObjects} {
		assert.NoError(t, do(t.Context(), c))
	}
}

func TestTheUserAgentIsOurs(t *testing.T) {
	t.Parallel()
	var agents []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		agents = append(agents, r.UserAgent())
		if r.URL.Path != "/bundles/a/b" {
			reply(w, http.StatusOK, `{"id":"n","title":"n"}`)
		}
	})
	c.UserAgent = "pulumi-test/1.0"
	require.NoError(t, get(t.Context(), c))
	require.NoError(t, upload(t.Context(), c))
	assert.Equal(t, []string{"pulumi-test/1.0", "pulumi-test/1.0"}, agents)
}

func TestAnEmptyAnswerToADeletionIsSuccess(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	require.NoError(t, c.DeleteScript(t.Context(), testAccount, "api", true))
	require.NoError(t, c.DeleteKVNamespace(t.Context(), testAccount, "n"))
	require.NoError(t, c.DeleteR2Bucket(t.Context(), testAccount, "", "b"))
	require.NoError(t, c.DeleteRoute(t.Context(), "zone", "r"))
	require.NoError(t, c.DeleteDNSRecord(t.Context(), "zone", "r"))
}

func TestCancellationIsPromptAndNotRepeated(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	err := create(ctx, c)
	require.ErrorIs(t, err, context.Canceled)
	onlyKind(t, ErrUnavailable, err)
	assert.True(t, LostResponse(err), "the request was under way")
	assert.Equal(t, int32(1), calls.Load())
}

func TestAClientsTimeoutIsUnavailable(t *testing.T) {
	t.Parallel()
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	own := *c.HTTP
	own.Timeout = time.Millisecond
	c.HTTP = &own
	onlyKind(t, ErrUnavailable, get(t.Context(), c))
}

func TestTheCallersHTTPClientIsLeftAlone(t *testing.T) {
	t.Parallel()
	own := &http.Client{}
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, `{"id":"n"}`) })
	c.HTTP = own
	require.NoError(t, get(t.Context(), c))
	assert.Nil(t, own.Transport)
	assert.Nil(t, own.CheckRedirect)
}

func TestAServerThatNeverAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	standard, ok := defaultTransport().(*http.Transport)
	require.True(t, ok)
	assert.Equal(t, 2*time.Minute, standard.ResponseHeaderTimeout)
	assert.NotNil(t, standard.Proxy, "the rest is as everywhere")
}

// A request whose response comes before its body is read must neither race with
// its repetition nor with the body's owner.
func TestABodyIsSentWholeAfterAnEarlyAnswer(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("0123456789abcdef", 1<<16)
	var calls atomic.Int32
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		got, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, content, string(got))
	})
	info, err := c.PutObject(t.Context(), samplePlace, "a", strings.NewReader(content), PutOptions{})
	require.NoError(t, err)
	assert.Equal(t, int64(len(content)), info.Size)
	assert.Equal(t, int32(3), calls.Load())
}

func TestABrokenDownloadIsAnErrorOfOurs(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "hello")
	})
	body, info, err := c.GetObject(t.Context(), samplePlace, "a", "")
	require.NoError(t, err)
	assert.Equal(t, int64(10), info.Size)
	content, err := io.ReadAll(body)
	assert.Equal(t, "hello", string(content))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	onlyKind(t, ErrUnavailable, err)
	require.NoError(t, body.Close())
}

func TestABodyThatCannotBeReadIsTheCallersFault(t *testing.T) {
	t.Parallel()
	s := &script{}
	_, err := s.client().PutObject(t.Context(), samplePlace, "a", unseekable{}, PutOptions{})
	require.ErrorIs(t, err, errUnseekable)
	onlyKind(t, ErrInvalid, err)
	assert.Empty(t, s.bodies)
}

func TestTheEndpointOfABucketNamesItsJurisdiction(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ configured, jurisdiction, want string }{
		{"", "", "https://acc.r2.cloudflarestorage.com"},
		{"", "eu", "https://acc.eu.r2.cloudflarestorage.com"},
		{"http://localhost:9000", "eu", "http://localhost:9000"},
		{"http://{account}.localhost:9000/s3", "fedramp", "http://acc.fedramp.localhost:9000/s3"},
	} {
		c := &Client{R2Endpoint: test.configured}
		assert.Equal(t, test.want, c.r2Endpoint(Place{Account: "acc", Jurisdiction: test.jurisdiction, Bucket: "b"}))
	}
}

func TestRequestsToR2ReachTheBucketsEndpoint(t *testing.T) {
	t.Parallel()
	var urls []string
	c := &Client{Token: testToken, R2AccessKeyID: "key", HTTP: &http.Client{Transport: roundTrip(
		func(r *http.Request) (*http.Response, error) {
			urls = append(urls, r.Method+" "+r.URL.String()+" "+r.Header.Get("X-Amz-Content-Sha256"))
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: http.NoBody}, nil
		},
	)}}
	require.NoError(t, upload(t.Context(), c))
	_, err := c.HeadObject(t.Context(), Place{"acc", "eu", "b"}, "k")
	require.NoError(t, err)
	assert.Equal(t, []string{
		"PUT https://" + testAccount + ".r2.cloudflarestorage.com/bundles/a/b?x-id=PutObject " + sampleSHA256,
		"HEAD https://acc.eu.r2.cloudflarestorage.com/b/k " + emptySHA256,
	}, urls, "over TLS, too, the body is signed and not in chunks")
}

func TestAPathIsNotLeftByAName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{".", "..", "a/b", "a?b", "a#b", "a%2Fb", "ä b"} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			rest, _ := strings.CutPrefix(r.URL.Path, "/client/v4/accounts/"+testAccount+"/storage/kv/namespaces/")
			assert.Equal(t, name, rest)
			reply(w, http.StatusOK, `{"id":"n"}`)
		})
		_, err := c.KVNamespace(t.Context(), testAccount, name)
		require.NoError(t, err)
	}
}

// closing is a body that knows whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

func TestTheBodyThatWasReplacedIsClosed(t *testing.T) {
	t.Parallel()
	ctx, call := begin(t.Context(), APIKV, "test")
	call.body = func() (io.ReadCloser, error) { return http.NoBody, nil }
	body := &closing{Reader: strings.NewReader("x")}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "https://example.com/", body)
	require.NoError(t, err)
	resp, err := (&retrier{next: &script{}}).RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.True(t, body.closed)
}

var errUnseekable = errors.New("a pipe")

type unseekable struct{ io.Reader }

func (unseekable) Seek(int64, int) (int64, error) { return 0, errUnseekable }
