// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wire is an endpoint to which a test speaks HTTP, in the way of
// cloudflare/workers-sdk packages/miniflare/test/plugins/r2/s3.spec.ts, the source of most of what is expected below.
type wire struct {
	t  *testing.T
	s3 *S3
}

// newWire has the bucket "bucket".
func newWire(t *testing.T) wire {
	t.Helper()
	w := wire{t, exampleS3()}
	_, err := w.s3.Store.CreateBucket("account", Bucket{Name: "bucket"})
	require.NoError(t, err)
	return w
}

// send sends a signed request; headers are "name: value".
func (w wire) send(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.do(w.request(method, target, body, headers...))
}

// request is a request to the endpoint's own host, signed without a hash of its body.
func (w wire) request(method, target, body string, headers ...string) *http.Request {
	w.t.Helper()
	r := exampleRequest(w.t, method, target, headers...)
	r.Host = "localhost"
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return sign(r, unsignedPayload)
}

func (w wire) do(r *http.Request) *httptest.ResponseRecorder {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.s3.ServeHTTP(recorder, r)
	return recorder
}

// refused asserts an error document, to the letter.
func refused(t *testing.T, got *httptest.ResponseRecorder, status int, code, message string) {
	t.Helper()
	assert.Equal(t, status, got.Code)
	escaped := strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "\n", "&#xA;").Replace(message)
	want := `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>` + escaped +
		`</Message></Error>`
	assert.Equal(t, want, got.Body.String())
	assert.Equal(t, "application/xml", got.Header().Get("Content-Type"))
}

// TestErrorsAreDocuments has R2's codes and words.
func TestErrorsAreDocuments(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	require.Equal(t, 200, w.send("PUT", "/bucket/k", "0123456789").Code)
	for _, test := range []struct {
		got           *httptest.ResponseRecorder
		status        int
		code, message string
	}{
		{w.send("GET", "/none/k", ""), 404, "NoSuchBucket", "The specified bucket does not exist."},
		{w.send("GET", "/bucket/none", ""), 404, "NoSuchKey", "The specified key does not exist."},
		{w.send("PATCH", "/bucket/k", ""), 404, "RouteNotFound", "No route matches this url."},
		{w.send("POST", "/", ""), 404, "RouteNotFound", "No route matches this url."},
		{w.send("GET", "/bucket/k?acl", ""), 501, "NotImplemented", "GetObjectAcl not implemented"},
		{w.send("PUT", "/bucket/k?tagging", "x"), 501, "NotImplemented", "PutObjectTagging not implemented"},
		{w.send("GET", "/bucket?policyStatus", ""), 501, "NotImplemented", "GetGetBucketPolicyStatus not implemented"},
		{w.send("PUT", "/bucket?junk&tagging", ""), 501, "NotImplemented", "PutBucketTagging not implemented"},
		{w.send("DELETE", "/bucket?policy", ""), 501, "NotImplemented", "DeleteBucketPolicy not implemented"},
		{
			w.send("DELETE", "/bucket?versioning&junk", ""), 400, "InvalidArgument",
			`Unsupported search param(s) "versioning", "junk" on a DELETE bucket route`,
		},
		{
			w.send("GET", "/bucket?foobar=1", ""), 501, "NotImplemented",
			"ListObjectsV1 search parameter foobar not implemented",
		},
		{
			w.send("GET", "/?foobar=1", ""), 501, "NotImplemented",
			"ListBuckets search parameter foobar not implemented",
		},
		{w.send("GET", "/bucket?list-type=3", ""), 501, "NotImplemented", "ListObjectsV3 not implemented"},
		{
			w.send("GET", "/bucket?continuation-token=x", ""), 400, "InvalidArgument",
			"continuation-token not supported in ListObjects",
		},
		{
			w.send("GET", "/bucket?encoding-type=weird", ""), 501, "NotImplemented",
			`Unrecognized encoding-type "weird" not implemented`,
		},
		{
			w.send("GET", "/bucket?location&junk", ""), 400, "InvalidArgument",
			"Search param junk is unsupported for bucket location",
		},
		{
			w.send("GET", "/bucket?max-keys=abc", ""), 400, "InvalidMaxKeys",
			"MaxKeys params must be positive integer <= 1000.",
		},
		{w.send("GET", "/bucket?tagging", ""), 404, "NoSuchTagSet", "The TagSet does not exist."},
		{
			w.send("PUT", "/bucket/k", "x", "x-amz-tagging: a=b"), 501, "NotImplemented",
			"Header 'x-amz-tagging' with value 'a=b' not implemented",
		},
		{
			w.send("PUT", "/bucket/k", "x", "x-amz-server-side-encryption: aws:kms"), 501, "NotImplemented",
			"Header 'x-amz-server-side-encryption' with value 'aws:kms' not implemented",
		},
		{
			w.send("PUT", "/bucket/k", "x", "x-amz-acl: mine"), 501, "NotImplemented",
			"Header 'x-amz-acl' with value 'mine' not implemented",
		},
		{
			w.send("GET", "/bucket/k", "", "x-amz-security-token: x"), 400, "InvalidArgument", "X-Amz-Security-Token",
		},
		{
			w.send("GET", "/bucket/k", "", "x-amz-server-side-encryption-customer-algorithm: AES256"), 400,
			"InvalidArgument", "Requests specifying Server Side Encryption with Customer provided keys must provide " +
				"an appropriate secret key.",
		},
		{
			w.send("GET", "/bucket/k", "", "Range: bytes=a-b"), 400, "InvalidArgument",
			"range must be in format 'bytes=start-end', 'bytes=start-' or 'bytes=-suffix'.'",
		},
		{w.send("GET", "/bucket/k", "", "Range: bytes=4-2"), 400, "InvalidArgument", "range must be positive."},
		{
			w.send("GET", "/bucket/k", "", "Range: bytes=-0"), 416, "InvalidRange",
			"The requested range is not satisfiable",
		},
		{
			w.send("PUT", "/bucket/k", "x", "Content-MD5: AAAA"), 400, "InvalidDigest",
			"The checksum or Content-MD5 you specified is not valid.",
		},
		{
			w.send("PUT", "/bucket/k", "x", "x-amz-storage-class: GLACIER"), 400, "InvalidStorageClass",
			"The storage class specified is not valid.",
		},
		{
			w.send("PUT", "/bucket/k", "", "x-amz-copy-source: no-slash"), 400, "InvalidArgument",
			"copy source bucket name",
		},
		{
			w.send("PUT", "/bucket/k", "", "x-amz-copy-source: /bucket/k", "x-amz-metadata-directive: WAT"), 400,
			"InvalidArgument", "metadata directive WAT.",
		},
		{
			w.send("PUT", "/bucket/k?uploadId=x&partNumber=1.0", "x"), 404, "RouteNotFound",
			"No route matches this url.",
		},
		{
			w.send("PUT", "/bucket/k?uploadId=x&partNumber=", "x"), 400, "InvalidArgument",
			"Part number must be an integer between 1 and 10000, inclusive.",
		},
	} {
		refused(t, test.got, test.status, test.code, test.message)
	}
	assert.Equal(t, "0123456789", w.send("GET", "/bucket/k", "").Body.String(), "a refused write wrote")
}

// TestForeignTroubleIsInternal says nothing of a cause that is not R2's.
func TestForeignTroubleIsInternal(t *testing.T) {
	t.Parallel()
	recorder := httptest.NewRecorder()
	writeError(recorder, fmt.Errorf("disk: %w", io.ErrClosedPipe))
	refused(t, recorder, 500, "InternalError", "We encountered an internal error. Please try again.")
}

// TestOddRoutesAnswerAsR2 has quirks that were captured.
func TestOddRoutesAnswerAsR2(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	assert.Equal(t, 200, w.send("POST", "/bucket", "").Code)
	unsigned := exampleRequest(t, "POST", "/bucket")
	unsigned.Host = "localhost"
	refused(t, w.do(unsigned), 501, "NotImplemented",
		"Presigned post requests are not yet implemented not implemented")

	require.Equal(t, 200, w.send("PUT", "/bucket/from", "source").Code)
	posted := w.send("POST", "/bucket/posted", "body wins", "x-amz-copy-source: bucket/from")
	assert.Equal(t, 200, posted.Code)
	assert.Equal(t, "body wins", w.send("GET", "/bucket/posted", "").Body.String())
	assert.Equal(t, 200, w.send("PUT", "/bucket/plain?uploadId=any", "not a part").Code)
	assert.Equal(t, "not a part", w.send("GET", "/bucket/plain", "").Body.String())
}

// TestHeadsHaveNoBody has status, length and range of what GET would answer.
func TestHeadsHaveNoBody(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	require.Equal(t, 200, w.send("PUT", "/bucket/k", "12345").Code)
	head := w.send("HEAD", "/bucket/k", "")
	assert.Equal(t, 200, head.Code)
	assert.Equal(t, "5", head.Header().Get("Content-Length"))
	assert.Empty(t, head.Body.String())
	ranged := w.send("HEAD", "/bucket/k", "", "Range: bytes=1-2")
	assert.Equal(t, 206, ranged.Code)
	assert.Equal(t, "bytes 1-2/5", ranged.Header().Get("Content-Range"))
	whole := w.send("GET", "/bucket/k", "", "Range: bytes=0-")
	assert.Equal(t, 206, whole.Code, "all of it is still a range")
}

// TestConstantSettingsAreTold has the settings that all buckets of R2 share.
func TestConstantSettingsAreTold(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	const namespace = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	for query, want := range map[string]string{
		"encryption": `<ServerSideEncryptionConfiguration` + namespace + `><Rule><ApplyServerSideEncryptionByDefault>` +
			`<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>` +
			`<BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`,
		"versioning": `<VersioningConfiguration` + namespace + `></VersioningConfiguration>`,
		"location":   `<LocationConstraint` + namespace + `>auto</LocationConstraint>`,
	} {
		got := w.send("GET", "/bucket?"+query, "")
		assert.Equal(t, 200, got.Code)
		assert.Equal(t, `<?xml version="1.0" encoding="UTF-8"?>`+want, got.Body.String())
		assert.Equal(t, 404, w.send("GET", "/none?"+query, "").Code)
	}
}

// TestBucketsAreCreatedWhereAsked takes location hints and the names that stand for none.
func TestBucketsAreCreatedWhereAsked(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	create := func(name, constraint string) int {
		return w.send("PUT", "/"+name, "<CreateBucketConfiguration><LocationConstraint>"+constraint+
			"</LocationConstraint></CreateBucketConfiguration>").Code
	}
	for constraint, location := range map[string]string{"auto": "auto", "us-east-1": "auto", "": "auto", "weur": "WEUR"} {
		name := "in-" + constraint + "x"
		require.Equal(t, 200, create(name, constraint), constraint)
		assert.Contains(t, w.send("GET", "/"+name+"?location", "").Body.String(), ">"+location+"<")
	}
	assert.Equal(t, 400, create("nowhere", "atlantis"))
	refused(t, w.send("PUT", "/bucket", ""), 409, "BucketConflict",
		"The bucket you tried to create already exists, and you own it.")
	refused(t, w.send("PUT", "/broken", "<Create"), 400, "MalformedXML", errMalformedXML.Message)
}

// TestMissingBucketsAreCreatedOnRequest is https://developers.cloudflare.com/r2/api/s3/extensions/.
func TestMissingBucketsAreCreatedOnRequest(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for range 2 {
		put := w.send("PUT", "/fresh/k", "v", "cf-create-bucket-if-missing: true")
		assert.Equal(t, 200, put.Code)
	}
	assert.Equal(t, "v", w.send("GET", "/fresh/k", "").Body.String())
	assert.Equal(t, 200, w.send("POST", "/newer/k?uploads", "", "cf-create-bucket-if-missing: true").Code)
}

// TestBucketsAreListedInPages is the ListBuckets extension of the same page.
func TestBucketsAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, name := range []string{"aaa", "bbb", "other"} {
		require.Equal(t, 200, w.send("PUT", "/"+name, "").Code)
	}
	first := w.send("GET", "/?max-keys=2", "")
	assert.Contains(t, first.Body.String(), "<Bucket><Name>aaa</Name><CreationDate>")
	assert.Contains(t, first.Body.String(), "<Owner><ID>account</ID><DisplayName>account</DisplayName></Owner>")
	assert.Contains(t, first.Body.String(), "<Name>bbb</Name>")
	assert.NotContains(t, first.Body.String(), "<Name>bucket</Name>")
	assert.Equal(t, "true", first.Header().Get("cf-is-truncated"))
	token := first.Header().Get("cf-next-continuation-token")
	second := w.send("GET", "/?max-keys=1", "", "cf-max-keys: 9", "cf-continuation-token: "+token)
	assert.Contains(t, second.Body.String(), "<Name>bucket</Name>")
	assert.Contains(t, second.Body.String(), "<Name>other</Name>", "headers take precedence")
	assert.NotContains(t, second.Body.String(), "<Name>bbb</Name>")
	prefixed := w.send("GET", "/?prefix=b&start-after=bbb", "")
	assert.Contains(t, prefixed.Body.String(), "<KeyCount>1</KeyCount>")
}

// TestHostsNameBuckets addresses a bucket by host, also one of a jurisdiction.
func TestHostsNameBuckets(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]address{
		"127.0.0.1:8788":                               {},
		"account.r2.cloudflarestorage.com":             {account: "account"},
		"account.r2.cloudflarestorage.com:443":         {account: "account"},
		"b.account.r2.cloudflarestorage.com":           {bucket: "b", account: "account"},
		"account.eu.r2.cloudflarestorage.com":          {account: "account", jurisdiction: "eu"},
		"b.account.eu.r2.cloudflarestorage.com":        {bucket: "b", account: "account", jurisdiction: "eu"},
		"bucket.account.r2.cloudflarestorage.com.evil": {},
	} {
		assert.Equal(t, want, parseHost(host), host)
	}
	w := newWire(t)
	at := func(host, method, target, body string) *httptest.ResponseRecorder {
		r := w.request(method, target, body)
		r.Host = host
		return w.do(sign(r, unsignedPayload))
	}
	require.Equal(t, 200, at("bucket.account.r2.cloudflarestorage.com", "PUT", "/dir/k", "v").Code)
	assert.Equal(t, "v", at("account.r2.cloudflarestorage.com", "GET", "/bucket/dir/k", "").Body.String())
	assert.Equal(t, 404, at("account.eu.r2.cloudflarestorage.com", "GET", "/bucket/dir/k", "").Code)
	refused(t, at("another.r2.cloudflarestorage.com", "GET", "/bucket/dir/k", ""), 401, "Unauthorized", "Unauthorized")
}

// TestMetadataMayBeUnicode decodes RFC 2047 on the way in, encodes it on the way out and counts what has no header.
func TestMetadataMayBeUnicode(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	require.Equal(t, 200, w.send("PUT", "/bucket/k", "v", "x-amz-meta-name: =?UTF-8?B?xYHDs2TFug==?=").Code)
	id := BucketID{Account: "account", Name: "bucket"}
	object, err := w.s3.Store.Head(id, "k")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"name": "Łódź"}, object.CustomMetadata)

	_, err = w.s3.Store.Put(id, "k", Body{Reader: strings.NewReader("v")}, PutOptions{
		CustomMetadata: map[string]string{"plain": "a", "value": "Łódź", "schlüssel": "b", "two words": "c"},
	})
	require.NoError(t, err)
	got := w.send("GET", "/bucket/k", "").Header()
	assert.Equal(t, "a", got.Get("x-amz-meta-plain"))
	assert.Equal(t, "=?utf-8?q?=C5=81=C3=B3d=C5=BA?=", got.Get("x-amz-meta-value"))
	assert.Equal(t, "2", got.Get("x-amz-missing-meta"))
	assert.Equal(t, "application/octet-stream", got.Get("Content-Type"))
}

// TestMetadataIsMerged is R2's own metadata directive.
func TestMetadataIsMerged(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	require.Equal(t, 200, w.send("PUT", "/bucket/from", "v", "Content-Type: text/plain", "Cache-Control: no-store",
		"x-amz-meta-kept: 1", "x-amz-meta-changed: 1").Code)
	require.Equal(t, 200, w.send("PUT", "/bucket/to", "", "x-amz-copy-source: bucket/from", "Cache-Control: max-age=1",
		"x-amz-metadata-directive: MERGE", "x-amz-meta-changed: 2", "Expires: Sun, 09 Sep 2001 01:46:40 GMT").Code)
	got := w.send("GET", "/bucket/to", "").Header()
	assert.Equal(t, "text/plain", got.Get("Content-Type"))
	assert.Equal(t, "max-age=1", got.Get("Cache-Control"))
	assert.Equal(t, "Sun, 09 Sep 2001 01:46:40 GMT", got.Get("Expires"))
	assert.Equal(t, "1", got.Get("x-amz-meta-kept"))
	assert.Equal(t, "2", got.Get("x-amz-meta-changed"))
}

// TestCopiesObeyConditionsOnTheirDestination is R2's own, too.
func TestCopiesObeyConditionsOnTheirDestination(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	require.Equal(t, 200, w.send("PUT", "/bucket/from", "v").Code)
	once := func() int {
		return w.send("PUT", "/bucket/to", "", "x-amz-copy-source: bucket/from",
			"cf-copy-destination-if-none-match: *").Code
	}
	assert.Equal(t, 200, once())
	assert.Equal(t, 412, once())
}

// TestListsHaveOddEdges is "list edge cases match real R2".
func TestListsHaveOddEdges(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, key := range []string{"ls/a", "ls/sub/c"} {
		require.Equal(t, 200, w.send("PUT", "/bucket/"+key, "v").Code)
	}
	zero := w.send("GET", "/bucket?prefix=ls/&max-keys=0", "").Body.String()
	assert.Contains(t, zero, "<IsTruncated>true</IsTruncated>")
	assert.Contains(t, zero, "<MaxKeys>0</MaxKeys>")
	assert.NotContains(t, zero, "<Contents>")
	assert.Contains(t, w.send("GET", "/bucket?max-keys=1.5", "").Body.String(), "<MaxKeys>1</MaxKeys>")
	assert.Contains(t, w.send("GET", "/bucket?max-keys=5000", "").Body.String(), "<MaxKeys>5000</MaxKeys>")
	for _, bad := range []string{"", "Infinity", "-1", "NaN"} {
		assert.Equal(t, 400, w.send("GET", "/bucket?max-keys="+bad, "").Code, bad)
	}
	encoded := w.send("GET", "/bucket?list-type=2&prefix=ls/sub&encoding-type=url", "").Body.String()
	assert.Contains(t, encoded, "<Key>ls%2Fsub%2Fc</Key>")
	assert.Contains(t, encoded, "<Prefix>ls%2Fsub</Prefix>")
	assert.NotContains(t, encoded, "<Owner>")
	owned := w.send("GET", "/bucket?list-type=2&fetch-owner=true", "").Body.String()
	assert.Contains(t, owned, "<Owner><ID>account</ID>")
}

// TestBatchesAreReadStrictly is "DeleteObjects validates Quiet but ignores it" and "rejects malformed XML".
func TestBatchesAreReadStrictly(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	quiet := w.send("POST", "/bucket?delete", "<Delete><Quiet>true</Quiet><Object><Key>k</Key></Object></Delete>")
	assert.Equal(t, 200, quiet.Code)
	assert.Contains(t, quiet.Body.String(), "<Deleted><Key>k</Key></Deleted>")
	many := "<Delete>" + strings.Repeat("<Object><Key>k</Key></Object>", 1001) + "</Delete>"
	for _, body := range []string{
		"", "<Delete>", "<wat/>", "<Delete></Delete>", "<Delete><Object></Object></Delete>", many,
		"<Delete><Quiet>maybe</Quiet><Object><Key>k</Key></Object></Delete>",
		"<Delete><Object><Key>k</Key></Object></Delete><more/>",
	} {
		refused(t, w.send("POST", "/bucket?delete", body), 400, "MalformedXML", errMalformedXML.Message)
	}
	sum := md5.Sum([]byte("other"))
	wrong := w.send("POST", "/bucket?delete", "<Delete><Object><Key>k</Key></Object></Delete>",
		"Content-MD5: "+base64.StdEncoding.EncodeToString(sum[:]))
	assert.Contains(t, wrong.Body.String(), "<Code>BadDigest</Code>")
}

// TestCompletionsAreReadStrictly is "multipart error cases".
func TestCompletionsAreReadStrictly(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for body, code := range map[string]string{
		"<wat/>": "MalformedXML", "<CompleteMultipartUpload></CompleteMultipartUpload>": "MalformedXML",
		complete("abc"): "MalformedXML", complete("1.5"): "MalformedXML", complete("0"): "InvalidPart",
		complete("10001"): "InvalidPart", complete("1"): "NoSuchUpload",
	} {
		got := w.send("POST", "/bucket/k?uploadId=none", body)
		assert.Contains(t, got.Body.String(), "<Code>"+code+"</Code>", body)
	}
	id := BucketID{Account: "account", Name: "bucket"}
	upload, err := w.s3.Store.CreateUpload(id, "k", UploadOptions{})
	require.NoError(t, err)
	twice := strings.Replace(complete("1"), "</Part>", "</Part><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>", 1)
	refused(t, w.send("POST", "/bucket/k?uploadId="+upload.ID, twice), 400, "InvalidPart",
		"There was a problem with the multipart upload.")
}

func complete(number string) string {
	return "<CompleteMultipartUpload><Part><PartNumber>" + number +
		`</PartNumber><ETag>"e"</ETag></Part></CompleteMultipartUpload>`
}

// TestUploadsAreListedInPages goes through uploads one at a time, also by prefix.
func TestUploadsAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	id := BucketID{Account: "account", Name: "bucket"}
	var want []string
	for _, key := range []string{"a", "b", "b", "d/1", "d/2"} {
		upload, err := w.s3.Store.CreateUpload(id, key, UploadOptions{})
		require.NoError(t, err)
		want = append(want, upload.ID)
	}
	var seen strings.Builder
	target := "/bucket?uploads&max-uploads=1"
	for range want {
		page := w.send("GET", target, "").Body.String()
		seen.WriteString(page)
		target = "/bucket?uploads&max-uploads=1&key-marker=" + between(page, "NextKeyMarker") + "&upload-id-marker=" +
			between(page, "NextUploadIdMarker")
	}
	for _, upload := range want {
		assert.Equal(t, 1, strings.Count(seen.String(), "<UploadId>"+upload+"</UploadId>"))
	}
	folded := w.send("GET", "/bucket?uploads&delimiter=/", "").Body.String()
	assert.Equal(t, 1, strings.Count(folded, "<CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>"))
	assert.Equal(t, 3, strings.Count(folded, "<Upload>"))
	rest := w.send("GET", "/bucket?uploads&delimiter=/&key-marker=d/", "").Body.String()
	assert.NotContains(t, rest, "<CommonPrefixes>")
}

// between returns the text of the first element of that name.
func between(document, name string) string {
	_, rest, _ := strings.Cut(document, "<"+name+">")
	text, _, _ := strings.Cut(rest, "</"+name+">")
	return text
}

// TestPayloadsAreVerified refuses a body that is not the one signed, in each of the ways to sign one.
func TestPayloadsAreVerified(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	with := func(payload, body string, headers ...string) *http.Request {
		r := w.request("PUT", "/bucket/k", body, headers...)
		return sign(r, payload)
	}
	content := "hello world"
	require.Equal(t, 200, w.do(with(hashHex([]byte(content)), content)).Code)
	refused(t, w.do(with(hashHex([]byte("another")), content)), 400, "XAmzContentSHA256Mismatch",
		errPayloadMismatch.Message)
	get := sign(w.request("DELETE", "/bucket/k", "unexpected"), emptySHA256)
	refused(t, w.do(get), 400, "XAmzContentSHA256Mismatch", errPayloadMismatch.Message)
	assert.Contains(t, w.do(with("whatever", content)).Body.String(), "<Code>InvalidArgument</Code>")

	// A trailer's checksum.
	framed := string(unsignedChunks([]byte(content), 4))
	headers := []string{
		"x-amz-decoded-content-length: 11", "x-amz-trailer: x-amz-checksum-crc32", "Content-Encoding: aws-chunked, gzip",
	}
	put := w.do(with(streamingUnsignedTrailer, framed, headers...))
	require.Equal(t, 200, put.Code, put.Body.String())
	got := w.send("GET", "/bucket/k", "", "x-amz-checksum-mode: ENABLED")
	assert.Equal(t, content, got.Body.String())
	assert.Equal(t, "gzip", got.Header().Get("Content-Encoding"), "the framing is not the object's")
	assert.Equal(t, base64CRC32(crc32.ChecksumIEEE([]byte(content))), got.Header().Get("x-amz-checksum-crc32"))
	assert.Equal(t, "FULL_OBJECT", got.Header().Get("x-amz-checksum-type"))
	spoilt := strings.Replace(framed, "hell", "hall", 1)
	assert.Contains(t, w.do(with(streamingUnsignedTrailer, spoilt, headers...)).Body.String(), "<Code>BadDigest</Code>")
	headers[1] = "x-amz-trailer: x-amz-checksum-sha1"
	assert.Contains(t, w.do(with(streamingUnsignedTrailer, framed, headers...)).Body.String(), "MalformedTrailerError")
	headers[0] = "x-amz-decoded-content-length: 12"
	headers[1] = "x-amz-trailer: x-amz-checksum-crc32"
	refused(t, w.do(with(streamingUnsignedTrailer, framed, headers...)), 400, "IncompleteBody",
		ErrIncompleteBody.Message)
	refused(t, w.do(with(streamingUnsignedTrailer, framed)), 411, "MissingContentLength",
		ErrMissingContentLength.Message)

	unknown := with(unsignedPayload, content)
	unknown.ContentLength = -1
	refused(t, w.do(unknown), 411, "MissingContentLength", ErrMissingContentLength.Message)
}

// TestLargeRefusedUploadsGetTheirAnswer sends more than a connection holds to someone who stopped listening.
func TestLargeRefusedUploadsGetTheirAnswer(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	server := httptest.NewServer(w.s3)
	t.Cleanup(server.Close)
	for range 10 {
		body := bytes.NewReader(make([]byte, 8<<20))
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/bucket/k", body)
		require.NoError(t, err)
		response, err := server.Client().Do(request)
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadRequest, response.StatusCode)
		require.NoError(t, response.Body.Close())
	}
}
