// SPDX-License-Identifier: Apache-2.0

// Package s3 is a conformance suite for R2's S3 endpoint, driven by the AWS SDK. It is run against the emulator and, to
// prove the suite itself, against an S3 server that others wrote.
package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// suite holds the tests: each method whose name begins with Test is one. Each has buckets of its own and runs in
// parallel to the others.
type suite struct {
	Target

	sdk *sdk.Client
}

// Run runs the whole suite against a target. A test that does not apply is left out and its reason logged; one that
// does not exist fails.
func Run(t *testing.T, target Target) {
	t.Helper()
	s := &suite{Target: target, sdk: target.client()}
	value := reflect.ValueOf(s)
	names := map[string]bool{}
	for i := range value.NumMethod() {
		name, ok := strings.CutPrefix(value.Type().Method(i).Name, "Test")
		if !ok {
			continue
		}
		names[name] = true
		if reason, without := target.Without[name]; without {
			t.Logf("without %s: %s", name, reason)
			continue
		}
		test, ok := reflect.TypeAssert[func(*testing.T)](value.Method(i))
		require.Truef(t, ok, "Test%s is not a test", name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
	for name := range target.Without {
		assert.Truef(t, names[name], "there is no test %s to be without", name)
	}
	for refusal, answer := range target.Answers {
		assert.NotEmptyf(t, answer.Reason, "why does the target answer otherwise: %s", refusal)
	}
}

// fixed is a provider of one credential.
type fixed aws.Credentials

// Retrieve returns the credential.
func (f fixed) Retrieve(context.Context) (aws.Credentials, error) { return aws.Credentials(f), nil }

// bucket creates a bucket and removes it with all it holds when the test ends.
func (s *suite) bucket(t *testing.T) *string {
	t.Helper()
	name := aws.String("conformance-" + random(t, 8))
	_, err := s.sdk.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: name})
	require.NoError(t, err)
	t.Cleanup(func() { s.sweep(t, name) })
	return name
}

// sweep removes a bucket, if it is still there.
func (s *suite) sweep(t *testing.T, name *string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	pages := sdk.NewListObjectsV2Paginator(s.sdk, &sdk.ListObjectsV2Input{Bucket: name}, once)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if code(err) == "NoSuchBucket" {
			return
		}
		require.NoError(t, err)
		for _, object := range page.Contents {
			_, err := s.sdk.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: name, Key: object.Key})
			require.NoError(t, err)
		}
	}
	_, err := s.sdk.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: name})
	require.NoError(t, err)
}

// put writes an object.
func (s *suite) put(t *testing.T, bucket *string, key, content string) *sdk.PutObjectOutput {
	t.Helper()
	out, err := s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: aws.String(key), Body: strings.NewReader(content),
	})
	require.NoError(t, err)
	return out
}

// content reads an object.
func (s *suite) content(t *testing.T, bucket *string, key string) string {
	t.Helper()
	out, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String(key)})
	require.NoError(t, err)
	return text(t, out.Body)
}

// text reads a body to its end.
func text(t *testing.T, body io.ReadCloser) string {
	t.Helper()
	defer func() { assert.NoError(t, body.Close()) }()
	content, err := io.ReadAll(body)
	require.NoError(t, err)
	return string(content)
}

// refuses asserts that an error is a refusal with that status and S3 error code.
func refuses(t *testing.T, err error, want Answer) {
	t.Helper()
	require.Error(t, err)
	assert.Equal(t, want.Status, status(err), "%v", err)
	assert.Equal(t, want.Code, code(err), "%v", err)
}

// code is the S3 error code of an error; empty if it has none.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// status is the HTTP status of an error; 0 if it has none.
func status(err error) int {
	if response, ok := errors.AsType[*http.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

// random returns n random hexadecimal digits.
func random(t *testing.T, n int) string {
	t.Helper()
	digits := make([]byte, (n+1)/2)
	_, err := rand.Read(digits)
	require.NoError(t, err)
	return hex.EncodeToString(digits)[:n]
}

// bulk returns size bytes that are not the same all over.
func bulk(size int) []byte {
	return bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
}
