// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Alarms wait for no request, and a binding needs the objects in its own process.
func TestObjectsAreAlwaysLoaded(t *testing.T) {
	t.Parallel()
	var world World
	for i := range eagerVersions + 1 {
		s := Script{Account: "acc", Name: "w" + strconv.Itoa(i), VersionID: "v"}
		world.Workers = append(world.Workers, Worker{Account: "acc", Name: s.Name, Split: []Weighted{{Script: s}}})
	}
	world.Workers[7].Objects = []ObjectNamespace{{ID: "ns", Class: "C"}}
	user := &world.Workers[9].Split[0].Script
	user.Bindings = []json.RawMessage{
		json.RawMessage(`{"type":"durable_object_namespace","name":"C","class_name":"C","script_name":"w7"}`),
	}
	table := newTable(world)
	loaded := table.load(nil)
	require.Len(t, loaded, 1, "others are loaded when they are asked for")
	assert.Equal(t, "w7", loaded[0].Name)
	needed := closure([]*Script{table.scripts[user.key()]}, table.deployed, table.objects)
	require.Len(t, needed, 2)
	assert.Equal(t, "w7", needed[0].Name)
}
