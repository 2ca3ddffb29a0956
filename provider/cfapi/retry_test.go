// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script is a RoundTripper that answers with one step after the other, and with
// success when there are no more. It needs no network, so that it works with the
// clock of testing/synctest.
type script struct {
	steps  []step
	bodies []string // what was sent
	at     []time.Duration
	start  time.Time
}

type step struct {
	status int // 0: no response
	header string
	body   string
	err    error
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.start.IsZero() {
		s.start = time.Now()
	}
	s.at = append(s.at, time.Since(s.start))
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	s.bodies = append(s.bodies, body)
	now := step{status: http.StatusOK, body: `{"success":true,"result":{"id":"x","title":"x","deployment_id":"x"}}`}
	if len(s.steps) > 0 {
		now, s.steps = s.steps[0], s.steps[1:]
	}
	if now.err != nil {
		return nil, now.err
	}
	resp := &http.Response{
		StatusCode: now.status, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(now.body)),
	}
	if name, value, ok := strings.Cut(now.header, ": "); ok {
		resp.Header.Set(name, value)
	}
	return resp, nil
}

func (s *script) client() *Client {
	return &Client{
		Token: testToken, HTTP: &http.Client{Transport: s}, R2AccessKeyID: "key", R2SecretAccessKey: "key's secret",
	}
}

func failure(code int) string {
	return fmt.Sprintf(`{"success":false,"errors":[{"code":%d,"message":"m"}],"result":null}`, code)
}

var (
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
)

// The methods that stand for their kind of request.
func get(ctx context.Context, c *Client) error {
	_, err := c.KVNamespace(ctx, testAccount, "n")
	return err
}

func put(ctx context.Context, c *Client) error {
	_, err := c.PutScript(ctx, testAccount, "api", sampleUpload)
	return err
}

func createVersion(ctx context.Context, c *Client) error {
	_, err := c.CreateVersion(ctx, testAccount, "api", sampleUpload)
	return err
}

func create(ctx context.Context, c *Client) error {
	_, err := c.CreateKVNamespace(ctx, testAccount, "n")
	return err
}

func createRoute(ctx context.Context, c *Client) error {
	_, err := c.CreateRoute(ctx, "zone", "p", "api")
	return err
}

func deleteNamespace(ctx context.Context, c *Client) error {
	return c.DeleteKVNamespace(ctx, testAccount, "n")
}

func patch(ctx context.Context, c *Client) error {
	return c.SetR2BucketStorageClass(ctx, testAccount, "", "b", "Standard")
}

func patchSecrets(ctx context.Context, c *Client) error {
	return c.PatchSecrets(ctx, testAccount, "api", map[string]*string{"A": new("s3cret"), "B": nil})
}

func patchLatestVersion(ctx context.Context, c *Client) error {
	_, err := c.PatchLatestVersion(ctx, testAccount, "api", map[string]*string{"A": new("s3cret"), "B": nil}, "m")
	return err
}

func createStoreSecret(ctx context.Context, c *Client) error {
	_, err := c.CreateStoreSecret(ctx, testAccount, "store", StoreSecretInput{Name: "A", Value: "s3cret"})
	return err
}

func changeStoreSecret(ctx context.Context, c *Client) error {
	_, err := c.ChangeStoreSecret(ctx, testAccount, "store", "id", StoreSecretChange{Value: new("s3cret")})
	return err
}

func TestWhatIsRepeated(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		do       func(context.Context, *Client) error
		first    step
		repeated bool
		lost     bool // if the first answer is the last
	}{
		{"get after 500", get, step{status: 500}, true, false},
		{"get after 502 of HTML", get, step{status: 502, body: "<html>"}, true, false},
		{"get after 408", get, step{status: 408}, true, false},
		{"get after 429", get, step{status: 429}, true, false},
		{"get after reset", get, step{err: errReset}, true, false},
		{"get after refused", get, step{err: errRefused}, true, false},
		{"get after unknown host", get, step{err: &net.DNSError{Err: "no such host", IsNotFound: true}}, false, false},
		{"get after DNS server failure", get, step{err: &net.DNSError{Err: "server misbehaving"}}, true, false},
		{"get after broken body", get, step{status: 200, body: ""}, false, false},
		{"get after 404", get, step{status: 404, body: failure(10013)}, false, false},
		{"get after 400", get, step{status: 400}, false, false},
		{"get after 403", get, step{status: 403, body: failure(10000)}, false, false},
		{"get after 501", get, step{status: 501}, false, false},
		{"get after redirect", get, step{status: 302, header: "Location: https://example.com/"}, false, false},
		{"put after 503", put, step{status: 503}, true, true},
		{"put after reset", put, step{err: errReset}, true, true},
		{"put after 10013 with 404", put, step{status: 404, body: failure(10013)}, true, true},
		{"put after 10002", put, step{status: 400, body: failure(10002)}, true, true},
		{"put after 10104", put, step{status: 400, body: failure(10104)}, true, true},
		{"put after 10021", put, step{status: 400, body: failure(10021)}, false, false},
		{"put after 409", put, step{status: 409}, false, false},
		{"version after 500", createVersion, step{status: 500}, true, true},
		{"delete after 500", deleteNamespace, step{status: 500}, true, true},
		{"patch after 500", patch, step{status: 500}, true, true},
		{"create after 500", create, step{status: 500}, false, true},
		{"create after 429", create, step{status: 429}, true, false},
		{"create after reset", create, step{err: errReset}, false, true},
		{"create after refused", create, step{err: errRefused}, true, false},
		{"create after 400", create, step{status: 400}, false, false},
		{"create after HTML with 200", create, step{status: 200, body: "<html>"}, false, true},
		{"create after success without an id", create, step{status: 200, body: `{"success":true,"result":{}}`}, false, true},
		{"route after 10013", createRoute, step{status: 404, body: failure(10013)}, false, true},
		{"route after 404", createRoute, step{status: 404, body: failure(10007)}, false, false},
		{"secrets after 500", patchSecrets, step{status: 500}, false, true},
		{"secrets after reset", patchSecrets, step{err: errReset}, false, true},
		{"secrets after 10013", patchSecrets, step{status: 404, body: failure(10013)}, false, true},
		{"secrets after HTML with 200", patchSecrets, step{status: 200, body: "<html>"}, false, true},
		{"secrets after 429", patchSecrets, step{status: 429}, true, false},
		{"secrets after refused", patchSecrets, step{err: errRefused}, true, false},
		{"secrets after 10215", patchSecrets, step{status: 400, body: failure(10215)}, false, false},
		{"stored secret after 500", createStoreSecret, step{status: 500}, false, true},
		{"stored secret after reset", createStoreSecret, step{err: errReset}, false, true},
		{"stored secret after 1003", createStoreSecret, step{status: 400, body: failure(1003)}, false, false},
		{
			"stored secret after an empty list", createStoreSecret,
			step{status: 200, body: `{"success":true,"result":[]}`},
			false, true,
		},
		{
			"stored secret after success without an id", createStoreSecret,
			step{status: 200, body: `{"success":true,"result":[{}]}`},
			false, true,
		},
		{"change of a stored secret after 500", changeStoreSecret, step{status: 500}, true, true},
		{"version of secrets after 500", patchLatestVersion, step{status: 500}, true, true},
		{"version of secrets after reset", patchLatestVersion, step{err: errReset}, true, true},
		{
			"version of secrets after success without an id", patchLatestVersion,
			step{status: 200, body: `{"success":true,"result":{}}`},
			false, true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &script{steps: []step{test.first}}
			c := s.client()
			c.Backoff = func(int) time.Duration { return 0 }
			err := test.do(t.Context(), c)
			if test.repeated {
				require.NoError(t, err)
				require.Len(t, s.bodies, 2)
				assert.Equal(t, s.bodies[0], s.bodies[1], "the repetition has the same body")
			} else {
				require.Error(t, err)
				assert.Len(t, s.bodies, 1)
				assert.Equal(t, test.lost, LostResponse(err), err)
			}

			none := 0
			s = &script{steps: []step{test.first}}
			c = s.client()
			c.MaxRetries = &none
			err = test.do(t.Context(), c)
			require.Error(t, err)
			assert.Equal(t, test.lost, LostResponse(err), err)
			assert.Len(t, s.bodies, 1)
		})
	}
}

func TestRepetitionsAreBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		max  *int
		want int
	}{{nil, 5}, {new(0), 1}, {new(2), 3}, {new(-1), 1}} {
		s := &script{steps: make([]step, 100)}
		for i := range s.steps {
			s.steps[i].status = http.StatusBadGateway
		}
		c := s.client()
		c.MaxRetries = test.max
		c.Backoff = func(int) time.Duration { return 0 }
		require.ErrorIs(t, get(t.Context(), c), ErrUnavailable)
		assert.Len(t, s.bodies, test.want)
	}
}

func TestWaitsDoubleUpToABound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{status: 500}, {status: 500}, {status: 500}, {status: 500}, {status: 500}, {status: 500}}}
		c := s.client()
		c.MaxRetries = new(6)
		require.NoError(t, get(t.Context(), c))
		require.Len(t, s.at, 7)
		for i, most := range []int64{500, 1000, 2000, 4000, 8000, 8000} {
			wait := (s.at[i+1] - s.at[i]).Milliseconds()
			assert.LessOrEqual(t, wait, most)
			assert.GreaterOrEqual(t, wait, most/2)
		}
	})
}

func TestTheServersWaitIsHonoured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
		s := &script{steps: []step{
			{status: 429, header: "Retry-After: 40"},
			{status: 503, header: "Retry-After: " + date},
			{status: 429, header: "Retry-After: soon"},
		}}
		c := s.client()
		c.Backoff = func(attempt int) time.Duration { return time.Duration(attempt) * time.Millisecond }
		var log []string
		c.Log = func(_ context.Context, message string) { log = append(log, message) }
		require.NoError(t, get(t.Context(), c))
		assert.Equal(t, []time.Duration{
			0, 40 * time.Second, 90 * time.Second, 90*time.Second + 3*time.Millisecond,
		}, s.at)
		assert.Equal(t, []string{
			`read KV namespace "n": HTTP 429; trying again in 40s (1 of 4)`,
			`read KV namespace "n": HTTP 503; trying again in 50s (2 of 4)`,
			`read KV namespace "n": HTTP 429; trying again in 3ms (3 of 4)`,
		}, log)
	})
}

func TestNobodyWaitsLongerThanIsWorthIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, header := range []string{"301", "999999999999", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)} {
			s := &script{steps: []step{{status: 429, header: "Retry-After: " + header}}}
			err := get(t.Context(), s.client())
			require.ErrorIs(t, err, ErrUnavailable)
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Greater(t, e.RetryAfter, maxWait, "the caller learns what was asked")
			assert.Len(t, s.bodies, 1)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s := &script{steps: []step{{status: 429, header: "Retry-After: 61"}}}
		start := time.Now()
		err := get(ctx, s.client())
		require.ErrorIs(t, err, ErrUnavailable)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "the answer says more than the deadline")
		assert.Zero(t, time.Since(start), "a wait that the deadline would cut short is not begun")
	})
}

func TestCancellationEndsAWaitAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			do   func(context.Context, *Client) error
			lost bool
		}{{put, true}, {get, false}} {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			s := &script{steps: []step{{status: 503, header: "Retry-After: 100"}}}
			start := time.Now()
			err := test.do(ctx, s.client())
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, ErrUnavailable)
			assert.Equal(t, time.Second, time.Since(start))
			assert.Equal(t, test.lost, LostResponse(err), "the attempt before may have been acted on")

			s = &script{}
			require.ErrorIs(t, test.do(ctx, s.client()), context.Canceled)
			assert.Empty(t, s.bodies, "nothing is sent any more")
		}
	})
}

func TestALostAttemptIsRememberedAfterAClearAnswer(t *testing.T) {
	t.Parallel()
	s := &script{steps: []step{{err: errReset}, {status: 412, body: `<Error><Code>PreconditionFailed</Code></Error>`}}}
	c := s.client()
	c.Backoff = func(int) time.Duration { return 0 }
	_, err := c.PutObject(t.Context(), samplePlace, "a", strings.NewReader("hello"), PutOptions{IfNoneMatch: true})
	require.ErrorIs(t, err, ErrConflict)
	assert.True(t, LostResponse(err), "the object that is in the way may be ours")
	assert.Equal(t, []string{"hello", "hello"}, s.bodies)
}

func TestANewWorkerIsAwaited(t *testing.T) {
	t.Parallel()
	for _, answer := range []step{
		{status: 404},
		{status: 404, body: failure(10007)},
		{status: 400, body: failure(10007)},
		{status: 400, body: failure(10019)},
		{status: 400, body: failure(10090)},
	} {
		for _, do := range []func(context.Context, *Client) error{
			createRoute, put, createVersion,
			func(ctx context.Context, c *Client) error {
				return c.SetScriptSubdomain(ctx, testAccount, "api", Subdomain{})
			},
			func(ctx context.Context, c *Client) error {
				return c.PatchScriptSettings(ctx, testAccount, "api", ScriptSettings{Tags: []string{}})
			},
			func(ctx context.Context, c *Client) error { return c.SetSchedules(ctx, testAccount, "api", nil) },
		} {
			s := &script{steps: []step{answer, answer}}
			c := s.client()
			c.Backoff = func(int) time.Duration { return 0 }
			require.NoError(t, do(AfterCreate(t.Context()), c))
			assert.Len(t, s.bodies, 3)

			s = &script{steps: []step{answer}}
			require.Error(t, do(t.Context(), s.client()))
			assert.Len(t, s.bodies, 1, "otherwise the answer counts")
		}
	}
	s := &script{steps: []step{{status: 404, body: failure(10007)}}}
	require.ErrorIs(t, get(AfterCreate(t.Context()), s.client()), ErrNotFound)
	assert.Len(t, s.bodies, 1, "other things than Workers are not awaited")

	s = &script{steps: []step{{status: 404, body: failure(10013)}}}
	require.Error(t, createRoute(AfterCreate(t.Context()), s.client()))
	assert.Len(t, s.bodies, 1, "an internal error may have made the route")
}

func TestAnErrorsBodyIsReadToABound(t *testing.T) {
	t.Parallel()
	endless := &endlessBody{}
	c := &Client{Token: testToken, MaxRetries: new(0), HTTP: &http.Client{Transport: roundTrip(
		func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusBadGateway, Header: http.Header{}, Request: r, Body: endless}, nil
		},
	)}}
	require.ErrorIs(t, get(t.Context(), c), ErrUnavailable)
	assert.LessOrEqual(t, endless.read.Load(), int64(maxErrorBody+4096))
	assert.True(t, endless.closed.Load())
}

func TestASuccessThatBreaksOffIsLost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		do    func(context.Context, *Client) error
		calls int
	}{{get, 5}, {put, 5}, {create, 1}} {
		calls := 0
		c := &Client{
			Token: testToken, Backoff: func(int) time.Duration { return 0 },
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				calls++
				body := io.MultiReader(strings.NewReader(`{"success":true,"resu`), brokenReader{})
				return &http.Response{
					StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: io.NopCloser(body),
				}, nil
			})},
		}
		err := test.do(t.Context(), c)
		require.ErrorIs(t, err, ErrUnavailable)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, test.calls, calls)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type endlessBody struct {
	read   atomic.Int64
	closed atomic.Bool
}

func (b *endlessBody) Read(p []byte) (int, error) {
	b.read.Add(int64(len(p)))
	return len(p), nil
}

func (b *endlessBody) Close() error {
	b.closed.Store(true)
	return nil
}
