// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPutObjectsAreReadBack reads content, entity tag and metadata as they were written.
func (s *suite) TestPutObjectsAreReadBack(t *testing.T) {
	bucket := s.bucket(t)
	before := time.Now().Add(-time.Minute)
	put, err := s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: aws.String("dir/a.txt"), Body: strings.NewReader("hello"),
		ContentType: aws.String("text/plain"), CacheControl: aws.String("max-age=60"),
		ContentDisposition: aws.String("attachment"), ContentLanguage: aws.String("en"),
		ContentEncoding: aws.String("identity"), Expires: aws.Time(time.Unix(2000000000, 0)),
		Metadata: map[string]string{"colour": "blue", "two-words": "a b"},
	})
	require.NoError(t, err)
	sum := md5.Sum([]byte("hello"))
	etag := `"` + hex.EncodeToString(sum[:]) + `"`
	assert.Equal(t, etag, aws.ToString(put.ETag))

	got, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("dir/a.txt")})
	require.NoError(t, err)
	assert.Equal(t, "hello", text(t, got.Body))
	assert.Equal(t, etag, aws.ToString(got.ETag))
	assert.EqualValues(t, 5, aws.ToInt64(got.ContentLength))
	assert.Equal(t, "text/plain", aws.ToString(got.ContentType))
	assert.Equal(t, "max-age=60", aws.ToString(got.CacheControl))
	assert.Equal(t, "attachment", aws.ToString(got.ContentDisposition))
	assert.Equal(t, "en", aws.ToString(got.ContentLanguage))
	assert.Equal(t, "identity", aws.ToString(got.ContentEncoding))
	assert.Equal(t, map[string]string{"colour": "blue", "two-words": "a b"}, got.Metadata)
	assert.Equal(t, "bytes", aws.ToString(got.AcceptRanges))
	assert.WithinRange(t, aws.ToTime(got.LastModified), before, time.Now().Add(time.Minute))
	assert.Equal(t, time.Unix(2000000000, 0).UTC().Format(http.TimeFormat), aws.ToString(got.ExpiresString))

	head, err := s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: bucket, Key: aws.String("dir/a.txt")})
	require.NoError(t, err)
	assert.EqualValues(t, 5, aws.ToInt64(head.ContentLength))
	assert.Equal(t, got.Metadata, head.Metadata)
	assert.Equal(t, etag, aws.ToString(head.ETag))
}

// TestPutReplacesTheWholeObject leaves nothing of what was there before, metadata included.
func (s *suite) TestPutReplacesTheWholeObject(t *testing.T) {
	bucket := s.bucket(t)
	_, err := s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader("a longer text"),
		Metadata: map[string]string{"old": "yes"}, CacheControl: aws.String("no-store"),
	})
	require.NoError(t, err)
	s.put(t, bucket, "k", "short")
	got, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("k")})
	require.NoError(t, err)
	assert.Equal(t, "short", text(t, got.Body))
	assert.Empty(t, got.Metadata)
	assert.Empty(t, aws.ToString(got.CacheControl))
}

// TestEmptyObjectsAreObjects keeps a key without content.
func (s *suite) TestEmptyObjectsAreObjects(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "empty", "")
	assert.Empty(t, s.content(t, bucket, "empty"))
	head, err := s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: bucket, Key: aws.String("empty")})
	require.NoError(t, err)
	assert.Zero(t, aws.ToInt64(head.ContentLength))
}

// TestLargeObjectsAreReadBack writes more than a buffer's worth.
func (s *suite) TestLargeObjectsAreReadBack(t *testing.T) {
	bucket := s.bucket(t)
	content := bulk(11 << 20)
	_, err := s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: aws.String("large"), Body: bytes.NewReader(content),
	})
	require.NoError(t, err)
	got, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("large")})
	require.NoError(t, err)
	defer func() { assert.NoError(t, got.Body.Close()) }()
	read, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(content, read), "the content differs")
}

// TestKeysAreNotInterpreted keeps keys that a path, a URL or XML would make something else of.
func (s *suite) TestKeysAreNotInterpreted(t *testing.T) {
	bucket := s.bucket(t)
	keys := []string{
		"spaces in here", "plus+sign", "literal 100%/a%2Bb.txt", "späcial/ключ/鍵", "a&b<c>d'e\"f", "(parens)!*~$,;:@=",
		"question?mark#hash", "trailing/slash.d/x",
	}
	for _, key := range keys {
		s.put(t, bucket, key, "content of "+key)
	}
	for _, key := range keys {
		assert.Equal(t, "content of "+key, s.content(t, bucket, key))
	}
	listed, err := s.sdk.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: bucket})
	require.NoError(t, err)
	var got []string
	for _, object := range listed.Contents {
		got = append(got, aws.ToString(object.Key))
	}
	assert.ElementsMatch(t, keys, got)
}

// TestMissingObjectsAreNotFound distinguishes a missing key from a missing bucket.
func (s *suite) TestMissingObjectsAreNotFound(t *testing.T) {
	bucket := s.bucket(t)
	_, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("missing")})
	refuses(t, err, Answer{Status: http.StatusNotFound, Code: "NoSuchKey"})
	var noKey *types.NoSuchKey
	require.ErrorAs(t, err, &noKey)

	_, err = s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: bucket, Key: aws.String("missing")})
	refuses(t, err, Answer{Status: http.StatusNotFound, Code: "NotFound"})

	none := aws.String("conformance-" + random(t, 12))
	_, err = s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: none, Key: aws.String("k")})
	refuses(t, err, Answer{Status: http.StatusNotFound, Code: "NoSuchBucket"})
	_, err = s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: none, Key: aws.String("k"), Body: strings.NewReader("x"),
	})
	refuses(t, err, Answer{Status: http.StatusNotFound, Code: "NoSuchBucket"})
}

// TestDeletingTwiceIsDeletingOnce does not ask whether the object was there.
func (s *suite) TestDeletingTwiceIsDeletingOnce(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "v")
	for range 2 {
		_, err := s.sdk.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: bucket, Key: aws.String("k")})
		require.NoError(t, err)
	}
	_, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("k")})
	assert.Equal(t, "NoSuchKey", code(err))
}

// TestBatchesAreDeleted deletes many keys at once, also some that are not there.
func (s *suite) TestBatchesAreDeleted(t *testing.T) {
	bucket := s.bucket(t)
	for _, key := range []string{"a", "b & c", "keep"} {
		s.put(t, bucket, key, "x")
	}
	out, err := s.sdk.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{
		Bucket: bucket,
		Delete: &types.Delete{Objects: []types.ObjectIdentifier{
			{Key: aws.String("a")}, {Key: aws.String("b & c")}, {Key: aws.String("never was")},
		}},
	})
	require.NoError(t, err)
	assert.Empty(t, out.Errors)
	var deleted []string
	for _, d := range out.Deleted {
		deleted = append(deleted, aws.ToString(d.Key))
	}
	assert.ElementsMatch(t, []string{"a", "b & c", "never was"}, deleted)
	assert.Equal(t, []string{"keep"}, s.keys(t, &sdk.ListObjectsV2Input{Bucket: bucket}))
}

// TestRangesSelectBytes reads beginnings, middles and ends.
func (s *suite) TestRangesSelectBytes(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "0123456789")
	for header, want := range map[string]struct{ content, span string }{
		"bytes=0-0":    {"0", "bytes 0-0/10"},
		"bytes=2-4":    {"234", "bytes 2-4/10"},
		"bytes=7-":     {"789", "bytes 7-9/10"},
		"bytes=-3":     {"789", "bytes 7-9/10"},
		"bytes=-99":    {"0123456789", "bytes 0-9/10"},
		"bytes=5-9999": {"56789", "bytes 5-9/10"},
	} {
		got, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{
			Bucket: bucket, Key: aws.String("k"), Range: aws.String(header),
		})
		require.NoError(t, err, header)
		assert.Equal(t, want.content, text(t, got.Body), header)
		assert.Equal(t, want.span, aws.ToString(got.ContentRange), header)
	}
	_, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{
		Bucket: bucket, Key: aws.String("k"), Range: aws.String("bytes=10-"),
	})
	refuses(t, err, Answer{Status: http.StatusRequestedRangeNotSatisfiable, Code: "InvalidRange"})
}

// TestMalformedRangesAreRefused is R2's own strictness; others read the whole object.
func (s *suite) TestMalformedRangesAreRefused(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "0123456789")
	for _, header := range []string{"bytes=a-b", "bytes=4-2", "bytes=0-1,3-4"} {
		_, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{
			Bucket: bucket, Key: aws.String("k"), Range: aws.String(header),
		})
		refuses(t, err, s.answer(MalformedRange))
	}
}

// TestUnimplementedFeaturesAreNamed is how R2 says what it does not do.
func (s *suite) TestUnimplementedFeaturesAreNamed(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "v")
	key := aws.String("k")
	want := Answer{Status: http.StatusNotImplemented, Code: "NotImplemented"}

	_, err := s.sdk.GetObjectTagging(t.Context(), &sdk.GetObjectTaggingInput{Bucket: bucket, Key: key})
	refuses(t, err, want)
	require.ErrorContains(t, err, "GetObjectTagging not implemented")
	_, err = s.sdk.GetBucketPolicy(t.Context(), &sdk.GetBucketPolicyInput{Bucket: bucket})
	refuses(t, err, want)
	require.ErrorContains(t, err, "GetBucketPolicy not implemented")
	_, err = s.sdk.ListObjectVersions(t.Context(), &sdk.ListObjectVersionsInput{Bucket: bucket})
	refuses(t, err, want)
	_, err = s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: key, Body: strings.NewReader("x"), Tagging: aws.String("a=b"),
	})
	refuses(t, err, want)
	require.ErrorContains(t, err, "Header 'x-amz-tagging' with value 'a=b' not implemented")
	_, err = s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: key, Body: strings.NewReader("x"), ObjectLockMode: types.ObjectLockModeGovernance,
	})
	refuses(t, err, want)
	assert.Equal(t, "v", s.content(t, bucket, "k"), "a refused write wrote")
}

// TestStorageClassesAreKept lists and reads the class that was written.
func (s *suite) TestStorageClassesAreKept(t *testing.T) {
	bucket := s.bucket(t)
	_, err := s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: aws.String("cold"), Body: strings.NewReader("x"),
		StorageClass: types.StorageClassStandardIa,
	})
	require.NoError(t, err)
	head, err := s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: bucket, Key: aws.String("cold")})
	require.NoError(t, err)
	assert.Equal(t, types.StorageClassStandardIa, head.StorageClass)
	_, err = s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader("x"), StorageClass: "LUKEWARM",
	})
	refuses(t, err, Answer{Status: http.StatusBadRequest, Code: "InvalidStorageClass"})
}

// isNotModified reports the answer 304, which the SDK returns as an error.
func isNotModified(err error) bool {
	return err != nil && status(err) == http.StatusNotModified && !errors.Is(err, io.EOF)
}
