// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"cmp"
	"encoding/base64"
	"encoding/xml"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var (
	listBucketsOperation  = operation{name: "ListBuckets", run: (*request).listBuckets}
	headBucketOperation   = operation{name: "HeadBucket", run: (*request).headBucket, refused: bucketOwner}
	createBucketOperation = operation{
		name: "CreateBucket", run: (*request).createBucket, takesBody: true, refused: createBucketRefused,
	}
	deleteBucketOperation   = operation{name: "DeleteBucket", run: (*request).deleteBucket, refused: bucketOwner}
	bucketLocationOperation = operation{
		name: "GetBucketLocation", run: (*request).bucketLocation, refused: bucketOwner,
	}
	// nothingOperation is a POST to a bucket that means nothing, to which R2 answers 200.
	nothingOperation = operation{name: "Nothing", run: func(r *request) error {
		r.w.WriteHeader(http.StatusOK)
		return nil
	}}
)

// bucketConstants are the settings of a bucket that are the same for all of R2's. From cloudflare/workers-sdk
// packages/miniflare/src/workers/r2/s3/operations.worker.ts (BUCKET_OPERATIONS).
var bucketConstants = map[string]*operation{
	"encryption": constant("GetBucketEncryption", encryption{
		Rule: encryptionRule{SSEAlgorithm: "AES256", BucketKeyEnabled: true},
	}),
	"versioning": constant("GetBucketVersioning", versioning{}),
	"tagging":    absent("GetBucketTagging", "NoSuchTagSet", "The TagSet does not exist."),
	"object-lock": absent("GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError",
		"Object Lock configuration does not exist for this bucket."),
	"replication": absent("GetBucketReplication", "ReplicationConfigurationNotFoundError",
		"The replication configuration was not found."),
}

type encryption struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ServerSideEncryptionConfiguration"`
	Rule    encryptionRule
}

type encryptionRule struct {
	SSEAlgorithm     string `xml:"ApplyServerSideEncryptionByDefault>SSEAlgorithm"`
	BucketKeyEnabled bool
}

type versioning struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ VersioningConfiguration"`
}

// constant answers for every bucket with the same document.
func constant(name string, document any) *operation {
	return &operation{name: name, refused: bucketOwner, run: func(r *request) error {
		if _, err := r.store.Bucket(r.bucket); err != nil {
			return err
		}
		return r.writeXML(document)
	}}
}

// absent answers for every bucket that it has no such thing.
func absent(name, code, message string) *operation {
	return &operation{name: name, refused: bucketOwner, run: func(r *request) error {
		if _, err := r.store.Bucket(r.bucket); err != nil {
			return err
		}
		return &Error{Code: code, V4Code: ErrNoSuchKey.V4Code, Status: http.StatusNotFound, Message: message}
	}}
}

type bucketList struct {
	XMLName               xml.Name      `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
	Buckets               []bucketEntry `xml:"Buckets>Bucket"`
	Owner                 owner
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Prefix                string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
}

type bucketEntry struct {
	Name         string
	CreationDate xmlTime
}

// owner is always the account: https://developers.cloudflare.com/r2/examples/aws/aws-cli/ shows it.
type owner struct {
	ID          string
	DisplayName string
}

// listBuckets has the search parameters of ListObjectsV2, also as headers:
// https://developers.cloudflare.com/r2/api/s3/extensions/#listbuckets.
func (r *request) listBuckets() error {
	limit, shown, err := parseLimit(r.parameter("max-keys"))
	if err != nil {
		return err
	}
	buckets, err := r.store.Buckets(r.account, r.bucket.Jurisdiction)
	if err != nil {
		return err
	}
	list := bucketList{
		Owner:             owner{ID: r.account, DisplayName: r.account},
		Prefix:            r.parameter("prefix"),
		StartAfter:        r.parameter("start-after"),
		ContinuationToken: r.parameter("continuation-token"),
		MaxKeys:           shown,
	}
	after := list.StartAfter
	if list.ContinuationToken != "" {
		last, err := base64.RawURLEncoding.DecodeString(list.ContinuationToken)
		if err != nil {
			return errToken
		}
		after = max(after, string(last))
	}
	buckets = slices.DeleteFunc(buckets, func(b Bucket) bool {
		return !strings.HasPrefix(b.Name, list.Prefix) || after != "" && b.Name <= after
	})
	if len(buckets) > limit {
		buckets, list.IsTruncated = buckets[:limit], true
		if limit > 0 {
			list.NextContinuationToken = base64.RawURLEncoding.EncodeToString([]byte(buckets[limit-1].Name))
		}
		r.w.Header().Set("cf-is-truncated", "true")
		r.w.Header().Set("cf-next-continuation-token", list.NextContinuationToken)
	}
	for _, b := range buckets {
		list.Buckets = append(list.Buckets, bucketEntry{Name: b.Name, CreationDate: xmlTime(b.Created)})
	}
	list.KeyCount = len(buckets)
	return r.writeXML(list)
}

// parameter reads a search parameter of ListBuckets; its header takes precedence.
func (r *request) parameter(name string) string {
	return cmp.Or(r.Header.Get("cf-"+name), r.query.Get(name))
}

func (r *request) headBucket() error {
	if _, err := r.store.Bucket(r.bucket); err != nil {
		return err
	}
	r.w.WriteHeader(http.StatusOK)
	return nil
}

type createBucketRequest struct {
	XMLName            xml.Name `xml:"CreateBucketConfiguration"`
	LocationConstraint string
}

// createBucket takes a location hint or, in its place, the names that stand for none:
// https://developers.cloudflare.com/r2/api/s3/api/#bucket-region and
// https://developers.cloudflare.com/r2/reference/data-location/#available-hints.
func (r *request) createBucket() error {
	text, err := r.readSmall()
	if err != nil {
		return err
	}
	var request createBucketRequest
	if len(text) > 0 {
		if err := parseXML(text, &request); err != nil {
			return err
		}
	}
	bucket := Bucket{Name: r.bucket.Name, Jurisdiction: r.bucket.Jurisdiction}
	switch hint := strings.ToLower(request.LocationConstraint); hint {
	case "", "auto", "us-east-1":
	case "wnam", "enam", "weur", "eeur", "apac", "oc":
		bucket.Location = strings.ToUpper(hint)
	default:
		return &Error{
			Code: "InvalidLocationConstraint", V4Code: ErrInvalidArgument.V4Code, Status: http.StatusBadRequest,
			Message: "The specified location constraint is not valid.",
		}
	}
	if _, err := r.store.CreateBucket(r.account, bucket); err != nil {
		return err
	}
	r.w.Header().Set("Location", "/"+bucket.Name)
	r.w.WriteHeader(http.StatusOK)
	return nil
}

func (r *request) deleteBucket() error {
	if err := r.store.DeleteBucket(r.bucket); err != nil {
		return err
	}
	r.w.WriteHeader(http.StatusNoContent)
	return nil
}

type locationConstraint struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
	Location string   `xml:",chardata"`
}

// bucketLocation answers with the location hint, "auto" if there is none.
func (r *request) bucketLocation() error {
	bucket, err := r.store.Bucket(r.bucket)
	if err != nil {
		return err
	}
	return r.writeXML(locationConstraint{Location: cmp.Or(bucket.Location, "auto")})
}

// parseLimit reads a maximum: what it comes to, and what the answer repeats. R2 takes fractions and more than it gives.
func parseLimit(text string) (limit, shown int, err error) {
	if text == "" {
		return MaxListed, MaxListed, nil
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(value) || value < 0 || value > math.MaxInt32 {
		return 0, 0, ErrInvalidMaxKeys
	}
	return min(int(value), MaxListed), int(value), nil
}

var errToken = ErrInvalidArgument.saying("The continuation token provided is incorrect.")
