// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"sync"
	"time"
)

// Store holds the buckets and objects of all accounts. The zero value is ready to use and keeps everything in memory.
// It is safe for concurrent use; reads see an object either before or after a write, never between. Its fields may not
// be changed after the first use. Refusals are of type *[Error].
type Store struct {
	// Dir, if not empty, is where everything is kept across restarts. Only one Store may use a directory at a time.
	Dir string
	// Now is the clock; nil: time.Now.
	Now func() time.Time

	once    sync.Once
	opened  error
	mu      sync.Mutex
	buckets map[BucketID]*bucketState
	disk    disk
}

// lock opens the store on first use, then takes its lock, which the function returned gives back.
func (s *Store) lock() (unlock func(), err error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	return s.mu.Unlock, nil
}

// open loads what is kept in Dir.
func (s *Store) open() error {
	s.once.Do(func() {
		s.disk = disk{dir: s.Dir}
		s.buckets, s.opened = s.disk.load()
	})
	return s.opened
}

// now is the time of a change. R2 keeps milliseconds: uploaded is a number of them in workerd's r2-api.capnp.
func (s *Store) now() time.Time {
	if s.Now != nil {
		return s.Now().UTC().Truncate(time.Millisecond)
	}
	return time.Now().UTC().Truncate(time.Millisecond)
}
