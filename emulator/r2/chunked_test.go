// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chunkedExample is the signature of AWS's published example of a body in chunks: 65536 and 1024 letters "a".
func chunkedExample(payload, seed string) *signature {
	sig := exampleSignature()
	sig.region, sig.payload, sig.value = "us-east-1", payload, seed
	return &sig
}

func chunk(content, signature string) string {
	return fmt.Sprintf("%x;chunk-signature=%s\r\n%s\r\n", len(content), signature, content)
}

// TestPublishedChunksVerify uses the example of
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html.
func TestPublishedChunksVerify(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("a", 66560)
	body := chunk(content[:65536], "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648") +
		chunk(content[65536:], "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497") +
		chunk("", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")
	require.Len(t, body, 66824)
	sig := chunkedExample(streamingSigned, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")

	read, err := io.ReadAll(newChunkedReader(strings.NewReader(body), sig, exampleSecret))
	require.NoError(t, err)
	assert.Equal(t, content, string(read))

	for at := range 3 {
		forged := strings.Replace(body, "aaaa", "aaba", at+1)
		_, err = io.ReadAll(newChunkedReader(strings.NewReader(forged), sig, exampleSecret))
		require.ErrorIs(t, err, ErrSignatureDoesNotMatch)
	}
	last := strings.Replace(body, "b6c6ea8a", "b6c6ea8b", 1)
	_, err = io.ReadAll(newChunkedReader(strings.NewReader(last), sig, exampleSecret))
	require.ErrorIs(t, err, ErrSignatureDoesNotMatch, "the signature of the end")
	_, err = io.ReadAll(newChunkedReader(strings.NewReader(body), sig, "another secret"))
	require.ErrorIs(t, err, ErrSignatureDoesNotMatch)
}

// TestPublishedTrailersVerify uses the example of
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html.
func TestPublishedTrailersVerify(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("a", 66560)
	body := chunk(content[:65536], "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2") +
		chunk(content[65536:], "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7") +
		"0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n" +
		"x-amz-checksum-crc32c:sOO8/Q==\r\n" +
		"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
	sig := chunkedExample(streamingSignedTrailer, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e")

	reader := newChunkedReader(strings.NewReader(body), sig, exampleSecret)
	read, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Equal(t, content, string(read))
	sums, err := reader.checksum("x-amz-checksum-crc32c", CRC32C)
	require.NoError(t, err)
	hash, err := newHasher(CRC32C)
	require.NoError(t, err)
	_, err = hash.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, hash.sums().verify(sums))

	forged := strings.Replace(body, "sOO8/Q==", "sOO8/A==", 1)
	_, err = io.ReadAll(newChunkedReader(strings.NewReader(forged), sig, exampleSecret))
	require.ErrorIs(t, err, ErrSignatureDoesNotMatch)
	_, err = newChunkedReader(strings.NewReader(body), sig, exampleSecret).checksum("x-amz-checksum-sha1", SHA1)
	require.ErrorIs(t, err, errTrailer)
}

// unsignedChunks frames content in chunks of size bytes with a CRC32 in a trailer.
func unsignedChunks(content []byte, size int) []byte {
	var b bytes.Buffer
	sum := crc32.ChecksumIEEE(content)
	for len(content) > 0 {
		n := min(size, len(content))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, content[:n])
		content = content[n:]
	}
	fmt.Fprintf(&b, "0\r\nx-amz-checksum-crc32:%s\r\n\r\n", base64CRC32(sum))
	return b.Bytes()
}

func base64CRC32(sum uint32) string {
	return Object{}.checksumText(CRC32, []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

// TestIllFormedChunksAreRefused cuts and spoils the framing.
func TestIllFormedChunksAreRefused(t *testing.T) {
	t.Parallel()
	sig := &signature{payload: streamingUnsignedTrailer}
	for body, want := range map[string]error{
		"":                           io.ErrUnexpectedEOF,
		"5\r\nhel":                   io.ErrUnexpectedEOF,
		"5\r\nhello":                 io.ErrUnexpectedEOF,
		"5\r\nhello\r\n":             io.ErrUnexpectedEOF,
		"5\r\nhello\r\n0\r\n":        io.ErrUnexpectedEOF,
		"5\r\nhello!\r\n0\r\n\r\n":   errChunk,
		"five\r\nhello\r\n0\r\n\r\n": errChunk,
		"-5\r\nhello\r\n0\r\n\r\n":   errChunk,
		"0\r\nno colon\r\n\r\n":      errTrailer,
		"0\r\n" + strings.Repeat("a:b\r\n", maxTrailers+1) + "\r\n": errTrailer,
		strings.Repeat("5", maxChunkLine+1):                         errChunk,
	} {
		_, err := io.ReadAll(newChunkedReader(strings.NewReader(body), sig, ""))
		require.ErrorIs(t, err, want, "%q", body)
	}
	_, err := io.ReadAll(newChunkedReader(strings.NewReader("0;chunk-signature=x\r\na:b\r\n\r\n"),
		chunkedExample(streamingSigned, ""), exampleSecret))
	require.ErrorIs(t, err, ErrSignatureDoesNotMatch)
}

// FuzzChunkedReader frames content and takes the framing off again, and reads what is no framing at all.
func FuzzChunkedReader(f *testing.F) {
	f.Add([]byte("hello"), 2)
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"), 100)
	f.Add([]byte("0;chunk-signature=00\r\n\r\n"), 1)
	f.Fuzz(func(t *testing.T, content []byte, size int) {
		sig := &signature{payload: streamingUnsignedTrailer}
		framed := unsignedChunks(content, max(size, 1)%4096+1)
		reader := newChunkedReader(bytes.NewReader(framed), sig, "")
		read, err := io.ReadAll(reader)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, read))
		sums, err := reader.checksum("x-amz-checksum-crc32", CRC32)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%08x", crc32.ChecksumIEEE(content)), hex.EncodeToString(sums[CRC32]))

		for _, payload := range []string{streamingUnsignedTrailer, streamingSigned, streamingSignedTrailer} {
			read, err := io.ReadAll(newChunkedReader(bytes.NewReader(content), chunkedExample(payload, ""), "secret"))
			require.LessOrEqual(t, len(read), len(content))
			if payload != streamingUnsignedTrailer {
				require.Error(t, err, "nobody signed this")
			}
			var refusal *Error
			if err != nil && !errors.As(err, &refusal) {
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			}
		}
	})
}

// FuzzAuthenticate offers anything for a signature: nothing but the right one is taken.
func FuzzAuthenticate(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/auto/s3/aws4_request, SignedHeaders=host, "+
		"Signature=00", exampleDate, "X-Amz-Credential=x")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fauto%2Fs3"+
		"%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Signature=0")
	f.Add("AWS4-HMAC-SHA256 Credential=////,SignedHeaders=,Signature=", "20130524T000000Z", "a=%zz;b")
	f.Fuzz(func(t *testing.T, authorization, date, query string) {
		r := exampleRequest(t, "GET", "/b/k")
		r.URL.RawQuery = query
		r.Header["Authorization"] = []string{authorization}
		r.Header["X-Amz-Date"] = []string{date}
		r.Header["X-Amz-Content-Sha256"] = []string{emptySHA256}
		_, _, _, err := exampleS3().authenticate(r, r.URL.Query())
		var refusal *Error
		require.ErrorAs(t, err, &refusal, "a signature that nobody made was taken")
	})
}

// FuzzDocuments reads anything as XML: what is taken obeys the limits.
func FuzzDocuments(f *testing.F) {
	f.Add([]byte(`<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet></Delete>`))
	f.Add([]byte(`<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object/></Delete>`))
	f.Add([]byte(`<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"a"</ETag>` +
		`<ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></CompleteMultipartUpload>`))
	f.Add([]byte(`<CreateBucketConfiguration><LocationConstraint>auto</LocationConstraint></CreateBucketConfiguration>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if keys, err := parseDelete(text); err == nil {
			require.NotEmpty(t, keys)
			require.LessOrEqual(t, len(keys), MaxListed)
		}
		if parts, err := parseComplete(text); err == nil {
			require.NotEmpty(t, parts)
			for _, part := range parts {
				require.NoError(t, checkPartNumber(part.Number))
			}
		}
		var bucket createBucketRequest
		if err := parseXML(text, &bucket); err != nil {
			require.ErrorIs(t, err, errMalformedXML)
		}
	})
}
