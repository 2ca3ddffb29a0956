// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// D1Database names a D1 database.
type D1Database struct {
	Account string // account id
	ID      string // UUID
}

// name is what the storage knows the database by.
func (d D1Database) name() string { return d.Account + "/" + d.ID }

// D1Statement is one SQL statement with its parameters.
type D1Statement struct {
	SQL string `json:"sql"`
	// Params are numbers, strings, booleans, nulls, and arrays of bytes for blobs.
	Params []any `json:"params,omitempty"`
}

// D1Format is the form of a result's rows.
type D1Format string

// The forms of rows, in the words of D1's bindings.
const (
	D1Objects D1Format = "ARRAY_OF_OBJECTS" // [{"a": 1, "b": 2}]
	D1Rows    D1Format = "ROWS_AND_COLUMNS" // {"columns": ["a", "b"], "rows": [[1, 2]]}
)

// D1Result is what a statement gave.
type D1Result struct {
	Success bool            `json:"success"` // always true: a statement that fails is an error
	Results json.RawMessage `json:"results"` // rows, in the form that was asked for
	Meta    D1Meta          `json:"meta"`
}

// D1Meta says what a statement did. Source of the fields:
// https://developers.cloudflare.com/d1/worker-api/return-object/.
type D1Meta struct {
	ServedBy        string    `json:"served_by"`
	ServedByPrimary bool      `json:"served_by_primary"`
	Timings         D1Timings `json:"timings"`
	Duration        float64   `json:"duration"` // in milliseconds; always 0: workerd's clock stands still while SQL runs
	Changes         int64     `json:"changes"`
	LastRowID       int64     `json:"last_row_id"`
	ChangedDB       bool      `json:"changed_db"`
	SizeAfter       int64     `json:"size_after"` // in bytes
	RowsRead        int64     `json:"rows_read"`
	RowsWritten     int64     `json:"rows_written"`
	TotalAttempts   int       `json:"total_attempts"`
}

// D1Timings are the parts of a duration.
type D1Timings struct {
	SQLDurationMS float64 `json:"sql_duration_ms"`
}

// D1Error says what is wrong with SQL that was to be run, in the words of D1's errors, such as
// "no such table: users: SQLITE_ERROR".
type D1Error struct {
	Message string
}

// Error returns the message.
func (e *D1Error) Error() string { return e.Message }

// ErrNoD1Database is returned for a database that is not in the world that runs.
var ErrNoD1Database = errors.New("D1 database not found")

// errNoStatements has the words of workerd's own D1 and of Miniflare's.
var errNoStatements = &D1Error{Message: "No SQL statements detected."}

// errD1Timeout has the words of https://developers.cloudflare.com/d1/observability/debug-d1/.
var errD1Timeout = &D1Error{
	Message: "D1 DB storage operation exceeded timeout which caused object to be reset.",
}

// QueryD1 runs statements on a database in one transaction: if one fails, none of them has been. An error of type
// [*D1Error] says what is wrong with them. SQL that runs for longer than CPULimit is ended. There is a result for each
// statement that is more than a comment.
func (r *Runtime) QueryD1(
	ctx context.Context, database D1Database, statements []D1Statement, format D1Format,
) ([]D1Result, error) {
	var run []D1Statement
	for _, s := range statements {
		if spans := splitSQL(s.SQL); len(spans) > 0 {
			// SQLite takes no text behind the last statement.
			run = append(run, D1Statement{SQL: s.SQL[:spans[len(spans)-1].end], Params: s.Params})
		}
	}
	if len(run) == 0 {
		return nil, errNoStatements
	}
	var answer struct {
		Results []D1Result `json:"results"`
		Error   string     `json:"error"`
	}
	if err := r.useD1(ctx, database, &answer, "query", run, format); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, &D1Error{Message: answer.Error}
	}
	return answer.Results, nil
}

// D1DumpOptions limit what [Runtime.DumpD1] writes.
type D1DumpOptions struct {
	NoSchema bool     `json:"noSchema"` // rows only
	NoData   bool     `json:"noData"`   // definitions only
	Tables   []string `json:"tables"`   // of these tables; empty: of all
}

// DumpD1 returns the SQL that makes a database, in lines.
func (r *Runtime) DumpD1(ctx context.Context, database D1Database, options D1DumpOptions) ([]string, error) {
	var answer struct {
		Lines []string `json:"lines"`
		Error string   `json:"error"`
	}
	if err := r.useD1(ctx, database, &answer, "dump", options); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, &D1Error{Message: answer.Error}
	}
	return answer.Lines, nil
}

// useD1 calls a method of js/d1.js for a database that exists.
func (r *Runtime) useD1(ctx context.Context, database D1Database, answer any, method string, args ...any) error {
	r.d1.use.RLock()
	defer r.d1.use.RUnlock()
	if !r.hasD1(database) {
		return ErrNoD1Database
	}
	return r.callD1(ctx, database, answer, method, args...)
}

// hasD1 tells whether a database is in the world.
func (r *Runtime) hasD1(database D1Database) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.world != nil && r.world.databases[database]
}

// d1Token is the header that carries the bookmark of a session. Source: workerd's binding, src/cloudflare/internal/
// d1-api.ts.
const d1Token = "X-Cf-D1-Session-Commit-Token" //nolint:gosec // the name of a header

// serveD1 answers what a d1 binding asks: POST /query or /execute with one statement or an array of them. Source:
// workers-sdk, packages/miniflare/src/workers/d1/database.worker.ts.
func (r *Runtime) serveD1(w http.ResponseWriter, q *http.Request, database D1Database) {
	if q.Method != http.MethodPost || q.URL.Path != "/query" && q.URL.Path != "/execute" {
		http.Error(w, "the local runtime's D1 has no "+q.Method+" "+q.URL.Path, http.StatusNotImplemented)
		return
	}
	var body json.RawMessage
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if bytes.HasPrefix(body, []byte("{")) {
		body = append(append([]byte("["), body...), ']')
	}
	var statements []D1Statement
	if err := decodeNumbers(body, &statements); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	format := D1Objects
	if q.URL.Query().Get("resultsFormat") == string(D1Rows) {
		format = D1Rows
	}
	var answer any
	results, err := r.QueryD1(q.Context(), database, statements, format)
	answer = results
	if err != nil {
		answer = map[string]any{"success": false, "error": err.Error()}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if q.Header.Get(d1Token) != "" {
		// There is one copy of a database, so a bookmark need only sort behind earlier ones.
		w.Header().Set(d1Token, fmt.Sprintf("%016x-%08x", time.Now().UnixMicro(), r.d1.bookmarks.Add(1)))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // a Worker that went away cannot be told
}

// decodeNumbers decodes JSON and keeps numbers as they are written.
func decodeNumbers(text []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// callD1 calls a method of js/d1.js.
func (r *Runtime) callD1(ctx context.Context, database D1Database, answer any, method string, args ...any) error {
	text, err := json.Marshal(map[string]any{
		"database": database.name(), "method": method, "args": append([]any{}, args...),
	})
	if err != nil {
		return fmt.Errorf("D1: %w", err)
	}
	storage, err := r.d1Storage()
	if err != nil {
		return fmt.Errorf("D1: %w", err)
	}
	limit := r.CPULimit
	if limit == 0 {
		limit = cpuLimit // also D1's own: https://developers.cloudflare.com/d1/platform/limits/
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errD1Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://d1/", bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("D1: %w", err)
	}
	if err := storage.send(request, answer); err != nil {
		if errors.Is(context.Cause(ctx), errD1Timeout) {
			// Nothing else can stop SQL. What it did is undone when the database is next opened.
			storage.proc.kill()
			<-storage.proc.done
			return errD1Timeout
		}
		return fmt.Errorf("D1: %w", err)
	}
	return nil
}

// send sends a request and decodes its answer.
func (s *d1Process) send(request *http.Request, answer any) (err error) {
	response, err := s.client.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			return wrapped.Err // less a URL that says nothing
		}
		return err
	}
	defer func() { _ = response.Body.Close() }() // only read from: nothing to lose
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("storage answered %s: %s", response.Status, bytes.TrimSpace(text))
	}
	return json.Unmarshal(text, answer)
}
