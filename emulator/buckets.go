// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"cmp"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
)

// jurisdictionHeader names the jurisdiction that a bucket is in (cloudflare-go r2.BucketGetParams).
const jurisdictionHeader = "Cf-R2-Jurisdiction"

// bucketView is a bucket as the API shows it (cloudflare-go r2.Bucket).
type bucketView struct {
	Name         string    `json:"name"`
	Created      timestamp `json:"creation_date"`
	Location     string    `json:"location,omitempty"`
	StorageClass string    `json:"storage_class"`
	Jurisdiction string    `json:"jurisdiction"`
}

func viewOf(b r2.Bucket) bucketView {
	return bucketView{
		Name: b.Name, Created: timestamp(b.Created), Location: b.Location, StorageClass: b.StorageClass,
		Jurisdiction: cmp.Or(b.Jurisdiction, "default"),
	}
}

// jurisdiction returns the request's jurisdiction; empty: none.
func (c *call) jurisdiction() string {
	if name := c.r.Header.Get(jurisdictionHeader); name != "default" {
		return name
	}
	return ""
}

// bucketID names the bucket of the path.
func (c *call) bucketID() r2.BucketID {
	return r2.BucketID{Account: c.account.ID, Jurisdiction: c.jurisdiction(), Name: c.path("bucket")}
}

// refused turns R2's error into the API's: same number, same status.
func refused(err error) error {
	if known, ok := errors.AsType[*r2.Error](err); ok {
		return refuse(known.Status, known.V4Code, "%s", known.Message)
	}
	return err
}

// listBuckets answers GET /accounts/{account}/r2/buckets (cloudflare-go r2.BucketListParams).
func listBuckets(c *call) (any, error) {
	buckets, err := c.R2.Buckets(c.account.ID, c.jurisdiction())
	if err != nil {
		return nil, refused(err)
	}
	perPage := 20
	if n, err := strconv.Atoi(c.query("per_page")); err == nil && n > 0 {
		perPage = min(n, 1000)
	}
	after := max(c.query("cursor"), c.query("start_after"))
	views, next := []bucketView{}, ""
	for _, b := range buckets {
		if b.Name <= after || !strings.Contains(b.Name, c.query("name_contains")) {
			continue
		}
		if len(views) == perPage {
			next = views[perPage-1].Name
			break
		}
		views = append(views, viewOf(b))
	}
	return listed{
		result: map[string]any{"buckets": views}, info: map[string]any{"cursor": next, "per_page": perPage},
	}, nil
}

// createBucket answers POST /accounts/{account}/r2/buckets (cloudflare-go r2.BucketNewParams).
func createBucket(c *call) (any, error) {
	var want struct {
		Name         string `json:"name"`
		LocationHint string `json:"locationHint"`
		StorageClass string `json:"storageClass"`
	}
	if err := c.decode(&want, 10040); err != nil {
		return nil, err
	}
	class := cmp.Or(want.StorageClass, r2.Standard)
	if class != r2.Standard && class != r2.InfrequentAccess {
		return nil, refuse(http.StatusBadRequest, 10062, "storage class %q is not known", class)
	}
	created, err := c.R2.CreateBucket(c.account.ID, r2.Bucket{
		Name: want.Name, Jurisdiction: c.jurisdiction(), Location: strings.ToUpper(want.LocationHint), StorageClass: class,
	})
	if errors.Is(err, r2.ErrBucketConflict) {
		// The v4 API has a code of its own: alchemy-run/distilled, patches/r2/createBucket.json.
		return nil, refuse(http.StatusConflict, 10004,
			"The bucket you tried to create already exists, and you own it.")
	}
	if err != nil {
		return nil, refused(err)
	}
	return viewOf(created), nil
}

// getBucket answers GET /accounts/{account}/r2/buckets/{bucket}.
func getBucket(c *call) (any, error) {
	b, err := c.R2.Bucket(c.bucketID())
	if err != nil {
		return nil, refused(err)
	}
	return viewOf(b), nil
}

// editBucket answers PATCH /accounts/{account}/r2/buckets/{bucket}: the storage class of new objects, in a header
// (cloudflare-go r2.BucketEditParams).
func editBucket(c *call) (any, error) {
	class := c.r.Header.Get("Cf-R2-Storage-Class")
	if class != r2.Standard && class != r2.InfrequentAccess {
		return nil, refuse(http.StatusBadRequest, 10062, "storage class %q is not known", class)
	}
	b, err := c.R2.UpdateBucket(c.bucketID(), func(b *r2.Bucket) { b.StorageClass = class })
	if err != nil {
		return nil, refused(err)
	}
	return viewOf(b), nil
}

// deleteBucket answers DELETE /accounts/{account}/r2/buckets/{bucket}, which must be empty. Its addresses go with it,
// which is a best guess.
func deleteBucket(c *call) (any, error) {
	if err := c.R2.DeleteBucket(c.bucketID()); err != nil {
		return nil, refused(err)
	}
	return map[string]any{}, nil
}

// objectView is an object in a list (cloudflare-go r2.BucketObjectListResponse).
type objectView struct {
	Key            string            `json:"key"`
	ETag           string            `json:"etag"`
	Size           int64             `json:"size"`
	Modified       timestamp         `json:"last_modified"`
	HTTPMetadata   map[string]string `json:"http_metadata"`
	CustomMetadata map[string]string `json:"custom_metadata"`
	StorageClass   string            `json:"storage_class"`
	SSEC           bool              `json:"ssec"`
}

// listObjects answers GET …/buckets/{bucket}/objects (cloudflare-go r2.BucketObjectListParams).
func listObjects(c *call) (any, error) {
	limit := 20
	if n, err := strconv.Atoi(c.query("per_page")); err == nil && n > 0 {
		limit = min(n, r2.MaxListed)
	}
	cursor, err := base64.RawURLEncoding.DecodeString(c.query("cursor"))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, 10029, "Invalid Argument: cursor")
	}
	page, err := c.R2.List(c.bucketID(), r2.ListOptions{
		Prefix: c.query("prefix"), Delimiter: c.query("delimiter"), Cursor: string(cursor),
		StartAfter: c.query("start_after"), Limit: limit,
	})
	if err != nil {
		return nil, refused(err)
	}
	views := []objectView{}
	for _, o := range page.Objects {
		views = append(views, objectView{
			Key: o.Key, ETag: o.ETag, Size: o.Size, Modified: timestamp(o.Uploaded), HTTPMetadata: httpMetadata(o),
			CustomMetadata: o.CustomMetadata, StorageClass: o.StorageClass,
		})
	}
	return listed{result: views, info: map[string]any{
		"cursor": base64.RawURLEncoding.EncodeToString([]byte(page.Cursor)), "per_page": limit,
		"is_truncated": page.Cursor != "", "delimited": orNone(page.Prefixes),
	}}, nil
}

// httpMetadata is the object's HTTP metadata under the names of the API.
func httpMetadata(o r2.Object) map[string]string {
	all := map[string]string{
		"contentType": o.HTTPMetadata.ContentType, "contentLanguage": o.HTTPMetadata.ContentLanguage,
		"contentDisposition": o.HTTPMetadata.ContentDisposition, "contentEncoding": o.HTTPMetadata.ContentEncoding,
		"cacheControl": o.HTTPMetadata.CacheControl,
	}
	for name, value := range all {
		if value == "" {
			delete(all, name)
		}
	}
	if expiry := o.HTTPMetadata.CacheExpiry; !expiry.IsZero() {
		all["cacheExpiry"] = timestamp(expiry).String()
	}
	return all
}

// putObject answers PUT …/buckets/{bucket}/objects/{key…} (cloudflare-go r2.BucketObjectUploadResponse). The metadata
// is in the usual headers: workers-sdk, packages/wrangler/src/r2/helpers/object.ts.
func putObject(c *call) (any, error) {
	header := c.r.Header
	meta := r2.HTTPMetadata{
		ContentType: header.Get("Content-Type"), ContentLanguage: header.Get("Content-Language"),
		ContentDisposition: header.Get("Content-Disposition"), ContentEncoding: header.Get("Content-Encoding"),
		CacheControl: header.Get("Cache-Control"),
	}
	if expires, err := http.ParseTime(header.Get("Expires")); err == nil {
		meta.CacheExpiry = expires
	}
	o, err := c.R2.Put(c.bucketID(), c.path("key"), r2.Body{Reader: c.r.Body, Size: max(0, c.r.ContentLength)},
		r2.PutOptions{HTTPMetadata: meta, StorageClass: header.Get("Cf-R2-Storage-Class")})
	if err != nil {
		return nil, refused(err)
	}
	return map[string]any{
		"key": o.Key, "etag": o.ETag, "version": o.Version, "size": strconv.FormatInt(o.Size, 10),
		"uploaded": timestamp(o.Uploaded), "last_modified": timestamp(o.Uploaded), "storage_class": o.StorageClass,
		"content_type": o.HTTPMetadata.ContentType,
	}, nil
}

// getObject answers GET …/buckets/{bucket}/objects/{key…} with the bare content.
func getObject(c *call) (any, error) {
	o, body, err := c.R2.Get(c.bucketID(), c.path("key"), r2.GetOptions{})
	if err != nil {
		return nil, refused(err)
	}
	header := c.w.Header()
	for name, value := range map[string]string{
		"Content-Type": o.HTTPMetadata.ContentType, "Content-Language": o.HTTPMetadata.ContentLanguage,
		"Content-Disposition": o.HTTPMetadata.ContentDisposition, "Content-Encoding": o.HTTPMetadata.ContentEncoding,
		"Cache-Control": o.HTTPMetadata.CacheControl, "Etag": `"` + o.ETag + `"`,
		"Last-Modified": o.Uploaded.UTC().Format(http.TimeFormat), "Cf-R2-Storage-Class": o.StorageClass,
		"Content-Length": strconv.FormatInt(o.Size, 10),
	} {
		if value != "" {
			header.Set(name, value)
		}
	}
	if expiry := o.HTTPMetadata.CacheExpiry; !expiry.IsZero() {
		header.Set("Expires", expiry.UTC().Format(time.RFC1123))
	}
	if c.r.Method != http.MethodHead {
		// A client that went away cannot be told.
		_, _ = io.Copy(c.w, body)
	}
	return written{}, body.Close()
}

// deleteObject answers DELETE …/buckets/{bucket}/objects/{key…}. Deleting what is not there is no error.
func deleteObject(c *call) (any, error) {
	if err := c.R2.Delete(c.bucketID(), c.path("key")); err != nil {
		return nil, refused(err)
	}
	return map[string]any{"key": c.path("key")}, nil
}

// escapeKey returns the escaped path of u in which an object's key is a single segment, so that no rule for paths is
// applied to it: a key may well contain "//" or "..".
func escapeKey(u *url.URL) string {
	path := u.EscapedPath()
	at := strings.Index(path, "/objects/")
	if !strings.Contains(path, "/r2/buckets/") || at < 0 {
		return path
	}
	at += len("/objects/")
	key, err := url.PathUnescape(path[at:])
	if err != nil {
		return path
	}
	return path[:at] + strings.ReplaceAll(url.PathEscape(key), ".", "%2E")
}
