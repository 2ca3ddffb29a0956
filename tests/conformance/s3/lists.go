// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keys lists keys and common prefixes over all pages.
func (s *suite) keys(t *testing.T, in *sdk.ListObjectsV2Input) []string {
	t.Helper()
	keys := []string{}
	pages := sdk.NewListObjectsV2Paginator(s.sdk, in, once)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		entries := entriesOf(page.Contents, page.CommonPrefixes)
		assert.EqualValues(t, len(entries), aws.ToInt32(page.KeyCount))
		if in.MaxKeys != nil {
			assert.LessOrEqual(t, len(entries), int(*in.MaxKeys))
		}
		keys = append(keys, entries...)
	}
	return keys
}

// once ends a list that goes round in circles.
func once(o *sdk.ListObjectsV2PaginatorOptions) { o.StopOnDuplicateToken = true }

func entriesOf(objects []types.Object, prefixes []types.CommonPrefix) []string {
	var entries []string
	for _, object := range objects {
		entries = append(entries, aws.ToString(object.Key))
	}
	for _, prefix := range prefixes {
		entries = append(entries, aws.ToString(prefix.Prefix))
	}
	return entries
}

// seed writes a small tree of keys.
func (s *suite) seed(t *testing.T) *string {
	t.Helper()
	bucket := s.bucket(t)
	for _, key := range []string{"a", "b/1", "b/2", "b/3", "b-", "c", "d/e/1", "d/f", "é"} {
		s.put(t, bucket, key, key)
	}
	return bucket
}

// TestListsAreSortedAndSelective lists by prefix, delimiter and first key.
func (s *suite) TestListsAreSortedAndSelective(t *testing.T) {
	bucket := s.seed(t)
	list := func(change func(*sdk.ListObjectsV2Input)) []string {
		in := &sdk.ListObjectsV2Input{Bucket: bucket}
		change(in)
		return s.keys(t, in)
	}
	assert.Equal(t, []string{"a", "b-", "b/1", "b/2", "b/3", "c", "d/e/1", "d/f", "é"},
		list(func(*sdk.ListObjectsV2Input) {}))
	assert.Equal(t, []string{"b/1", "b/2", "b/3"},
		list(func(in *sdk.ListObjectsV2Input) { in.Prefix = aws.String("b/") }))
	assert.Equal(t, []string{"a", "b-", "c", "é", "b/", "d/"},
		list(func(in *sdk.ListObjectsV2Input) { in.Delimiter = aws.String("/") }))
	assert.Equal(t, []string{"d/f", "d/e/"}, list(func(in *sdk.ListObjectsV2Input) {
		in.Delimiter, in.Prefix = aws.String("/"), aws.String("d/")
	}))
	assert.Equal(t, []string{"c", "d/e/1", "d/f", "é"},
		list(func(in *sdk.ListObjectsV2Input) { in.StartAfter = aws.String("b/3") }))
	assert.Empty(t, list(func(in *sdk.ListObjectsV2Input) { in.Prefix = aws.String("nothing") }))
}

// TestPagesTogetherAreTheWhole lists with every page size: no key is lost or repeated between pages.
func (s *suite) TestPagesTogetherAreTheWhole(t *testing.T) {
	bucket := s.seed(t)
	for _, delimiter := range []*string{nil, aws.String("/")} {
		whole := s.keys(t, &sdk.ListObjectsV2Input{Bucket: bucket, Delimiter: delimiter})
		for size := int32(1); size <= int32(len(whole))+1; size++ {
			paged := s.keys(t, &sdk.ListObjectsV2Input{
				Bucket: bucket, Delimiter: delimiter, MaxKeys: aws.Int32(size),
			})
			assert.ElementsMatch(t, whole, paged, "pages of %d", size)
		}
	}
}

// TestFirstVersionPagesTogetherAreTheWhole does the same with ListObjects, whose pages begin after a marker.
func (s *suite) TestFirstVersionPagesTogetherAreTheWhole(t *testing.T) {
	bucket := s.seed(t)
	for _, delimiter := range []*string{nil, aws.String("/")} {
		whole := s.keys(t, &sdk.ListObjectsV2Input{Bucket: bucket, Delimiter: delimiter})
		for size := int32(1); size <= int32(len(whole))+1; size++ {
			var paged []string
			in := &sdk.ListObjectsInput{Bucket: bucket, Delimiter: delimiter, MaxKeys: aws.Int32(size)}
			for range len(whole) + 1 {
				page, err := s.sdk.ListObjects(t.Context(), in)
				require.NoError(t, err)
				entries := entriesOf(page.Contents, page.CommonPrefixes)
				paged = append(paged, entries...)
				if !aws.ToBool(page.IsTruncated) {
					break
				}
				in.Marker = page.NextMarker
				if in.Marker == nil { // S3 names it only if there is a delimiter.
					in.Marker = aws.String(entries[len(entries)-1])
				}
			}
			assert.ElementsMatch(t, whole, paged, "pages of %d", size)
		}
	}
}

// TestListsDescribeObjects says of each object what reading it says.
func (s *suite) TestListsDescribeObjects(t *testing.T) {
	bucket := s.bucket(t)
	etag := s.put(t, bucket, "k", "12345").ETag
	page, err := s.sdk.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: bucket})
	require.NoError(t, err)
	require.Len(t, page.Contents, 1)
	object := page.Contents[0]
	assert.Equal(t, etag, object.ETag)
	assert.EqualValues(t, 5, aws.ToInt64(object.Size))
	assert.Equal(t, types.ObjectStorageClassStandard, object.StorageClass)
	head, err := s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: bucket, Key: aws.String("k")})
	require.NoError(t, err)
	assert.WithinDuration(t, aws.ToTime(head.LastModified), aws.ToTime(object.LastModified), 1e9)
	assert.Equal(t, *bucket, aws.ToString(page.Name))
	assert.False(t, aws.ToBool(page.IsTruncated))
	assert.Nil(t, page.NextContinuationToken)
}

// TestListsOfMissingBucketsAreRefused asks for a bucket that is not there.
func (s *suite) TestListsOfMissingBucketsAreRefused(t *testing.T) {
	none := aws.String("conformance-" + random(t, 12))
	_, err := s.sdk.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: none})
	refuses(t, err, Answer{Status: http.StatusNotFound, Code: "NoSuchBucket"})
}

// TestKeysCanBeEncoded lists keys that XML could not carry otherwise.
func (s *suite) TestKeysCanBeEncoded(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "a b/c+d", "x")
	page, err := s.sdk.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{
		Bucket: bucket, EncodingType: types.EncodingTypeUrl, Prefix: aws.String("a b"),
	})
	require.NoError(t, err)
	require.Len(t, page.Contents, 1)
	key := strings.ReplaceAll(aws.ToString(page.Contents[0].Key), "%2F", "/") // S3 leaves slashes, R2 does not.
	assert.Contains(t, []string{"a%20b/c%2Bd", "a+b/c%2Bd"}, key)
	assert.Equal(t, types.EncodingTypeUrl, page.EncodingType)
}

// TestBucketsAreCreatedListedAndDeleted is a bucket's life.
func (s *suite) TestBucketsAreCreatedListedAndDeleted(t *testing.T) {
	bucket := s.bucket(t)
	_, err := s.sdk.HeadBucket(t.Context(), &sdk.HeadBucketInput{Bucket: bucket})
	require.NoError(t, err)
	_, err = s.sdk.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: bucket})
	refuses(t, err, s.answer(BucketExists))

	list, err := s.sdk.ListBuckets(t.Context(), &sdk.ListBucketsInput{})
	require.NoError(t, err)
	var found bool
	for _, b := range list.Buckets {
		if aws.ToString(b.Name) == *bucket {
			found = true
			assert.False(t, aws.ToTime(b.CreationDate).IsZero())
		}
	}
	assert.True(t, found, "the list lacks the bucket")

	s.put(t, bucket, "k", "v")
	_, err = s.sdk.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: bucket})
	assert.Equal(t, http.StatusConflict, status(err))
	assert.Equal(t, "BucketNotEmpty", code(err))
	_, err = s.sdk.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: bucket, Key: aws.String("k")})
	require.NoError(t, err)
	_, err = s.sdk.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: bucket})
	require.NoError(t, err)
	_, err = s.sdk.HeadBucket(t.Context(), &sdk.HeadBucketInput{Bucket: bucket})
	refuses(t, err, Answer{Status: http.StatusNotFound, Code: "NotFound"})
	_, err = s.sdk.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: bucket})
	refuses(t, err, Answer{Status: http.StatusNotFound, Code: "NoSuchBucket"})
}

// TestInvalidBucketNamesAreRefused asks for names that no bucket can have.
func (s *suite) TestInvalidBucketNamesAreRefused(t *testing.T) {
	for _, name := range []string{"ab", "Upper-Case", "under_score"} {
		_, err := s.sdk.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String(name)})
		refuses(t, err, Answer{Status: http.StatusBadRequest, Code: "InvalidBucketName"})
	}
}

// TestBucketsHaveALocation reads it, whatever it is.
func (s *suite) TestBucketsHaveALocation(t *testing.T) {
	_, err := s.sdk.GetBucketLocation(t.Context(), &sdk.GetBucketLocationInput{Bucket: s.bucket(t)})
	require.NoError(t, err)
	none := aws.String("conformance-" + random(t, 12))
	_, err = s.sdk.GetBucketLocation(t.Context(), &sdk.GetBucketLocationInput{Bucket: none})
	refuses(t, err, Answer{Status: http.StatusNotFound, Code: "NoSuchBucket"})
}
