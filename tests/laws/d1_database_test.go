// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// migrations is the directory of the world's migrations.
func (w world) migrations() string { return filepath.Join(filepath.Dir(w.cacheDir), "migrations") }

// migrate writes a migration; without SQL it removes it.
func (w world) migrate(name, sql string) {
	w.t.Helper()
	require.NoError(w.t, os.MkdirAll(w.migrations(), 0o750))
	file := filepath.Join(w.migrations(), name)
	if sql == "" {
		require.NoError(w.t, os.Remove(file))
		return
	}
	require.NoError(w.t, os.WriteFile(file, []byte(sql), 0o600))
}

func d1Database() subject {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	return subject{
		name:  "D1Database",
		token: provider.Name + ":index:D1Database",
		prepare: func(w world) {
			w.migrate("0001_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY);")
			w.migrate("0002_names.sql", "ALTER TABLE users ADD COLUMN name TEXT;")
		},
		program: func(w world) object {
			return object{
				"name": "orders", "primaryLocationHint": "weur", "readReplication": object{"mode": "auto"},
				"migrations": object{"directory": w.migrations()},
			}
		},
		changes: []change{
			{
				name: "renamed", covers: []string{"name"}, edit: set("sales", "name"),
				diff: map[string]p.DiffKind{"name": p.UpdateReplace},
			},
			{
				name: "moved to another account", covers: []string{"accountId"}, edit: set(otherAccount, "accountId"),
				diff: map[string]p.DiffKind{"accountId": p.UpdateReplace},
			},
			{
				name: "moved to a jurisdiction", covers: []string{"jurisdiction"}, edit: set("eu", "jurisdiction"),
				diff: map[string]p.DiffKind{"jurisdiction": p.AddReplace},
			},
			{
				name: "moved to another place", covers: []string{"primaryLocationHint"}, edit: set("enam", "primaryLocationHint"),
				diff: map[string]p.DiffKind{"primaryLocationHint": p.UpdateReplace},
			},
			{
				name: "replicas removed", covers: []string{"readReplication.mode"},
				edit: set("disabled", "readReplication", "mode"),
				diff: map[string]p.DiffKind{"readReplication.mode": p.Update},
			},
			{
				name: "replicas not mentioned", edit: set(nil, "readReplication"),
				diff: map[string]p.DiffKind{"readReplication": p.Delete},
			},
			{
				name: "migrations added", covers: []string{"migrations.files"},
				edit: func(w world, o object) object {
					w.migrate("0003_carts.sql", "CREATE TABLE carts (id INTEGER PRIMARY KEY);")
					w.migrate("0004_items.sql", "CREATE TABLE items (id INTEGER PRIMARY KEY);")
					return o
				},
				diff: map[string]p.DiffKind{
					`migrations.files["0003_carts.sql"]`: p.Add, `migrations.files["0004_items.sql"]`: p.Add,
				},
			},
			{
				name: "migrations moved", covers: []string{"migrations.directory"},
				edit: func(w world, o object) object {
					elsewhere := filepath.Join(w.t.TempDir(), "migrations")
					require.NoError(w.t, os.CopyFS(elsewhere, os.DirFS(w.migrations())))
					return o.with(elsewhere, "migrations", "directory")
				},
			},
		},
		drifts: []drift{
			{
				name: "replicas removed",
				make: func(w world, s *stack) error {
					_, err := w.client().UpdateD1Database(w.t.Context(), account, s.id, "disabled")
					return err
				},
				diff: map[string]p.DiffKind{"readReplication.mode": p.Update},
			},
			{
				name: "restored to an earlier time",
				make: func(w world, _ *stack) error {
					db := w.sql.only(w.t)
					db.applied, db.schema = db.applied[:1], db.schema[:1]
					return nil
				},
				diff:    map[string]p.DiffKind{`migrations.files["0002_names.sql"]`: p.Add},
				outputs: []string{"appliedMigrations"},
			},
			{
				name: "deleted", gone: true,
				make: func(w world, s *stack) error { return w.client().DeleteD1Database(w.t.Context(), account, s.id) },
			},
		},
		unclaimed: "Cloudflare chooses the id, so there is nothing that the state could hold",
		importID:  func(_ world, s *stack) string { return account + "/" + s.id },
		unreadable: map[string]string{
			"primaryLocationHint": "Cloudflare does not tell it",
			"migrations":          "D1 does not know where migrations came from",
			"appliedMigrations":   "D1 knows their names and not what was in them",
		},
	}
}

// TestAMigrationThatWasAppliedIsKept: a preview fails when its file is not what was applied, and says what to do.
func TestAMigrationThatWasAppliedIsKept(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{"changed after it was applied": "DROP TABLE users;", "is not in": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := d1Database()
			w, s := built(t, r)
			before := w.Dump()
			program := properties(r.program(w))
			w.migrate("0002_names.sql", sql)
			w.migrate("0003_carts.sql", "CREATE TABLE carts (id INTEGER PRIMARY KEY);")
			_, err := s.preview(program)
			require.ErrorContains(t, err, name)
			require.ErrorContains(t, err, `"0002_names.sql"`)
			require.ErrorContains(t, err, "bring the file back")
			require.ErrorContains(t, s.up(program), `"0002_names.sql"`)
			assert.Equal(t, before, w.Dump())

			s.mustUp(properties(r.program(w).with("sales", "name"))) // a new database has nothing applied
		})
	}
}

// TestAMigrationThatFailsStopsTheOthers: it is named with D1's words, what was
// applied before it stays, and the next update goes on with the corrected file.
func TestAMigrationThatFailsStopsTheOthers(t *testing.T) {
	t.Parallel()
	r := d1Database()
	for _, built := range []bool{false, true} {
		w, s := begun(t, r)
		program := properties(r.program(w))
		if built {
			s.mustUp(program)
		}
		w.migrate("0003_carts.sql", "CREATE TABLE carts (id INTEGER PRIMARY KEY);")
		w.migrate("0004_bad.sql", "DROP TABLE nowhere;")
		w.migrate("0005_items.sql", "CREATE TABLE items (id INTEGER PRIMARY KEY);")
		err := s.up(program)
		require.ErrorContains(t, err, `migration "0004_bad.sql"`)
		require.ErrorContains(t, err, "no such table: nowhere: SQLITE_ERROR [code 7500]")
		assert.Equal(t, []string{"0001_users.sql", "0002_names.sql", "0003_carts.sql"}, w.sql.only(t).applied)
		pl, err := s.preview(program)
		require.NoError(t, err)
		assert.Equal(t, map[string]p.DiffKind{
			`migrations.files["0004_bad.sql"]`: p.Add, `migrations.files["0005_items.sql"]`: p.Add,
		}, pl.kinds())

		w.migrate("0004_bad.sql", "DROP TABLE carts;")
		s.mustUp(program)
		fresh, created := begun(t, r)
		for _, name := range []string{"0003_carts.sql", "0004_bad.sql", "0005_items.sql"} {
			sql, err := os.ReadFile(filepath.Join(w.migrations(), name))
			require.NoError(t, err)
			fresh.migrate(name, string(sql))
		}
		created.mustUp(properties(r.program(fresh)))
		assert.Equal(t, fresh.Dump(), w.Dump())
		assert.Equal(t, created.state(t), s.state(t))
	}
}

// TestWhatWranglerAppliedIsNotAppliedAgain: with or without a refresh in between,
// a migration of the directory is adopted, and one that is not there is shown.
func TestWhatWranglerAppliedIsNotAppliedAgain(t *testing.T) {
	t.Parallel()
	r := d1Database()
	for _, refresh := range []bool{false, true} {
		w, s := built(t, r)
		program := properties(r.program(w))
		w.migrate("0003_carts.sql", "CREATE TABLE carts (id INTEGER PRIMARY KEY);")
		db := w.sql.only(t)
		for _, name := range []string{"0003_carts.sql", "0004_theirs.sql"} {
			_, err := db.run("CREATE TABLE theirs (id INTEGER);\nINSERT INTO \"d1_migrations\" (name)\nvalues ('" + name + "');")
			require.NoError(t, err)
		}
		before := w.Dump()
		if refresh {
			require.NoError(t, s.refresh())
			applied := s.outputs.Get("appliedMigrations").AsMap()
			assert.Equal(t, "applied elsewhere", applied.Get("0003_carts.sql").AsString())
			assert.Equal(t, "applied elsewhere", applied.Get("0004_theirs.sql").AsString())
		}
		pl, err := s.preview(program)
		require.NoError(t, err)
		assert.Equal(t, map[string]p.DiffKind{`migrations.files["0003_carts.sql"]`: p.Add}, pl.kinds())
		s.mustUp(program)
		assert.Equal(t, before, w.Dump())
		applied := s.outputs.Get("appliedMigrations").AsMap()
		assert.Equal(t, pl.inputs.Get("migrations").AsMap().Get("files").AsMap().Get("0003_carts.sql"),
			applied.Get("0003_carts.sql"))
		assert.Equal(t, "applied elsewhere", applied.Get("0004_theirs.sql").AsString())
		pl, err = s.preview(program)
		require.NoError(t, err)
		assert.Equal(t, "same", pl.op)
	}
}

// TestAnImportedDatabaseIsMigratedFurther: what is recorded counts as applied, by its name.
func TestAnImportedDatabaseIsMigratedFurther(t *testing.T) {
	t.Parallel()
	r := d1Database()
	w, made := built(t, r)
	found := newStack(t, w.cloud, r.token)
	require.NoError(t, found.importByID(r.importID(w, made)))
	program := properties(r.program(w).with(nil, "primaryLocationHint"))
	before := w.Dump()
	found.mustUp(program)
	assert.Equal(t, before, w.Dump())
	assert.Equal(t, made.outputs.Get("appliedMigrations"), found.outputs.Get("appliedMigrations"))

	w.migrate("0003_carts.sql", "CREATE TABLE carts (id INTEGER PRIMARY KEY);")
	found.mustUp(program)
	assert.Len(t, w.sql.only(t).applied, 3)
}

// TestADatabaseWithoutMigrationsIsNotAsked: its schema is somebody else's business, and so it stays.
func TestADatabaseWithoutMigrationsIsNotAsked(t *testing.T) {
	t.Parallel()
	r := d1Database()
	w, s := built(t, r)
	before := w.Dump()
	program := properties(r.program(w).with(nil, "migrations"))
	s.mustUp(program)
	require.NoError(t, s.refresh())
	assert.Equal(t, []string{"GET /accounts/{account}/d1/database/{version}"}, w.requests())
	assert.Equal(t, before, w.Dump())
	assert.Equal(t, 2, s.outputs.Get("appliedMigrations").AsMap().Len())
}

// TestMigrationsAreAppliedInWranglersOrder: by number, and those without one last.
func TestMigrationsAreAppliedInWranglersOrder(t *testing.T) {
	t.Parallel()
	r := d1Database()
	w, s := begun(t, r)
	for _, name := range []string{
		"10_c.sql", "9_b.sql", "9_a.sql", "init.sql", "20260101000000_x.sql", ".hidden.sql", "x.txt",
	} {
		w.migrate(name, "SELECT 1;")
	}
	require.NoError(t, os.Mkdir(filepath.Join(w.migrations(), "dir.sql"), 0o750))
	s.mustUp(properties(r.program(w)))
	assert.Equal(t, []string{
		"0001_users.sql", "0002_names.sql", "9_a.sql", "9_b.sql", "10_c.sql", "20260101000000_x.sql", "init.sql",
	}, w.sql.only(t).applied)
}

// TestWrongDatabasesAreRefused: before anything is asked of Cloudflare, and by the name of the input.
func TestWrongDatabasesAreRefused(t *testing.T) {
	t.Parallel()
	r := d1Database()
	w, s := begun(t, r)
	for path, program := range map[string]object{
		"name":                 r.program(w).with("-x", "name"),
		"jurisdiction":         r.program(w).with("mars", "jurisdiction"),
		"primaryLocationHint":  r.program(w).with("mars", "primaryLocationHint"),
		"readReplication.mode": r.program(w).with("many", "readReplication", "mode"),
		"migrations.directory": r.program(w).with("/does/not/exist", "migrations", "directory"),
		`migrations.files["0001_users.sql"]`: r.program(w).with(
			object{"0001_users.sql": "00", "0002_names.sql": "00"}, "migrations", "files"),
	} {
		_, err := s.preview(properties(program))
		require.ErrorContains(t, err, path+": ")
	}
	assert.Empty(t, w.Calls())
}

// TestALostCreateTakesNoOlderDatabase: one of the name that was there before is somebody else's.
func TestALostCreateTakesNoOlderDatabase(t *testing.T) {
	t.Parallel()
	r := d1Database()
	w := newWorld(t)
	w.Now = func() time.Time { return time.Now().Add(-time.Hour) }
	r.prepare(w)
	_, err := w.client().CreateD1Database(t.Context(), account, cfapi.D1DatabaseInput{Name: "orders"})
	require.NoError(t, err)
	w.on(hooks{after: func(n int, _ *http.Request) bool { return n == 1 }})
	s := newStack(t, w.cloud, r.token)
	err = s.up(properties(r.program(w)))
	require.ErrorContains(t, err, "it exists since ")
	require.ErrorContains(t, err, "import the database")
	assert.Empty(t, s.id)
}

// TestALostMigrationIsSettledByItsRecord: at once if it is there, and with the next update if it is not.
func TestALostMigrationIsSettledByItsRecord(t *testing.T) {
	t.Parallel()
	r := d1Database()
	w, s := begun(t, r)
	program := properties(r.program(w))
	w.on(hooks{after: func(n int, _ *http.Request) bool { return n == 3 }})
	s.mustUp(program)
	assert.Len(t, w.sql.only(t).applied, 2)

	w, s = begun(t, r)
	program = properties(r.program(w))
	w.on(hooks{before: func(n int, _ *http.Request) int {
		if n == 3 {
			return http.StatusBadGateway
		}
		return 0
	}})
	require.ErrorContains(t, s.up(program), `migration "0001_users.sql"`)
	assert.Empty(t, w.sql.only(t).applied)
	s.mustUp(program)
	assert.Len(t, w.sql.only(t).applied, 2)
}
