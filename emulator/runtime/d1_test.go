// SPDX-License-Identifier: Apache-2.0

//go:build unix

package runtime_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// The databases of the tests.
var (
	one = runtime.D1Database{Account: "acc", ID: "one"}
	two = runtime.D1Database{Account: "acc", ID: "two"}
)

const (
	bindOne = `{"type":"d1","name":"DB","id":"one","database_id":"one"}`
	bindTwo = `{"type":"d1","name":"OTHER","id":"two"}`
)

// d1World is a world with databases.
func d1World(databases []runtime.D1Database, scripts ...runtime.Script) runtime.World {
	world := worldOf(scripts...)
	world.D1 = databases
	return world
}

// sql runs statements, which must not fail.
func (h *harness) sql(database runtime.D1Database, statements ...string) []runtime.D1Result {
	h.t.Helper()
	var all []runtime.D1Statement
	for _, s := range statements {
		all = append(all, runtime.D1Statement{SQL: s})
	}
	results, err := h.QueryD1(h.t.Context(), database, all, runtime.D1Objects)
	require.NoError(h.t, err)
	return results
}

// TestD1BindingDoesWhatD1Does drives the storage through workerd's own D1 binding.
func TestD1BindingDoesWhatD1Does(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(d1World([]runtime.D1Database{one, two}, script("api", "v1", `
		export default { async fetch(request, { DB, OTHER }) {
			const says = async (f) => { try { await f(); return "done"; } catch (e) { return e.message; } };
			const out = {};
			out.exec = (await DB.exec(
				"CREATE TABLE t (id INTEGER PRIMARY KEY, z TEXT, a ANY)\nINSERT INTO t (z) VALUES ('first');")).count;
			const insert = DB.prepare("INSERT INTO t (z, a) VALUES (?2, ?1) -- with parameters");
			const run = await insert.bind(new Uint8Array([0, 255]), "ünï").run();
			out.run = [run.success, run.meta.changes, run.meta.last_row_id, run.meta.changed_db, run.meta.rows_written];
			const all = await DB.prepare("SELECT * FROM t ORDER BY id").all();
			out.all = [all.success, all.results, all.meta.changes, all.meta.changed_db, all.meta.rows_read];
			out.keys = Object.keys(all.results[0]);
			out.first = await DB.prepare("SELECT z, id FROM t WHERE id = ?").bind(2).first();
			out.column = await DB.prepare("SELECT z, id FROM t").first("id");
			out.none = await DB.prepare("SELECT 1 WHERE 0").first();
			out.raw = await DB.prepare("SELECT id, z AS id FROM t").raw({ columnNames: true });
			out.values = await DB.prepare("SELECT ?, ?, ?, ?").bind(null, true, 1.5, "x").raw();
			out.batch = (await DB.batch([insert.bind(1, "batched"), DB.prepare("SELECT count(*) AS n FROM t")]))
				.map((r) => [r.results, r.meta.changes]);
			out.rolledBack = await says(() => DB.batch([insert.bind(1, "lost"), DB.prepare("SELECT * FROM nowhere")]));
			out.count = await DB.prepare("SELECT count(*) AS n FROM t").first("n");
			out.syntax = await says(() => DB.prepare("SELEC 1").all());
			out.unique = await says(() => DB.prepare("INSERT INTO t (id) VALUES (1)").run());
			out.execError = await says(() => DB.exec("SELECT 1\nSELEC 2"));
			out.empty = await says(() => DB.prepare("-- nothing").all());
			out.begin = (await says(() => DB.exec("BEGIN"))).includes("transaction");
			out.type = (await says(() => DB.prepare("SELECT ?").bind(undefined).all())).split(":")[0];
			const session = DB.withSession("first-primary");
			out.before = session.getBookmark();
			out.session = await session.prepare("SELECT count(*) AS n FROM t").first("n");
			const bookmark = session.getBookmark();
			const later = DB.withSession(bookmark);
			await later.prepare("SELECT 1").run();
			out.bookmarks = [typeof bookmark, later.getBookmark() > bookmark];
			out.other = await says(() => OTHER.prepare("SELECT * FROM t").all());
			return Response.json(out);
		} }`, bindOne, bindTwo)))
	a := h.get("https://api.emulator.workers.dev/")
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.JSONEq(t, `{
		"exec": 2, "run": [true, 1, 2, true, 1],
		"all": [true, [{"id":1,"z":"first","a":null}, {"id":2,"z":"ünï","a":[0,255]}], 0, false, 2],
		"keys": ["id", "z", "a"], "first": {"z":"ünï","id":2}, "column": 1, "none": null,
		"raw": [["id","id"], [1,"first"], [2,"ünï"]], "values": [[null, 1, 1.5, "x"]],
		"batch": [[[], 1], [[{"n":3}], 0]],
		"rolledBack": "D1_ERROR: no such table: nowhere: SQLITE_ERROR", "count": 3,
		"syntax": "D1_ERROR: near \"SELEC\": syntax error at offset 0: SQLITE_ERROR",
		"unique": "D1_ERROR: UNIQUE constraint failed: t.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)",
		"execError": "D1_EXEC_ERROR: Error in line 1: SELECT 1: near \"SELEC\": syntax error at offset 0: SQLITE_ERROR",
		"empty": "D1_ERROR: No SQL statements detected.", "begin": true, "type": "D1_TYPE_ERROR",
		"before": null, "session": 3, "bookmarks": ["string", true],
		"other": "D1_ERROR: no such table: t: SQLITE_ERROR"
	}`, a.body)
	assert.JSONEq(t, `[{"z":"first"},{"z":"ünï"},{"z":"batched"}]`, string(h.sql(one, "SELECT z FROM t")[0].Results),
		"what Workers write is what queries see")
}

func TestD1QueriesGiveAResultForEachStatement(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(d1World([]runtime.D1Database{one}))
	results := h.sql(one, "CREATE TABLE t (z, a); -- made", "/* nothing */", "INSERT INTO t VALUES (1, 2), (3, 4)",
		"SELECT * FROM t")
	require.Len(t, results, 3)
	assert.Equal(t, int64(2), results[1].Meta.Changes)
	assert.Equal(t, int64(2), results[1].Meta.RowsWritten)
	assert.True(t, results[1].Meta.ChangedDB)
	assert.Positive(t, results[1].Meta.SizeAfter)
	assert.Equal(t, `[{"z":1,"a":2},{"z":3,"a":4}]`, string(results[2].Results), "in the order of the columns")
	rows, err := h.QueryD1(t.Context(), one, []runtime.D1Statement{
		{SQL: "SELECT z, a, ? AS p, typeof(?), typeof(?) FROM t WHERE a = ?", Params: []any{
			"p", []int{1}, true, json.Number("4"),
		}},
	}, runtime.D1Rows)
	require.NoError(t, err)
	assert.JSONEq(t, `{"columns":["z","a","p","typeof(?)","typeof(?)"],"rows":[[3,4,"p","blob","real"]]}`,
		string(rows[0].Results))
	var wrong *runtime.D1Error
	_, err = h.QueryD1(t.Context(), one, []runtime.D1Statement{{SQL: "DELETE FROM t"}, {SQL: "SELECT missing"}}, "")
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "no such column: missing at offset 7: SQLITE_ERROR", wrong.Message)
	_, err = h.QueryD1(t.Context(), one, nil, runtime.D1Objects)
	require.ErrorAs(t, err, &wrong)
	assert.JSONEq(t, `[{"n":2}]`, string(h.sql(one, "SELECT count(*) AS n FROM t")[0].Results), "all or nothing")
}

func TestADumpMakesTheSameDatabase(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(d1World([]runtime.D1Database{one, two}))
	h.sql(one, `CREATE TABLE "odd ""name""" (id INTEGER PRIMARY KEY AUTOINCREMENT, "a b" TEXT, c, d AS (c + 1))`,
		`INSERT INTO "odd ""name""" ("a b", c) VALUES ('it''s'||char(10)||'two', x'00ff'), (NULL, 1.5), ('ü', -7)`,
		`CREATE TABLE plain (a)`, `INSERT INTO plain VALUES (9e999)`,
		`CREATE TABLE parent (id INTEGER PRIMARY KEY)`, `CREATE TABLE child (p REFERENCES parent(id))`,
		`INSERT INTO parent VALUES (1)`, `INSERT INTO child VALUES (1)`,
		`CREATE INDEX i ON plain(a)`, `CREATE VIEW v AS SELECT * FROM plain`,
		`CREATE TRIGGER t AFTER DELETE ON plain BEGIN DELETE FROM child; SELECT 1; END`)
	dump := func(d runtime.D1Database, o runtime.D1DumpOptions) []string {
		lines, err := h.DumpD1(t.Context(), d, o)
		require.NoError(t, err)
		return lines
	}
	lines := dump(one, runtime.D1DumpOptions{})
	h.sql(two, lines...)
	assert.Equal(t, lines, dump(two, runtime.D1DumpOptions{}))
	const all = `SELECT id, "a b", typeof(c), c, d FROM "odd ""name"""`
	assert.JSONEq(t, string(h.sql(one, all)[0].Results), string(h.sql(two, all)[0].Results))
	assert.Equal(t, []string{"PRAGMA defer_foreign_keys=TRUE;", "CREATE TABLE plain (a);"},
		dump(one, runtime.D1DumpOptions{NoData: true, Tables: []string{"plain"}}))
	assert.Equal(t, []string{"PRAGMA defer_foreign_keys=TRUE;", `INSERT INTO "plain" ("a") VALUES(9.0e+999);`},
		dump(one, runtime.D1DumpOptions{NoSchema: true, Tables: []string{"plain"}}))
	h.sql(one, "CREATE VIRTUAL TABLE f USING fts5(a)")
	_, err := h.DumpD1(t.Context(), one, runtime.D1DumpOptions{})
	require.ErrorContains(t, err, "Virtual Tables")
}

func TestDatabasesSurviveRuntimesInADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep := func(r *runtime.Runtime) { r.D1Dir = filepath.Join(dir, "d1") }
	world := d1World([]runtime.D1Database{one, two})
	first := newHarness(t, keep)
	first.Apply(world)
	first.sql(one, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
	first.sql(two, "CREATE TABLE kept (a)")
	require.NoError(t, first.Close())

	second := newHarness(t, keep)
	second.Apply(world)
	assert.JSONEq(t, `[{"a":1}]`, string(second.sql(one, "SELECT a FROM t")[0].Results))
	info, err := os.Stat(filepath.Join(dir, "d1"))
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077, "for the owner only")
	files := func() int {
		found, err := filepath.Glob(filepath.Join(dir, "d1", "database", "????????????????????????????????*.sqlite"))
		require.NoError(t, err)
		return len(found)
	}
	assert.Equal(t, 2, files())
	second.Apply(d1World([]runtime.D1Database{two}))
	_, err = second.QueryD1(t.Context(), one, []runtime.D1Statement{{SQL: "SELECT a FROM t"}}, runtime.D1Objects)
	require.ErrorIs(t, err, runtime.ErrNoD1Database)
	require.NoError(t, second.DropD1(t.Context(), one))
	assert.Equal(t, 1, files())
	second.Apply(world)
	_, err = second.QueryD1(t.Context(), one, []runtime.D1Statement{{SQL: "SELECT a FROM t"}}, runtime.D1Objects)
	require.ErrorContains(t, err, "no such table")
	require.NoError(t, second.Close())

	third := newHarness(t)
	third.Apply(world)
	_, err = third.QueryD1(t.Context(), two, []runtime.D1Statement{{SQL: "SELECT a FROM kept"}}, runtime.D1Objects)
	require.ErrorContains(t, err, "no such table", "without a directory nothing is kept")
}

func TestADatabaseInUseIsDeletedAfterwards(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := newHarness(t, func(r *runtime.Runtime) { r.D1Dir = dir })
	h.Apply(d1World([]runtime.D1Database{one}))
	h.sql(one, "CREATE TABLE t (a)")
	require.Error(t, h.DropD1(t.Context(), one), "it must be out of the world first")
	assert.False(t, h.D1InUse())
	release := sync.OnceFunc(h.HoldD1())
	t.Cleanup(release)
	var group sync.WaitGroup
	group.Go(func() {
		_, err := h.QueryD1(t.Context(), one, []runtime.D1Statement{{SQL: "INSERT INTO t VALUES (1)"}}, runtime.D1Objects)
		assert.NoError(t, err, "it came before the deletion")
	})
	require.Eventually(t, h.D1InUse, 10*time.Second, time.Millisecond)
	h.Apply(runtime.World{})
	group.Go(func() { assert.NoError(t, h.DropD1(t.Context(), one)) })
	require.Eventually(t, h.D1Deletes, 10*time.Second, time.Millisecond)
	release()
	group.Wait()
	left, err := filepath.Glob(filepath.Join(dir, "database", "????????????????????????????????*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestDeployingLosesNoDatabase(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	source := func(version string) string {
		return `export default { async fetch(request, { DB }) {
			await DB.prepare("INSERT INTO t VALUES (?)").bind("` + version + `").run();
			return new Response("` + version + `");
		} }`
	}
	databases := []runtime.D1Database{one}
	h.Apply(d1World(databases))
	h.sql(one, "CREATE TABLE t (v)")
	var group sync.WaitGroup
	for _, version := range []string{"v1", "v2", "v3"} {
		h.Apply(d1World(databases, script("api", version, source(version), bindOne)))
		for range 5 {
			group.Go(func() { assert.Equal(t, http.StatusOK, h.get("https://api.emulator.workers.dev/").status) })
		}
		group.Wait()
	}
	assert.JSONEq(t, `[{"v":"v1","n":5},{"v":"v2","n":5},{"v":"v3","n":5}]`,
		string(h.sql(one, "SELECT v, count(*) AS n FROM t GROUP BY v")[0].Results))
}

func TestEndlessSQLIsEndedAndUndone(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(r *runtime.Runtime) { r.CPULimit = 3 * time.Second })
	h.Apply(d1World([]runtime.D1Database{one}))
	h.sql(one, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
	pid := h.D1PID()
	_, err := h.QueryD1(t.Context(), one, []runtime.D1Statement{
		{SQL: "DELETE FROM t"},
		{SQL: "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"},
	}, runtime.D1Objects)
	var ended *runtime.D1Error
	require.ErrorAs(t, err, &ended)
	assert.Contains(t, ended.Message, "exceeded timeout")
	assert.JSONEq(t, `[{"a":1}]`, string(h.sql(one, "SELECT a FROM t")[0].Results))
	assert.NotEqual(t, pid, h.D1PID())
}

func TestCrashedStorageIsStartedAgain(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(d1World([]runtime.D1Database{one}))
	h.sql(one, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
	ended := h.D1Ended()
	require.NoError(t, syscall.Kill(h.D1PID(), syscall.SIGKILL))
	<-ended
	assert.JSONEq(t, `[{"a":1}]`, string(h.sql(one, "SELECT a FROM t")[0].Results))
	pid := h.D1PID()
	require.NoError(t, h.Close())
	assert.False(t, runs(pid), "nothing is left")
	_, err := h.QueryD1(t.Context(), one, []runtime.D1Statement{{SQL: "SELECT 1"}}, runtime.D1Objects)
	require.Error(t, err)
}

func TestWhatIsNoDatabaseSaysSo(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(d1World(nil, script("api", "v1", `
		export default { async fetch(request, { DB }) {
			try { await DB.prepare("SELECT 1").all(); } catch (e) { return new Response(e.message); }
		} }`, bindOne)))
	assert.Equal(t, "D1_ERROR: D1 database not found", h.get("https://api.emulator.workers.dev/").body)
	assert.Zero(t, h.D1PID(), "nothing is started for it")
}
