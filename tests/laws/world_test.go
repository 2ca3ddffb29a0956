// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// A world is a cloud in which there is what the programs refer to.
type world struct {
	*cloud
	kv     map[string]string // ids of KV namespaces by title
	ids    map[string]string // of other things
	builds map[string]build
}

// notes are what versions say of themselves.
var notes = regexp.MustCompile(` message "[^"]*" tag "[^"]*"`)

// equalAccounts compares dumps of accounts. A version that was derived by a change
// of secrets alone says nothing of itself, and is otherwise as good as one that was uploaded.
func equalAccounts(t *testing.T, want, got string) {
	t.Helper()
	if strings.Contains(want+got, ` message ""`) {
		want, got = notes.ReplaceAllString(want, ""), notes.ReplaceAllString(got, "")
	}
	assert.Equal(t, want, got)
}

// A build is a build output, on the machine and in R2.
type build struct {
	bundle.Bundle
	path   string // on the machine
	key    string // in the bucket "bundles"
	sha256 string
}

// reference is the build as a Worker's pinned bundle.
func (b build) reference() object {
	return object{"bucket": "bundles", "key": b.key, "sha256": b.sha256}
}

// unpinned is the build as a Worker's bundle without a digest.
func (b build) unpinned() object { return object{"bucket": "bundles", "key": b.key} }

func script(text string) []byte {
	return fmt.Appendf(nil, "export default { fetch() { return new Response(%q) } }\n", text)
}

func newWorld(t *testing.T) world {
	t.Helper()
	return world{cloud: newCloud(t), kv: map[string]string{}, ids: map[string]string{}, builds: map[string]build{}}
}

// makeBuckets makes the buckets for bundles, in all places.
func (w world) makeBuckets() {
	w.t.Helper()
	w.makeBucket(account, r2.Bucket{Name: "bundles"})
	w.makeBucket(account, r2.Bucket{Name: "other-bundles"})
	w.makeBucket(account, r2.Bucket{Name: "bundles", Jurisdiction: "eu"})
	w.makeBucket(otherAccount, r2.Bucket{Name: "bundles"})
}

func (w world) makeBucket(account string, b r2.Bucket) {
	w.t.Helper()
	_, err := w.R2.CreateBucket(account, b)
	require.NoError(w.t, err)
}

// plainUpload is a Worker that somebody else made.
func plainUpload(text string) cfapi.Upload {
	return cfapi.Upload{
		MainModule: "index.js", CompatibilityDate: "2026-01-01",
		Modules: []cfapi.Module{{Name: "index.js", ContentType: "application/javascript+module", Content: script(text)}},
	}
}

// build describes a build output of that name: a file if the name has an
// extension, else a directory. Nothing is made yet.
func (w world) build(name string, files map[string][]byte) build {
	w.t.Helper()
	single := filepath.Ext(name) != ""
	b := build{
		Bundle: bundle.Bundle{Files: files, Single: single},
		path:   filepath.Join(filepath.Dir(w.cacheDir), "builds", name),
		key:    "builds/" + name,
	}
	if !single {
		b.key += "/"
	}
	sum, err := b.Digest()
	require.NoError(w.t, err)
	b.sha256 = sum.String()
	w.builds[name] = b
	return b
}

// write makes the build at path on the machine, and leaves nothing else there.
func (b build) write(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(path))
	for name, content := range b.Files {
		file := path
		if !b.Single {
			file = filepath.Join(path, filepath.FromSlash(name))
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o750))
		require.NoError(t, os.WriteFile(file, content, 0o600))
	}
}

// put stores the build at its key, in place of what is there.
func (w world) put(b build) {
	w.t.Helper()
	w.putInto(account, b)
}

func (w world) putInto(account string, b build) {
	w.t.Helper()
	for name, content := range b.Files {
		key := b.key
		if !b.Single {
			key += name
		}
		_, err := w.R2.Put(r2.BucketID{Account: account, Name: "bundles"}, key, r2.Body{
			Reader: bytes.NewReader(content), Algorithms: []r2.Algorithm{r2.SHA256},
		}, r2.PutOptions{})
		require.NoError(w.t, err)
	}
}
