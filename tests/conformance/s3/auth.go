// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestUnknownAccessKeysAreRefused signs with a key that the server has never seen.
func (s *suite) TestUnknownAccessKeysAreRefused(t *testing.T) {
	bucket := s.bucket(t)
	stranger := s.clientWith("AKIASTRANGER00000000", "whatever")
	_, err := stranger.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: bucket})
	refuses(t, err, s.answer(UnknownAccessKey))
}

// TestWrongSecretsAreRefused signs with the right key id and the wrong secret, for reading and for writing.
func (s *suite) TestWrongSecretsAreRefused(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "v")
	impostor := s.clientWith(s.AccessKeyID, s.SecretAccessKey+"x")
	want := Answer{Status: http.StatusForbidden, Code: "SignatureDoesNotMatch"}
	_, err := impostor.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("k")})
	refuses(t, err, want)
	_, err = impostor.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader("forged"),
	})
	refuses(t, err, want)
	assert.NotContains(t, err.Error(), s.SecretAccessKey)
	assert.Equal(t, "v", s.content(t, bucket, "k"))
}

// TestUnsignedRequestsAreRefused asks without any signature.
func (s *suite) TestUnsignedRequestsAreRefused(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "v")
	answer := s.send(t, http.MethodGet, s.Endpoint+"/"+*bucket+"/k", nil, "")
	assert.Equal(t, s.answer(Unsigned), s.answerOf(Unsigned, answer))
}

// TestPresignedURLsNeedNoKeys reads and writes by URLs alone.
func (s *suite) TestPresignedURLsNeedNoKeys(t *testing.T) {
	bucket := s.bucket(t)
	presign := sdk.NewPresignClient(s.sdk)
	put, err := presign.PresignPutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: aws.String("dir/a b.txt"), ContentType: aws.String("text/plain"),
	}, sdk.WithPresignExpires(time.Minute))
	require.NoError(t, err)
	written := s.send(t, put.Method, put.URL, put.SignedHeader, "by URL")
	require.Equal(t, http.StatusOK, written.status, written.body)

	get, err := presign.PresignGetObject(t.Context(), &sdk.GetObjectInput{
		Bucket: bucket, Key: aws.String("dir/a b.txt"),
	})
	require.NoError(t, err)
	read := s.send(t, get.Method, get.URL, get.SignedHeader, "")
	require.Equal(t, http.StatusOK, read.status, read.body)
	assert.Equal(t, "by URL", read.body)
	assert.Equal(t, "text/plain", read.header.Get("Content-Type"))
}

// TestPresignedURLsAllowOneThing refuses the URL for another object, another method or a longer time.
func (s *suite) TestPresignedURLsAllowOneThing(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "v")
	s.put(t, bucket, "other", "secret")
	get, err := sdk.NewPresignClient(s.sdk).PresignGetObject(t.Context(), &sdk.GetObjectInput{
		Bucket: bucket, Key: aws.String("k"),
	})
	require.NoError(t, err)
	for name, forged := range map[string]struct{ method, url string }{
		"another object": {http.MethodGet, strings.Replace(get.URL, "/k?", "/other?", 1)},
		"another method": {http.MethodDelete, get.URL},
		"a longer time":  {http.MethodGet, strings.Replace(get.URL, "X-Amz-Expires=900", "X-Amz-Expires=9000", 1)},
	} {
		answer := s.send(t, forged.method, forged.url, get.SignedHeader, "")
		assert.Equal(t, http.StatusForbidden, answer.status, name)
		assert.Equal(t, "SignatureDoesNotMatch", answer.code, name)
	}
}

// TestPresignedURLsExpire signs in the past.
func (s *suite) TestPresignedURLsExpire(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "v")
	past := func(o *sdk.PresignOptions) {
		o.Presigner = presignerAt{signer: v4.NewSigner(func(o *v4.SignerOptions) {
			o.DisableURIPathEscaping = true
		}), at: time.Now().Add(-time.Hour)}
		o.Expires = time.Minute
	}
	get, err := sdk.NewPresignClient(s.sdk).PresignGetObject(t.Context(), &sdk.GetObjectInput{
		Bucket: bucket, Key: aws.String("k"),
	}, past)
	require.NoError(t, err)
	answer := s.send(t, get.Method, get.URL, get.SignedHeader, "")
	assert.Equal(t, s.answer(ExpiredURL), s.answerOf(ExpiredURL, answer))
}

// TestTheRegionIsSigned has a request refused whose scope was changed after signing.
func (s *suite) TestTheRegionIsSigned(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "v")
	get, err := sdk.NewPresignClient(s.sdk).PresignGetObject(t.Context(), &sdk.GetObjectInput{
		Bucket: bucket, Key: aws.String("k"),
	})
	require.NoError(t, err)
	scope := url.QueryEscape("/" + s.Region + "/s3/")
	require.Contains(t, get.URL, scope)
	forged := strings.Replace(get.URL, scope, url.QueryEscape("/eu-west-9/s3/"), 1)
	answer := s.send(t, get.Method, forged, get.SignedHeader, "")
	assert.GreaterOrEqual(t, answer.status, http.StatusBadRequest)
	assert.NotEqual(t, "v", answer.body)
}

// reply is an answer to a request that the SDK did not send.
type reply struct {
	status int
	header http.Header
	body   string
	code   string // of the S3 error, if it is one
}

// send sends a request as it is.
func (s *suite) send(t *testing.T, method, target string, header http.Header, body string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	require.NoError(t, err)
	maps.Copy(request.Header, header)
	response, err := s.http().Do(request)
	require.NoError(t, err)
	defer func() { assert.NoError(t, response.Body.Close()) }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	out := reply{status: response.StatusCode, header: response.Header, body: string(content)}
	var document struct{ Code string }
	if xml.Unmarshal(content, &document) == nil {
		out.code = document.Code
	}
	return out
}

// answerOf is a reply in the form of the answer expected of the target.
func (s *suite) answerOf(r Refusal, got reply) Answer {
	return Answer{Status: got.status, Code: got.code, Reason: s.answer(r).Reason}
}

// presignerAt signs URLs as of another time.
type presignerAt struct {
	signer *v4.Signer
	at     time.Time
}

// PresignHTTP signs a URL.
func (p presignerAt) PresignHTTP(
	ctx context.Context, credentials aws.Credentials, r *http.Request, payloadHash, service, region string, _ time.Time,
	options ...func(*v4.SignerOptions),
) (string, http.Header, error) {
	return p.signer.PresignHTTP(ctx, credentials, r, payloadHash, service, region, p.at, options...)
}
