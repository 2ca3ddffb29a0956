// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/seal"
)

const place = "urn:pulumi:dev::shop::cloudflare-workers:index:CloudflareWorker::api\nAPI_KEY"

// TestTheFingerprintIsPinned: a fingerprint stands in states, so it must come out the same in years to come.
func TestTheFingerprintIsPinned(t *testing.T) {
	t.Parallel()
	assert.Equal(t, pinned, seal.Value([]byte("open sesame"), place, ""))
}

func TestEqualValuesOfOnePlaceHaveOneFingerprint(t *testing.T) {
	t.Parallel()
	first := seal.Value([]byte("a value"), place, "")
	assert.Equal(t, first, seal.Value([]byte("a value"), place, ""))
	assert.Equal(t, first, seal.Value([]byte("a value"), place, first))
	assert.True(t, seal.Equal(first, first))
}

func TestDifferentValuesDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, value := range []string{"", " ", "a", "A", "a\n", "a\x00", strings.Repeat("a", 5000)} {
		f := seal.Value([]byte(value), place, "")
		assert.True(t, seal.Is(f))
		assert.Empty(t, seen[f], "the fingerprint of %q", value)
		seen[f] = fmt.Sprintf("%q", value)
		assert.False(t, seal.Equal(f, seal.Value([]byte("another"), place, f)))
	}
}

func TestEqualValuesOfTwoPlacesDiffer(t *testing.T) {
	t.Parallel()
	f := seal.Value([]byte("shared"), place, "")
	other := seal.Value([]byte("shared"), place+"2", "")
	assert.NotEqual(t, f, other)
	assert.NotEqual(t, f[:strings.LastIndex(f, ":")], other[:strings.LastIndex(other, ":")], "the salts")
}

// TestAPlaceMayBeRenamed: the same value under another URN is no change, as long as there is the old fingerprint.
func TestAPlaceMayBeRenamed(t *testing.T) {
	t.Parallel()
	old := seal.Value([]byte("a value"), place, "")
	assert.Equal(t, old, seal.Value([]byte("a value"), "renamed", old))
	changed := seal.Value([]byte("new"), "renamed", old)
	assert.NotEqual(t, old, changed)
	assert.Equal(t, old[:strings.LastIndex(old, ":")], changed[:strings.LastIndex(changed, ":")], "the salts")
}

func TestWhatIsNoFingerprintIsNotTakenForOne(t *testing.T) {
	t.Parallel()
	good := seal.Value([]byte("a value"), place, "")
	long := base64.RawURLEncoding.EncodeToString(make([]byte, 40))
	for _, text := range []string{
		"", "sealed:", "sealed:1:", "sealed:1::", good[1:], good[:len(good)-1], good + "A", good + ":", " " + good,
		strings.Replace(good, "sealed:1:", "sealed:2:", 1), strings.Replace(good, "sealed:1:", "sealed:1:"+long, 1),
		strings.ToUpper(good), good + "\n", strings.Replace(good, "sealed:1:", "sealed:1:\n", 1),
	} {
		assert.False(t, seal.Is(text), "%q", text)
		assert.Equal(t, good, seal.Value([]byte("a value"), place, text), "%q as old", text)
	}
	assert.True(t, seal.Is(good))
	assert.NotContains(t, good, "a value")
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	found := make([]string, 16)
	for i := range found {
		all.Go(func() { found[i] = seal.Value([]byte("together"), place, "") })
	}
	all.Wait()
	for _, f := range found {
		assert.Equal(t, found[0], f)
	}
}

func FuzzIs(f *testing.F) {
	f.Add("sealed:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("sealed:1:x")
	f.Fuzz(func(t *testing.T, text string) {
		if seal.Is(text) {
			assert.Len(t, text, len("sealed:1:")+22+1+32)
		}
	})
}

// BenchmarkSecretsOfAWorker is what the secrets of a Worker that has as many as Cloudflare allows cost an `up`, each
// time its inputs are checked.
func BenchmarkSecretsOfAWorker(b *testing.B) {
	n := 0
	for b.Loop() {
		var all sync.WaitGroup
		for i := range 128 {
			n++
			value := fmt.Appendf(nil, "value %d", n) // never seen before
			all.Go(func() { seal.Value(value, fmt.Sprint(place, i), "") })
		}
		all.Wait()
	}
}

// pinned was computed independently: Python's argon2-cffi, low_level.hash_secret_raw, with the salt and the settings
// that the package comment gives.
const pinned = "sealed:1:GBTFEDe_QFUxgZyLtHHEKw:dp8v_Qg7D-5MVLshEdxRoD9Zx608Gw3e"
