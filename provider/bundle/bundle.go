// SPDX-License-Identifier: Apache-2.0

// Package bundle knows what a Worker's build output is: the modules in it,
// their types, which one is the entry point, and the digest that names it all.
// It also keeps the machine's cache of bundles. It knows neither Pulumi nor
// Cloudflare's API.
package bundle

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// A Bundle is an immutable build output. Its zero value is no bundle.
type Bundle struct {
	// Files are the contents by slash-separated name, relative to the bundle.
	Files map[string][]byte
	// Single tells that the bundle is one file and not a directory that
	// happens to hold one: its digest is then the file's own.
	Single bool
}

// Digest returns the name of b's content, of a directory without what is
// [Ignored]; see package digest for how it is computed.
func (b Bundle) Digest() (digest.Digest, error) {
	sums := make(map[string]digest.Digest, len(b.Files))
	for name, content := range b.Files {
		switch {
		case b.Single:
			return digest.OfBytes(content), digest.CheckName(name)
		case !Ignored(name):
			sums[name] = digest.OfBytes(content)
		}
	}
	return digest.OfTree(sums)
}

// Size returns the number of bytes in all files together.
func (b Bundle) Size() (bytes int64) {
	for _, content := range b.Files {
		bytes += int64(len(content))
	}
	return bytes
}

// Names returns the names of the files, sorted.
func (b Bundle) Names() []string { return slices.Sorted(maps.Keys(b.Files)) }

// Verify returns an error that names both digests unless b's content is want.
func (b Bundle) Verify(want digest.Digest) error {
	got, err := b.Digest()
	if err != nil {
		return err
	}
	if got != want {
		return &MismatchError{Want: want, Got: got}
	}
	return nil
}

// MismatchError says that content is not what its digest promised.
type MismatchError struct{ Want, Got digest.Digest }

func (e *MismatchError) Error() string {
	return fmt.Sprintf("the bundle's SHA-256 is %s, not %s as declared", e.Got, e.Want)
}
