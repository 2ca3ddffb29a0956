// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// minChunk and maxChunk bound how much memory a growing blob takes at a time. Chunks are never joined, so a large body
// is held once and copied once.
const (
	minChunk = 4 << 10
	maxChunk = 1 << 20
)

// maxObjectSize is the longest body of a single upload, as R2 has it: 5 GiB less 5 MiB, "MAX_VALUE_SIZE" in
// cloudflare/workers-sdk packages/miniflare/src/workers/r2/constants.ts.
const maxObjectSize = 5<<30 - 5<<20

// blob is an immutable sequence of bytes, in memory or in a file. Objects, parts and readers share it; the store's lock
// guards users, and with the last of them it goes.
type blob struct {
	id     string
	size   int64
	chunks [][]byte // in memory
	path   string   // of the file, if not in memory
	users  int
}

// Body is what a client uploads.
type Body struct {
	// Reader yields the content. An *[Error] from it refuses the upload as it stands.
	Reader io.Reader
	// Size is the announced length, which the content must have; zero: not announced.
	Size int64
	// Checksums are what the content must have. They are kept with it.
	Checksums Checksums
	// Algorithms name further checksums to compute and to keep.
	Algorithms []Algorithm
	// Trailer, if not nil, is called after the end of Reader for further checksums that the content must have.
	Trailer func() (Checksums, error)
}

// store reads the body to its end, verifies and keeps it. The blob returned has no user yet.
func (s *Store) store(body Body) (*blob, Checksums, error) {
	hash, err := body.hasher()
	if err != nil {
		return nil, nil, err
	}
	b := &blob{id: randomHex()}
	reader := io.TeeReader(io.LimitReader(body.Reader, maxObjectSize+1), hash)
	if s.disk.dir == "" {
		err = b.fill(reader)
	} else {
		b.path = s.disk.blob(b.id)
		err = b.write(reader)
	}
	if err != nil {
		return nil, nil, uploadError(err)
	}
	sums, err := body.verify(b.size, hash.sums())
	if err != nil {
		return nil, nil, errors.Join(err, b.remove())
	}
	return b, sums, nil
}

// hasher computes what the body must have and what is to be kept with it.
func (b Body) hasher() (hasher, error) {
	return newHasher(slices.AppendSeq(slices.Clone(b.Algorithms), maps.Keys(b.Checksums))...)
}

// verify checks the announced length and checksums against what came.
func (b Body) verify(size int64, sums Checksums) (Checksums, error) {
	switch {
	case size > maxObjectSize:
		return nil, ErrEntityTooLarge
	case b.Size != 0 && size != b.Size:
		return nil, ErrIncompleteBody
	}
	if err := sums.verify(b.Checksums); err != nil {
		return nil, err
	}
	if b.Trailer == nil {
		return sums, nil
	}
	trailer, err := b.Trailer()
	if err != nil {
		return nil, err
	}
	return sums, sums.verify(trailer)
}

// uploadError turns a body that ended too early into the refusal it is.
func uploadError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrIncompleteBody
	}
	return fmt.Errorf("receive body: %w", err)
}

// fill reads a body into memory. The announced length is not trusted with an allocation: chunks grow with the content.
func (b *blob) fill(r io.Reader) error {
	for size := minChunk; ; size = min(2*size, maxChunk) {
		chunk := make([]byte, size)
		n := 0
		for n < len(chunk) {
			m, err := r.Read(chunk[n:])
			n += m
			if err == nil {
				continue
			}
			b.chunks = append(b.chunks, chunk[:n])
			b.size += int64(n)
			if err == io.EOF {
				return nil
			}
			return err
		}
		b.chunks = append(b.chunks, chunk)
		b.size += int64(n)
	}
}

// write reads a body into the blob's file.
func (b *blob) write(r io.Reader) (err error) {
	if err := os.MkdirAll(filepath.Dir(b.path), 0o750); err != nil {
		return err
	}
	file, err := os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			err = errors.Join(err, b.remove())
		}
	}()
	b.size, err = io.Copy(file, r)
	return err
}

// remove deletes the blob's file, if it has one.
func (b *blob) remove() error {
	if b.path == "" {
		return nil
	}
	if err := os.Remove(b.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
