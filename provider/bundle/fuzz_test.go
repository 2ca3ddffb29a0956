// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// FuzzWhatWranglerAddsChangesNothing: whatever files a directory has, one a line, its README.md and metafile change
// neither what it is, nor what runs of it, nor where it begins.
func FuzzWhatWranglerAddsChangesNothing(f *testing.F) {
	f.Add("index.js\nindex.js.map\nlang/de.js\nadd.wasm", "")
	f.Add("worker.js\nworker.js.map\nde.js\nen.js", "")
	f.Add("entry.py\npython_modules/a/__init__.py\npython_modules/workers/a.mjs\ncf-requirements.txt", "numpy")
	f.Add("a.js\nb.js", "")
	f.Add("README.md\nbundle-meta.json", "")
	f.Add("docs/README.md\nsrc/index.mjs\npackage-lock.json", `{"packages":{"":{"dependencies":{"a":"1"}}}}`)
	f.Add("python_modules/a.py", "")
	f.Add("index.cjs\nindex.js\nINDEX.JS", "x")
	f.Fuzz(func(t *testing.T, names, content string) {
		b := bundle.Bundle{Files: map[string][]byte{}}
		for name := range strings.SplitSeq(names, "\n") {
			if digest.CheckName(name) == nil && !bundle.Ignored(name) {
				b.Files[name] = []byte(content)
			}
		}
		was, wasErr := b.Digest()
		modules := b.Modules()
		main, mainErr := b.MainModule("")
		dependencies, dependenciesErr := b.Dependencies()
		if mainErr == nil {
			assert.Contains(t, modules, main)
			assert.NotContains(t, main, "python_modules/a")
			again, err := b.MainModule(main)
			require.NoError(t, err)
			assert.Equal(t, main, again, "naming it says the same")
			kinds := []bundle.ModuleType{bundle.ESModule, bundle.CommonJS, bundle.Python}
			assert.True(t, slices.Contains(kinds, bundle.TypeIn(main, main)), "%s can be started", main)
		}
		b.Files["README.md"], b.Files["bundle-meta.json"] = []byte("generated at noon"), []byte("{}")
		is, isErr := b.Digest()
		assert.Equal(t, was, is)
		assert.Equal(t, wasErr == nil, isErr == nil)
		assert.True(t, slices.Equal(modules, b.Modules()))
		other, otherErr := b.MainModule("")
		assert.Equal(t, main, other)
		assert.Equal(t, mainErr == nil, otherErr == nil)
		same, sameErr := b.Dependencies()
		assert.Equal(t, dependencies, same)
		assert.Equal(t, dependenciesErr == nil, sameErr == nil)
	})
}
