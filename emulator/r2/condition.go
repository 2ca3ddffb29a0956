// SPDX-License-Identifier: Apache-2.0

package r2

import "time"

// Conditions are what must hold of an object before it is read or replaced. The zero value always holds.
type Conditions struct {
	// Match lists the entity tags of which the object must have one (If-Match); nil: no condition.
	Match []ETag
	// NoneMatch lists the entity tags of which the object must have none (If-None-Match); nil: no condition.
	NoneMatch []ETag
	// ModifiedSince is the time after which the object must have been uploaded; zero: no condition.
	ModifiedSince time.Time
	// UnmodifiedSince is the time before which the object must have been uploaded; zero: no condition.
	UnmodifiedSince time.Time
	// Seconds cuts all times to whole seconds before they are compared, as HTTP dates need.
	Seconds bool
}

// ETag is an entity tag in a condition. The value "*" matches every object that exists.
type ETag struct {
	// Value is the tag without quotes.
	Value string
	// Weak tags never satisfy Match.
	Weak bool
}

// AnyETag matches every object that exists.
const AnyETag = "*"

// check returns nil if the conditions hold of object, which is nil if there is none; ErrNotModified if only a condition
// of the "has it changed" kind failed; else ErrPreconditionFailed.
//
// The rules are those of R2's own gateway as adapted in cloudflare/workers-sdk
// packages/miniflare/src/workers/r2/validator.worker.ts (_testR2Conditional); which failure is a 304 follows RFC 9110
// section 13.2.2 and serve.worker.ts there.
func (c Conditions) check(object *Object) error {
	if object == nil {
		if c.Match != nil || !c.ModifiedSince.IsZero() {
			return ErrPreconditionFailed
		}
		return nil
	}
	uploaded := c.round(object.Uploaded)
	match := c.Match == nil || includes(c.Match, object.ETag, false)
	noneMatch := c.NoneMatch == nil || !includes(c.NoneMatch, object.ETag, true)
	modified := c.ModifiedSince.IsZero() || c.round(c.ModifiedSince).Before(uploaded) ||
		c.NoneMatch != nil && noneMatch
	unmodified := c.UnmodifiedSince.IsZero() || uploaded.Before(c.round(c.UnmodifiedSince)) ||
		c.Match != nil && match
	switch {
	case !match || !unmodified:
		return ErrPreconditionFailed
	case !noneMatch || !modified:
		return ErrNotModified
	}
	return nil
}

// checkWrite is check for writes, which know no "not modified".
func (c Conditions) checkWrite(object *Object) error {
	if c.check(object) != nil {
		return ErrPreconditionFailed
	}
	return nil
}

// round gives a time the granularity of the comparison: R2 keeps milliseconds, HTTP dates seconds.
func (c Conditions) round(t time.Time) time.Time {
	if c.Seconds {
		return t.Truncate(time.Second)
	}
	return t.Truncate(time.Millisecond)
}

// includes reports whether one of tags means etag; weak allows weak tags to.
func includes(tags []ETag, etag string, weak bool) bool {
	for _, tag := range tags {
		if tag.Value == AnyETag || tag.Value == etag && (weak || !tag.Weak) {
			return true
		}
	}
	return false
}
