// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// dir returns a directory bundle with files of these names, each with its name as content.
func dir(names ...string) bundle.Bundle {
	b := bundle.Bundle{Files: map[string][]byte{}}
	for _, name := range names {
		b.Files[name] = []byte(name)
	}
	return b
}

func TestAFileIsNotADirectoryWithOneFile(t *testing.T) {
	t.Parallel()
	file := bundle.Bundle{Files: map[string][]byte{"index.js": []byte("x")}, Single: true}
	d, err := file.Digest()
	require.NoError(t, err)
	assert.Equal(t, digest.OfBytes([]byte("x")), d)

	file.Single = false
	tree, err := file.Digest()
	require.NoError(t, err)
	assert.NotEqual(t, d, tree)
}

func TestAFilesNameIsNotPartOfItsDigest(t *testing.T) {
	t.Parallel()
	a, err := bundle.Bundle{Files: map[string][]byte{"a.js": []byte("x")}, Single: true}.Digest()
	require.NoError(t, err)
	b, err := bundle.Bundle{Files: map[string][]byte{"b.js": []byte("x")}, Single: true}.Digest()
	require.NoError(t, err)
	assert.Equal(t, a, b)
}

func TestVerifyNamesBothDigests(t *testing.T) {
	t.Parallel()
	b := dir("index.js")
	want := digest.OfBytes([]byte("other"))
	got, err := b.Digest()
	require.NoError(t, err)
	err = b.Verify(want)
	var mismatch *bundle.MismatchError
	require.ErrorAs(t, err, &mismatch)
	require.ErrorContains(t, err, want.String())
	require.ErrorContains(t, err, got.String())
	require.NoError(t, b.Verify(got))
}

func TestAnEmptyDirectoryIsNoBundle(t *testing.T) {
	t.Parallel()
	_, err := bundle.Bundle{}.Digest()
	require.Error(t, err)
}

func TestModuleTypesFollowTheExtension(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bundle.ModuleType{
		"index.js": bundle.ESModule, "a.mjs": bundle.ESModule, "A.JS": bundle.ESModule, "a.cjs": bundle.CommonJS,
		"a.wasm": bundle.Wasm, "a.txt": bundle.Text, "a.html": bundle.Text, "a.sql": bundle.Text, "a.bin": bundle.Data,
		"a.json": bundle.Data, "LICENSE": bundle.Data, "a.py": bundle.Python, "index.js.map": bundle.SourceMap,
	} {
		assert.Equal(t, want, bundle.TypeOf(name), name)
	}
}

func TestWhatWranglerWritesForPeopleIsNoModule(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"docs/README.md", "index.js"},
		dir("README.md", "bundle-meta.json", "index.js", "docs/README.md").Modules())
	single := bundle.Bundle{Files: map[string][]byte{"README.md": nil}, Single: true}
	assert.Equal(t, []string{"README.md"}, single.Modules(), "whoever names one file means it")
}

func TestTheEntryPointIsInferredOnlyFromOneCandidate(t *testing.T) {
	t.Parallel()
	for situation, test := range map[string]struct {
		bundle      bundle.Bundle
		named, want string
		problem     string
	}{
		"one script":                   {bundle: dir("worker.js", "worker.js.map", "a.wasm"), want: "worker.js"},
		"one at the top, others below": {bundle: dir("index.js", "lib/a.js", "lib/b.js"), want: "index.js"},
		"only one, below":              {bundle: dir("src/index.mjs", "a.txt"), want: "src/index.mjs"},
		"Python":                       {bundle: dir("main.py", "lib/util.py"), want: "main.py"},
		"named":                        {bundle: dir("a.js", "b.js"), named: "b.js", want: "b.js"},
		"the index of several":         {bundle: dir("b.js", "index.mjs", "a.js"), want: "index.mjs"},
		"two indexes":                  {bundle: dir("index.js", "index.mjs"), problem: "any of index.js, index.mjs"},
		"the one that was built":       {bundle: dir("b.js", "b.js.map", "a.js"), want: "b.js"},
		"several that were built":      {bundle: dir("b.js", "b.js.map", "a.js", "a.js.map"), problem: "any of a.js, b.js"},
		"vendored packages":            {bundle: dir("src/entry.py", "python_modules/a.py"), want: "src/entry.py"},
		"several":                      {bundle: dir("b.js", "a.js"), problem: "the entry point could be any of a.js, b.js"},
		"several below":                {bundle: dir("x/b.js", "x/a.js"), problem: "could be any of x/a.js, x/b.js"},
		"none":                         {bundle: dir("a.wasm"), problem: "the bundle has no script; it has a.wasm"},
		"named, but not there":         {bundle: dir("a.js"), named: "b.js", problem: `no module "b.js"; it has a.js`},
		"more than can be listed": {
			bundle:  dir("a.js", "b.js", "c.js", "d.js", "e.js", "f.js", "g.js", "h.js", "i.js", "j.js", "k.js", "l.js"),
			problem: "h.js, i.js, j.js and 2 more",
		},
	} {
		t.Run(situation, func(t *testing.T) {
			t.Parallel()
			got, err := test.bundle.MainModule(test.named)
			if test.problem != "" {
				require.ErrorContains(t, err, test.problem)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestWhatWranglerWritesForPeopleIsNotPartOfTheDigest(t *testing.T) {
	t.Parallel()
	want, err := dir("index.js", "docs/README.md").Digest()
	require.NoError(t, err)
	got, err := dir("index.js", "docs/README.md", "README.md", "bundle-meta.json").Digest()
	require.NoError(t, err)
	assert.Equal(t, want, got, "the README.md has the time of the build")
	other, err := dir("index.js").Digest()
	require.NoError(t, err)
	assert.NotEqual(t, want, other, "other files of that name count")
}
