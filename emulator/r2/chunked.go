// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strconv"
	"strings"
)

// The payload hashes that announce a body in chunks:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html.
const (
	streamingSigned          = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	streamingSignedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	streamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// maxChunkLine bounds a line of the framing, and maxTrailers their number.
const (
	maxChunkLine = 4 << 10
	maxTrailers  = 16
)

var (
	errChunk = errInvalidRequest.saying("The body is not well-formed aws-chunked content.")
	// errTrailer is S3's code for trailers that are not those announced.
	errTrailer = &Error{
		Code: "MalformedTrailerError", V4Code: ErrInvalidArgument.V4Code, Status: 400,
		Message: "The request contained trailing data that was not well-formed or did not conform to our published schema.",
	}
)

// chunkedReader takes the aws-chunked framing off a body and verifies the chunks' signatures.
type chunkedReader struct {
	source   *bufio.Reader
	sign     *chunkSigner // nil: chunks are not signed
	trailing bool         // trailers follow the last chunk
	left     int64        // bytes of this chunk
	begun    bool         // a chunk was begun, so that its end must be verified
	claimed  string       // this chunk's signature
	trailers map[string]string
	err      error
}

// newChunkedReader unframes a body whose payload hash is one of the constants above.
func newChunkedReader(body io.Reader, sig *signature, secret string) *chunkedReader {
	c := &chunkedReader{
		source:   bufio.NewReader(body),
		trailing: sig.payload != streamingSigned,
		trailers: map[string]string{},
	}
	if sig.payload != streamingUnsignedTrailer {
		c.sign = &chunkSigner{
			key: sig.key(secret), scope: sig.amzDate + "\n" + sig.scope(), previous: sig.value, hash: sha256.New(),
		}
	}
	return c
}

// Read returns the next bytes of content.
func (c *chunkedReader) Read(p []byte) (int, error) {
	for c.left == 0 && c.err == nil {
		c.err = c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.source.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.sign != nil {
		c.sign.hash.Write(p[:n])
	}
	if err != nil {
		c.err = unexpected(err)
	}
	return n, c.err
}

// next ends the current chunk and begins another; io.EOF after the last.
func (c *chunkedReader) next() error {
	if c.begun {
		if err := c.endChunk(); err != nil {
			return err
		}
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	size, extension, _ := strings.Cut(line, ";")
	c.left, err = strconv.ParseInt(size, 16, 64)
	if err != nil || c.left < 0 {
		return errChunk
	}
	c.claimed, _ = strings.CutPrefix(extension, "chunk-signature=")
	c.begun = true
	if c.left > 0 {
		return nil
	}
	if err := c.verifyChunk(); err != nil {
		return err
	}
	if err := c.readTrailers(); err != nil {
		return err
	}
	return io.EOF
}

// endChunk reads the line's end after a chunk's content and verifies it.
func (c *chunkedReader) endChunk() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	if line != "" {
		return errChunk
	}
	return c.verifyChunk()
}

func (c *chunkedReader) verifyChunk() error {
	if c.sign == nil {
		return nil
	}
	return c.sign.verifyChunk(c.claimed)
}

// readTrailers reads name:value lines up to an empty one. The line's end after the last chunk stands for the empty line
// when there are none.
func (c *chunkedReader) readTrailers() error {
	var signed bytes.Buffer
	var claimed string
	for range maxTrailers {
		line, err := c.line()
		if err != nil {
			return err
		}
		if line == "" {
			return c.verifyTrailers(signed.Bytes(), claimed)
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch {
		case !ok || !c.trailing:
			return errTrailer
		case name == "x-amz-trailer-signature":
			claimed = value
		default:
			c.trailers[name] = value
			signed.WriteString(name + ":" + value + "\n")
		}
	}
	return errTrailer
}

func (c *chunkedReader) verifyTrailers(signed []byte, claimed string) error {
	if c.sign == nil || !c.trailing {
		return nil
	}
	return c.sign.verifyTrailers(signed, claimed)
}

// line reads a line of the framing without its end.
func (c *chunkedReader) line() (string, error) {
	var line []byte
	for len(line) <= maxChunkLine {
		b, err := c.source.ReadByte()
		if err != nil {
			return "", unexpected(err)
		}
		if b == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b)
	}
	return "", errChunk
}

// checksum returns the checksum in the trailer of that name.
func (c *chunkedReader) checksum(name string, a Algorithm) (Checksums, error) {
	value, ok := c.trailers[name]
	if !ok {
		return nil, errTrailer
	}
	sum, err := decodeChecksum(a, value)
	if err != nil {
		return nil, err
	}
	return Checksums{a: sum}, nil
}

// unexpected makes the end of the source an early one.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// chunkSigner computes the chain of signatures in which each signs the one before.
type chunkSigner struct {
	key      []byte
	scope    string // date and scope, as they stand in a string to sign
	previous string
	hash     hash.Hash // of the chunk's content
}

func (s *chunkSigner) verifyChunk(claimed string) error {
	content := hex.EncodeToString(s.hash.Sum(nil))
	s.hash.Reset()
	return s.verify(claimed, sigAlgorithm+"-PAYLOAD\n"+s.scope+"\n"+s.previous+"\n"+hashHex(nil)+"\n"+content)
}

func (s *chunkSigner) verifyTrailers(trailers []byte, claimed string) error {
	return s.verify(claimed, sigAlgorithm+"-TRAILER\n"+s.scope+"\n"+s.previous+"\n"+hashHex(trailers))
}

func (s *chunkSigner) verify(claimed, toSign string) error {
	s.previous = hex.EncodeToString(hmacSHA256(s.key, toSign))
	if !hmac.Equal([]byte(s.previous), []byte(claimed)) {
		return ErrSignatureDoesNotMatch
	}
	return nil
}

// decodeChecksum decodes the base64 of a checksum. Error: ErrInvalidDigest if it is none of that algorithm.
func decodeChecksum(a Algorithm, value string) ([]byte, error) {
	sum, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(sum) != a.newHash().Size() {
		return nil, ErrInvalidDigest
	}
	return sum, nil
}
