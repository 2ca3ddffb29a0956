// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kinds are all kinds of failure.
var kinds = []error{ErrNotFound, ErrDenied, ErrInvalid, ErrConflict, ErrUnavailable, ErrUnknown}

// onlyKind asserts that err is of one kind and of no other.
func onlyKind(t *testing.T, want, err error) {
	t.Helper()
	for _, kind := range kinds {
		assert.Equal(t, kind == want, errors.Is(err, kind), "%v: %v", kind, err) //nolint:errorlint // identity is meant
	}
}

// answered is a failure that arrives.
type answered struct {
	name   string
	do     func(context.Context, *Client) error
	status int
	header string
	body   string
	kind   error
}

func head(ctx context.Context, c *Client) error {
	_, err := c.HeadObject(ctx, samplePlace, "a/b")
	return err
}

func upload(ctx context.Context, c *Client) error {
	_, err := c.PutObject(ctx, samplePlace, "a/b", strings.NewReader("hello"), PutOptions{IfNoneMatch: true})
	return err
}

func list(ctx context.Context, c *Client) error {
	_, _, err := c.ListObjects(ctx, samplePlace, "p/", "")
	return err
}

func deleteObjects(ctx context.Context, c *Client) error {
	return c.DeleteObjects(ctx, samplePlace, []string{"a", "b"})
}

func createDatabase(ctx context.Context, c *Client) error {
	_, err := c.CreateD1Database(ctx, testAccount, D1DatabaseInput{Name: "app"})
	return err
}

func query(ctx context.Context, c *Client) error {
	_, err := c.QueryD1(ctx, testAccount, "d", "SELECT * FROM t", nil)
	return err
}

func createRecord(ctx context.Context, c *Client) error {
	_, err := c.CreateDNSRecord(ctx, "zone", DNSRecord{Name: "api.example.com", Type: "AAAA", Content: "100::"})
	return err
}

func codes(pairs ...any) string {
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, fmt.Sprintf(`{"code":%d,"message":%q}`, pairs[i], pairs[i+1]))
	}
	return `{"success":false,"errors":[` + strings.Join(all, ",") + `],"messages":[],"result":null}`
}

func fault(code, message string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` +
		`<Error><Code>` + code + `</Code><Message>` + message + `</Message></Error>`
}

var failures = []answered{
	{"worker not found", put, 404, "", codes(10007, "This Worker does not exist on your account."), ErrNotFound},
	{"gone", get, 410, "", codes(10013, "get namespace: 'namespace not found'"), ErrNotFound},
	{"404 of a proxy", get, 404, "", "<html>Not Found</html>", ErrUnknown},
	{"404 for want of a route", put, 404, "", codes(7003, "Could not route to /x"), ErrInvalid},
	{"authentication", put, 403, "", codes(10000, "Authentication error"), ErrDenied},
	{"unauthorized", get, 401, "", codes(1000, "Invalid API Token"), ErrDenied},
	{"no credentials, with 400", get, 400, "", codes(9106, "Missing X-Auth-Key"), ErrDenied},
	{"token of wrong form, with 400", get, 400, "", codes(6003, "Invalid request headers"), ErrDenied},
	{"script throws", put, 400, "", codes(10021, "Uncaught Error: boom\n  at a.js:3:7\n  at a.js:9:1\n"), ErrInvalid},
	{"two codes", put, 400, "", codes(10057, "cannot inherit A", 10057, "cannot inherit B"), ErrInvalid},
	{"chain of codes", createRecord, 400, "", `{"success":false,"errors":[{"code":1004,"message":"DNS Validation Error",
		"error_chain":[{"code":9005,"message":"Content for A record must be a valid IPv4 address."}]}]}`, ErrInvalid},
	{"code as text", get, 400, "", `{"success":false,"errors":[{"code":"10021","message":"m"}]}`, ErrInvalid},
	{"too large", put, 413, "", "", ErrInvalid},
	{"conflict", createRoute, 409, "", codes(10020, "A route with the same pattern already exists."), ErrConflict},
	{
		"title taken, with 400", create, 400, "",
		codes(10014, "a namespace with this account ID and title already exists"), ErrConflict,
	},
	{
		"record exists, with 400", createRecord, 400, "",
		codes(81053, "An A, AAAA, or CNAME record with that host already exists."), ErrConflict,
	},
	{"KV namespace not found", get, 404, "", codes(10013, "get namespace: 'namespace not found'"), ErrNotFound},
	{
		"D1 name taken, with 400", createDatabase, 400, "", codes(7502, "database with name 'app' already exists"),
		ErrConflict,
	},
	{"D1 database not found", query, 404, "", codes(7404, "The database d could not be found"), ErrNotFound},
	{"SQL is wrong", query, 400, "", codes(7500, "no such table: t: SQLITE_ERROR"), ErrInvalid},
	{"D1 fails", query, 500, "", codes(7500, "internal error; reference = e_1"), ErrUnavailable},
	{"a database without an id", createDatabase, 200, "", `{"success":true,"result":{"name":"app"}}`, ErrUnknown},
	{"rows that are none", query, 200, "", `{"success":true,"result":[{"results":"x"}]}`, ErrUnknown},
	{"internal, with 404", createRoute, 404, "", codes(10013, "workers.api.error.unknown"), ErrUnavailable},
	{
		"rate limit", get, 429, "Retry-After: 300",
		codes(971, "Please wait and consider throttling your request speed"), ErrUnavailable,
	},
	{"HTML 502", put, 502, "", "<html><body>Bad gateway</body></html>", ErrUnavailable},
	{"empty 500", create, 500, "", "", ErrUnavailable},
	{"not emulated", get, 501, "", codes(0, "GET /x is not emulated"), ErrUnknown},
	{"redirect", get, 302, "Location: https://example.com/login", "", ErrUnknown},
	{"HTML with 200", get, 200, "", "<html>Welcome to the hotel</html>", ErrUnknown},
	{"failure with 200", get, 200, "", codes(10021, "no"), ErrUnknown},
	{"success without an id", create, 200, "", `{"success":true,"result":{}}`, ErrUnknown},
	{"result without a version", createVersion, 200, "", `{"success":true,"result":null}`, ErrUnknown},
	{"result that does not decode", createVersion, 200, "", `{"success":true,"result":{"number":"seven"}}`, ErrUnknown},
	{"object not found", head, 404, "", "", ErrNotFound},
	{"bucket not found", list, 404, "", fault("NoSuchBucket", "The specified bucket does not exist."), ErrNotFound},
	{"object exists", upload, 412, "", fault("PreconditionFailed", "A pre-condition did not hold."), ErrConflict},
	{"wrong digest", upload, 400, "", fault("BadDigest", "The SHA-256 checksum you specified did not match."), ErrInvalid},
	{"unknown key", list, 401, "", fault("Unauthorized", "Unauthorized"), ErrDenied},
	{"wrong signature", list, 403, "", fault("SignatureDoesNotMatch", "The signature does not match."), ErrDenied},
	{
		"newest version not deployed", patchSecrets, 400, "",
		codes(10215, "Secret edit failed. Not even s3cret is shown."), ErrInvalid,
	},
	{"no versions", patchLatestVersion, 404, "", codes(10222, "This Worker has no versions."), ErrNotFound},
	{"version of secrets without an id", patchLatestVersion, 200, "", `{"success":true,"result":{}}`, ErrUnknown},
	{
		"name of a stored secret taken, with 400", createStoreSecret, 400, "",
		codes(1003, "secret_name_already_exists: A"), ErrConflict,
	},
	{"stored secret not found", changeStoreSecret, 404, "", codes(1001, "secret_not_found"), ErrNotFound},
	{"stored secret invalid", createStoreSecret, 400, "", codes(1001, "secret_scope_invalid"), ErrInvalid},
	{"stored secret without an id", createStoreSecret, 200, "", `{"success":true,"result":[{}]}`, ErrUnknown},
	{
		"stored secret with a date that is none", changeStoreSecret, 200, "",
		`{"success":true,"result":{"id":"i","created":"s3cret"}}`, ErrUnknown,
	},
	{"R2 is busy", list, 503, "", fault("SlowDown", "Reduce your request rate."), ErrUnavailable},
	{"some objects kept", deleteObjects, 200, "", `<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code>
		<Message>Access Denied</Message></Error></DeleteResult>`, ErrDenied},
	{"a list that is none", list, 200, "", "<Bucket", ErrUnknown},
}

func TestFailuresReadLikeThis(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, f := range failures {
		s := &script{steps: []step{{status: f.status, header: f.header, body: f.body}}}
		c := s.client()
		c.MaxRetries = new(0)
		err := f.do(t.Context(), c)
		require.Error(t, err, f.name)
		onlyKind(t, f.kind, err)
		assert.NotContains(t, err.Error(), "\n", f.name)
		fmt.Fprintf(&all, "== %s\n%v\n", f.name, err)
		if LostResponse(err) {
			all.WriteString("(the response is lost)\n")
		}
		all.WriteString("\n")
	}
	for _, unsent := range []struct {
		name   string
		kind   error
		client *Client
		do     func(context.Context, *Client) error
	}{
		{"no token", ErrDenied, &Client{}, get},
		{"a token with its line end", ErrDenied, &Client{Token: testToken + "\n"}, put},
		{"no token to derive keys from", ErrDenied, &Client{}, head},
		{"endpoint without a scheme", ErrInvalid, &Client{Token: testToken, Endpoint: "api.example.com/v4"}, get},
		{"endpoint that is no URL", ErrInvalid, &Client{Token: testToken, Endpoint: "https://a b"}, get},
		{"no account", ErrInvalid, &Client{Token: testToken}, func(ctx context.Context, c *Client) error {
			return c.DeleteKVNamespace(ctx, "", "n")
		}},
		{"no main module", ErrInvalid, &Client{Token: testToken}, func(ctx context.Context, c *Client) error {
			_, err := c.PutScript(ctx, testAccount, "api", Upload{})
			return err
		}},
		{"a module called metadata", ErrInvalid, &Client{Token: testToken}, func(ctx context.Context, c *Client) error {
			_, err := c.CreateVersion(ctx, testAccount, "api", Upload{MainModule: "a", Modules: []Module{{Name: "metadata"}}})
			return err
		}},
		{"two modules of one name", ErrInvalid, &Client{Token: testToken}, func(ctx context.Context, c *Client) error {
			_, err := c.PutScript(ctx, testAccount, "api", Upload{MainModule: "a", Modules: []Module{{Name: "a"}, {Name: "a"}}})
			return err
		}},
		{"a variable that is not JSON", ErrInvalid, &Client{Token: testToken}, func(ctx context.Context, c *Client) error {
			_, err := c.PutScript(ctx, testAccount, "api", Upload{MainModule: "a", Bindings: []Binding{
				{Name: "J", Type: "json", JSON: []byte(`{"password": s3cret}`)},
			}})
			return err
		}},
		{"a digest that is none", ErrInvalid, &Client{R2AccessKeyID: "k"}, func(ctx context.Context, c *Client) error {
			_, err := c.PutObject(ctx, samplePlace, "a", strings.NewReader(""), PutOptions{SHA256: "abc"})
			return err
		}},
		{"too many secrets", ErrInvalid, &Client{Token: testToken}, func(ctx context.Context, c *Client) error {
			changes := map[string]*string{}
			for i := range 101 {
				changes[fmt.Sprint("N", i)] = new("s3cret")
			}
			return c.PatchSecrets(ctx, testAccount, "api", changes)
		}},
		{"too many keys", ErrInvalid, &Client{R2AccessKeyID: "k"}, func(ctx context.Context, c *Client) error {
			return c.DeleteObjects(ctx, samplePlace, make([]string, 1001))
		}},
	} {
		s := &script{}
		unsent.client.HTTP = &http.Client{Transport: s}
		err := unsent.do(t.Context(), unsent.client)
		require.Error(t, err, unsent.name)
		onlyKind(t, unsent.kind, err)
		assert.False(t, LostResponse(err), unsent.name)
		assert.Empty(t, s.bodies, "%s: nothing is sent", unsent.name)
		assert.NotContains(t, err.Error(), "s3cret")
		fmt.Fprintf(&all, "== %s\n%v\n\n", unsent.name, err)
	}
	golden(t, "errors.txt", all.String())
}

func TestAnErrorHoldsWhatTheResponseSaid(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "301")
		reply(w, http.StatusTooManyRequests, `[{"code":971,"message":"slow down"}]`)
	})
	err := fmt.Errorf("wrapped: %w", get(t.Context(), c))
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, &Error{
		Op: `read KV namespace "n"`, API: APIKV, Kind: ErrUnavailable, Status: 429,
		Codes: []Code{{971, "slow down"}}, Ray: "8f00ba4-AMS", RetryAfter: 301 * time.Second,
	}, e)
	assert.True(t, e.HasCode(971))
	assert.False(t, e.HasCode(972))
	assert.False(t, LostResponse(err))
	assert.False(t, LostResponse(errors.New("of another package")))
	assert.False(t, LostResponse(nil))
}

func TestNothingOfTheGeneratedClientsLeaks(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		s := &script{steps: []step{{status: f.status, header: f.header, body: f.body}}}
		c := s.client()
		c.MaxRetries = new(0)
		err := f.do(t.Context(), c)
		_, ok := err.(*Error) //nolint:errorlint // it must be the outermost
		assert.True(t, ok, "%s: %T", f.name, err)
		for _, word := range []string{"operation error", "https response", "cloudflarestorage", "api.cloudflare.com"} {
			assert.NotContains(t, err.Error(), word, f.name)
		}
	}
}

// An endpoint may echo what it was sent, and a proxy may print it.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	derived := secretAccessKey(testToken)
	echo := "your token " + testToken + " and key " + derived + " and key's secret"
	for _, test := range []struct {
		do   func(context.Context, *Client) error
		step step
	}{
		{get, step{status: 400, body: codes(1, echo)}},
		{get, step{status: 200, body: codes(1, echo)}},
		{get, step{err: errors.New(echo)}},
		{list, step{status: 400, body: fault("X", echo)}},
		{deleteObjects, step{
			status: 200, body: "<DeleteResult><Error><Message>" + echo + "</Message></Error></DeleteResult>",
		}},
	} {
		s := &script{steps: []step{test.step, test.step, test.step}}
		c := s.client()
		c.MaxRetries = new(1)
		c.Backoff = func(int) time.Duration { return 0 }
		var log strings.Builder
		c.Log = func(_ context.Context, message string) { log.WriteString(message) }
		err := test.do(t.Context(), c)
		require.Error(t, err)
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err), log.String()} {
			assert.NotContains(t, text, testToken)
			assert.NotContains(t, text, derived)
			assert.NotContains(t, text, "key's secret")
		}
	}
}
