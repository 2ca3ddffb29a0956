// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// objectClass is a class that a Worker has declared to be one of Durable Objects.
type objectClass struct {
	Name        string `json:"name"`
	NamespaceID string `json:"namespaceId"`
	SQLite      bool   `json:"sqlite"`
	From        string `json:"from,omitempty"` // the Worker whose exports gave it away
}

// migrations are the changes to a Worker's Durable Object classes (cloudflare-go
// workers.ScriptUpdateParamsMetadataMigrations): steps, or one step in place.
type migrations struct {
	OldTag string          `json:"old_tag"`
	NewTag string          `json:"new_tag"`
	Steps  []migrationStep `json:"steps"`

	migrationStep
}

// migrationStep is one set of changes.
type migrationStep struct {
	NewClasses       []string `json:"new_classes"`
	NewSQLiteClasses []string `json:"new_sqlite_classes"`
	DeletedClasses   []string `json:"deleted_classes"`
	RenamedClasses   []struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"renamed_classes"`
	TransferredClasses []struct {
		From       string `json:"from"`
		FromScript string `json:"from_script"`
		To         string `json:"to"`
	} `json:"transferred_classes"`
}

// The names of the steps in messages. Those of the last two, and their messages, are best guesses.
const (
	newClass      = "new-class"
	newSQLite     = "new-sqlite-class"
	deleteClass   = "delete-class"
	renameClass   = "rename-class"
	transferClass = "transfer-class"
)

// objectPlan is what an upload makes of a Worker's classes.
type objectPlan struct {
	classes []objectClass
	tag     string
	made    map[string]string // by class that the upload adds: the step that does
	deleted []objectClass
	taken   []takenClass

	// Of exports:
	declared   bool // they manage the classes
	given      []givenClass
	expected   []expectedClass
	reconciled *reconciliation         // nil: not yet
	waiting    map[string]objectExport // declared by a version that is not deployed yet
}

// takenClass is a class that moves away from another Worker.
type takenClass struct{ script, class string }

func indexOf(classes []objectClass, name string) int {
	return slices.IndexFunc(classes, func(c objectClass) bool { return c.Name == name })
}

// migrate plans migrations of w, which is nil if there is no Worker yet. Nothing is changed before the plan is carried
// out by [call.settle].
//
// Code 10079 with status 412, for a tag that is not the Worker's, is quoted in many deployment logs (and in
// pulumi/pulumi-cloudflare issue 1215); code 10074 with its texts for new and deleted classes in those of many others
// (tldraw/tldraw pull request 4971). A class can only be deleted if the Worker had it before the upload: an upload that
// both makes and deletes one is refused with 10074 (kentcdodds/kody pull request 1559). That a class can be renamed in
// the upload that makes it, and that no tag leaves the tag as it is, are best guesses.
func (c *call) migrate(w *worker, m *migrations) (*objectPlan, error) {
	p := &objectPlan{made: map[string]string{}}
	var before []objectClass
	if w != nil {
		before, p.tag = w.Classes, w.MigrationTag
		p.classes = slices.Clone(before)
	}
	if m == nil {
		return p, nil
	}
	if m.OldTag != p.tag {
		return nil, refuse(http.StatusPreconditionFailed, 10079, "Actor migration tag precondition failed, got tag '%s' "+
			"when expected tag is '%s'. Please make sure the tags match and try again.", m.OldTag, p.tag)
	}
	p.tag = cmp.Or(m.NewTag, p.tag)
	steps := m.Steps
	if len(steps) == 0 {
		steps = []migrationStep{m.migrationStep}
	}
	for _, step := range steps {
		for _, name := range step.NewClasses {
			if err := p.add(newClass, objectClass{Name: name, NamespaceID: newID()}); err != nil {
				return nil, err
			}
		}
		for _, name := range step.NewSQLiteClasses {
			if err := p.add(newSQLite, objectClass{Name: name, NamespaceID: newID(), SQLite: true}); err != nil {
				return nil, err
			}
		}
		for _, change := range step.RenamedClasses {
			class, err := p.remove(renameClass, change.From, p.classes)
			if err != nil {
				return nil, err
			}
			class.Name = change.To
			if err := p.add(renameClass, class); err != nil {
				return nil, err
			}
		}
		for _, change := range step.TransferredClasses {
			class, err := c.take(w, p, takenClass{script: change.FromScript, class: change.From})
			if err != nil {
				return nil, err
			}
			class.Name = change.To
			if err := p.add(transferClass, class); err != nil {
				return nil, err
			}
		}
		for _, name := range step.DeletedClasses {
			class, err := p.remove(deleteClass, name, before)
			if err != nil {
				return nil, err
			}
			p.deleted = append(p.deleted, class)
		}
	}
	return p, nil
}

// add adds a class.
func (p *objectPlan) add(step string, class objectClass) error {
	if indexOf(p.classes, class.Name) >= 0 {
		return refuse(http.StatusBadRequest, 10074,
			"Cannot apply %s migration to class '%s' that is already depended on by existing Durable Objects", step, class.Name)
	}
	p.classes = append(p.classes, class)
	p.made[class.Name] = step
	return nil
}

// remove removes a class, which has to be among those that the step can concern.
func (p *objectPlan) remove(step, name string, among []objectClass) (objectClass, error) {
	at := indexOf(p.classes, name)
	if at < 0 || indexOf(among, name) < 0 {
		return objectClass{}, refuse(http.StatusBadRequest, 10074,
			"Cannot apply %s migration to class '%s' which was not exported in the previous version of the script", step, name)
	}
	class := p.classes[at]
	p.classes = slices.Delete(p.classes, at, at+1)
	delete(p.made, name)
	return class, nil
}

// take takes a class from another Worker. The refusal is a best guess.
func (c *call) take(w *worker, p *objectPlan, from takenClass) (objectClass, error) {
	other := c.account.Workers[from.script]
	if other == nil || other == w || indexOf(other.Classes, from.class) < 0 || slices.Contains(p.taken, from) {
		return objectClass{}, refuse(http.StatusBadRequest, 10074,
			"Cannot apply %s migration to class '%s' which does not exist in script '%s'", transferClass, from.class,
			from.script)
	}
	p.taken = append(p.taken, from)
	return other.Classes[indexOf(other.Classes, from.class)], nil
}

// settle carries a plan out.
func (c *call) settle(w *worker, p *objectPlan) {
	if p.declared {
		w.Declared, w.Expected = true, p.expected
	}
	for _, g := range p.given {
		target := c.account.Workers[g.to]
		target.Classes = append(target.Classes, g.class)
		target.Expected = slices.DeleteFunc(target.Expected, func(e expectedClass) bool { return e.Class == g.class.Name })
	}
	w.Classes, w.MigrationTag = p.classes, p.tag
	for _, t := range p.taken {
		other := c.account.Workers[t.script]
		other.Classes = slices.DeleteFunc(other.Classes, func(class objectClass) bool { return class.Name == t.class })
	}
}

// checkDeleted refuses to delete a class that a binding still needs: one of the upload by its name alone (code, text
// and this rule: workers-sdk issue 8210, alchemy-run/alchemy pull request 800), or one of another Worker
// (cloudflare/mcp-server-cloudflare pull request 387).
func (c *call) checkDeleted(script string, p *objectPlan, bindings []binding) error {
	for _, class := range p.deleted {
		used := slices.ContainsFunc(bindings, func(b binding) bool {
			return b.kind() == "durable_object_namespace" && b.text("class_name") == class.Name
		})
		for _, user := range c.users(script) {
			used = used || user.bound.text("namespace_id") == class.NamespaceID
		}
		if used {
			return refuse(http.StatusBadRequest, 10061, "Cannot apply --delete-class migration to class '%s' without also "+
				"removing the binding that references it.", class.Name)
		}
	}
	return nil
}

// checkExports refuses a script that lacks a class of the plan. Code 10070 for one that the upload adds: workers-sdk
// issue 4943; 10064 for one that was there: botiverse/hands pull request 167 and many deployment logs. The second
// sentence of the text is ours.
func (p *objectPlan) checkExports(report runtime.Report) error {
	if p.declared {
		return nil // reconciled, or to be when the version is deployed
	}
	for _, class := range p.classes {
		if slices.Contains(exportedClasses(report.NamedHandlers), class.Name) {
			continue
		}
		if step := p.made[class.Name]; step != "" {
			return refuse(http.StatusBadRequest, 10070,
				"Cannot apply %s migration to class '%s' that is not exported by script", step, class.Name)
		}
		return refuse(http.StatusBadRequest, 10064, "New version of script does not export class '%s' which is depended on "+
			"by existing Durable Objects. If they are not needed any more, delete them with a delete-class migration.",
			class.Name)
	}
	return nil
}

// bindObjects returns the binding with the id of the namespace that it names, by which it is found after renames and
// transfers. Classes are those of the Worker script once the upload is there. It refuses a class that no migration has
// made. Code 10061: alchemy-run/alchemy pull request 753, and for versions workers-sdk issue 10246.
func (c *call) bindObjects(script string, p *objectPlan, b binding) (binding, error) {
	owner, classes := cmp.Or(b.text("script_name"), script), p.classes
	if owner != script {
		other := c.account.Workers[owner]
		if other == nil {
			// huilang-me/CF-Server-Monitor pull request 55 quotes the text.
			return nil, refuse(http.StatusBadRequest, 10061,
				"Cannot create binding for class in script '%s' that does not exist.", owner)
		}
		classes = slices.DeleteFunc(slices.Clone(other.Classes), func(class objectClass) bool {
			return slices.Contains(p.taken, takenClass{script: owner, class: class.Name})
		})
	}
	name := b.text("class_name")
	if at := indexOf(classes, name); at >= 0 {
		return b.with("namespace_id", classes[at].NamespaceID), nil
	}
	if e, ok := p.waiting[name]; ok && owner == script && e.live() {
		// Code and text: workers-sdk, packages/wrangler/src/__tests__/versions/versions.upload.test.ts.
		return nil, refuse(http.StatusBadRequest, 100406, "Durable Object binding '%s' references class '%s', which is "+
			"declared in `exports` but not yet provisioned. Declarative `exports` are reconciled when the version is "+
			"deployed, so the namespace must exist before a binding can reference it. Deploy this version to provision the "+
			"class, or remove the binding and access the Durable Object via `ctx.exports.%s` until then.", b.name(), name, name)
	}
	return nil, refuse(http.StatusBadRequest, 10061, "Cannot create binding for class '%s' because it is not currently "+
		"configured to implement Durable Objects. Configure a migration in your configuration to add this class.", name)
}

// bindAllObjects is bindObjects for all bindings of an upload.
func (c *call) bindAllObjects(script string, p *objectPlan, bindings []binding) ([]binding, error) {
	if err := c.checkDeleted(script, p, bindings); err != nil {
		return nil, err
	}
	bound := slices.Clone(bindings)
	for i, b := range bindings {
		if b.kind() != "durable_object_namespace" {
			continue
		}
		var err error
		if bound[i], err = c.bindObjects(script, p, b); err != nil {
			return nil, err
		}
	}
	return bound, nil
}

// checkMigrated refuses to deploy a version from before a migration (developers.cloudflare.com/workers/
// versions-and-deployments/rollbacks: "rollbacks will not be allowed if a Durable Object migration has occurred between
// the version in the active deployment and the version selected to roll back to"). Code and text are ours.
func (w *worker) checkMigrated(v *version) error {
	if v.MigrationTag == w.MigrationTag {
		return nil
	}
	return invalid("version %s cannot be deployed: a Durable Object migration has occurred since it was uploaded", v.ID)
}

// owns tells whether a binding of another Worker is to a class of w.
func (w *worker) owns(b binding) bool {
	if w == nil || b.kind() != "durable_object_namespace" {
		return false
	}
	id := b.text("namespace_id")
	return slices.ContainsFunc(w.Classes, func(class objectClass) bool { return class.NamespaceID == id })
}

// objectNamespaces are the classes as the runtime takes them.
func (w *worker) objectNamespaces() []runtime.ObjectNamespace {
	var namespaces []runtime.ObjectNamespace
	for _, class := range w.Classes {
		namespaces = append(namespaces, runtime.ObjectNamespace{
			ID: class.NamespaceID, Class: class.Name, SQLite: class.SQLite,
		})
	}
	return namespaces
}

// objectNamespace returns the name of a namespace in the account, "<script>_<class>", or "" if there is none.
func (a *account) objectNamespace(id string) string {
	for _, w := range a.Workers {
		for _, class := range w.Classes {
			if class.NamespaceID == id {
				return w.Name + "_" + class.Name
			}
		}
	}
	return ""
}

// maxObjects is how many objects a page has at most (cloudflare-go durable_objects.NamespaceObjectListParams.Limit).
const maxObjects = 1000

// listDurableObjects answers GET …/durable_objects/namespaces/{namespace}/objects?limit=&cursor=: the objects that have
// stored data (cloudflare-go durable_objects.DurableObject and pagination.CursorPaginationAfter). Codes:
// alchemy-run/distilled, patches/durable-objects/listNamespaceObjects.json.
func listDurableObjects(c *call) (any, error) {
	id := c.path("namespace")
	switch {
	case !isID(id):
		return nil, c.misrouted()
	case c.account.objectNamespace(id) == "":
		return nil, refuse(http.StatusNotFound, 10066, "Durable Object namespace '%s' not found.", id)
	}
	limit, err := strconv.Atoi(cmp.Or(c.query("limit"), strconv.Itoa(maxObjects)))
	if err != nil || limit < 1 {
		return nil, refuse(http.StatusBadRequest, 10077, "limit must be a positive number")
	}
	var ids []string
	if c.Runtime != nil {
		if ids, err = c.Runtime.Objects(id); err != nil {
			return nil, err
		}
	}
	from, _ := slices.BinarySearch(ids, c.query("cursor"))
	ids = ids[from:]
	next := ""
	if limit = min(limit, maxObjects); len(ids) > limit {
		next = ids[limit]
		ids = ids[:limit]
	}
	found := []any{}
	for _, id := range ids {
		found = append(found, map[string]any{"id": id, "hasStoredData": true})
	}
	info := map[string]any{
		"count": len(found), "per_page": limit, "cursor": next, "cursors": map[string]any{"after": next},
	}
	return listed{result: found, info: info}, nil
}
