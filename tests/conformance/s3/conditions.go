// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var failed = Answer{Status: http.StatusPreconditionFailed, Code: "PreconditionFailed"}

// TestConditionalPutsCreateOnlyOnce is how an immutable object is written: If-None-Match: *.
func (s *suite) TestConditionalPutsCreateOnlyOnce(t *testing.T) {
	bucket := s.bucket(t)
	once := func(content string) error {
		_, err := s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
			Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader(content), IfNoneMatch: aws.String("*"),
		})
		return err
	}
	require.NoError(t, once("first"))
	refuses(t, once("second"), failed)
	assert.Equal(t, "first", s.content(t, bucket, "k"))
}

// TestConditionalPutsRaceForOneWinner writes the same new key from many sides at once.
func (s *suite) TestConditionalPutsRaceForOneWinner(t *testing.T) {
	bucket := s.bucket(t)
	const writers = 8
	results := make([]error, writers)
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			_, results[i] = s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
				Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader(strings.Repeat("x", i+1)),
				IfNoneMatch: aws.String("*"),
			})
		})
	}
	group.Wait()
	winner := -1
	for i, err := range results {
		if err == nil {
			assert.Equal(t, -1, winner, "two writers won")
			winner = i
			continue
		}
		assert.Equal(t, failed.Code, code(err))
	}
	require.NotEqual(t, -1, winner, "no writer won")
	assert.Len(t, s.content(t, bucket, "k"), winner+1)
}

// TestConditionalPutsReplaceWhatWasSeen is optimistic locking: If-Match.
func (s *suite) TestConditionalPutsReplaceWhatWasSeen(t *testing.T) {
	bucket := s.bucket(t)
	seen := s.put(t, bucket, "k", "one")
	replace := func(etag *string, content string) error {
		_, err := s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
			Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader(content), IfMatch: etag,
		})
		return err
	}
	require.NoError(t, replace(seen.ETag, "two"))
	refuses(t, replace(seen.ETag, "three"), failed)
	assert.Equal(t, "two", s.content(t, bucket, "k"))
}

// TestConditionalReadsSayWhatChanged answers 304 to a cache and 412 to a condition.
func (s *suite) TestConditionalReadsSayWhatChanged(t *testing.T) {
	bucket := s.bucket(t)
	etag := s.put(t, bucket, "k", "v").ETag
	other := aws.String(`"00000000000000000000000000000000"`)
	past, future := aws.Time(time.Now().Add(-time.Hour)), aws.Time(time.Now().Add(time.Hour))
	get := func(change func(*sdk.GetObjectInput)) error {
		in := &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("k")}
		change(in)
		out, err := s.sdk.GetObject(t.Context(), in)
		if err == nil {
			assert.Equal(t, "v", text(t, out.Body))
		}
		return err
	}
	require.NoError(t, get(func(in *sdk.GetObjectInput) { in.IfMatch = etag }))
	require.NoError(t, get(func(in *sdk.GetObjectInput) { in.IfNoneMatch = other }))
	require.NoError(t, get(func(in *sdk.GetObjectInput) { in.IfModifiedSince = past }))
	require.NoError(t, get(func(in *sdk.GetObjectInput) { in.IfUnmodifiedSince = future }))
	refuses(t, get(func(in *sdk.GetObjectInput) { in.IfMatch = other }), failed)
	refuses(t, get(func(in *sdk.GetObjectInput) { in.IfUnmodifiedSince = past }), failed)
	assert.True(t, isNotModified(get(func(in *sdk.GetObjectInput) { in.IfNoneMatch = etag })))
	// A matching entity tag settles it, whatever the date: RFC 9110 section 13.2.2.
	require.NoError(t, get(func(in *sdk.GetObjectInput) { in.IfMatch, in.IfUnmodifiedSince = etag, past }))
}

// TestCopiesKeepOrReplaceMetadata copies within a bucket and between two.
func (s *suite) TestCopiesKeepOrReplaceMetadata(t *testing.T) {
	from, to := s.bucket(t), s.bucket(t)
	_, err := s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: from, Key: aws.String("a source"), Body: strings.NewReader("content"),
		ContentType: aws.String("text/plain"), Metadata: map[string]string{"a": "1"},
	})
	require.NoError(t, err)
	source := aws.String(*from + "/a%20source")

	kept, err := s.sdk.CopyObject(t.Context(), &sdk.CopyObjectInput{
		Bucket: to, Key: aws.String("kept"), CopySource: source,
	})
	require.NoError(t, err)
	require.NotNil(t, kept.CopyObjectResult)
	got, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: to, Key: aws.String("kept")})
	require.NoError(t, err)
	assert.Equal(t, "content", text(t, got.Body))
	assert.Equal(t, "text/plain", aws.ToString(got.ContentType))
	assert.Equal(t, map[string]string{"a": "1"}, got.Metadata)
	assert.Equal(t, aws.ToString(got.ETag), aws.ToString(kept.CopyObjectResult.ETag))

	_, err = s.sdk.CopyObject(t.Context(), &sdk.CopyObjectInput{
		Bucket: to, Key: aws.String("replaced"), CopySource: source, MetadataDirective: "REPLACE",
		ContentType: aws.String("text/html"), Metadata: map[string]string{"b": "2"},
	})
	require.NoError(t, err)
	head, err := s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: to, Key: aws.String("replaced")})
	require.NoError(t, err)
	assert.Equal(t, "text/html", aws.ToString(head.ContentType))
	assert.Equal(t, map[string]string{"b": "2"}, head.Metadata)
}

// TestCopiesObeyConditionsOnTheirSource copies nothing that is not as was expected.
func (s *suite) TestCopiesObeyConditionsOnTheirSource(t *testing.T) {
	bucket := s.bucket(t)
	etag := s.put(t, bucket, "from", "x").ETag
	copyTo := func(key string, change func(*sdk.CopyObjectInput)) error {
		in := &sdk.CopyObjectInput{Bucket: bucket, Key: aws.String(key), CopySource: aws.String(*bucket + "/from")}
		change(in)
		_, err := s.sdk.CopyObject(t.Context(), in)
		return err
	}
	require.NoError(t, copyTo("to", func(in *sdk.CopyObjectInput) { in.CopySourceIfMatch = etag }))
	refuses(t, copyTo("no", func(in *sdk.CopyObjectInput) { in.CopySourceIfNoneMatch = etag }),
		s.answer(UnchangedSource))
	refuses(t, copyTo("no", func(in *sdk.CopyObjectInput) {
		in.CopySourceIfMatch = aws.String(`"00000000000000000000000000000000"`)
	}), failed)
	refuses(t, copyTo("no", func(in *sdk.CopyObjectInput) { in.CopySource = aws.String(*bucket + "/missing") }),
		Answer{Status: http.StatusNotFound, Code: "NoSuchKey"})
	assert.Equal(t, []string{"from", "to"}, s.keys(t, &sdk.ListObjectsV2Input{Bucket: bucket}))
}
