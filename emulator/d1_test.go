// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

const databases = account + "/d1/database"

// database makes a D1 database and returns its id.
func (c *client) database(name string) string {
	c.t.Helper()
	var got struct{ UUID string }
	c.must(http.MethodPost, databases, object{"name": name}, &got)
	return got.UUID
}

// sql runs SQL on a database and returns the rows of the last statement as JSON.
func (c *client) sql(id, text string, params ...any) string {
	c.t.Helper()
	var got []struct {
		Success bool
		Results json.RawMessage
	}
	c.must(http.MethodPost, databases+"/"+id+"/query", object{"sql": text, "params": params}, &got)
	for _, result := range got {
		assert.True(c.t, result.Success)
	}
	return string(got[len(got)-1].Results)
}

// d1 is a binding to a database.
func d1(name, id string) object { return object{"type": "d1", "name": name, "id": id} }

func TestDatabasesAreCreatedReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	var calls atomic.Int64
	c := start(t, &emulator.Server{Now: func() time.Time { return now.Add(time.Duration(calls.Add(1)) * time.Second) }})
	empty := c.server.Dump()
	type database struct {
		UUID, Name, Version string
		Created             time.Time `json:"created_at"`
		Jurisdiction        *string
		NumTables           *int              `json:"num_tables"`
		FileSize            *int              `json:"file_size"`
		Region              string            `json:"running_in_region"`
		CreatedIn           string            `json:"created_in_region"`
		Replication         map[string]string `json:"read_replication"`
	}
	var made, got database
	c.must(http.MethodPost, databases, object{"name": "App", "primary_location_hint": "weur"}, &made)
	assert.Equal(t, "WEUR", made.CreatedIn)
	assert.Equal(t, map[string]string{"mode": "disabled"}, made.Replication)
	path := databases + "/" + made.UUID
	for _, by := range []string{path, databases + "/App"} {
		got = database{}
		c.must(http.MethodGet, by, nil, &got)
		assert.Equal(t, []string{made.UUID, "App", "production"}, []string{got.UUID, got.Name, got.Version})
		assert.Equal(t, "WEUR", got.Region)
		assert.Equal(t, made.Created, got.Created)
		assert.Nil(t, got.Jurisdiction)
		require.NotNil(t, got.NumTables)
		assert.Zero(t, *got.NumTables)
	}
	short := c.must(http.MethodGet, databases+"/App?fields=uuid,name", nil, nil)
	assert.JSONEq(t, `{"uuid":"`+made.UUID+`","name":"App"}`, string(short.Result))
	short = c.must(http.MethodGet, databases+"/App?fields=name&fields=version", nil, nil)
	assert.JSONEq(t, `{"name":"App","version":"production"}`, string(short.Result))

	mode := func(m string) object { return object{"read_replication": object{"mode": m}} }
	c.must(http.MethodPut, path, mode("auto"), &got)
	assert.Equal(t, "auto", got.Replication["mode"])
	c.must(http.MethodPatch, path, object{}, &got)
	assert.Equal(t, "auto", got.Replication["mode"], "what is not named stays")
	c.must(http.MethodPatch, path, mode("disabled"), &got)
	assert.Equal(t, "disabled", got.Replication["mode"])
	c.refused(http.StatusBadRequest, 7400, http.MethodPatch, path, mode("manual"))
	c.refused(http.StatusBadRequest, 7400, http.MethodPut, path, object{})

	var eu database
	c.must(http.MethodPost, databases, object{
		"name": "other", "jurisdiction": "eu", "primary_location_hint": "apac", "read_replication": object{"mode": "auto"},
	}, &eu)
	require.NotNil(t, eu.Jurisdiction)
	assert.Equal(t, []string{"eu", "WEUR", "auto"}, []string{*eu.Jurisdiction, eu.Region, eu.Replication["mode"]})
	for _, wrong := range []any{
		object{}, object{"name": "x", "jurisdiction": "mars"}, object{"name": "x", "primary_location_hint": "WEUR"}, "{",
	} {
		c.refused(http.StatusBadRequest, 7400, http.MethodPost, databases, wrong)
	}
	c.refused(http.StatusBadRequest, 7502, http.MethodPost, databases, object{"name": "App"})

	names := func(query string) (names []string) {
		var list []database
		reply := c.must(http.MethodGet, databases+query, nil, &list)
		assert.InDelta(t, 2, reply.Info["total_count"], 1)
		for _, d := range list {
			names = append(names, d.Name)
			assert.Nil(t, d.FileSize, "lists do not have it")
		}
		return names
	}
	assert.Equal(t, []string{"App", "other"}, names(""), "oldest first")
	assert.Equal(t, []string{"other"}, names("?name=OTH"))
	assert.Equal(t, []string{"other"}, names("?per_page=1&page=2"))
	assert.Empty(t, names("?per_page=1&page=3"))
	assert.Contains(t, c.server.Dump(), `d1 "App" jurisdiction "" region WEUR read replication disabled`)

	c.refused(http.StatusNotImplemented, 7000, http.MethodPost, path+"/query", object{"sql": "SELECT 1"})
	c.refused(http.StatusNotImplemented, 7000, http.MethodPost, path+"/export", object{"output_format": "polling"})
	c.refused(http.StatusNotImplemented, 7000, http.MethodPost, path+"/import", object{"action": "poll"})
	c.refused(http.StatusNotImplemented, 7000, http.MethodGet, path+"/time_travel/bookmark", nil)
	c.must(http.MethodDelete, path, nil, nil)
	c.must(http.MethodDelete, databases+"/"+eu.UUID, nil, nil)
	missing := c.refused(http.StatusNotFound, 7404, http.MethodDelete, path, nil)
	assert.Equal(t, "The database "+made.UUID+" could not be found", missing.Errors[0].Message)
	c.refused(http.StatusNotFound, 7404, http.MethodGet, databases+"/App", nil)
	c.refused(http.StatusBadRequest, 7400, http.MethodPost, databases+"/App/query", object{"sql": "SELECT 1"})
	assert.Equal(t, empty, c.server.Dump())
}

func TestADatabaseMustExistToBeBound(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	id := c.database("app")
	c.upload("hello", hello, object{"bindings": []object{d1("DB", id)}})
	c.upload("hello", hello, object{"bindings": []object{{"type": "d1", "name": "DB", "database_id": id}}})
	assert.Contains(t, c.server.Dump(), `binding {"database_id":"app","id":"app","name":"DB","type":"d1"}`)
	c.must(http.MethodDelete, databases+"/"+id, nil, nil)
	refused := c.refused(http.StatusBadRequest, 10181, http.MethodPut, scripts+"hello",
		worker(t, hello, object{"bindings": []object{d1("DB", id)}}))
	assert.Contains(t, refused.Errors[0].Message, "D1 binding 'DB' references database '"+id+"'")
}

func TestQueriesAndWorkersShareADatabase(t *testing.T) {
	t.Parallel()
	c, get := run(t, &emulator.Server{})
	id := c.database("app")
	path := databases + "/" + id
	var results []struct {
		Success bool
		Results []map[string]any
		Meta    map[string]any
	}
	c.must(http.MethodPost, path+"/query", object{
		"sql": "CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t (v) VALUES ('a;b'), (2); SELECT * FROM t; -- end",
	}, &results)
	require.Len(t, results, 3)
	assert.InDelta(t, 2, results[1].Meta["changes"], 0)
	assert.Equal(t, true, results[1].Meta["changed_db"])
	assert.Equal(t, []map[string]any{{"id": 1.0, "v": "a;b"}, {"id": 2.0, "v": 2.0}}, results[2].Results)
	raw := c.must(http.MethodPost, path+"/raw", object{
		"sql": "SELECT v, id AS v FROM t WHERE id = ?", "params": []any{"2"},
	}, nil)
	assert.Contains(t, string(raw.Result), `"results":{"columns":["v","v"],"rows":[[2,2]]}`)
	c.must(http.MethodPost, path+"/query", object{"batch": []object{
		{"sql": "INSERT INTO t (v) VALUES (?), (?)", "params": []any{true, nil}}, {"sql": "SELECT 1; SELECT 2"},
	}}, &results)
	assert.Len(t, results, 3)
	var info struct {
		Tables int `json:"num_tables"`
		Size   int `json:"file_size"`
	}
	c.must(http.MethodGet, path, nil, &info)
	assert.Equal(t, 1, info.Tables)
	assert.Positive(t, info.Size)

	wrong := c.refused(http.StatusBadRequest, 7500, http.MethodPost, path+"/query",
		object{"sql": "DELETE FROM t; SELECT * FROM nowhere"})
	assert.Equal(t, "no such table: nowhere: SQLITE_ERROR", wrong.Errors[0].Message)
	c.refused(http.StatusBadRequest, 7500, http.MethodPost, path+"/query", object{"sql": " -- nothing"})
	wrong = c.refused(http.StatusBadRequest, 7400, http.MethodPost, path+"/query",
		object{"sql": "SELECT ?; SELECT ?", "params": []any{1}})
	assert.Contains(t, wrong.Errors[0].Message, "params with multiple statements is not supported")
	c.refused(http.StatusBadRequest, 7400, http.MethodPost, path+"/query",
		object{"sql": "SELECT ?", "params": []any{object{}}})
	c.refused(http.StatusBadRequest, 7400, http.MethodPost, path+"/query", "{")

	c.upload("hello", `export default { async fetch(request, { DB }) {
		const { results } = await DB.prepare("SELECT v FROM t").all();
		await DB.prepare("INSERT INTO t (v) VALUES ('by the Worker')").run();
		return Response.json(results.map((row) => row.v));
	} }`, object{"bindings": []object{d1("DB", id)}})
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": true}, nil)
	assert.JSONEq(t, `["a;b",2,1,null]`, get("http://hello.emulator.workers.dev/"))
	assert.JSONEq(t, `[{"v":"by the Worker"}]`, c.sql(id, "SELECT v FROM t WHERE id = ?", 5))
	other := c.database("other")
	c.refused(http.StatusBadRequest, 7500, http.MethodPost, databases+"/"+other+"/query", object{"sql": "SELECT * FROM t"})

	c.must(http.MethodDelete, path, nil, nil)
	c.refused(http.StatusNotFound, 7404, http.MethodPost, path+"/query", object{"sql": "SELECT 1"})
	assert.Contains(t, get("http://hello.emulator.workers.dev/"), "1101", "the Worker throws")
}

func TestFilesAreImportedAndExported(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	c, _ := run(t, &emulator.Server{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	id := c.database("app")
	path := databases + "/" + id
	etag := func(text string) string {
		sum := md5.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	type started struct {
		Filename string
		URL      string `json:"upload_url"`
	}
	type finished struct {
		Success bool
		Status  string
		Error   string
		Errors  []string
		Result  struct {
			Queries int    `json:"num_queries"`
			URL     string `json:"signed_url"`
			Meta    struct {
				Written int `json:"rows_written"`
			}
		}
	}
	at := func(url string) string {
		t.Helper()
		require.True(t, strings.HasPrefix(url, c.url+"/"), url)
		return strings.TrimPrefix(url, c.url)
	}
	load := func(upload, claimed string) (got finished) {
		t.Helper()
		var begun started
		c.must(http.MethodPost, path+"/import", object{"action": "init", "etag": etag(claimed)}, &begun)
		put := c.send(http.MethodPut, at(begun.URL), upload, "Authorization", "")
		require.Equal(t, http.StatusOK, put.Status, put.Body)
		assert.Equal(t, `"`+etag(upload)+`"`, put.Header.Get("ETag"))
		assert.Equal(t, http.StatusForbidden, c.send(http.MethodGet, at(begun.URL), nil).Status)
		ingest := object{"action": "ingest", "etag": etag(claimed), "filename": begun.Filename}
		c.must(http.MethodPost, path+"/import", ingest, &got)
		c.refused(http.StatusBadRequest, 7400, http.MethodPost, path+"/import", ingest)
		return got
	}
	const text = "CREATE TABLE t (a);\nINSERT INTO t VALUES ('x;y');\n-- done\nINSERT INTO t VALUES (2);"
	done := load(text, text)
	assert.Equal(t, "complete", done.Status)
	assert.Equal(t, 3, done.Result.Queries)
	assert.Equal(t, 4, done.Result.Meta.Written, "with the table's own rows")
	failed := load("DELETE FROM t; SELECT * FROM nowhere;", "DELETE FROM t; SELECT * FROM nowhere;")
	assert.Equal(t, []string{"error", "no such table: nowhere: SQLITE_ERROR"}, []string{failed.Status, failed.Error})
	assert.Equal(t, []string{failed.Error}, failed.Errors)
	assert.Equal(t, "error", load("DELETE FROM t", "something else").Status)
	assert.JSONEq(t, `[{"a":"x;y"},{"a":2}]`, c.sql(id, "SELECT * FROM t"), "as it was before")
	c.refused(http.StatusBadRequest, 7400, http.MethodPost, path+"/import", object{"action": "init", "etag": "x"})
	c.refused(http.StatusBadRequest, 7400, http.MethodPost, path+"/import", object{"action": "stop"})
	poll := finished{Success: true}
	c.must(http.MethodPost, path+"/import", object{"action": "poll", "current_bookmark": "x"}, &poll)
	assert.False(t, poll.Success)

	var dumped finished
	export := object{"output_format": "polling", "dump_options": object{"tables": []string{"t"}}}
	c.must(http.MethodPost, path+"/export", export, &dumped)
	file := at(dumped.Result.URL)
	c.refused(http.StatusBadRequest, 7400, http.MethodPost, path+"/import",
		object{"action": "ingest", "etag": "", "filename": id + ".sql"})
	want := "PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE t (a);\n" +
		"INSERT INTO \"t\" (\"a\") VALUES('x;y');\nINSERT INTO \"t\" (\"a\") VALUES(2);\n"
	assert.Equal(t, want, c.send(http.MethodGet, file, nil, "Authorization", "").Body)
	assert.Equal(t, http.StatusForbidden, c.send(http.MethodPut, file, "x").Status)
	assert.Equal(t, http.StatusForbidden, c.send(http.MethodGet, file+"0", nil).Status, "the name is the key")
	c.must(http.MethodPost, path+"/export", object{
		"output_format": "polling", "dump_options": object{"no_data": true},
	}, &dumped)
	assert.Equal(t, "PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE t (a);\n",
		c.send(http.MethodGet, at(dumped.Result.URL), nil).Body)
	c.must(http.MethodPost, path+"/export", object{
		"output_format": "polling", "dump_options": object{"no_schema": true},
	}, &dumped)
	assert.NotContains(t, c.send(http.MethodGet, at(dumped.Result.URL), nil).Body, "CREATE")
	ahead.Store(int64(time.Hour + time.Minute))
	assert.Equal(t, http.StatusForbidden, c.send(http.MethodGet, file, nil).Status, "an hour later")
	c.refused(http.StatusBadRequest, 7400, http.MethodPost, path+"/export", object{})
	c.sql(id, "CREATE VIRTUAL TABLE f USING fts5(a)")
	c.must(http.MethodPost, path+"/export", export, &dumped)
	assert.Equal(t, "complete", dumped.Status, "of one table")
	c.must(http.MethodPost, path+"/export", object{"output_format": "polling"}, &dumped)
	assert.Equal(t, "error", dumped.Status)
	assert.Contains(t, dumped.Error, "Virtual Tables")
}

func TestRowsSurviveARestartAndNotADeletion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, _ := run(t, &emulator.Server{DataDir: dir})
	kept, gone := first.database("kept"), first.database("gone")
	for _, id := range []string{kept, gone} {
		first.sql(id, "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
	}
	want := first.server.Dump()
	snapshot := func() os.FileInfo {
		info, err := os.Stat(filepath.Join(dir, "state.json"))
		require.NoError(t, err)
		return info
	}
	before := snapshot()
	first.sql(kept, "SELECT 1")
	assert.True(t, os.SameFile(before, snapshot()), "a query writes the state of everything else not anew")
	require.NoError(t, first.server.Close())

	second, _ := run(t, &emulator.Server{DataDir: dir})
	assert.Equal(t, want, second.server.Dump())
	assert.JSONEq(t, `[{"a":1}]`, second.sql(kept, "SELECT a FROM t"))
	files := func() int {
		found, err := filepath.Glob(filepath.Join(dir, "d1", "database", strings.Repeat("[0-9a-f]", 64)+".sqlite"))
		require.NoError(t, err)
		return len(found)
	}
	assert.Equal(t, 2, files())
	second.must(http.MethodDelete, databases+"/"+gone, nil, nil)
	assert.Equal(t, 1, files())
	require.NoError(t, second.server.Close())

	third, _ := run(t, &emulator.Server{DataDir: dir})
	assert.JSONEq(t, `[{"a":1}]`, third.sql(kept, "SELECT a FROM t"))
	third.refused(http.StatusNotFound, 7404, http.MethodGet, databases+"/"+gone, nil)
}
