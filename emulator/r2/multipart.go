// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"cmp"
	"crypto/md5" //nolint:gosec // S3 and R2 define entity tags by MD5.
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// The limits of https://developers.cloudflare.com/r2/objects/multipart-objects/.
const (
	maxPartNumber = 10000
	minPartSize   = 5 << 20
)

// Upload describes a multipart upload in progress.
type Upload struct {
	// ID names the upload.
	ID string `json:"id"`
	// Key is that of the object to be.
	Key string `json:"key"`
	// Started is the time of creation.
	Started time.Time `json:"started"`
	// HTTPMetadata, CustomMetadata and StorageClass become those of the object.
	HTTPMetadata   HTTPMetadata      `json:"http_metadata"`
	CustomMetadata map[string]string `json:"custom_metadata,omitempty"`
	StorageClass   string            `json:"storage_class"`
	// Algorithm is a checksum that each part and the object will have; empty: none besides the parts' MD5.
	Algorithm Algorithm `json:"algorithm,omitempty"`
}

// UploadOptions are the properties of the object to be.
type UploadOptions struct {
	// HTTPMetadata are the headers to keep.
	HTTPMetadata HTTPMetadata
	// CustomMetadata is the client's own.
	CustomMetadata map[string]string
	// StorageClass is Standard or InfrequentAccess; empty: the bucket's.
	StorageClass string
	// Algorithm is a checksum to compute of each part and of the object; empty: none.
	Algorithm Algorithm
}

// Part describes an uploaded part.
type Part struct {
	// Number is from 1 to 10000.
	Number int `json:"number"`
	// ETag names what was uploaded, without quotes.
	ETag string `json:"etag"`
	// Size is the number of bytes.
	Size int64 `json:"size"`
	// Uploaded is the time of the upload.
	Uploaded time.Time `json:"uploaded"`
	// Checksums are MD5 and those that the client asked for.
	Checksums Checksums `json:"checksums"`
}

// CompletedPart names a part of the object to be.
type CompletedPart struct {
	// Number is the part's number.
	Number int
	// ETag is what the part must have, without quotes.
	ETag string
	// Checksums are what the part must have; nil: not given.
	Checksums Checksums
}

// uploadState is an upload with its parts. The store's lock guards it.
type uploadState struct {
	Upload
	parts map[int]*partState
}

type partState struct {
	Part
	content []*blob
}

// CreateUpload begins a multipart upload. Errors: ErrNoSuchBucket, ErrInvalidObjectName, ErrMetadataTooLarge.
func (s *Store) CreateUpload(id BucketID, key string, options UploadOptions) (Upload, error) {
	if err := checkKey(key); err != nil {
		return Upload{}, err
	}
	if err := checkMetadata(options.CustomMetadata); err != nil {
		return Upload{}, err
	}
	if options.Algorithm != "" && options.Algorithm.newHash() == nil {
		return Upload{}, fmt.Errorf("checksum algorithm %q: not known", options.Algorithm)
	}
	unlock, err := s.lock()
	if err != nil {
		return Upload{}, err
	}
	defer unlock()
	b, err := s.bucket(id)
	if err != nil {
		return Upload{}, err
	}
	upload := Upload{
		ID:             randomHex() + randomHex(),
		Key:            key,
		Started:        s.now(),
		HTTPMetadata:   options.HTTPMetadata,
		CustomMetadata: maps.Clone(options.CustomMetadata),
		StorageClass:   cmp.Or(options.StorageClass, b.StorageClass),
		Algorithm:      options.Algorithm,
	}
	if err := s.disk.saveUpload(id.canonical(), upload); err != nil {
		return Upload{}, err
	}
	b.uploads[upload.ID] = &uploadState{Upload: upload, parts: map[int]*partState{}}
	return upload.clone(), nil
}

// UploadPart adds a part to an upload or replaces it. Errors: ErrNoSuchBucket, ErrNoSuchUpload, ErrInvalidArgument for
// a number out of range, and those of the body as in [Store.Put].
func (s *Store) UploadPart(id BucketID, key, uploadID string, number int, body Body) (Part, error) {
	upload, _, err := s.Parts(id, key, uploadID) // before the body is read for nothing
	if err != nil {
		return Part{}, err
	}
	if err := checkPartNumber(number); err != nil {
		return Part{}, err
	}
	if upload.Algorithm != "" {
		body.Algorithms = append(slices.Clone(body.Algorithms), upload.Algorithm)
	}
	content, sums, err := s.store(body)
	if err != nil {
		return Part{}, err
	}
	unlock, err := s.lock()
	if err != nil {
		return Part{}, err
	}
	defer unlock()
	content.users++
	defer s.release(content)
	return s.commitPart(id, key, uploadID, number, sums, []*blob{content})
}

// CopyPart adds a part to an upload, with a range of an object as its content. Errors: those of [Store.UploadPart],
// ErrNoSuchKey, ErrInvalidRange.
func (s *Store) CopyPart(
	id BucketID, key, uploadID string, number int, from BucketID, fromKey string, r Range,
) (Part, error) {
	_, content, err := s.Get(from, fromKey, GetOptions{Range: r})
	if err != nil {
		return Part{}, err
	}
	part, err := s.UploadPart(id, key, uploadID, number, Body{Reader: content})
	return part, errors.Join(err, content.Close())
}

// Parts returns an upload and its parts, sorted by number. Errors: ErrNoSuchBucket, ErrNoSuchUpload.
func (s *Store) Parts(id BucketID, key, uploadID string) (Upload, []Part, error) {
	unlock, err := s.lock()
	if err != nil {
		return Upload{}, nil, err
	}
	defer unlock()
	_, upload, err := s.upload(id, key, uploadID)
	if err != nil {
		return Upload{}, nil, err
	}
	parts := make([]Part, 0, len(upload.parts))
	for _, number := range slices.Sorted(maps.Keys(upload.parts)) {
		parts = append(parts, upload.parts[number].clone())
	}
	return upload.clone(), parts, nil
}

// Uploads returns the uploads in progress, sorted by key, then start. Error: ErrNoSuchBucket.
func (s *Store) Uploads(id BucketID) ([]Upload, error) {
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	b, err := s.bucket(id)
	if err != nil {
		return nil, err
	}
	uploads := make([]Upload, 0, len(b.uploads))
	for _, upload := range b.uploads {
		uploads = append(uploads, upload.clone())
	}
	slices.SortFunc(uploads, func(a, b Upload) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	return uploads, nil
}

// wasUpload reports an upload of a key that was completed or aborted since the store was opened.
func (s *Store) wasUpload(id BucketID, key, uploadID string) (bool, error) {
	unlock, err := s.lock()
	if err != nil {
		return false, err
	}
	defer unlock()
	b, err := s.bucket(id)
	if err != nil {
		return false, err
	}
	was, ok := b.finished[uploadID]
	return ok && was == key, nil
}

// AbortUpload ends an upload and drops its parts. Errors: ErrNoSuchBucket, ErrNoSuchUpload.
func (s *Store) AbortUpload(id BucketID, key, uploadID string) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	b, upload, err := s.upload(id, key, uploadID)
	if err != nil {
		return err
	}
	if err := s.disk.removeUpload(id.canonical(), uploadID); err != nil {
		return err
	}
	upload.release(s)
	delete(b.uploads, uploadID)
	b.finished[uploadID] = key
	return nil
}

// CompleteUpload makes parts of an upload one object, in the order of their numbers, and ends the upload. No byte is
// moved. Want is what the object's own checksums must be, if not nil. Errors: ErrNoSuchBucket, ErrNoSuchUpload,
// ErrInvalidPart, ErrEntityTooSmall, ErrBadUpload, ErrBadDigest; after any of them the upload goes on.
func (s *Store) CompleteUpload(
	id BucketID, key, uploadID string, parts []CompletedPart, want Checksums,
) (Object, error) {
	unlock, err := s.lock()
	if err != nil {
		return Object{}, err
	}
	defer unlock()
	b, upload, err := s.upload(id, key, uploadID)
	if err != nil {
		return Object{}, err
	}
	chosen, err := upload.choose(parts)
	if err != nil {
		return Object{}, err
	}
	object := upload.assemble(chosen)
	if err := object.Checksums.verify(want); err != nil {
		return Object{}, err
	}
	var content []*blob
	for _, part := range chosen {
		content = append(content, part.content...)
	}
	object, err = s.commit(id, key, object, content, Conditions{})
	if err != nil {
		return Object{}, err
	}
	if err := s.disk.removeUpload(id.canonical(), uploadID); err != nil {
		return Object{}, err
	}
	upload.release(s)
	delete(b.uploads, uploadID)
	b.finished[uploadID] = key
	return object, nil
}

// commitPart makes content a part of an upload; the lock is held.
func (s *Store) commitPart(
	id BucketID, key, uploadID string, number int, sums Checksums, content []*blob,
) (Part, error) {
	_, upload, err := s.upload(id, key, uploadID)
	if err != nil {
		return Part{}, err
	}
	state := &partState{
		Part: Part{
			Number:    number,
			ETag:      hex.EncodeToString(sums[MD5]),
			Uploaded:  s.now(),
			Checksums: sums,
		},
		content: content,
	}
	for _, b := range content {
		state.Size += b.size
	}
	if err := s.disk.savePart(id.canonical(), uploadID, state); err != nil {
		return Part{}, err
	}
	for _, b := range content {
		b.users++
	}
	if old, exists := upload.parts[number]; exists {
		s.release(old.content...)
	}
	upload.parts[number] = state
	return state.clone(), nil
}

// upload finds an upload in progress; the lock is held.
func (s *Store) upload(id BucketID, key, uploadID string) (*bucketState, *uploadState, error) {
	b, err := s.bucket(id)
	if err != nil {
		return nil, nil, err
	}
	upload, ok := b.uploads[uploadID]
	if !ok || upload.Key != key {
		return nil, nil, ErrNoSuchUpload
	}
	return b, upload, nil
}

// choose finds the parts named, in the order of their numbers. The checks and their order are those of
// cloudflare/workers-sdk packages/miniflare/src/workers/r2/bucket.worker.ts (completeMultipartUpload); that a number
// given twice is a bad upload is from the capture in s3/operations.worker.ts.
func (u *uploadState) choose(named []CompletedPart) ([]*partState, error) {
	seen := map[int]bool{}
	for _, part := range named {
		if seen[part.Number] {
			return nil, &Error{
				Code: ErrInvalidPart.Code, V4Code: ErrInvalidPart.V4Code, Status: ErrInvalidPart.Status,
				Message: ErrBadUpload.Message,
			}
		}
		seen[part.Number] = true
	}
	chosen := make([]*partState, 0, len(named))
	for _, part := range named {
		have, ok := u.parts[part.Number]
		if !ok || have.ETag != part.ETag || have.Checksums.verify(part.Checksums) != nil {
			return nil, ErrInvalidPart
		}
		chosen = append(chosen, have)
	}
	for _, part := range chosen[:max(len(chosen)-1, 0)] {
		if part.Size < minPartSize {
			return nil, ErrEntityTooSmall
		}
	}
	slices.SortFunc(chosen, func(a, b *partState) int { return cmp.Compare(a.Number, b.Number) })
	for at, part := range chosen {
		last := at == len(chosen)-1
		if !last && (part.Size < minPartSize || part.Size != chosen[0].Size) || part.Size > chosen[0].Size {
			return nil, ErrBadUpload
		}
	}
	return chosen, nil
}

// assemble describes the object that parts make. The entity tag is the MD5 of their MD5s and their number; so are the
// checksums made, but for CRC64NVME: https://developers.cloudflare.com/r2/api/s3/api/#checksum-types.
func (u *uploadState) assemble(parts []*partState) Object {
	object := Object{
		HTTPMetadata:   u.HTTPMetadata,
		CustomMetadata: u.CustomMetadata,
		StorageClass:   u.StorageClass,
		Parts:          make([]int64, 0, len(parts)),
		Checksums:      Checksums{},
	}
	sum := md5.New() //nolint:gosec // See the import.
	var whole uint64
	composite := u.Algorithm.newHash()
	for _, part := range parts {
		object.Size += part.Size
		object.Parts = append(object.Parts, part.Size)
		sum.Write(part.Checksums[MD5])
		switch {
		case u.Algorithm == CRC64NVME:
			whole = combineNVME(whole, binary.BigEndian.Uint64(part.Checksums[CRC64NVME]), part.Size)
		case composite != nil:
			composite.Write(part.Checksums[u.Algorithm])
		}
	}
	object.ETag = fmt.Sprintf("%x-%d", sum.Sum(nil), len(parts))
	switch {
	case u.Algorithm == CRC64NVME:
		object.Checksums[CRC64NVME] = binary.BigEndian.AppendUint64(nil, whole)
	case composite != nil:
		object.Checksums[u.Algorithm] = composite.Sum(nil)
	}
	return object
}

// release gives up the parts' contents; the lock is held.
func (u *uploadState) release(s *Store) {
	for _, part := range u.parts {
		s.release(part.content...)
	}
}

func checkPartNumber(number int) error {
	if number < 1 || number > maxPartNumber {
		return ErrInvalidArgument.saying("Part number must be an integer between 1 and 10000, inclusive.")
	}
	return nil
}

// clone copies what callers could change under the store's feet.
func (u Upload) clone() Upload {
	u.CustomMetadata = maps.Clone(u.CustomMetadata)
	return u
}

// clone copies what callers could change under the store's feet.
func (p Part) clone() Part {
	p.Checksums = maps.Clone(p.Checksums)
	return p
}
