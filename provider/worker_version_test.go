// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// TestEverythingInAVersionMatters: a field that sameVersion forgets would never be deployed.
func TestEverythingInAVersionMatters(t *testing.T) {
	t.Parallel()
	elsewhere := map[string]string{ // reason for each
		"AccountID": "identity", "ScriptName": "identity", "WorkersDev": "a trigger", "Routes": "triggers",
		"CustomDomains": "triggers",
		"WaitForReady":  "says nothing of the Worker",
		"Adopt":         "says nothing of the Worker", "Secrets": "compared by secretChanges",
		"Migrations": "compared by their tags", "AllowDataLoss": "says nothing of the Worker",
		"Observability": "not of a version", "Logpush": "not of a version", "Tags": "not of a version",
		"TailConsumers": "not of a version", "StreamingTailConsumers": "not of a version", "Schedules": "triggers",
		"Rollout":        "says how much of the traffic a version gets",
		"QueueConsumers": "triggers", "EmailRoutes": "triggers", "EventTriggers": "triggers",
		"CodeUpdateStrategy": "of a deployment",
		"UnmanagedSecrets":   "says nothing of the version", "RequiredSecrets": "says nothing of the version",
	}
	full := withSettings(wanted())
	full.Format = "service-worker"
	full.MainModule, full.CompatibilityFlags, full.Adopt = "index.js", []string{"nodejs_compat"}, true
	full.Migrations, full.AllowDataLoss = []Migration{{Tag: "v1"}}, []string{"Room"}
	full.Exports = map[string]WorkerExport{"Room": {Storage: "sqlite"}}
	full.Rollout = &Rollout{Percentage: 10}
	full.UnmanagedSecrets, full.RequiredSecrets = new(KeepUnmanaged), []string{"THEIRS"}
	full.CustomDomains, full.WaitForReady = map[string]CustomDomain{"a.com": {}}, new(false)
	full.QueueConsumers, full.EmailRoutes = map[string]QueueConsumer{"q": {}}, map[string]EmailRoute{"a@b.c": {}}
	full.UnmanagedVariables, full.CodeUpdateStrategy = keepVariables, &CodeUpdateStrategy{Mode: immediateUpdate}
	full.EventTriggers = []EventTrigger{{Type: "cf.artifacts.repo.pushed"}}
	full.RawMetadata = map[string]any{"novelty": true}
	full.Assets = &WorkerAssets{Directory: "public", SHA256: "ab"}
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

// TestEverythingAboutAssetsMatters: apart from where the files are.
func TestEverythingAboutAssetsMatters(t *testing.T) {
	t.Parallel()
	places := map[string]bool{"Directory": true, "Archive": true, "Bucket": true, "Prefix": true, "Jurisdiction": true}
	full := WorkerAssets{
		Directory: "public", Archive: &types.AssetOrArchive{Archive: &resource.Archive{Path: "public"}},
		Bucket: "sites", Prefix: "v1/", Jurisdiction: "eu",
		HTMLHandling: "none", NotFoundHandling: "404-page", BasePath: "/docs",
		RunWorkerFirst:      true,
		RunWorkerFirstRules: []string{"/api/*"}, SHA256: "ab",
	}
	all := reflect.ValueOf(full)
	for i := range all.NumField() {
		name := all.Type().Field(i).Name
		assert.False(t, all.Field(i).IsZero(), "%s is not set, and the case would show nothing", name)
		changed := full
		reflect.ValueOf(&changed).Elem().Field(i).SetZero()
		assert.Equal(t, places[name], sameServed(&full, &changed), name)
	}
	moved := full
	moved.BasePath = "docs/"
	assert.True(t, sameServed(&full, &moved), "the same path")
	assert.False(t, sameServed(&full, nil))
	assert.False(t, sameServed(nil, &full))
	assert.True(t, sameServed(nil, nil))
}
