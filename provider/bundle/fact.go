// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// maxFacts bounds how many facts of one kind are kept; the oldest go first.
const maxFacts = 4096

// Fact returns what [Cache.SetFact] last kept under (kind, key) on this
// machine. Facts only ever save a request: whoever uses one must be right, or
// find out that it is wrong, without it.
func (c *Cache) Fact(kind, key string) (value string, ok bool) {
	if c.Dir == "" {
		return "", false
	}
	raw, err := os.ReadFile(c.factPath(kind, key))
	return string(raw), err == nil
}

// SetFact remembers value under (kind, key). The key is stored only as a
// SHA-256 under the kind's own prefix, so it cannot be read back.
func (c *Cache) SetFact(kind, key, value string) {
	if c.Dir == "" {
		return
	}
	path := c.factPath(kind, key)
	if writeAtomically(path, []byte(value)) != nil {
		return // a fact that cannot be kept is asked for again
	}
	if files, _ := filesByAge(filepath.Dir(path)); len(files) > maxFacts {
		for _, f := range files[:len(files)-maxFacts] {
			_ = os.Remove(filepath.Join(filepath.Dir(path), f.Name())) // another process may have been first
		}
	}
}

func (c *Cache) factPath(kind, key string) string {
	sum := sha256.Sum256([]byte("pulumi-cloudflare-workers " + kind + "\x00" + key))
	return filepath.Join(c.Dir, "facts", kind, hex.EncodeToString(sum[:]))
}
