// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The operations on objects behave as in cloudflare/workers-sdk
// packages/miniflare/src/workers/r2/s3/operations.worker.ts and serve.worker.ts.
var (
	getObjectOperation = operation{
		name: "GetObject", run: (*request).getObject, refused: bucketOwner, ssec: ssecRead,
	}
	headObjectOperation = operation{
		name: "HeadObject", run: (*request).getObject, refused: bucketOwner, ssec: ssecRead,
	}
	putObjectOperation = operation{
		name: "PutObject", run: (*request).putObject, takesBody: true, refused: writeRefused, writes: true,
		ssec: ssecWrite,
	}
	copyObjectOperation = operation{
		name: "CopyObject", run: (*request).copyObject, writes: true, ssec: ssecWrite,
		refused: slices.Concat(writeRefused, sourceBucketOwner,
			[]string{"x-amz-tagging-directive", "x-amz-checksum-algorithm"}),
	}
	deleteObjectOperation = operation{
		name: "DeleteObject", run: (*request).deleteObject, refused: slices.Concat(bucketOwner, lockBypass),
	}
	deleteObjectsOperation = operation{
		name: "DeleteObjects", run: (*request).deleteObjects, takesBody: true,
		refused: slices.Concat(bucketOwner, lockBypass),
	}
)

func (r *request) putObject() error {
	class, err := storageClass(r.Header)
	if err != nil {
		return err
	}
	body, err := r.upload()
	if err != nil {
		return err
	}
	if err := r.createMissingBucket(); err != nil {
		return err
	}
	object, err := r.store.Put(r.bucket, r.key, body, PutOptions{
		HTTPMetadata:   httpMetadata(r.Header),
		CustomMetadata: customMetadata(r.Header),
		StorageClass:   class,
		Conditions:     conditions(r.Header, ""),
	})
	if err != nil {
		return err
	}
	r.w.Header().Set("ETag", quote(object.ETag))
	setChecksums(r.w.Header(), object)
	r.w.WriteHeader(http.StatusOK)
	return nil
}

// createMissingBucket obeys cf-create-bucket-if-missing:
// https://developers.cloudflare.com/r2/api/s3/extensions/#cf-create-bucket-if-missing.
func (r *request) createMissingBucket() error {
	if r.Header.Get("Cf-Create-Bucket-If-Missing") != "true" {
		return nil
	}
	_, err := r.store.CreateBucket(r.account, Bucket{Name: r.bucket.Name, Jurisdiction: r.bucket.Jurisdiction})
	if errors.Is(err, ErrBucketConflict) {
		return nil
	}
	return err
}

// getObject also answers HEAD, which obeys Range and conditions as GET does.
func (r *request) getObject() error {
	ranged, err := parseRange(r.Header.Get("Range"))
	if err != nil {
		return err
	}
	part, err := r.part()
	if err != nil {
		return err
	}
	options := GetOptions{Conditions: conditions(r.Header, ""), Range: ranged, Part: part}
	partial := part > 0 || ranged != (Range{})
	if partial && part > 0 && ranged != (Range{}) {
		return errInvalidRequest.saying("Cannot specify both Range header and partNumber query parameter")
	}
	object, content, err := r.store.Get(r.bucket, r.key, options)
	if errors.Is(err, ErrNotModified) {
		setObject(r.w.Header(), object)
		r.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if err != nil {
		return err
	}
	r.writeContent(object, content, partial)
	return content.Close()
}

// part reads the search parameter partNumber; 0: not given.
func (r *request) part() (int, error) {
	if !r.query.Has("partNumber") {
		return 0, nil
	}
	number, err := strconv.Atoi(r.query.Get("partNumber"))
	if err != nil {
		number = 0
	}
	return number, checkPartNumber(number)
}

// writeContent answers with an object, or what was asked of it.
func (r *request) writeContent(object Object, content *Content, partial bool) {
	h, status := r.w.Header(), http.StatusOK
	if partial {
		status = http.StatusPartialContent
		h.Set("Content-Range",
			fmt.Sprintf("bytes %d-%d/%d", content.Offset, content.Offset+content.Length-1, object.Size))
		if object.Parts != nil && r.query.Has("partNumber") {
			h.Set("x-amz-mp-parts-count", strconv.Itoa(len(object.Parts)))
		}
	} else if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		setChecksums(h, object)
	}
	setObject(h, object)
	h.Set("Content-Length", strconv.FormatInt(content.Length, 10))
	r.w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = io.Copy(r.w, content) // The client sees a short body if this fails.
	}
}

var rangeHeader = regexp.MustCompile(`^bytes=(?:(\d+)-(\d+)?|-(\d+))$`)

// parseRange reads a Range header; the zero range if there is none. R2 refuses what it does not understand, and more
// than one range.
func parseRange(header string) (Range, error) {
	if header == "" {
		return Range{}, nil
	}
	groups := rangeHeader.FindStringSubmatch(header)
	if groups == nil {
		return Range{}, ErrInvalidArgument.saying(
			"range must be in format 'bytes=start-end', 'bytes=start-' or 'bytes=-suffix'.'")
	}
	if groups[1] == "" {
		suffix, err := strconv.ParseInt(groups[3], 10, 64)
		if err != nil || suffix == 0 {
			return Range{}, ErrInvalidRange
		}
		return Range{Suffix: suffix}, nil
	}
	r, err := parseSpan(groups[1], groups[2])
	if errors.Is(err, ErrInvalidArgument) {
		return Range{}, ErrInvalidArgument.saying("range must be positive.")
	}
	return r, err
}

// parseSpan reads the first and last byte of a range; without a last byte it goes to the end. A range from the first
// byte on without an end is all of the object, but still a range, so its length is as large as can be.
func parseSpan(first, last string) (Range, error) {
	const end = 1<<63 - 1
	offset, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return Range{}, ErrInvalidRange
	}
	if last == "" {
		return Range{Offset: offset, Length: end}, nil
	}
	to, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		to = end - 1
	}
	if to < offset {
		return Range{}, ErrInvalidArgument
	}
	return Range{Offset: offset, Length: to - offset + 1}, nil
}

type copyResult struct {
	XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyObjectResult"`
	ETag         string
	LastModified xmlTime
}

func (r *request) copyObject() error {
	change, err := r.copyChange()
	if err != nil {
		return err
	}
	from, key, err := r.copySource()
	if err != nil {
		return err
	}
	object, err := r.store.Copy(from, key, r.bucket, r.key, CopyOptions{
		Source:      conditions(r.Header, "X-Amz-Copy-Source-"),
		Destination: conditions(r.Header, "Cf-Copy-Destination-"),
		Change:      change,
	})
	if err != nil {
		return err
	}
	return r.writeXML(copyResult{ETag: quote(object.ETag), LastModified: xmlTime(object.Uploaded)})
}

// copyChange is what x-amz-metadata-directive makes of the metadata. MERGE is R2's own:
// https://developers.cloudflare.com/r2/api/s3/extensions/#merge-metadata-directive.
func (r *request) copyChange() (func(*Object), error) {
	class, err := storageClass(r.Header)
	if err != nil {
		return nil, err
	}
	given, custom := httpMetadata(r.Header), customMetadata(r.Header)
	switch directive := r.Header.Get("X-Amz-Metadata-Directive"); directive {
	case "", "COPY":
		return func(o *Object) { o.StorageClass = class }, nil
	case "REPLACE":
		return func(o *Object) { o.StorageClass, o.HTTPMetadata, o.CustomMetadata = class, given, custom }, nil
	case "MERGE":
		return func(o *Object) {
			o.StorageClass = class
			o.HTTPMetadata = o.HTTPMetadata.merge(given)
			if o.CustomMetadata == nil {
				o.CustomMetadata = map[string]string{}
			}
			maps.Copy(o.CustomMetadata, custom)
		}, nil
	default:
		return nil, ErrInvalidArgument.saying("metadata directive " + directive + ".")
	}
}

// merge replaces what is given.
func (m HTTPMetadata) merge(given HTTPMetadata) HTTPMetadata {
	for _, field := range []struct {
		to   *string
		from string
	}{
		{&m.ContentType, given.ContentType},
		{&m.ContentLanguage, given.ContentLanguage},
		{&m.ContentDisposition, given.ContentDisposition},
		{&m.ContentEncoding, given.ContentEncoding},
		{&m.CacheControl, given.CacheControl},
	} {
		if field.from != "" {
			*field.to = field.from
		}
	}
	if !given.CacheExpiry.IsZero() {
		m.CacheExpiry = given.CacheExpiry
	}
	return m
}

// copySource reads x-amz-copy-source: bucket and key, percent-encoded, with or without a slash before.
func (r *request) copySource() (BucketID, string, error) {
	source := r.Header.Get("X-Amz-Copy-Source")
	if decoded, err := url.PathUnescape(source); err == nil {
		source = decoded
	}
	bucket, key, ok := strings.Cut(strings.TrimPrefix(source, "/"), "/")
	if !ok || key == "" {
		return BucketID{}, "", ErrInvalidArgument.saying("copy source bucket name")
	}
	return BucketID{Account: r.account, Jurisdiction: r.bucket.Jurisdiction, Name: bucket}, key, nil
}

func (r *request) deleteObject() error {
	if err := r.store.Delete(r.bucket, r.key); err != nil {
		return err
	}
	r.w.WriteHeader(http.StatusNoContent)
	return nil
}

type deleteRequest struct {
	XMLName xml.Name `xml:"Delete"`
	Objects []struct {
		Key *string `xml:"Key"`
	} `xml:"Object"`
	Quiet *string `xml:"Quiet"`
}

type deleteResult struct {
	XMLName xml.Name     `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
	Deleted []deletedKey `xml:"Deleted"`
}

type deletedKey struct{ Key string }

// deleteObjects says of keys that did not exist that they are deleted, and lists them even if asked to be quiet, as R2
// does.
func (r *request) deleteObjects() error {
	text, err := r.document()
	if err != nil {
		return err
	}
	keys, err := parseDelete(text)
	if err != nil {
		return err
	}
	if err := r.store.Delete(r.bucket, keys...); err != nil {
		return err
	}
	result := deleteResult{Deleted: make([]deletedKey, len(keys))}
	for i, key := range keys {
		result.Deleted[i].Key = key
	}
	return r.writeXML(result)
}

// parseDelete reads the keys of a Delete document: at least one, at most MaxListed.
func parseDelete(text []byte) ([]string, error) {
	var request deleteRequest
	if err := parseXML(text, &request); err != nil {
		return nil, err
	}
	if len(request.Objects) == 0 || len(request.Objects) > MaxListed {
		return nil, errMalformedXML
	}
	if request.Quiet != nil && *request.Quiet != "true" && *request.Quiet != "false" {
		return nil, errMalformedXML
	}
	keys := make([]string, len(request.Objects))
	for i, object := range request.Objects {
		if object.Key == nil {
			return nil, errMalformedXML
		}
		keys[i] = *object.Key
	}
	return keys, nil
}
