// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// TestExportsAreReadAsTheyWereWritten: what a version says is the program's own words wherever it says the same, and a
// class that is gone is not forgotten.
func TestExportsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	wanted := map[string]WorkerExport{
		"Flow": {
			Type: "workflow", Name: "flow", Limits: &WorkflowLimits{new(5)}, Concurrency: &WorkflowConcurrency{new(2)},
			Schedules: []string{"1 * * * *", "0 * * * *"}, Jurisdiction: "eu",
			DefaultRetention: &WorkflowRetention{SuccessRetention: "1 day", ErrorRetention: "1000"},
		},
		"default": {Type: "worker", Cache: &ExportCache{Enabled: true}},
		"Room":    {Type: "durable-object", State: "created", Storage: "sqlite"},
		"Old":     {State: "deleted"},
	}
	shown := func() map[string]cfapi.Export {
		sent := versionedExports(wanted) // in other words
		delete(sent, "Old")
		text, err := json.Marshal(sent)
		require.NoError(t, err)
		var answer map[string]cfapi.Export
		require.NoError(t, json.Unmarshal(text, &answer))
		return answer
	}
	assert.Equal(t, cfapi.WorkflowSettings{
		Steps: 5, Concurrency: 2, Schedules: []string{"0 * * * *", "1 * * * *"}, SuccessRetention: "86400000",
		ErrorRetention: "1000", Jurisdiction: "eu",
	}, shown()["Flow"].WorkflowSettings())
	state := CloudflareWorkerState{CloudflareWorkerArgs: CloudflareWorkerArgs{Exports: wanted}}
	state.seeExports(shown())
	assert.Equal(t, wanted, state.Exports)

	var imported CloudflareWorkerState
	imported.seeExports(shown())
	assert.Len(t, imported.Exports, 3)
	assert.Equal(t, versionedExports(wanted)["Flow"], exportsToAPI(imported.Exports)["Flow"])

	theirs := shown()
	theirs["default"] = cfapi.Export{Type: "worker"}
	delete(theirs, "Flow")
	state.seeExports(theirs)
	assert.Equal(t, map[string]WorkerExport{
		"default": {Type: "worker"}, "Room": wanted["Room"], "Old": wanted["Old"],
	}, state.Exports)
}

// TestOnlyClassesOfObjectsHaveData: a warning that a Worker's data goes names no Workflow and no entry point.
func TestOnlyClassesOfObjectsHaveData(t *testing.T) {
	t.Parallel()
	export := func(kind string) property.Value {
		return property.New(map[string]property.Value{"type": property.New(kind)})
	}
	state := property.NewMap(map[string]property.Value{"exports": property.New(map[string]property.Value{
		"Flow": export("workflow"), "default": export("worker"), "Room": export("durable-object"),
		"Lobby": property.New(map[string]property.Value{}),
	})})
	assert.Equal(t, []string{"Lobby", "Room"}, classesOf(state))
}
