// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// declares is metadata with exports: a class and its entry in turn. An entry is a state with its fields, or "sqlite".
func declares(entries ...any) object {
	exports := object{}
	for i := 0; i < len(entries); i += 2 {
		entry := object{"type": "durable-object"}
		if fields, ok := entries[i+1].(object); ok {
			maps.Copy(entry, fields)
		} else {
			entry["storage"] = entries[i+1]
		}
		exports[entries[i].(string)] = entry
	}
	return object{"exports": exports}
}

// classes is a script that exports classes.
func classes(names ...string) string {
	lines := []string{hello}
	for _, name := range names {
		lines = append(lines, "export class "+name+" {}")
	}
	return strings.Join(lines, "\n")
}

// reconciled deploys a script with exports and returns what it reports.
func (c *client) reconciled(name, script string, metadata object) map[string]any {
	c.t.Helper()
	var got struct {
		Report map[string]any `json:"exports_reconciliation"`
	}
	c.must(http.MethodPut, scripts+name, worker(c.t, script, metadata), &got)
	for key, value := range got.Report {
		if list, ok := value.([]any); ok && len(list) == 0 {
			delete(got.Report, key)
		}
	}
	return got.Report
}

// irreconcilable deploys what must be refused and returns the scenarios by class.
func (c *client) irreconcilable(name, script string, metadata object) map[string]string {
	c.t.Helper()
	got := c.refused(http.StatusBadRequest, 100402, http.MethodPut, scripts+name, worker(c.t, script, metadata))
	var body struct {
		Errors []struct {
			Meta struct {
				Details []struct{ Class, Scenario, Message string }
			}
		}
	}
	require.NoError(c.t, json.Unmarshal([]byte(got.Body), &body))
	scenarios := map[string]string{}
	for _, d := range body.Errors[0].Meta.Details {
		assert.NotEmpty(c.t, d.Message)
		scenarios[d.Class] = d.Scenario
	}
	return scenarios
}

func TestExportsAreReconciledWithCodeAndNamespaces(t *testing.T) {
	t.Parallel()
	c, _ := run(t, &emulator.Server{})
	assert.Equal(t, map[string]any{"created": []any{"A", "B"}},
		c.reconciled("hello", classes("A", "B"), declares("A", "sqlite", "B", "sqlite")))
	assert.Empty(t, c.reconciled("hello", classes("A", "B", "Undeclared"), declares("A", "sqlite", "B", "sqlite")))
	ids := c.objects()
	before := c.server.Dump()
	deleted := object{"state": "deleted"}
	expects := object{"state": "expecting-transfer", "storage": "sqlite", "transfer_from": "x"}
	for name, want := range map[string]struct {
		script    string
		metadata  object
		scenarios map[string]string
	}{
		"not declared": {
			classes("A"), declares("C", deleted),
			map[string]string{"A": "provisioned_class_missing_from_config", "B": "orphaned_provisioned_namespace"},
		},
		"nothing declared any more": {
			classes("A", "B"), nil,
			map[string]string{"A": "provisioned_class_missing_from_config", "B": "provisioned_class_missing_from_config"},
		},
		"not in code": {
			hello, declares("A", "sqlite", "B", "sqlite", "C", "sqlite"), map[string]string{
				"A": "config_export_not_in_code", "B": "config_export_not_in_code", "C": "config_references_nonexistent_class",
			},
		},
		"other storage": {
			classes("A", "B", "C"), declares("A", "legacy-kv", "B", "sqlite", "C", "legacy-kv"),
			map[string]string{"A": "storage_type_mismatch", "C": "invalid_export"},
		},
		"deleted, but in code": {
			classes("A", "B"), declares("A", deleted, "B", "sqlite"),
			map[string]string{"A": "tombstone_delete_class_still_in_code"},
		},
		"renamed to one that is there": {
			classes("B"), declares("A", object{"state": "renamed", "renamed_to": "B"}, "B", "sqlite"),
			map[string]string{"A": "tombstone_renamed_to_occupied"},
		},
		"renamed to nothing": {
			classes("B"), declares("A", object{"state": "renamed", "renamed_to": "C"}, "B", "sqlite"),
			map[string]string{"A": "invalid_export"},
		},
		"fields of another state": {
			classes("B"), declares("A", object{"state": "deleted", "storage": "sqlite"}, "B", object{"state": "created"}),
			map[string]string{"A": "invalid_export", "B": "invalid_export"},
		},
		"unknown state": {
			classes("B"), declares("A", object{"state": "gone"}, "B", "sqlite"), map[string]string{"A": "invalid_export"},
		},
		"transfer that nobody expects": {
			classes("B"), declares("A", object{"state": "transferred", "transferred_to": "none"}, "B", "sqlite"),
			map[string]string{"A": "transferred_target_missing"},
		},
		"transfer from nobody": {
			classes("A", "B", "C"), declares("A", expects, "B", "sqlite", "C", expects),
			map[string]string{
				"A": "phase_one_transfer_target_class_provisioned", "C": "phase_one_transfer_source_missing",
			},
		},
	} {
		assert.Equal(t, want.scenarios, c.irreconcilable("hello", want.script, want.metadata), name)
		assert.Equal(t, before, c.server.Dump(), name)
	}
	c.refused(http.StatusBadRequest, 10021, http.MethodPut, scripts+"hello",
		worker(t, classes("A", "B", "C"), migrated("", "v1", made("C"))))

	got := c.reconciled("hello", classes("A", "Z"),
		declares("A", object{"state": "renamed", "renamed_to": "Z"}, "B", deleted, "C", deleted, "Z", "sqlite"))
	assert.Equal(t, []any{"B"}, got["deleted"])
	assert.Equal(t, []any{map[string]any{"from": "A", "to": "Z"}}, got["renamed"])
	assert.Equal(t, []any{"C"}, got["removable_entries"])
	require.Len(t, got["info"], 2)
	assert.Equal(t, "tombstone_class_still_in_code", got["info"].([]any)[0].(map[string]any)["scenario"])
	assert.Equal(t, "stale_tombstone", got["info"].([]any)[1].(map[string]any)["scenario"])
	require.Len(t, c.objects(), 1)
	assert.Equal(t, ids["hello_A"].ID, c.objects()["hello_Z"].ID)
}

func TestClassesMoveWhenBothSidesDeclareIt(t *testing.T) {
	t.Parallel()
	c, _ := run(t, &emulator.Server{})
	expects := func(from string) object {
		return declares("A", object{"state": "expecting-transfer", "storage": "sqlite", "transfer_from": from})
	}
	gives := func(to string) object { return declares("A", object{"state": "transferred", "transferred_to": to}) }
	c.reconciled("giver", classes("A"), declares("A", "sqlite"))
	c.upload("user", hello, object{"bindings": []object{class("A", "script_name", "giver")}})
	c.upload("other", hello, nil)
	id := c.objects()["giver_A"].ID
	assert.Equal(t, map[string]string{"A": "transferred_pending_not_found"},
		c.irreconcilable("giver", hello, gives("other")))
	assert.Equal(t, map[string]string{"A": "phase_one_transfer_source_namespace_missing"},
		c.irreconcilable("heir", classes("A"), expects("other")))
	assert.Equal(t, map[string]string{"A": "tombstone_delete_blocked_by_external_bindings"},
		c.irreconcilable("giver", hello, declares("A", object{"state": "deleted"})))
	pending := map[string]any{"transfer_pending": []any{map[string]any{"class": "A", "from": "giver"}}}
	assert.Equal(t, pending, c.reconciled("heir", classes("A"), expects("giver")))
	assert.Contains(t, c.server.Dump(), "expects class A from giver")
	assert.Equal(t, map[string]string{"A": "phase_one_transfer_duplicate"},
		c.irreconcilable("heir", classes("A"), func() object {
			c.reconciled("third", classes("A"), declares("A", "sqlite"))
			return expects("third")
		}()))
	assert.Empty(t, c.reconciled("heir", hello, declares()), "no longer expected")
	assert.Equal(t, map[string]string{"A": "transferred_pending_not_found"},
		c.irreconcilable("giver", hello, gives("heir")))
	assert.Equal(t, pending, c.reconciled("heir", classes("A"), expects("giver")))
	assert.Equal(t, map[string]string{"A": "transferred_target_mismatch"},
		c.irreconcilable("giver", hello, gives("other")))
	assert.Equal(t, map[string]any{"transferred": []any{
		map[string]any{"class": "A", "to": "heir", "phase": "committed"},
	}}, c.reconciled("giver", hello, gives("heir")))
	assert.Equal(t, id, c.objects()["heir_A"].ID)
	assert.NotContains(t, c.objects(), "giver_A")
	assert.NotContains(t, c.server.Dump(), "expects")

	got := c.reconciled("heir", classes("A"), expects("giver"))["info"].([]any)[0].(map[string]any)
	assert.Equal(t, "transfer_receive_already_applied", got["scenario"])
	assert.Equal(t, map[string]string{"A": "phase_one_transfer_after_commit_mismatch"},
		c.irreconcilable("heir", classes("A"), expects("third")))
	stale := c.reconciled("giver", hello, gives("heir"))
	assert.Equal(t, []any{"user"}, stale["info"].([]any)[0].(map[string]any)["referencing_scripts"])
	assert.NotContains(t, stale, "removable_entries")
	assert.Empty(t, c.reconciled("heir", classes("A"), declares("A", "sqlite")))
}

func TestExportsOfVersionsWaitForTheirDeployment(t *testing.T) {
	t.Parallel()
	c, _ := run(t, &emulator.Server{})
	c.reconciled("hello", classes("A"), declares("A", "sqlite"))
	first := c.deployments("hello")[0].Versions[0].VersionID
	both := declares("A", "sqlite", "B", "sqlite")
	bound := declares("A", "sqlite", "B", "sqlite")
	bound["bindings"] = []object{class("B")}
	got := c.refused(http.StatusBadRequest, 100406, http.MethodPost, scripts+"hello/versions",
		worker(t, classes("A", "B"), bound))
	assert.Contains(t, got.Errors[0].Message, "'C' references class 'B'")
	second := c.version("hello", classes("A", "B"), both)
	assert.Len(t, c.objects(), 1)
	c.refused(http.StatusBadRequest, 100405, http.MethodPost, scripts+"hello/deployments", split(first, 50, second, 50))
	c.must(http.MethodPost, scripts+"hello/deployments", split(second, 100), nil)
	assert.Len(t, c.objects(), 2)
	c.version("hello", classes("A", "B"), bound)
	c.refused(http.StatusBadRequest, 100402, http.MethodPost, scripts+"hello/deployments", split(first, 100))
	broken := c.version("hello", classes("A"), both)
	c.refused(http.StatusBadRequest, 100402, http.MethodPost, scripts+"hello/deployments", split(broken, 100))
}

func TestContainersAreNotThere(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	got := c.refused(http.StatusNotImplemented, 7000, http.MethodPut, scripts+"hello", worker(t, classes("A"),
		declares("A", object{"storage": "sqlite", "container": "c"})))
	assert.Contains(t, got.Errors[0].Message, `"A"`)
}
