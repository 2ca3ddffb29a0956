// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// Migrations are recorded as wrangler does it, so that both can work on one
// database: workers-sdk, packages/wrangler/src/d1/migrations/helpers.ts.
const (
	createMigrationsTable = `CREATE TABLE IF NOT EXISTS "d1_migrations"(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);`
	listMigrations = `SELECT *
		FROM "d1_migrations"
		ORDER BY id`
)

// recordMigration is a migration together with its record: a query's statements are one transaction.
func recordMigration(name, sql string) string {
	return sql + "\nINSERT INTO \"d1_migrations\" (name)\nvalues ('" + strings.ReplaceAll(name, "'", "''") + "');"
}

// noMigrationsTable is how SQLite says that nothing was ever recorded.
const noMigrationsTable = "no such table: d1_migrations"

// appliedElsewhere stands for the digest of a migration that somebody else applied.
const appliedElsewhere = "applied elsewhere"

// migrationError is the failure of one migration.
type migrationError struct {
	name string
	err  error
}

func (e *migrationError) Error() string { return fmt.Sprintf("apply migration %q: %v", e.name, e.err) }

func (e *migrationError) Unwrap() error { return e.err }

// appliedMigrationError says that what was applied cannot be told from the directory any more.
type appliedMigrationError struct {
	name, directory string
	was, is         string // digests; is is empty if there is no such file
}

func (e *appliedMigrationError) Error() string {
	if e.is == "" {
		return fmt.Sprintf("migration %q was applied to the database but is not in %q", e.name, e.directory)
	}
	return fmt.Sprintf("migration %q in %q was changed after it was applied: its SHA-256 was %s, and is %s",
		e.name, e.directory, e.was, e.is)
}

// compareMigrations orders names as wrangler's compareMigrationPaths does: by the
// number that they begin with, those without a number last, equal ones by their text.
func compareMigrations(a, b string) int {
	number := func(name string) (float64, bool) {
		digits := leadingNumber.FindString(name)
		n, err := strconv.ParseFloat(digits, 64)
		return n, err == nil
	}
	an, aNumbered := number(a)
	bn, bNumbered := number(b)
	switch {
	case aNumbered && bNumbered && an != bn:
		return cmp.Compare(an, bn)
	case aNumbered && !bNumbered:
		return -1
	case !aNumbered && bNumbered:
		return 1
	}
	return strings.Compare(a, b)
}

var leadingNumber = regexp.MustCompile(`^[+-]?[0-9]+`)

// readMigrations reads the migrations of a directory: its files *.sql that are not hidden, as wrangler does it.
func readMigrations(directory string) (map[string][]byte, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		name := entry.Name()
		if !entry.Type().IsRegular() || strings.HasPrefix(name, ".") || filepath.Ext(name) != ".sql" {
			continue
		}
		if files[name], err = os.ReadFile(filepath.Join(directory, name)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func migrationDigest(sql []byte) string {
	sum := sha256.Sum256(sql)
	return hex.EncodeToString(sum[:])
}

// migrations fills in the digests of the files in the directory, which must be those that are declared if some are.
func (c *checker) migrations(m *D1Migrations) {
	path := []string{"migrations", "directory"}
	files, err := readMigrations(m.Directory)
	switch {
	case m.Directory == "":
		c.fail(true, path, "must name the directory of the migrations")
		return
	case errors.Is(err, fs.ErrNotExist):
		c.fail(true, path, "there is no directory %q", m.Directory)
		return
	case err != nil:
		c.fail(true, path, "%v", err)
		return
	}
	digests := map[string]string{}
	for name, sql := range files {
		digests[name] = migrationDigest(sql)
	}
	if m.Files != nil {
		for _, name := range union(m.Files, digests) {
			c.fail(m.Files[name] != digests[name], []string{"migrations", "files", name}, "is declared as %q, and in %q it "+
				"is %q", m.Files[name], m.Directory, digests[name])
		}
	}
	m.Files = digests
}

// union lists the keys of both maps in order.
func union[V, W any](a map[string]V, b map[string]W) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}

// recordedMigrations lists the names in the table d1_migrations, in the order in which they were applied.
func recordedMigrations(ctx context.Context, account, id string) ([]string, error) {
	results, err := api(ctx).QueryD1(ctx, account, id, listMigrations, nil)
	if errors.Is(err, cfapi.ErrInvalid) && strings.Contains(err.Error(), noMigrationsTable) {
		return nil, nil
	}
	return migrationNames(results), err
}

// migrationNames are the names in the rows of the last result.
func migrationNames(results []cfapi.D1Result) (names []string) {
	if len(results) == 0 {
		return nil
	}
	for _, row := range results[len(results)-1].Rows {
		if name, ok := row["name"].(string); ok {
			names = append(names, name)
		}
	}
	return names
}

// appliedOf gives what is recorded the digests that are known of it.
func appliedOf(recorded []string, known map[string]string) map[string]string {
	applied := map[string]string{}
	for _, name := range recorded {
		applied[name] = cmp.Or(known[name], appliedElsewhere)
	}
	return applied
}

// migrate applies the migrations that are not applied yet, and notes in db those that are. What others applied in the
// meantime is not applied again.
func migrate(ctx context.Context, db *D1DatabaseState) error {
	if db.Migrations == nil {
		return nil
	}
	db.AppliedMigrations = maps.Clone(db.AppliedMigrations)
	if err := unlikeApplied(db.Migrations.Directory, db.Migrations.Files, db.AppliedMigrations); err != nil {
		return err
	}
	if len(pendingMigrations(db.Migrations.Files, db.AppliedMigrations)) == 0 {
		return nil
	}
	sql, err := readMigrations(db.Migrations.Directory)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	results, err := api(ctx).QueryD1(ctx, db.AccountID, db.DatabaseID, createMigrationsTable+"\n"+listMigrations, nil)
	if err != nil {
		return fmt.Errorf("list the migrations that were applied: %w", err)
	}
	recorded := migrationNames(results)
	db.AppliedMigrations = appliedOf(recorded, db.AppliedMigrations)
	for _, name := range pendingMigrations(db.Migrations.Files, db.AppliedMigrations) {
		want := db.Migrations.Files[name]
		if !slices.Contains(recorded, name) {
			if is := migrationDigest(sql[name]); is != want {
				return &migrationError{name, fmt.Errorf("the file was changed meanwhile: its SHA-256 was %s, and is %s", want, is)}
			}
			if err := applyMigration(ctx, db, name, string(sql[name])); err != nil {
				return &migrationError{name, err}
			}
		}
		db.AppliedMigrations[name] = want
	}
	return nil
}

// pendingMigrations are the files that this program is not known to have applied, in their order.
func pendingMigrations(files, applied map[string]string) (names []string) {
	for name := range files {
		if digest := applied[name]; digest == "" || digest == appliedElsewhere {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, compareMigrations)
	return names
}

// applyMigration runs a migration. If the answer is lost, the record tells what became of it.
func applyMigration(ctx context.Context, db *D1DatabaseState, name, sql string) error {
	_, err := api(ctx).QueryD1(ctx, db.AccountID, db.DatabaseID, recordMigration(name, sql), nil)
	if !cfapi.LostResponse(err) || ctx.Err() != nil {
		return err
	}
	recorded, listErr := recordedMigrations(ctx, db.AccountID, db.DatabaseID)
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	if slices.Contains(recorded, name) {
		return nil
	}
	return err
}

// unlikeApplied returns an error if a file that was applied is not there any more, or not as it was.
func unlikeApplied(directory string, files, applied map[string]string) error {
	for _, name := range slices.SortedFunc(maps.Keys(applied), compareMigrations) {
		if was := applied[name]; was != appliedElsewhere && files[name] != was {
			return &appliedMigrationError{name: name, directory: directory, was: was, is: files[name]}
		}
	}
	return nil
}

// d1DatabaseDiff leaves out where the migrations are, and names those that are
// not applied yet although an earlier update had them.
func d1DatabaseDiff(req p.DiffRequest, resp p.DiffResponse) (p.DiffResponse, error) {
	// One of the name can be made only after the other has gone.
	resp.DeleteBeforeReplace = same(req, "name") && same(req, "accountId")
	files, known := migrationFiles(req.Inputs)
	if !known {
		return resp, nil
	}
	resp = without(resp, "migrations.directory")
	if replaces(resp) { // the new database has nothing applied
		return resp, nil
	}
	applied := textMembers(req.State.Get("appliedMigrations"))
	directory := req.Inputs.Get("migrations").AsMap().Get("directory").AsString()
	if err := unlikeApplied(directory, files, applied); err != nil {
		return resp, explain(err)
	}
	if _, all := resp.DetailedDiff["migrations"]; all {
		return resp, nil
	}
	for _, name := range pendingMigrations(files, applied) {
		path := propertyPath([]string{"migrations", "files", name})
		if _, told := resp.DetailedDiff[path]; !told {
			resp = differs(resp, path)
			resp.DetailedDiff[path] = p.PropertyDiff{Kind: p.Add, InputDiff: true}
		}
	}
	return resp, nil
}

// migrationFiles returns the migrations of inputs that were checked, unless there are none or they are not known.
func migrationFiles(inputs property.Map) (files map[string]string, known bool) {
	m := inputs.Get("migrations")
	if !m.IsMap() || m.HasComputed() || !m.AsMap().Get("directory").IsString() {
		return nil, false
	}
	return textMembers(m.AsMap().Get("files")), true
}

// textMembers returns the members of a map that are texts.
func textMembers(v property.Value) map[string]string {
	members := map[string]string{}
	if v.IsMap() {
		for name, value := range v.AsMap().All {
			if value.IsString() {
				members[name] = value.AsString()
			}
		}
	}
	return members
}
