// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	_ "embed" // the resource's documentation
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

var (
	_ infer.Annotated                                             = (*D1Database)(nil)
	_ infer.Annotated                                             = (*D1DatabaseArgs)(nil)
	_ infer.Annotated                                             = (*D1DatabaseState)(nil)
	_ infer.Annotated                                             = (*D1ReadReplication)(nil)
	_ infer.Annotated                                             = (*D1Migrations)(nil)
	_ infer.CustomCheck[D1DatabaseArgs]                           = (*D1Database)(nil)
	_ infer.CustomResource[D1DatabaseArgs, D1DatabaseState]       = (*D1Database)(nil)
	_ infer.CustomUpdate[D1DatabaseArgs, D1DatabaseState]         = (*D1Database)(nil)
	_ infer.CustomRead[D1DatabaseArgs, D1DatabaseState]           = (*D1Database)(nil)
	_ infer.CustomDelete[D1DatabaseState]                         = (*D1Database)(nil)
	_ infer.ExplicitDependencies[D1DatabaseArgs, D1DatabaseState] = (*D1Database)(nil)
)

// D1Database is a D1 database with its schema.
type D1Database struct{}

// D1DatabaseArgs are the inputs of a [D1Database].
type D1DatabaseArgs struct {
	AccountID           string             `pulumi:"accountId,optional"           provider:"replaceOnChanges"`
	Name                string             `pulumi:"name,optional"                provider:"replaceOnChanges"`
	Jurisdiction        string             `pulumi:"jurisdiction,optional"        provider:"replaceOnChanges"`
	PrimaryLocationHint string             `pulumi:"primaryLocationHint,optional" provider:"replaceOnChanges"`
	ReadReplication     *D1ReadReplication `pulumi:"readReplication,optional"`
	Migrations          *D1Migrations      `pulumi:"migrations,optional"`
}

// D1ReadReplication says whether a database has replicas that are read from.
type D1ReadReplication struct {
	Mode string `pulumi:"mode"`
}

// D1Migrations is a directory of migrations, with what is in it.
type D1Migrations struct {
	Directory string            `pulumi:"directory"`
	Files     map[string]string `pulumi:"files,optional"`
}

// D1DatabaseState is a [D1Database] as last seen.
type D1DatabaseState struct {
	D1DatabaseArgs
	DatabaseID        string            `pulumi:"databaseId"`
	AppliedMigrations map[string]string `pulumi:"appliedMigrations"`
}

//go:embed doc/d1_database.md
var d1DatabaseDoc string

// maxDatabaseName is how long a name can be that this package makes up. Cloudflare documents no limit.
const maxDatabaseName = 63 // characters

// The modes of read replication: https://developers.cloudflare.com/d1/best-practices/read-replication/
const (
	replicationAuto     = "auto"
	replicationDisabled = "disabled"
)

// What D1 accepts: workers-sdk, packages/wrangler/src/d1/constants.ts. The places are those of R2. The form of a name
// is that of d1_database-name in Cloudflare's OpenAPI description.
var (
	databaseName     = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]*$`)
	d1Jurisdictions  = []string{"eu", "fedramp", "us"}
	replicationModes = []string{replicationAuto, replicationDisabled}
)

// Annotate describes the resource.
func (d *D1Database) Annotate(a infer.Annotator) { a.Describe(&d, strings.TrimSpace(d1DatabaseDoc)) }

// Annotate describes the inputs.
func (d *D1DatabaseArgs) Annotate(a infer.Annotator) {
	a.Describe(&d.AccountID, "The Cloudflare account (32 hex digits). Default: the provider's `accountId`. "+
		"Changing it replaces the database, and its data is lost.")
	a.Describe(&d.Name, "The database's name, unique in the account: letters, digits, `-` and `_`. Default: the "+
		"resource's name and 7 hex digits that differ from stack to stack. Changing it replaces the database, and its data "+
		"is lost.")
	a.Describe(&d.Jurisdiction, "Jurisdiction in which the database must run and keep its data: `eu`, `fedramp` or "+
		"`us`. Default: none. Changing it replaces the database, and its data is lost.")
	a.Describe(&d.PrimaryLocationHint, "Where the primary should be, as a hint: `wnam`, `enam`, `weur`, `eeur`, `apac` "+
		"or `oc`. Default: near whoever creates the database. With a jurisdiction Cloudflare ignores it. Changing it "+
		"replaces the database, and its data is lost.")
	a.Describe(&d.ReadReplication, "Whether the database has read replicas. It can be changed in place. Default: it "+
		"has none.")
	a.Describe(&d.Migrations, "The migrations that make the database's schema, as wrangler has them. Default: none; "+
		"what is in the database is left to others.")
}

// Annotate describes the type.
func (r *D1ReadReplication) Annotate(a infer.Annotator) {
	a.Describe(&r, "Read replicas of a D1 database.")
	a.Describe(&r.Mode, "`auto`: Cloudflare makes replicas near readers, whom a session of D1's API leads to them. "+
		"`disabled`: there are none.")
}

// Annotate describes the type.
func (m *D1Migrations) Annotate(a infer.Annotator) {
	a.Describe(&m, "A directory of migrations, and what is in it.")
	a.Describe(&m.Directory, "The directory, relative to the program, such as `./migrations`. Its files `*.sql`, such "+
		"as `0001_users.sql`, are applied in the order of the numbers that their names begin with.")
	a.Describe(&m.Files, "The names of the migrations, each with the SHA-256 of its file in hex, so that a preview "+
		"names what is new. Default: read from the directory. Set it to refuse any other content.")
}

// Annotate describes the outputs.
func (d *D1DatabaseState) Annotate(a infer.Annotator) {
	a.Describe(&d.DatabaseID, "Cloudflare's id of the database, a UUID; the same as the resource's `id`.")
	a.Describe(&d.AppliedMigrations, "The migrations that the database's table `d1_migrations` records, each with the "+
		"SHA-256 of the file that was applied, or `"+appliedElsewhere+"` if this program did not apply it.")
}

// WireDependencies keeps the id known unless the database is replaced, and what is applied unless that changes.
func (*D1Database) WireDependencies(f infer.FieldSelector, in *D1DatabaseArgs, out *D1DatabaseState) {
	replaced := []infer.InputField{
		f.InputField(&in.AccountID), f.InputField(&in.Name), f.InputField(&in.Jurisdiction),
		f.InputField(&in.PrimaryLocationHint),
	}
	f.OutputField(&out.DatabaseID).DependsOn(replaced...)
	f.OutputField(&out.AppliedMigrations).DependsOn(append(replaced, f.InputField(&in.Migrations))...)
}

// Check fills in account, name and the digests of the migrations, and validates the rest.
func (d *D1Database) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[D1DatabaseArgs], error) {
	args, failures, err := infer.DefaultCheck[D1DatabaseArgs](ctx, req.NewInputs)
	if err != nil || len(failures) > 0 {
		return infer.CheckResponse[D1DatabaseArgs]{Inputs: args, Failures: failures}, err
	}
	c := &checker{inputs: req.NewInputs, failures: checkAccount(ctx, &args.AccountID, req.NewInputs)}
	if args.Name == "" && !computed(req.NewInputs, "name") {
		args.Name = autoname(ctx, req, "name", maxDatabaseName)
	}
	c.fail(args.Name != "" && !databaseName.MatchString(args.Name), []string{"name"}, "%q is not a database's name: "+
		"letters, digits, \"-\" and \"_\", beginning with a letter or a digit", args.Name)
	oneOf := func(path []string, value string, choices []string) {
		c.fail(value != "" && !slices.Contains(choices, value), path, "%q is none of %s", value, strings.Join(choices, ", "))
	}
	oneOf([]string{"jurisdiction"}, args.Jurisdiction, d1Jurisdictions)
	oneOf([]string{"primaryLocationHint"}, args.PrimaryLocationHint, locations)
	if args.ReadReplication != nil {
		mode := []string{"readReplication", "mode"}
		c.fail(args.ReadReplication.Mode == "", mode, "must be one of %s", strings.Join(replicationModes, ", "))
		oneOf(mode, args.ReadReplication.Mode, replicationModes)
	}
	if args.Migrations != nil && !req.NewInputs.Get("migrations").HasComputed() {
		c.migrations(args.Migrations)
	}
	return infer.CheckResponse[D1DatabaseArgs]{Inputs: args, Failures: c.failures}, nil
}

// Create makes the database and applies the migrations. If one fails, the database stays, and the next update goes on.
func (d *D1Database) Create(
	ctx context.Context, req infer.CreateRequest[D1DatabaseArgs],
) (infer.CreateResponse[D1DatabaseState], error) {
	args := req.Inputs
	resp := infer.CreateResponse[D1DatabaseState]{
		Output: D1DatabaseState{D1DatabaseArgs: args, AppliedMigrations: map[string]string{}},
	}
	if req.DryRun {
		return resp, nil
	}
	made, err := createDatabase(ctx, args)
	if err != nil {
		return resp, explain(err)
	}
	resp.ID, resp.Output.DatabaseID = made.ID, made.ID
	if err := migrate(ctx, &resp.Output); err != nil {
		return resp, infer.ResourceInitFailedError{Reasons: []string{explain(err).Error()}}
	}
	return resp, nil
}

// createDatabase makes an empty database.
func createDatabase(ctx context.Context, args D1DatabaseArgs) (cfapi.D1Database, error) {
	ctx, done, err := settled(ctx)
	defer done()
	if err != nil {
		return cfapi.D1Database{}, err
	}
	in := cfapi.D1DatabaseInput{
		Name: args.Name, Jurisdiction: args.Jurisdiction, PrimaryLocationHint: args.PrimaryLocationHint,
	}
	if args.ReadReplication != nil {
		in.ReadReplication = args.ReadReplication.Mode
	}
	started := time.Now()
	made, err := api(ctx).CreateD1Database(ctx, args.AccountID, in)
	if cfapi.LostResponse(err) {
		return findDatabase(ctx, args, started, err)
	}
	return made, err
}

// findDatabase settles a create whose answer was lost. A database of that name
// is the one that was made unless it is older than the attempt.
func findDatabase(
	ctx context.Context, args D1DatabaseArgs, started time.Time, cause error,
) (cfapi.D1Database, error) {
	found, err := api(ctx).D1Databases(ctx, args.AccountID, args.Name)
	switch {
	case err != nil:
		return cfapi.D1Database{}, errors.Join(cause, err)
	case len(found) == 0:
		return cfapi.D1Database{}, cause
	case found[0].CreatedOn.Before(started.Add(-clockSkew)):
		return cfapi.D1Database{}, &cfapi.Error{
			Op: "create D1 database \"" + args.Name + "\"", Kind: cfapi.ErrConflict, API: cfapi.APID1,
			Codes: []cfapi.Code{{Code: codeDatabaseExists, Message: "it exists since " + timestamp(found[0].CreatedOn)}},
		}
	}
	return found[0], nil
}

// Update changes the mode of read replication and applies the migrations that are new.
func (d *D1Database) Update(
	ctx context.Context, req infer.UpdateRequest[D1DatabaseArgs, D1DatabaseState],
) (infer.UpdateResponse[D1DatabaseState], error) {
	next := req.State
	next.D1DatabaseArgs = req.Inputs
	resp := infer.UpdateResponse[D1DatabaseState]{Output: next}
	if req.DryRun {
		return resp, nil
	}
	mode := replicationMode(req.Inputs)
	changed := mode != replicationMode(req.State.D1DatabaseArgs)
	if changed {
		if _, err := api(ctx).UpdateD1Database(ctx, next.AccountID, next.DatabaseID, mode); err != nil {
			return infer.UpdateResponse[D1DatabaseState]{Output: req.State}, explain(err)
		}
	}
	err := migrate(ctx, &next)
	resp.Output = next
	switch {
	case err == nil:
		return resp, nil
	case changed || !maps.Equal(next.AppliedMigrations, req.State.AppliedMigrations):
		return resp, infer.ResourceInitFailedError{Reasons: []string{explain(err).Error()}}
	}
	return infer.UpdateResponse[D1DatabaseState]{Output: req.State}, explain(err)
}

// replicationMode is the mode that the inputs ask for.
func replicationMode(args D1DatabaseArgs) string {
	if args.ReadReplication == nil {
		return replicationDisabled
	}
	return args.ReadReplication.Mode
}

// Read forgets the database only if Cloudflare says that it is gone. Which
// migrations were applied is asked if the program has some, or for an import.
func (d *D1Database) Read(
	ctx context.Context, req infer.ReadRequest[D1DatabaseArgs, D1DatabaseState],
) (infer.ReadResponse[D1DatabaseArgs, D1DatabaseState], error) {
	resp := infer.ReadResponse[D1DatabaseArgs, D1DatabaseState](req)
	args := req.State.D1DatabaseArgs
	imported := args.Name == ""
	account, id := splitID(ctx, req.ID)
	if !imported {
		account = args.AccountID
	}
	is, err := api(ctx).D1Database(ctx, account, id)
	var recorded []string
	if err == nil && (imported || args.Migrations != nil) {
		recorded, err = recordedMigrations(ctx, account, is.ID)
	}
	if errors.Is(err, cfapi.ErrNotFound) {
		return infer.ReadResponse[D1DatabaseArgs, D1DatabaseState]{}, nil
	}
	if err != nil {
		return resp, explain(err)
	}
	args.AccountID, args.Name, args.Jurisdiction = account, is.Name, is.Jurisdiction
	if is.ReadReplication != "" && is.ReadReplication != replicationMode(args) {
		args.ReadReplication = &D1ReadReplication{Mode: is.ReadReplication}
	}
	applied := req.State.AppliedMigrations
	if imported || args.Migrations != nil {
		applied = appliedOf(recorded, req.State.AppliedMigrations)
	}
	resp.ID, resp.Inputs = is.ID, args
	resp.State = D1DatabaseState{D1DatabaseArgs: args, DatabaseID: is.ID, AppliedMigrations: applied}
	resp.Inputs.Migrations = req.Inputs.Migrations // the state keeps what the last update was given
	return resp, nil
}

// Delete removes the database with all that is in it. It is idempotent.
func (d *D1Database) Delete(
	ctx context.Context, req infer.DeleteRequest[D1DatabaseState],
) (infer.DeleteResponse, error) {
	err := api(ctx).DeleteD1Database(ctx, req.State.AccountID, req.State.DatabaseID)
	if errors.Is(err, cfapi.ErrNotFound) {
		err = nil
	}
	return infer.DeleteResponse{}, explain(err)
}
