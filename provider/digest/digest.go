// SPDX-License-Identifier: Apache-2.0

// Package digest names content by its hash.
//
// A file's digest is its SHA-256. A directory's digest is the SHA-256 of the
// sorted lines "<sha256>  <name>\n", one a file. Anybody can compute it, in the
// directory (leave out what is not part of it, such as ./README.md):
//
//	find . -type f -printf '%P\0' | xargs -0 sha256sum | LC_ALL=C sort | sha256sum
//
// Neither mode, time nor the place on disk can change a digest; content and
// names (with their case) always do.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Digest is a SHA-256. It is comparable and its zero value means "none".
type Digest struct {
	sum   [sha256.Size]byte
	valid bool
}

// Parse reads a digest in lower-case hex, with or without the prefix "sha256:".
func Parse(s string) (Digest, error) {
	text := strings.TrimPrefix(s, "sha256:")
	if len(text) != hex.EncodedLen(sha256.Size) {
		return Digest{}, fmt.Errorf("a SHA-256 has %d hex digits, %q has %d",
			hex.EncodedLen(sha256.Size), s, len(text))
	}
	if strings.ToLower(text) != text {
		return Digest{}, fmt.Errorf("%q is not lower-case hex", s)
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return Digest{}, fmt.Errorf("%q is not hex", s)
	}
	d := Digest{valid: true}
	copy(d.sum[:], raw)
	return d, nil
}

// String returns d in lower-case hex, or "" for the zero Digest.
func (d Digest) String() string {
	if !d.valid {
		return ""
	}
	return hex.EncodeToString(d.sum[:])
}

// Short returns the first 12 hex digits: enough to tell builds apart in a message.
func (d Digest) Short() string {
	s := d.String()
	return s[:min(12, len(s))]
}

// IsZero reports whether d is no digest at all.
func (d Digest) IsZero() bool { return !d.valid }

// OfBytes returns the digest of a file with that content.
func OfBytes(content []byte) Digest { return Digest{sum: sha256.Sum256(content), valid: true} }

// OfReader returns the digest of all that r yields, and how many bytes that was.
func OfReader(r io.Reader) (Digest, int64, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return Digest{}, n, err
	}
	d := Digest{valid: true}
	h.Sum(d.sum[:0])
	return d, n, nil
}

// OfTree returns the digest of a directory whose files, by their
// slash-separated names, have these digests. A name that [CheckName] refuses
// is an error, and so is an empty tree: it would name every empty build alike.
func OfTree(files map[string]Digest) (Digest, error) {
	if len(files) == 0 {
		return Digest{}, errors.New("a directory without files has no digest")
	}
	lines := make([]string, 0, len(files))
	for name, d := range files {
		if err := CheckName(name); err != nil {
			return Digest{}, err
		}
		if d.IsZero() {
			return Digest{}, fmt.Errorf("%q has no digest", name)
		}
		lines = append(lines, d.String()+"  "+name+"\n")
	}
	slices.Sort(lines)
	return OfBytes([]byte(strings.Join(lines, ""))), nil
}

// OfFS returns the digest of the directory fsys and the digests of the files
// in it. Symbolic links and other irregular files are errors that name them:
// what they point at is not part of what is hashed.
func OfFS(fsys fs.FS) (Digest, map[string]Digest, error) {
	files := map[string]Digest{}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%q is neither a file nor a directory", name)
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		files[name], _, err = OfReader(f)
		return err
	})
	if err != nil {
		return Digest{}, nil, err
	}
	d, err := OfTree(files)
	return d, files, err
}

// CheckName refuses a file name that cannot be hashed or stored without
// ambiguity: an empty or absolute one, one with "." or ".." or an empty
// element, a backslash, or a control character (a newline would forge a line of the tree).
func CheckName(name string) error {
	if !fs.ValidPath(name) || name == "." {
		return fmt.Errorf("%q is not a slash-separated relative file name", name)
	}
	for _, r := range name {
		if r < 0x20 || r == 0x7f || r == '\\' || r == '\uFFFD' {
			return fmt.Errorf("%q has a character that a module name cannot have", name)
		}
	}
	return nil
}
