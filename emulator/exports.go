// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// The declarative way to manage Durable Object classes: an upload's metadata says with exports what is to become of
// each class, and the deployment reconciles that with the code and with the namespaces that are there.
//
// Sources: developers.cloudflare.com/durable-objects/reference/durable-objects-migrations for the states, the rules and
// the scenarios of errors; workers-sdk, packages/wrangler/e2e/durable-objects-exports.test.ts for what each step
// reports, packages/workers-utils/src/types.ts for its shape, and packages/deploy-helpers/src/deploy/helpers/
// error-codes.ts for the codes. Of the texts, those with a backquote or a quotation mark come from there; others are
// ours.

// objectExport is what an upload declares about a class (workers-sdk, packages/workers-utils/src/config/environment.ts,
// DurableObjectExport).
type objectExport struct {
	Type          string `json:"type"`
	State         string `json:"state"`
	Storage       string `json:"storage"`
	RenamedTo     string `json:"renamed_to"`
	TransferredTo string `json:"transferred_to"`
	TransferFrom  string `json:"transfer_from"`
	Container     string `json:"container"`
}

// live tells whether the class is to be there.
func (e objectExport) live() bool {
	return e.State == "" || e.State == "created" || e.State == "expecting-transfer"
}

// expectedClass is a class that a Worker waits for.
type expectedClass struct {
	Class string `json:"class"`
	From  string `json:"from"` // the Worker that is to give it
}

// objectExports returns what exports, as they came, declare about Durable Objects.
func objectExports(exports json.RawMessage) (map[string]objectExport, error) {
	if len(exports) == 0 {
		return nil, nil
	}
	var declared map[string]objectExport
	if err := json.Unmarshal(exports, &declared); err != nil {
		return nil, invalid("exports: %v", err)
	}
	maps.DeleteFunc(declared, func(_ string, e objectExport) bool { return e.Type != "durable-object" })
	for class, e := range declared {
		if e.Container != "" {
			return nil, refuse(http.StatusNotImplemented, 7000, "the emulator has no container for class %q", class)
		}
	}
	return declared, nil
}

// exportsDetail is what a reconciliation says about one class.
type exportsDetail struct {
	Class       string   `json:"class"`
	Scenario    string   `json:"scenario"`
	Message     string   `json:"message"`
	NamespaceID string   `json:"namespace_id,omitempty"`
	Suggestion  string   `json:"suggestion,omitempty"`
	Referencing []string `json:"referencing_scripts,omitempty"`
}

// reconciliation is what a deployment did about Durable Objects.
type reconciliation struct {
	Created         []string            `json:"created"`
	Updated         []string            `json:"updated"`
	Deleted         []string            `json:"deleted"`
	Renamed         []map[string]string `json:"renamed"`
	Transferred     []map[string]string `json:"transferred"`
	TransferPending []map[string]string `json:"transfer_pending"`
	Warnings        []exportsDetail     `json:"warnings"`
	Info            []exportsDetail     `json:"info"`
	Removable       []string            `json:"removable_entries"`
}

// givenClass is a class that moves to another Worker.
type givenClass struct {
	to    string
	class objectClass
}

// reconciler works out a plan.
type reconciler struct {
	*call
	*objectPlan

	name     string
	worker   *worker // nil: there is none yet
	declared map[string]objectExport
	code     []string // classes that the script exports; nil: not known
	result   reconciliation
	errors   []exportsDetail
}

// reconcile plans what declared exports make of the classes of the Worker called name. Without a report, what is wrong
// is not said yet, unless there is no runtime that could make one.
func (c *call) reconcile(name string, declared map[string]objectExport, report *runtime.Report) (*objectPlan, error) {
	w := c.account.Workers[name]
	r := &reconciler{
		call: c, objectPlan: &objectPlan{declared: true}, name: name, worker: w, declared: declared,
		result: reconciliation{
			Created: []string{}, Updated: []string{}, Deleted: []string{}, Renamed: []map[string]string{},
			Transferred: []map[string]string{}, TransferPending: []map[string]string{}, Warnings: []exportsDetail{},
			Info: []exportsDetail{}, Removable: []string{},
		},
	}
	if w != nil {
		r.classes, r.tag = slices.Clone(w.Classes), w.MigrationTag
	}
	if report != nil {
		r.code = exportedClasses(report.NamedHandlers)
	}
	provisioned := slices.Clone(r.classes)
	for _, class := range slices.Sorted(maps.Keys(declared)) {
		r.entry(class, declared[class])
	}
	for _, class := range provisioned {
		if _, ok := declared[class.Name]; ok {
			continue
		}
		if r.inCode(class.Name, false) {
			r.refuse(class.Name, "provisioned_class_missing_from_config",
				"A namespace exists for '%s' and the code exports it, but no `exports` entry declares it.", class.Name)
		} else {
			r.refuse(class.Name, "orphaned_provisioned_namespace",
				"A namespace exists for '%s' but no `exports` entry declares it.", class.Name)
		}
	}
	if len(r.errors) > 0 && (report != nil || c.Runtime == nil) {
		return nil, &apiError{status: http.StatusBadRequest, errors: []message{{
			Code: 100402, Message: "Durable Object exports reconciliation failed", Meta: map[string]any{"details": r.errors},
		}}}
	}
	r.reconciled = &r.result
	return r.objectPlan, nil
}

// exportedClasses are the names of the exports that are classes.
func exportedClasses(handlers []runtime.NamedHandler) []string {
	classes := []string{}
	for _, h := range handlers {
		if slices.Equal(h.Handlers, []string{"class"}) {
			classes = append(classes, h.Name)
		}
	}
	return classes
}

// inCode tells whether the script exports a class, or else what is assumed if that is not known.
func (r *reconciler) inCode(class string, assumed bool) bool {
	if r.code == nil {
		return assumed
	}
	return slices.Contains(r.code, class)
}

func (r *reconciler) refuse(class, scenario, format string, args ...any) *exportsDetail {
	r.errors = append(r.errors, exportsDetail{Class: class, Scenario: scenario, Message: fmt.Sprintf(format, args...)})
	return &r.errors[len(r.errors)-1]
}

// entry deals with one entry of exports.
func (r *reconciler) entry(class string, e objectExport) {
	if problem := e.problem(class, r.declared); problem != "" {
		r.refuse(class, "invalid_export", "%s", problem)
		return
	}
	at := indexOf(r.classes, class)
	switch {
	case e.live():
		if !r.inCode(class, true) {
			if at >= 0 {
				r.refuse(class, "config_export_not_in_code", "Live entry declares '%s', which the code does not export.", class)
			} else {
				r.refuse(class, "config_references_nonexistent_class", "'%s' is neither in code nor provisioned.", class)
			}
			return
		}
		if e.State == "expecting-transfer" {
			r.expect(class, e, at)
		} else {
			r.create(class, e, at)
		}
	case at < 0:
		r.stale(class, e)
	case e.State == "deleted":
		r.delete(class, at)
	case e.State == "renamed":
		r.rename(class, e, at)
	default:
		r.transfer(class, e, at)
	}
}

// problem says what is wrong with an entry in itself; empty: nothing.
func (e objectExport) problem(class string, declared map[string]objectExport) string {
	required, forbidden := "", []string{e.Storage, e.RenamedTo, e.TransferredTo, e.TransferFrom}
	take := func(i int, name string) {
		if forbidden[i] == "" {
			required = name
		}
		forbidden[i] = ""
	}
	switch e.State {
	case "", "created":
		take(0, "storage")
	case "deleted":
	case "renamed":
		take(1, "renamed_to")
	case "transferred":
		take(2, "transferred_to")
	case "expecting-transfer":
		take(3, "transfer_from")
		take(0, "storage")
	default:
		return fmt.Sprintf("unknown state '%s'", e.State)
	}
	target, ok := declared[e.RenamedTo]
	switch {
	case required != "":
		return fmt.Sprintf("'%s' is required for state '%s'", required, e.State)
	case strings.Join(forbidden, "") != "":
		return fmt.Sprintf("a field of another state is given for state '%s'", e.State)
	case e.Storage != "" && e.Storage != "sqlite" && e.Storage != "legacy-kv":
		return fmt.Sprintf("unknown storage '%s'", e.Storage)
	case e.RenamedTo != "" && (e.RenamedTo == class || !ok || !target.live()):
		return fmt.Sprintf("'renamed_to' must name another live entry, not '%s'", e.RenamedTo)
	}
	return ""
}

// create makes or keeps a class.
func (r *reconciler) create(class string, e objectExport, at int) {
	if at < 0 {
		for from, source := range r.declared {
			if i := indexOf(r.before(), from); source.RenamedTo == class && i >= 0 {
				r.sameStorage(class, e, r.before()[i])
				return // the rename brings it
			}
		}
		if e.Storage != "sqlite" {
			r.refuse(class, "invalid_export", "'legacy-kv' is for namespaces that exist already")
			return
		}
		r.classes = append(r.classes, objectClass{Name: class, NamespaceID: newID(), SQLite: true})
		r.result.Created = append(r.result.Created, class)
		return
	}
	r.sameStorage(class, e, r.classes[at])
}

// before are the classes that were there.
func (r *reconciler) before() []objectClass {
	if r.worker == nil {
		return nil
	}
	return r.worker.Classes
}

func (r *reconciler) sameStorage(class string, e objectExport, provisioned objectClass) {
	if (e.Storage == "sqlite") != provisioned.SQLite {
		r.refuse(class, "storage_type_mismatch", "The storage of a namespace cannot be changed to '%s'.", e.Storage)
	}
}

// delete deletes a class with its data.
func (r *reconciler) delete(class string, at int) {
	if r.inCode(class, false) {
		r.refuse(class, "tombstone_delete_class_still_in_code", "'%s' is still exported in code.", class)
		return
	}
	id := r.classes[at].NamespaceID
	bound := func(b binding) bool { return b.text("namespace_id") == id }
	if scripts := r.referencing(bound); len(scripts) > 0 {
		r.refuse(class, "tombstone_delete_blocked_by_external_bindings", "Other Workers bind to '%s'.", class).
			Referencing = scripts
		return
	}
	r.classes = slices.Delete(r.classes, at, at+1)
	r.result.Deleted = append(r.result.Deleted, class)
}

// rename gives a class another name.
func (r *reconciler) rename(class string, e objectExport, at int) {
	if indexOf(r.classes, e.RenamedTo) >= 0 {
		r.refuse(class, "tombstone_renamed_to_occupied", "A namespace exists for '%s' already.", e.RenamedTo)
		return
	}
	r.classes[at].Name = e.RenamedTo
	r.result.Renamed = append(r.result.Renamed, map[string]string{"from": class, "to": e.RenamedTo})
	r.applied(class, e)
}

// transfer gives a class to a Worker that expects it.
func (r *reconciler) transfer(class string, e objectExport, at int) {
	expected := expectedClass{Class: class, From: r.name}
	target := r.account.Workers[e.TransferredTo]
	switch {
	case target == nil:
		r.refuse(class, "transferred_target_missing", "There is no Worker '%s'.", e.TransferredTo)
		return
	case !slices.Contains(target.Expected, expected):
		scenario := "transferred_pending_not_found"
		for _, w := range r.account.Workers {
			if slices.Contains(w.Expected, expected) {
				scenario = "transferred_target_mismatch"
			}
		}
		r.refuse(class, scenario, "Worker '%s' does not expect '%s' from this Worker.", e.TransferredTo, class)
		return
	}
	moved := r.classes[at]
	moved.From = r.name
	r.given = append(r.given, givenClass{to: e.TransferredTo, class: moved})
	r.classes = slices.Delete(r.classes, at, at+1)
	r.result.Transferred = append(r.result.Transferred, map[string]string{
		"class": class, "to": e.TransferredTo, "phase": "committed",
	})
	r.applied(class, e)
}

// expect waits for a class of another Worker.
func (r *reconciler) expect(class string, e objectExport, at int) {
	source := r.account.Workers[e.TransferFrom]
	switch {
	case at >= 0 && r.classes[at].From == e.TransferFrom:
		r.result.Info = append(r.result.Info, exportsDetail{
			Class: class, Scenario: "transfer_receive_already_applied", NamespaceID: r.classes[at].NamespaceID,
			Message: fmt.Sprintf("The transfer of '%s' is complete: declare the class as created.", class),
		})
	case at >= 0 && r.classes[at].From != "":
		r.refuse(class, "phase_one_transfer_after_commit_mismatch", "'%s' came from Worker '%s'.", class, r.classes[at].From)
	case at >= 0:
		r.refuse(class, "phase_one_transfer_target_class_provisioned", "A namespace exists for '%s' already.", class)
	case source == nil || source == r.worker:
		r.refuse(class, "phase_one_transfer_source_missing", "There is no other Worker '%s'.", e.TransferFrom)
	case indexOf(source.Classes, class) < 0:
		r.refuse(class, "phase_one_transfer_source_namespace_missing", "Worker '%s' has no '%s'.", e.TransferFrom, class)
	case r.worker != nil && slices.ContainsFunc(r.worker.Expected, func(other expectedClass) bool {
		return other.Class == class && other.From != e.TransferFrom
	}):
		r.refuse(class, "phase_one_transfer_duplicate", "'%s' is expected from another Worker.", class)
	default:
		r.sameStorage(class, e, source.Classes[indexOf(source.Classes, class)])
		r.expected = append(r.expected, expectedClass{Class: class, From: e.TransferFrom})
		r.result.TransferPending = append(r.result.TransferPending, map[string]string{"class": class, "from": e.TransferFrom})
	}
}

// applied notes that a tombstone took effect.
func (r *reconciler) applied(class string, e objectExport) {
	if r.inCode(class, false) {
		r.result.Info = append(r.result.Info, exportsDetail{
			Class: class, Scenario: "tombstone_class_still_in_code", Referencing: r.referencing(r.boundBy(class)),
			Message: fmt.Sprintf("Tombstone of type '%s' applied. Class '%s' is still exported in code; this is the supported "+
				"pattern for zero-downtime rename rollouts.", e.State, class),
		})
	}
}

// stale notes that a tombstone has no effect.
func (r *reconciler) stale(class string, e objectExport) {
	scripts := r.referencing(r.boundBy(class))
	r.result.Info = append(r.result.Info, exportsDetail{
		Class: class, Scenario: "stale_tombstone", Referencing: scripts,
		Message: fmt.Sprintf("Tombstone of type '%s' for class '%s' has no effect (no namespace exists with this class "+
			"name). Safe to remove from `exports`.", e.State, class),
	})
	if len(scripts) == 0 {
		r.result.Removable = append(r.result.Removable, class)
	}
}

// boundBy recognises bindings that still name the class of this Worker.
func (r *reconciler) boundBy(class string) func(binding) bool {
	return func(b binding) bool { return b.text("script_name") == r.name && b.text("class_name") == class }
}

// referencing returns the other Workers whose deployed bindings are such, sorted.
func (r *reconciler) referencing(such func(binding) bool) []string {
	var scripts []string
	for _, w := range sorted(r.account.Workers) {
		if w.Name != r.name && slices.ContainsFunc(w.deployedBindings(), func(b binding) bool {
			return b.kind() == "durable_object_namespace" && such(b)
		}) {
			scripts = append(scripts, w.Name)
		}
	}
	return scripts
}

// deployedBindings are the bindings of all versions in service.
func (w *worker) deployedBindings() []binding {
	var bindings []binding
	if d := w.deployed(); d != nil {
		for _, s := range d.Versions {
			bindings = append(bindings, w.version(s.VersionID).Bindings...)
		}
	}
	return bindings
}

// plan plans what an upload makes of the Worker's classes: by its exports, or by its migrations. That a Worker which
// was deployed with exports cannot return to migrations, and that exports are then reconciled even if there are none:
// developers.cloudflare.com/durable-objects/reference/durable-objects-migrations, constraints.
func (c *call) plan(name string, u *upload, report *runtime.Report) (*objectPlan, error) {
	w := c.account.Workers[name]
	declared, err := objectExports(u.metadata.Exports)
	if err != nil {
		return nil, err
	}
	managed := len(declared) > 0 || w != nil && w.Declared
	switch {
	case managed && u.metadata.Migrations != nil:
		return nil, invalid("exports of Durable Objects and migrations exclude each other")
	case managed && u.undeployed:
		p := &objectPlan{declared: true, waiting: declared}
		if w != nil {
			p.classes, p.tag = w.Classes, w.MigrationTag
		}
		return p, nil
	case managed:
		return c.reconcile(name, declared, report)
	}
	return c.migrate(w, u.metadata.Migrations)
}

// reconcileDeployment plans what the exports of versions make of the Worker's classes when they are deployed; nil if
// nothing declares any. Versions that share the traffic have to agree.
func (c *call) reconcileDeployment(w *worker, shares []*share) (*objectPlan, error) {
	var texts [][]byte
	var first map[string]objectExport
	for _, s := range shares {
		declared, err := objectExports(w.version(s.VersionID).Other["exports"])
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(declared) // in the order of the names
		if err != nil {
			return nil, err
		}
		if texts = append(texts, text); len(texts) == 1 {
			first = declared
		}
		if !bytes.Equal(text, texts[0]) {
			return nil, refuse(http.StatusBadRequest, 100405,
				"All versions in a deployment must declare the same Durable Object `exports`.")
		}
	}
	if len(first) == 0 && !w.Declared {
		return nil, nil
	}
	var report *runtime.Report
	if c.Runtime != nil {
		report = &runtime.Report{}
		handlers := w.version(shares[0].VersionID).NamedHandlers
		if err := json.Unmarshal(handlers, &report.NamedHandlers); err != nil && len(handlers) > 0 {
			return nil, fmt.Errorf("exports of version %s: %w", shares[0].VersionID, err)
		}
	}
	return c.reconcile(w.Name, first, report)
}
