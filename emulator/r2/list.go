// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"encoding/base64"
	"slices"
	"strings"
)

// MaxListed is the most that a list holds, and what it holds if no limit is given: "MAX_LIST_KEYS" in
// cloudflare/workers-sdk packages/miniflare/src/workers/r2/constants.ts.
const MaxListed = 1000

// ListOptions select objects.
type ListOptions struct {
	// Prefix is what keys begin with.
	Prefix string
	// Delimiter, if not empty, folds the keys that hold it after Prefix into Listing.Prefixes.
	Delimiter string
	// StartAfter is the key after which the list begins.
	StartAfter string
	// Cursor is where an earlier list ended.
	Cursor string
	// Limit is the most objects and prefixes together; zero: MaxListed.
	Limit int
}

// Listing is a page of a bucket's objects in the byte order of their keys.
type Listing struct {
	// Objects are those that were not folded.
	Objects []Object
	// Prefixes are beginnings of keys up to and with the delimiter, each once.
	Prefixes []string
	// Cursor continues the list; empty: this is the last page.
	Cursor string
}

// List lists objects. Errors: ErrNoSuchBucket, ErrInvalidMaxKeys, ErrInvalidArgument for a cursor that is none.
func (s *Store) List(id BucketID, options ListOptions) (Listing, error) {
	limit := options.Limit
	if limit == 0 {
		limit = MaxListed
	}
	if limit < 0 || limit > MaxListed {
		return Listing{}, ErrInvalidMaxKeys
	}
	after := options.StartAfter
	if options.Cursor != "" {
		last, err := base64.RawURLEncoding.DecodeString(options.Cursor)
		if err != nil || len(last) == 0 {
			return Listing{}, ErrInvalidArgument.saying("The continuation token provided is incorrect.")
		}
		after = max(after, string(last))
	}
	unlock, err := s.lock()
	if err != nil {
		return Listing{}, err
	}
	defer unlock()
	b, err := s.bucket(id)
	if err != nil {
		return Listing{}, err
	}
	listing, last := b.list(options.Prefix, options.Delimiter, after, limit)
	if last != "" {
		listing.Cursor = base64.RawURLEncoding.EncodeToString([]byte(last))
	}
	return listing, nil
}

// list collects up to limit entries after a key; last, if not empty, says that there are more and where they begin. A
// prefix counts for the last key that it folds, so that no page repeats it.
func (b *bucketState) list(prefix, delimiter, after string, limit int) (listing Listing, last string) {
	at, found := slices.BinarySearch(b.keys, max(prefix, after))
	if found && b.keys[at] == after {
		at++
	}
	var latest string
	for at < len(b.keys) && strings.HasPrefix(b.keys[at], prefix) {
		key := b.keys[at]
		if len(listing.Objects)+len(listing.Prefixes) == limit {
			return listing, latest
		}
		folded, ok := fold(key, prefix, delimiter)
		if !ok {
			listing.Objects = append(listing.Objects, b.objects[key].clone())
			latest = key
			at++
			continue
		}
		listing.Prefixes = append(listing.Prefixes, folded)
		for at < len(b.keys) && strings.HasPrefix(b.keys[at], folded) {
			latest = b.keys[at]
			at++
		}
	}
	return listing, ""
}

// fold returns key up to the first delimiter after prefix, if it holds one.
func fold(key, prefix, delimiter string) (string, bool) {
	if delimiter == "" {
		return "", false
	}
	at := strings.Index(key[len(prefix):], delimiter)
	if at < 0 {
		return "", false
	}
	return key[:len(prefix)+at+len(delimiter)], true
}
