// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The kinds of failure, by what the caller can do about them. An [*Error]
// unwraps to exactly one, so that callers write errors.Is(err, cfapi.ErrNotFound).
var (
	// ErrNotFound: the object is gone. The only kind that may drop it from state.
	ErrNotFound = errors.New("not found")
	// ErrDenied: the credentials are missing, wrong, or too narrow.
	ErrDenied = errors.New("denied")
	// ErrInvalid: the request was rejected, and repeating it cannot help.
	ErrInvalid = errors.New("invalid")
	// ErrConflict: someone else owns or changed the object.
	ErrConflict = errors.New("conflict")
	// ErrUnavailable: throttled, an internal error, or the network. Repeating the
	// request later may help.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnknown: none of the others. Nothing may be concluded from it.
	ErrUnknown = errors.New("failed")
)

// The APIs that an [Error] can come from. The same code means different things
// in different APIs.
const (
	APIWorkers = "workers" // scripts, versions, deployments, workers.dev, routes
	APIR2      = "r2"      // buckets, and objects over S3
	APIKV      = "kv"      // namespaces
	APID1      = "d1"      // databases
	APIQueues  = "queues"  // queues and their consumers
	APIDNS     = "dns"     // records
	APIZones   = "zones"   // zones
	APIUser    = "user"    // tokens

	APISecretsStore = "secrets_store" // secrets in a store
	APIEmail        = "email_routing" // rules of Email Routing
	APIWorkflows    = "workflows"     // Workflows
)

// Error is the only type of error that leaves this package. It never holds a
// credential, a header, or a body beyond Cloudflare's own messages.
type Error struct {
	Op         string        // verb and object, as a user would say it: `upload worker "api"`
	API        string        // one of the API constants
	Kind       error         // one of the kinds above
	Status     int           // HTTP status; 0 if no response arrived
	Codes      []Code        // the codes of Cloudflare's API, in its order
	S3Code     string        // the code of R2's S3 API, such as NoSuchKey
	Message    string        // the message that came with S3Code
	Ray        string        // the cf-ray header, which Cloudflare's support asks for
	RetryAfter time.Duration // how long Cloudflare asked to wait; 0 if it did not
	Lost       bool          // see [LostResponse]
	Err        error         // the cause, if it was not a response
}

// Code is one entry of the errors array in Cloudflare's response envelope.
type Code struct {
	Code    int    // 10007; it has a meaning only together with the API. 0: there is none
	Message string // Cloudflare's own words
}

// Error returns the whole failure in one line: operation, kind, status, what
// Cloudflare said with its codes, the cause, and the ray.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v", e.Op, e.Kind)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	for _, c := range e.Codes {
		fmt.Fprintf(&b, ": %s", line(c.Message))
		if c.Code != 0 {
			fmt.Fprintf(&b, " [code %d]", c.Code)
		}
	}
	if e.S3Code != "" {
		fmt.Fprintf(&b, ": %s [code %s]", line(e.Message), e.S3Code)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %s", line(e.Err.Error()))
	}
	if e.Ray != "" {
		fmt.Fprintf(&b, " [ray %s]", e.Ray)
	}
	return b.String()
}

// line returns s in one line: a script's stack trace has several.
func line(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, " ")
}

// Unwrap returns e's kind and, if there is one, its cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// HasCode reports whether Cloudflare's API gave the code.
func (e *Error) HasCode(code int) bool { return has(e.Codes, code) }

func has(codes []Code, code int) bool {
	return slices.ContainsFunc(codes, func(c Code) bool { return c.Code == code })
}

// LostResponse reports whether the request that failed with err may have been
// acted on all the same: it was sent, and no answer arrived, or one that says
// nothing about the outcome (5xx). The caller of a create must then look whether
// the object exists before it creates it again.
func LostResponse(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Lost
}
