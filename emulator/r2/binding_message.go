// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"encoding"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The parts of messages below are the structs of r2-api.capnp in cloudflare/workerd, in the JSON that Cap'n Proto's
// codec makes of them: numbers of 64 bits are strings, data is as annotated there.

// hexBytes are bytes in hexadecimal.
type hexBytes []byte

// MarshalText implements [encoding.TextMarshaler].
func (h hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// bindingNumber is a number that may stand as a string.
type bindingNumber int64

// UnmarshalJSON implements [json.Unmarshaler].
func (n *bindingNumber) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseUint(strings.Trim(string(text), `"`), 10, 63)
	*n = bindingNumber(value)
	return err
}

// bindingRange is R2Range.
type bindingRange struct {
	Offset *bindingNumber `json:"offset,omitempty"`
	Length *bindingNumber `json:"length,omitempty"`
	Suffix *bindingNumber `json:"suffix,omitempty"`
}

// value refuses ranges that say that they are empty.
func (r bindingRange) value() (Range, error) {
	var out Range
	for _, field := range []struct {
		from *bindingNumber
		to   *int64
	}{{r.Length, &out.Length}, {r.Suffix, &out.Suffix}} {
		if field.from == nil {
			continue
		}
		if *field.from == 0 {
			return Range{}, ErrInvalidRange
		}
		*field.to = int64(*field.from)
	}
	if r.Offset != nil {
		out.Offset = int64(*r.Offset)
	}
	return out, nil
}

var lenientRangeHeader = regexp.MustCompile(`(?i)^ *bytes *= *(\d+)? *- *(\d+)? *$`)

// lenientRange reads a Range header as far as it is a single valid range; any other is no range. From
// cloudflare/workers-sdk packages/miniflare/src/workers/shared/range.ts and r2/validator.worker.ts.
func lenientRange(header string) Range {
	groups := lenientRangeHeader.FindStringSubmatch(header)
	if groups == nil {
		return Range{}
	}
	if groups[1] == "" {
		suffix, err := strconv.ParseInt(groups[2], 10, 64)
		if err != nil {
			return Range{}
		}
		return Range{Suffix: suffix}
	}
	r, err := parseSpan(groups[1], groups[2])
	if err != nil {
		return Range{}
	}
	return r
}

// bindingConditions is R2Conditional; times are milliseconds since 1970.
type bindingConditions struct {
	Match     []bindingETag  `json:"etagMatches"`
	NoneMatch []bindingETag  `json:"etagDoesNotMatch"`
	Before    *bindingNumber `json:"uploadedBefore"`
	After     *bindingNumber `json:"uploadedAfter"`
	Seconds   bool           `json:"secondsGranularity"`
}

// bindingETag is R2Etag.
type bindingETag struct {
	Type  string `json:"type"` // "strong", "weak" or "wildcard"
	Value string `json:"value"`
}

func (c *bindingConditions) conditions() Conditions {
	if c == nil {
		return Conditions{}
	}
	return Conditions{
		Match: etags(c.Match), NoneMatch: etags(c.NoneMatch), Seconds: c.Seconds,
		UnmodifiedSince: c.Before.time(), ModifiedSince: c.After.time(),
	}
}

func etags(list []bindingETag) []ETag {
	var tags []ETag
	for _, tag := range list {
		if tag.Type == "wildcard" {
			tag.Value = AnyETag
		}
		tags = append(tags, ETag{Value: tag.Value, Weak: tag.Type == "weak"})
	}
	return tags
}

func (n *bindingNumber) time() time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(*n)).UTC()
}

// bindingHTTP is R2HttpFields.
type bindingHTTP struct {
	ContentType        string         `json:"contentType,omitempty"`
	ContentLanguage    string         `json:"contentLanguage,omitempty"`
	ContentDisposition string         `json:"contentDisposition,omitempty"`
	ContentEncoding    string         `json:"contentEncoding,omitempty"`
	CacheControl       string         `json:"cacheControl,omitempty"`
	CacheExpiry        *bindingNumber `json:"cacheExpiry,omitempty"`
}

func (h *bindingHTTP) metadata() HTTPMetadata {
	if h == nil {
		return HTTPMetadata{}
	}
	return HTTPMetadata{
		ContentType: h.ContentType, ContentLanguage: h.ContentLanguage, ContentDisposition: h.ContentDisposition,
		ContentEncoding: h.ContentEncoding, CacheControl: h.CacheControl, CacheExpiry: h.CacheExpiry.time(),
	}
}

// bindingField is Record.
type bindingField struct {
	Key   string `json:"k"`
	Value string `json:"v"`
}

// bindingPart is R2PublishedPart.
type bindingPart struct {
	ETag string `json:"etag"`
	Part int    `json:"part"`
}

// bindingObject is R2HeadResponse.
type bindingObject struct {
	Name         string              `json:"name"`
	Version      string              `json:"version"`
	Size         int64               `json:"size"`
	ETag         string              `json:"etag"`
	Uploaded     int64               `json:"uploaded"` // milliseconds since 1970
	HTTPFields   *bindingHTTP        `json:"httpFields,omitempty"`
	CustomFields *[]bindingField     `json:"customFields,omitempty"`
	Range        *bindingRange       `json:"range,omitempty"`
	Checksums    map[string]hexBytes `json:"checksums"`
	StorageClass string              `json:"storageClass"`
}

// bindingListing is R2ListResponse.
type bindingListing struct {
	Objects   []bindingObject `json:"objects"`
	Truncated bool            `json:"truncated"`
	Cursor    string          `json:"cursor,omitempty"`
	Prefixes  []string        `json:"delimitedPrefixes"`
}

// bindingChecksums are the names of R2Checksums. MD5 is always there but for objects in parts.
var bindingChecksums = map[Algorithm]string{MD5: "0", SHA1: "1", SHA256: "2", SHA384: "3", SHA512: "4"}

// whole is the range that selects all of an object.
func whole(object Object) *Range { return &Range{Length: object.Size} }

// describe is an object as the binding tells it: with the range that was read, if any, and with the metadata that was
// asked for.
func describe(object Object, r *Range, headers, custom bool) bindingObject {
	out := bindingObject{
		Name: object.Key, Version: object.Version, Size: object.Size, ETag: object.ETag,
		Uploaded: object.Uploaded.UnixMilli(), StorageClass: object.StorageClass, Checksums: map[string]hexBytes{},
	}
	if r != nil {
		offset, length := bindingNumber(r.Offset), bindingNumber(r.Length)
		out.Range = &bindingRange{Offset: &offset, Length: &length}
	}
	if headers {
		m := object.HTTPMetadata
		out.HTTPFields = &bindingHTTP{
			ContentType: m.ContentType, ContentLanguage: m.ContentLanguage, ContentDisposition: m.ContentDisposition,
			ContentEncoding: m.ContentEncoding, CacheControl: m.CacheControl,
		}
		if !m.CacheExpiry.IsZero() {
			expiry := bindingNumber(m.CacheExpiry.UnixMilli())
			out.HTTPFields.CacheExpiry = &expiry
		}
	}
	if custom {
		fields := []bindingField{}
		for _, name := range slices.Sorted(maps.Keys(object.CustomMetadata)) {
			fields = append(fields, bindingField{name, object.CustomMetadata[name]})
		}
		out.CustomFields = &fields
	}
	for algorithm, sum := range object.Checksums {
		if name, ok := bindingChecksums[algorithm]; ok && (object.Parts == nil || algorithm != MD5) {
			out.Checksums[name] = sum
		}
	}
	return out
}

// bindingStorageClass accepts the classes of
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#storage-class.
func bindingStorageClass(name string) (string, error) {
	switch name {
	case "", Standard, InfrequentAccess:
		return name, nil
	}
	return "", ErrInvalidArgument.saying("The storage class specified is not valid.")
}

var (
	_ json.Unmarshaler       = (*bindingNumber)(nil)
	_ encoding.TextMarshaler = hexBytes(nil)
)
