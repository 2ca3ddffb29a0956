// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"errors"
	"io"
	"os"
	"sync"
)

// Range selects bytes of an object: at least one, unless it is the zero value, which selects all.
type Range struct {
	// Offset is the first byte.
	Offset int64
	// Length is the number of bytes, cut at the object's end; zero: all that follow.
	Length int64
	// Suffix, if positive, selects the last bytes instead, all if there are fewer.
	Suffix int64
}

// resolve turns a range into offset and length within size bytes. Error: ErrInvalidRange if it selects nothing.
func (r Range) resolve(size int64) (offset, length int64, err error) {
	switch {
	case r == Range{}:
		return 0, size, nil
	case r.Suffix < 0 || r.Offset < 0 || r.Length < 0:
		return 0, 0, ErrInvalidRange
	case r.Suffix > 0:
		length = min(r.Suffix, size)
		offset = size - length
	default:
		offset, length = r.Offset, size-r.Offset
		if r.Length > 0 {
			length = min(length, r.Length)
		}
	}
	if length <= 0 {
		return 0, 0, ErrInvalidRange
	}
	return offset, length, nil
}

// GetOptions say what to read and when.
type GetOptions struct {
	// Conditions must hold of the object.
	Conditions Conditions
	// Range selects bytes; the zero value selects all.
	Range Range
	// Part, if positive, selects a part of an object that was uploaded in parts, instead of Range; an object uploaded at
	// once is its own first part.
	Part int
}

// Content is an object opened for reading. It stays as it was when opened, whatever becomes of the object. It must be
// closed.
type Content struct {
	// Offset is the first byte that is read.
	Offset int64
	// Length is the number of bytes that are read.
	Length int64

	store *Store
	blobs []*blob // those still to be read, the first from skip on
	skip  int64
	left  int64
	file  *os.File // the first of blobs, if it is one and open
	close sync.Once
	held  []*blob
}

// Get opens an object. Errors: ErrNoSuchBucket, ErrNoSuchKey, ErrInvalidRange, and, with the object's description,
// ErrPreconditionFailed and ErrNotModified.
func (s *Store) Get(id BucketID, key string, options GetOptions) (Object, *Content, error) {
	unlock, err := s.lock()
	if err != nil {
		return Object{}, nil, err
	}
	defer unlock()
	object, err := s.object(id, key)
	if err != nil {
		return Object{}, nil, err
	}
	if err := options.Conditions.check(&object.Object); err != nil {
		return object.clone(), nil, err
	}
	r := options.Range
	if options.Part > 0 {
		if r, err = object.part(options.Part); err != nil {
			return object.clone(), nil, err
		}
	}
	content, err := s.read(object, r)
	return object.clone(), content, err
}

// part returns the range of a part. Error: ErrInvalidRange, which is also how S3 answers a part that is not there.
func (o Object) part(number int) (Range, error) {
	if number == 1 && o.Parts == nil {
		return Range{}, nil
	}
	if number > len(o.Parts) {
		return Range{}, ErrInvalidRange
	}
	var r Range
	for _, size := range o.Parts[:number-1] {
		r.Offset += size
	}
	r.Length = o.Parts[number-1]
	return r, nil
}

// read opens a range of an object; the lock is held.
func (s *Store) read(object *objectState, r Range) (*Content, error) {
	offset, length, err := r.resolve(object.Size)
	if err != nil {
		return nil, err
	}
	c := &Content{Offset: offset, Length: length, store: s, skip: offset, left: length, held: object.content}
	c.blobs = object.content
	for len(c.blobs) > 0 && c.skip >= c.blobs[0].size {
		c.skip -= c.blobs[0].size
		c.blobs = c.blobs[1:]
	}
	for _, b := range c.held {
		b.users++
	}
	return c, nil
}

// Read reads the next bytes.
func (c *Content) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for c.left > 0 && len(c.blobs) > 0 {
		n, err := c.readFirst(p[:min(int64(len(p)), c.left)])
		c.skip += int64(n)
		c.left -= int64(n)
		if errors.Is(err, io.EOF) {
			err = c.nextBlob()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	if c.left > 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return 0, io.EOF
}

// readFirst reads from the first blob; io.EOF is its end.
func (c *Content) readFirst(p []byte) (int, error) {
	first := c.blobs[0]
	if first.path != "" {
		if err := c.openFirst(); err != nil {
			return 0, err
		}
		return c.file.ReadAt(p, c.skip)
	}
	at := c.skip
	for _, chunk := range first.chunks {
		if at < int64(len(chunk)) {
			return copy(p, chunk[at:]), nil
		}
		at -= int64(len(chunk))
	}
	return 0, io.EOF
}

// WriteTo writes all that is left, without a buffer between.
func (c *Content) WriteTo(w io.Writer) (written int64, err error) {
	for c.left > 0 && len(c.blobs) > 0 {
		n, err := c.writeFirst(w)
		c.left -= n
		written += n
		if err != nil {
			return written, err
		}
		if err := c.nextBlob(); err != nil {
			return written, err
		}
	}
	if c.left > 0 {
		return written, io.ErrUnexpectedEOF
	}
	return written, nil
}

// writeFirst writes what is wanted of the first blob.
func (c *Content) writeFirst(w io.Writer) (written int64, err error) {
	first := c.blobs[0]
	if first.path != "" {
		if err := c.openFirst(); err != nil {
			return 0, err
		}
		if _, err := c.file.Seek(c.skip, io.SeekStart); err != nil {
			return 0, err
		}
		return io.Copy(w, io.LimitReader(c.file, min(c.left, first.size-c.skip)))
	}
	at := c.skip
	for _, chunk := range first.chunks {
		if at >= int64(len(chunk)) {
			at -= int64(len(chunk))
			continue
		}
		chunk = chunk[at:]
		at = 0
		n, err := w.Write(chunk[:min(int64(len(chunk)), c.left-written)])
		written += int64(n)
		if err != nil || written == c.left {
			return written, err
		}
	}
	return written, nil
}

func (c *Content) openFirst() (err error) {
	if c.file == nil {
		c.file, err = os.Open(c.blobs[0].path)
	}
	return err
}

func (c *Content) nextBlob() error {
	c.blobs, c.skip = c.blobs[1:], 0
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	c.file = nil
	return err
}

// Close ends reading. It may be called more than once.
func (c *Content) Close() (err error) {
	c.close.Do(func() {
		if c.file != nil {
			err = c.file.Close()
		}
		c.store.mu.Lock()
		defer c.store.mu.Unlock()
		c.store.release(c.held...)
		c.blobs, c.left = nil, 0
	})
	return err
}

var (
	_ io.ReadCloser = (*Content)(nil)
	_ io.WriterTo   = (*Content)(nil)
)
