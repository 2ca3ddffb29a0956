// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// BucketID says which bucket is meant: a name is unique within an account and jurisdiction.
type BucketID struct {
	// Account is the account's id.
	Account string
	// Jurisdiction is "eu" or "fedramp"; empty and "default" both mean none.
	Jurisdiction string
	// Name is the bucket's name.
	Name string
}

// canonical gives the two spellings of "no jurisdiction" one form.
func (id BucketID) canonical() BucketID {
	if id.Jurisdiction == "default" {
		id.Jurisdiction = ""
	}
	return id
}

// jurisdictions are those of https://developers.cloudflare.com/r2/reference/data-location/#available-jurisdictions.
var jurisdictions = []string{"eu", "fedramp"}

func isJurisdiction(name string) bool { return slices.Contains(jurisdictions, name) }

// anywhere returns the bucket of the name in whichever jurisdiction has one; id itself if it is there, or none is.
func (s *Store) anywhere(id BucketID) BucketID {
	if _, err := s.Bucket(id); err == nil {
		return id
	}
	for _, jurisdiction := range jurisdictions {
		other := BucketID{Account: id.Account, Jurisdiction: jurisdiction, Name: id.Name}
		if _, err := s.Bucket(other); err == nil {
			return other
		}
	}
	return id
}

// Bucket is what R2 knows of a bucket besides its objects.
type Bucket struct {
	// Name is unique within the account and jurisdiction.
	Name string `json:"name"`
	// Jurisdiction is "eu" or "fedramp"; empty: none.
	Jurisdiction string `json:"jurisdiction,omitempty"`
	// Location is the region that holds the bucket, for example "WEUR"; empty: not said.
	Location string `json:"location,omitempty"`
	// StorageClass is that of objects which name none: "Standard" or "InfrequentAccess".
	StorageClass string `json:"storage_class"`
	// Created is the time of creation, set by the store.
	Created time.Time `json:"created"`
	// Settings are documents that an API keeps with a bucket, such as CORS rules. The store does not look into them.
	Settings map[string]json.RawMessage `json:"settings,omitempty"`
}

// The storage classes of R2: https://developers.cloudflare.com/r2/buckets/storage-classes/
const (
	Standard         = "Standard"
	InfrequentAccess = "InfrequentAccess"
)

// bucketName is the rule of https://developers.cloudflare.com/r2/buckets/create-buckets/: 3 to 63 lower-case letters,
// digits and hyphens, neither first nor last a hyphen.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// bucketState is a bucket with its contents. The store's lock guards it.
type bucketState struct {
	Bucket
	objects  map[string]*objectState
	keys     []string // of objects, sorted
	uploads  map[string]*uploadState
	finished map[string]string // the keys of uploads that are no more, by id; not kept across restarts
}

// CreateBucket makes a bucket in account with the name, jurisdiction, location, storage class and settings given; an
// empty storage class means Standard. Errors: ErrInvalidBucketName, ErrInvalidArgument for a jurisdiction that R2 does
// not have, ErrBucketConflict if there is a bucket of that name.
func (s *Store) CreateBucket(account string, bucket Bucket) (Bucket, error) {
	id := BucketID{Account: account, Jurisdiction: bucket.Jurisdiction, Name: bucket.Name}.canonical()
	if !bucketName.MatchString(id.Name) {
		return Bucket{}, ErrInvalidBucketName
	}
	if id.Jurisdiction != "" && !isJurisdiction(id.Jurisdiction) {
		return Bucket{}, ErrInvalidArgument.saying("The specified jurisdiction is not valid.")
	}
	unlock, err := s.lock()
	if err != nil {
		return Bucket{}, err
	}
	defer unlock()
	if _, exists := s.buckets[id]; exists {
		return Bucket{}, ErrBucketConflict
	}
	bucket.Jurisdiction = id.Jurisdiction
	bucket.Created = s.now()
	if bucket.StorageClass == "" {
		bucket.StorageClass = Standard
	}
	bucket = bucket.clone()
	if err := s.disk.saveBucket(id, bucket); err != nil {
		return Bucket{}, err
	}
	s.buckets[id] = newBucketState(bucket)
	return bucket.clone(), nil
}

// Bucket returns a bucket. Error: ErrNoSuchBucket.
func (s *Store) Bucket(id BucketID) (Bucket, error) {
	unlock, err := s.lock()
	if err != nil {
		return Bucket{}, err
	}
	defer unlock()
	b, err := s.bucket(id)
	if err != nil {
		return Bucket{}, err
	}
	return b.clone(), nil
}

// Buckets returns the buckets of an account in one jurisdiction, sorted by name.
func (s *Store) Buckets(account, jurisdiction string) ([]Bucket, error) {
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	want := BucketID{Account: account, Jurisdiction: jurisdiction}.canonical()
	buckets := []Bucket{}
	for id, b := range s.buckets {
		if id.Account == want.Account && id.Jurisdiction == want.Jurisdiction {
			buckets = append(buckets, b.clone())
		}
	}
	slices.SortFunc(buckets, func(a, b Bucket) int { return strings.Compare(a.Name, b.Name) })
	return buckets, nil
}

// UpdateBucket lets change alter a bucket's location, storage class and settings; its name, jurisdiction and creation
// stay. Error: ErrNoSuchBucket.
func (s *Store) UpdateBucket(id BucketID, change func(*Bucket)) (Bucket, error) {
	unlock, err := s.lock()
	if err != nil {
		return Bucket{}, err
	}
	defer unlock()
	b, err := s.bucket(id)
	if err != nil {
		return Bucket{}, err
	}
	changed := b.clone()
	change(&changed)
	changed.Name, changed.Jurisdiction, changed.Created = b.Name, b.Jurisdiction, b.Created
	changed = changed.clone()
	if err := s.disk.saveBucket(id.canonical(), changed); err != nil {
		return Bucket{}, err
	}
	b.Bucket = changed
	return changed.clone(), nil
}

// DeleteBucket removes an empty bucket together with its unfinished uploads. Errors: ErrNoSuchBucket,
// ErrBucketNotEmpty.
func (s *Store) DeleteBucket(id BucketID) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	b, err := s.bucket(id)
	if err != nil {
		return err
	}
	if len(b.objects) > 0 {
		return ErrBucketNotEmpty
	}
	if err := s.disk.removeBucket(id.canonical()); err != nil {
		return err
	}
	for _, upload := range b.uploads {
		upload.release(s)
	}
	delete(s.buckets, id.canonical())
	return nil
}

// bucket finds a bucket; the lock is held.
func (s *Store) bucket(id BucketID) (*bucketState, error) {
	b, ok := s.buckets[id.canonical()]
	if !ok {
		return nil, ErrNoSuchBucket
	}
	return b, nil
}

func newBucketState(bucket Bucket) *bucketState {
	return &bucketState{
		Bucket:   bucket,
		objects:  map[string]*objectState{},
		uploads:  map[string]*uploadState{},
		finished: map[string]string{},
	}
}

// clone copies what callers could change under the store's feet.
func (b Bucket) clone() Bucket {
	b.Settings = maps.Clone(b.Settings)
	return b
}
