// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// S3 is R2's S3 endpoint, an [http.Handler]: https://developers.cloudflare.com/r2/api/s3/api/. A bucket is addressed by
// path (/bucket/key) or, as https://developers.cloudflare.com/r2/api/s3/extensions/ shows, by a host
// (bucket.account.r2.cloudflarestorage.com). Every request must be signed.
type S3 struct {
	// Store holds the buckets; it may not be nil.
	Store *Store
	// Jurisdiction is that of the buckets served to hosts that name none; empty: none, and to hosts that do not name the
	// account either, a bucket of another jurisdiction if none of that name is without.
	Jurisdiction string
	// Credential returns the secret access key and the account of an access key id; ok is false if it is not known. It
	// may not be nil.
	Credential func(accessKeyID string) (secret, account string, ok bool)
	// Account is whose buckets are meant by requests that are not signed and whose host names none: a browser's
	// questions about other origins (CORS).
	Account string
	// Now is the clock by which signatures are too old or too new; nil: time.Now.
	Now func() time.Time
}

// request is one request to the S3 API on its way through.
type request struct {
	*http.Request
	w       http.ResponseWriter
	store   *Store
	query   url.Values
	account string
	bucket  BucketID // an empty name: the request is for the account
	key     string   // empty: the request is for the bucket
	body    io.Reader
	chunked *chunkedReader // nil: the body comes without framing
	now     time.Time
}

// ServeHTTP answers one request.
func (s *S3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.serve(w, r); err != nil {
		drain(r)
		writeError(w, err)
	}
}

// drain takes what the client still sends, so that it gets to read the answer. A client that asked first
// (Expect: 100-continue) sends nothing.
func drain(r *http.Request) {
	if r.Header.Get("Expect") == "" {
		_, _ = io.Copy(io.Discard, r.Body) // The client is gone if this fails.
	}
}

// serve authenticates before it looks at anything else, as R2 does.
func (s *S3) serve(w http.ResponseWriter, r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return ErrInvalidArgument.saying("The search parameters could not be parsed.")
	}
	address := parseHost(r.Host)
	req := &request{Request: r, w: w, store: s.Store, query: query, body: r.Body, now: s.clock()}
	req.bucket = BucketID{Jurisdiction: s.Jurisdiction, Name: address.bucket}
	if address.jurisdiction != "" {
		req.bucket.Jurisdiction = address.jurisdiction
	}
	req.key = strings.TrimPrefix(r.URL.Path, "/")
	if req.bucket.Name == "" {
		req.bucket.Name, req.key, _ = strings.Cut(req.key, "/")
	}
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		req.bucket.Account = s.Account // a browser asks without a signature
		if address.account != "" {
			req.bucket.Account = address.account
		}
		s.Store.preflight(w, r, req.bucket)
		return nil
	}
	if req.isForm() {
		return errNotImplemented("Presigned post requests are not yet implemented")
	}
	sig, secret, account, err := s.authenticate(r, query)
	if err != nil {
		return err
	}
	if address.account != "" && address.account != account {
		return ErrUnauthorized // The other account does not know the key.
	}
	req.account, req.bucket.Account = account, account
	if address.account == "" && s.Jurisdiction == "" {
		req.bucket = s.Store.anywhere(req.bucket)
	}
	s.Store.applyCORS(w.Header(), r, req.bucket)
	if err := req.openBody(&sig, secret); err != nil {
		return err
	}
	op, err := req.route()
	if err != nil {
		return err
	}
	if err := req.screen(op); err != nil {
		return err
	}
	if !op.takesBody {
		if _, err := io.Copy(io.Discard, req.body); err != nil {
			return uploadError(err)
		}
	}
	return op.run(req)
}

// isForm reports an upload by an HTML form, which R2 knows and refuses before it asks for a signature.
func (r *request) isForm() bool {
	return r.Method == http.MethodPost && r.key == "" && r.bucket.Name != "" && !r.query.Has("delete") &&
		!r.query.Has("X-Amz-Credential") && r.Header.Get("Authorization") == ""
}

func (s *S3) clock() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// hostSuffix ends the hosts of R2's S3 endpoint.
const hostSuffix = ".r2.cloudflarestorage.com"

// address is what a host says of the bucket that is meant. Empty fields are not said.
type address struct{ bucket, account, jurisdiction string }

// parseHost reads [bucket.]account[.jurisdiction].r2.cloudflarestorage.com:
// https://developers.cloudflare.com/r2/reference/data-location/#use-jurisdictions-with-the-s3-api. Other hosts say
// nothing.
func parseHost(host string) address {
	host, _, _ = strings.Cut(host, ":")
	labels, ok := strings.CutSuffix(host, hostSuffix)
	if !ok {
		return address{}
	}
	var a address
	rest := strings.Split(labels, ".")
	if last := rest[len(rest)-1]; len(rest) > 1 && isJurisdiction(last) {
		a.jurisdiction, rest = last, rest[:len(rest)-1]
	}
	a.account = rest[len(rest)-1]
	a.bucket = strings.Join(rest[:len(rest)-1], ".")
	return a
}

// writeError writes an S3 error document. What is not a refusal of R2 is an internal error, whose cause stays here.
func writeError(w http.ResponseWriter, err error) {
	var refusal *Error
	if !errors.As(err, &refusal) {
		refusal = ErrInternal
	}
	if refusal.Status == http.StatusNotModified {
		w.WriteHeader(refusal.Status)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(refusal.Status)
	_, _ = w.Write(errorDocument(refusal)) // The client is gone if this fails.
}
