// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"bytes"
	"encoding/hex"
	"hash/crc64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestChecksumsHaveTheirCheckValues uses the check values of each algorithm's own specification: the sum of
// "123456789". Those of the CRCs are in the catalogue at https://reveng.sourceforge.io/crc-catalogue/all.htm.
func TestChecksumsHaveTheirCheckValues(t *testing.T) {
	t.Parallel()
	want := map[Algorithm]string{
		MD5:       "25f9e794323b453885f5181f1b624d0b",
		SHA1:      "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
		SHA256:    "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
		CRC32:     "cbf43926",
		CRC32C:    "e3069283",
		CRC64NVME: "ae8b14860a799888",
	}
	hash, err := newHasher(SHA1, SHA256, CRC32, CRC32C, CRC64NVME)
	require.NoError(t, err)
	_, err = hash.Write([]byte("123456789"))
	require.NoError(t, err)
	got := map[Algorithm]string{}
	for algorithm, sum := range hash.sums() {
		got[algorithm] = hex.EncodeToString(sum)
	}
	assert.Equal(t, want, got)
}

// TestCombinedSumsAreSumsOfTheWhole joins the sums of two texts of any lengths.
func TestCombinedSumsAreSumsOfTheWhole(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte("The quick brown fox "), 500)
	sum := func(b []byte) uint64 { return crc64.Checksum(b, nvme) }
	for _, border := range []int{0, 1, 7, 8, 4095, 5000, len(text) - 1, len(text)} {
		first, second := text[:border], text[border:]
		assert.Equal(t, sum(text), combineNVME(sum(first), sum(second), int64(len(second))), border)
	}
}

// TestDifferentSumsAreNamed says which checksum differs, and how.
func TestDifferentSumsAreNamed(t *testing.T) {
	t.Parallel()
	have := Checksums{MD5: {1, 2}, SHA1: {3}}
	require.NoError(t, have.verify(nil))
	require.NoError(t, have.verify(Checksums{MD5: {1, 2}}))
	err := have.verify(Checksums{MD5: {1, 2}, SHA1: {4}})
	require.ErrorIs(t, err, ErrBadDigest)
	assert.Equal(t, "The SHA-1 checksum you specified did not match what we received.\n"+
		"You provided a SHA-1 checksum with value: 04\nActual SHA-1 was: 03", err.Error())
}

// TestUnknownAlgorithmsAreRefused does not sum nothing in their place.
func TestUnknownAlgorithmsAreRefused(t *testing.T) {
	t.Parallel()
	_, err := newHasher("MD6")
	require.Error(t, err)
}
