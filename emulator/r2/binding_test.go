// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// worker is a client of the binding, as workerd is one (src/workerd/api/r2-rpc.c++).
type worker struct {
	t       *testing.T
	binding Binding
}

// newWorker has an empty bucket, at a time of the test's choosing.
func newWorker(t *testing.T) worker {
	t.Helper()
	store := &Store{Now: func() time.Time { return time.UnixMilli(1700000000123) }}
	_, err := store.CreateBucket("account", Bucket{Name: "bucket"})
	require.NoError(t, err)
	return worker{t, Binding{Store: store, Account: "account", Bucket: "bucket"}}
}

// result is an answer taken apart.
type result struct {
	status  int
	message map[string]any
	content string
	v4code  int
	error   string
}

// read sends a request in a header.
func (w worker) read(request string) result {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "https://fake-host/", nil)
	r.Header.Set("cf-r2-request", request)
	return w.do(r)
}

// write sends a request before its content.
func (w worker) write(request, content string) result {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPut, "https://fake-host/",
		strings.NewReader(request+content))
	r.Header.Set("cf-r2-metadata-size", strconv.Itoa(len(request)))
	return w.do(r)
}

func (w worker) do(r *http.Request) result {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.binding.ServeHTTP(recorder, r)
	answer := recorder.Result()
	body, err := io.ReadAll(answer.Body)
	require.NoError(w.t, err)
	require.NoError(w.t, answer.Body.Close())
	out := result{status: answer.StatusCode}
	if size := answer.Header.Get("cf-r2-metadata-size"); size != "" {
		n, err := strconv.Atoi(size)
		require.NoError(w.t, err)
		require.NoError(w.t, json.Unmarshal(body[:n], &out.message))
		out.content = string(body[n:])
		assert.Equal(w.t, strconv.Itoa(len(body)), answer.Header.Get("Content-Length"))
	}
	if header := answer.Header.Get("cf-r2-error"); header != "" {
		var refusal struct {
			Version, V4Code int
			Message         string
		}
		require.NoError(w.t, json.Unmarshal([]byte(header), &refusal))
		assert.Equal(w.t, 1, refusal.Version)
		out.v4code, out.error = refusal.V4Code, refusal.Message
	}
	return out
}

// put writes an object and returns its description.
func (w worker) put(key, content string) map[string]any {
	w.t.Helper()
	got := w.write(fmt.Sprintf(`{"version":1,"method":"put","object":%q}`, key), content)
	require.Equal(w.t, 200, got.status, got.error)
	return got.message
}

// TestBindingPutsAndGets carries everything about an object there and back.
func TestBindingPutsAndGets(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	put := w.write(`{"version":1,"method":"put","object":"dir/k","customFields":[{"k":"ключ","v":"значение"}],`+
		`"httpFields":{"contentType":"text/plain","cacheExpiry":"1000000000000"},"sha1":`+
		`"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d","storageClass":"InfrequentAccess"}`, "hello")
	require.Equal(t, 200, put.status, put.error)
	version := put.message["version"]
	assert.Len(t, version, 32)
	want := map[string]any{
		"name": "dir/k", "version": version, "size": 5.0, "etag": "5d41402abc4b2a76b9719d911017c592",
		"uploaded": 1700000000123.0, "storageClass": "InfrequentAccess",
		"httpFields":   map[string]any{"contentType": "text/plain", "cacheExpiry": 1000000000000.0},
		"customFields": []any{map[string]any{"k": "ключ", "v": "значение"}},
		"checksums": map[string]any{
			"0": "5d41402abc4b2a76b9719d911017c592", "1": "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
		},
	}
	assert.Equal(t, want, put.message)

	want["range"] = map[string]any{"offset": 0.0, "length": 5.0}
	head := w.read(`{"version":1,"method":"head","object":"dir/k"}`)
	assert.Equal(t, want, head.message)
	get := w.read(`{"version":1,"method":"get","object":"dir/k"}`)
	assert.Equal(t, want, get.message)
	assert.Equal(t, "hello", get.content)
}

// TestBindingReadsRanges takes ranges as workerd sends them: 64-bit numbers are strings.
func TestBindingReadsRanges(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	w.put("k", "0123456789")
	for request, want := range map[string]string{
		`"range":{"offset":"2","length":"3"}`:   "234",
		`"range":{"offset":"8","length":"99"}`:  "89",
		`"range":{"length":"2"}`:                "01",
		`"range":{"offset":"0"}`:                "0123456789",
		`"range":{"suffix":"4"}`:                "6789",
		`"rangeHeader":"bytes=1-2"`:             "12",
		`"rangeHeader":" Bytes = 7 - "`:         "789",
		`"rangeHeader":"bytes=-1"`:              "9",
		`"rangeHeader":"bytes=20-30"`:           "0123456789",
		`"rangeHeader":"bytes=1-2,4-5"`:         "0123456789",
		`"rangeHeader":"bytes=2-1"`:             "0123456789",
		`"rangeHeader":"furlongs=1-2"`:          "0123456789",
		`"range":{"offset":3,"length":1}`:       "3",
		`"onlyIf":{},"range":{"suffix":"9999"}`: "0123456789",
	} {
		got := w.read(`{"method":"get","object":"k",` + request + `}`)
		assert.Equal(t, want, got.content, request)
		span, ok := got.message["range"].(map[string]any)
		require.True(t, ok, request)
		assert.InDelta(t, len(want), span["length"], 0, request)
	}
	for _, request := range []string{
		`"range":{"offset":"10"}`, `"range":{"length":"0"}`, `"range":{"suffix":"0"}`, `"range":{"offset":"11"}`,
	} {
		assert.Equal(t, 10039, w.read(`{"method":"get","object":"k",`+request+`}`).v4code, request)
	}
}

// TestBindingObeysConditions describes the object whose condition failed, when reading.
func TestBindingObeysConditions(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	etag := w.put("k", "v")["etag"]
	is := fmt.Sprintf(`[{"type":"strong","value":%q}]`, etag)
	for conditions, status := range map[string]int{
		`{"etagMatches":` + is + `}`:                                        200,
		`{"etagMatches":[{"type":"wildcard"}]}`:                             200,
		`{"etagMatches":[{"type":"strong","value":"x"}]}`:                   412,
		`{"etagMatches":[{"type":"weak","value":"` + etag.(string) + `"}]}`: 412,
		`{"etagDoesNotMatch":` + is + `}`:                                   412,
		`{"etagDoesNotMatch":[{"type":"wildcard"}]}`:                        412,
		`{"uploadedBefore":"1700000000123"}`:                                412,
		`{"uploadedBefore":"1700000000124"}`:                                200,
		`{"uploadedAfter":"1700000000122"}`:                                 200,
		`{"uploadedAfter":"1700000000122","secondsGranularity":true}`:       412,
	} {
		got := w.read(`{"method":"get","object":"k","onlyIf":` + conditions + `}`)
		assert.Equal(t, status, got.status, conditions)
		assert.Equal(t, etag, got.message["etag"], conditions)
		if status == 412 {
			assert.Equal(t, 10031, got.v4code)
			assert.Empty(t, got.content)
		}
	}
	onlyNew := `"onlyIf":{"etagDoesNotMatch":[{"type":"wildcard"}]}`
	assert.Equal(t, 412, w.write(`{"method":"put","object":"k",`+onlyNew+`}`, "x").status)
	assert.Equal(t, 200, w.write(`{"method":"put","object":"new",`+onlyNew+`}`, "x").status)
}

// TestBindingRefusesAsTheV4API has the numbers of https://developers.cloudflare.com/r2/api/error-codes/.
func TestBindingRefusesAsTheV4API(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	for _, test := range []struct {
		got    result
		status int
		v4code int
	}{
		{w.read(`{"method":"head","object":"none"}`), 404, 10007},
		{w.read(`{"method":"get","object":"none"}`), 404, 10007},
		{w.read(`{`), 400, 10029},
		{w.read(`{"method":"put","object":"k"}`), 501, 10001},
		{w.write(`{"method":"get","object":"k"}`, ""), 501, 10001},
		{w.read(`{"method":"list","limit":1001}`), 400, 10022},
		{w.read(`{"method":"list","limit":0}`), 400, 10022},
		{w.write(`{"method":"put","object":""}`, "x"), 400, 10020},
		{w.write(`{"method":"put","object":"k","md5":"AAAAAAAAAAAAAAAAAAAAAA=="}`, "x"), 400, 10037},
		{w.write(`{"method":"put","object":"k","sha256":"zz"}`, "x"), 400, 10029},
		{w.write(`{"method":"put","object":"k","storageClass":"Lukewarm"}`, "x"), 400, 10029},
		{w.write(`{"method":"put","object":"k","ssec":{"key":"00"}}`, "x"), 501, 10001},
		{w.write(`{"method":"uploadPart","object":"k","uploadId":"x","partNumber":1}`, "x"), 404, 10024},
		{w.write(`{"method":"completeMultipartUpload","object":"k","uploadId":"x","parts":[]}`, ""), 404, 10024},
		{w.write(`{"method":"abortMultipartUpload","object":"k","uploadId":"x"}`, ""), 404, 10024},
	} {
		assert.Equal(t, test.status, test.got.status, test.got.error)
		assert.Equal(t, test.v4code, test.got.v4code, test.got.error)
		assert.NotEmpty(t, test.got.error)
	}
	gone := w
	gone.binding.Bucket = "none"
	assert.Equal(t, 10006, gone.read(`{"method":"list"}`).v4code)
}

// TestBindingLists pages, folds, and tells metadata only on request.
func TestBindingLists(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	for _, key := range []string{"a", "b/1", "b/2", "c"} {
		require.Equal(t, 200, w.write(`{"method":"put","object":"`+key+`","httpFields":{"contentType":"x/y"}}`, "").status)
	}
	page := w.read(`{"method":"list","delimiter":"/","limit":2,"newRuntime":true}`).message
	assert.Equal(t, []any{"b/"}, page["delimitedPrefixes"])
	assert.Equal(t, true, page["truncated"])
	objects, ok := page["objects"].([]any)
	require.True(t, ok)
	require.Len(t, objects, 1)
	assert.NotContains(t, objects[0], "httpFields")
	assert.NotContains(t, objects[0], "customFields")

	rest := w.read(fmt.Sprintf(`{"method":"list","delimiter":"/","cursor":%q,"newRuntime":true,"include":[0]}`,
		page["cursor"])).message
	assert.Equal(t, false, rest["truncated"])
	assert.NotContains(t, rest, "cursor")
	objects, ok = rest["objects"].([]any)
	require.True(t, ok)
	require.Len(t, objects, 1)
	object, ok := objects[0].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, "c", object["name"])
	assert.Equal(t, map[string]any{"contentType": "x/y"}, object["httpFields"])
	assert.NotContains(t, object, "customFields")
	after := w.read(`{"method":"list","startAfter":"b/2","prefix":""}`).message
	assert.Len(t, after["objects"], 1)
}

// TestBindingListsFewerWithMetadata gives a Worker that counts on a full page less than that.
func TestBindingListsFewerWithMetadata(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	for i := range 101 {
		w.put(fmt.Sprintf("%03d", i), "")
	}
	page := w.read(`{"method":"list","include":[1],"newRuntime":true}`).message
	assert.Len(t, page["objects"], 100)
	assert.Equal(t, true, page["truncated"])
	assert.Len(t, w.read(`{"method":"list","newRuntime":true}`).message["objects"], 101)
}

// TestBindingDeletes takes one key or many, there or not.
func TestBindingDeletes(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	for _, key := range []string{"a", "b", "c"} {
		w.put(key, "v")
	}
	assert.Equal(t, 200, w.write(`{"method":"delete","object":"a"}`, "").status)
	assert.Equal(t, 200, w.write(`{"method":"delete","objects":["b","none"]}`, "").status)
	page := w.read(`{"method":"list"}`).message
	assert.Len(t, page["objects"], 1)
}

// TestBindingUploadsParts begins, continues and completes an upload, and may abort it as often as it likes.
func TestBindingUploadsParts(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	begun := w.write(`{"method":"createMultipartUpload","object":"k","httpFields":{"contentType":"x/y"}}`, "")
	require.Equal(t, 200, begun.status)
	id, ok := begun.message["uploadId"].(string)
	require.True(t, ok)
	part := w.write(fmt.Sprintf(`{"method":"uploadPart","object":"k","uploadId":%q,"partNumber":1}`, id), "content")
	require.Equal(t, 200, part.status)
	done := w.write(fmt.Sprintf(`{"method":"completeMultipartUpload","object":"k","uploadId":%q,`+
		`"parts":[{"etag":%q,"part":1}]}`, id, part.message["etag"]), "")
	require.Equal(t, 200, done.status, done.error)
	assert.Regexp(t, "^[0-9a-f]{32}-1$", done.message["etag"])
	assert.Empty(t, done.message["checksums"], "an object in parts has no MD5")
	assert.Equal(t, "content", w.read(`{"method":"get","object":"k"}`).content)
	for range 2 {
		abort := w.write(fmt.Sprintf(`{"method":"abortMultipartUpload","object":"k","uploadId":%q}`, id), "")
		assert.Equal(t, 200, abort.status)
	}
	assert.Equal(t, "content", w.read(`{"method":"get","object":"k"}`).content, "aborting undid a completed upload")
}

// TestBothSidesSeeOneStore writes by the binding and reads over S3, and the other way round.
func TestBothSidesSeeOneStore(t *testing.T) {
	t.Parallel()
	over := newWire(t)
	w := worker{t, Binding{Store: over.s3.Store, Account: "account", Bucket: "bucket"}}
	require.Equal(t, 200, w.write(`{"method":"put","object":"k","customFields":[{"k":"a","v":"1"}]}`, "binding").status)
	got := over.send("GET", "/bucket/k", "")
	assert.Equal(t, "binding", got.Body.String())
	assert.Equal(t, "1", got.Header().Get("x-amz-meta-a"))
	require.Equal(t, 200, over.send("PUT", "/bucket/k", "s3").Code)
	assert.Equal(t, "s3", w.read(`{"method":"get","object":"k"}`).content)
}
