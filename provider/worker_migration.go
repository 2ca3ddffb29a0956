// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// Migration is one step in the history of a Worker's classes of Durable Objects.
type Migration struct {
	Tag                string             `pulumi:"tag"`
	NewSqliteClasses   []string           `pulumi:"newSqliteClasses,optional"`
	NewClasses         []string           `pulumi:"newClasses,optional"`
	RenamedClasses     []RenamedClass     `pulumi:"renamedClasses,optional"`
	TransferredClasses []TransferredClass `pulumi:"transferredClasses,optional"`
	DeletedClasses     []string           `pulumi:"deletedClasses,optional"`
}

// RenamedClass gives a class another name; its objects keep their data.
type RenamedClass struct {
	From string `pulumi:"from"`
	To   string `pulumi:"to"`
}

// TransferredClass takes a class over from another Worker, with the data of its objects.
type TransferredClass struct {
	From       string `pulumi:"from"`
	FromScript string `pulumi:"fromScript"`
	To         string `pulumi:"to"`
}

// Annotate describes the migration.
func (m *Migration) Annotate(a infer.Annotator) {
	a.Describe(&m, "One step in the history of a Worker's classes of Durable Objects.")
	a.Describe(&m.Tag, "Name of the step, unique in the history. It must not change once it was deployed.")
	a.Describe(&m.NewSqliteClasses, "Classes that are new, with SQLite storage. Default: none.")
	a.Describe(&m.NewClasses, "Classes that are new, with the older key-value storage. Default: none.")
	a.Describe(&m.RenamedClasses, "Classes that get another name and keep their data. Default: none.")
	a.Describe(&m.TransferredClasses, "Classes that are taken over from another Worker, with their data. Default: none.")
	a.Describe(&m.DeletedClasses, "Classes that go, with all the data of their objects. `allowDataLoss` must name them. "+
		"Default: none.")
}

// Annotate describes the renaming.
func (r *RenamedClass) Annotate(a infer.Annotator) {
	a.Describe(&r, "A class of Durable Objects that gets another name and keeps its data.")
	a.Describe(&r.From, "Name of the class until now.")
	a.Describe(&r.To, "Name of the class from now on.")
}

// Annotate describes the transfer.
func (r *TransferredClass) Annotate(a infer.Annotator) {
	a.Describe(&r, "A class of Durable Objects that is taken over from another Worker.")
	a.Describe(&r.From, "Name of the class in the other Worker.")
	a.Describe(&r.FromScript, "Name of the other Worker.")
	a.Describe(&r.To, "Name of the class in this Worker.")
}

// stepsAfter returns the steps that follow the tag in a history.
func stepsAfter(history []Migration, tag string) ([]Migration, error) {
	if tag == "" || len(history) == 0 {
		return history, nil
	}
	at := slices.IndexFunc(history, func(m Migration) bool { return m.Tag == tag })
	if at < 0 {
		return nil, &unknownTagError{tag: tag}
	}
	return history[at+1:], nil
}

// madeMigrations returns the steps of a history up to the tag. Cloudflare tells
// nothing else of them, so that a history without the tag is returned as it is.
func madeMigrations(history []Migration, tag string) []Migration {
	if tag == "" {
		return nil
	}
	at := slices.IndexFunc(history, func(m Migration) bool { return m.Tag == tag })
	if at < 0 {
		return history
	}
	return history[:at+1]
}

// unknownTagError says that a Worker's migrations are not those of the program.
type unknownTagError struct{ tag string }

func (e *unknownTagError) Error() string {
	return fmt.Sprintf("migrations: the Worker is at the migration %q, which the program does not have; nothing was "+
		"deployed", e.tag)
}

// lostClasses returns the classes whose data the wanted migrations or exports
// would delete, apart from those that were made and deleted since the tag.
func lostClasses(seen CloudflareWorkerState, want CloudflareWorkerArgs) ([]string, error) {
	var lost []string
	for class, export := range want.Exports {
		if export.State == exportDeleted && seen.Exports[class].State != exportDeleted && seen.VersionID != "" {
			lost = append(lost, class)
		}
	}
	pending, err := stepsAfter(want.Migrations, seen.MigrationTag)
	if err != nil {
		return nil, err
	}
	origin := map[string]string{} // the names that classes had at the tag; "" for those that were not there
	name := func(class string) string {
		if was, known := origin[class]; known {
			return was
		}
		return class
	}
	for _, m := range pending {
		for _, class := range slices.Concat(m.NewClasses, m.NewSqliteClasses) {
			origin[class] = ""
		}
		for _, t := range m.TransferredClasses {
			origin[t.To] = t.To // it has data from elsewhere
		}
		for _, r := range m.RenamedClasses {
			origin[r.To] = name(r.From)
		}
		for _, class := range m.DeletedClasses {
			if was := name(class); was != "" {
				lost = append(lost, was)
			}
		}
	}
	slices.Sort(lost)
	return slices.Compact(lost), nil
}

// dataLossError refuses to delete the data of Durable Objects.
type dataLossError struct{ classes []string }

func (e *dataLossError) Error() string {
	return fmt.Sprintf("migrations: all data of the Durable Objects of %s would be deleted; nothing was deployed",
		strings.Join(e.classes, ", "))
}

// checkDataLoss refuses what would delete data that the program does not allow to
// be deleted. Lost are the classes whose data goes with permission.
func checkDataLoss(seen CloudflareWorkerState, want CloudflareWorkerArgs) (lost []string, err error) {
	if lost, err = lostClasses(seen, want); err != nil {
		return nil, err
	}
	var refused []string
	for _, class := range lost {
		if !slices.Contains(want.AllowDataLoss, class) {
			refused = append(refused, class)
		}
	}
	if len(refused) > 0 {
		return nil, &dataLossError{classes: refused}
	}
	return lost, nil
}

// migrationsToAPI returns pending steps as an upload takes them.
func migrationsToAPI(pending []Migration, from string) *cfapi.Migrations {
	if len(pending) == 0 {
		return nil
	}
	sent := &cfapi.Migrations{OldTag: from, NewTag: pending[len(pending)-1].Tag}
	for _, m := range withoutPassing(pending) {
		step := cfapi.MigrationStep{
			NewClasses: m.NewClasses, NewSQLiteClasses: m.NewSqliteClasses, DeletedClasses: m.DeletedClasses,
		}
		for _, r := range m.RenamedClasses {
			step.RenamedClasses = append(step.RenamedClasses, cfapi.RenamedClass(r))
		}
		for _, t := range m.TransferredClasses {
			step.TransferredClasses = append(step.TransferredClasses, cfapi.TransferredClass(t))
		}
		sent.Steps = append(sent.Steps, step)
	}
	return sent
}

// withoutPassing leaves out of pending steps the classes that one of them makes
// and a later one deletes: the code that is uploaded does not have them, and they
// never had data.
func withoutPassing(pending []Migration) []Migration {
	made, passing := map[string]string{}, map[string]bool{} // by the name of the day: the name that each was made with
	for _, m := range pending {
		for _, class := range slices.Concat(m.NewClasses, m.NewSqliteClasses) {
			made[class] = m.Tag + " " + class
		}
		for _, r := range m.RenamedClasses {
			if origin, ok := made[r.From]; ok {
				delete(made, r.From)
				made[r.To] = origin
			}
		}
		for _, class := range m.DeletedClasses {
			if origin, ok := made[class]; ok {
				delete(made, class)
				passing[origin] = true
			}
		}
	}
	kept := make([]Migration, 0, len(pending))
	today := map[string]bool{} // the names that passing classes have at the moment
	for _, m := range pending {
		comes := func(class string) bool {
			passes := passing[m.Tag+" "+class]
			today[class] = passes
			return passes
		}
		m.NewClasses = slices.DeleteFunc(slices.Clone(m.NewClasses), comes)
		m.NewSqliteClasses = slices.DeleteFunc(slices.Clone(m.NewSqliteClasses), comes)
		m.RenamedClasses = slices.DeleteFunc(slices.Clone(m.RenamedClasses), func(r RenamedClass) bool {
			passes := today[r.From]
			today[r.From], today[r.To] = false, passes
			return passes
		})
		m.DeletedClasses = slices.DeleteFunc(slices.Clone(m.DeletedClasses), func(class string) bool {
			passes := today[class]
			today[class] = false
			return passes
		})
		kept = append(kept, m)
	}
	return kept
}

// className is the name of a class in a script.
var className = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

// classes checks migrations and exports.
func (c *checker) classes(args CloudflareWorkerArgs) {
	c.fail(len(args.Migrations) > 0 && len(objectExports(args.Exports)) > 0, []string{"exports"}, "a Worker has "+
		"migrations or exports of Durable Objects, not both: each is the whole history of its classes")
	class := func(path []string, name string) {
		c.fail(!className.MatchString(name), path, "%q is not the name of a class", name)
	}
	tags := map[string]bool{}
	path := []string{"migrations"}
	live := map[string]bool{}
	for _, m := range args.Migrations {
		c.fail(m.Tag == "", path, "each step needs a tag")
		c.fail(m.Tag != "" && tags[m.Tag], path, "the tag %q is there twice", m.Tag)
		tags[m.Tag] = true
		for _, name := range slices.Concat(m.NewClasses, m.NewSqliteClasses) {
			class(path, name)
			c.fail(live[name], path, "%s: the class %q is there already", m.Tag, name)
			live[name] = true
		}
		for _, r := range m.RenamedClasses {
			class(path, r.To)
			c.fail(!live[r.From], path, "%s: there is no class %q to rename", m.Tag, r.From)
			delete(live, r.From)
			live[r.To] = true
		}
		for _, t := range m.TransferredClasses {
			class(path, t.To)
			c.fail(t.FromScript == "", path, "%s: fromScript must name the Worker that the class comes from", m.Tag)
			live[t.To] = true
		}
		for _, name := range m.DeletedClasses {
			c.fail(!live[name], path, "%s: there is no class %q to delete", m.Tag, name)
			delete(live, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(args.Exports)) {
		c.export(name, args.Exports[name])
		if args.Exports[name].live() {
			live[name] = true
		}
	}
	if len(args.Migrations) == 0 && len(objectExports(args.Exports)) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(args.Bindings)) {
		if d := args.Bindings[name].DurableObjectNamespace; d != nil && d.ScriptName == "" {
			c.fail(!live[d.ClassName] && !computed(c.inputs, "migrations") && !computed(c.inputs, "exports"),
				[]string{"bindings", name, "durableObjectNamespace", "className"},
				"neither migrations nor exports have the class %q", d.ClassName)
		}
	}
}
