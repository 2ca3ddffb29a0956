// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// disk keeps descriptions as JSON files and contents as blobs:
//
//	blobs/<id>
//	buckets/<account>/<jurisdiction or "default">/<name>/bucket.json
//	                                             …/objects/<SHA-256 of the key>.json
//	                                             …/uploads/<id>/upload.json, <number>.json
//
// A description is replaced by rename, so it is there whole or not at all, and always after its blobs. Without a
// directory, disk does nothing.
type disk struct{ dir string }

const (
	bucketFile = "bucket.json"
	uploadFile = "upload.json"
	blobsDir   = "blobs"
	objectsDir = "objects"
	uploadsDir = "uploads"
)

// blobRef is how a description names a blob.
type blobRef struct {
	ID   string `json:"id"`
	Size int64  `json:"size"`
}

type storedObject struct {
	Object
	Content []blobRef `json:"content"`
}

type storedPart struct {
	Part
	Content []blobRef `json:"content"`
}

func (d disk) blob(id string) string { return filepath.Join(d.dir, blobsDir, id) }

func (d disk) bucket(id BucketID) string {
	jurisdiction := id.Jurisdiction
	if jurisdiction == "" {
		jurisdiction = "default"
	}
	return filepath.Join(d.dir, "buckets", id.Account, jurisdiction, id.Name)
}

func (d disk) object(id BucketID, key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(d.bucket(id), objectsDir, hex.EncodeToString(sum[:])+".json")
}

func (d disk) upload(id BucketID, uploadID string) string {
	return filepath.Join(d.bucket(id), uploadsDir, uploadID)
}

func (d disk) saveBucket(id BucketID, bucket Bucket) error {
	return d.save(filepath.Join(d.bucket(id), bucketFile), bucket)
}

func (d disk) saveObject(id BucketID, object *objectState) error {
	return d.save(d.object(id, object.Key), storedObject{Object: object.Object, Content: refs(object.content)})
}

func (d disk) saveUpload(id BucketID, upload Upload) error {
	return d.save(filepath.Join(d.upload(id, upload.ID), uploadFile), upload)
}

func (d disk) savePart(id BucketID, uploadID string, part *partState) error {
	name := strconv.Itoa(part.Number) + ".json"
	return d.save(filepath.Join(d.upload(id, uploadID), name), storedPart{Part: part.Part, Content: refs(part.content)})
}

// removeBucket removes the description first: without it, the rest is rubbish that the next load clears away.
func (d disk) removeBucket(id BucketID) error {
	if d.dir == "" {
		return nil
	}
	return errors.Join(os.Remove(filepath.Join(d.bucket(id), bucketFile)), os.RemoveAll(d.bucket(id)))
}

func (d disk) removeObject(id BucketID, key string) error {
	if d.dir == "" {
		return nil
	}
	return os.Remove(d.object(id, key))
}

// removeUpload removes the description first, as removeBucket does.
func (d disk) removeUpload(id BucketID, uploadID string) error {
	if d.dir == "" {
		return nil
	}
	return errors.Join(os.Remove(filepath.Join(d.upload(id, uploadID), uploadFile)), os.RemoveAll(d.upload(id, uploadID)))
}

// save replaces a description at once.
func (d disk) save(path string, description any) error {
	if d.dir == "" {
		return nil
	}
	text, err := json.Marshal(description)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// load reads all descriptions and removes the blobs that none of them names.
func (d disk) load() (map[BucketID]*bucketState, error) {
	buckets := map[BucketID]*bucketState{}
	if d.dir == "" {
		return buckets, nil
	}
	blobs := map[string]*blob{}
	paths, err := filepath.Glob(filepath.Join(d.dir, "buckets", "*", "*", "*", bucketFile))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		place := filepath.Dir(path)
		var bucket Bucket
		if err := read(path, &bucket); err != nil {
			return nil, err
		}
		state := newBucketState(bucket)
		if err := d.loadObjects(place, state, blobs); err != nil {
			return nil, err
		}
		if err := d.loadUploads(place, state, blobs); err != nil {
			return nil, err
		}
		account := filepath.Base(filepath.Dir(filepath.Dir(place)))
		buckets[BucketID{Account: account, Jurisdiction: bucket.Jurisdiction, Name: bucket.Name}] = state
	}
	return buckets, d.sweep(blobs)
}

func (d disk) loadObjects(place string, bucket *bucketState, blobs map[string]*blob) error {
	paths, err := filepath.Glob(filepath.Join(place, objectsDir, "*.json"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		var stored storedObject
		if err := read(path, &stored); err != nil {
			return err
		}
		content := d.resolve(stored.Content, blobs)
		bucket.objects[stored.Key] = &objectState{Object: stored.Object, content: content}
		bucket.keys = append(bucket.keys, stored.Key)
	}
	slices.Sort(bucket.keys)
	return nil
}

func (d disk) loadUploads(place string, bucket *bucketState, blobs map[string]*blob) error {
	paths, err := filepath.Glob(filepath.Join(place, uploadsDir, "*", uploadFile))
	if err != nil {
		return err
	}
	for _, path := range paths {
		upload := &uploadState{parts: map[int]*partState{}}
		if err := read(path, &upload.Upload); err != nil {
			return err
		}
		parts, err := filepath.Glob(filepath.Join(filepath.Dir(path), "[0-9]*.json"))
		if err != nil {
			return err
		}
		for _, path := range parts {
			var stored storedPart
			if err := read(path, &stored); err != nil {
				return err
			}
			upload.parts[stored.Number] = &partState{Part: stored.Part, content: d.resolve(stored.Content, blobs)}
		}
		bucket.uploads[upload.ID] = upload
	}
	return nil
}

// resolve finds the blobs that a description names and counts its use of them.
func (d disk) resolve(refs []blobRef, blobs map[string]*blob) []*blob {
	content := make([]*blob, 0, len(refs))
	for _, ref := range refs {
		b, ok := blobs[ref.ID]
		if !ok {
			b = &blob{id: ref.ID, size: ref.Size, path: d.blob(ref.ID)}
			blobs[ref.ID] = b
		}
		b.users++
		content = append(content, b)
	}
	return content
}

// sweep removes the blobs that no description names: what was being written when the last run ended.
func (d disk) sweep(blobs map[string]*blob) error {
	entries, err := os.ReadDir(filepath.Join(d.dir, blobsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if _, used := blobs[entry.Name()]; !used {
			err = errors.Join(err, os.Remove(d.blob(entry.Name())))
		}
	}
	return err
}

func read(path string, description any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, description); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

func refs(content []*blob) []blobRef {
	list := make([]blobRef, 0, len(content))
	for _, b := range content {
		list = append(list, blobRef{ID: b.id, Size: b.size})
	}
	return list
}
