// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// storage is a Worker that keeps visits in a database, and announces them in a queue.
const storage = `
resources:
  artifacts:
    type: cloudflare-workers:R2Bucket
    properties: { name: artifacts, forceDestroy: true }
  bundle:
    type: cloudflare-workers:WorkerBundle
    properties: { bucket: "${artifacts.name}", path: dist }
  visits:
    type: cloudflare-workers:D1Database
    properties:
      name: visits
      migrations: { directory: migrations }
  news:
    type: cloudflare-workers:Queue
    properties: { name: news, settings: { messageRetentionPeriod: 3600 } }
  api:
    type: cloudflare-workers:CloudflareWorker
    properties:
      scriptName: api
      bundle: ${bundle.reference}
      compatibilityDate: "2026-11-01"
      bindings:
        DB: { d1Database: { id: "${visits.databaseId}" } }
        NEWS: { queue: { name: "${news.name}" } }
      workersDev: { enabled: true }
`

const visitor = `export default {
  async fetch(request, env) {
    const path = new URL(request.url).pathname
    await env.DB.prepare("INSERT INTO visits (path) VALUES (?)").bind(path).run()
    await env.NEWS.send({ path })
    const { results } = await env.DB.prepare("SELECT path FROM visits ORDER BY id").all()
    return new Response(results.map((row) => row.path).join(" "))
  },
}`

// backlog is how many messages wait in a queue.
func (c *cloud) backlog(t *testing.T, queue string) int {
	t.Helper()
	var body struct {
		Result struct {
			Count int `json:"backlog_count"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(c.call(t, http.MethodGet, "/queues/"+queue+"/metrics", "").body), &body))
	return body.Result.Count
}

// TestAWorkerUsesWhatItsProgramMade: a database with its schema, and a queue; the data outlives a new migration.
func TestAWorkerUsesWhatItsProgramMade(t *testing.T) {
	t.Parallel()
	c := newCloud(t, running(t))
	empty := c.Dump()
	s := newProgram(t, c, storage)
	s.file(t, "dist/index.js", visitor)
	s.file(t, "migrations/0001_visits.sql", "-- who came\nCREATE TABLE visits (id INTEGER PRIMARY KEY, path TEXT);\n")
	s.up(t)
	const address = "https://api." + emulator.DefaultSubdomain + ".workers.dev"
	status, body := c.get(t, address+"/a")
	require.Equal(t, 200, status, body)
	assert.Equal(t, 1, c.backlog(t, s.resources(t)["news"].ID))
	s.unchanged(t)
	s.refresh(t, "--expect-no-changes")

	s.file(t, "migrations/0002_shout.sql", "UPDATE visits SET path = upper(path);\nCREATE INDEX paths ON visits (path);\n")
	golden(t, "migrations.txt", normal(s.pulumi(t, "preview", "--diff")))
	s.up(t)
	s.unchanged(t)
	_, body = c.get(t, address+"/b")
	assert.Equal(t, "/A /b", body)

	// What wrangler applies, this program does not, and the other way round.
	database := `{"name":"api","d1_databases":[{"binding":"DB","database_name":"visits","database_id":"` +
		s.resources(t)["visits"].ID + `","migrations_dir":"migrations"}]}`
	s.file(t, "wrangler.json", database)
	said := c.wrangler(t, s.dir, "", "d1", "migrations", "list", "visits", "--remote")
	assert.Contains(t, said, "No migrations to apply")
	s.file(t, "migrations/0003_whisper.sql", "UPDATE visits SET path = lower(path) || '!';\n")
	c.wrangler(t, s.dir, "", "d1", "migrations", "apply", "visits", "--remote")
	s.up(t)
	s.unchanged(t)
	s.refresh(t, "--expect-no-changes")
	_, body = c.get(t, address+"/c")
	assert.Equal(t, "/a! /b! /c", body)

	// Half of a migration is none of it.
	s.file(t, "migrations/0004_bad.sql", "DELETE FROM visits;\nINSERT INTO nowhere VALUES (1);\n")
	said = s.refused(t, "up", "--yes", "--skip-preview")
	assert.Contains(t, said, `apply migration "0004_bad.sql"`)
	assert.Contains(t, said, "no such table: nowhere")
	_, body = c.get(t, address+"/d")
	assert.Equal(t, "/a! /b! /c /d", body)
	s.file(t, "migrations/0004_bad.sql", "DELETE FROM visits;\n")
	s.up(t)
	_, body = c.get(t, address+"/e")
	assert.Equal(t, "/e", body)

	s.file(t, "migrations/0001_visits.sql", "CREATE TABLE guests (id INTEGER);\n")
	said = s.refused(t, "preview")
	assert.Contains(t, said, `migration "0001_visits.sql" in "migrations" was changed after it was applied`)

	s.destroy(t)
	assert.Equal(t, empty, c.Dump())
}
