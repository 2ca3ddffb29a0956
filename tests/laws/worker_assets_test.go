// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"bytes"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// site is a directory of static assets, with a file for each meaning.
func site() map[string][]byte {
	return map[string][]byte{
		"index.html": []byte("home"), "docs/index.html": []byte("docs"), "copy.html": []byte("home"),
		"style.css": []byte("a {}"), "404.html": []byte("nothing"), "notes.private": []byte("private"),
		".assetsignore": []byte("*.private\n"), "_headers": []byte("/*\n  X-Site: one\n"),
		"_redirects": []byte("/old /docs/ 301\n"),
	}
}

// publish writes the site, changed, into a directory of that name and returns its path. A nil content removes a file.
func (w world) publish(name string, changes map[string][]byte) string {
	w.t.Helper()
	files := site()
	maps.Copy(files, changes)
	maps.DeleteFunc(files, func(_ string, content []byte) bool { return content == nil })
	path := filepath.Join(filepath.Dir(w.cacheDir), "sites", name)
	build{Bundle: bundle.Bundle{Files: files}}.write(w.t, path)
	return path
}

// workerAssets is a Worker with static assets.
func workerAssets() subject {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	// edited changes files. They are in another directory then, so that both programs can be deployed at any time.
	edited := func(changes map[string][]byte) func(world, object) object {
		return func(w world, o object) object {
			return o.with(w.publish("edited", changes), "assets", "directory")
		}
	}
	content := map[string]p.DiffKind{"assets.directory": p.Update, "assets.sha256": p.Update}
	// redeployed is the Worker with the same code, deployed by somebody else with what change says of its assets.
	redeployed := func(change func(u *cfapi.Upload)) func(w world, s *stack) error {
		return theirs(func(_ world, u *cfapi.Upload) {
			u.Message = "by hand"
			change(u)
		})
	}
	pin := sha256OfSite()
	foreign := []string{"assetCount", "assetSize", "deploymentId", "traffic", "versionId"}
	return subject{
		name:  "CloudflareWorker-with-assets",
		token: provider.Name + ":index:CloudflareWorker",
		prepare: func(w world) {
			prepareForWorkers(w)
			w.storeSite(r2.BucketID{Account: account, Name: "files"}, "site/", site())
			w.storeSite(r2.BucketID{Account: account, Name: "files", Jurisdiction: "eu"}, "site/", site())
		},
		program: func(w world) object {
			return object{
				"scriptName":        "api",
				"bundle":            w.builds["v1"].reference(),
				"mainModule":        "index.js",
				"compatibilityDate": "2026-01-01",
				"variables":         object{"LEVEL": "info"},
				"secrets":           object{"TOKEN": secret("one")},
				"bindings":          object{"ASSETS": object{"assets": object{}}},
				"assets": object{
					"directory": w.publish("site", nil), "htmlHandling": "auto-trailing-slash", "notFoundHandling": "404-page",
					"runWorkerFirstRules": []any{"/api/*", "!/api/docs/*"},
				},
			}
		},
		changes: []change{
			{
				name: "a file changed", covers: []string{"assets.sha256"}, diff: content,
				edit: edited(map[string][]byte{"style.css": []byte("b {}")}),
			},
			{name: "a file added", diff: content, edit: edited(map[string][]byte{"new.txt": []byte("new")})},
			{name: "a file removed", diff: content, edit: edited(map[string][]byte{"style.css": nil})},
			{
				name: "a file renamed", diff: content,
				edit: edited(map[string][]byte{"style.css": nil, "look.css": []byte("a {}")}),
			},
			{name: "headers changed", diff: content, edit: edited(map[string][]byte{"_headers": []byte("/*\n  X-Site: two\n")})},
			{name: "redirects removed", diff: content, edit: edited(map[string][]byte{"_redirects": nil})},
			{
				name: "an ignored file changed", idle: true, diff: map[string]p.DiffKind{"assets.directory": p.Update},
				edit: edited(map[string][]byte{"notes.private": []byte("more")}),
			},
			{
				name: "no longer ignored", diff: content, edit: edited(map[string][]byte{".assetsignore": nil}),
			},
			{
				name: "the same files in another directory", idle: true, covers: []string{"assets.directory"},
				edit: func(w world, o object) object { return o.with(w.publish("moved", nil), "assets", "directory") },
				diff: map[string]p.DiffKind{"assets.directory": p.Update},
			},
			{
				name: "the same files in an archive", idle: true, covers: []string{"assets.archive"},
				edit: func(_ world, o object) object {
					return o.with(nil, "assets", "directory").with(archived(site()), "assets", "archive")
				},
				diff: map[string]p.DiffKind{"assets.directory": p.Delete, "assets.archive": p.Add},
			},
			{
				name: "the same files in R2", idle: true, covers: []string{"assets.bucket", "assets.prefix"},
				edit: func(_ world, o object) object {
					return o.with(nil, "assets", "directory").with("files", "assets", "bucket").with("site/", "assets", "prefix").
						with(pin, "assets", "sha256")
				},
				diff: map[string]p.DiffKind{"assets.directory": p.Delete, "assets.bucket": p.Add, "assets.prefix": p.Add},
			},
			{
				name: "the same files in R2, in a jurisdiction", idle: true, covers: []string{"assets.jurisdiction"},
				edit: func(_ world, o object) object {
					return o.with(nil, "assets", "directory").with("files", "assets", "bucket").with("site/", "assets", "prefix").
						with("eu", "assets", "jurisdiction").with(pin, "assets", "sha256")
				},
				diff: map[string]p.DiffKind{
					"assets.directory": p.Delete, "assets.bucket": p.Add, "assets.prefix": p.Add, "assets.jurisdiction": p.Add,
				},
			},
			{
				name: "HTML handling", covers: []string{"assets.htmlHandling"}, edit: set("none", "assets", "htmlHandling"),
				diff: map[string]p.DiffKind{"assets.htmlHandling": p.Update},
			},
			{
				name: "below a path", covers: []string{"assets.basePath"}, edit: set("/docs", "assets", "basePath"),
				diff: map[string]p.DiffKind{"assets.basePath": p.Add},
			},
			{
				name: "not found handling left out", covers: []string{"assets.notFoundHandling"},
				edit: set(nil, "assets", "notFoundHandling"),
				diff: map[string]p.DiffKind{"assets.notFoundHandling": p.Delete},
			},
			{
				name: "Worker first", covers: []string{"assets.runWorkerFirst"},
				edit: func(_ world, o object) object {
					return o.with(nil, "assets", "runWorkerFirstRules").with(true, "assets", "runWorkerFirst")
				},
				diff: map[string]p.DiffKind{"assets.runWorkerFirstRules": p.Delete, "assets.runWorkerFirst": p.Add},
			},
			{
				name: "Worker first for other paths", covers: []string{"assets.runWorkerFirstRules"},
				edit: set([]any{"/rpc/*"}, "assets", "runWorkerFirstRules"),
				diff: map[string]p.DiffKind{"assets.runWorkerFirstRules[0]": p.Update, "assets.runWorkerFirstRules[1]": p.Delete},
			},
			{
				name: "assets removed",
				edit: func(_ world, o object) object { return o.with(nil, "assets").with(nil, "bindings") },
				diff: map[string]p.DiffKind{"assets": p.Delete, "bindings": p.Delete},
			},
			{
				name: "code removed",
				edit: func(_ world, o object) object {
					for _, name := range []string{"bundle", "mainModule", "variables", "secrets", "bindings"} {
						o = o.with(nil, name)
					}
					return o.with(nil, "assets", "runWorkerFirstRules")
				},
				diff: map[string]p.DiffKind{
					"bundle": p.Delete, "mainModule": p.Delete, "variables": p.Delete, "secrets": p.Delete, "bindings": p.Delete,
					"assets.runWorkerFirstRules": p.Delete,
				},
			},
			{
				name: "only something else changed", edit: set("debug", "variables", "LEVEL"),
				diff: map[string]p.DiffKind{"variables.LEVEL": p.Update},
			},
			{
				name: "only a secret changed", edit: set(secret("new"), "secrets", "TOKEN"),
				diff: map[string]p.DiffKind{"secrets.TOKEN": p.Update},
			},
		},
		drifts: []drift{
			{
				name: "assets removed", outputs: foreign, make: redeployed(func(*cfapi.Upload) {}),
				diff: map[string]p.DiffKind{
					"assets.sha256": p.Update, "annotations": p.Delete, "secrets.TOKEN": p.Update,
				},
			},
			{
				name: "assets kept, not by us", outputs: foreign,
				make: redeployed(func(u *cfapi.Upload) { u.KeepAssets = true }),
				diff: map[string]p.DiffKind{
					"assets.sha256": p.Update, "annotations": p.Delete, "secrets.TOKEN": p.Update,
				},
			},
			{
				name: "binding and assets removed under our note", outputs: foreign,
				make: theirs(bind(cfapi.Binding{Name: "ASSETS"})),
				diff: map[string]p.DiffKind{"bindings": p.Add},
			},
			{
				name: "secret changed", outputs: []string{"deploymentId", "traffic", "versionId"},
				make: func(w world, _ *stack) error {
					text := map[string]string{"name": "TOKEN", "type": "secret_text", "text": "theirs"}
					return w.raw("PUT", "/accounts/"+account+"/workers/scripts/api/secrets", text)
				},
				diff: map[string]p.DiffKind{"secrets.TOKEN": p.Update},
			},
		},
		importID: func(world, *stack) string { return account + "/api" },
		unreadable: map[string]string{
			"assets":               "Cloudflare does not say which files a Worker has",
			"assetCount":           "Cloudflare does not say which files a Worker has",
			"assetSize":            "Cloudflare does not say which files a Worker has",
			"secrets":              "Cloudflare never gives a secret's value back",
			"secretStatus":         "who has set a secret cannot be read",
			"secretsVersionId":     "who has set a secret cannot be read",
			"unmanagedSecretNames": "who has set a secret cannot be read",
		},
	}
}

// TestOnlyFilesThatAreNewAreSent: of 200 files one is changed, and one is sent.
func TestOnlyFilesThatAreNewAreSent(t *testing.T) {
	t.Parallel()
	r := workerAssets()
	w, s := begun(t, r)
	files := map[string][]byte{}
	for i := range 200 {
		files["page-"+strings.Repeat("x", i)+".html"] = []byte(strings.Repeat("y", i))
	}
	program := r.program(w).with(w.publish("site", files), "assets", "directory").with("/docs", "assets", "basePath")
	s.mustUp(properties(program))
	assert.Contains(t, w.Dump(), `"base_path":"/docs"`)
	assert.Equal(t, 205, int(s.outputs.Get("assetCount").AsNumber()))
	assert.Equal(t, 5, uploads(w.Calls()), "of 50 files each")

	w.publish("site", files)
	s.mustUp(properties(program))
	assert.Empty(t, w.Calls(), "nothing changed")

	files["page-.html"] = []byte("changed")
	w.publish("site", files)
	pl, err := s.preview(properties(program))
	require.NoError(t, err)
	assert.Equal(t, map[string]p.DiffKind{"assets.sha256": p.Update}, pl.kinds())
	assert.Contains(t, s.logs.String(), "assets: 1 changed (page-.html)")
	assert.Empty(t, w.Calls())
	s.mustUp(properties(program))
	assert.Equal(t, 1, uploads(w.Calls()))
}

// sha256OfSite is the digest of what is served of the site: its assets, _headers and _redirects.
func sha256OfSite() string {
	sums := map[string]digest.Digest{}
	for name, content := range site() {
		if name != ".assetsignore" && name != "notes.private" {
			sums[name] = digest.OfBytes(content)
		}
	}
	d, err := digest.OfTree(sums)
	if err != nil {
		panic(err) // the site is written above
	}
	return d.String()
}

// storeSite stores a site in R2, with the checksums by which its content can be told.
func (w world) storeSite(bucket r2.BucketID, prefix string, files map[string][]byte, algorithms ...r2.Algorithm) {
	w.t.Helper()
	if algorithms == nil {
		algorithms = []r2.Algorithm{r2.SHA256}
	}
	for name, content := range files {
		_, err := w.R2.Put(bucket, prefix+name, r2.Body{
			Reader: bytes.NewReader(content), Algorithms: algorithms,
		}, r2.PutOptions{})
		require.NoError(w.t, err)
	}
}

// archived is a site as an archive of texts.
func archived(files map[string][]byte) property.Value {
	members := map[string]any{}
	for name, content := range files {
		members[name] = &asset.Asset{Sig: asset.AssetSig, Text: string(content)}
	}
	return property.New(&archive.Archive{Sig: archive.ArchiveSig, Assets: members})
}

// TestAnArchiveOfAssetsMayBeUnknownInAPreview: such as the output of a command that builds the site.
func TestAnArchiveOfAssetsMayBeUnknownInAPreview(t *testing.T) {
	t.Parallel()
	r := workerAssets()
	w, s := begun(t, r)
	unknown := r.program(w).with(nil, "assets", "directory").with(property.New(property.Computed), "assets", "archive")
	pl, err := s.preview(properties(unknown))
	require.NoError(t, err)
	assert.Equal(t, "create", pl.op)
	s.mustUp(properties(r.program(w)))
	pl, err = s.preview(properties(unknown))
	require.NoError(t, err)
	assert.Equal(t, "update", pl.op)
	assert.True(t, pl.inputs.Get("assets").AsMap().Get("archive").IsComputed())
	assert.True(t, pl.outputs.Get("versionId").IsComputed(), "another version")
}

// TestASiteInR2IsNotDownloadedForAPreview: R2 is asked what it knows, once for each object on a machine; an object that
// was stored without a SHA-256 is downloaded once.
func TestASiteInR2IsNotDownloadedForAPreview(t *testing.T) {
	t.Parallel()
	r := workerAssets()
	w, s := begun(t, r)
	bucket := r2.BucketID{Account: account, Name: "files"}
	program := r.program(w).with(object{"bucket": "files", "prefix": "site/"}, "assets")
	var calls []string
	count := func(method, part string) (n int) {
		for _, call := range calls {
			if strings.HasPrefix(call, "S3 "+method) && strings.Contains(call, part) {
				n++
			}
		}
		return n
	}
	preview := func(program object) plan {
		t.Helper()
		w.forget()
		pl, err := s.preview(properties(program))
		require.NoError(t, err)
		calls = w.requests()
		return pl
	}
	preview(program)
	assert.Equal(t, 1, count("GET", "list-type"))
	assert.Equal(t, 5, count("HEAD", "/files/site/"), "the assets")
	assert.Equal(t, 3, count("GET", "/files/site/"), "_headers, _redirects and .assetsignore")
	s.mustUp(properties(program))
	assert.Equal(t, 5, int(s.outputs.Get("assetCount").AsNumber()))
	preview(program)
	assert.Equal(t, 1, count("", ""), "one list, and nothing else")

	w.storeSite(bucket, "site/", map[string][]byte{"style.css": []byte("b {}")})
	assert.Equal(t, map[string]p.DiffKind{"assets.sha256": p.Update}, preview(program).kinds())
	assert.Equal(t, 1, count("HEAD", ""))
	assert.Zero(t, count("GET", "/files/"))
	w.forget()
	s.mustUp(properties(program))
	calls = w.requests()
	assert.Equal(t, 1, count("GET", "/files/site/style.css"), "it is new")
	assert.Equal(t, 1, count("GET", "/files/"), "nothing else is downloaded")

	w.storeSite(bucket, "site/", map[string][]byte{"style.css": []byte("c {}")}, r2.CRC32)
	preview(program)
	assert.Equal(t, 1, count("GET", "/files/site/style.css"), "R2 has no SHA-256 of it")
	preview(program)
	assert.Zero(t, count("GET", "/files/"))
}

// uploads counts the requests that send files.
func uploads(calls []string) (n int) {
	for _, c := range calls {
		if strings.Contains(c, "/workers/assets/upload?") {
			n++
		}
	}
	return n
}
