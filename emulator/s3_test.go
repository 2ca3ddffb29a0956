// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func TestOneStoreIsBehindTheAPIAndS3(t *testing.T) {
	t.Parallel()
	failing := false
	c := start(t, &emulator.Server{Before: func(int, *http.Request) int {
		if failing {
			return http.StatusServiceUnavailable
		}
		return 0
	}})
	web := httptest.NewServer(c.server.S3())
	t.Cleanup(web.Close)
	var token struct{ ID string }
	c.must(http.MethodGet, "/user/tokens/verify", nil, &token)
	id, key := c.server.R2Credential()
	assert.Equal(t, token.ID, id)
	objects := s3.New(s3.Options{
		BaseEndpoint: aws.String(web.URL), Region: "auto", UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: key}, nil
		}),
	})
	c.must(http.MethodPost, account+"/r2/buckets", object{"name": "files"}, nil)
	c.server.Calls()
	_, err := objects.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("files"), Key: aws.String("a/b"), Body: strings.NewReader("body"),
		ContentType: aws.String("text/x"),
	})
	require.NoError(t, err)
	got := c.send(http.MethodGet, account+"/r2/buckets/files/objects/a/b", nil)
	assert.Equal(t, "body", got.Body)
	assert.Equal(t, "text/x", got.Header.Get("Content-Type"))
	calls := c.server.Calls()
	require.Len(t, calls, 2)
	assert.Regexp(t, `^S3 PUT /files/a/b`, calls[0])
	assert.Equal(t, "GET "+account+"/r2/buckets/files/objects/a/b", calls[1])

	c.must(http.MethodPost, account+"/r2/buckets", object{"name": "european"}, nil, "Cf-R2-Jurisdiction", "eu")
	_, err = objects.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("european")})
	require.NoError(t, err, "a host that names nothing means the jurisdiction that has the bucket")

	failing = true
	_, err = objects.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	require.ErrorContains(t, err, "ServiceUnavailable")
}
