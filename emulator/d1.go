// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// database is a D1 database, apart from what is in it, which the runtime has.
type database struct {
	UUID            string    `json:"uuid"`
	Name            string    `json:"name"`
	Created         timestamp `json:"created"`
	Jurisdiction    string    `json:"jurisdiction,omitempty"` // empty: none
	Region          string    `json:"region"`                 // of the primary, such as "WEUR"
	ReadReplication string    `json:"readReplication"`        // "auto" or "disabled"
}

// What the members of a D1 database may be (cloudflare-go d1.DatabaseNewParams…).
var (
	d1Locations     = []string{"wnam", "enam", "weur", "eeur", "apac", "oc"}
	d1Jurisdictions = []string{"eu", "fedramp", "us"}
	d1Replications  = []string{"auto", "disabled"}
)

// malformed is D1's refusal of a request, with the beginning of its text (workers-sdk issue 4649;
// drizzle-team/drizzle-kit-mirror issue 499). The rest of the text is ours unless a comment says otherwise.
func malformed(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, 7400, "The request is malformed: "+format, args...)
}

// view is the database as lists show it (cloudflare-go d1.DatabaseListResponse).
func (d *database) view() map[string]any {
	view := map[string]any{
		"uuid": d.UUID, "name": d.Name, "version": "production", "created_at": d.Created, "jurisdiction": nil,
	}
	if d.Jurisdiction != "" {
		view["jurisdiction"] = d.Jurisdiction
	}
	return view
}

// details is the database as it is shown by itself (cloudflare-go d1.D1 and d1.DatabaseGetParamsField).
func (d *database) details(tables, size int64) map[string]any {
	view := d.view()
	view["num_tables"], view["file_size"] = tables, size
	view["running_in_region"] = d.Region
	view["read_replication"] = map[string]string{"mode": d.ReadReplication}
	return view
}

// listDatabases answers GET /accounts/{account}/d1/database (cloudflare-go d1.DatabaseListParams). A name is searched
// for in any case and anywhere, as in workers-sdk, packages/miniflare/src/workers/local-explorer/resources/d1.ts. The
// order, and the size of a page when none is asked for, are best guesses.
func listDatabases(c *call) (any, error) {
	var found []*database
	for _, d := range sorted(c.account.Databases) {
		if strings.Contains(strings.ToLower(d.Name), strings.ToLower(c.query("name"))) {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(a, b *database) int { return time.Time(a.Created).Compare(time.Time(b.Created)) })
	views := make([]map[string]any, 0, len(found))
	for _, d := range found {
		views = append(views, d.view())
	}
	return paged(c.r, views, 1000), nil
}

// databaseSettings are the members of a request that makes or changes a database.
type databaseSettings struct {
	Name            string `json:"name"`
	Jurisdiction    string `json:"jurisdiction"`
	LocationHint    string `json:"primary_location_hint"`
	ReadReplication *struct {
		Mode string `json:"mode"`
	} `json:"read_replication"`
}

// check refuses members that are not among those of the API.
func (s *databaseSettings) check() error {
	switch {
	case s.Jurisdiction != "" && !slices.Contains(d1Jurisdictions, s.Jurisdiction):
		return malformed("jurisdiction %q is not known", s.Jurisdiction)
	case s.LocationHint != "" && !slices.Contains(d1Locations, s.LocationHint):
		return malformed("primary_location_hint %q is not known", s.LocationHint)
	case s.ReadReplication != nil && !slices.Contains(d1Replications, s.ReadReplication.Mode):
		return malformed("read_replication.mode %q is not known", s.ReadReplication.Mode)
	}
	return nil
}

// region is where a new database's primary is. With a jurisdiction the hint is ignored (cloudflare-go
// d1.DatabaseNewParams). Where Cloudflare puts one without a hint depends on the client: here it is one place.
func (s *databaseSettings) region() string {
	switch {
	case s.Jurisdiction == "eu":
		return "WEUR"
	case s.Jurisdiction == "" && s.LocationHint != "":
		return strings.ToUpper(s.LocationHint)
	}
	return "ENAM"
}

// createDatabase answers POST /accounts/{account}/d1/database (cloudflare-go d1.DatabaseNewParams; created_in_region:
// workers-sdk, packages/wrangler/src/d1/types.ts). Code 7502 for a name that is taken: packages/wrangler/src/d1/
// create.ts; its status and text are best guesses.
func createDatabase(c *call) (any, error) {
	var want databaseSettings
	if err := c.decode(&want, 7400); err != nil {
		return nil, err
	}
	if want.Name == "" {
		return nil, malformed("a database needs a name")
	}
	if err := want.check(); err != nil {
		return nil, err
	}
	for _, other := range c.account.Databases {
		if other.Name == want.Name {
			return nil, refuse(http.StatusBadRequest, 7502, "database with name '%s' already exists", want.Name)
		}
	}
	created := &database{
		UUID: newUUID(), Name: want.Name, Created: c.now(), Jurisdiction: want.Jurisdiction, Region: want.region(),
		ReadReplication: "disabled",
	}
	if want.ReadReplication != nil {
		created.ReadReplication = want.ReadReplication.Mode
	}
	if c.account.Databases == nil {
		c.account.Databases = map[string]*database{}
	}
	c.account.Databases[created.UUID] = created
	view := created.details(0, 0)
	view["created_in_region"] = created.Region
	return view, nil
}

// getDatabase answers GET /accounts/{account}/d1/database/{database}?fields=, where a name does for the id: wrangler
// asks so (workers-sdk, packages/wrangler/src/d1/utils.ts).
func getDatabase(c *call) (any, error) {
	d := c.account.Databases[c.path("database")]
	for _, other := range c.account.Databases {
		if other.Name == c.path("database") && d == nil {
			d = other
		}
	}
	if d == nil {
		return nil, noDatabase(c.path("database"))
	}
	var fields []string
	for _, list := range c.r.URL.Query()["fields"] {
		fields = append(fields, strings.Split(list, ",")...)
	}
	var tables, size int64
	if fields == nil || slices.Contains(fields, "num_tables") || slices.Contains(fields, "file_size") {
		var err error
		if tables, size, err = c.measure(d); err != nil {
			return nil, err
		}
	}
	view := d.details(tables, size)
	for name := range view {
		if fields != nil && !slices.Contains(fields, name) {
			delete(view, name)
		}
	}
	return view, nil
}

// noDatabase has the text of errors that users quote: "The database … could not be found [code: 7404]".
func noDatabase(id string) error {
	return refuse(http.StatusNotFound, 7404, "The database %s could not be found", id)
}

// measure counts a database's tables and bytes. Without a runtime there are none.
func (c *call) measure(d *database) (tables, size int64, err error) {
	if c.Runtime == nil {
		return 0, 0, nil
	}
	results, err := c.runSQL(d, []runtime.D1Statement{{
		SQL: `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'`,
	}}, runtime.D1Rows)
	if err != nil {
		return 0, 0, err
	}
	var counted struct {
		Rows [][]int64 `json:"rows"`
	}
	if err := json.Unmarshal(results[0].Results, &counted); err != nil {
		return 0, 0, err
	}
	return counted.Rows[0][0], results[0].Meta.SizeAfter, nil
}

// database returns the database that the path names by its id.
func (c *call) database() (*database, error) {
	id := c.path("database")
	if d := c.account.Databases[id]; d != nil {
		return d, nil
	}
	if !isUUID(id) {
		return nil, malformed("failed to decode id") // workers-sdk issue 4649
	}
	return nil, noDatabase(id)
}

// isUUID reports whether text has the form of a UUID.
func isUUID(text string) bool {
	return len(text) == 36 && strings.Count(text, "-") == 4 && isID(strings.ReplaceAll(text, "-", ""))
}

// updateDatabase answers PUT and PATCH /accounts/{account}/d1/database/{database}, which change read replication and
// nothing else (cloudflare-go d1.DatabaseUpdateParams, d1.DatabaseEditParams).
func updateDatabase(c *call) (any, error) {
	d, err := c.database()
	if err != nil {
		return nil, err
	}
	var want databaseSettings
	if err := c.decode(&want, 7400); err != nil {
		return nil, err
	}
	if err := want.check(); err != nil {
		return nil, err
	}
	switch {
	case want.ReadReplication != nil:
		d.ReadReplication = want.ReadReplication.Mode
	case c.r.Method == http.MethodPut:
		return nil, malformed("read_replication is missing")
	}
	tables, size, err := c.measure(d)
	if err != nil {
		return nil, err
	}
	return d.details(tables, size), nil
}

// deleteDatabase answers DELETE /accounts/{account}/d1/database/{database}. That Workers are bound to it is no
// obstacle: a best guess.
func deleteDatabase(c *call) (any, error) {
	d, err := c.database()
	if err != nil {
		return nil, err
	}
	delete(c.account.Databases, d.UUID)
	if c.Runtime == nil {
		return nil, nil
	}
	// No Worker may use it any more; and half of a deletion would be worse than a late one.
	c.apply()
	ctx := context.WithoutCancel(c.r.Context())
	err = c.unlocked(func() error { return c.Runtime.DropD1(ctx, c.d1(d)) })
	if err != nil {
		c.account.Databases[d.UUID] = d
		c.apply()
	}
	return nil, err
}

// d1 is the runtime's name for a database.
func (c *call) d1(d *database) runtime.D1Database {
	return runtime.D1Database{Account: c.account.ID, ID: d.UUID}
}

// sqlQuery is SQL that is to be run, or a batch of it (cloudflare-go d1.DatabaseQueryParams).
type sqlQuery struct {
	SQL    string     `json:"sql"`
	Params []any      `json:"params"`
	Batch  []sqlQuery `json:"batch"`
}

// statements cuts the query at its semicolons.
func (q *sqlQuery) statements() ([]runtime.D1Statement, error) {
	parts := []sqlQuery{{SQL: q.SQL, Params: q.Params}}
	if q.Batch != nil {
		parts = q.Batch
	}
	var all []runtime.D1Statement
	for _, part := range parts {
		statements := runtime.SplitSQL(part.SQL)
		if len(statements) > 1 && len(part.Params) > 0 {
			// The text: drizzle-team/drizzle-kit-mirror issue 499.
			return nil, malformed("params with multiple statements is not supported")
		}
		for _, p := range part.Params {
			if _, nested := p.(map[string]any); nested {
				return nil, malformed("a parameter cannot be an object")
			}
		}
		for _, text := range statements {
			all = append(all, runtime.D1Statement{SQL: text, Params: part.Params})
		}
	}
	return all, nil
}

// queryDatabase answers POST …/d1/database/{database}/query with rows as objects (cloudflare-go d1.QueryResult).
func queryDatabase(c *call) (any, error) { return c.runBody(runtime.D1Objects) }

// rawDatabase answers POST …/d1/database/{database}/raw with rows as arrays (cloudflare-go d1.DatabaseRawResponse).
func rawDatabase(c *call) (any, error) { return c.runBody(runtime.D1Rows) }

// runBody runs what the body says: several statements are one transaction (developers.cloudflare.com/api, "executed
// as a batch"; developers.cloudflare.com/d1/worker-api/d1-database, batch).
func (c *call) runBody(format runtime.D1Format) (any, error) {
	c.unchanged = true
	d, err := c.database()
	if err != nil {
		return nil, err
	}
	var query sqlQuery
	if err := c.decode(&query, 7400); err != nil {
		return nil, err
	}
	statements, err := query.statements()
	if err != nil {
		return nil, err
	}
	return c.runSQL(d, statements, format)
}

// runSQL runs statements. Status 400: cloudflare/cloudflare-docs pull request 13934. Code 7500 with SQLite's own words:
// workers-sdk issues, for example "no such table: users: SQLITE_ERROR [code: 7500]".
func (c *call) runSQL(
	d *database, statements []runtime.D1Statement, format runtime.D1Format,
) (results []runtime.D1Result, err error) {
	if c.Runtime == nil {
		return nil, noSQL()
	}
	err = c.unlocked(func() (err error) {
		results, err = c.Runtime.QueryD1(c.r.Context(), c.d1(d), statements, format)
		return err
	})
	return results, sqlRefusal(d, err)
}

// noSQL says that nothing here can run SQL.
func noSQL() error {
	return refuse(http.StatusNotImplemented, 7000, "the emulator runs SQL on workerd only: start it with a runtime")
}

// sqlRefusal turns the runtime's error into the API's.
func sqlRefusal(d *database, err error) error {
	var wrong *runtime.D1Error
	switch {
	case errors.As(err, &wrong):
		return refuse(http.StatusBadRequest, 7500, "%s", wrong.Message)
	case errors.Is(err, runtime.ErrNoD1Database): // deleted in between
		return noDatabase(d.UUID)
	case err != nil:
		return refuse(http.StatusInternalServerError, 7500, "internal error: %v", err)
	}
	return nil
}

// unlocked runs what takes its time without holding Server.mu, which a handler's caller holds.
func (c *call) unlocked(do func() error) error {
	c.mu.Unlock()
	defer c.mu.Lock()
	return do()
}
