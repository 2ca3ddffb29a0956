// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Place is a bucket, as R2's S3 endpoint finds it.
type Place struct {
	Account      string
	Jurisdiction string // empty: the default one
	Bucket       string
}

// ObjectInfo is what R2 says of an object. Fields that the asked operation does
// not return are empty.
type ObjectInfo struct {
	Key          string
	ETag         string // without quotes
	Size         int64  // in bytes
	SHA256       string // in hex; empty when R2 holds no SHA-256 of the whole object
	LastModified time.Time
}

// PutOptions says how an object is put.
type PutOptions struct {
	ContentType string // empty: not sent
	SHA256      string // of the body, in hex; R2 refuses a body that differs. Empty: computed
	IfNoneMatch bool   // refuse with [ErrConflict] if the key exists
}

// maxKeys is how many objects one request lists or deletes.
const maxKeys = 1000

// HeadObject returns what R2 says of an object without its content.
func (c *Client) HeadObject(ctx context.Context, p Place, key string) (ObjectInfo, error) {
	ctx, call := beginObject(ctx, "read object", p, key)
	client, err := c.s3(ctx, p)
	if err != nil {
		return ObjectInfo{}, call.failed(err)
	}
	got, err := client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &p.Bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled,
	})
	if err != nil {
		return ObjectInfo{}, call.failed(err)
	}
	info := ObjectInfo{
		Key: key, ETag: unquoted(got.ETag), Size: aws.ToInt64(got.ContentLength),
		LastModified: aws.ToTime(got.LastModified),
	}
	if got.ChecksumType != types.ChecksumTypeComposite {
		info.SHA256 = hexDigest(got.ChecksumSHA256)
	}
	return info, nil
}

// GetObject returns an object's content, which the caller closes. If ifMatch is
// not empty and the object's ETag is another one, the error is [ErrConflict]. An
// error while the content is read is an [*Error] too.
func (c *Client) GetObject(ctx context.Context, p Place, key, ifMatch string) (io.ReadCloser, ObjectInfo, error) {
	ctx, call := beginObject(ctx, "download object", p, key)
	call.streaming = true
	client, err := c.s3(ctx, p)
	if err != nil {
		return nil, ObjectInfo{}, call.failed(err)
	}
	input := &s3.GetObjectInput{Bucket: &p.Bucket, Key: &key}
	if ifMatch != "" {
		input.IfMatch = aws.String(`"` + ifMatch + `"`)
	}
	got, err := client.GetObject(ctx, input)
	if err != nil {
		return nil, ObjectInfo{}, call.failed(err)
	}
	info := ObjectInfo{
		Key: key, ETag: unquoted(got.ETag), Size: aws.ToInt64(got.ContentLength),
		LastModified: aws.ToTime(got.LastModified),
	}
	return &download{ReadCloser: got.Body, call: call}, info, nil
}

// download is an object's content on its way.
type download struct {
	io.ReadCloser
	call *call
}

// Read reads the content; an error other than io.EOF is an *Error.
func (d *download) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &Error{Op: d.call.op, API: d.call.api, Kind: ErrUnavailable, Err: cause(err)}
	}
	return n, err
}

// PutObject stores body, from its current position to its end, at key. The body
// is not closed, and not read any more when PutObject has returned.
func (c *Client) PutObject(
	ctx context.Context, p Place, key string, body io.ReadSeeker, o PutOptions,
) (ObjectInfo, error) {
	ctx, call := beginObject(ctx, "upload object", p, key)
	client, err := c.s3(ctx, p)
	if err != nil {
		return ObjectInfo{}, call.failed(err)
	}
	r, err := newReplay(body)
	if err != nil {
		return ObjectInfo{}, call.failed(err)
	}
	defer r.revoke()
	sum := strings.ToLower(o.SHA256)
	if sum == "" {
		if sum, err = r.sha256(); err != nil {
			return ObjectInfo{}, call.failed(err)
		}
	}
	digest, err := hex.DecodeString(sum)
	if err != nil || len(digest) != sha256.Size {
		return ObjectInfo{}, call.failed(fmt.Errorf("%q is not a SHA-256 in hex", o.SHA256))
	}
	if r.size > 0 {
		call.body, call.size = r.open, r.size
	}
	input := &s3.PutObjectInput{
		Bucket: &p.Bucket, Key: &key, Body: body, ContentLength: &r.size,
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(digest)),
	}
	if o.ContentType != "" {
		input.ContentType = &o.ContentType
	}
	if o.IfNoneMatch {
		input.IfNoneMatch = aws.String("*")
	}
	got, err := client.PutObject(ctx, input, s3.WithAPIOptions(signPayload(sum)))
	if err != nil {
		return ObjectInfo{}, call.failed(err)
	}
	return ObjectInfo{Key: key, ETag: unquoted(got.ETag), Size: r.size, SHA256: sum}, nil
}

// ListObjects returns one page, of at most 1000, of the objects whose keys begin
// with prefix, in order of their keys. The first page has the cursor "", and next
// is "" with the last.
func (c *Client) ListObjects(
	ctx context.Context, p Place, prefix, cursor string,
) (objects []ObjectInfo, next string, err error) {
	ctx, call := beginObject(ctx, "list objects", p, prefix)
	client, err := c.s3(ctx, p)
	if err != nil {
		return nil, "", call.failed(err)
	}
	input := &s3.ListObjectsV2Input{Bucket: &p.Bucket, MaxKeys: aws.Int32(maxKeys)}
	if prefix != "" {
		input.Prefix = &prefix
	}
	if cursor != "" {
		input.ContinuationToken = &cursor
	}
	got, err := client.ListObjectsV2(ctx, input)
	if err != nil {
		return nil, "", call.failed(err)
	}
	if got.Name == nil { // some page with status 200: it says nothing about objects
		return nil, "", call.incomplete("list of objects")
	}
	for _, o := range got.Contents {
		objects = append(objects, ObjectInfo{
			Key: aws.ToString(o.Key), ETag: unquoted(o.ETag), Size: aws.ToInt64(o.Size),
			LastModified: aws.ToTime(o.LastModified),
		})
	}
	if aws.ToBool(got.IsTruncated) {
		next = aws.ToString(got.NextContinuationToken)
	}
	return objects, next, nil
}

// DeleteObjects removes up to 1000 objects; keys that do not exist are no error. If
// R2 keeps some of them, the error says why it kept the first of those.
func (c *Client) DeleteObjects(ctx context.Context, p Place, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	ctx, call := begin(ctx, APIR2, fmt.Sprintf("delete %d objects in bucket %q", len(keys), p.Bucket))
	call.s3, call.repeatable = true, true
	if len(keys) > maxKeys {
		return call.failed(fmt.Errorf("more than %d keys in one request", maxKeys))
	}
	client, err := c.s3(ctx, p)
	if err != nil {
		return call.failed(err)
	}
	objects := make([]types.ObjectIdentifier, len(keys))
	for i := range keys {
		objects[i].Key = &keys[i]
	}
	got, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &p.Bucket, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return call.failed(err)
	}
	if len(got.Errors) == 0 {
		return nil
	}
	first := got.Errors[0]
	return &Error{
		Op: call.op, API: call.api, Kind: kindOfFault(aws.ToString(first.Code)), Status: call.status, Ray: call.ray,
		S3Code: aws.ToString(first.Code), Message: c.transport.redact(call, aws.ToString(first.Message)),
		Err: fmt.Errorf("kept %d of them, the first %q", len(got.Errors), aws.ToString(first.Key)),
	}
}

// kindOfFault returns the kind of a fault that came without a status of its own.
func kindOfFault(code string) error {
	switch code {
	case "AccessDenied":
		return ErrDenied
	case "InternalError", "ServiceUnavailable", "SlowDown":
		return ErrUnavailable
	}
	return ErrUnknown
}

func beginObject(ctx context.Context, verb string, p Place, key string) (context.Context, *call) {
	ctx, call := begin(ctx, APIR2, fmt.Sprintf("%s %q in bucket %q", verb, key, p.Bucket))
	call.s3 = true
	return ctx, call
}

// unquoted returns an ETag without the quotes that HTTP puts around it.
func unquoted(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

// hexDigest returns a SHA-256 from base64 in hex, and "" if it is none.
func hexDigest(digest *string) string {
	b, err := base64.StdEncoding.DecodeString(aws.ToString(digest))
	if err != nil || len(b) != sha256.Size {
		return ""
	}
	return hex.EncodeToString(b)
}
