// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// The history of a Worker's classes, step by step.
var (
	madeClasses    = object{"tag": "v1", "newSqliteClasses": []any{"Room", "Counter"}}
	renamedClass   = object{"tag": "v2", "renamedClasses": []any{object{"from": "Room", "to": "Lobby"}}}
	deletedClass   = object{"tag": "v3", "deletedClasses": []any{"Counter"}}
	madeAndDropped = object{"tag": "v4", "newSqliteClasses": []any{"Draft"}}
	droppedDraft   = object{"tag": "v5", "deletedClasses": []any{"Draft"}}
)

func migrated(program object, steps ...object) object {
	list := make([]any, len(steps))
	for i := range steps {
		list[i] = steps[i]
	}
	return program.with(list, "migrations")
}

const uploadAPI = "PUT /accounts/{account}/workers/scripts/api?bindings_inherit=strict&excludeScript=true"

// TestOnlyPendingMigrationsAreSent: with an upload that is deployed at once, from the tag where the Worker is.
func TestOnlyPendingMigrationsAreSent(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w)
	s.mustUp(properties(migrated(program, madeClasses)))
	require.Contains(t, w.Dump(), "objects of class Room sqlite true")
	s.idle(w, migrated(program, madeClasses))

	calls, sent := w.sentBy(func() { s.mustUp(properties(migrated(program, madeClasses, renamedClass))) })
	assert.Equal(t, []string{uploadAPI}, calls)
	assert.Contains(t, bodies(sent), `"old_tag":"v1","new_tag":"v2"`)
	assert.NotContains(t, bodies(sent), "Counter")
	assert.Contains(t, w.Dump(), "objects of class Lobby")
	assert.NotContains(t, w.Dump(), "objects of class Room")
	s.idle(w, migrated(program, madeClasses, renamedClass))

	// Without a pending step, code is a version as ever.
	calls = w.callsOf(s, migrated(program, madeClasses, renamedClass).with(w.builds["v2"].reference(), "bundle"))
	require.Greater(t, len(calls), 2)
	assert.Contains(t, calls[len(calls)-2], "/scripts/api/versions")
	assert.Contains(t, calls[len(calls)-1], "/scripts/api/deployments")
}

// TestDataIsNotDeletedUnlessTheProgramSaysSo: not even planned.
func TestDataIsNotDeletedUnlessTheProgramSaysSo(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w)
	s.mustUp(properties(migrated(program, madeClasses)))
	before := w.Dump()
	w.forget()
	deleting := migrated(program, madeClasses, renamedClass, deletedClass)
	const refusal = "all data of the Durable Objects of Counter would be deleted; nothing was deployed"
	_, err := s.preview(properties(deleting))
	require.ErrorContains(t, err, refusal)
	require.ErrorContains(t, s.up(properties(deleting)), refusal)
	assert.Equal(t, before, w.Dump())
	assert.Empty(t, w.Calls())

	require.ErrorContains(t, s.up(properties(deleting.with([]any{"Lobby"}, "allowDataLoss"))), refusal, "another class")
	allowed := deleting.with([]any{"Counter"}, "allowDataLoss")
	_, err = s.preview(properties(allowed))
	require.NoError(t, err)
	said := strings.Join(s.warnings(), "")
	assert.Contains(t, said, "all data of the Durable Objects of Counter will be deleted")
	s.mustUp(properties(allowed))
	assert.NotContains(t, w.Dump(), "Counter")
	s.idle(w, allowed)
}

// TestWhatNeverHadDataCanBeDeleted: by a whole history, or one that makes a class and deletes it again.
func TestWhatNeverHadDataCanBeDeleted(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w)
	s.mustUp(properties(migrated(program, madeClasses, renamedClass, deletedClass)))
	assert.NotContains(t, w.Dump(), "Counter")
	s.mustUp(properties(migrated(program, madeClasses, renamedClass, deletedClass, madeAndDropped, droppedDraft)))
	assert.NotContains(t, w.Dump(), "Draft")
	assert.Contains(t, w.Dump(), "objects of class Lobby")
}

// TestAnUnknownTagIsExplained: a history that the Worker does not come from is no history of it.
func TestAnUnknownTagIsExplained(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w)
	s.mustUp(properties(migrated(program, madeClasses)))
	w.forget()
	other := migrated(program, object{"tag": "first", "newSqliteClasses": []any{"Room", "Counter"}})
	require.ErrorContains(t, s.up(properties(other)), `is at the migration "v1", which the program does not have`)
	assert.Empty(t, w.Calls())
}

// TestAWorkerThatOthersMigratedGoesOnFromThere: what a state does not know, Cloudflare does.
func TestAWorkerThatOthersMigratedGoesOnFromThere(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for name, refreshed := range map[string]bool{"refreshed": true, "not refreshed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			program := r.program(w)
			s.mustUp(properties(migrated(program, madeClasses)))
			other := newStack(t, w.cloud, r.token)
			require.NoError(t, other.importByID(r.importID(w, s)))
			other.mustUp(properties(migrated(program, madeClasses, renamedClass)))
			if refreshed {
				require.NoError(t, s.refresh())
			}
			all := migrated(program, madeClasses, renamedClass, deletedClass).with([]any{"Counter"}, "allowDataLoss")
			s.mustUp(properties(all))
			assert.Contains(t, w.Dump(), "objects of class Lobby")
			assert.NotContains(t, w.Dump(), "Counter")
			s.idle(w, all)
		})
	}
}

// TestClassesCanBeDeclared: each state of a class follows from what is declared.
func TestClassesCanBeDeclared(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w)
	sqlite := object{"storage": "sqlite"}
	s.mustUp(properties(program.with(object{"Room": sqlite, "Counter": sqlite}, "exports")))
	require.Contains(t, w.Dump(), "objects of class Room sqlite true")

	renamed := program.with(object{
		"Room": object{"state": "renamed", "renamedTo": "Lobby"}, "Lobby": sqlite, "Counter": sqlite,
	}, "exports")
	pl, err := s.preview(properties(renamed))
	require.NoError(t, err)
	assert.Equal(t, p.Add, pl.kinds()["exports.Lobby"])
	s.mustUp(properties(renamed))
	assert.Contains(t, w.Dump(), "objects of class Lobby")
	s.idle(w, renamed)

	deleted := renamed.with(object{"state": "deleted"}, "exports", "Counter")
	_, err = s.preview(properties(deleted))
	require.ErrorContains(t, err, "all data of the Durable Objects of Counter would be deleted")
	deleted = deleted.with([]any{"Counter"}, "allowDataLoss")
	s.mustUp(properties(deleted))
	assert.NotContains(t, w.Dump(), "objects of class Counter")

	both := migrated(deleted, madeClasses)
	require.ErrorContains(t, s.up(properties(both)), "migrations or exports, not both")
}

// TestUnknownMigrationsCanBePreviewed: they may come from elsewhere.
func TestUnknownMigrationsCanBePreviewed(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	program := r.program(w).with(property.New(property.Computed), "migrations").
		with(object{"durableObjectNamespace": object{"className": "Room"}}, "bindings", "ROOMS")
	_, err := s.preview(properties(program))
	require.NoError(t, err)
	assert.Empty(t, w.Calls())
}
