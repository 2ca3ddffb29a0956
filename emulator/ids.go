// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// newID returns a random id of 32 hex digits, the form of most ids in the API.
func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // crypto/rand.Read never returns an error
	return hex.EncodeToString(id[:])
}

// newUUID returns a random UUID, the form of version and deployment ids.
func newUUID() string {
	var id [16]byte
	_, _ = rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	text := hex.EncodeToString(id[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// derivedID returns the id of 32 hex digits that always belongs to the parts.
func derivedID(parts ...string) string {
	return digestOf([]byte(strings.Join(parts, "\x00")))[:32]
}

// digestOf returns the hex SHA-256 of data.
func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// isID reports whether text has the form of an id: 32 hex digits.
func isID(text string) bool {
	if len(text) != 32 {
		return false
	}
	_, err := hex.DecodeString(text)
	return err == nil && strings.ToLower(text) == text
}
