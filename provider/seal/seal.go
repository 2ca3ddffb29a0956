// SPDX-License-Identifier: Apache-2.0

// Package seal makes fingerprints of secret values: texts that tell whether two
// values are the same, and from which nobody can say what the value is.
//
// A fingerprint is
//
//	sealed:1:<salt>:<hash>
//
// where 1 is the version of this format, salt is 16 bytes and hash 24, both in
// URL-safe Base64. The hash is Argon2id (RFC 9106) of the value under the salt,
// with 19 MiB of memory, 2 passes and 1 lane: the first of the settings that
// OWASP recommends for passwords
// (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html).
// Who has a fingerprint and guesses pays some 20 milliseconds and 19 MiB for each
// guess, and a guess tries one secret of one Worker: every place has a salt of its
// own. A value of 128 random bits stays out of reach whatever a guess costs; the
// price is there for those that people choose.
//
// The salt is derived from the place, so that a preview and the update that
// follows make the same fingerprint; it is not secret. The place may change its
// name (an alias, another parent): then the old fingerprint's salt is used on.
package seal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/crypto/argon2"
)

const (
	prefix    = "sealed:1:"
	saltBytes = 16
	hashBytes = 24

	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
)

var encoding = base64.RawURLEncoding.Strict()

// Is reports whether text is a fingerprint of this format.
func Is(text string) bool {
	_, ok := saltOf(text)
	return ok
}

// saltOf returns the salt of a fingerprint; ok is false if text is none.
func saltOf(text string) (salt []byte, ok bool) {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return nil, false
	}
	first, second, found := strings.Cut(rest, ":")
	if !found || strings.ContainsAny(rest, "\r\n") { // which the decoder would skip
		return nil, false
	}
	salt, err := encoding.DecodeString(first)
	if err != nil || len(salt) != saltBytes {
		return nil, false
	}
	hash, err := encoding.DecodeString(second)
	return salt, err == nil && len(hash) == hashBytes
}

// Value returns the fingerprint of value. Place says whose value it is: no two
// secrets may have the same, or it would show when their values are equal. If
// old is a fingerprint, its salt is used, so that old is returned if it is one
// of the same value; anything else is no fingerprint and counts for nothing.
//
// It takes some 20 milliseconds of one core, and waits while as many others as
// there are cores are at it.
func Value(value []byte, place, old string) string {
	salt, ok := saltOf(old)
	if !ok {
		sum := sha256.Sum256([]byte("pulumi-cloudflare-workers: salt of a secret\n" + place))
		salt = sum[:saltBytes]
	}
	return prefix + encoding.EncodeToString(salt) + ":" + encoding.EncodeToString(hashOnce(value, salt))
}

// Equal reports whether two fingerprints are the same, in constant time.
func Equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// cores bounds how many hashes are computed at a time, and with them the memory.
var cores = make(chan struct{}, runtime.GOMAXPROCS(0))

// known are hashes that were computed already: Pulumi checks the inputs of a
// resource that is replaced twice. The keys are made with a random key of this
// process, so what is kept tells nothing to anybody else.
var known struct {
	sync.Mutex

	key  []byte
	hash map[[sha256.Size]byte][]byte
}

// maxKnown bounds how many hashes are kept: 128 secrets for each of 128 Workers.
const maxKnown = 128 * 128

func hashOnce(value, salt []byte) []byte {
	known.Lock()
	if known.key == nil {
		known.key = make([]byte, sha256.Size)
		_, _ = rand.Read(known.key) // documented never to fail
		known.hash = map[[sha256.Size]byte][]byte{}
	}
	mac := hmac.New(sha256.New, known.key)
	known.Unlock()
	_, _ = mac.Write(salt) // a hash never fails, and the salt's length is fixed
	_, _ = mac.Write(value)
	id := [sha256.Size]byte(mac.Sum(nil))

	known.Lock()
	hash, ok := known.hash[id]
	known.Unlock()
	if ok {
		return hash
	}
	cores <- struct{}{}
	hash = argon2.IDKey(value, salt, passes, memoryKiB, lanes, hashBytes)
	<-cores
	known.Lock()
	defer known.Unlock()
	if len(known.hash) >= maxKnown {
		clear(known.hash)
	}
	known.hash[id] = hash
	return hash
}
