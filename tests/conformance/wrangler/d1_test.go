// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestD1(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	const url = "http://plain.emulator.workers.dev/"
	base := plain("plain")
	bound := base.with(config{"d1_databases": []config{{
		"binding": "DB", "database_name": "app", "database_id": "{d1}", "migrations_dir": "migrations",
	}}})
	w.steps(
		step{
			run: "d1 create app --location weur", out: []string{"Successfully created DB 'app' in region WEUR"},
			config: base, capture: `"database_id": "(?P<d1>[0-9a-f-]{36})"`,
			files: map[string]string{"index.js": says("plain")},
		},
		step{run: "d1 create app", fails: true, out: []string{"A database with that name already exists"}},
		step{run: "d1 create europe --jurisdiction eu", out: []string{"Successfully created DB 'europe'"}},
		step{run: "d1 list --json", then: func(t *testing.T, w *workspace, out string) {
			list := decode[[]struct{ UUID, Name, Jurisdiction string }](t, out)
			require.Len(t, list, 2)
			assert.Equal(t, []string{w.vars["d1"], "app"}, []string{list[0].UUID, list[0].Name})
			assert.Equal(t, []string{"europe", "eu"}, []string{list[1].Name, list[1].Jurisdiction})
		}},
		step{
			run: "d1 execute app --remote --file schema.sql", files: map[string]string{"schema.sql": `-- a schema; with a trigger
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE log (text TEXT);
CREATE TRIGGER logged AFTER INSERT ON users BEGIN
	INSERT INTO log VALUES ('user; ' || new.name);
END;
INSERT INTO users (name) VALUES ('ann');`}, out: []string{"Executed 4 queries", "Database is currently at bookmark"},
		},
		step{
			run: "d1 execute app --remote --file wrong.sql", fails: true, out: []string{"no such table: nowhere: SQLITE_ERROR"},
			files: map[string]string{"wrong.sql": "DELETE FROM users; DELETE FROM nowhere;"},
		},
		step{
			run: "d1 execute app --remote --json --command SELECT/**/*/**/FROM/**/users;SELECT/**/*/**/FROM/**/log",
			then: func(t *testing.T, _ *workspace, out string) {
				type result struct {
					Results []map[string]any
					Success bool
				}
				assert.Equal(t, []result{
					{[]map[string]any{{"id": 1.0, "name": "ann"}}, true}, {[]map[string]any{{"text": "user; ann"}}, true},
				}, decode[[]result](t, out))
			},
		},
		step{
			run: "d1 execute app --remote --command SELECT/**/*/**/FROM/**/nowhere", fails: true,
			out: []string{"no such table: nowhere: SQLITE_ERROR", "7500"},
		},
		step{run: "d1 info app --json", then: func(t *testing.T, w *workspace, out string) {
			info := decode[struct {
				UUID, Name string
				NumTables  int               `json:"num_tables"`
				Size       int               `json:"database_size"`
				Region     string            `json:"running_in_region"`
				Replicas   map[string]string `json:"read_replication"`
			}](t, out)
			assert.Equal(t, []string{w.vars["d1"], "app", "WEUR"}, []string{info.UUID, info.Name, info.Region})
			assert.Equal(t, 2, info.NumTables)
			assert.Positive(t, info.Size)
			assert.Equal(t, map[string]string{"mode": "disabled"}, info.Replicas)
		}},
		step{
			run: "deploy", config: bound, out: []string{"env.DB (app)"},
			files: map[string]string{"index.js": `export default { fetch: async (request, { DB }) => {
				const says = async (f) => { try { return await f(); } catch (e) { return e.message; } };
				const insert = DB.prepare("INSERT INTO users (name) VALUES (?)");
				const session = DB.withSession("first-primary");
				return Response.json([
					(await DB.prepare("SELECT name FROM users").all()).results,
					(await insert.bind("bob").run()).meta.changes,
					await DB.prepare("SELECT count(*) AS n FROM users").first("n"),
					await DB.prepare("SELECT id, name FROM users ORDER BY id").raw(),
					(await DB.batch([insert.bind("carol"), DB.prepare("SELECT max(id) AS id FROM users")]))[1].results,
					(await DB.exec("DELETE FROM users WHERE id = 3")).count,
					await says(() => DB.batch([insert.bind("lost"), DB.prepare("SELECT * FROM nowhere")])),
					(await session.prepare("SELECT text FROM log").all()).results.length,
					session.getBookmark() !== null,
				]);
			} }`},
			get: map[string]string{url: `[[{"name":"ann"}],2,2,[[1,"ann"],[2,"bob"]],[{"id":3}],1,` +
				`"D1_ERROR: no such table: nowhere: SQLITE_ERROR",3,true]`},
		},
		step{
			run: "d1 execute DB --remote --json --command SELECT/**/name/**/FROM/**/users", out: []string{`"bob"`},
			never: []string{"carol", "lost"},
		},
		step{run: "d1 migrations create app add-age", then: func(t *testing.T, w *workspace, _ string) {
			made, err := filepath.Glob(filepath.Join(w.dir, "migrations", "*_add-age.sql"))
			require.NoError(t, err)
			require.Len(t, made, 1)
			require.NoError(t, os.WriteFile(made[0], []byte("ALTER TABLE users ADD COLUMN age INTEGER; -- years\n"), 0o600))
			w.write("migrations/0002_ages.sql", "UPDATE users SET age = 1;\nUPDATE users SET age = age + 1;\n")
		}},
		step{run: "d1 migrations list app --remote", out: []string{"0001_add-age.sql", "0002_ages.sql"}},
		step{run: "d1 migrations apply app --remote", out: []string{"0001_add-age.sql", "✅"}},
		step{run: "d1 migrations list app --remote", out: []string{"No migrations to apply"}},
		step{
			run: "d1 migrations apply app --remote", fails: true, out: []string{"duplicate column name"},
			files: map[string]string{"migrations/0003_wrong.sql": "ALTER TABLE users ADD COLUMN age INTEGER;"},
		},
		step{
			run: "d1 execute app --remote --json --command SELECT/**/name/**/FROM/**/d1_migrations",
			out: []string{"0002_ages.sql"}, never: []string{"0003"},
		},
		step{
			run: "d1 export app --remote --output dump.sql --skip-confirmation",
			then: func(t *testing.T, w *workspace, _ string) {
				dump, err := os.ReadFile(filepath.Join(w.dir, "dump.sql"))
				require.NoError(t, err)
				assert.Contains(t, string(dump), `INSERT INTO "users" ("id","name","age") VALUES(2,'bob',2);`)
				assert.Contains(t, string(dump), "CREATE TRIGGER logged")
			},
		},
		step{run: "d1 execute europe --remote --file dump.sql"},
		step{
			run: "d1 execute europe --remote --json --command SELECT/**/name/**/FROM/**/users", out: []string{`"ann"`, `"bob"`},
		},
		step{run: "d1 time-travel info app", fails: true, out: []string{"the emulator does not have"}},
		step{run: "delete --force"},
		step{run: "d1 delete app -y", out: []string{"Deleted 'app' successfully"}},
		step{run: "d1 delete europe -y", config: base},
		step{run: "d1 info app", fails: true, out: []string{"Couldn't find"}},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}
