// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"slices"
	"time"
	"unicode/utf8"
)

// Object describes an object. What it holds is the caller's own: to change it changes nothing in the store.
type Object struct {
	// Key is the object's name, at most 1024 bytes of UTF-8.
	Key string `json:"key"`
	// ETag is the entity tag without quotes: the MD5 in hexadecimal, or of a multipart object the MD5 of the parts' MD5s,
	// a hyphen and their number.
	ETag string `json:"etag"`
	// Version differs for each write of a key.
	Version string `json:"version"`
	// Size is the number of bytes.
	Size int64 `json:"size"`
	// Uploaded is the time of the write, to the millisecond.
	Uploaded time.Time `json:"uploaded"`
	// HTTPMetadata are the headers that come with the content.
	HTTPMetadata HTTPMetadata `json:"http_metadata"`
	// CustomMetadata is the client's own, at most 8192 bytes.
	CustomMetadata map[string]string `json:"custom_metadata,omitempty"`
	// Checksums are those that the client asked for, and MD5 unless the object was uploaded in parts. Of an object
	// uploaded in parts, all but CRC64NVME are of the parts' checksums (COMPOSITE), not of the content.
	Checksums Checksums `json:"checksums,omitempty"`
	// StorageClass is Standard or InfrequentAccess.
	StorageClass string `json:"storage_class"`
	// Parts are the sizes of the parts in which the object was uploaded; nil: it was uploaded at once.
	Parts []int64 `json:"parts,omitempty"`
}

// HTTPMetadata are the headers that R2 keeps with an object. Empty fields were not given.
type HTTPMetadata struct {
	ContentType        string    `json:"contentType,omitempty"`
	ContentLanguage    string    `json:"contentLanguage,omitempty"`
	ContentDisposition string    `json:"contentDisposition,omitempty"`
	ContentEncoding    string    `json:"contentEncoding,omitempty"`
	CacheControl       string    `json:"cacheControl,omitempty"`
	CacheExpiry        time.Time `json:"cacheExpiry,omitzero"`
}

// objectState is an object with its content. The store's lock guards it.
type objectState struct {
	Object
	content []*blob
}

// PutOptions are the properties of a new object and what must hold before it is written.
type PutOptions struct {
	// HTTPMetadata are the headers to keep.
	HTTPMetadata HTTPMetadata
	// CustomMetadata is the client's own.
	CustomMetadata map[string]string
	// StorageClass is Standard or InfrequentAccess; empty: the bucket's.
	StorageClass string
	// Conditions must hold of the object that is replaced.
	Conditions Conditions
}

// The limits of https://developers.cloudflare.com/r2/platform/limits/.
const (
	maxKeySize      = 1024
	maxMetadataSize = 8192
)

// Put writes an object. The conditions are decided and the object is replaced in one step, after the body has come.
// Errors: ErrNoSuchBucket, ErrInvalidObjectName, ErrMetadataTooLarge, ErrEntityTooLarge, ErrIncompleteBody,
// ErrBadDigest, ErrPreconditionFailed, ErrLocked; any other error is of the body's reader or the disk.
func (s *Store) Put(id BucketID, key string, body Body, options PutOptions) (Object, error) {
	if err := checkKey(key); err != nil {
		return Object{}, err
	}
	if err := checkMetadata(options.CustomMetadata); err != nil {
		return Object{}, err
	}
	if _, err := s.Bucket(id); err != nil { // before the body is read for nothing
		return Object{}, err
	}
	content, sums, err := s.store(body)
	if err != nil {
		return Object{}, err
	}
	object := Object{
		ETag:           hex.EncodeToString(sums[MD5]),
		Size:           content.size,
		HTTPMetadata:   options.HTTPMetadata,
		CustomMetadata: options.CustomMetadata,
		Checksums:      sums,
		StorageClass:   options.StorageClass,
	}
	unlock, err := s.lock()
	if err != nil {
		return Object{}, err
	}
	defer unlock()
	content.users++
	defer s.release(content)
	return s.commit(id, key, object, []*blob{content}, options.Conditions)
}

// Head describes an object. Errors: ErrNoSuchBucket, ErrNoSuchKey.
func (s *Store) Head(id BucketID, key string) (Object, error) {
	unlock, err := s.lock()
	if err != nil {
		return Object{}, err
	}
	defer unlock()
	object, err := s.object(id, key)
	if err != nil {
		return Object{}, err
	}
	return object.clone(), nil
}

// Delete removes objects, which need not exist. Errors: ErrNoSuchBucket, ErrInvalidObjectName, ErrLocked, which leaves
// the keys that follow as they are.
func (s *Store) Delete(id BucketID, keys ...string) error {
	for _, key := range keys {
		if err := checkKey(key); err != nil {
			return err
		}
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	b, err := s.bucket(id)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := s.remove(id, b, key); err != nil {
			return err
		}
	}
	return nil
}

// CopyOptions are the conditions and changes of a copy.
type CopyOptions struct {
	// Source must hold of the object that is copied.
	Source Conditions
	// Destination must hold of the object that is replaced.
	Destination Conditions
	// Change, if not nil, may alter the metadata and the storage class of the copy; the latter is empty before and, if
	// it stays so, becomes the bucket's.
	Change func(*Object)
}

// Copy writes an object with the content of another; no byte is moved. The copy counts as uploaded at once, even if
// the source was uploaded in parts. Errors: ErrNoSuchBucket, ErrNoSuchKey, ErrInvalidObjectName, ErrMetadataTooLarge,
// ErrPreconditionFailed.
func (s *Store) Copy(from BucketID, fromKey string, to BucketID, toKey string, options CopyOptions) (Object, error) {
	if err := checkKey(toKey); err != nil {
		return Object{}, err
	}
	object, content, err := s.Get(from, fromKey, GetOptions{Conditions: options.Source})
	if errors.Is(err, ErrNotModified) {
		err = ErrPreconditionFailed
	}
	if err != nil {
		return Object{}, err
	}
	object, err = s.copy(object, content, to, toKey, options)
	return object, errors.Join(err, content.Close())
}

// copy writes an object with content that is held open.
func (s *Store) copy(object Object, content *Content, to BucketID, key string, options CopyOptions) (Object, error) {
	if object.Parts != nil {
		hash, err := newHasher()
		if err != nil {
			return Object{}, err
		}
		if _, err := io.Copy(hash, content); err != nil {
			return Object{}, err
		}
		object.Parts, object.Checksums = nil, hash.sums()
		object.ETag = hex.EncodeToString(object.Checksums[MD5])
	}
	object.StorageClass = ""
	if options.Change != nil {
		options.Change(&object)
	}
	if err := checkMetadata(object.CustomMetadata); err != nil {
		return Object{}, err
	}
	unlock, err := s.lock()
	if err != nil {
		return Object{}, err
	}
	defer unlock()
	return s.commit(to, key, object, content.held, options.Destination)
}

// commit makes content the object of a key, if conditions hold; the lock is held. It fills in what every write sets.
func (s *Store) commit(id BucketID, key string, object Object, content []*blob, conditions Conditions) (Object, error) {
	b, err := s.bucket(id)
	if err != nil {
		return Object{}, err
	}
	old, exists := b.objects[key]
	if exists {
		if err := b.checkLock(old, s.now()); err != nil { // before any condition, as clients of R2 report
			return Object{}, err
		}
		err = conditions.checkWrite(&old.Object)
	} else {
		err = conditions.checkWrite(nil)
	}
	if err != nil {
		return Object{}, err
	}
	object = object.clone()
	object.Key, object.Version, object.Uploaded = key, randomHex(), s.now()
	if object.StorageClass == "" {
		object.StorageClass = b.StorageClass
	}
	state := &objectState{Object: object, content: slices.Clone(content)}
	if err := s.disk.saveObject(id.canonical(), state); err != nil {
		return Object{}, err
	}
	for _, blob := range content {
		blob.users++
	}
	b.objects[key] = state
	if exists {
		s.release(old.content...)
	} else {
		b.insertKey(key)
	}
	return object.clone(), nil
}

// object finds an object; the lock is held.
func (s *Store) object(id BucketID, key string) (*objectState, error) {
	b, err := s.bucket(id)
	if err != nil {
		return nil, err
	}
	object, ok := b.objects[key]
	if !ok {
		return nil, ErrNoSuchKey
	}
	return object, nil
}

func (b *bucketState) insertKey(key string) {
	if at, found := slices.BinarySearch(b.keys, key); !found {
		b.keys = slices.Insert(b.keys, at, key)
	}
}

// release gives up one use of each blob; the lock is held.
func (s *Store) release(blobs ...*blob) {
	for _, b := range blobs {
		if b.users--; b.users == 0 {
			_ = b.remove() // What could not be removed is removed by the next load.
		}
	}
}

// clone copies what callers could change under the store's feet.
func (o Object) clone() Object {
	o.CustomMetadata = maps.Clone(o.CustomMetadata)
	o.Checksums = maps.Clone(o.Checksums)
	o.Parts = slices.Clone(o.Parts)
	return o
}

// checkKey applies the limits of https://developers.cloudflare.com/r2/api/error-codes/ (10020).
func checkKey(key string) error {
	if key == "" || len(key) > maxKeySize || !utf8.ValidString(key) {
		return ErrInvalidObjectName
	}
	return nil
}

// checkMetadata applies the limit of https://developers.cloudflare.com/r2/api/error-codes/ (10012). How R2 counts is in
// cloudflare/workers-sdk packages/miniflare/src/workers/r2/validator.worker.ts (serialisedLength): UTF-16 units, twice
// that if any is beyond Latin-1.
func checkMetadata(metadata map[string]string) error {
	size := 0
	for name, value := range metadata {
		size += serialisedLength(name) + serialisedLength(value)
	}
	if size > maxMetadataSize {
		return ErrMetadataTooLarge
	}
	return nil
}

func serialisedLength(s string) int {
	units, width := 0, 1
	for _, r := range s {
		units++
		if r > 0xffff {
			units++
		}
		if r > 0xff {
			width = 2
		}
	}
	return units * width
}

// randomHex returns 32 random hexadecimal digits.
func randomHex() string {
	var id [16]byte
	rand.Read(id[:]) // It never returns an error.
	return hex.EncodeToString(id[:])
}
