// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"maps"
	"path/filepath"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

const bundleToken = provider.Name + ":index:WorkerBundle"

func workerBundle() subject {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	return subject{
		name:  "WorkerBundle of a directory",
		token: bundleToken,
		prepare: func(w world) {
			w.makeBuckets()
			w.build("dist", map[string][]byte{"index.js": script("v1"), "lib/util.js": script("lib"), "data.bin": {0, 1, 2}})
			w.build("next", map[string][]byte{"index.js": script("v2"), "lib/util.js": script("lib"), "data.bin": {0, 1, 2}})
			w.builds["dist"].write(w.t, w.builds["dist"].path)
		},
		program: func(w world) object {
			return object{"bucket": "bundles", "prefix": "api", "path": w.builds["dist"].path, "retainOnDelete": false}
		},
		changes: []change{
			{
				name: "content changed", covers: []string{"sha256"},
				edit: func(w world, o object) object {
					w.builds["next"].write(w.t, w.builds["dist"].path)
					return o
				},
				diff: map[string]p.DiffKind{"sha256": p.UpdateReplace},
			},
			{
				name: "built once more by wrangler",
				edit: func(w world, o object) object {
					again := w.builds["dist"]
					again.Files = maps.Clone(again.Files)
					again.Files["README.md"] = []byte("generated at 2026-11-01T00:00:00Z")
					again.Files["bundle-meta.json"] = []byte("{}")
					again.write(w.t, again.path)
					return o
				},
			},
			{
				name: "pinned to what it is",
				edit: func(w world, o object) object { return o.with(w.builds["dist"].sha256, "sha256") },
			},
			{
				name: "the same content elsewhere on the machine",
				edit: func(w world, o object) object {
					path := filepath.Join(w.t.TempDir(), "elsewhere")
					w.builds["dist"].write(w.t, path)
					return o.with(path, "path")
				},
			},
			{
				name: "moved to another account", covers: []string{"accountId"}, edit: set(otherAccount, "accountId"),
				diff: map[string]p.DiffKind{"accountId": p.UpdateReplace},
			},
			{
				name: "moved to another bucket", covers: []string{"bucket"}, edit: set("other-bundles", "bucket"),
				diff: map[string]p.DiffKind{"bucket": p.UpdateReplace},
			},
			{
				name: "moved to another jurisdiction", covers: []string{"jurisdiction"},
				edit: set("eu", "jurisdiction"), diff: map[string]p.DiffKind{"jurisdiction": p.AddReplace},
			},
			{
				name: "other prefix", covers: []string{"prefix"}, edit: set("web", "prefix"),
				diff: map[string]p.DiffKind{"prefix": p.UpdateReplace},
			},
			{
				name: "default prefix", edit: set(nil, "prefix"), diff: map[string]p.DiffKind{"prefix": p.UpdateReplace},
			},
			{
				name: "retained from now on", covers: []string{"retainOnDelete"}, edit: set(true, "retainOnDelete"),
				diff: map[string]p.DiffKind{"retainOnDelete": p.Update}, retains: true,
			},
		},
		drifts: []drift{
			{name: "an object deleted", gone: true, make: deleteObjects("data.bin")},
			{name: "all objects deleted", gone: true, make: deleteObjects("index.js", "lib/util.js", "data.bin")},
		},
		waived: map[string]string{
			"path":          "of a directory only the content counts; of a file the name does too",
			"build.command": "what was built counts, and not how", "build.directory": "as build.command",
		},
		importID: func(_ world, s *stack) string { return s.id },
		unreadable: map[string]string{
			"path": "R2 does not know where a build came from", "retainOnDelete": "is about this program alone",
		},
	}
}

func singleFileBundle() subject {
	return subject{
		name:  "WorkerBundle of a file",
		token: bundleToken,
		prepare: func(w world) {
			w.makeBuckets()
			b := w.build("api.js", map[string][]byte{"api.js": script("v1")})
			b.write(w.t, b.path)
		},
		program: func(w world) object {
			return object{"bucket": "bundles", "path": w.builds["api.js"].path, "retainOnDelete": false}
		},
		changes: []change{
			{
				name: "content changed",
				edit: func(w world, o object) object {
					w.build("next", map[string][]byte{"api.js": script("v2")}).write(w.t, w.builds["api.js"].path)
					return o
				},
				diff: map[string]p.DiffKind{"sha256": p.UpdateReplace},
			},
			{
				name: "file renamed", covers: []string{"path"},
				edit: func(w world, o object) object {
					b := w.build("worker.mjs", map[string][]byte{"worker.mjs": script("v1")})
					b.write(w.t, b.path)
					return o.with(b.path, "path")
				},
				diff: map[string]p.DiffKind{"path": p.UpdateReplace},
			},
			{
				name: "file moved",
				edit: func(w world, o object) object {
					path := filepath.Join(w.t.TempDir(), "elsewhere", "api.js")
					w.builds["api.js"].write(w.t, path)
					return o.with(path, "path")
				},
			},
		},
		drifts:   []drift{{name: "deleted", gone: true, make: deleteObjects("")}},
		importID: func(_ world, s *stack) string { return s.id },
		unreadable: map[string]string{
			"path": "R2 does not know where a build came from", "retainOnDelete": "is about this program alone",
		},
	}
}

// deleteObjects deletes those below the bundle's key.
func deleteObjects(names ...string) func(w world, s *stack) error {
	return func(w world, s *stack) error {
		keys := make([]string, len(names))
		for i, name := range names {
			keys[i] = s.outputs.Get("reference").AsMap().Get("key").AsString() + name
		}
		return w.client().DeleteObjects(w.t.Context(), cfapi.Place{Account: account, Bucket: "bundles"}, keys)
	}
}
