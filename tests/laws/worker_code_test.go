// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// workerOfAssets is a Worker without code.
func workerOfAssets() subject {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	return subject{
		name:    "CloudflareWorker-of-assets-only",
		token:   provider.Name + ":index:CloudflareWorker",
		prepare: prepareForWorkers,
		program: func(w world) object {
			return object{
				"scriptName": "site", "compatibilityDate": "2026-01-01",
				"assets": object{"directory": w.publish("site", nil), "notFoundHandling": "404-page"},
			}
		},
		changes: []change{
			{
				name: "a file changed",
				edit: func(w world, o object) object {
					return o.with(w.publish("edited", map[string][]byte{"style.css": []byte("b {}")}), "assets", "directory")
				},
				diff: map[string]p.DiffKind{"assets.directory": p.Update, "assets.sha256": p.Update},
			},
			{
				name: "other settings", edit: set("none", "assets", "notFoundHandling"),
				diff: map[string]p.DiffKind{"assets.notFoundHandling": p.Update},
			},
			{
				name: "code added",
				edit: func(w world, o object) object {
					return o.with(w.builds["v1"].reference(), "bundle").with(object{"LEVEL": "info"}, "variables")
				},
				diff: map[string]p.DiffKind{"bundle": p.Add, "variables": p.Add},
			},
			{
				name: "assets replaced by code",
				edit: func(w world, o object) object {
					return o.with(w.builds["v1"].reference(), "bundle").with(nil, "assets")
				},
				diff: map[string]p.DiffKind{"bundle": p.Add, "assets": p.Delete},
			},
		},
		drifts: []drift{
			{
				name: "code deployed", outputs: []string{
					"assetCount", "assetSize", "bundleDigest", "deploymentId", "etag", "traffic", "versionId",
				},
				make: func(w world, _ *stack) error {
					u := plainUpload("theirs")
					u.Message = "by hand"
					_, err := w.client().PutScript(w.t.Context(), account, "site", u)
					return err
				},
				diff: map[string]p.DiffKind{"bundle": p.Delete, "assets.sha256": p.Update, "annotations": p.Delete},
			},
			{
				name: "other assets deployed", outputs: []string{
					"assetCount", "assetSize", "deploymentId", "traffic", "versionId",
				},
				make: func(w world, _ *stack) error {
					u := cfapi.Upload{
						CompatibilityDate: "2026-01-01", Assets: &cfapi.Assets{}, KeepAssets: true, Message: "by hand",
					}
					_, err := w.client().PutScript(w.t.Context(), account, "site", u)
					return err
				},
				diff: map[string]p.DiffKind{"assets.sha256": p.Update, "annotations": p.Delete},
			},
		},
		importID: func(world, *stack) string { return account + "/site" },
		unreadable: map[string]string{
			"assets":     "Cloudflare does not say which files a Worker has",
			"assetCount": "Cloudflare does not say which files a Worker has",
			"assetSize":  "Cloudflare does not say which files a Worker has",

			"secretsVersionId": "who has set a secret cannot be read",
		},
	}
}

// classicWorker is a Worker in service-worker syntax, with a file of each kind beside the script.
func classicWorker() subject {
	classic := func(w world, name, text string) build {
		return w.build(name, map[string][]byte{
			"index.js": []byte(`addEventListener("fetch", e => e.respondWith(new Response(__about_txt + "` + text + `")))`),
			"add.wasm": []byte("\x00asm\x01\x00\x00\x00"), "about.txt": []byte("about"), "data/d.bin": {0},
			"index.js.map": []byte(`{"version":3,"sources":[],"mappings":""}`), "README.md": []byte("built today"),
		})
	}
	return subject{
		name:  "CloudflareWorker-in-service-worker-syntax",
		token: provider.Name + ":index:CloudflareWorker",
		prepare: func(w world) {
			prepareForWorkers(w)
			w.put(classic(w, "classic", "v1"))
			w.put(classic(w, "classic2", "v2"))
		},
		program: func(w world) object {
			return object{
				"scriptName": "old", "compatibilityDate": "2026-01-01", "format": "service-worker",
				"bundle":   w.builds["classic"].reference(),
				"bindings": object{"DATA": object{"dataBlob": object{"part": "data/d.bin"}}},
			}
		},
		changes: []change{
			{
				name: "code changed",
				edit: func(w world, o object) object { return o.with(w.builds["classic2"].reference(), "bundle") },
				diff: map[string]p.DiffKind{"bundle.key": p.Update, "bundle.sha256": p.Update},
			},
			{
				name: "rewritten as modules", covers: []string{"format"},
				edit: func(w world, o object) object {
					return o.with(w.builds["v1"].reference(), "bundle").with(nil, "format").with(nil, "bindings")
				},
				diff: map[string]p.DiffKind{
					"bundle.key": p.Update, "bundle.sha256": p.Update, "format": p.Delete, "bindings": p.Delete,
				},
			},
			{
				name: "file bound under no other name",
				edit: func(_ world, o object) object { return o.with(nil, "bindings") },
				diff: map[string]p.DiffKind{"bindings": p.Delete},
			},
		},
		drifts: []drift{{
			name: "modules deployed", outputs: []string{
				"bundleDigest", "bundleSize", "deploymentId", "etag", "traffic", "versionId",
			},
			make: func(w world, _ *stack) error {
				_, err := w.client().PutScript(w.t.Context(), account, "old", plainUpload("theirs"))
				return err
			},
			diff: map[string]p.DiffKind{"bundle.sha256": p.Update, "bindings": p.Add},
		}},
		importID:   func(world, *stack) string { return account + "/old" },
		unreadable: map[string]string{"secretsVersionId": "who has set a secret cannot be read"},
	}
}

// TestTheWrongSyntaxIsNamed: a script that only listens is refused as a module, and the error says what to set.
func TestTheWrongSyntaxIsNamed(t *testing.T) {
	t.Parallel()
	r := classicWorker()
	w, s := begun(t, r)
	w.on(hooks{around: func(_ int, rw http.ResponseWriter, req *http.Request, emulated http.HandlerFunc) {
		if req.Method != http.MethodPut {
			emulated(rw, req)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusBadRequest)
		_, err := io.WriteString(rw, `{"success":false,"result":null,"messages":[],"errors":[
			{"code":10068,"message":"The uploaded script has no registered event handlers."}]}`)
		assert.NoError(t, err)
	}})
	program := r.program(w).with(nil, "format").with(nil, "bindings")
	err := s.up(properties(program))
	require.ErrorContains(t, err, `set format to "service-worker"`)
	w.on(hooks{})
	require.NoError(t, s.up(properties(r.program(w))))
}

// TestSecretsOfOthersAreNotLostWithTheCode: assets alone have no secrets.
func TestSecretsOfOthersAreNotLostWithTheCode(t *testing.T) {
	t.Parallel()
	r := workerOfAssets()
	w, s := begun(t, r)
	only := r.program(w)
	s.mustUp(properties(only.with(w.builds["v1"].reference(), "bundle")))
	theirs := map[string]string{"name": "THEIRS", "type": "secret_text", "text": "x"}
	require.NoError(t, w.raw("PUT", "/accounts/"+account+"/workers/scripts/site/secrets", theirs))
	before := w.Dump()
	err := s.up(properties(only))
	require.ErrorContains(t, err, `has secrets that others set: THEIRS; a Worker of assets only has none`)
	assert.Equal(t, before, w.Dump())
	s.mustUp(properties(only.with("remove", "unmanagedSecrets")))
}
