// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"encoding/xml"
	"strings"
)

// The lists of objects answer as in cloudflare/workers-sdk
// packages/miniflare/src/workers/r2/s3/operations.worker.ts (listObjects).
var (
	listObjectsOperation   = operation{name: "ListObjects", run: (*request).listObjects, refused: bucketOwner}
	listObjectsV2Operation = operation{name: "ListObjectsV2", run: (*request).listObjectsV2, refused: bucketOwner}
)

type objectList struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Contents              []objectEntry
	IsTruncated           bool
	CommonPrefixes        []prefixEntry
	Prefix                string
	Delimiter             string  `xml:",omitempty"`
	StartAfter            string  `xml:",omitempty"`
	ContinuationToken     string  `xml:",omitempty"`
	NextContinuationToken string  `xml:",omitempty"`
	Marker                *string // of the first version alone
	NextMarker            string  `xml:",omitempty"`
	MaxKeys               int
	KeyCount              *int   // of the second version alone
	EncodingType          string `xml:",omitempty"`
}

type objectEntry struct {
	Key          string
	Size         int64
	LastModified xmlTime
	ETag         string
	StorageClass string
	Owner        *owner
}

type prefixEntry struct{ Prefix string }

func (r *request) listObjectsV2() error {
	list, page, err := r.list(ListOptions{
		StartAfter: r.query.Get("start-after"),
		Cursor:     r.query.Get("continuation-token"),
	}, r.query.Get("fetch-owner") == "true")
	if err != nil {
		return err
	}
	encode, err := r.encoding()
	if err != nil {
		return err
	}
	list.StartAfter = encode(r.query.Get("start-after"))
	list.ContinuationToken = r.query.Get("continuation-token")
	list.NextContinuationToken = page.Cursor
	count := len(list.Contents) + len(list.CommonPrefixes)
	list.KeyCount = &count
	return r.writeXML(list)
}

// listObjects is the first version, whose pages go on after the last key or prefix of the page before. All keys that a
// prefix stands for are behind a marker that is that prefix, or the next page would begin with it again.
func (r *request) listObjects() error {
	marker, delimiter := r.query.Get("marker"), r.query.Get("delimiter")
	after := marker
	if delimiter != "" && strings.HasSuffix(marker, delimiter) {
		after += "\xff" // No key goes on with this byte: keys are UTF-8.
	}
	list, page, err := r.list(ListOptions{StartAfter: after}, true)
	if err != nil {
		return err
	}
	encode, err := r.encoding()
	if err != nil {
		return err
	}
	marker = encode(marker)
	list.Marker = &marker
	if page.Cursor != "" {
		list.NextMarker = encode(page.last())
	}
	return r.writeXML(list)
}

// last returns the last key or prefix of a page.
func (l Listing) last() string {
	var last string
	if n := len(l.Objects); n > 0 {
		last = l.Objects[n-1].Key
	}
	if n := len(l.Prefixes); n > 0 {
		last = max(last, l.Prefixes[n-1])
	}
	return last
}

// list does what both versions share. A page of no keys still says whether there are any.
func (r *request) list(options ListOptions, owned bool) (objectList, Listing, error) {
	encode, err := r.encoding()
	if err != nil {
		return objectList{}, Listing{}, err
	}
	if r.query.Has("max-keys") && strings.TrimSpace(r.query.Get("max-keys")) == "" {
		return objectList{}, Listing{}, ErrInvalidMaxKeys
	}
	limit, shown, err := parseLimit(r.query.Get("max-keys"))
	if err != nil {
		return objectList{}, Listing{}, err
	}
	options.Prefix, options.Delimiter = r.query.Get("prefix"), r.query.Get("delimiter")
	options.Limit = max(limit, 1)
	page, err := r.store.List(r.bucket, options)
	if err != nil {
		return objectList{}, Listing{}, err
	}
	list := objectList{
		Name:         r.bucket.Name,
		IsTruncated:  page.Cursor != "",
		Prefix:       encode(options.Prefix),
		Delimiter:    encode(options.Delimiter),
		MaxKeys:      shown,
		EncodingType: r.query.Get("encoding-type"),
	}
	if limit == 0 {
		list.IsTruncated = len(page.Objects)+len(page.Prefixes) > 0
		return list, Listing{}, nil
	}
	for _, object := range page.Objects {
		entry := objectEntry{
			Key:          encode(object.Key),
			Size:         object.Size,
			LastModified: xmlTime(object.Uploaded),
			ETag:         quote(object.ETag),
			StorageClass: s3StorageClass(object.StorageClass),
		}
		if owned {
			entry.Owner = &owner{ID: r.account, DisplayName: r.account}
		}
		list.Contents = append(list.Contents, entry)
	}
	for _, prefix := range page.Prefixes {
		list.CommonPrefixes = append(list.CommonPrefixes, prefixEntry{encode(prefix)})
	}
	return list, page, nil
}

// encoding returns how keys are written.
func (r *request) encoding() (func(string) string, error) {
	switch encoding := r.query.Get("encoding-type"); {
	case encoding == "url":
		return uriEncode, nil
	case r.query.Has("encoding-type"):
		return nil, errNotImplemented(`Unrecognized encoding-type "` + encoding + `"`)
	}
	return func(s string) string { return s }, nil
}
