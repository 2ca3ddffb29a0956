// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

const objectNamespaces = account + "/workers/durable_objects/namespaces"

// objectNamespace is a namespace of Durable Objects as the API lists it.
type objectNamespace struct {
	ID, Name, Script, Class string
	SQLite                  bool `json:"use_sqlite"`
}

// objects lists the namespaces by name.
func (c *client) objects() map[string]objectNamespace {
	c.t.Helper()
	var list []objectNamespace
	c.must(http.MethodGet, objectNamespaces, nil, &list)
	named := map[string]objectNamespace{}
	for _, n := range list {
		named[n.Name] = n
	}
	return named
}

// class is a binding C to a class.
func class(name string, more ...string) object {
	b := object{"type": "durable_object_namespace", "name": "C", "class_name": name}
	for i := 0; i < len(more); i += 2 {
		b[more[i]] = more[i+1]
	}
	return b
}

// migrated is metadata with the steps of a migration and bindings.
func migrated(from, to string, steps []object, bindings ...object) object {
	m := object{"new_tag": to, "steps": steps}
	if from != "" {
		m["old_tag"] = from
	}
	return object{"migrations": m, "bindings": bindings}
}

// made is the step that makes a class with SQL.
func made(class string) []object { return []object{{"new_sqlite_classes": []string{class}}} }

func deletes(class string) []object { return []object{{"deleted_classes": []string{class}}} }

func renames(from, to string) []object {
	return []object{{"renamed_classes": []object{{"from": from, "to": to}}}}
}

func transfers(from, script, to string) []object {
	return []object{{"transferred_classes": []object{{"from": from, "from_script": script, "to": to}}}}
}

func TestMigrationsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		status, code int
		metadata     object
		text         string
	}{
		"tag of another migration": {
			412, 10079, migrated("v0", "v2", nil), "got tag 'v0' when expected tag is 'v1'",
		},
		"class that exists": {
			400, 10074, migrated("v1", "v2", made("Counter")),
			"Cannot apply new-sqlite-class migration to class 'Counter' that is already depended on",
		},
		"legacy class that exists": {
			400, 10074, migrated("v1", "v2", []object{{"new_classes": []string{"Counter"}}}),
			"Cannot apply new-class migration to class 'Counter'",
		},
		"deleted class that does not exist": {
			400, 10074, migrated("v1", "v2", deletes("None")),
			"Cannot apply delete-class migration to class 'None' which was not exported in the previous version",
		},
		"deleted class of the same upload": {
			400, 10074, migrated("v1", "v2", append(made("New"), deletes("New")...)), "delete-class",
		},
		"deleted class with a binding": {
			400, 10061, migrated("v1", "v2", deletes("Counter"), class("Counter")),
			"Cannot apply --delete-class migration to class 'Counter' without also removing the binding",
		},
		"deleted class with a binding to its heir": {
			400, 10061, migrated("v1", "v2", deletes("Counter"), class("Counter", "script_name", "other")), "--delete-class",
		},
		"renamed class that does not exist": {
			400, 10074, migrated("v1", "v2", renames("None", "New")), "rename-class",
		},
		"renamed to a class that exists": {
			400, 10074, migrated("v1", "v2", append(made("New"), renames("Counter", "New")...)), "rename-class",
		},
		"transferred from nowhere":    {400, 10074, migrated("v1", "v2", transfers("A", "none", "B")), "in script 'none'"},
		"transferred from itself":     {400, 10074, migrated("v1", "v2", transfers("Counter", "hello", "B")), "'hello'"},
		"transferred class not there": {400, 10074, migrated("v1", "v2", transfers("A", "other", "B")), "class 'A'"},
		"transferred twice": {
			400, 10074,
			migrated("v1", "v2", append(transfers("Other", "other", "B"), transfers("Other", "other", "D")...)), "Other",
		},
		"transferred to one that is": {
			400, 10074, migrated("v1", "v2", transfers("Other", "other", "Counter")), "depended on",
		},
		"binding to no class": {400, 10061, object{"bindings": []object{class("None")}}, "class 'None'"},
		"binding to an old name": {
			400, 10061, migrated("v1", "v2", renames("Counter", "Sum"), class("Counter")), "'Counter'",
		},
		"binding to what was taken": {
			400, 10061,
			migrated("v1", "v2", transfers("Other", "other", "B"), class("Other", "script_name", "other")), "'Other'",
		},
		"binding to a Worker not there": {
			400, 10061, object{"bindings": []object{class("A", "script_name", "none")}}, "'none'",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, &emulator.Server{})
			c.upload("hello", hello, migrated("", "v1", made("Counter"), class("Counter")))
			c.upload("other", hello, migrated("", "o1", made("Other")))
			before := c.server.Dump()
			got := c.refused(want.status, want.code, http.MethodPut, scripts+"hello", worker(t, hello, want.metadata))
			assert.Contains(t, got.Errors[0].Message, want.text)
			assert.Equal(t, before, c.server.Dump())
		})
	}
}

func TestNamespacesKeepTheirIDsThroughRenamesAndTransfers(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, migrated("", "v1",
		append(made("Counter"), object{"new_classes": []string{"Old"}}), class("Counter")))
	c.upload("user", hello, object{"bindings": []object{class("Counter", "script_name", "hello")}})
	first := c.objects()
	require.Len(t, first, 2)
	assert.True(t, first["hello_Counter"].SQLite)
	assert.False(t, first["hello_Old"].SQLite)
	id := first["hello_Counter"].ID
	assert.Equal(t, id, c.bindings("user", c.deployments("user")[0].Versions[0].VersionID)[0]["namespace_id"])

	c.upload("hello", hello, migrated("v1", "v2", renames("Counter", "Sum"), class("Sum")))
	assert.Equal(t, objectNamespace{ID: id, Name: "hello_Sum", Script: "hello", Class: "Sum", SQLite: true},
		c.objects()["hello_Sum"])

	c.upload("heir", hello, migrated("", "h1", transfers("Sum", "hello", "Total"), class("Total")))
	after := c.objects()
	assert.Equal(t, objectNamespace{ID: id, Name: "heir_Total", Script: "heir", Class: "Total", SQLite: true},
		after["heir_Total"])
	assert.NotContains(t, after, "hello_Sum")
	assert.Contains(t, c.server.Dump(), "objects of class Total sqlite true")
	assert.NotContains(t, c.server.Dump(), id)

	got := c.refused(http.StatusBadRequest, 10142, http.MethodDelete, scripts+"heir", nil)
	assert.Contains(t, got.Errors[0].Message, "in use by Worker 'hello'", "whose binding followed the class")
	c.refused(http.StatusBadRequest, 10061, http.MethodPut, scripts+"heir",
		worker(t, hello, migrated("h1", "h2", deletes("Total"))))
	c.must(http.MethodDelete, scripts+"heir?force=true", nil, nil)
	c.must(http.MethodDelete, scripts+"hello", nil, nil)
	assert.Empty(t, c.objects(), "they go with their Worker")
}

func TestVersionsFromBeforeAMigrationStayUndeployed(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	first := c.upload("hello", hello, nil)
	second := c.upload("hello", hello, migrated("", "v1", made("Counter")))
	third := c.version("hello", hello, object{"bindings": []object{class("Counter")}})
	c.refused(http.StatusBadRequest, 10021, http.MethodPost, scripts+"hello/deployments", split(first, 100))
	c.must(http.MethodPost, scripts+"hello/deployments", split(second, 50, third, 50), nil)
	c.refused(http.StatusBadRequest, 10061, http.MethodPost, scripts+"hello/versions",
		worker(t, hello, object{"bindings": []object{class("None")}}))
	var v struct {
		Resources struct {
			Runtime struct {
				Tag string `json:"migration_tag"`
			} `json:"script_runtime"`
		}
	}
	c.must(http.MethodGet, scripts+"hello/versions/"+third, nil, &v)
	assert.Equal(t, "v1", v.Resources.Runtime.Tag)
}

// counter is a Worker whose class counts.
const counter = `
	import { DurableObject } from "cloudflare:workers";
	export class Counter extends DurableObject {
		async add() {
			const n = (await this.ctx.storage.get("n") ?? 0) + 1;
			await this.ctx.storage.put("n", n);
			return n;
		}
	}
	export default { fetch: async (request, env) => new Response(await env.C.getByName("any").add()) }`

func TestScriptsMustExportTheirClasses(t *testing.T) {
	t.Parallel()
	c, _ := run(t, &emulator.Server{})
	refused := func(code int, text, script string, metadata object, method, path string) {
		t.Helper()
		got := c.refused(http.StatusBadRequest, code, method, path, worker(t, script, metadata))
		assert.Contains(t, got.Errors[0].Message, text)
	}
	refused(10070, "Cannot apply new-sqlite-class migration to class 'None' that is not exported by script",
		counter, migrated("", "v1", made("None")), http.MethodPut, scripts+"hello")
	assert.Empty(t, c.objects())
	c.upload("hello", counter, migrated("", "v1", made("Counter"), class("Counter")))
	refused(10070, "rename-class", counter, migrated("v1", "v2", renames("Counter", "Sum"), class("Sum")),
		http.MethodPut, scripts+"hello")
	const missing = "New version of script does not export class 'Counter' which is depended on by existing Durable"
	refused(10064, missing, hello, nil, http.MethodPut, scripts+"hello")
	refused(10064, missing, hello+"\nexport const Counter = {}", nil, http.MethodPut, scripts+"hello")
	refused(10064, missing, hello, nil, http.MethodPost, scripts+"hello/versions")
	refused(10064, missing, hello, nil, http.MethodPut, scripts+"hello/content")
	c.upload("hello", hello, migrated("v1", "v2", deletes("Counter")))
	assert.Empty(t, c.objects())
}

func TestObjectsLiveAsLongAsTheirNamespace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const url = "http://hello.emulator.workers.dev/"
	c, get := run(t, &emulator.Server{DataDir: dir})
	c.upload("hello", counter, migrated("", "v1", made("Counter"), class("Counter")))
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": true, "previews_enabled": true}, nil)
	assert.Equal(t, "1", get(url))
	c.upload("hello", counter+"// again", object{"bindings": []object{class("Counter")}})
	assert.Equal(t, "2", get(url))
	id := c.objects()["hello_Counter"].ID
	var objects []struct {
		ID            string
		HasStoredData bool
	}
	c.must(http.MethodGet, objectNamespaces+"/"+id+"/objects", nil, &objects)
	require.Len(t, objects, 1)
	assert.Len(t, objects[0].ID, 64)
	assert.True(t, objects[0].HasStoredData)
	c.refused(http.StatusNotFound, 10066, http.MethodGet, objectNamespaces+"/"+strings.Repeat("0", 32)+"/objects", nil)
	c.refused(http.StatusNotFound, 7003, http.MethodGet, objectNamespaces+"/x/objects", nil)
	c.refused(http.StatusBadRequest, 10077, http.MethodGet, objectNamespaces+"/"+id+"/objects?limit=x", nil)

	c.upload("user", counter, object{"bindings": []object{class("Counter", "script_name", "hello")}})
	c.must(http.MethodPost, scripts+"user/subdomain", object{"enabled": true, "previews_enabled": true}, nil)
	assert.Equal(t, "3", get("http://user.emulator.workers.dev/"))
	version := c.version("user", counter, object{"bindings": []object{class("Counter", "script_name", "hello")}})
	assert.Equal(t, "4", get("http://"+version[:8]+"-user.emulator.workers.dev/"), "a preview has no objects of its own")
	version = c.version("hello", counter, object{"bindings": []object{class("Counter")}})
	assert.Contains(t, get("http://"+version[:8]+"-hello.emulator.workers.dev/"), "nothing here yet")
	c.must(http.MethodDelete, scripts+"user", nil, nil)
	require.NoError(t, c.server.Close())

	c, get = run(t, &emulator.Server{DataDir: dir})
	assert.Equal(t, "5", get(url))
	require.DirExists(t, filepath.Join(dir, "objects", id))
	c.must(http.MethodDelete, scripts+"hello", nil, nil)
	c.upload("hello", counter, migrated("", "v1", made("Counter"), class("Counter")))
	c.must(http.MethodPost, scripts+"hello/subdomain", object{"enabled": true}, nil)
	assert.Equal(t, "1", get(url), "a class of the same name begins anew")
	entries, err := os.ReadDir(filepath.Join(dir, "objects"))
	require.NoError(t, err)
	assert.Len(t, entries, 2, "the lock and one namespace")
}
