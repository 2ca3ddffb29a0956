// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
)

const filesBucket = account + "/r2/buckets/files"

// watch is a clock that a test sets.
type watch struct {
	mu  sync.Mutex
	now time.Time
}

func (w *watch) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *watch) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// bucketed is a server with an empty bucket, and a client of its S3 endpoint.
func bucketed(t *testing.T) (*client, *s3.Client, *watch) {
	t.Helper()
	clock := &watch{now: time.Now().Truncate(time.Second)} // by which the SDK signs
	c := start(t, &emulator.Server{Now: clock.time})
	c.must(http.MethodPost, account+"/r2/buckets", object{"name": "files"}, nil)
	web := httptest.NewServer(c.server.S3())
	t.Cleanup(web.Close)
	id, key := c.server.R2Credential()
	return c, s3.New(s3.Options{
		BaseEndpoint: aws.String(web.URL), Region: "auto", UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: key}, nil
		}),
	}), clock
}

func (c *client) put(key string) {
	c.t.Helper()
	c.must(http.MethodPut, filesBucket+"/objects/"+key, "content of "+key, nil)
}

func (c *client) has(key string) bool {
	c.t.Helper()
	return c.send(http.MethodGet, filesBucket+"/objects/"+key, nil).Status == http.StatusOK
}

func rules(list ...object) object {
	if list == nil {
		list = []object{}
	}
	return object{"rules": list}
}

func TestSettingsOfABucketAreKeptAndGone(t *testing.T) {
	t.Parallel()
	c, _, _ := bucketed(t)
	empty := c.server.Dump()
	c.refused(http.StatusNotFound, 10059, http.MethodGet, filesBucket+"/cors", nil)
	c.refused(http.StatusNotFound, 10006, http.MethodGet, account+"/r2/buckets/none/cors", nil)
	c.refused(http.StatusNotFound, 10006, http.MethodPut, account+"/r2/buckets/none/lock", rules())
	assert.JSONEq(t, `{"rules":[{"id":"Default Multipart Abort Rule","enabled":true,"conditions":{},
		"abortMultipartUploadsTransition":{"condition":{"type":"Age","maxAge":604800}}}]}`,
		string(c.must(http.MethodGet, filesBucket+"/lifecycle", nil, nil).Result))

	cors := rules(object{"id": "a", "allowed": object{"origins": []string{"*"}, "methods": []string{"GET"}}})
	lifecycle := rules(object{"id": "a", "enabled": true, "conditions": object{}, "deleteObjectsTransition": object{
		"condition": object{"type": "Date", "date": "2027-01-01T00:00:00Z"},
	}})
	lock := rules(object{"id": "a", "enabled": true, "prefix": "x/", "condition": object{"type": "Indefinite"}})
	for kind, want := range map[string]object{"cors": cors, "lifecycle": lifecycle, "lock": lock} {
		c.must(http.MethodPut, filesBucket+"/"+kind, want, nil)
		var got object
		c.must(http.MethodGet, filesBucket+"/"+kind, nil, &got)
		assert.Len(t, got["rules"], 1, kind)
	}
	c.must(http.MethodPut, filesBucket+"/lifecycle", rules(object{
		"id": "Default Multipart Abort Rule", "enabled": true, "conditions": object{},
		"abortMultipartUploadsTransition": object{"condition": object{"type": "Age", "maxAge": 604800}},
	}), nil)
	c.must(http.MethodPut, filesBucket+"/lock", rules(), nil)
	c.must(http.MethodDelete, filesBucket+"/cors", nil, nil)
	assert.Equal(t, empty, c.server.Dump())
	c.must(http.MethodDelete, filesBucket, nil, nil)
}

func TestWrongSettingsOfABucketAreRefused(t *testing.T) {
	t.Parallel()
	c, _, _ := bucketed(t)
	before := c.server.Dump()
	age := object{"condition": object{"type": "Age", "maxAge": 60}}
	for path, bodies := range map[string][]any{
		"cors": {
			"{", rules(object{"allowed": object{"origins": []string{}, "methods": []string{"GET"}}}),
			rules(object{"allowed": object{"origins": []string{"*"}, "methods": []string{"PATCH"}}}),
			rules(object{"allowed": object{"origins": []string{"*"}, "methods": []string{"GET"}}, "maxAgeSeconds": 86401}),
		},
		"lifecycle": {
			rules(object{"enabled": true, "deleteObjectsTransition": age}), rules(object{"id": "a", "enabled": true}),
			rules(object{"id": "a", "deleteObjectsTransition": age}, object{"id": "a", "deleteObjectsTransition": age}),
			rules(object{"id": "a", "deleteObjectsTransition": object{"condition": object{"type": "Age"}}}),
			rules(object{"id": "a", "storageClassTransitions": []object{
				{"condition": age["condition"], "storageClass": "Standard"},
			}}),
			rules(object{"id": "a", "abortMultipartUploadsTransition": object{
				"condition": object{"type": "Date", "date": "2027-01-01T00:00:00Z"},
			}}),
		},
		"lock": {
			rules(object{"id": "a", "enabled": true, "condition": object{"type": "Date"}}),
			rules(object{"id": "", "enabled": true, "condition": object{"type": "Indefinite"}}),
			rules(object{"id": "a", "enabled": true, "condition": object{"type": "Never"}}),
		},
		"domains/managed": {object{}},
	} {
		for _, body := range bodies {
			c.refused(http.StatusBadRequest, 10040, http.MethodPut, filesBucket+"/"+path, body)
		}
	}
	zone := emulator.DefaultZoneID
	for _, body := range []object{
		{"domain": "files.example.com"},
		{"domain": "files.example.net", "zoneId": zone, "enabled": true},
		{"domain": "files.example.com", "zoneId": strings.Repeat("0", 32)},
		{"domain": "files.example.com", "zoneId": zone, "minTLS": "2"},
	} {
		c.refused(http.StatusBadRequest, 10040, http.MethodPost, filesBucket+"/domains/custom", body)
	}
	c.refused(http.StatusNotFound, 10015, http.MethodGet, filesBucket+"/domains/custom/a.example.com", nil)
	c.refused(http.StatusNotFound, 10015, http.MethodDelete, filesBucket+"/domains/custom/a.example.com", nil)
	assert.Equal(t, before, c.server.Dump())
}

func TestLockedObjectsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	c, objects, clock := bucketed(t)
	for _, key := range []string{"age/a", "date/a", "ever/a", "off/a", "free"} {
		c.put(key)
	}
	c.must(http.MethodPut, filesBucket+"/lock", rules(
		object{"id": "1", "enabled": true, "prefix": "age/", "condition": object{"type": "Age", "maxAgeSeconds": 3600}},
		object{"id": "2", "enabled": true, "prefix": "date/", "condition": object{
			"type": "Date", "date": clock.time().Add(2 * time.Hour),
		}},
		object{"id": "3", "enabled": true, "prefix": "ever/", "condition": object{"type": "Indefinite"}},
		object{"id": "4", "enabled": false, "prefix": "off/", "condition": object{"type": "Indefinite"}},
	), nil)
	locked := func(keys ...string) {
		t.Helper()
		for _, key := range keys {
			c.refused(http.StatusConflict, 10069, http.MethodDelete, filesBucket+"/objects/"+key, nil)
			c.refused(http.StatusConflict, 10069, http.MethodPut, filesBucket+"/objects/"+key, "other")
			assert.Equal(t, "content of "+key, c.send(http.MethodGet, filesBucket+"/objects/"+key, nil).Body)
		}
	}
	locked("age/a", "date/a", "ever/a")
	c.put("ever/new")
	_, err := objects.DeleteObject(t.Context(), &s3.DeleteObjectInput{
		Bucket: aws.String("files"), Key: aws.String("ever/a"),
	})
	refusal, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, err)
	assert.Equal(t, "ObjectLockedByBucketPolicy", refusal.ErrorCode())
	for _, key := range []string{"off/a", "free"} {
		c.must(http.MethodDelete, filesBucket+"/objects/"+key, nil, nil)
	}
	clock.pass(time.Hour)
	locked("date/a", "ever/a")
	c.must(http.MethodDelete, filesBucket+"/objects/age/a", nil, nil)
	clock.pass(time.Hour)
	locked("ever/a")
	c.must(http.MethodDelete, filesBucket+"/objects/date/a", nil, nil)
}

func TestLifecycleRulesAreAppliedInTime(t *testing.T) {
	t.Parallel()
	c, _, clock := bucketed(t)
	for _, key := range []string{"logs/a", "locked/a", "cold/a", "kept"} {
		c.put(key)
	}
	id := r2.BucketID{Account: emulator.DefaultAccountID, Name: "files"}
	_, err := c.server.R2.CreateUpload(id, "unfinished", r2.UploadOptions{})
	require.NoError(t, err)
	unfinished := func() int {
		list, err := c.server.R2.Uploads(id)
		require.NoError(t, err)
		return len(list)
	}
	after := func(seconds int) object { return object{"condition": object{"type": "Age", "maxAge": seconds}} }
	day := object{"type": "Date", "date": clock.time().Add(12 * time.Hour)}
	c.must(http.MethodPut, filesBucket+"/lock", rules(
		object{"id": "1", "enabled": true, "prefix": "locked/", "condition": object{"type": "Indefinite"}},
	), nil)
	c.must(http.MethodPut, filesBucket+"/lifecycle", rules(
		object{"id": "1", "enabled": true, "conditions": object{"prefix": "logs/"}, "deleteObjectsTransition": after(3600)},
		object{"id": "2", "enabled": true, "conditions": object{"prefix": "locked/"}, "deleteObjectsTransition": after(60)},
		object{"id": "3", "enabled": true, "conditions": object{"prefix": "cold/"}, "storageClassTransitions": []object{
			{"condition": day, "storageClass": "InfrequentAccess"},
		}},
		object{"id": "4", "enabled": true, "conditions": object{}, "abortMultipartUploadsTransition": after(7200)},
		object{"id": "5", "enabled": false, "conditions": object{}, "deleteObjectsTransition": after(1)},
	), nil)
	clock.pass(time.Hour - time.Second)
	require.NoError(t, c.server.Tick(t.Context()))
	assert.True(t, c.has("logs/a"))
	clock.pass(time.Second)
	require.NoError(t, c.server.Tick(t.Context()))
	assert.False(t, c.has("logs/a"))
	assert.True(t, c.has("locked/a"), "a lock takes precedence")
	assert.True(t, c.has("kept"))
	assert.Equal(t, 1, unfinished())
	class := func() string {
		return c.send(http.MethodGet, filesBucket+"/objects/cold/a", nil).Header.Get("Cf-R2-Storage-Class")
	}
	assert.Equal(t, "Standard", class())
	clock.pass(11 * time.Hour)
	require.NoError(t, c.server.Tick(t.Context()))
	assert.Equal(t, "InfrequentAccess", class())
	assert.Zero(t, unfinished())
}

func TestPagesOfOtherOriginsSeeWhatTheRulesAllow(t *testing.T) {
	t.Parallel()
	c, objects, _ := bucketed(t)
	c.put("a.txt")
	var managed struct{ Domain string }
	c.must(http.MethodPut, filesBucket+"/domains/managed", object{"enabled": true}, &managed)
	signed, err := s3.NewPresignClient(objects).PresignGetObject(t.Context(), &s3.GetObjectInput{
		Bucket: aws.String("files"), Key: aws.String("a.txt"),
	})
	require.NoError(t, err)
	at, err := url.Parse(signed.URL)
	require.NoError(t, err)
	s3Handler, front := c.server.S3(), c.server.FrontDoor()
	// Both doors, asked by a page of the origin.
	ask := func(t *testing.T, method, origin string, headers ...string) []*httptest.ResponseRecorder {
		t.Helper()
		var answers []*httptest.ResponseRecorder
		for _, door := range []struct {
			http.Handler

			host, target string
		}{{s3Handler, at.Host, at.RequestURI()}, {front, managed.Domain, "/a.txt"}} {
			r := httptest.NewRequestWithContext(t.Context(), method, door.target, nil)
			r.Host = door.host
			r.Header.Set("Origin", origin)
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			answer := httptest.NewRecorder()
			door.ServeHTTP(answer, r)
			answers = append(answers, answer)
		}
		return answers
	}
	const allowed = "Access-Control-Allow-Origin"
	for _, got := range ask(t, http.MethodGet, "https://a.example.com") {
		assert.Equal(t, http.StatusOK, got.Code, got.Body)
		assert.Empty(t, got.Header().Get(allowed), "without rules")
	}
	c.must(http.MethodPut, filesBucket+"/cors", rules(
		object{
			"allowed": object{
				"origins": []string{"https://*.example.com"}, "methods": []string{"GET", "PUT"}, "headers": []string{"X-One"},
			},
			"exposeHeaders": []string{"ETag"}, "maxAgeSeconds": 60,
		},
		object{"allowed": object{"origins": []string{"*"}, "methods": []string{"GET"}}},
	), nil)
	for _, got := range ask(t, http.MethodGet, "https://a.example.com") {
		assert.Equal(t, "https://a.example.com", got.Header().Get(allowed))
		assert.Equal(t, "ETag", got.Header().Get("Access-Control-Expose-Headers"))
		assert.Equal(t, "Origin", got.Header().Get("Vary"))
		assert.Equal(t, "content of a.txt", got.Body.String())
	}
	for _, got := range ask(t, http.MethodGet, "https://other.test") {
		assert.Equal(t, "*", got.Header().Get(allowed))
	}
	const method, header = "Access-Control-Request-Method", "Access-Control-Request-Headers"
	for _, got := range ask(t, http.MethodOptions, "https://a.example.com", method, "PUT", header, "x-one") {
		assert.Equal(t, http.StatusNoContent, got.Code, got.Body)
		assert.Equal(t, "GET, PUT", got.Header().Get("Access-Control-Allow-Methods"))
		assert.Equal(t, "x-one", got.Header().Get("Access-Control-Allow-Headers"))
		assert.Equal(t, "60", got.Header().Get("Access-Control-Max-Age"))
	}
	for _, wrong := range [][]string{{method, "DELETE"}, {method, "PUT", header, "x-two"}} {
		for _, got := range ask(t, http.MethodOptions, "https://a.example.com", wrong...) {
			assert.Equal(t, http.StatusForbidden, got.Code, "%v", wrong)
			assert.Empty(t, got.Header().Get(allowed))
		}
	}
	for _, got := range ask(t, http.MethodOptions, "https://other.test", method, "PUT") {
		assert.Equal(t, http.StatusForbidden, got.Code)
	}
}

func TestAPublicBucketIsReadAtItsAddresses(t *testing.T) {
	t.Parallel()
	c, _, _ := bucketed(t)
	c.put("dir/a%20b.txt")
	front := c.server.FrontDoor()
	get := func(method, host, path string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		r.Host = host
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer := httptest.NewRecorder()
		front.ServeHTTP(answer, r)
		return answer
	}
	const path = "/dir/a%20b.txt"
	var managed struct {
		Domain  string
		Enabled bool
	}
	c.must(http.MethodGet, filesBucket+"/domains/managed", nil, &managed)
	assert.False(t, managed.Enabled)
	closed := http.StatusServiceUnavailable // there is no runtime that could say that nothing is there
	assert.Equal(t, closed, get(http.MethodGet, managed.Domain, path).Code)
	c.must(http.MethodPut, filesBucket+"/domains/managed", object{"enabled": true}, &managed)
	custom := object{"domain": "files.example.com", "zoneId": emulator.DefaultZoneID, "enabled": true, "minTLS": "1.2"}
	c.must(http.MethodPost, filesBucket+"/domains/custom", custom, nil)
	for _, host := range []string{managed.Domain, managed.Domain + ".localhost:8787", "files.example.com"} {
		got := get(http.MethodGet, host, path)
		assert.Equal(t, http.StatusOK, got.Code, host)
		assert.Equal(t, "content of dir/a%20b.txt", got.Body.String())
		assert.Empty(t, get(http.MethodHead, host, path).Body.String())
		assert.Equal(t, "tent", get(http.MethodGet, host, path, "Range", "bytes=3-6").Body.String())
		same := get(http.MethodGet, host, path, "If-None-Match", got.Header().Get("Etag"))
		assert.Equal(t, http.StatusNotModified, same.Code)
		assert.Equal(t, http.StatusNotFound, get(http.MethodGet, host, "/dir/").Code)
		assert.Equal(t, http.StatusNotFound, get(http.MethodGet, host, "/").Code)
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPost} {
			assert.Equal(t, http.StatusMethodNotAllowed, get(method, host, path).Code)
		}
	}
	c.must(http.MethodPost, account+"/r2/buckets", object{"name": "more"}, nil)
	c.refused(http.StatusConflict, 10040, http.MethodPost, account+"/r2/buckets/more/domains/custom", custom)
	c.must(http.MethodPut, filesBucket+"/domains/custom/files.example.com", object{"enabled": false}, nil)
	assert.Equal(t, closed, get(http.MethodGet, "files.example.com", path).Code)
	var domains struct {
		Domains []struct {
			Domain, MinTLS, ZoneName string
			Enabled                  bool
			Status                   struct{ SSL string }
		}
	}
	c.must(http.MethodGet, filesBucket+"/domains/custom", nil, &domains)
	require.Len(t, domains.Domains, 1)
	assert.Equal(t, "1.2 example.com active", domains.Domains[0].MinTLS+" "+domains.Domains[0].ZoneName+" "+
		domains.Domains[0].Status.SSL)
	c.must(http.MethodDelete, filesBucket+"/domains/custom/files.example.com", nil, nil)
	c.must(http.MethodPut, filesBucket+"/domains/managed", object{"enabled": false}, nil)
	assert.Equal(t, closed, get(http.MethodGet, managed.Domain, path).Code)
}
