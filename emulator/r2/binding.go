// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Binding serves a Worker's R2 binding to one bucket, in the protocol of workerd: src/workerd/api/r2-rpc.c++ and
// r2-api.capnp in cloudflare/workerd. Reads (GET) carry their request as JSON in a header. Writes (PUT) carry the
// length of the JSON in a header and, in the body, the JSON and then the content. Answers have the form of the latter;
// refusals are a header. What is answered follows cloudflare/workers-sdk
// packages/miniflare/src/workers/r2/bucket.worker.ts.
type Binding struct {
	// Store holds the bucket; it may not be nil.
	Store *Store
	// Account is the id of the bucket's account.
	Account string
	// Bucket is the bucket's name.
	Bucket string
	// Jurisdiction is the bucket's; empty: none.
	Jurisdiction string
}

// The headers of the protocol.
const (
	bindingRequest  = "Cf-R2-Request"
	bindingMetadata = "Cf-R2-Metadata-Size"
	bindingError    = "Cf-R2-Error"
)

// maxBindingRequest bounds a request's JSON: 1000 keys of 1024 bytes to delete, each escaped, fit.
const maxBindingRequest = 8 << 20

var errBindingRequest = ErrInvalidArgument.saying("Metadata missing or invalid")

// ServeHTTP answers one request.
func (b Binding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := bindingCall{w: w, store: b.Store, bucket: BucketID{b.Account, b.Jurisdiction, b.Bucket}}
	if err := c.serve(r); err != nil {
		_, _ = io.Copy(io.Discard, r.Body) // workerd reads the answer only when it has sent everything.
		c.refuse(err, nil)
	}
}

// bindingCall is one request on its way through.
type bindingCall struct {
	w      http.ResponseWriter
	store  *Store
	bucket BucketID
	body   Body // the content that follows the request
	bindingMessage
}

// bindingMessage is R2BindingRequest of r2-api.capnp; each method uses some of the fields.
type bindingMessage struct {
	Method       string             `json:"method"`
	Object       *string            `json:"object"`
	Objects      []string           `json:"objects"`
	Range        *bindingRange      `json:"range"`
	RangeHeader  string             `json:"rangeHeader"`
	OnlyIf       *bindingConditions `json:"onlyIf"`
	CustomFields []bindingField     `json:"customFields"`
	HTTPFields   *bindingHTTP       `json:"httpFields"`
	MD5          []byte             `json:"md5"` // base64, unlike the others
	SHA1         hexBytes           `json:"sha1"`
	SHA256       hexBytes           `json:"sha256"`
	SHA384       hexBytes           `json:"sha384"`
	SHA512       hexBytes           `json:"sha512"`
	StorageClass string             `json:"storageClass"`
	SSEC         json.RawMessage    `json:"ssec"`
	UploadID     string             `json:"uploadId"`
	PartNumber   int                `json:"partNumber"`
	Parts        []bindingPart      `json:"parts"`
	Limit        *int               `json:"limit"`
	Prefix       string             `json:"prefix"`
	Cursor       string             `json:"cursor"`
	Delimiter    string             `json:"delimiter"`
	StartAfter   string             `json:"startAfter"`
	Include      []int              `json:"include"`
	NewRuntime   bool               `json:"newRuntime"`
}

func (c *bindingCall) serve(r *http.Request) error {
	if err := c.read(r); err != nil {
		return err
	}
	if len(c.SSEC) > 0 {
		return errNotImplemented("Server side encryption with a key of the customer's own")
	}
	reads := map[string]func() error{"head": c.head, "get": c.get, "list": c.list}
	writes := map[string]func() error{
		"put":                     c.put,
		"delete":                  c.delete,
		"createMultipartUpload":   c.createUpload,
		"uploadPart":              c.uploadPart,
		"completeMultipartUpload": c.completeUpload,
		"abortMultipartUpload":    c.abortUpload,
	}
	methods := writes
	if r.Method == http.MethodGet {
		methods = reads
	}
	if method, ok := methods[c.Method]; ok {
		return method()
	}
	return errNotImplemented(c.Method)
}

// read decodes the request and leaves the content in c.body.
func (c *bindingCall) read(r *http.Request) error {
	switch r.Method {
	case http.MethodGet:
		return c.decode([]byte(r.Header.Get(bindingRequest)))
	case http.MethodPut:
		size, err := strconv.ParseInt(r.Header.Get(bindingMetadata), 10, 64)
		if err != nil || size < 0 || size > maxBindingRequest {
			return errBindingRequest
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(r.Body, text); err != nil {
			return uploadError(unexpected(err))
		}
		c.body = Body{Reader: r.Body, Size: max(r.ContentLength-size, 0)}
		return c.decode(text)
	}
	return errRoute
}

func (c *bindingCall) decode(text []byte) error {
	if err := json.Unmarshal(text, &c.bindingMessage); err != nil {
		return errBindingRequest
	}
	return nil
}

// refuse answers with an error, and with the object that failed a condition.
func (c *bindingCall) refuse(err error, object *Object) {
	var refusal *Error
	if !errors.As(err, &refusal) {
		refusal = ErrInternal
	}
	status := refusal.Status
	if status < http.StatusBadRequest {
		status = http.StatusPreconditionFailed
	}
	text, err := json.Marshal(struct {
		Version int    `json:"version"`
		V4Code  int    `json:"v4code"`
		Message string `json:"message"`
	}{1, refusal.V4Code, refusal.Message})
	if err == nil {
		c.w.Header().Set(bindingError, string(text))
	}
	if object == nil {
		c.w.WriteHeader(status)
		return
	}
	_ = c.answer(status, describe(*object, whole(*object), true, true), nil) // There is no better answer.
}

// answer writes JSON and, if there is any, content.
func (c *bindingCall) answer(status int, message any, content *Content) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	size := int64(len(text))
	if content != nil {
		size += content.Length
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set(bindingMetadata, strconv.Itoa(len(text)))
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	c.w.WriteHeader(status)
	if _, err := c.w.Write(text); err == nil && content != nil {
		_, _ = io.Copy(c.w, content) // The Worker sees a short body if this fails.
	}
	return nil
}

// key is the object that the request names.
func (c *bindingCall) key() string {
	if c.Object == nil {
		return ""
	}
	return *c.Object
}

func (c *bindingCall) head() error {
	object, err := c.store.Head(c.bucket, c.key())
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, describe(object, whole(object), true, true), nil)
}

func (c *bindingCall) get() error {
	options := GetOptions{Conditions: c.OnlyIf.conditions(), Range: lenientRange(c.RangeHeader)}
	if c.RangeHeader == "" && c.Range != nil {
		var err error
		if options.Range, err = c.Range.value(); err != nil {
			return err
		}
	}
	object, content, err := c.store.Get(c.bucket, c.key(), options)
	if c.RangeHeader != "" && errors.Is(err, ErrInvalidRange) { // A header that cannot be met is ignored.
		options.Range = Range{}
		object, content, err = c.store.Get(c.bucket, c.key(), options)
	}
	switch {
	case errors.Is(err, ErrPreconditionFailed), errors.Is(err, ErrNotModified):
		c.refuse(ErrPreconditionFailed, &object)
		return nil
	case err != nil:
		return err
	}
	read := Range{Offset: content.Offset, Length: content.Length}
	description := describe(object, &read, true, true)
	return errors.Join(c.answer(http.StatusOK, description, content), content.Close())
}

func (c *bindingCall) put() error {
	class, err := bindingStorageClass(c.StorageClass)
	if err != nil {
		return err
	}
	c.body.Checksums = Checksums{}
	for algorithm, sum := range map[Algorithm][]byte{
		MD5: c.MD5, SHA1: c.SHA1, SHA256: c.SHA256, SHA384: c.SHA384, SHA512: c.SHA512,
	} {
		if sum != nil {
			c.body.Checksums[algorithm] = sum
		}
	}
	object, err := c.store.Put(c.bucket, c.key(), c.body, PutOptions{
		HTTPMetadata:   c.HTTPFields.metadata(),
		CustomMetadata: c.customMetadata(),
		StorageClass:   class,
		Conditions:     c.OnlyIf.conditions(),
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, describe(object, nil, true, true), nil)
}

func (c *bindingCall) delete() error {
	keys := c.Objects
	if c.Object != nil {
		keys = []string{*c.Object}
	}
	if err := c.store.Delete(c.bucket, keys...); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// maxListedWithMetadata is how few objects a list with metadata may hold: R2 promises no number, so that Workers must
// go by "truncated" (https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2listoptions). The number
// is miniflare's.
const maxListedWithMetadata = 100

func (c *bindingCall) list() error {
	options := ListOptions{
		Prefix: c.Prefix, Delimiter: c.Delimiter, StartAfter: c.StartAfter, Cursor: c.Cursor, Limit: MaxListed,
	}
	if c.Limit != nil {
		if *c.Limit < 1 || *c.Limit > MaxListed {
			return ErrInvalidMaxKeys
		}
		options.Limit = *c.Limit
	}
	var headers, custom bool
	for _, field := range c.Include {
		headers = headers || field == 0 || !c.NewRuntime
		custom = custom || field == 1 || !c.NewRuntime
	}
	if headers || custom {
		options.Limit = min(options.Limit, maxListedWithMetadata)
	}
	page, err := c.store.List(c.bucket, options)
	if err != nil {
		return err
	}
	answer := bindingListing{
		Objects: []bindingObject{}, Truncated: page.Cursor != "", Cursor: page.Cursor, Prefixes: page.Prefixes,
	}
	if answer.Prefixes == nil {
		answer.Prefixes = []string{}
	}
	for _, object := range page.Objects {
		answer.Objects = append(answer.Objects, describe(object, nil, headers, custom))
	}
	return c.answer(http.StatusOK, answer, nil)
}

func (c *bindingCall) createUpload() error {
	class, err := bindingStorageClass(c.StorageClass)
	if err != nil {
		return err
	}
	upload, err := c.store.CreateUpload(c.bucket, c.key(), UploadOptions{
		HTTPMetadata: c.HTTPFields.metadata(), CustomMetadata: c.customMetadata(), StorageClass: class,
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, map[string]string{"uploadId": upload.ID}, nil)
}

func (c *bindingCall) uploadPart() error {
	part, err := c.store.UploadPart(c.bucket, c.key(), c.UploadID, c.PartNumber, c.body)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, map[string]string{"etag": part.ETag}, nil)
}

func (c *bindingCall) completeUpload() error {
	parts := make([]CompletedPart, 0, len(c.Parts))
	for _, part := range c.Parts {
		parts = append(parts, CompletedPart{Number: part.Part, ETag: strings.Trim(part.ETag, `"`)})
	}
	object, err := c.store.CompleteUpload(c.bucket, c.key(), c.UploadID, parts, nil)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, describe(object, nil, true, true), nil)
}

// abortUpload may be repeated, also after the upload was completed, and then does nothing.
func (c *bindingCall) abortUpload() error {
	err := c.store.AbortUpload(c.bucket, c.key(), c.UploadID)
	if errors.Is(err, ErrNoSuchUpload) {
		was, storeErr := c.store.wasUpload(c.bucket, c.key(), c.UploadID)
		if storeErr != nil {
			return storeErr
		}
		if was {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, struct{}{}, nil)
}

func (c *bindingCall) customMetadata() map[string]string {
	metadata := map[string]string{}
	for _, field := range c.CustomFields {
		metadata[field.Key] = field.Value
	}
	return metadata
}
