// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// partSize is the least that all parts but the last must have.
const partSize = 5 << 20

// begin starts an upload.
func (s *suite) begin(t *testing.T, in *sdk.CreateMultipartUploadInput) *string {
	t.Helper()
	out, err := s.sdk.CreateMultipartUpload(t.Context(), in)
	require.NoError(t, err)
	require.NotEmpty(t, aws.ToString(out.UploadId))
	return out.UploadId
}

// uploadParts uploads content in parts at once, as upload managers do.
func (s *suite) uploadParts(
	t *testing.T, bucket *string, key string, id *string, algorithm types.ChecksumAlgorithm, content []byte,
) []types.CompletedPart {
	t.Helper()
	count := (len(content) + partSize - 1) / partSize
	parts := make([]types.CompletedPart, count)
	errs := make([]error, count)
	var group sync.WaitGroup
	for i := range count {
		group.Go(func() {
			out, err := s.sdk.UploadPart(t.Context(), &sdk.UploadPartInput{
				Bucket: bucket, Key: aws.String(key), UploadId: id, PartNumber: aws.Int32(int32(i + 1)),
				Body:              bytes.NewReader(content[i*partSize : min((i+1)*partSize, len(content))]),
				ChecksumAlgorithm: algorithm,
			})
			if errs[i] = err; err != nil {
				return
			}
			parts[i] = types.CompletedPart{PartNumber: aws.Int32(int32(i + 1)), ETag: out.ETag}
			if algorithm == "" { // The parts' sums are the SDK's own business, not the upload's.
				return
			}
			parts[i].ChecksumCRC32, parts[i].ChecksumCRC32C = out.ChecksumCRC32, out.ChecksumCRC32C
			parts[i].ChecksumCRC64NVME = out.ChecksumCRC64NVME
			parts[i].ChecksumSHA1, parts[i].ChecksumSHA256 = out.ChecksumSHA1, out.ChecksumSHA256
		})
	}
	group.Wait()
	require.NoError(t, errors.Join(errs...))
	return parts
}

// complete makes parts the object "m".
func (s *suite) complete(
	t *testing.T, bucket *string, id *string, parts ...types.CompletedPart,
) (*sdk.CompleteMultipartUploadOutput, error) {
	t.Helper()
	return s.sdk.CompleteMultipartUpload(t.Context(), &sdk.CompleteMultipartUploadInput{
		Bucket: bucket, Key: aws.String("m"), UploadId: id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
}

// TestPartsBecomeOneObject uploads parts in any order and reads them as one.
func (s *suite) TestPartsBecomeOneObject(t *testing.T) {
	bucket := s.bucket(t)
	content := bulk(2*partSize + 12345)
	id := s.begin(t, &sdk.CreateMultipartUploadInput{
		Bucket: bucket, Key: aws.String("m"), ContentType: aws.String("text/x-test"),
		Metadata: map[string]string{"m": "1"},
	})
	parts := s.uploadParts(t, bucket, "m", id, "", content)

	_, err := s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: bucket, Key: aws.String("m")})
	require.Equal(t, http.StatusNotFound, status(err), "the object is there before the upload is complete")
	uploads, err := s.sdk.ListMultipartUploads(t.Context(), &sdk.ListMultipartUploadsInput{Bucket: bucket})
	require.NoError(t, err)
	require.Len(t, uploads.Uploads, 1)
	assert.Equal(t, id, uploads.Uploads[0].UploadId)
	assert.Equal(t, "m", aws.ToString(uploads.Uploads[0].Key))

	var listed []types.Part
	pages := sdk.NewListPartsPaginator(s.sdk, &sdk.ListPartsInput{
		Bucket: bucket, Key: aws.String("m"), UploadId: id, MaxParts: aws.Int32(2),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		listed = append(listed, page.Parts...)
	}
	require.Len(t, listed, 3)
	for i, part := range listed {
		assert.Equal(t, parts[i].ETag, part.ETag)
		assert.EqualValues(t, i+1, aws.ToInt32(part.PartNumber))
	}
	assert.EqualValues(t, 12345, aws.ToInt64(listed[2].Size))

	done, err := s.complete(t, bucket, id, parts...)
	require.NoError(t, err)
	assert.Equal(t, compositeETag(content), aws.ToString(done.ETag))
	got, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("m")})
	require.NoError(t, err)
	defer func() { assert.NoError(t, got.Body.Close()) }()
	read, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(content, read), "the content differs")
	assert.Equal(t, "text/x-test", aws.ToString(got.ContentType))
	assert.Equal(t, map[string]string{"m": "1"}, got.Metadata)

	// Across the border of two parts.
	border, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{
		Bucket: bucket, Key: aws.String("m"), Range: aws.String(fmt.Sprintf("bytes=%d-%d", partSize-3, partSize+3)),
	})
	require.NoError(t, err)
	assert.Equal(t, string(content[partSize-3:partSize+4]), text(t, border.Body))
}

// TestCompletedUploadsAreGone completes an upload twice.
func (s *suite) TestCompletedUploadsAreGone(t *testing.T) {
	bucket := s.bucket(t)
	id := s.begin(t, &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("m")})
	parts := s.uploadParts(t, bucket, "m", id, "", []byte("x"))
	_, err := s.complete(t, bucket, id, parts...)
	require.NoError(t, err)
	_, err = s.complete(t, bucket, id, parts...)
	refuses(t, err, Answer{Status: http.StatusNotFound, Code: "NoSuchUpload"})
}

// compositeETag is the entity tag of content uploaded in parts of partSize.
func compositeETag(content []byte) string {
	whole, count := md5.New(), 0
	for ; len(content) > 0; count++ {
		n := min(partSize, len(content))
		sum := md5.Sum(content[:n])
		whole.Write(sum[:])
		content = content[n:]
	}
	return fmt.Sprintf(`"%x-%d"`, whole.Sum(nil), count)
}

// TestPartsAreReadByNumber reads one part of an object.
func (s *suite) TestPartsAreReadByNumber(t *testing.T) {
	bucket := s.bucket(t)
	content := bulk(partSize + 10)
	id := s.begin(t, &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("m")})
	_, err := s.complete(t, bucket, id, s.uploadParts(t, bucket, "m", id, "", content)...)
	require.NoError(t, err)
	got, err := s.sdk.GetObject(t.Context(), &sdk.GetObjectInput{
		Bucket: bucket, Key: aws.String("m"), PartNumber: aws.Int32(2),
	})
	require.NoError(t, err)
	assert.Equal(t, string(content[partSize:]), text(t, got.Body))
	assert.EqualValues(t, 2, aws.ToInt32(got.PartsCount))
}

// TestReplacedPartsAreGone uploads a part twice: the second counts.
func (s *suite) TestReplacedPartsAreGone(t *testing.T) {
	bucket := s.bucket(t)
	id := s.begin(t, &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("m")})
	first := s.uploadParts(t, bucket, "m", id, "", []byte("first"))
	second := s.uploadParts(t, bucket, "m", id, "", []byte("second"))
	_, err := s.complete(t, bucket, id, first...)
	assert.Equal(t, "InvalidPart", code(err))
	_, err = s.complete(t, bucket, id, second...)
	require.NoError(t, err)
	assert.Equal(t, "second", s.content(t, bucket, "m"))
}

// TestUploadsAreAborted drops an upload and all of its parts.
func (s *suite) TestUploadsAreAborted(t *testing.T) {
	bucket := s.bucket(t)
	id := s.begin(t, &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("m")})
	parts := s.uploadParts(t, bucket, "m", id, "", []byte("x"))
	_, err := s.sdk.AbortMultipartUpload(t.Context(), &sdk.AbortMultipartUploadInput{
		Bucket: bucket, Key: aws.String("m"), UploadId: id,
	})
	require.NoError(t, err)
	gone := Answer{Status: http.StatusNotFound, Code: "NoSuchUpload"}
	_, err = s.complete(t, bucket, id, parts...)
	refuses(t, err, gone)
	_, err = s.sdk.UploadPart(t.Context(), &sdk.UploadPartInput{
		Bucket: bucket, Key: aws.String("m"), UploadId: id, PartNumber: aws.Int32(1), Body: strings.NewReader("y"),
	})
	refuses(t, err, gone)
	uploads, err := s.sdk.ListMultipartUploads(t.Context(), &sdk.ListMultipartUploadsInput{Bucket: bucket})
	require.NoError(t, err)
	assert.Empty(t, uploads.Uploads)
}

// TestIllFormedUploadsAreNotCompleted refuses parts that are missing, too small or none.
func (s *suite) TestIllFormedUploadsAreNotCompleted(t *testing.T) {
	bucket := s.bucket(t)
	id := s.begin(t, &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("m")})
	one := s.uploadParts(t, bucket, "m", id, "", []byte("small"))[0]
	out, err := s.sdk.UploadPart(t.Context(), &sdk.UploadPartInput{
		Bucket: bucket, Key: aws.String("m"), UploadId: id, PartNumber: aws.Int32(2), Body: strings.NewReader("last"),
	})
	require.NoError(t, err)
	two := types.CompletedPart{PartNumber: aws.Int32(2), ETag: out.ETag}

	_, err = s.complete(t, bucket, id, one, two)
	refuses(t, err, Answer{Status: http.StatusBadRequest, Code: "EntityTooSmall"})
	_, err = s.complete(t, bucket, id, types.CompletedPart{PartNumber: aws.Int32(7), ETag: one.ETag})
	refuses(t, err, Answer{Status: http.StatusBadRequest, Code: "InvalidPart"})
	_, err = s.complete(t, bucket, id)
	assert.Equal(t, http.StatusBadRequest, status(err))
	_, err = s.complete(t, bucket, aws.String("00000000-0000-0000-0000-000000000000"), one)
	refuses(t, err, Answer{Status: http.StatusNotFound, Code: "NoSuchUpload"})
}

// TestPartsOfUnequalSizeAreRefused is a rule of R2's own.
func (s *suite) TestPartsOfUnequalSizeAreRefused(t *testing.T) {
	bucket := s.bucket(t)
	id := s.begin(t, &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("m")})
	parts := s.uploadParts(t, bucket, "m", id, "", bulk(2*partSize+1))
	out, err := s.sdk.UploadPart(t.Context(), &sdk.UploadPartInput{
		Bucket: bucket, Key: aws.String("m"), UploadId: id, PartNumber: aws.Int32(2),
		Body: bytes.NewReader(bulk(partSize + 1)),
	})
	require.NoError(t, err)
	parts[1] = types.CompletedPart{PartNumber: aws.Int32(2), ETag: out.ETag}
	_, err = s.complete(t, bucket, id, parts...)
	refuses(t, err, Answer{Status: http.StatusBadRequest, Code: "InvalidPart"})
}

// TestPartsAreCopiedFromObjects makes parts of what is there already.
func (s *suite) TestPartsAreCopiedFromObjects(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "from", "0123456789")
	id := s.begin(t, &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("m")})
	out, err := s.sdk.UploadPartCopy(t.Context(), &sdk.UploadPartCopyInput{
		Bucket: bucket, Key: aws.String("m"), UploadId: id, PartNumber: aws.Int32(1),
		CopySource: aws.String(*bucket + "/from"), CopySourceRange: aws.String("bytes=2-5"),
	})
	require.NoError(t, err)
	_, err = s.complete(t, bucket, id,
		types.CompletedPart{PartNumber: aws.Int32(1), ETag: out.CopyPartResult.ETag})
	require.NoError(t, err)
	assert.Equal(t, "2345", s.content(t, bucket, "m"))
}
