// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// sqlStore stands in for SQLite, which the emulator has only if it runs workerd. It
// knows the table of migrations and nothing else of SQL: whatever else is run, it
// notes. tests/engine and tests/conformance try the SQL itself.
type sqlStore struct {
	mu        sync.Mutex
	databases map[string]*sqlDatabase // by id
}

type sqlDatabase struct {
	table   bool     // whether there is a table d1_migrations
	applied []string // names in the table
	schema  []string // what was run, without the records
}

// sqlCall is a query on its way through the emulator, which has the say whether it may run.
type sqlCall struct {
	id     string
	sql    string
	status int // of the answer; 0: it did not run
	answer []byte
}

type sqlCallKey struct{}

var (
	queryPath   = regexp.MustCompile(`/d1/database/([0-9a-f-]{36})/query$`)
	databaseURL = regexp.MustCompile(`/d1/database/([0-9a-f-]{36})$`)
	migration   = regexp.MustCompile(`(?s)^(.*)\nINSERT INTO "d1_migrations" \(name\)\nvalues \('(.*)'\);$`)
)

// around lets the emulator decide about queries, and answers them where it would say that it runs no SQL.
func (s *sqlStore) around(emulated http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		match := queryPath.FindStringSubmatch(r.URL.Path)
		if match == nil {
			emulated.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var query struct{ SQL string }
		if err := json.Unmarshal(body, &query); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		call := &sqlCall{id: match[1], sql: query.SQL}
		r = r.WithContext(context.WithValue(r.Context(), sqlCallKey{}, call))
		r.Body = io.NopCloser(bytes.NewReader(body))
		emulated.ServeHTTP(&sqlWriter{ResponseWriter: w, call: call}, r)
	})
}

// sqlWriter puts the answer to a query in the place of the refusal to run it.
type sqlWriter struct {
	http.ResponseWriter

	call     *sqlCall
	replaced bool
}

// Unwrap lets a connection be broken.
func (w *sqlWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (w *sqlWriter) WriteHeader(status int) {
	if status != http.StatusNotImplemented || w.call.status == 0 {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.replaced = true
	w.Header().Del("Content-Length")
	w.ResponseWriter.WriteHeader(w.call.status)
	_, _ = w.ResponseWriter.Write(w.call.answer) // a client that has gone needs no answer
}

// Write implements [http.ResponseWriter].
func (w *sqlWriter) Write(text []byte) (int, error) {
	if w.replaced {
		return len(text), nil
	}
	return w.ResponseWriter.Write(text)
}

// act does what the emulator has let pass.
func (s *sqlStore) act(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if match := databaseURL.FindStringSubmatch(r.URL.Path); match != nil && r.Method == http.MethodDelete {
		delete(s.databases, match[1])
	}
	call, ok := r.Context().Value(sqlCallKey{}).(*sqlCall)
	if !ok {
		return
	}
	if s.databases == nil {
		s.databases = map[string]*sqlDatabase{}
	}
	if s.databases[call.id] == nil {
		s.databases[call.id] = &sqlDatabase{}
	}
	rows, err := s.databases[call.id].run(call.sql)
	envelope := map[string]any{"success": err == nil, "errors": []any{}, "result": []any{
		map[string]any{"results": rows, "success": true, "meta": map[string]any{}},
	}}
	call.status = http.StatusOK
	if err != nil {
		call.status = http.StatusBadRequest
		envelope["errors"] = []any{map[string]any{"code": 7500, "message": err.Error()}}
		envelope["result"] = []any{}
	}
	call.answer, _ = json.Marshal(envelope) // of texts alone
}

// run runs a query: all of it or, if there is an error, nothing.
func (d *sqlDatabase) run(sql string) ([]map[string]any, error) {
	rows := []map[string]any{}
	if match := migration.FindStringSubmatch(sql); match != nil {
		if strings.Contains(sql, "nowhere") {
			return nil, errors.New("no such table: nowhere: SQLITE_ERROR")
		}
		if slices.Contains(d.applied, match[2]) {
			return nil, errors.New("UNIQUE constraint failed: d1_migrations.name: SQLITE_CONSTRAINT")
		}
		d.applied, d.schema = append(d.applied, match[2]), append(d.schema, match[1])
		return rows, nil
	}
	if strings.HasPrefix(sql, `CREATE TABLE IF NOT EXISTS "d1_migrations"`) {
		d.table = true
	}
	if !d.table {
		return nil, errors.New("no such table: d1_migrations: SQLITE_ERROR")
	}
	for i, name := range d.applied {
		rows = append(rows, map[string]any{"id": i + 1, "name": name})
	}
	return rows, nil
}

// dump tells what is in the databases.
func (s *sqlStore) dump() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var texts []string
	for _, d := range s.databases {
		if len(d.schema) > 0 {
			texts = append(texts, fmt.Sprintf("sql %q %q\n", d.applied, d.schema))
		}
	}
	slices.Sort(texts)
	return strings.Join(texts, "")
}

// only returns the only database there is.
func (s *sqlStore) only(t *testing.T) *sqlDatabase {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Collect(maps.Values(s.databases))
	require.Len(t, all, 1)
	return all[0]
}

// Dump is what is in the cloud.
func (c *cloud) Dump() string { return c.Server.Dump() + c.sql.dump() }
