// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	metadataPrefix = "X-Amz-Meta-"
	// chunkedEncoding frames a body; it says nothing of the object.
	chunkedEncoding = "aws-chunked"
)

// httpMetadata reads the headers that R2 keeps with an object:
// https://developers.cloudflare.com/r2/api/s3/extensions/#extended-metadata-using-unicode.
func httpMetadata(h http.Header) HTTPMetadata {
	metadata := HTTPMetadata{
		ContentType:        h.Get("Content-Type"),
		ContentLanguage:    h.Get("Content-Language"),
		ContentDisposition: h.Get("Content-Disposition"),
		ContentEncoding:    contentEncoding(h),
		CacheControl:       h.Get("Cache-Control"),
	}
	if expires, err := http.ParseTime(h.Get("Expires")); err == nil {
		metadata.CacheExpiry = expires.UTC()
	}
	return metadata
}

// contentEncoding leaves out the framing of the upload, as S3 does:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html.
func contentEncoding(h http.Header) string {
	var encodings []string
	for encoding := range strings.SplitSeq(h.Get("Content-Encoding"), ",") {
		if encoding = strings.TrimSpace(encoding); encoding != "" && encoding != chunkedEncoding {
			encodings = append(encodings, encoding)
		}
	}
	return strings.Join(encodings, ", ")
}

// customMetadata reads the client's own headers; values may be encoded by RFC 2047 (same page).
func customMetadata(h http.Header) map[string]string {
	metadata := map[string]string{}
	decoder := new(mime.WordDecoder)
	for name, values := range h {
		name, ok := strings.CutPrefix(name, metadataPrefix)
		if !ok || name == "" {
			continue
		}
		value := strings.Join(values, ",")
		if decoded, err := decoder.DecodeHeader(value); err == nil {
			value = decoded
		}
		metadata[strings.ToLower(name)] = value
	}
	return metadata
}

// setObject writes an object's description as headers. Metadata whose names cannot be headers is counted instead (same
// page); content without a type gets one, as in cloudflare/workers-sdk
// packages/miniflare/src/workers/r2/serve.worker.ts.
func setObject(h http.Header, object Object) {
	for name, value := range map[string]string{
		"Content-Type":        object.HTTPMetadata.ContentType,
		"Content-Language":    object.HTTPMetadata.ContentLanguage,
		"Content-Disposition": object.HTTPMetadata.ContentDisposition,
		"Content-Encoding":    object.HTTPMetadata.ContentEncoding,
		"Cache-Control":       object.HTTPMetadata.CacheControl,
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	if object.HTTPMetadata.ContentType == "" {
		h.Set("Content-Type", "application/octet-stream")
	}
	if expiry := object.HTTPMetadata.CacheExpiry; !expiry.IsZero() {
		h.Set("Expires", expiry.UTC().Format(http.TimeFormat))
	}
	h.Set("ETag", quote(object.ETag))
	h.Set("Last-Modified", object.Uploaded.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	if object.StorageClass == InfrequentAccess {
		h.Set("x-amz-storage-class", s3StorageClass(object.StorageClass))
	}
	missing := 0
	for name, value := range object.CustomMetadata {
		if !headerName.MatchString(name) {
			missing++
			continue
		}
		h.Set(metadataPrefix+name, mime.QEncoding.Encode("utf-8", value))
	}
	if missing > 0 {
		h.Set("x-amz-missing-meta", strconv.Itoa(missing))
	}
}

// headerName is what may follow the prefix in a header's name: RFC 9110 section 5.6.2.
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// storageClass reads x-amz-storage-class; empty: not given.
func storageClass(h http.Header) (string, error) {
	switch h.Get("X-Amz-Storage-Class") {
	case "":
		return "", nil
	case "STANDARD":
		return Standard, nil
	case "STANDARD_IA":
		return InfrequentAccess, nil
	}
	return "", &Error{
		Code: "InvalidStorageClass", V4Code: ErrInvalidArgument.V4Code, Status: http.StatusBadRequest,
		Message: "The storage class specified is not valid.",
	}
}

// s3StorageClass is the S3 name of a storage class.
func s3StorageClass(class string) string {
	if class == InfrequentAccess {
		return "STANDARD_IA"
	}
	return "STANDARD"
}

// conditions reads the conditional headers, each of which begins with prefix.
func conditions(h http.Header, prefix string) Conditions {
	return Conditions{
		Match:           parseETags(h.Get(prefix + "If-Match")),
		NoneMatch:       parseETags(h.Get(prefix + "If-None-Match")),
		ModifiedSince:   parseDate(h.Get(prefix + "If-Modified-Since")),
		UnmodifiedSince: parseDate(h.Get(prefix + "If-Unmodified-Since")),
		Seconds:         true,
	}
}

// parseETags reads a list of entity tags (RFC 9110 section 13.1.1), with or without quotes, which S3 clients often
// leave out.
func parseETags(header string) []ETag {
	if strings.TrimSpace(header) == "" {
		return nil
	}
	var tags []ETag
	for tag := range strings.SplitSeq(header, ",") {
		tag, weak := strings.CutPrefix(strings.TrimSpace(tag), "W/")
		tags = append(tags, ETag{Value: strings.Trim(tag, `"`), Weak: weak})
	}
	return tags
}

// parseDate reads an HTTP date; one that is none is no condition (RFC 9110 section 13.1.3).
func parseDate(header string) time.Time {
	date, err := http.ParseTime(header)
	if err != nil {
		return time.Time{}
	}
	return date
}

func quote(etag string) string { return `"` + etag + `"` }
