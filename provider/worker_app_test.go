// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/blang/semver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const appURN = "urn:pulumi:stack::project::" + Name + ":index:WorkerApp::api"

// engine registers what a component makes, and answers as if it were made.
type engine struct {
	t    *testing.T
	prov p.Provider

	mu       sync.Mutex
	children map[string]*pulumirpc.RegisterResourceRequest // by type and name
	inputs   map[string]resource.PropertyMap
}

// NewResource answers with the outputs that the component reads.
func (e *engine) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	kind := string(tokens.Type(args.TypeToken).Name())
	e.children[kind+" "+args.Name], e.inputs[kind+" "+args.Name] = args.RegisterRPC, args.Inputs
	txt := resource.NewProperty[string]
	return "id", map[string]resource.PropertyMap{
		"KvNamespace": {"namespaceId": txt("id of " + args.Name)},
		"D1Database":  {"databaseId": txt("id of " + args.Name)},
		"R2Bucket":    {"name": txt("name of " + args.Name)},
		"Queue":       {"name": txt("name of " + args.Name)},
		"WorkerBundle": {"reference": resource.NewProperty(resource.PropertyMap{
			"bucket": args.Inputs["bucket"], "key": txt("api/ab/"), "sha256": txt("ab"),
		})},
		"CloudflareWorker": {
			"urls":       resource.NewProperty([]resource.PropertyValue{txt("https://api.example.com/")}),
			"scriptName": txt("api-1234567"), "versionId": txt("v1"),
		},
	}[kind], nil
}

// Call invokes a function of the provider itself.
func (e *engine) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	resp, err := e.prov.Invoke(e.t.Context(), p.InvokeRequest{
		Token: tokens.Type(args.Token), Args: resource.FromResourcePropertyMap(args.Args),
	})
	if len(resp.Failures) > 0 {
		return nil, errors.New(resp.Failures[0].Reason)
	}
	return resource.ToResourcePropertyMap(resp.Return), err
}

// construct makes a WorkerApp called api.
func construct(t *testing.T, req p.ConstructRequest) (*engine, property.Map, error) {
	t.Helper()
	prov, err := New()
	require.NoError(t, err)
	e := &engine{
		t: t, prov: prov, children: map[string]*pulumirpc.RegisterResourceRequest{},
		inputs: map[string]resource.PropertyMap{},
	}
	server, err := integration.NewServer(t.Context(), Name, semver.MustParse("1.2.3"), integration.WithProvider(prov),
		integration.WithMocks(e))
	require.NoError(t, err)
	req.Urn = appURN
	resp, err := server.Construct(req)
	return e, resp.State, err
}

func txt(s string) property.Value { return property.New(s) }

func textList(list ...string) property.Value {
	values := make([]property.Value, len(list))
	for i, s := range list {
		values[i] = txt(s)
	}
	return property.New(values)
}

// TestAnAppMakesAndBindsWhatItNames goes through all inputs of the component at once.
func TestAnAppMakesAndBindsWhatItNames(t *testing.T) {
	t.Parallel()
	const shared = "urn:pulumi:stack::project::" + Name + ":index:KvNamespace::shared"
	unknown := property.New(property.Computed)
	e, state, err := construct(t, p.ConstructRequest{DryRun: true, Inputs: property.NewMap(map[string]property.Value{
		"accountId": txt("0123456789abcdef0123456789abcdef"), "path": txt("./dist"), "compatibilityDate": txt("2026-11-01"),
		"kv": textList("CACHE", "AUX"), "d1": textList("DB"), "r2": textList("FILES"), "queues": textList("JOBS"),
		"bindings": obj(map[string]property.Value{
			"OTHER": obj(map[string]property.Value{"kvNamespace": obj(map[string]property.Value{"id": unknown})}),
			"AI":    obj(map[string]property.Value{"ai": obj(map[string]property.Value{})}),
		}).WithDependencies([]urn.URN{shared}),
		"build":     obj(map[string]property.Value{"command": textList("make")}),
		"secrets":   obj(map[string]property.Value{"KEY": txt("open sesame").WithSecret(true)}),
		"variables": obj(map[string]property.Value{"N": property.New(1.0), "L": textList("a"), "U": unknown}),
	})})
	require.NoError(t, err)
	names := map[string]bool{}
	for name, child := range e.children {
		names[name] = true
		if name == "WorkerApp api" {
			continue
		}
		assert.Equal(t, appURN, child.Parent, "%s is below the component", name)
		assert.Equal(t, "1.2.3", child.Version, "%s stays with its provider", name)
		assert.Equal(t, "0123456789abcdef0123456789abcdef", e.inputs[name]["accountId"].StringValue(), name)
	}
	assert.Equal(t, map[string]bool{
		"WorkerApp api": true, "CloudflareWorker api": true, "WorkerBundle api": true, "R2Bucket api-bundles": true,
		"KvNamespace api-CACHE": true, "KvNamespace api-AUX": true, "D1Database api-DB": true, "R2Bucket api-FILES": true,
		"Queue api-JOBS": true,
	}, names)
	worker := resource.FromResourcePropertyMap(e.inputs["CloudflareWorker api"])
	binding := func(kind, member, value string) property.Value {
		return obj(map[string]property.Value{kind: obj(map[string]property.Value{member: txt(value)})})
	}
	bindings := worker.Get("bindings").AsMap()
	for name, want := range map[string]property.Value{
		"CACHE": binding("kvNamespace", "id", "id of api-CACHE"), "AUX": binding("kvNamespace", "id", "id of api-AUX"),
		"DB": binding("d1Database", "id", "id of api-DB"), "FILES": binding("r2Bucket", "name", "name of api-FILES"),
		"JOBS": binding("queue", "name", "name of api-JOBS"),
		"AI":   obj(map[string]property.Value{"ai": obj(map[string]property.Value{})}),
	} {
		assert.Equal(t, want, plainly(bindings.Get(name)), name)
	}
	assert.True(t, bindings.Get("OTHER").AsMap().Get("kvNamespace").AsMap().Get("id").IsComputed(),
		"one unknown id hides no other binding")
	assert.Equal(t, 7, bindings.Len())
	assert.Equal(t, txt("open sesame").WithSecret(true), worker.Get("secrets").AsMap().Get("KEY"))
	assert.Equal(t, "2026-11-01", worker.Get("compatibilityDate").AsString())
	variables := worker.Get("variables").AsMap()
	assert.InDelta(t, 1, variables.Get("N").AsNumber(), 0)
	assert.Equal(t, textList("a"), variables.Get("L"))
	assert.True(t, variables.Get("U").IsComputed())
	assert.Equal(t, obj(map[string]property.Value{"enabled": property.New(true)}), worker.Get("workersDev"),
		"it has an address")
	assert.Contains(t, e.children["CloudflareWorker api"].GetDependencies(), shared,
		"it is made after what its bindings as a whole depend on, and deleted before")
	for _, own := range []string{"path", "build", "kv", "d1", "r2", "queues"} {
		assert.NotContains(t, e.inputs["CloudflareWorker api"], resource.PropertyKey(own))
	}
	stored := e.inputs["WorkerBundle api"]
	assert.Equal(t, "name of api-bundles", stored["bucket"].StringValue())
	assert.NotContains(t, stored, resource.PropertyKey("prefix"), "another name of the component is no other place")
	assert.Contains(t, stored, resource.PropertyKey("build"))
	assert.True(t, e.inputs["R2Bucket api-bundles"]["forceDestroy"].BoolValue())

	assert.Equal(t, "https://api.example.com/", plainly(state.Get("url")).AsString())
	assert.Equal(t, "ab", plainly(state.Get("bundle")).AsMap().Get("sha256").AsString())
	assert.Equal(t, obj(map[string]property.Value{"CACHE": txt("id of api-CACHE"), "AUX": txt("id of api-AUX")}),
		plainly(state.Get("kvIds")))
	assert.Empty(t, e.inputs["WorkerApp api"], "what is secret does not get into the component's own state")
}

// plainly is v without what is said of it beside its value.
func plainly(v property.Value) property.Value {
	return resource.FromResourcePropertyValue(resource.NewPropertyValue(
		resource.ToResourcePropertyValue(v).MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
			if v.IsOutput() {
				return v.OutputValue().Element.Mappable(), true
			}
			return nil, false
		})))
}

func TestAnAppMakesWhatWranglerWould(t *testing.T) {
	t.Parallel()
	path := fileWith(t, "wrangler.json", `{"name": "api", "compatibility_date": "2026-11-01",
		"vars": {"A": "1", "B": "2"},
		"kv_namespaces": [{"binding": "CACHE"}, {"binding": "OLD", "id": "1"}, {"binding": "MINE"}],
		"queues": {"producers": [{"binding": "JOBS", "delivery_delay": 5}]}, "routes": ["api.example.com/*"],
		"env": {"e": {}}}`)
	e, _, err := construct(t, p.ConstructRequest{Inputs: property.NewMap(map[string]property.Value{
		"fromWrangler": obj(map[string]property.Value{"path": path}),
		"bundle":       obj(map[string]property.Value{"bucket": txt("b"), "key": txt("k")}),
		"variables":    obj(map[string]property.Value{"B": txt("mine")}),
		"scriptName":   txt("mine"),
		"bindings": obj(map[string]property.Value{
			"MINE": obj(map[string]property.Value{"r2Bucket": obj(map[string]property.Value{"name": txt("files")})}),
		}),
	})})
	require.NoError(t, err)
	assert.Len(t, e.children, 4, "the component, the Worker, a namespace and a queue")
	worker := resource.FromResourcePropertyMap(e.inputs["CloudflareWorker api"])
	assert.Equal(t, "mine", worker.Get("scriptName").AsString())
	assert.Equal(t, obj(map[string]property.Value{"A": txt("1"), "B": txt("mine")}), plainly(worker.Get("variables")))
	bindings := plainly(worker.Get("bindings")).AsMap()
	assert.Equal(t, "id of api-CACHE", bindings.Get("CACHE").AsMap().Get("kvNamespace").AsMap().Get("id").AsString())
	assert.Equal(t, "1", bindings.Get("OLD").AsMap().Get("kvNamespace").AsMap().Get("id").AsString())
	assert.Equal(t, obj(map[string]property.Value{"name": txt("name of api-JOBS"), "deliveryDelay": property.New(5.0)}),
		bindings.Get("JOBS").AsMap().Get("queue"), "what else the file says of it stays")
	assert.Equal(t, 1, bindings.Get("MINE").AsMap().Len())
	assert.False(t, plainly(worker.Get("workersDev")).AsMap().Get("enabled").AsBool(), "as wrangler has it")
}

func TestAnAppRefusesWhatContradictsItself(t *testing.T) {
	t.Parallel()
	reference := func(members map[string]property.Value) property.Value {
		members["bucket"], members["key"] = txt("b"), txt("k")
		return obj(members)
	}
	unknown := property.New(property.Computed)
	for name, test := range map[string]struct {
		inputs map[string]property.Value
		want   string
	}{
		"nothing to run": {nil, "path: must be the build output; or give archive, bundle or promoteFrom"},
		"two bundles": {
			map[string]property.Value{"path": txt("d"), "promoteFrom": reference(map[string]property.Value{})},
			"promoteFrom: give just one of path, archive, bundle and promoteFrom",
		},
		"promotion of whatever is there": {
			map[string]property.Value{"promoteFrom": reference(map[string]property.Value{})}, "promoteFrom: has no sha256",
		},
		"promotion without a digest": {
			map[string]property.Value{"promoteFrom": reference(map[string]property.Value{"sha256": txt("")})},
			"promoteFrom: has no sha256",
		},
		"promotion of a text": {map[string]property.Value{"promoteFrom": txt("x")}, "promoteFrom: must be the reference"},
		"one name twice": {
			map[string]property.Value{"path": txt("d"), "kv": textList("A"), "d1": textList("A")},
			"d1: there is a binding A already, in kv",
		},
		"a name that is bound": {
			map[string]property.Value{"path": txt("d"), "kv": textList("A"), "bindings": obj(map[string]property.Value{
				"A": unknown,
			})}, "kv: there is a binding A already, in bindings",
		},
		"a list that is not known": {
			map[string]property.Value{"path": txt("d"), "kv": unknown}, "kv: must be a list of names that are known",
		},
		"no list of names": {
			map[string]property.Value{"path": txt("d"), "kv": property.New([]property.Value{property.New(1.0)})},
			"kv: must be a list of names",
		},
		"bindings that are not known": {
			map[string]property.Value{"path": txt("d"), "kv": textList("A"), "bindings": unknown},
			"bindings: their names must be known",
		},
		"a build of nothing": {
			map[string]property.Value{"build": obj(map[string]property.Value{"command": textList("x")})},
			"build: says how the output at path is made: give path",
		},
		"a path and an archive": {
			map[string]property.Value{"path": txt("d"), "archive": unknown},
			"archive: give just one of path, archive, bundle and promoteFrom",
		},
		"a file that is not known": {
			map[string]property.Value{"path": txt("d"), "fromWrangler": obj(map[string]property.Value{"path": unknown})},
			"fromWrangler must be known",
		},
		"a file that is not there": {
			map[string]property.Value{"path": txt("d"), "fromWrangler": obj(map[string]property.Value{"path": txt("no")})},
			"there is no configuration of wrangler",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := construct(t, p.ConstructRequest{DryRun: true, Inputs: property.NewMap(test.inputs)})
			require.ErrorContains(t, err, test.want)
		})
	}
}

// TestWhatAnAppIsGivenKeepsItsDependencies: a child depends on what its inputs come from.
func TestWhatAnAppIsGivenKeepsItsDependencies(t *testing.T) {
	t.Parallel()
	const of = "urn:pulumi:dev::test::" + Name + ":index:KvNamespace::cache"
	e, _, err := construct(t, p.ConstructRequest{Inputs: property.NewMap(map[string]property.Value{
		"path": txt("d"), "bindings": obj(map[string]property.Value{"A": obj(map[string]property.Value{
			"kvNamespace": obj(map[string]property.Value{
				"id": txt("1").WithDependencies([]resource.URN{of}),
			}),
		})}),
	})})
	require.NoError(t, err)
	assert.Contains(t, e.children["CloudflareWorker api"].PropertyDependencies["bindings"].Urns, of)
	assert.NotContains(t, e.children["WorkerBundle api"].Dependencies, of)
}

// TestAnAppStoresAnArchive as it stores what is at a path.
func TestAnAppStoresAnArchive(t *testing.T) {
	t.Parallel()
	given := &resource.Archive{Sig: archive.ArchiveSig, Assets: map[string]any{
		"index.js": &resource.Asset{Sig: asset.AssetSig, Text: "export default {}"},
		"lib":      &resource.Archive{Sig: archive.ArchiveSig, Path: "testdata"},
	}}
	e, _, err := construct(t, p.ConstructRequest{Inputs: property.NewMap(map[string]property.Value{
		"archive": property.New(given), "compatibilityDate": txt("2026-11-01"),
	})})
	require.NoError(t, err)
	stored := e.inputs["WorkerBundle api"]["archive"]
	require.True(t, stored.IsArchive())
	text, _ := stored.ArchiveValue().Assets["index.js"].(*resource.Asset)
	require.NotNil(t, text)
	assert.Equal(t, "export default {}", text.Text)
	files, _ := stored.ArchiveValue().Assets["lib"].(*resource.Archive)
	require.NotNil(t, files)
	assert.Equal(t, "testdata", files.Path)
	worker := e.inputs["CloudflareWorker api"]
	assert.Equal(t, "ab", worker["bundle"].ObjectValue()["sha256"].StringValue())
	assert.NotContains(t, worker, resource.PropertyKey("archive"))
}

// TestAnAppsBuildFindsItsCommandWhereTheWorkerIsDescribed, unless the build says more itself.
func TestAnAppsBuildFindsItsCommandWhereTheWorkerIsDescribed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "wrangler.json")
	require.NoError(t, os.WriteFile(file, []byte(`{
		"name": "api", "compatibility_date": "2026-11-01", "env": { "production": {}, "staging": {} }
	}`), 0o600))
	build := func(members map[string]property.Value) property.Value {
		e, _, err := construct(t, p.ConstructRequest{DryRun: true, Inputs: property.NewMap(map[string]property.Value{
			"path": txt("dist"), "build": obj(members),
			"fromWrangler": obj(map[string]property.Value{"path": txt(file), "environment": txt("production")}),
		})})
		require.NoError(t, err)
		return resource.FromResourcePropertyMap(e.inputs["WorkerBundle api"]).Get("build")
	}
	assert.Equal(t, obj(map[string]property.Value{"config": txt(file), "environment": txt("production")}),
		build(map[string]property.Value{}))
	assert.Equal(t, obj(map[string]property.Value{
		"config": txt(file), "environment": txt("staging"), "directory": txt("web"),
	}), build(map[string]property.Value{"environment": txt("staging"), "directory": txt("web")}))
	for _, own := range []map[string]property.Value{{"command": textList("make")}, {"config": txt("other.json")}} {
		assert.Equal(t, obj(own), build(own))
	}
}
