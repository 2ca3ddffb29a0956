// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checksum computes what the SDK sends, in base64.
var checksums = map[types.ChecksumAlgorithm]func([]byte) []byte{
	types.ChecksumAlgorithmCrc32: func(b []byte) []byte {
		return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b))
	},
	types.ChecksumAlgorithmCrc32c: func(b []byte) []byte {
		return binary.BigEndian.AppendUint32(nil, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	},
	types.ChecksumAlgorithmCrc64nvme: func(b []byte) []byte {
		return binary.BigEndian.AppendUint64(nil, crc64.Checksum(b, crc64.MakeTable(0x9a6c9329ac4bc9b5)))
	},
	types.ChecksumAlgorithmSha1:   func(b []byte) []byte { sum := sha1.Sum(b); return sum[:] },
	types.ChecksumAlgorithmSha256: func(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] },
}

// checksumsOf picks the checksums out of a description.
func checksumsOf(head *sdk.HeadObjectOutput) map[types.ChecksumAlgorithm]string {
	sums := map[types.ChecksumAlgorithm]string{}
	for algorithm, sum := range map[types.ChecksumAlgorithm]*string{
		types.ChecksumAlgorithmCrc32: head.ChecksumCRC32, types.ChecksumAlgorithmCrc32c: head.ChecksumCRC32C,
		types.ChecksumAlgorithmCrc64nvme: head.ChecksumCRC64NVME, types.ChecksumAlgorithmSha1: head.ChecksumSHA1,
		types.ChecksumAlgorithmSha256: head.ChecksumSHA256,
	} {
		if sum != nil {
			sums[algorithm] = *sum
		}
	}
	return sums
}

// TestChecksumsAreKept sends one of each kind, as the SDK does, and has it returned on request.
func (s *suite) TestChecksumsAreKept(t *testing.T) {
	bucket := s.bucket(t)
	content := "what is summed"
	for algorithm, sum := range checksums {
		key := aws.String(string(algorithm))
		_, err := s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
			Bucket: bucket, Key: key, Body: strings.NewReader(content), ChecksumAlgorithm: algorithm,
		})
		require.NoError(t, err, algorithm)
		head, err := s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{
			Bucket: bucket, Key: key, ChecksumMode: types.ChecksumModeEnabled,
		})
		require.NoError(t, err, algorithm)
		want := map[types.ChecksumAlgorithm]string{
			algorithm: base64.StdEncoding.EncodeToString(sum([]byte(content))),
		}
		assert.Equal(t, want, checksumsOf(head), algorithm)
		// The SDK verifies what it reads.
		assert.Equal(t, content, s.content(t, bucket, string(algorithm)))
	}
}

// TestDefaultChecksumIsCRC32 relies on what the SDK does unasked.
func (s *suite) TestDefaultChecksumIsCRC32(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "v")
	head, err := s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{
		Bucket: bucket, Key: aws.String("k"), ChecksumMode: types.ChecksumModeEnabled,
	})
	require.NoError(t, err)
	want := base64.StdEncoding.EncodeToString(checksums[types.ChecksumAlgorithmCrc32]([]byte("v")))
	assert.Equal(t, want, aws.ToString(head.ChecksumCRC32))
}

// TestChecksumsAreOnlyToldOnRequest reads without asking for them.
func (s *suite) TestChecksumsAreOnlyToldOnRequest(t *testing.T) {
	bucket := s.bucket(t)
	s.put(t, bucket, "k", "v")
	head, err := s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: bucket, Key: aws.String("k")})
	require.NoError(t, err)
	assert.Empty(t, checksumsOf(head))
}

// TestWrongChecksumsAreRefused sends content that is not what was meant: nothing is written.
func (s *suite) TestWrongChecksumsAreRefused(t *testing.T) {
	bucket := s.bucket(t)
	bad := Answer{Status: http.StatusBadRequest, Code: "BadDigest"}
	wrong := func(algorithm types.ChecksumAlgorithm) *string {
		return aws.String(base64.StdEncoding.EncodeToString(checksums[algorithm]([]byte("other"))))
	}
	for name, change := range map[string]func(*sdk.PutObjectInput){
		"CRC32":     func(in *sdk.PutObjectInput) { in.ChecksumCRC32 = wrong(types.ChecksumAlgorithmCrc32) },
		"CRC32C":    func(in *sdk.PutObjectInput) { in.ChecksumCRC32C = wrong(types.ChecksumAlgorithmCrc32c) },
		"CRC64NVME": func(in *sdk.PutObjectInput) { in.ChecksumCRC64NVME = wrong(types.ChecksumAlgorithmCrc64nvme) },
		"SHA1":      func(in *sdk.PutObjectInput) { in.ChecksumSHA1 = wrong(types.ChecksumAlgorithmSha1) },
		"SHA256":    func(in *sdk.PutObjectInput) { in.ChecksumSHA256 = wrong(types.ChecksumAlgorithmSha256) },
		"MD5": func(in *sdk.PutObjectInput) {
			in.ContentMD5 = aws.String("AAAAAAAAAAAAAAAAAAAAAA==")
		},
	} {
		in := &sdk.PutObjectInput{Bucket: bucket, Key: aws.String(name), Body: strings.NewReader("content")}
		change(in)
		_, err := s.sdk.PutObject(t.Context(), in)
		refuses(t, err, bad)
	}
	assert.Empty(t, s.keys(t, &sdk.ListObjectsV2Input{Bucket: bucket}))

	_, err := s.sdk.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader("content"), ContentMD5: aws.String("short"),
	})
	refuses(t, err, s.answer(MalformedMD5))
}

// TestPartsChecksumsAreComposed sums an object in parts by the sums of its parts, as R2 does for all but CRC64NVME.
func (s *suite) TestPartsChecksumsAreComposed(t *testing.T) {
	bucket := s.bucket(t)
	content := bulk(partSize + 1000)
	for algorithm, sum := range checksums {
		key := string(algorithm)
		kind, want := types.ChecksumTypeComposite, sum(append(sum(content[:partSize]), sum(content[partSize:])...))
		text := base64.StdEncoding.EncodeToString(want) + "-2"
		if algorithm == types.ChecksumAlgorithmCrc64nvme {
			kind, text = types.ChecksumTypeFullObject, base64.StdEncoding.EncodeToString(sum(content))
		}
		id := s.begin(t, &sdk.CreateMultipartUploadInput{
			Bucket: bucket, Key: aws.String(key), ChecksumAlgorithm: algorithm, ChecksumType: kind,
		})
		parts := s.uploadParts(t, bucket, key, id, algorithm, content)
		done, err := s.sdk.CompleteMultipartUpload(t.Context(), &sdk.CompleteMultipartUploadInput{
			Bucket: bucket, Key: aws.String(key), UploadId: id, ChecksumType: kind,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
		require.NoError(t, err, algorithm)
		assert.Equal(t, kind, done.ChecksumType, algorithm)
		head, err := s.sdk.HeadObject(t.Context(), &sdk.HeadObjectInput{
			Bucket: bucket, Key: aws.String(key), ChecksumMode: types.ChecksumModeEnabled,
		})
		require.NoError(t, err)
		assert.Equal(t, map[types.ChecksumAlgorithm]string{algorithm: text}, checksumsOf(head))
	}
}

// TestWrongPartChecksumsAreRefused sends a part that is not what was meant.
func (s *suite) TestWrongPartChecksumsAreRefused(t *testing.T) {
	bucket := s.bucket(t)
	id := s.begin(t, &sdk.CreateMultipartUploadInput{
		Bucket: bucket, Key: aws.String("m"), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	})
	_, err := s.sdk.UploadPart(t.Context(), &sdk.UploadPartInput{
		Bucket: bucket, Key: aws.String("m"), UploadId: id, PartNumber: aws.Int32(1), Body: strings.NewReader("x"),
		ChecksumCRC32: aws.String(base64.StdEncoding.EncodeToString([]byte{1, 2, 3, 4})),
	})
	refuses(t, err, Answer{Status: http.StatusBadRequest, Code: "BadDigest"})
	assert.NotContains(t, fmt.Sprint(err), s.SecretAccessKey)
}
