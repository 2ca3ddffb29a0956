// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// route is a Worker route as the API shows it.
type route struct{ ID, Pattern, Script string }

func TestRoutesAreCreatedReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const path = zone + "/workers/routes"
	empty := c.server.Dump()
	var made, got route
	c.must(http.MethodPost, path, object{"pattern": "example.com/api/*"}, &made)
	assert.Empty(t, made.Script, "a route may keep Workers off")
	c.upload("hello", hello, nil)
	c.must(http.MethodPut, path+"/"+made.ID, object{"pattern": "*.example.com/*", "script": "hello"}, nil)
	c.must(http.MethodGet, path+"/"+made.ID, nil, &got)
	assert.Equal(t, route{made.ID, "*.example.com/*", "hello"}, got)
	var list []route
	c.must(http.MethodGet, path, nil, &list)
	assert.Equal(t, []route{got}, list)
	c.must(http.MethodGet, path+"?page=2", nil, &list)
	assert.Empty(t, list)
	c.must(http.MethodDelete, path+"/"+made.ID, nil, nil)
	c.refused(http.StatusNotFound, 10009, http.MethodDelete, path+"/"+made.ID, nil)
	c.refused(http.StatusNotFound, 10009, http.MethodPut, path+"/"+made.ID, object{"pattern": "example.com/*"})
	c.must(http.MethodDelete, scripts+"hello", nil, nil)
	assert.Equal(t, empty, c.server.Dump())
}

func TestRoutesThatCannotBe(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const path = zone + "/workers/routes"
	c.must(http.MethodPost, path, object{"pattern": "example.com/*"}, nil)
	c.refused(http.StatusConflict, 10020, http.MethodPost, path, object{"pattern": "example.com/*"})
	c.refused(http.StatusBadRequest, 10019, http.MethodPost, path, object{"pattern": "example.com/a", "script": "none"})
	for _, pattern := range []string{
		"", "example.org/*", "badexample.com/*", "*ample.com/*", "example.com/*/x", "a.*.example.com",
	} {
		c.refused(http.StatusBadRequest, 10022, http.MethodPost, path, object{"pattern": pattern})
	}
	c.refused(http.StatusBadRequest, 10026, http.MethodPost, path, "{")
}

func TestAScriptsRoutesAreReplacedInAllZones(t *testing.T) {
	t.Parallel()
	const other = "00000000000000000000000000000001"
	c := start(t, &emulator.Server{Zones: []emulator.Zone{
		{ID: emulator.DefaultZoneID, Name: "example.com", AccountID: emulator.DefaultAccountID},
		{ID: other, Name: "example.org", AccountID: emulator.DefaultAccountID},
	}})
	c.upload("hello", hello, nil)
	c.upload("rival", hello, nil)
	put := func(routes ...object) []route {
		var got []route
		c.must(http.MethodPut, scripts+"hello/routes", routes, nil)
		c.must(http.MethodGet, account+"/workers/services/hello/environments/production/routes", nil, &got)
		return got
	}
	c.refused(http.StatusNotFound, 10090, http.MethodGet,
		account+"/workers/services/none/environments/production/routes", nil)
	first := put(object{"pattern": "example.com/*", "zone_name": "example.com"}, object{"pattern": "a.example.org/*"})
	require.Len(t, first, 2)
	second := put(object{"pattern": "example.com/*", "zone_id": emulator.DefaultZoneID})
	require.Len(t, second, 1)
	assert.Contains(t, first, second[0], "a route that stays keeps its id")
	c.must(http.MethodPost, zone+"/workers/routes", object{"pattern": "example.com/r", "script": "rival"}, nil)
	before := c.server.Dump()
	c.refused(http.StatusConflict, 10020, http.MethodPut, scripts+"hello/routes", []object{{"pattern": "example.com/r"}})
	c.refused(http.StatusBadRequest, 10022, http.MethodPut, scripts+"hello/routes", []object{{"pattern": "example.net/"}})
	assert.Equal(t, before, c.server.Dump())
	assert.Empty(t, put())
}

func TestDNSRecordsAreCreatedReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const path = zone + "/dns_records"
	empty := c.server.Dump()
	type record struct {
		ID, Name, Type, Content, Comment string
		Proxied, Proxiable               bool
		TTL                              int
	}
	var made, got record
	c.must(http.MethodPost, path, object{
		"name": "api", "type": "AAAA", "content": "100::", "proxied": true, "comment": "why",
	}, &made)
	want := record{made.ID, "api.example.com", "AAAA", "100::", "why", true, true, 1}
	assert.Equal(t, want, made)
	c.must(http.MethodGet, path+"/"+made.ID, nil, &got)
	assert.Equal(t, want, got)
	c.must(http.MethodPatch, path+"/"+made.ID, object{"proxied": false, "ttl": 300}, &got)
	want.Proxied, want.TTL = false, 300
	assert.Equal(t, want, got)
	got = record{}
	c.must(http.MethodPut, path+"/"+made.ID, object{"name": "@", "type": "TXT", "content": "v=1"}, &got)
	assert.Equal(t, record{ID: made.ID, Name: "example.com", Type: "TXT", Content: "v=1", TTL: 1}, got)
	c.must(http.MethodDelete, path+"/"+made.ID, nil, nil)
	assert.Equal(t, empty, c.server.Dump())
	c.refused(http.StatusNotFound, 81044, http.MethodDelete, path+"/"+made.ID, nil)
}

func TestDNSRecordsThatCannotBe(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const path = zone + "/dns_records"
	add := func(name, kind, content string) object {
		return object{"name": name, "type": kind, "content": content}
	}
	c.must(http.MethodPost, path, add("a", "A", "192.0.2.1"), nil)
	c.must(http.MethodPost, path, add("a", "A", "192.0.2.2"), nil)
	c.refused(http.StatusBadRequest, 81058, http.MethodPost, path, add("a", "A", "192.0.2.1"))
	c.refused(http.StatusBadRequest, 81053, http.MethodPost, path, add("a", "CNAME", "example.org"))
	c.refused(http.StatusBadRequest, 9005, http.MethodPost, path, add("b", "A", "100::"))
	c.refused(http.StatusBadRequest, 9006, http.MethodPost, path, add("b", "AAAA", "192.0.2.1"))
	c.refused(http.StatusBadRequest, 9004, http.MethodPost, path,
		object{"name": "b", "type": "TXT", "content": "x", "proxied": true})
}

func TestDNSRecordsAreFiltered(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const path = zone + "/dns_records"
	c.must(http.MethodPost, path, object{"name": "a", "type": "A", "content": "192.0.2.1", "proxied": true}, nil)
	c.must(http.MethodPost, path, object{"name": "b", "type": "AAAA", "content": "100::", "comment": "mine"}, nil)
	for query, want := range map[string]int{
		"":                                  2,
		"?name=a.example.com":               1,
		"?name.exact=A.example.com":         1,
		"?name.startswith=b":                1,
		"?type=A":                           1,
		"?content=100::":                    1,
		"?comment.contains=in":              1,
		"?proxied=true":                     1,
		"?type=A&content=100::":             0,
		"?type=A&content=100::&match=any":   2,
		"?page=2":                           0,
		"?per_page=1":                       1,
		"?order=type&direction=desc&page=1": 2,
	} {
		var got []struct{ Name string }
		c.must(http.MethodGet, path+query, nil, &got)
		assert.Len(t, got, want, query)
	}
}

func TestCustomDomainsComeWithARecord(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const path = account + "/workers/domains"
	empty := c.server.Dump()
	type domain struct {
		ID, Hostname, Service, Environment string
		ZoneID                             string `json:"zone_id"`
	}
	c.refused(http.StatusNotFound, 10007, http.MethodPut, path, object{"hostname": "app.example.com", "service": "hello"})
	c.upload("hello", hello, nil)
	c.upload("other", hello, nil)
	var made, moved domain
	c.must(http.MethodPut, path, object{"hostname": "App.example.com", "service": "hello"}, &made)
	assert.Equal(t, domain{made.ID, "app.example.com", "hello", "production", emulator.DefaultZoneID}, made)
	var records []struct{ Content string }
	c.must(http.MethodGet, zone+"/dns_records?name=app.example.com", nil, &records)
	assert.Len(t, records, 1)
	c.must(http.MethodPut, path, object{"hostname": "app.example.com", "service": "other"}, &moved)
	assert.Equal(t, made.ID, moved.ID)
	var list []domain
	c.must(http.MethodGet, path+"?service=hello", nil, &list)
	assert.Empty(t, list)
	c.must(http.MethodGet, path+"?hostname=app.example.com", nil, &list)
	assert.Equal(t, []domain{moved}, list)
	c.must(http.MethodGet, path+"/"+made.ID, nil, nil)
	c.must(http.MethodGet, path+"/records/"+made.ID, nil, nil)
	c.refused(http.StatusBadRequest, 100115, http.MethodPut, path, object{"hostname": "a.example.org", "service": "hello"})
	c.must(http.MethodDelete, path+"/"+made.ID, nil, nil)
	c.refused(http.StatusNotFound, 100114, http.MethodDelete, path+"/"+made.ID, nil)
	c.refused(http.StatusNotFound, 100114, http.MethodGet, path+"/"+made.ID, nil)
	c.must(http.MethodDelete, scripts+"hello", nil, nil)
	c.must(http.MethodDelete, scripts+"other", nil, nil)
	assert.Equal(t, empty, c.server.Dump(), "the record goes with the domain")
}

func TestTakingOverHostNamesNeedsTheOption(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, nil)
	c.upload("rival", hello, nil)
	c.must(http.MethodPut, account+"/workers/domains", object{"hostname": "rival.example.com", "service": "rival"}, nil)
	c.must(http.MethodPut, account+"/workers/domains", object{"hostname": "old.example.com", "service": "hello"}, nil)
	c.must(http.MethodPost, zone+"/dns_records", object{"name": "dns", "type": "A", "content": "192.0.2.1"}, nil)
	origins := []object{
		{"hostname": "rival.example.com"}, {"hostname": "dns.example.com"}, {"hostname": "new.example.com"},
	}
	var changes struct{ Added, Removed, Updated, Conflicting []struct{ Hostname string } }
	c.must(http.MethodPost, scripts+"hello/domains/changeset?replace_state=true", origins, &changes)
	require.Len(t, changes.Added, 1)
	require.Len(t, changes.Removed, 1)
	require.Len(t, changes.Updated, 1)
	require.Len(t, changes.Conflicting, 1)
	assert.Equal(t, "old.example.com", changes.Removed[0].Hostname)
	assert.Equal(t, "dns.example.com", changes.Conflicting[0].Hostname)

	const path = scripts + "hello/domains/records"
	before := c.server.Dump()
	c.refused(http.StatusConflict, 100116, http.MethodPut, path,
		object{"override_existing_dns_record": true, "origins": origins})
	c.refused(http.StatusConflict, 100117, http.MethodPut, path,
		object{"override_existing_origin": true, "origins": origins})
	c.refused(http.StatusConflict, 100117, http.MethodPut, account+"/workers/domains",
		object{"hostname": "dns.example.com", "service": "hello"})
	assert.Equal(t, before, c.server.Dump())
	c.must(http.MethodPut, path, object{
		"override_existing_dns_record": true, "override_existing_origin": true, "origins": origins,
	}, nil)
	var list []struct{ Hostname string }
	c.must(http.MethodGet, account+"/workers/domains?service=hello", nil, &list)
	assert.Len(t, list, 3)
}
