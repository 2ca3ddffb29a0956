// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
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
				name: "the same content in an archive",
				edit: func(w world, o object) object {
					return o.with(nil, "path").with(archived(w.builds["dist"].Files), "archive")
				},
			},
			{
				name: "other content in an archive",
				edit: func(w world, o object) object {
					return o.with(nil, "path").with(archived(w.builds["next"].Files), "archive")
				},
				diff: map[string]p.DiffKind{"sha256": p.UpdateReplace},
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
			"archive":       "as path",
			"build.command": "what was built counts, and not how", "build.directory": "as build.command",
			"build.config": "as build.command", "build.environment": "as build.command",
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

// forms are the forms in which Pulumi hands over the same files, each as an archive.
func forms(t *testing.T, files map[string][]byte) map[string]property.Value {
	t.Helper()
	dir := t.TempDir()
	file := func(name string, content []byte) *archive.Archive {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return &archive.Archive{Sig: archive.ArchiveSig, Path: path}
	}
	build{Bundle: bundle.Bundle{Files: files}}.write(t, filepath.Join(dir, "dist"))
	var zipped, tarred, zippedTar bytes.Buffer
	asZip, asTar := zip.NewWriter(&zipped), tar.NewWriter(&tarred)
	for name, content := range files {
		member, err := asZip.Create(name)
		require.NoError(t, err)
		_, err = member.Write(content)
		require.NoError(t, err)
		header := tar.Header{Typeflag: tar.TypeReg, Name: "./" + name, Size: int64(len(content))}
		require.NoError(t, asTar.WriteHeader(&header))
		_, err = asTar.Write(content)
		require.NoError(t, err)
	}
	compressed := gzip.NewWriter(&zippedTar)
	require.NoError(t, errors.Join(asZip.Close(), asTar.Close()))
	_, err := compressed.Write(tarred.Bytes())
	require.NoError(t, errors.Join(err, compressed.Close()))
	all := map[string]property.Value{"texts": archived(files)}
	for name, form := range map[string]*archive.Archive{
		"directory": {Sig: archive.ArchiveSig, Path: filepath.Join(dir, "dist")},
		"zip":       file("dist.zip", zipped.Bytes()), "tar": file("dist.tar", tarred.Bytes()),
		"tar.gz": file("dist.tar.gz", zippedTar.Bytes()),
		"files": {Sig: archive.ArchiveSig, Assets: map[string]any{
			"index.js": &asset.Asset{Sig: asset.AssetSig, Path: filepath.Join(dir, "dist", "index.js")},
			"data.bin": &asset.Asset{Sig: asset.AssetSig, Text: string(files["data.bin"])},
			"lib":      &archive.Archive{Sig: archive.ArchiveSig, Path: filepath.Join(dir, "dist", "lib")},
		}},
	} {
		all[name] = property.New(form)
	}
	return all
}

// TestABundleIsTheSameFromAnArchive: in whatever form the files come, they have one digest and are at one place, which
// a preview says; a stack that has them from a path has nothing to do, and none holds them.
func TestABundleIsTheSameFromAnArchive(t *testing.T) {
	t.Parallel()
	r := workerBundle()
	w, s := begun(t, r)
	program := r.program(w)
	want, err := s.preview(properties(program))
	require.NoError(t, err)
	reference := want.outputs.Get("reference")
	require.Equal(t, w.builds["dist"].sha256, reference.AsMap().Get("sha256").AsString())
	files := maps.Clone(w.builds["dist"].Files)
	files["README.md"] = []byte("generated at 2026-11-01T00:00:00Z")
	archives := forms(t, files)
	for form, archive := range archives {
		pl, err := s.preview(properties(program.with(nil, "path").with(archive, "archive")))
		require.NoError(t, err, form)
		assert.Equal(t, reference, pl.outputs.Get("reference"), form)
		assert.Equal(t, want.outputs.Get("size"), pl.outputs.Get("size"), form)
		assert.Equal(t, want.outputs.Get("files"), pl.outputs.Get("files"), form)
	}
	assert.Empty(t, w.Calls(), "a preview makes no request")

	s.mustUp(properties(program))
	for form, archive := range archives {
		inputs := program.with(nil, "path").with(archive, "archive")
		s.idle(w, inputs)
		other := newStack(t, w.cloud, r.token)
		other.mustUp(properties(inputs))
		assert.Equal(t, reference, other.outputs.Get("reference"), form)
		kept := other.inputs.Get("archive")
		require.True(t, kept.IsArchive(), form)
		assert.Empty(t, kept.AsArchive().Assets, "a state holds nothing of %s", form)
		assert.Empty(t, kept.AsArchive().Path, form)
		assert.Equal(t, w.builds["dist"].sha256, kept.AsArchive().Hash, form)
		assert.True(t, other.outputs.Get("archive").IsNull(), form)
		require.NoError(t, other.refresh())
		other.idle(w, inputs)
		other.idle(w, program)
	}
}

// TestAnArchiveThatIsIgnoredStays: what ignoreChanges leaves is what was stored.
func TestAnArchiveThatIsIgnoredStays(t *testing.T) {
	t.Parallel()
	r := workerBundle()
	w, s := begun(t, r)
	program := r.program(w).with(nil, "path")
	s.mustUp(properties(program.with(archived(w.builds["dist"].Files), "archive")))
	s.ignore = []string{"archive"}
	s.idle(w, program.with(archived(w.builds["next"].Files), "archive"))
}

// TestABundleComesFromOnePlace: a path or an archive, which is known or not.
func TestABundleComesFromOnePlace(t *testing.T) {
	t.Parallel()
	r := workerBundle()
	w, s := begun(t, r)
	program := r.program(w)
	unknown := property.New(property.Computed)
	files := archived(w.builds["dist"].Files)
	for problem, inputs := range map[string]object{
		"archive: give the build output as path or as archive, not both": program.with(files, "archive"),
		"path: give the build output as path or as archive":              program.with(nil, "path"),
		`archive: there is no archive "no.zip": has the Worker been built?`: program.with(nil, "path").
			with(property.New(&archive.Archive{Sig: archive.ArchiveSig, Path: "no.zip"}), "archive"),
		"sha256: the archive has the SHA-256 " + w.builds["dist"].sha256: program.with(nil, "path").with(files, "archive").
			with(w.builds["next"].sha256, "sha256"),
		"archive: must be an archive": program.with(nil, "path").
			with(property.New(&asset.Asset{Sig: asset.AssetSig, Text: "export default {}"}), "archive"),
		"build: makes what is at path": program.with(nil, "path").with(files, "archive").
			with([]any{"true"}, "build", "command"),
	} {
		_, err := s.preview(properties(inputs))
		require.ErrorContains(t, err, problem)
	}
	for name, computed := range map[string]object{
		"an archive that is not known": program.with(nil, "path").with(unknown, "archive"),
		"a path that is not known":     program.with(unknown, "path"),
		"which of both":                program.with(unknown, "archive"),
	} {
		pl, err := s.preview(properties(computed))
		require.NoError(t, err, name)
		assert.True(t, pl.outputs.Get("reference").HasComputed(), name)
	}
	assert.Empty(t, w.Calls())
}

// TestAnArchiveThatChangesMeanwhileIsNotStored: what is stored is what was previewed.
func TestAnArchiveThatChangesMeanwhileIsNotStored(t *testing.T) {
	t.Parallel()
	r := workerBundle()
	w, s := begun(t, r)
	directory := property.New(&archive.Archive{Sig: archive.ArchiveSig, Path: w.builds["dist"].path})
	program := r.program(w).with(nil, "path").with(directory, "archive")
	pl, err := s.plan(properties(program))
	require.NoError(t, err)
	w.builds["next"].write(t, w.builds["dist"].path)
	require.ErrorContains(t, s.create(pl.inputs), "the archive: the bundle's SHA-256 is "+w.builds["next"].sha256)
	assert.Empty(t, w.Calls())
}
