// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// operation is an S3 operation and what must be known before it runs.
type operation struct {
	name string
	run  func(*request) error
	// takesBody is set if run reads the body.
	takesBody bool
	// refused lists the headers that R2 knows and refuses, in the order of its looking.
	refused []string
	// writes is set if x-amz-acl and x-amz-server-side-encryption are looked at.
	writes bool
	// ssec says whether keys of the customer's own may come along.
	ssec ssec
}

// ssec is what becomes of keys of the customer's own (SSE-C).
type ssec int

const (
	ssecIgnored ssec = iota
	ssecRead         // they do not fit an object that is not encrypted
	ssecWrite        // not emulated
)

// errNotImplemented is R2's answer to what it recognises and does not do.
func errNotImplemented(what string) error {
	return &Error{
		Code: "NotImplemented", V4Code: ErrInternal.V4Code, Status: http.StatusNotImplemented,
		Message: what + " not implemented",
	}
}

var errRoute = &Error{
	Code: "RouteNotFound", V4Code: 10015, Status: http.StatusNotFound, Message: "No route matches this url.",
}

// What follows says which request means which operation. It is from cloudflare/workers-sdk
// packages/miniflare/src/workers/r2/s3/detect.worker.ts and account.worker.ts there, which were captured from a real
// bucket. The operations that R2 has and miniflare lacks (buckets, lists of parts and uploads, parts by number) are
// where https://developers.cloudflare.com/r2/api/s3/api/ says they are: where AWS has them.

// objectSubresources are search parameters of operations on objects that R2 recognises and does not implement.
var objectSubresources = map[string]map[string]string{
	http.MethodGet: {
		"tagging": "GetObjectTagging", "acl": "GetObjectAcl", "attributes": "GetObjectAttributes",
		"torrent": "GetObjectTorrent", "retention": "GetObjectRetention", "legal-hold": "GetObjectLegalHold",
	},
	http.MethodPut: {
		"tagging": "PutObjectTagging", "acl": "PutObjectAcl", "retention": "PutObjectRetention",
		"legal-hold": "PutObjectLegalHold",
	},
}

// bucketSubresources are search parameters of operations on buckets that are not implemented. R2 itself has those named
// acl, cors, encryption, lifecycle and versioning; they are not emulated.
var bucketSubresources = map[string]map[string]string{
	http.MethodGet: {
		"versions": "ListObjectVersions", "policy": "GetBucketPolicy", "website": "GetBucketWebsite",
		"notification":   "GetBucketNotificationConfiguration",
		"requestPayment": "GetBucketRequestPayment", "logging": "GetBucketLogging",
		"accelerate":        "GetBucketAccelerateConfiguration",
		"publicAccessBlock": "GetPublicAccessBlock", "ownershipControls": "GetBucketOwnershipControls",
		"intelligent-tiering": "GetBucketIntelligentTieringConfiguration",
		"inventory":           "GetBucketInventoryConfiguration",
		"metrics":             "GetBucketMetricsConfiguration", "analytics": "GetBucketAnalyticsConfiguration",
		"policyStatus": "GetGetBucketPolicyStatus", // R2's own slip of the pen
		"acl":          "GetBucketAcl", "cors": "GetBucketCors", "lifecycle": "GetBucketLifecycleConfiguration",
	},
	http.MethodPut: {
		"accelerate": "PutBucketAccelerateConfiguration", "acl": "PutBucketAcl",
		"analytics":           "PutBucketAnalyticsConfiguration",
		"intelligent-tiering": "PutBucketIntelligentTieringConfiguration",
		"inventory":           "PutBucketInventoryConfiguration", "logging": "PutBucketLogging",
		"metrics": "PutBucketMetricsConfiguration", "notification": "PutBucketNotificationConfiguration",
		"object-lock": "PutObjectLockConfiguration", "ownershipControls": "PutBucketOwnershipControls",
		"policy": "PutBucketPolicy", "publicAccessBlock": "PutPublicAccessBlock",
		"replication": "PutBucketReplication", "requestPayment": "PutBucketRequestPayment",
		"tagging": "PutBucketTagging", "website": "PutBucketWebsite", "cors": "PutBucketCors",
		"encryption": "PutBucketEncryption", "lifecycle": "PutBucketLifecycleConfiguration",
		"versioning": "PutBucketVersioning",
	},
	http.MethodDelete: {
		"analytics":           "DeleteBucketAnalyticsConfiguration",
		"intelligent-tiering": "DeleteBucketIntelligentTieringConfiguration",
		"inventory":           "DeleteBucketInventoryConfiguration",
		"metrics":             "DeleteBucketMetricsConfiguration",
		"ownershipControls":   "DeleteBucketOwnershipControls", "policy": "DeleteBucketPolicy",
		"replication": "DeleteBucketReplication", "tagging": "DeleteBucketTagging",
		"website": "DeleteBucketWebsite", "cors": "DeleteBucketCors", "encryption": "DeleteBucketEncryption",
		"lifecycle": "DeleteBucketLifecycle",
	},
}

// partNumberShape is what a part's number must look like for the route to match; its range is looked at later.
var partNumberShape = regexp.MustCompile(`^ *-?\d*$`)

// The search parameters that lists know. R2 refuses others by name.
var (
	listParameters   = []string{"prefix", "delimiter", "marker", "max-keys", "encoding-type"}
	listV2Parameters = []string{
		"list-type", "prefix", "delimiter", "continuation-token", "start-after", "max-keys", "encoding-type",
		"fetch-owner",
	}
	listBucketsParameters = []string{"prefix", "start-after", "continuation-token", "max-keys"}
	uploadsParameters     = []string{
		"uploads", "prefix", "delimiter", "encoding-type", "key-marker", "max-uploads", "upload-id-marker",
	}
)

// route finds the operation that a request means.
func (r *request) route() (*operation, error) {
	switch {
	case r.bucket.Name == "" && r.Method == http.MethodGet:
		return &listBucketsOperation, r.only("ListBuckets", listBucketsParameters)
	case r.bucket.Name == "":
		return nil, errRoute
	case r.key == "":
		return r.routeBucket()
	}
	return r.routeObject()
}

func (r *request) routeBucket() (*operation, error) {
	switch r.Method {
	case http.MethodHead:
		return &headBucketOperation, nil
	case http.MethodPut:
		return &createBucketOperation, r.mutatesBucket()
	case http.MethodDelete:
		return &deleteBucketOperation, r.mutatesBucket()
	case http.MethodPost:
		if r.query.Has("delete") {
			return &deleteObjectsOperation, nil
		}
		return &nothingOperation, nil
	case http.MethodGet:
		return r.routeBucketGet()
	}
	return nil, errRoute
}

// mutatesBucket refuses the search parameters that a bucket is neither created nor deleted with.
func (r *request) mutatesBucket() error {
	if err := r.subresource(bucketSubresources); err != nil {
		return err
	}
	var unknown []string
	for _, name := range r.parameters() {
		if !isScreened(name) {
			unknown = append(unknown, `"`+name+`"`)
		}
	}
	if unknown == nil {
		return nil
	}
	return ErrInvalidArgument.saying(
		"Unsupported search param(s) " + strings.Join(unknown, ", ") + " on a " + r.Method + " bucket route")
}

func (r *request) routeBucketGet() (*operation, error) {
	if r.query.Has("uploads") {
		return &listUploadsOperation, r.only("ListMultipartUploads", uploadsParameters)
	}
	if r.query.Has("location") {
		for _, name := range r.parameters() {
			if name != "location" && !isScreened(name) {
				return nil, ErrInvalidArgument.saying("Search param " + name + " is unsupported for bucket location")
			}
		}
		return &bucketLocationOperation, nil
	}
	for _, name := range r.parameters() {
		if op, ok := bucketConstants[name]; ok {
			return op, nil
		}
	}
	if err := r.subresource(bucketSubresources); err != nil {
		return nil, err
	}
	switch version := r.query.Get("list-type"); {
	case version == "2":
		return &listObjectsV2Operation, r.only("ListObjectsV2", listV2Parameters)
	case r.query.Has("list-type"):
		return nil, errNotImplemented("ListObjectsV" + version)
	case r.query.Has("continuation-token"):
		return nil, ErrInvalidArgument.saying("continuation-token not supported in ListObjects")
	}
	return &listObjectsOperation, r.only("ListObjectsV1", listParameters)
}

func (r *request) routeObject() (*operation, error) {
	if r.query.Has("uploadId") {
		op, err := r.routeUpload()
		if op != nil || err != nil {
			return op, err
		}
	}
	if r.query.Has("uploads") {
		switch r.Method {
		case http.MethodPost:
			return &createUploadOperation, nil
		case http.MethodGet: // R2 serves the bucket's list here, too.
			return &listUploadsOperation, nil
		}
	}
	switch r.Method {
	case http.MethodHead:
		return &headObjectOperation, nil
	case http.MethodGet:
		return &getObjectOperation, r.subresource(objectSubresources)
	case http.MethodPut:
		if r.Header.Get("X-Amz-Copy-Source") != "" {
			return &copyObjectOperation, r.subresource(objectSubresources)
		}
		return &putObjectOperation, r.subresource(objectSubresources)
	case http.MethodPost: // R2 takes it for PutObject, never for CopyObject.
		return &putObjectOperation, nil
	case http.MethodDelete:
		return &deleteObjectOperation, nil
	}
	return nil, errRoute
}

// routeUpload finds the operation on an upload; nil if the upload is to be ignored, as R2 does in a PUT of no part.
func (r *request) routeUpload() (*operation, error) {
	number := r.query.Get("partNumber")
	if !partNumberShape.MatchString(number) {
		return nil, errRoute
	}
	switch r.Method {
	case http.MethodGet:
		return &listPartsOperation, nil
	case http.MethodPut:
		switch {
		case !r.query.Has("partNumber"):
			return nil, nil
		case r.Header.Get("X-Amz-Copy-Source") != "":
			return &uploadPartCopyOperation, nil
		}
		return &uploadPartOperation, nil
	case http.MethodPost:
		return &completeUploadOperation, nil
	case http.MethodDelete:
		return &abortUploadOperation, nil
	case http.MethodHead:
		return &headObjectOperation, nil
	}
	return nil, errRoute
}

// subresource refuses the operation that a search parameter stands for with this method.
func (r *request) subresource(names map[string]map[string]string) error {
	for _, parameter := range r.parameters() {
		if name, ok := names[r.Method][parameter]; ok {
			return errNotImplemented(name)
		}
	}
	return nil
}

// only refuses search parameters that a list does not know.
func (r *request) only(list string, known []string) error {
	for _, name := range r.parameters() {
		if !slices.Contains(known, name) && !isScreened(name) {
			return errNotImplemented(list + " search parameter " + name)
		}
	}
	return nil
}

// parameters returns the names of the search parameters in the order in which they were sent, each once.
func (r *request) parameters() []string {
	var names []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		encoded, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(encoded)
		if err == nil && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// isScreened reports search parameters that belong to a signature or to the SDK.
func isScreened(name string) bool { return strings.HasPrefix(name, "X-Amz-") || name == "x-id" }
