// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// transport is what both generated clients send their requests with. It answers
// with a success or with an *Error, so that neither client ever sees, repeats or
// prints a failure.
type transport struct {
	http      *http.Client
	token     string // only to be checked: cloudflare-go adds it to its requests
	userAgent string
	secrets   redactor
}

var (
	errEndpoint      = errors.New("the endpoint is not an http or https URL")
	errNotCloudflare = errors.New("the response is not from Cloudflare's API")
)

// maxSmallBody bounds the bodies that are kept in memory to be sent again.
const maxSmallBody = 4 << 20

// newTransport returns the transport of c.
func newTransport(c *Client) *transport {
	retries := defaultRetries
	if c.MaxRetries != nil {
		retries = *c.MaxRetries
	}
	backoff := c.Backoff
	if backoff == nil {
		backoff = exponential
	}
	var client http.Client
	if c.HTTP != nil {
		client = *c.HTTP
	}
	next := client.Transport
	if next == nil {
		next = defaultTransport()
	}
	// A redirect would take the token, or the request, to where nobody sent it.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t := &transport{http: &client, token: c.Token, userAgent: c.UserAgent}
	client.Transport = &retrier{next: next, max: retries, backoff: backoff, log: t.logger(c.Log)}
	t.secrets = redactorOf(c.Token, c.R2SecretAccessKey, secretAccessKey(c.Token))
	return t
}

// defaultTransport is http.DefaultTransport, except that a server which accepts a
// request and never answers does not hold up a deployment forever.
func defaultTransport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := standard.Clone()
	own.ResponseHeaderTimeout = 2 * time.Minute
	return own
}

// Do sends req. It implements the HTTP client of cloudflare-go and of the S3 SDK.
func (t *transport) Do(req *http.Request) (*http.Response, error) {
	call := callOf(req.Context())
	call.begun = true
	call.write = req.Method != http.MethodGet && req.Method != http.MethodHead
	if err := req.Context().Err(); err != nil {
		return nil, &Error{Op: call.op, API: call.api, Kind: ErrUnavailable, Err: err}
	}
	if req.URL.Host == "" || req.URL.Scheme != "https" && req.URL.Scheme != "http" {
		return nil, &Error{Op: call.op, API: call.api, Kind: ErrInvalid, Err: errEndpoint}
	}
	if err := checkToken(t.token); err != nil && !call.s3 {
		return nil, &Error{Op: call.op, API: call.api, Kind: ErrDenied, Err: err}
	}
	if t.userAgent != "" {
		req.Header.Set("User-Agent", t.userAgent)
	}
	if err := keepSmallBody(req, call); err != nil {
		return nil, &Error{Op: call.op, API: call.api, Kind: ErrInvalid, Err: err}
	}
	resp, err := t.http.Do(req)
	if err != nil {
		return nil, &Error{
			Op: call.op, API: call.api, Kind: ErrUnavailable, Lost: call.lost, Err: t.redacted(call, cause(err)),
		}
	}
	if resp.StatusCode >= 300 {
		return nil, t.refusal(call, resp)
	}
	call.status, call.ray = resp.StatusCode, resp.Header.Get("Cf-Ray")
	if call.s3 {
		return resp, nil
	}
	return t.checked(call, resp)
}

// refusal is the failure that resp, which is no success, stands for.
func (t *transport) refusal(call *call, resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // as much of it as there is
	_ = resp.Body.Close()
	e := &Error{
		Op: call.op, API: call.api, Status: resp.StatusCode, Ray: resp.Header.Get("Cf-Ray"),
		RetryAfter: retryAfter(resp), Lost: call.lost,
	}
	if call.s3 {
		e.S3Code, e.Message = decodeFault(body)
		e.Message = t.redact(call, e.Message)
	} else {
		e.Codes = t.redactCodes(call, decodeCodes(body))
	}
	e.Kind = kindOf(call.api, resp.StatusCode, e.Codes)
	if errors.Is(e.Kind, ErrNotFound) && len(e.Codes) == 0 && e.S3Code == "" && resp.Request.Method != http.MethodHead {
		// A page of a proxy, or of another server than the endpoint should be: it knows of no object.
		e.Kind, e.Err = ErrUnknown, errNotCloudflare
	}
	return e
}

// checked returns resp if its body is an envelope that reports success.
func (t *transport) checked(call *call, resp *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, &Error{Op: call.op, API: call.api, Kind: ErrUnavailable, Status: resp.StatusCode, Err: err}
	}
	if len(bytes.TrimSpace(body)) == 0 { // some deletions answer with nothing
		body = []byte(`{"success":true,"result":null}`)
	}
	e := &Error{
		Op: call.op, API: call.api, Kind: ErrUnknown, Status: resp.StatusCode, Ray: resp.Header.Get("Cf-Ray"),
		Lost: call.write,
	}
	var env envelope
	if json.Unmarshal(body, &env) != nil {
		e.Err = errNotCloudflare
		return nil, e
	}
	if env.Success != nil && !*env.Success {
		e.Codes = t.redactCodes(call, flatten(nil, env.Errors))
		e.Kind = kindOf(call.api, resp.StatusCode, e.Codes)
		return nil, e
	}
	resp.Header.Set("Content-Type", "application/json") // cloudflare-go decodes nothing else
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// checkToken refuses a token that cannot be one, such as one that was read from a
// file together with the end of its line: net/http would refuse the header that it
// makes, in words that help nobody.
func checkToken(token string) error {
	if token == "" {
		return errors.New("no API token is configured")
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the API token contains a space, a line break or another character that no token has")
	}
	return nil
}

// keepSmallBody makes a body that can be read once one that can be sent again, if
// it is small. The S3 SDK sends such bodies; larger ones come with their own way.
func keepSmallBody(req *http.Request, call *call) error {
	if req.Body == nil || req.GetBody != nil || call.body != nil ||
		req.ContentLength <= 0 || req.ContentLength > maxSmallBody {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	_ = req.Body.Close() // what was read is all that is needed
	if err != nil {
		return fmt.Errorf("the request's body: %w", err)
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, err = req.GetBody()
	return err
}

// cause strips the wrapping that repeats method and URL: the operation says more,
// and a URL may hold what is not to be printed.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// logger returns log for messages that may hold secrets; nil if log is.
func (t *transport) logger(log func(context.Context, string)) func(context.Context, string) {
	if log == nil {
		return nil
	}
	return func(ctx context.Context, message string) { log(ctx, t.redact(callOf(ctx), message)) }
}

// redacted returns err, or an error with its text less the secrets in it.
func (t *transport) redacted(call *call, err error) error {
	return t.secrets.redacted(call.secrets.redacted(err))
}

func (t *transport) redactCodes(call *call, codes []Code) []Code {
	for i := range codes {
		codes[i].Message = t.redact(call, codes[i].Message)
	}
	return codes
}

func (t *transport) redact(call *call, s string) string {
	return t.secrets.redact(call.secrets.redact(s))
}
