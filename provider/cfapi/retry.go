// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	defaultRetries = 4
	// maxWait bounds one wait. Cloudflare's rate limit counts over five minutes, so
	// that it never has reason to ask for more.
	maxWait = 5 * time.Minute
	// maxErrorBody bounds how much of an error's body is read.
	maxErrorBody = 64 << 10
	// maxBody bounds the response to anything but GetObject. The largest honest one
	// is a page of a thousand objects with long keys, some 2 MB.
	maxBody = 32 << 20
)

type afterCreate struct{}

// AfterCreate marks ctx as following the creation of a Worker. A new Worker is
// not everywhere at once: for some seconds requests about it may be answered as if
// it did not exist. Calls about Workers with the returned context repeat those,
// bounded like all repetitions.
func AfterCreate(ctx context.Context) context.Context {
	return context.WithValue(ctx, afterCreate{}, true)
}

// retrier is an [http.RoundTripper] that repeats requests, but only those that
// the server cannot have acted on, or that do no harm when acted on twice.
//
// It also reads the bodies of all but streaming responses, bounded, because a
// response that breaks off is as lost as one that never came.
type retrier struct {
	next    http.RoundTripper
	max     int
	backoff func(attempt int) time.Duration
	log     func(ctx context.Context, message string) // may be nil
}

// RoundTrip sends req until it is answered for good. The last response or error is
// returned as it is.
func (t *retrier) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, call := req.Context(), callOf(req.Context())
	if req.Body != nil && reopen(req, call) != nil {
		_ = req.Body.Close() // never read, so that closing cannot lose anything
	}
	for attempt := 1; ; attempt++ {
		resp, codes, err := t.attempt(req, call)
		v := t.judge(req, call, resp, codes, err)
		call.lost = call.lost || v.lost
		if !v.repeat || attempt > t.max || !replayable(req, call) {
			return resp, err
		}
		wait := v.wait
		if wait == 0 {
			wait = t.backoff(attempt)
		}
		if deadline, ok := ctx.Deadline(); wait > maxWait || ok && time.Until(deadline) < wait {
			return resp, err
		}
		if t.log != nil {
			t.log(ctx, fmt.Sprintf("%s: %s; trying again in %v (%d of %d)",
				call.op, v.why, wait.Round(time.Millisecond), attempt, t.max))
		}
		if resp != nil {
			_ = resp.Body.Close() // read already, as far as it matters
		}
		if err := Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// attempt sends req once.
func (t *retrier) attempt(req *http.Request, call *call) (*http.Response, []Code, error) {
	r := req.Clone(req.Context())
	if open := reopen(req, call); open != nil {
		body, err := open()
		if err != nil {
			return nil, nil, err
		}
		r.Body = body
		if call.body != nil {
			r.ContentLength = call.size
		}
	}
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	limit := int64(maxBody)
	switch {
	case resp.StatusCode >= 300:
		limit = maxErrorBody
	case call.streaming:
		return resp, nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	_ = resp.Body.Close() // an error here cannot take back what was read
	if resp.StatusCode < 300 {
		if err != nil {
			return nil, nil, fmt.Errorf("the response broke off: %w", err)
		}
		if int64(len(body)) > limit {
			return nil, nil, fmt.Errorf("the response is longer than %d bytes", limit)
		}
	}
	body = body[:min(int64(len(body)), limit)]
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if resp.StatusCode < 300 {
		return resp, nil, nil
	}
	return resp, decodeCodes(body), nil
}

// verdict is what to do after an attempt.
type verdict struct {
	repeat bool
	wait   time.Duration // as the server asked; 0: it did not
	lost   bool          // the server may have acted
	why    string
}

func (t *retrier) judge(
	req *http.Request, call *call, resp *http.Response, codes []Code, err error,
) verdict {
	safe := call.repeatable || req.Method != http.MethodPost && req.Method != http.MethodPatch
	if err != nil {
		lost := call.write && !unsent(err)
		again := req.Context().Err() == nil && !hopeless(err) && (safe || !lost)
		return verdict{repeat: again, lost: lost, why: cause(err).Error()}
	}
	v := verdict{why: fmt.Sprintf("HTTP %d", resp.StatusCode), wait: retryAfter(resp)}
	for _, c := range codes {
		v.why += fmt.Sprintf(" [code %d]", c.Code)
	}
	switch {
	case resp.StatusCode < 300:
	case resp.StatusCode == http.StatusTooManyRequests:
		v.repeat = true // refused, and so not acted on
	case undecided(call.api, resp.StatusCode, codes):
		v.repeat, v.lost = safe, call.write
	case req.Context().Value(afterCreate{}) != nil:
		v.repeat = missing(call.api, resp.StatusCode, codes)
	}
	return v
}

// reopen returns how to read the request's body once more; nil if it has none.
func reopen(req *http.Request, call *call) opener {
	if call.body != nil {
		return call.body
	}
	return req.GetBody
}

// replayable reports whether the request can be sent again.
func replayable(req *http.Request, call *call) bool {
	return req.Body == nil || req.Body == http.NoBody || reopen(req, call) != nil
}

// unsent reports whether err proves that the request never reached the server.
func unsent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	_, lookup := errors.AsType[*net.DNSError](err)
	return lookup || untrusted(err)
}

// hopeless reports whether repeating cannot help within seconds.
func hopeless(err error) bool {
	lookup, ok := errors.AsType[*net.DNSError](err)
	_, unreadable := errors.AsType[*contentError](err)
	return ok && lookup.IsNotFound || untrusted(err) || unreadable
}

// untrusted reports whether err is about the server's identity.
func untrusted(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	return verification || record || authority || host
}

// retryAfter returns how long the server asked to wait, in seconds or until a
// date, and 0 if it did not.
func retryAfter(resp *http.Response) time.Duration {
	value := resp.Header.Get("Retry-After")
	if value == "" {
		return 0
	}
	if seconds, err := strconv.Atoi(value); err == nil {
		// A number so large that it would overflow is only ever compared with maxWait.
		return time.Duration(min(max(seconds, 0), 1<<30)) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}

// exponential waits 0.5 s, 1 s, 2 s, … up to 8 s, less up to a half by chance, so
// that clients which failed together do not come back together.
func exponential(attempt int) time.Duration {
	d := min(500*time.Millisecond<<min(attempt-1, 10), 8*time.Second)
	return d - rand.N(d/2) //nolint:gosec // jitter needs no cryptographic randomness
}

// Sleep waits for d, or until ctx is done, whose error it returns then.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
