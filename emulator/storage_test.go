// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

const namespaces = account + "/storage/kv/namespaces"

// namespace makes a KV namespace and returns its path.
func (c *client) namespace(title string) string {
	c.t.Helper()
	var got struct{ ID string }
	c.must(http.MethodPost, namespaces, object{"title": title}, &got)
	return namespaces + "/" + got.ID
}

func TestNamespacesAreCreatedReadRenamedAndDeleted(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	empty := c.server.Dump()
	path := c.namespace("cache")
	var got struct {
		Title    string
		Encoding bool `json:"supports_url_encoding"`
	}
	c.must(http.MethodGet, path, nil, &got)
	assert.Equal(t, "cache", got.Title)
	assert.True(t, got.Encoding)
	c.refused(http.StatusBadRequest, 10014, http.MethodPost, namespaces, object{"title": "cache"})
	c.refused(http.StatusBadRequest, 10019, http.MethodPost, namespaces, object{"title": ""})
	c.refused(http.StatusBadRequest, 10012, http.MethodPost, namespaces, "{")
	c.must(http.MethodPut, path, object{"title": "cache"}, nil)
	c.must(http.MethodPut, path, object{"title": "store"}, nil)
	c.namespace("cache")
	c.refused(http.StatusBadRequest, 10014, http.MethodPut, path, object{"title": "cache"})
	var list []struct{ ID, Title string }
	c.must(http.MethodGet, namespaces+"?order=title&direction=desc", nil, &list)
	require.Len(t, list, 2)
	assert.Equal(t, "store", list[0].Title)
	c.must(http.MethodGet, namespaces+"?per_page=1&page=3", nil, &list)
	assert.Empty(t, list)
	c.must(http.MethodGet, namespaces, nil, &list)
	for _, ns := range list {
		c.must(http.MethodDelete, namespaces+"/"+ns.ID, nil, nil)
	}
	c.refused(http.StatusNotFound, 10013, http.MethodGet, path, nil)
	c.refused(http.StatusNotFound, 10013, http.MethodDelete, path, nil)
	assert.Equal(t, empty, c.server.Dump())
}

func TestValuesAreBytesWithMetadata(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	path := c.namespace("cache")
	const key = "/values/a%2Fb%3F%20%C3%A9"
	c.must(http.MethodPut, path+key, "\x00plain", nil)
	assert.Equal(t, "\x00plain", c.send(http.MethodGet, path+key, nil).Body)
	c.must(http.MethodPut, path+key, form{{"value", "", "v"}, {"metadata", "", `{"a":1}`}}, nil)
	assert.Equal(t, "v", c.send(http.MethodGet, path+key, nil).Body)
	got := c.must(http.MethodGet, path+strings.Replace(key, "values", "metadata", 1), nil, nil)
	assert.JSONEq(t, `{"a":1}`, string(got.Result))
	var keys []struct {
		Name     string
		Metadata map[string]int
	}
	c.must(http.MethodGet, path+"/keys?prefix=", nil, &keys)
	require.Len(t, keys, 1)
	assert.Equal(t, "a/b? é", keys[0].Name)
	assert.Equal(t, map[string]int{"a": 1}, keys[0].Metadata)
	c.must(http.MethodDelete, path+key, nil, nil)
	c.must(http.MethodDelete, path+key, nil, nil)
	c.refused(http.StatusNotFound, 10009, http.MethodGet, path+key, nil)
	c.refused(http.StatusNotFound, 10009, http.MethodGet, path+"/metadata/none", nil)
	c.refused(http.StatusBadRequest, 10012, http.MethodPut, path+key, form{{"metadata", "", "{}"}})
	c.refused(http.StatusBadRequest, 10012, http.MethodPut, path+key, form{{"value", "", "v"}, {"metadata", "", "{"}})
	c.refused(http.StatusBadRequest, 10033, http.MethodPut, path+"/values/"+strings.Repeat("k", 513), "v")
}

func TestValuesExpire(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	now.Store(1_000_000)
	c := start(t, &emulator.Server{Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	path := c.namespace("cache")
	c.must(http.MethodPut, path+"/values/ttl?expiration_ttl=60", "v", nil)
	c.must(http.MethodPut, path+"/values/at?expiration=1000100", "v", nil)
	c.refused(http.StatusBadRequest, 10034, http.MethodPut, path+"/values/x?expiration_ttl=59", "v")
	c.refused(http.StatusBadRequest, 10034, http.MethodPut, path+"/values/x?expiration=1000001", "v")
	c.refused(http.StatusBadRequest, 10034, http.MethodPut, path+"/values/x?expiration=soon", "v")
	now.Add(59)
	assert.Equal(t, "1000060", c.send(http.MethodGet, path+"/values/ttl", nil).Header.Get("Expiration"))
	now.Add(1)
	c.refused(http.StatusNotFound, 10009, http.MethodGet, path+"/values/ttl", nil)
	var keys []struct{ Name string }
	c.must(http.MethodGet, path+"/keys", nil, &keys)
	require.Len(t, keys, 1)
	assert.Equal(t, "at", keys[0].Name)
}

func TestKeysAreListedByCursor(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	path := c.namespace("cache")
	var pairs []object
	for i := range 25 {
		pairs = append(pairs, object{"key": fmt.Sprintf("k%02d", i), "value": "v"})
	}
	pairs = append(pairs, object{"key": "other", "value": base64.StdEncoding.EncodeToString([]byte{0}), "base64": true})
	c.must(http.MethodPut, path+"/bulk", pairs, nil)
	var names []string
	cursor := ""
	for range 3 {
		var keys []struct{ Name string }
		got := c.must(http.MethodGet, path+"/keys?limit=10&prefix=k&cursor="+cursor, nil, &keys)
		for _, k := range keys {
			names = append(names, k.Name)
		}
		cursor, _ = got.Info["cursor"].(string)
	}
	assert.Empty(t, cursor)
	require.Len(t, names, 25)
	assert.IsIncreasing(t, names)
	c.refused(http.StatusBadRequest, 10012, http.MethodGet, path+"/keys?limit=5", nil)
	assert.Equal(t, "\x00", c.send(http.MethodGet, path+"/values/other", nil).Body)

	got := c.must(http.MethodPost, path+"/bulk/get", object{"keys": []string{"k00", "none"}}, nil)
	assert.JSONEq(t, `{"values":{"k00":"v","none":null}}`, string(got.Result))
	got = c.must(http.MethodPost, path+"/bulk/get", object{"keys": []string{"k00"}, "withMetadata": true}, nil)
	assert.JSONEq(t, `{"values":{"k00":{"value":"v","metadata":null}}}`, string(got.Result))
	c.refused(http.StatusBadRequest, 10029, http.MethodPost, path+"/bulk/get", object{"keys": []string{}})
	c.must(http.MethodPost, path+"/bulk/delete", names[:20], nil)
	c.must(http.MethodDelete, path+"/bulk", names[20:], nil)
	var keys []struct{ Name string }
	c.must(http.MethodGet, path+"/keys", nil, &keys)
	assert.Len(t, keys, 1)
	before := c.server.Dump()
	c.refused(http.StatusBadRequest, 10033, http.MethodPut, path+"/bulk",
		[]object{{"key": "good", "value": "v"}, {"key": "", "value": "v"}})
	assert.Equal(t, before, c.server.Dump(), "a bulk is written whole or not at all")
}

func TestBucketsLiveInTheirJurisdiction(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const path = account + "/r2/buckets"
	empty := c.server.Dump()
	eu := []string{"Cf-R2-Jurisdiction", "eu"}
	type bucket struct {
		Name, Location, Jurisdiction string
		StorageClass                 string `json:"storage_class"`
	}
	var got bucket
	c.must(http.MethodPost, path, object{"name": "files", "locationHint": "weur"}, &got)
	assert.Equal(t, bucket{"files", "WEUR", "default", "Standard"}, got)
	c.must(http.MethodPost, path, object{"name": "files", "storageClass": "InfrequentAccess"}, &got, eu...)
	assert.Equal(t, "eu", got.Jurisdiction)
	c.refused(http.StatusConflict, 10004, http.MethodPost, path, object{"name": "files"})
	c.refused(http.StatusBadRequest, 10005, http.MethodPost, path, object{"name": "F"})
	c.must(http.MethodPatch, path+"/files", nil, &got, "Cf-R2-Storage-Class", "InfrequentAccess")
	assert.Equal(t, bucket{"files", "WEUR", "default", "InfrequentAccess"}, got)
	var list struct{ Buckets []bucket }
	c.must(http.MethodGet, path, nil, &list)
	assert.Len(t, list.Buckets, 1)
	c.must(http.MethodDelete, path+"/files", nil, nil)
	c.refused(http.StatusNotFound, 10006, http.MethodGet, path+"/files", nil)
	c.must(http.MethodGet, path+"/files", nil, nil, eu...)
	c.must(http.MethodDelete, path+"/files", nil, nil, eu...)
	assert.Equal(t, empty, c.server.Dump())
}

func TestBucketsAreListedByCursor(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const path = account + "/r2/buckets"
	for i := range 5 {
		c.must(http.MethodPost, path, object{"name": fmt.Sprintf("bucket-%d", i)}, nil)
	}
	var list struct{ Buckets []struct{ Name string } }
	got := c.must(http.MethodGet, path+"?per_page=3", nil, &list)
	assert.Len(t, list.Buckets, 3)
	got = c.must(http.MethodGet, path+"?per_page=3&cursor="+fmt.Sprint(got.Info["cursor"]), nil, &list)
	assert.Len(t, list.Buckets, 2)
	assert.Empty(t, got.Info["cursor"])
}

func TestObjectsHaveAnyKey(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const path = account + "/r2/buckets/files"
	c.refused(http.StatusNotFound, 10006, http.MethodPut, path+"/objects/a", "body")
	c.must(http.MethodPost, account+"/r2/buckets", object{"name": "files"}, nil)
	for _, key := range []string{"dir/a.txt", "a//b", "..%2Fup", "a%20%C3%A9", "./x"} {
		var put struct{ Key, ETag string }
		c.must(http.MethodPut, path+"/objects/"+key, "body of "+key, &put, "Content-Type", "text/plain",
			"Cache-Control", "no-store")
		assert.NotEmpty(t, put.ETag)
		got := c.send(http.MethodGet, path+"/objects/"+key, nil)
		assert.Equal(t, "body of "+key, got.Body)
		assert.Equal(t, "text/plain", got.Header.Get("Content-Type"))
		assert.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	}
	var list []struct{ Key string }
	got := c.must(http.MethodGet, path+"/objects?per_page=2", nil, &list)
	require.Len(t, list, 2)
	c.must(http.MethodGet, path+"/objects?per_page=9&cursor="+fmt.Sprint(got.Info["cursor"]), nil, &list)
	assert.Len(t, list, 3)
	c.must(http.MethodGet, path+"/objects?prefix=dir/", nil, &list)
	assert.Len(t, list, 1)
	c.refused(http.StatusConflict, 10008, http.MethodDelete, path, nil)
	c.must(http.MethodDelete, path+"/objects/a//b", nil, nil)
	c.refused(http.StatusNotFound, 10007, http.MethodGet, path+"/objects/a//b", nil)
}

func TestAssetsAreSentOnce(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const hash1, hash2 = "17453d0cfb9bacc76d9f30d3cb9ca048", "e6bcb48d59f115391cd3f1b9c765bd34"
	manifest := object{"manifest": object{
		"/index.html": object{"hash": hash1, "size": 2}, "/a/b.txt": object{"hash": hash2, "size": 3},
	}}
	type session struct {
		JWT     string
		Buckets [][]string
	}
	var got session
	c.must(http.MethodPost, scripts+"hello/assets-upload-session", manifest, &got)
	assert.Equal(t, [][]string{{hash1, hash2}}, got.Buckets)
	send := func(hash, data, jwt string) reply {
		file := form{{hash, "text/html", base64.StdEncoding.EncodeToString([]byte(data))}}
		return c.send(http.MethodPost, account+"/workers/assets/upload?base64=true", file, "Authorization", "Bearer "+jwt)
	}
	metadata := func(jwt string) object { return object{"assets": object{"jwt": jwt, "config": object{}}} }
	c.refused(http.StatusBadRequest, 10021, http.MethodPut, scripts+"hello", worker(t, hello, metadata(got.JWT)))
	assert.Equal(t, http.StatusUnauthorized, send(hash1, "hi", emulator.DefaultToken).Status)
	assert.Equal(t, http.StatusBadRequest, send("00000000000000000000000000000000", "hi", got.JWT).Status)
	assert.Equal(t, http.StatusAccepted, send(hash1, "hi", got.JWT).Status)
	last := send(hash2, "bbb", got.JWT)
	assert.Equal(t, http.StatusCreated, last.Status)
	assert.Contains(t, string(last.Result), "jwt")

	c.must(http.MethodPost, scripts+"hello/assets-upload-session", manifest, &got)
	assert.Empty(t, got.Buckets, "nothing is new")
	c.upload("hello", hello, metadata(got.JWT))
	var list []struct {
		HasAssets bool `json:"has_assets"`
	}
	c.must(http.MethodGet, account+"/workers/scripts", nil, &list)
	assert.True(t, list[0].HasAssets)
	c.upload("hello", hello, object{"keep_assets": true})
	c.must(http.MethodGet, account+"/workers/scripts", nil, &list)
	assert.True(t, list[0].HasAssets)
}
