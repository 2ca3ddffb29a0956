// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"encoding/xml"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The multipart operations answer as in cloudflare/workers-sdk
// packages/miniflare/src/workers/r2/s3/operations.worker.ts (MULTIPART_OPERATIONS); the lists, which that lacks, as
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html and API_ListMultipartUploads.html.
var (
	createUploadOperation = operation{
		name: "CreateMultipartUpload", run: (*request).createUpload, refused: writeRefused, writes: true,
		ssec: ssecWrite,
	}
	uploadPartOperation = operation{
		name: "UploadPart", run: (*request).uploadPart, takesBody: true, ssec: ssecWrite,
		refused: slices.Concat(bucketOwner, []string{"x-amz-server-side-encryption"}),
	}
	uploadPartCopyOperation = operation{
		name: "UploadPartCopy", run: (*request).uploadPartCopy, ssec: ssecWrite,
		refused: slices.Concat(bucketOwner, sourceBucketOwner, sourceConditions),
	}
	completeUploadOperation = operation{
		name: "CompleteMultipartUpload", run: (*request).completeUpload, takesBody: true, refused: bucketOwner,
	}
	abortUploadOperation = operation{name: "AbortMultipartUpload", run: (*request).abortUpload}
	listPartsOperation   = operation{name: "ListParts", run: (*request).listParts, refused: bucketOwner}
	listUploadsOperation = operation{name: "ListMultipartUploads", run: (*request).listUploads}
)

type createUploadResult struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
	UploadID string   `xml:"UploadId"`
	Bucket   string
	Key      string
}

func (r *request) createUpload() error {
	class, err := storageClass(r.Header)
	if err != nil {
		return err
	}
	algorithm, err := r.uploadAlgorithm()
	if err != nil {
		return err
	}
	if err := r.createMissingBucket(); err != nil {
		return err
	}
	upload, err := r.store.CreateUpload(r.bucket, r.key, UploadOptions{
		HTTPMetadata:   httpMetadata(r.Header),
		CustomMetadata: customMetadata(r.Header),
		StorageClass:   class,
		Algorithm:      algorithm,
	})
	if err != nil {
		return err
	}
	if algorithm != "" {
		r.w.Header().Set("x-amz-checksum-algorithm", r.Header.Get("X-Amz-Checksum-Algorithm"))
		r.w.Header().Set("x-amz-checksum-type", uploadType(algorithm))
	}
	return r.writeXML(createUploadResult{UploadID: upload.ID, Bucket: r.bucket.Name, Key: r.key})
}

// uploadAlgorithm reads the checksum that the object will have. Which type goes with which algorithm:
// https://developers.cloudflare.com/r2/api/s3/api/#checksum-types.
func (r *request) uploadAlgorithm() (Algorithm, error) {
	name := r.Header.Get("X-Amz-Checksum-Algorithm")
	if name == "" {
		return "", nil
	}
	for _, c := range checksumHeaders {
		if c.name != name {
			continue
		}
		kind := r.Header.Get("X-Amz-Checksum-Type")
		if kind != "" && kind != uploadType(c.algorithm) {
			return "", errHeader("x-amz-checksum-type", kind)
		}
		return c.algorithm, nil
	}
	return "", errHeader("x-amz-checksum-algorithm", name)
}

// uploadType is the type of an algorithm's checksums over parts.
func uploadType(a Algorithm) string { return Object{Parts: []int64{}}.checksumType(a) }

func (r *request) uploadPart() error {
	number, err := r.part()
	if err != nil {
		return err
	}
	body, err := r.upload()
	if err != nil {
		return err
	}
	part, err := r.store.UploadPart(r.bucket, r.key, r.query.Get("uploadId"), number, body)
	if err != nil {
		return err
	}
	r.w.Header().Set("ETag", quote(part.ETag))
	for _, c := range checksumHeaders {
		if sum, ok := part.Checksums[c.algorithm]; ok {
			r.w.Header().Set(c.header, Object{}.checksumText(c.algorithm, sum))
		}
	}
	r.w.WriteHeader(http.StatusOK)
	return nil
}

type copyPartResult struct {
	XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyPartResult"`
	ETag         string
	LastModified xmlTime
}

var copyRange = regexp.MustCompile(`^bytes=(\d+)-(\d+)$`)

func (r *request) uploadPartCopy() error {
	number, err := r.part()
	if err != nil {
		return err
	}
	from, key, err := r.copySource()
	if err != nil {
		return err
	}
	var span Range
	if header := r.Header.Get("X-Amz-Copy-Source-Range"); header != "" {
		groups := copyRange.FindStringSubmatch(header)
		if groups == nil {
			return ErrInvalidArgument.saying("Invalid x-amz-copy-source-range: " + header)
		}
		if span, err = parseSpan(groups[1], groups[2]); err != nil {
			return ErrInvalidArgument.saying("x-amz-copy-source-range must be positive.")
		}
	}
	part, err := r.store.CopyPart(r.bucket, r.key, r.query.Get("uploadId"), number, from, key, span)
	if err != nil {
		return err
	}
	return r.writeXML(copyPartResult{ETag: quote(part.ETag), LastModified: xmlTime(part.Uploaded)})
}

type completeRequest struct {
	XMLName xml.Name        `xml:"CompleteMultipartUpload"`
	Parts   []completedPart `xml:"Part"`
}

type completedPart struct {
	PartNumber *xmlNumber
	ETag       *string
	sums
}

// sums are the checksums of an object or part in a document.
type sums struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
}

// fields returns the checksums by algorithm, to be read or set.
func (s *sums) fields() map[Algorithm]*string {
	return map[Algorithm]*string{
		CRC32: &s.ChecksumCRC32, CRC32C: &s.ChecksumCRC32C, CRC64NVME: &s.ChecksumCRC64NVME,
		SHA1: &s.ChecksumSHA1, SHA256: &s.ChecksumSHA256,
	}
}

type completeResult struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
	Bucket   string
	Key      string
	ETag     string
	Location string
	sums
	ChecksumType string `xml:",omitempty"`
}

func (r *request) completeUpload() error {
	text, err := r.readSmall()
	if err != nil {
		return err
	}
	parts, err := parseComplete(text)
	if err != nil {
		return err
	}
	want, err := r.objectChecksums()
	if err != nil {
		return err
	}
	object, err := r.store.CompleteUpload(r.bucket, r.key, r.query.Get("uploadId"), parts, want)
	if err != nil {
		return err
	}
	result := completeResult{
		Bucket: r.bucket.Name, Key: r.key, ETag: quote(object.ETag),
		Location: "http://" + r.Host + "/" + r.bucket.Name + "/" + uriEncode(r.key),
	}
	for algorithm, field := range result.fields() {
		if sum, ok := object.Checksums[algorithm]; ok {
			*field = object.checksumText(algorithm, sum)
			result.ChecksumType = object.checksumType(algorithm)
		}
	}
	return r.writeXML(result)
}

// parseComplete reads the parts of a CompleteMultipartUpload document. A number out of range is a part that cannot be.
func parseComplete(text []byte) ([]CompletedPart, error) {
	var request completeRequest
	if err := parseXML(text, &request); err != nil {
		return nil, err
	}
	if len(request.Parts) == 0 {
		return nil, errMalformedXML
	}
	parts := make([]CompletedPart, 0, len(request.Parts))
	for _, part := range request.Parts {
		if part.PartNumber == nil || part.ETag == nil {
			return nil, errMalformedXML
		}
		number := int(*part.PartNumber)
		if checkPartNumber(number) != nil {
			return nil, ErrInvalidPart
		}
		checksums := Checksums{}
		for algorithm, field := range part.fields() {
			if *field == "" {
				continue
			}
			sum, err := decodeChecksum(algorithm, *field)
			if err != nil {
				return nil, err
			}
			checksums[algorithm] = sum
		}
		parts = append(parts, CompletedPart{Number: number, ETag: strings.Trim(*part.ETag, `"`), Checksums: checksums})
	}
	return parts, nil
}

// objectChecksums reads the headers with the checksums that the whole object must have; the number of parts may be
// appended.
func (r *request) objectChecksums() (Checksums, error) {
	want := Checksums{}
	for _, c := range checksumHeaders {
		value, _, _ := strings.Cut(r.Header.Get(c.header), "-")
		if value == "" {
			continue
		}
		sum, err := decodeChecksum(c.algorithm, value)
		if err != nil {
			return nil, err
		}
		want[c.algorithm] = sum
	}
	return want, nil
}

func (r *request) abortUpload() error {
	if err := r.store.AbortUpload(r.bucket, r.key, r.query.Get("uploadId")); err != nil {
		return err
	}
	r.w.WriteHeader(http.StatusNoContent)
	return nil
}

type partList struct {
	XMLName              xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListPartsResult"`
	Bucket               string
	Key                  string
	UploadID             string `xml:"UploadId"`
	PartNumberMarker     int
	NextPartNumberMarker int `xml:",omitempty"`
	MaxParts             int
	IsTruncated          bool
	Parts                []partEntry `xml:"Part"`
	Initiator            owner
	Owner                owner
	StorageClass         string
	ChecksumAlgorithm    string `xml:",omitempty"`
	ChecksumType         string `xml:",omitempty"`
}

type partEntry struct {
	PartNumber   int
	LastModified xmlTime
	ETag         string
	Size         int64
	sums
}

func (r *request) listParts() error {
	limit, shown, err := parseLimit(r.query.Get("max-parts"))
	if err != nil {
		return err
	}
	marker := 0
	if text := r.query.Get("part-number-marker"); text != "" {
		if marker, err = strconv.Atoi(text); err != nil || marker < 0 {
			return ErrInvalidArgument.saying("part-number-marker should be a number")
		}
	}
	upload, parts, err := r.store.Parts(r.bucket, r.key, r.query.Get("uploadId"))
	if err != nil {
		return err
	}
	account := owner{ID: r.account, DisplayName: r.account}
	list := partList{
		Bucket: r.bucket.Name, Key: r.key, UploadID: upload.ID, PartNumberMarker: marker, MaxParts: shown,
		Initiator: account, Owner: account, StorageClass: s3StorageClass(upload.StorageClass),
	}
	for _, c := range checksumHeaders {
		if c.algorithm == upload.Algorithm {
			list.ChecksumAlgorithm, list.ChecksumType = c.name, uploadType(c.algorithm)
		}
	}
	for _, part := range parts {
		if part.Number <= marker {
			continue
		}
		if len(list.Parts) == limit {
			list.IsTruncated = true
			break
		}
		list.NextPartNumberMarker = part.Number
		entry := partEntry{
			PartNumber: part.Number, LastModified: xmlTime(part.Uploaded), ETag: quote(part.ETag), Size: part.Size,
		}
		for algorithm, field := range entry.fields() {
			if sum, ok := part.Checksums[algorithm]; ok {
				*field = Object{}.checksumText(algorithm, sum)
			}
		}
		list.Parts = append(list.Parts, entry)
	}
	return r.writeXML(list)
}

type uploadList struct {
	XMLName            xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListMultipartUploadsResult"`
	Bucket             string
	KeyMarker          string
	UploadIDMarker     string `xml:"UploadIdMarker"`
	NextKeyMarker      string `xml:",omitempty"`
	NextUploadIDMarker string `xml:"NextUploadIdMarker,omitempty"`
	Prefix             string
	Delimiter          string `xml:",omitempty"`
	MaxUploads         int
	IsTruncated        bool
	Uploads            []uploadEntry `xml:"Upload"`
	CommonPrefixes     []prefixEntry
	EncodingType       string `xml:",omitempty"`
}

type uploadEntry struct {
	Key          string
	UploadID     string `xml:"UploadId"`
	Initiator    owner
	Owner        owner
	StorageClass string
	Initiated    xmlTime
}

// listUploads lists uploads by key, those of one key by start. The list goes on after the upload named by both markers,
// or after all of the key if the upload is not named.
func (r *request) listUploads() error {
	encode, err := r.encoding()
	if err != nil {
		return err
	}
	limit, shown, err := parseLimit(r.query.Get("max-uploads"))
	if err != nil {
		return err
	}
	uploads, err := r.store.Uploads(r.bucket)
	if err != nil {
		return err
	}
	prefix, delimiter := r.query.Get("prefix"), r.query.Get("delimiter")
	keyMarker, idMarker := r.query.Get("key-marker"), r.query.Get("upload-id-marker")
	list := uploadList{
		Bucket: r.bucket.Name, KeyMarker: encode(keyMarker), UploadIDMarker: idMarker, Prefix: encode(prefix),
		Delimiter: encode(delimiter), MaxUploads: shown, EncodingType: r.query.Get("encoding-type"),
	}
	account := owner{ID: r.account, DisplayName: r.account}
	for _, upload := range afterMarkers(uploads, keyMarker, idMarker) {
		if !strings.HasPrefix(upload.Key, prefix) {
			continue
		}
		folded, isFolded := fold(upload.Key, prefix, delimiter)
		last := len(list.CommonPrefixes) - 1
		if isFolded && (folded == keyMarker || last >= 0 && list.CommonPrefixes[last].Prefix == encode(folded)) {
			continue
		}
		if len(list.Uploads)+len(list.CommonPrefixes) == limit {
			list.IsTruncated = true
			break
		}
		if isFolded {
			list.CommonPrefixes = append(list.CommonPrefixes, prefixEntry{encode(folded)})
			list.NextKeyMarker, list.NextUploadIDMarker = encode(folded), ""
			continue
		}
		list.Uploads = append(list.Uploads, uploadEntry{
			Key: encode(upload.Key), UploadID: upload.ID, Initiator: account, Owner: account,
			StorageClass: s3StorageClass(upload.StorageClass), Initiated: xmlTime(upload.Started),
		})
		list.NextKeyMarker, list.NextUploadIDMarker = encode(upload.Key), upload.ID
	}
	if !list.IsTruncated {
		list.NextKeyMarker, list.NextUploadIDMarker = "", ""
	}
	return r.writeXML(list)
}

// afterMarkers drops the uploads up to the markers.
func afterMarkers(uploads []Upload, key, id string) []Upload {
	if key == "" {
		return uploads
	}
	named := slices.IndexFunc(uploads, func(u Upload) bool { return u.Key == key && u.ID == id })
	if named >= 0 {
		return uploads[named+1:]
	}
	return slices.DeleteFunc(uploads, func(u Upload) bool { return u.Key <= key })
}
