// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"slices"
)

// objectClass is a class that a Worker has declared to be one of Durable Objects.
type objectClass struct {
	Name        string `json:"name"`
	NamespaceID string `json:"namespaceId"`
	SQLite      bool   `json:"sqlite"`
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
	TransferredClasses []any `json:"transferred_classes"`
}

// migrate returns the classes and the tag that the migrations leave. Code 10079 with status 412, for a tag that is not
// the Worker's, is quoted in many deployment logs; what is wrong with a step is refused as invalid metadata.
func migrate(w *worker, m *migrations) ([]objectClass, string, error) {
	var classes []objectClass
	var tag string
	if w != nil {
		classes, tag = slices.Clone(w.Classes), w.MigrationTag
	}
	if m == nil {
		return classes, tag, nil
	}
	if m.OldTag != tag {
		return nil, "", refuse(http.StatusPreconditionFailed, 10079, "Actor migration tag precondition failed, got tag '%s' "+
			"when expected tag is '%s'. Please make sure the tags match and try again.", m.OldTag, tag)
	}
	steps := m.Steps
	if len(steps) == 0 {
		steps = []migrationStep{m.migrationStep}
	}
	index := func(name string) int {
		return slices.IndexFunc(classes, func(c objectClass) bool { return c.Name == name })
	}
	for _, step := range steps {
		if len(step.TransferredClasses) > 0 {
			return nil, "", refuse(http.StatusNotImplemented, 7000, "the emulator does not transfer classes")
		}
		for _, name := range append(slices.Clone(step.NewClasses), step.NewSQLiteClasses...) {
			if index(name) >= 0 {
				return nil, "", invalid("new class '%s' exists already", name)
			}
			classes = append(classes, objectClass{
				Name: name, NamespaceID: newID(), SQLite: slices.Contains(step.NewSQLiteClasses, name),
			})
		}
		for _, change := range step.RenamedClasses {
			at := index(change.From)
			if at < 0 {
				return nil, "", noClass("renamed_classes", change.From)
			}
			classes[at].Name = change.To
		}
		for _, name := range step.DeletedClasses {
			at := index(name)
			if at < 0 {
				return nil, "", noClass("deleted_classes", name)
			}
			classes = slices.Delete(classes, at, at+1)
		}
	}
	return classes, m.NewTag, nil
}

func noClass(step, name string) error {
	return invalid("%s names class '%s', which does not exist", step, name)
}

// checkClass refuses a binding to a class that no migration has made. Code 10061: alchemy-run/alchemy pull request 753.
func (c *call) checkClass(script string, classes []objectClass, b binding) error {
	owner := b.text("script_name")
	if owner != "" && owner != script {
		other := c.account.Workers[owner]
		if other == nil {
			// huilang-me/CF-Server-Monitor pull request 55 quotes the text.
			return refuse(http.StatusBadRequest, 10061,
				"Cannot create binding for class in script '%s' that does not exist.", owner)
		}
		classes = other.Classes
	}
	class := b.text("class_name")
	if slices.ContainsFunc(classes, func(c objectClass) bool { return c.Name == class }) || class == "" {
		return nil
	}
	return refuse(http.StatusBadRequest, 10061, "Cannot create binding for class '%s' because it is not currently "+
		"configured to implement Durable Objects. Configure a migration in your configuration to add this class.", class)
}
