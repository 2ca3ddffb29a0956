// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file verifies AWS Signature Version 4:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. What R2 answers, and in
// which order it looks, is from cloudflare/workers-sdk packages/miniflare/src/workers/r2/s3/auth.worker.ts.

const (
	sigAlgorithm  = "AWS4-HMAC-SHA256"
	sigTerminator = "aws4_request"
	sigTime       = "20060102T150405Z"

	unsignedPayload = "UNSIGNED-PAYLOAD"

	maxSkew    = 15 * time.Minute
	maxExpires = 7 * 24 * time.Hour
)

// signature is the authentication that a request carries.
type signature struct {
	accessKeyID string
	date        string // of the scope, yyyymmdd
	region      string
	service     string
	amzDate     string // as sent
	signed      time.Time
	headers     []string // signed, in the order given
	payload     string   // the hash of the payload, or what stands for it
	value       string
	presigned   bool
}

// authenticate verifies a request's signature.
func (s *S3) authenticate(r *http.Request, query url.Values) (sig signature, secret, account string, err error) {
	now := s.clock()
	switch {
	case r.Header.Get("Authorization") != "":
		sig, err = parseAuthorization(r, now)
	case query.Has("X-Amz-Credential"):
		sig, err = parsePresigned(query)
	default:
		err = ErrInvalidArgument.saying("Authorization")
	}
	if err != nil {
		return signature{}, "", "", err
	}
	if !strings.HasPrefix(sig.amzDate, sig.date) {
		return signature{}, "", "", ErrInvalidArgument.saying(fmt.Sprintf(
			"Credential signed date %s does not match %.8s from 'x-amz-date' header", sig.date, sig.amzDate))
	}
	secret, account, ok := s.Credential(sig.accessKeyID)
	if !ok {
		return signature{}, "", "", ErrUnauthorized
	}
	if sig.presigned {
		if err := sig.checkExpires(query.Get("X-Amz-Expires"), now); err != nil {
			return signature{}, "", "", err
		}
	}
	if !slices.Contains(sig.headers, "host") {
		return signature{}, "", "", ErrUnauthorized
	}
	canonical := sig.canonicalRequest(r, query)
	toSign := sig.stringToSign(canonical)
	if !hmac.Equal([]byte(sig.sign(secret, toSign)), []byte(sig.value)) {
		return signature{}, "", "", mismatch(canonical, toSign, sig.value)
	}
	return sig, secret, account, nil
}

// parseAuthorization reads the Authorization header and those that belong to it.
func parseAuthorization(r *http.Request, now time.Time) (signature, error) {
	sig := signature{payload: r.Header.Get("X-Amz-Content-Sha256")}
	if sig.payload == "" {
		return signature{}, errInvalidRequest.saying("Missing x-amz-content-sha256")
	}
	source := "'x-amz-date' header"
	sig.amzDate = r.Header.Get("X-Amz-Date")
	if sig.amzDate == "" {
		source = "'date' header"
		sig.amzDate = r.Header.Get("Date")
	}
	if sig.amzDate == "" {
		return signature{}, ErrInvalidArgument.saying("No date provided in x-amz-date nor date header")
	}
	if err := sig.parseTime(source); err != nil {
		return signature{}, err
	}
	if now.Sub(sig.signed).Abs() > maxSkew {
		return signature{}, errSkewed
	}
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), sigAlgorithm+" ")
	if !ok {
		return signature{}, errAlgorithm
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		if name, value, ok := strings.Cut(field, "="); ok {
			fields[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if _, ok := fields[name]; !ok {
			return signature{}, errAlgorithm
		}
	}
	sig.value = fields["Signature"]
	sig.headers = strings.Split(strings.ToLower(fields["SignedHeaders"]), ";")
	return sig, sig.parseCredential(fields["Credential"])
}

// parsePresigned reads the search parameters of a presigned URL.
func parsePresigned(query url.Values) (signature, error) {
	var missing []string
	for _, name := range []string{
		"X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires",
	} {
		if !query.Has(name) {
			missing = append(missing, name)
		}
	}
	switch {
	case len(missing) == 1:
		return signature{}, ErrInvalidArgument.saying("Required search parameter " + missing[0] + " missing")
	case len(missing) > 1:
		return signature{}, ErrInvalidArgument.saying(
			"Required search parameters " + strings.Join(missing, ",  ") + " missing")
	case query.Get("X-Amz-Algorithm") != sigAlgorithm:
		return signature{}, errAlgorithm
	}
	sig := signature{
		amzDate:   query.Get("X-Amz-Date"),
		headers:   strings.Split(strings.ToLower(query.Get("X-Amz-SignedHeaders")), ";"),
		payload:   unsignedPayload,
		value:     query.Get("X-Amz-Signature"),
		presigned: true,
	}
	if err := sig.parseTime("X-Amz-Date"); err != nil {
		return signature{}, err
	}
	return sig, sig.parseCredential(query.Get("X-Amz-Credential"))
}

func (sig *signature) parseTime(source string) (err error) {
	if sig.signed, err = time.Parse(sigTime, sig.amzDate); err != nil {
		return ErrInvalidArgument.saying(fmt.Sprintf(
			"Date provided in %s (%s) didn't parse successfully", source, sig.amzDate))
	}
	return nil
}

// parseCredential reads <access key id>/<yyyymmdd>/<region>/<service>/aws4_request. Slashes beyond those belong to the
// access key id.
func (sig *signature) parseCredential(credential string) error {
	parts := strings.Split(credential, "/")
	if len(parts) < 5 {
		return ErrInvalidArgument.saying(fmt.Sprintf(
			"Credential sigv4 header should have at least 5 slash-separated parts, not %d", len(parts)))
	}
	scope := parts[len(parts)-4:]
	sig.accessKeyID = strings.Join(parts[:len(parts)-4], "/")
	sig.date, sig.region, sig.service = scope[0], scope[1], scope[2]
	switch {
	case sig.service != "s3":
		return ErrInvalidArgument.saying("Credential service should be s3, not " + sig.service)
	case scope[3] != sigTerminator:
		return ErrInvalidArgument.saying(
			"Credential termination string should be " + sigTerminator + ", not " + scope[3])
	}
	return nil
}

// checkExpires refuses a presigned URL whose time is over.
func (sig *signature) checkExpires(value string, now time.Time) error {
	seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	switch {
	case err != nil || math.IsNaN(seconds):
		return ErrInvalidArgument.saying("X-Amz-Expires should be a number")
	case seconds > maxExpires.Seconds():
		return ErrInvalidArgument.saying(
			"X-Amz-Expires must be less than a week (in seconds); " +
				"that is, the given X-Amz-Expires must be less than 604800 seconds")
	case seconds < 1 || now.After(sig.signed.Add(time.Duration(seconds*float64(time.Second)))):
		return ErrExpiredRequest
	}
	return nil
}

// canonicalRequest is what the client hashed. The path stands as it was sent: S3 does not encode it again.
func (sig *signature) canonicalRequest(r *http.Request, query url.Values) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + r.URL.EscapedPath() + "\n" + canonicalQuery(query) + "\n")
	for _, name := range sig.headers {
		b.WriteString(name + ":" + canonicalHeader(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(sig.headers, ";") + "\n" + sig.payload)
	return b.String()
}

// canonicalQuery encodes all parameters but the signature and sorts them by name, then value.
func canonicalQuery(query url.Values) string {
	var pairs [][2]string
	for name, values := range query {
		if name == "X-Amz-Signature" {
			continue
		}
		for _, value := range values {
			pairs = append(pairs, [2]string{uriEncode(name), uriEncode(value)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	})
	var b strings.Builder
	for i, pair := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(pair[0] + "=" + pair[1])
	}
	return b.String()
}

// canonicalHeader joins a header's values by commas, without the space around and with single spaces between words. The
// server keeps two headers elsewhere.
func canonicalHeader(r *http.Request, name string) string {
	values := r.Header.Values(name)
	switch {
	case name == "host":
		values = []string{r.Host}
	case name == "content-length" && len(values) == 0 && r.ContentLength >= 0:
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	case name == "transfer-encoding" && len(values) == 0:
		values = r.TransferEncoding
	}
	clean := make([]string, len(values))
	for i, value := range values {
		clean[i] = strings.Join(strings.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == '\t' }), " ")
	}
	return strings.Join(clean, ",")
}

// uriEncode is the UriEncode of the specification: all but unreserved characters, in upper case.
func uriEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

func (sig *signature) scope() string {
	return sig.date + "/" + sig.region + "/" + sig.service + "/" + sigTerminator
}

func (sig *signature) stringToSign(canonical string) string {
	return sigAlgorithm + "\n" + sig.amzDate + "\n" + sig.scope() + "\n" + hashHex([]byte(canonical))
}

// sign returns the signature of a string to sign.
func (sig *signature) sign(secret, toSign string) string {
	return hex.EncodeToString(hmacSHA256(sig.key(secret), toSign))
}

// key derives the signing key of the scope.
func (sig *signature) key(secret string) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range []string{sig.date, sig.region, sig.service, sigTerminator} {
		key = hmacSHA256(key, part)
	}
	return key
}

func hmacSHA256(key []byte, data string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(data))
	return mac.Sum(nil)
}

func hashHex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// mismatch echoes what the server computed, so that a client's author can compare.
func mismatch(canonical, toSign, provided string) error {
	err := ErrSignatureDoesNotMatch.saying(ErrSignatureDoesNotMatch.Message)
	err.Fields = []ErrorField{
		{"StringToSign", toSign},
		{"StringToSignBytes", byteDump(toSign)},
		{"CanonicalRequest", canonical},
		{"CanonicalRequestBytes", byteDump(canonical)},
		{"SignatureProvided", provided},
	}
	return err
}

func byteDump(s string) string { return fmt.Sprintf("% x", s) }

var (
	errInvalidRequest = &Error{
		Code: "InvalidRequest", V4Code: ErrInvalidArgument.V4Code, Status: http.StatusBadRequest,
		Message: "Invalid Request",
	}
	errAlgorithm = errInvalidRequest.saying("Please use " + sigAlgorithm)
	errSkewed    = &Error{
		Code: "RequestTimeTooSkewed", V4Code: ErrExpiredRequest.V4Code, Status: http.StatusForbidden,
		Message: "The difference between the request time and the server's time is too large.",
	}
)
