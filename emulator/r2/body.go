// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// errPayloadMismatch is for a body that is not the one signed.
var errPayloadMismatch = &Error{
	Code: "XAmzContentSHA256Mismatch", V4Code: ErrBadDigest.V4Code, Status: http.StatusBadRequest,
	Message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
}

var hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// openBody makes r.body yield the content alone, verified against what was signed:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html (x-amz-content-sha256).
func (r *request) openBody(sig *signature, secret string) error {
	switch {
	case sig.payload == unsignedPayload:
	case sig.payload == streamingSigned, sig.payload == streamingSignedTrailer,
		sig.payload == streamingUnsignedTrailer:
		r.chunked = newChunkedReader(r.Body, sig, secret)
		r.body = r.chunked
	case hexSHA256.MatchString(sig.payload):
		r.body = &payloadReader{source: r.Body, hash: sha256.New(), want: sig.payload}
	default:
		return ErrInvalidArgument.saying("x-amz-content-sha256 must be UNSIGNED-PAYLOAD, " +
			"STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, " +
			"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.")
	}
	return nil
}

// payloadReader verifies at the end of a body that it has the hash that was signed.
type payloadReader struct {
	source io.Reader
	hash   hash.Hash
	want   string
}

// Read returns the next bytes.
func (p *payloadReader) Read(b []byte) (int, error) {
	n, err := p.source.Read(b)
	p.hash.Write(b[:n])
	if err == io.EOF && hex.EncodeToString(p.hash.Sum(nil)) != p.want {
		err = errPayloadMismatch
	}
	return n, err
}

// checksumHeaders are the headers and trailers that carry checksums, by algorithm:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html.
var checksumHeaders = []struct {
	header    string
	name      string // in x-amz-checksum-algorithm and in documents
	algorithm Algorithm
}{
	{"x-amz-checksum-crc32", "CRC32", CRC32},
	{"x-amz-checksum-crc32c", "CRC32C", CRC32C},
	{"x-amz-checksum-crc64nvme", "CRC64NVME", CRC64NVME},
	{"x-amz-checksum-sha1", "SHA1", SHA1},
	{"x-amz-checksum-sha256", "SHA256", SHA256},
}

// upload describes the body to the store: its length, and its checksums in headers, Content-MD5 and trailers.
func (r *request) upload() (Body, error) {
	body := Body{Reader: r.body, Size: r.ContentLength}
	if decoded := r.Header.Get("X-Amz-Decoded-Content-Length"); r.chunked != nil && decoded != "" {
		size, err := strconv.ParseInt(decoded, 10, 64)
		if err != nil || size < 0 {
			return Body{}, ErrInvalidArgument.saying("x-amz-decoded-content-length should be a number")
		}
		body.Size = size
	} else if r.ContentLength < 0 || r.chunked != nil {
		return Body{}, ErrMissingContentLength
	}
	if body.Size > maxObjectSize {
		return Body{}, ErrEntityTooLarge
	}
	sums, err := r.checksums()
	if err != nil {
		return Body{}, err
	}
	body.Checksums = sums
	return body, r.expectTrailer(&body)
}

// checksums decodes those in the headers.
func (r *request) checksums() (Checksums, error) {
	sums := Checksums{}
	if value := r.Header.Get("Content-Md5"); value != "" {
		sum, err := decodeChecksum(MD5, value)
		if err != nil {
			return nil, err
		}
		sums[MD5] = sum
	}
	for _, c := range checksumHeaders {
		value := r.Header.Get(c.header)
		if value == "" {
			continue
		}
		sum, err := decodeChecksum(c.algorithm, value)
		if err != nil {
			return nil, err
		}
		sums[c.algorithm] = sum
	}
	return sums, nil
}

// expectTrailer has the checksum computed that x-amz-trailer announces, and verified after the last chunk.
func (r *request) expectTrailer(body *Body) error {
	name := strings.ToLower(strings.TrimSpace(r.Header.Get("X-Amz-Trailer")))
	if name == "" || r.chunked == nil {
		return nil
	}
	for _, c := range checksumHeaders {
		if c.header == name {
			body.Algorithms = append(body.Algorithms, c.algorithm)
			body.Trailer = func() (Checksums, error) { return r.chunked.checksum(name, c.algorithm) }
			return nil
		}
	}
	return errTrailer
}

// document reads the whole of a body that is a document, and verifies the checksums that came with it.
func (r *request) document() ([]byte, error) {
	body, err := r.upload()
	if err != nil {
		return nil, err
	}
	text, err := r.readSmall()
	if err != nil {
		return nil, err
	}
	hash, err := body.hasher()
	if err != nil {
		return nil, err
	}
	if _, err := hash.Write(text); err != nil {
		return nil, err
	}
	_, err = body.verify(int64(len(text)), hash.sums())
	return text, err
}

// readSmall reads the whole of a body that is a document.
func (r *request) readSmall() ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r.body, maxXML+1))
	switch {
	case err != nil:
		return nil, uploadError(err)
	case len(text) > maxXML:
		return nil, errMalformedXML
	}
	return text, nil
}

// setChecksums writes the checksums of an object as headers. Those of an object in parts have the number of parts
// appended, and are COMPOSITE but for CRC64NVME: https://developers.cloudflare.com/r2/api/s3/api/#checksum-types.
func setChecksums(h http.Header, object Object) {
	for _, c := range checksumHeaders {
		sum, ok := object.Checksums[c.algorithm]
		if !ok {
			continue
		}
		h.Set(c.header, object.checksumText(c.algorithm, sum))
		h.Set("x-amz-checksum-type", object.checksumType(c.algorithm))
	}
}

func (o Object) checksumType(a Algorithm) string {
	if o.Parts != nil && a != CRC64NVME {
		return "COMPOSITE"
	}
	return "FULL_OBJECT"
}

func (o Object) checksumText(a Algorithm, sum []byte) string {
	text := base64.StdEncoding.EncodeToString(sum)
	if o.checksumType(a) == "COMPOSITE" {
		text += "-" + strconv.Itoa(len(o.Parts))
	}
	return text
}
