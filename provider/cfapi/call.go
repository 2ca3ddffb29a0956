// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// A call is one request of a method on its way through a generated client. It
// travels in the request's context, so that the transport knows for whom it works
// and the method knows what the transport saw. Only one goroutine has it at a time.
type call struct {
	op  string // see Error.Op
	api string // see Error.API

	s3         bool   // to R2's S3 endpoint, not to Cloudflare's API
	repeatable bool   // a POST or PATCH that does no harm when it is acted on twice
	streaming  bool   // the response's body is the caller's to read, however long
	body       opener // if non-nil, replaces the request's body at each attempt
	size       int64  // length of body in bytes
	secrets    redactor

	begun  bool   // the request has reached the transport
	write  bool   // its method is none that only reads
	status int    // of the success that it was answered with
	ray    string // of the same
	lost   bool   // an attempt may have been acted on without an answer that says so
}

// An opener returns a new reader of the same bytes each time it is called.
type opener func() (io.ReadCloser, error)

type callKey struct{}

// begin returns a call and the context that carries it.
func begin(ctx context.Context, api, op string) (context.Context, *call) {
	c := &call{api: api, op: op}
	return context.WithValue(ctx, callKey{}, c), c
}

// callOf returns the call that ctx carries, or an empty one.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

// failed turns what a generated client returned into an *Error. An error that the
// transport made is found under the client's own wrapping; what remains is a
// request that the client could not build or a success that it could not read.
func (c *call) failed(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Op: c.op, API: c.api, Kind: ErrInvalid, Err: err}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Lost = ErrUnavailable, c.lost
	case c.begun:
		e.Kind, e.Status, e.Ray, e.Lost = ErrUnknown, c.status, c.ray, c.write
		e.Err = fmt.Errorf("the response cannot be read: %w", innermost(err))
		if c.secrets.secrets != nil {
			e.Err = errUnreadable // the cause quotes the response in forms of its own
		}
	}
	return e
}

var errUnreadable = errors.New("the response cannot be read")

// incomplete is the failure of a success without the field that it is about.
func (c *call) incomplete(field string) error {
	return &Error{
		Op: c.op, API: c.api, Kind: ErrUnknown, Status: c.status, Ray: c.ray, Lost: c.write,
		Err: errors.New("the response has no " + field),
	}
}

// innermost returns the end of err's chain. The wrapping around it is of the
// generated client and speaks of its own operations.
func innermost(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}

// segment escapes s as one element of a path. The dots of "." and ".." are escaped
// too, since the path is resolved against the endpoint's.
func segment(s string) string {
	switch s {
	case ".":
		return "%2E"
	case "..":
		return "%2E%2E"
	}
	return url.PathEscape(s)
}
