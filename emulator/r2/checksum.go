// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // S3 and R2 define entity tags by MD5.
	"crypto/sha1" //nolint:gosec // One of the checksums that clients may ask for.
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"maps"
	"slices"
)

// Algorithm is a checksum's name as messages of R2 spell it.
type Algorithm string

// The checksums that R2 computes. The S3 API knows the CRCs, SHA-1 and SHA-256 (x-amz-checksum-…), the Worker's binding
// MD5 and the SHAs: https://developers.cloudflare.com/r2/api/s3/api/#checksum-types and
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2checksums.
const (
	MD5       Algorithm = "MD5"
	SHA1      Algorithm = "SHA-1"
	SHA256    Algorithm = "SHA-256"
	SHA384    Algorithm = "SHA-384"
	SHA512    Algorithm = "SHA-512"
	CRC32     Algorithm = "CRC32"
	CRC32C    Algorithm = "CRC32C"
	CRC64NVME Algorithm = "CRC64NVME"
)

// Checksums are raw digests by algorithm.
type Checksums map[Algorithm][]byte

// castagnoli and nvme are the tables of CRC-32C and CRC-64/NVME. The latter's polynomial, 0xad93d23594c93659, is
// written in reverse, as hash/crc64 wants it.
var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(nvmePolynomial)
)

const nvmePolynomial = 0x9a6c9329ac4bc9b5

// newHash returns a hash for an algorithm, nil if there is none of that name.
func (a Algorithm) newHash() hash.Hash {
	switch a {
	case MD5:
		return md5.New() //nolint:gosec // See the import.
	case SHA1:
		return sha1.New() //nolint:gosec // See the import.
	case SHA256:
		return sha256.New()
	case SHA384:
		return sha512.New384()
	case SHA512:
		return sha512.New()
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		return crc32.New(castagnoli)
	case CRC64NVME:
		return crc64.New(nvme)
	}
	return nil
}

// hasher computes several checksums of what is written to it.
type hasher map[Algorithm]hash.Hash

// newHasher computes MD5, which the entity tag needs, and the given algorithms.
func newHasher(algorithms ...Algorithm) (hasher, error) {
	h := hasher{MD5: MD5.newHash()}
	for _, a := range algorithms {
		if h[a] != nil {
			continue
		}
		if h[a] = a.newHash(); h[a] == nil {
			return nil, fmt.Errorf("checksum algorithm %q: not known", a)
		}
	}
	return h, nil
}

// Write adds p to all checksums. It never fails, as a hash never does.
func (h hasher) Write(p []byte) (int, error) {
	for _, sum := range h {
		sum.Write(p) // A hash never returns an error.
	}
	return len(p), nil
}

// sums returns the checksums of what was written so far.
func (h hasher) sums() Checksums {
	sums := make(Checksums, len(h))
	for a, sum := range h {
		sums[a] = sum.Sum(nil)
	}
	return sums
}

// verify returns ErrBadDigest for the first of want, in the order of names, that differs from have. The wording is that
// of cloudflare/workers-sdk packages/miniflare/src/workers/r2/errors.worker.ts (BadDigest).
func (have Checksums) verify(want Checksums) error {
	for _, a := range slices.Sorted(maps.Keys(want)) {
		if bytes.Equal(have[a], want[a]) {
			continue
		}
		return ErrBadDigest.saying(fmt.Sprintf(
			"The %[1]s checksum you specified did not match what we received.\n"+
				"You provided a %[1]s checksum with value: %[2]s\nActual %[1]s was: %[3]s",
			a, hex.EncodeToString(want[a]), hex.EncodeToString(have[a])))
	}
	return nil
}

// combineNVME returns the CRC-64/NVME of a text from that of its beginning and that of its remaining length bytes: the
// first is moved on by as many zero bytes. Appending a zero bit is a linear map over GF(2), so its powers do it in
// logarithmic time.
func combineNVME(first, second uint64, length int64) uint64 {
	var shift, square [64]uint64 // a column each: where the map sends one bit
	shift[0] = nvmePolynomial
	for bit := 1; bit < 64; bit++ {
		shift[bit] = 1 << (bit - 1)
	}
	for range 3 { // one zero bit to the power of eight: one zero byte
		squareMap(&square, &shift)
		shift, square = square, shift
	}
	for ; length > 0; length >>= 1 {
		if length&1 != 0 {
			first = applyMap(&shift, first)
		}
		squareMap(&square, &shift)
		shift, square = square, shift
	}
	return first ^ second
}

func applyMap(columns *[64]uint64, vector uint64) uint64 {
	var sum uint64
	for bit := 0; vector != 0; bit, vector = bit+1, vector>>1 {
		if vector&1 != 0 {
			sum ^= columns[bit]
		}
	}
	return sum
}

func squareMap(square, columns *[64]uint64) {
	for bit := range columns {
		square[bit] = applyMap(columns, columns[bit])
	}
}
