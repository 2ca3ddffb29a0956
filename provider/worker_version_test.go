// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestEverythingInAVersionMatters: a field that sameVersion forgets would never be deployed.
func TestEverythingInAVersionMatters(t *testing.T) {
	t.Parallel()
	elsewhere := map[string]string{ // reason for each
		"AccountID": "identity", "ScriptName": "identity", "WorkersDev": "a trigger", "Routes": "triggers",
		"Adopt": "says nothing of the Worker",
	}
	full := wanted()
	full.MainModule, full.CompatibilityFlags, full.Adopt = "index.js", []string{"nodejs_compat"}, true
	all := reflect.ValueOf(full)
	for i := range all.NumField() {
		name := all.Type().Field(i).Name
		assert.False(t, all.Field(i).IsZero(), "%s is not set, and the case would show nothing", name)
		changed := full
		reflect.ValueOf(&changed).Elem().Field(i).SetZero()
		_, free := elsewhere[name]
		assert.Equal(t, free, sameVersion(full, changed), name)
	}
}
