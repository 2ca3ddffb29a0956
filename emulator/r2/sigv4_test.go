// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The keys and the time of AWS's published examples.
const (
	exampleKeyID  = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	exampleHost   = "examplebucket.s3.amazonaws.com"
	exampleDate   = "20130524T000000Z"
	emptySHA256   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

var exampleTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

// exampleS3 knows the keys of the examples and has their time.
func exampleS3() *S3 {
	return &S3{
		Store:      new(Store),
		Credential: func(id string) (string, string, bool) { return exampleSecret, "account", id == exampleKeyID },
		Now:        func() time.Time { return exampleTime },
	}
}

// exampleRequest is a request with the headers given as "name: value".
func exampleRequest(t *testing.T, method, target string, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://"+exampleHost+target, nil)
	for _, header := range headers {
		name, value, ok := strings.Cut(header, ": ")
		require.True(t, ok, header)
		r.Header.Set(name, value)
	}
	return r
}

// authorization is the header of an example.
func authorization(headers, signature string) string {
	return "Authorization: AWS4-HMAC-SHA256 Credential=" + exampleKeyID + "/20130524/us-east-1/s3/aws4_request," +
		"SignedHeaders=" + headers + ",Signature=" + signature
}

// TestPublishedSignaturesVerify uses the examples of
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html.
func TestPublishedSignaturesVerify(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]*http.Request{
		"GET object": exampleRequest(t, "GET", "/test.txt", "Range: bytes=0-9",
			"x-amz-content-sha256: "+emptySHA256, "x-amz-date: "+exampleDate,
			authorization("host;range;x-amz-content-sha256;x-amz-date",
				"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")),
		"PUT object": exampleRequest(t, "PUT", "/test%24file.text", "Date: Fri, 24 May 2013 00:00:00 GMT",
			"x-amz-date: "+exampleDate, "x-amz-storage-class: REDUCED_REDUNDANCY",
			"x-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
			authorization("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
				"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")),
		"GET bucket lifecycle": exampleRequest(t, "GET", "/?lifecycle", "x-amz-date: "+exampleDate,
			"x-amz-content-sha256: "+emptySHA256, authorization("host;x-amz-content-sha256;x-amz-date",
				"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")),
		"list objects": exampleRequest(t, "GET", "/?max-keys=2&prefix=J", "x-amz-date: "+exampleDate,
			"x-amz-content-sha256: "+emptySHA256, authorization("host;x-amz-content-sha256;x-amz-date",
				"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")),
		"presigned": exampleRequest(t, "GET", "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"+
			"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"+
			"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"+
			"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"),
	} {
		sig, secret, account, err := exampleS3().authenticate(request, request.URL.Query())
		require.NoError(t, err, name)
		assert.Equal(t, exampleKeyID, sig.accessKeyID)
		assert.Equal(t, exampleSecret, secret)
		assert.Equal(t, "account", account)
	}
}

// sign signs a request as of the examples' time, for any header or query that a test changed before.
func sign(r *http.Request, payload string) *http.Request {
	sig := exampleSignature()
	sig.payload = payload
	sig.headers = []string{"host", "x-amz-content-sha256", "x-amz-date"}
	r.Header.Set("X-Amz-Content-Sha256", payload)
	r.Header.Set("X-Amz-Date", sig.amzDate)
	value := sig.sign(exampleSecret, sig.stringToSign(sig.canonicalRequest(r, r.URL.Query())))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+exampleKeyID+"/"+sig.scope()+
		", SignedHeaders="+strings.Join(sig.headers, ";")+", Signature="+value)
	return r
}

// exampleSignature is a signature without its headers and value.
func exampleSignature() signature {
	return signature{
		accessKeyID: exampleKeyID, date: "20130524", region: "auto", service: "s3", amzDate: exampleDate,
		signed: exampleTime,
	}
}

// presign adds the search parameters of a presigned URL.
func presign(t *testing.T, method, target string, change func(url.Values)) *http.Request {
	t.Helper()
	r := exampleRequest(t, method, target)
	sig := exampleSignature()
	sig.headers, sig.payload = []string{"host"}, unsignedPayload
	query := r.URL.Query()
	query.Set("X-Amz-Algorithm", sigAlgorithm)
	query.Set("X-Amz-Credential", exampleKeyID+"/"+sig.scope())
	query.Set("X-Amz-Date", exampleDate)
	query.Set("X-Amz-Expires", "60")
	query.Set("X-Amz-SignedHeaders", "host")
	if change != nil {
		change(query)
	}
	query.Set("X-Amz-Signature", sig.sign(exampleSecret, sig.stringToSign(sig.canonicalRequest(r, query))))
	r.URL.RawQuery = query.Encode()
	return r
}

// TestMalformedSignaturesAreNamed has R2's words for what is wrong, from cloudflare/workers-sdk
// packages/miniflare/test/plugins/r2/s3.spec.ts.
func TestMalformedSignaturesAreNamed(t *testing.T) {
	t.Parallel()
	header := func(change func(http.Header)) *http.Request {
		r := sign(exampleRequest(t, "GET", "/b/k"), emptySHA256)
		change(r.Header)
		return r
	}
	replace := func(from, to string) *http.Request {
		return header(func(h http.Header) {
			h.Set("Authorization", strings.Replace(h.Get("Authorization"), from, to, 1))
		})
	}
	query := func(name, value string) *http.Request {
		return presign(t, "GET", "/b/k", func(q url.Values) { q.Set(name, value) })
	}
	without := func(names ...string) *http.Request {
		r := presign(t, "GET", "/b/k", nil)
		q := r.URL.Query()
		for _, name := range names {
			q.Del(name)
		}
		r.URL.RawQuery = q.Encode()
		return r
	}
	for name, test := range map[string]struct {
		request *http.Request
		want    *Error
		message string
	}{
		"unsigned": {exampleRequest(t, "GET", "/b/k"), ErrInvalidArgument, "Authorization"},
		"no payload hash": {
			header(func(h http.Header) { h.Del("X-Amz-Content-Sha256") }), errInvalidRequest,
			"Missing x-amz-content-sha256",
		},
		"no date": {
			header(func(h http.Header) { h.Del("X-Amz-Date") }), ErrInvalidArgument,
			"No date provided in x-amz-date nor date header",
		},
		"odd date": {
			header(func(h http.Header) { h.Set("X-Amz-Date", "yesterday") }), ErrInvalidArgument,
			"Date provided in 'x-amz-date' header (yesterday) didn't parse successfully",
		},
		"skewed": {
			header(func(h http.Header) { h.Set("X-Amz-Date", "20130524T001501Z") }), errSkewed,
			"The difference between the request time and the server's time is too large.",
		},
		"another algorithm": {
			replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), errInvalidRequest,
			"Please use AWS4-HMAC-SHA256",
		},
		"no signature": {replace("Signature=", "Sealing-wax="), errInvalidRequest, "Please use AWS4-HMAC-SHA256"},
		"short scope": {
			replace("/auto/s3/", "/"), ErrInvalidArgument,
			"Credential sigv4 header should have at least 5 slash-separated parts, not 3",
		},
		"another service": {
			replace("/s3/", "/ec2/"), ErrInvalidArgument, "Credential service should be s3, not ec2",
		},
		"another end": {
			replace("aws4_request", "aws5_request"), ErrInvalidArgument,
			"Credential termination string should be aws4_request, not aws5_request",
		},
		"another day": {
			replace("/20130524/", "/20130523/"), ErrInvalidArgument,
			"Credential signed date 20130523 does not match 20130524 from 'x-amz-date' header",
		},
		"unknown key":     {replace(exampleKeyID, "AKIASOMEONEELSE"), ErrUnauthorized, "Unauthorized"},
		"host not signed": {replace("SignedHeaders=host;", "SignedHeaders="), ErrUnauthorized, "Unauthorized"},
		"changed method": {
			func() *http.Request {
				r := header(func(http.Header) {})
				r.Method = "DELETE"
				return r
			}(), ErrSignatureDoesNotMatch, ErrSignatureDoesNotMatch.Message,
		},
		"one parameter missing": {
			without("X-Amz-Date"), ErrInvalidArgument, "Required search parameter X-Amz-Date missing",
		},
		"two parameters missing": {
			without("X-Amz-Date", "X-Amz-Expires"), ErrInvalidArgument,
			"Required search parameters X-Amz-Date,  X-Amz-Expires missing",
		},
		"presigned by another algorithm": {
			query("X-Amz-Algorithm", "none"), errInvalidRequest, "Please use AWS4-HMAC-SHA256",
		},
		"no expiry":  {query("X-Amz-Expires", ""), ErrInvalidArgument, "X-Amz-Expires should be a number"},
		"NaN expiry": {query("X-Amz-Expires", "NaN"), ErrInvalidArgument, "X-Amz-Expires should be a number"},
		"long expiry": {
			query("X-Amz-Expires", "604801"), ErrInvalidArgument,
			"X-Amz-Expires must be less than a week (in seconds); " +
				"that is, the given X-Amz-Expires must be less than 604800 seconds",
		},
		"expired at once": {query("X-Amz-Expires", "0"), ErrExpiredRequest, "Request has expired"},
	} {
		_, _, _, err := exampleS3().authenticate(test.request, test.request.URL.Query())
		require.ErrorIs(t, err, test.want, name)
		assert.Equal(t, test.message, err.Error(), name)
	}
}

// TestPresignedURLsEndOnTime works up to the last second.
func TestPresignedURLsEndOnTime(t *testing.T) {
	t.Parallel()
	r := presign(t, "GET", "/b/k", nil)
	s3 := exampleS3()
	for after, want := range map[time.Duration]error{
		0: nil, time.Minute: nil, time.Minute + time.Second: ErrExpiredRequest,
	} {
		s3.Now = func() time.Time { return exampleTime.Add(after) }
		_, _, _, err := s3.authenticate(r, r.URL.Query())
		require.ErrorIs(t, err, want, after)
	}
}

// TestHeadersAreCanonical joins repeated headers and folds spaces, and finds the headers that the server keeps
// elsewhere.
func TestHeadersAreCanonical(t *testing.T) {
	t.Parallel()
	r := exampleRequest(t, "PUT", "/b/k")
	r.Header["X-Amz-Meta-A"] = []string{"  one   two ", "three"}
	r.ContentLength = 7
	assert.Equal(t, "one two,three", canonicalHeader(r, "x-amz-meta-a"))
	assert.Equal(t, "7", canonicalHeader(r, "content-length"))
	assert.Equal(t, exampleHost, canonicalHeader(r, "host"))
	assert.Empty(t, canonicalHeader(r, "x-absent"))
}

// TestQueriesAreCanonical sorts by encoded name, then value, and encodes spaces and slashes.
func TestQueriesAreCanonical(t *testing.T) {
	t.Parallel()
	query, err := url.ParseQuery("b=2&a-b=1&a=%2F+x&B=3&b=1&e&X-Amz-Signature=gone")
	require.NoError(t, err)
	assert.Equal(t, "B=3&a=%2F%20x&a-b=1&b=1&b=2&e=", canonicalQuery(query))
}

// TestSecretsAreNotEchoed looks for the secret in what a refused client is told.
func TestSecretsAreNotEchoed(t *testing.T) {
	t.Parallel()
	r := sign(exampleRequest(t, "GET", "/b/k"), emptySHA256)
	r.Method = "PUT"
	w := httptest.NewRecorder()
	exampleS3().ServeHTTP(w, r)
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Contains(t, w.Body.String(), "<StringToSign>AWS4-HMAC-SHA256&#xA;20130524T000000Z")
	assert.NotContains(t, w.Body.String(), exampleSecret)
}
