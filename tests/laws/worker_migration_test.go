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
	require.ErrorContains(t, s.up(properties(both)), "migrations or exports of Durable Objects, not both")
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

// TestAReplacementDoesNotDeleteDataUnlessTheProgramSaysSo: it is refused, in its preview too, for each class that
// allowDataLoss does not name.
func TestAReplacementDoesNotDeleteDataUnlessTheProgramSaysSo(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	sqlite := object{"storage": "sqlite"}
	for name, classes := range map[string]func(program object) object{
		"by migrations": func(o object) object { return migrated(o, madeClasses, renamedClass) },
		"by exports": func(o object) object {
			return o.with(object{"Lobby": sqlite, "Counter": sqlite, "Old": object{"state": "deleted"}}, "exports")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			program := classes(r.program(w))
			s.mustUp(properties(program))
			before := w.Dump()
			elsewhere := func(o object) object {
				return o.with(otherAccount, "accountId").with(nil, "bindings").with(nil, "routes").with(nil, "tailConsumers")
			}
			renamed := program.with("other", "scriptName")
			for input, replaced := range map[string]object{
				"scriptName": renamed, "accountId": elsewhere(program),
				"accountId and scriptName": elsewhere(renamed),
			} {
				_, err := s.preview(properties(replaced))
				require.ErrorContains(t, err, "another "+input+` replaces the Worker "api", and all data of the Durable `+
					"Objects of Counter, Lobby would be deleted with it; nothing was changed")
				require.ErrorContains(t, err, "name the classes in allowDataLoss")
			}
			require.ErrorContains(t, s.up(properties(renamed.with([]any{"Counter"}, "allowDataLoss"))), "of Lobby would")
			assert.Equal(t, before, w.Dump())

			allowed := renamed.with([]any{"Lobby", "Counter"}, "allowDataLoss")
			pl, err := s.preview(properties(allowed))
			require.NoError(t, err)
			assert.Equal(t, "replace", pl.op)
			assert.Contains(t, strings.Join(s.warnings(), ""), "with it go all data of the Durable Objects of Counter, Lobby")
			s.mustUp(properties(allowed))
			assert.NotContains(t, w.Dump(), "worker api\n")
			s.idle(w, allowed)
		})
	}
}

// TestWhatAReplacementTakesOverIsNotLost: a new Worker may take classes over from the one that it replaces, unless that
// one must go first.
func TestWhatAReplacementTakesOverIsNotLost(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w).with(nil, "routes").with(nil, "customDomains")
	s.mustUp(properties(migrated(program, madeClasses)))
	moved := func(from, script, to string) object { return object{"from": from, "fromScript": script, "to": to} }
	taking := migrated(program.with("other", "scriptName"), object{"tag": "v1", "transferredClasses": []any{
		moved("Room", "api", "Lobby"), moved("Counter", "auth", "C"),
	}})
	_, err := s.preview(properties(taking))
	require.ErrorContains(t, err, "all data of the Durable Objects of Counter would be deleted")
	taking = migrated(taking, object{"tag": "v1", "transferredClasses": []any{
		moved("Room", "api", "Lobby"), moved("Counter", "api", "C"),
	}})
	routed := object{"example.com/*": object{"zoneId": zone}}
	s.mustUp(properties(migrated(program, madeClasses).with(routed, "routes")))
	_, err = s.preview(properties(taking.with(routed, "routes")))
	require.ErrorContains(t, err, "of Counter, Room would be deleted", "the old one has to give up its route first")

	s.mustUp(properties(taking))
	assert.NotContains(t, strings.Join(s.warnings(), ""), "all data of the Durable Objects")
	assert.Contains(t, w.Dump(), "objects of class Lobby")
	assert.Contains(t, w.Dump(), "objects of class C ")
	s.idle(w, taking)
}

// TestAReplacementIsRefusedByWhatIsKnown: classes that only a binding tells of have data too; what only an update will
// know is warned of.
func TestAReplacementIsRefusedByWhatIsKnown(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := r.program(w).with(object{"durableObjectNamespace": object{"className": "Room"}}, "bindings", "ROOMS").
		with(object{"durableObjectNamespace": object{"className": "Other", "scriptName": "auth"}}, "bindings", "ELSEWHERE")
	w.putClasses("auth", "Other")
	s.mustUp(properties(migrated(program, madeClasses)))
	renamed := program.with("other", "scriptName")
	const refusal = "all data of the Durable Objects of Counter, Room would be deleted"
	_, err := s.preview(properties(migrated(renamed, madeClasses)))
	require.ErrorContains(t, err, refusal)

	s.inputs, s.outputs = s.inputs.Delete("migrations"), s.outputs.Delete("migrations")
	_, err = s.preview(properties(renamed))
	require.ErrorContains(t, err, "all data of the Durable Objects of Room would be deleted")

	unknown := property.New(property.Computed)
	for name, maybe := range map[string]object{
		"another name": program.with(unknown, "scriptName"), "permission": renamed.with(unknown, "allowDataLoss"),
	} {
		s.logs.forget()
		pl, err := s.preview(properties(maybe))
		require.NoError(t, err, name)
		assert.Equal(t, "replace", pl.op, name)
		assert.Contains(t, strings.Join(s.warnings(), ""), "with it go all data of the Durable Objects of Room", name)
	}
}
