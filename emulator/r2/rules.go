// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The names under which a bucket's settings are in [Bucket.Settings], each with the document that the v4 API has.
const (
	SettingCORS      = "cors"      // []CORSRule
	SettingLifecycle = "lifecycle" // []LifecycleRule; absent: DefaultLifecycle
	SettingLock      = "lock"      // []LockRule
	SettingManaged   = "managed"   // ManagedDomain
	SettingDomains   = "domains"   // []CustomDomain
)

// Condition says when a rule applies. Source of this and of the rules: cloudflare-go v7, package r2,
// BucketLifecycleUpdateParams and BucketLockUpdateParams.
type Condition struct {
	Type          string    `json:"type"` // Age, Date or Indefinite
	MaxAge        int64     `json:"maxAge,omitempty"`
	MaxAgeSeconds int64     `json:"maxAgeSeconds,omitempty"`
	Date          time.Time `json:"date,omitzero"`
}

// The types of a [Condition].
const (
	ByAge      = "Age"
	ByDate     = "Date"
	Indefinite = "Indefinite"
)

// LifecycleRule is a rule of a bucket's lifecycle.
type LifecycleRule struct {
	ID         string `json:"id"`
	Enabled    bool   `json:"enabled"`
	Conditions struct {
		Prefix string `json:"prefix,omitempty"`
	} `json:"conditions"`
	Abort   *Transition         `json:"abortMultipartUploadsTransition,omitempty"`
	Delete  *Transition         `json:"deleteObjectsTransition,omitempty"`
	Classes []StorageTransition `json:"storageClassTransitions,omitempty"`
}

// Transition is something that happens to objects or uploads once.
type Transition struct {
	Condition Condition `json:"condition"`
}

// StorageTransition moves objects to another storage class.
type StorageTransition struct {
	Condition    Condition `json:"condition"`
	StorageClass string    `json:"storageClass"`
}

// DefaultLifecycle is what a new bucket has: unfinished uploads are aborted after 7 days
// (https://developers.cloudflare.com/r2/buckets/object-lifecycles/). That its conditions are empty and what it is
// called is what the API answers for a new bucket, as many public logs of wrangler show.
func DefaultLifecycle() []LifecycleRule {
	return []LifecycleRule{{
		ID: "Default Multipart Abort Rule", Enabled: true,
		Abort: &Transition{Condition{Type: ByAge, MaxAge: 7 * 24 * 60 * 60}},
	}}
}

// LockRule keeps objects from being deleted and overwritten.
type LockRule struct {
	ID        string    `json:"id"`
	Enabled   bool      `json:"enabled"`
	Prefix    string    `json:"prefix,omitempty"`
	Condition Condition `json:"condition"`
}

// ErrLocked refuses to delete or overwrite an object that a lock rule keeps. The status and the text are what clients
// of the S3 API report of the real service; the number is quoted with them.
var ErrLocked = &Error{
	Code: "ObjectLockedByBucketPolicy", V4Code: 10069, Status: http.StatusConflict,
	Message: "The object is locked by the bucket policy.",
}

// setting reads a document; what is absent is left as it is.
func (b Bucket) setting(name string, document any) error {
	text, there := b.Settings[name]
	if !there {
		return nil
	}
	return json.Unmarshal(text, document)
}

// Lifecycle returns the bucket's rules.
func (b Bucket) Lifecycle() ([]LifecycleRule, error) {
	if _, there := b.Settings[SettingLifecycle]; !there {
		return DefaultLifecycle(), nil
	}
	var rules []LifecycleRule
	return rules, b.setting(SettingLifecycle, &rules)
}

// Locks returns the bucket's rules.
func (b Bucket) Locks() (rules []LockRule, err error) { return rules, b.setting(SettingLock, &rules) }

// checkLock refuses a change of an object that a rule keeps
// (https://developers.cloudflare.com/r2/buckets/bucket-locks/).
func (b *bucketState) checkLock(object *objectState, now time.Time) error {
	rules, err := b.Locks()
	if err != nil {
		return err
	}
	for _, rule := range rules {
		if !rule.Enabled || !strings.HasPrefix(object.Key, rule.Prefix) {
			continue
		}
		age := time.Duration(rule.Condition.MaxAgeSeconds) * time.Second
		if c := rule.Condition; c.Type == Indefinite || c.Type == ByDate && now.Before(c.Date) ||
			c.Type == ByAge && now.Before(object.Uploaded.Add(age)) {
			return ErrLocked
		}
	}
	return nil
}

// due reports whether what began then has come of age.
func (c Condition) due(began, now time.Time) bool {
	switch c.Type {
	case ByAge:
		return !now.Before(began.Add(time.Duration(c.MaxAge) * time.Second))
	case ByDate:
		return !now.Before(c.Date)
	}
	return false
}

// ApplyLifecycle does what the rules of all buckets say by now: it deletes objects, moves them to another storage class
// and aborts uploads. R2 does so within a day (https://developers.cloudflare.com/r2/buckets/object-lifecycles/). What
// is locked stays: locks take precedence.
func (s *Store) ApplyLifecycle() error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	var failures []error
	for id, b := range s.buckets {
		rules, err := b.Lifecycle()
		if err != nil {
			failures = append(failures, err)
			continue
		}
		for _, rule := range rules {
			if rule.Enabled {
				failures = append(failures, s.applyRule(id, b, rule))
			}
		}
	}
	return errors.Join(failures...)
}

func (s *Store) applyRule(id BucketID, b *bucketState, rule LifecycleRule) error {
	now := s.now()
	for _, key := range slices.Clone(b.keys) {
		object := b.objects[key]
		switch {
		case !strings.HasPrefix(key, rule.Conditions.Prefix):
		case rule.Delete != nil && rule.Delete.Condition.due(object.Uploaded, now):
			if err := s.remove(id, b, key); err != nil && !errors.Is(err, ErrLocked) {
				return err
			}
		default:
			for _, move := range rule.Classes {
				if object.StorageClass == move.StorageClass || !move.Condition.due(object.Uploaded, now) {
					continue
				}
				object.StorageClass = move.StorageClass
				if err := s.disk.saveObject(id, object); err != nil {
					return err
				}
			}
		}
	}
	for _, upload := range slices.Collect(maps.Values(b.uploads)) {
		if rule.Abort == nil || !strings.HasPrefix(upload.Key, rule.Conditions.Prefix) ||
			!rule.Abort.Condition.due(upload.Started, now) {
			continue
		}
		if err := s.disk.removeUpload(id, upload.ID); err != nil {
			return err
		}
		upload.release(s)
		delete(b.uploads, upload.ID)
		b.finished[upload.ID] = upload.Key
	}
	return nil
}

// remove deletes an object, unless it is locked; the lock is held.
func (s *Store) remove(id BucketID, b *bucketState, key string) error {
	object, ok := b.objects[key]
	if !ok {
		return nil
	}
	if err := b.checkLock(object, s.now()); err != nil {
		return err
	}
	if err := s.disk.removeObject(id.canonical(), key); err != nil {
		return err
	}
	delete(b.objects, key)
	if at, found := slices.BinarySearch(b.keys, key); found {
		b.keys = slices.Delete(b.keys, at, at+1)
	}
	s.release(object.content...)
	return nil
}
