// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
)

// TestVendoredPackagesAreFiles: what wrangler 4.164 uploads for a Python Worker with packages vendored by pywrangler.
func TestVendoredPackagesAreFiles(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bundle.ModuleType{
		"entry.py": bundle.Python, "pkg/__init__.py": bundle.Python, "note.txt": bundle.Text,
		"python_modules/foo/__init__.py": bundle.Data, "python_modules/foo/a.so": bundle.Data,
		"python_modules/foo/a.js": bundle.Data, "python_modules/foo/a.txt": bundle.Data,
		"python_modules/workers/a.mjs": bundle.ESModule, "python_modules/workers/a.py": bundle.Data,
	} {
		assert.Equal(t, want, bundle.TypeIn("entry.py", name), name)
	}
	assert.Equal(t, bundle.Text, bundle.TypeIn("index.js", "python_modules/foo/a.txt"), "not beside JavaScript")
}

func TestRequirementsAreNamesOfPackages(t *testing.T) {
	t.Parallel()
	b := dir("entry.py")
	requires := func(main string) []string {
		t.Helper()
		names, err := b.Requirements(main)
		require.NoError(t, err)
		return names
	}
	assert.Empty(t, requires("entry.py"))
	b.Files["requirements.txt"] = []byte("numpy\r\n\n# more\n fast-api # web\nnumpy\n")
	assert.Equal(t, []string{"fast-api", "numpy"}, requires("entry.py"))
	assert.True(t, b.IsRequirements("entry.py", "requirements.txt"))
	assert.False(t, b.IsRequirements("index.js", "requirements.txt"))
	assert.Empty(t, requires("index.js"), "not beside JavaScript")
	b.Files["cf-requirements.txt"] = []byte("six")
	assert.Equal(t, []string{"fast-api", "numpy", "six"}, requires("entry.py"))
	for _, line := range []string{"numpy==2.0", "numpy>1", "-r other.txt", "a b", "-a", "https://example.com/a.whl"} {
		b.Files["cf-requirements.txt"] = []byte(line)
		_, err := b.Requirements("entry.py")
		require.ErrorContains(t, err, `cf-requirements.txt: "`+line+`" is more than a package's name`)
	}
	b.Files["python_modules/foo.py"] = nil
	assert.Empty(t, requires("entry.py"), "pywrangler has vendored them")
	assert.False(t, b.IsRequirements("entry.py", "requirements.txt"))
}

func TestDependenciesAreThoseOfTheLockFile(t *testing.T) {
	t.Parallel()
	b := dir("index.js", "package.json")
	found, err := b.Dependencies()
	require.NoError(t, err)
	assert.Empty(t, found)
	b.Files["package-lock.json"] = []byte(`{"lockfileVersion": 3, "packages": {
		"": {
			"dependencies": {"semver": "^7.0.0", "@scope/a": "1", "local": "file:../local", "missing": "1"},
			"devDependencies": {"esbuild": "~0.25"}
		},
		"node_modules/semver": {"version": "7.7.2"}, "node_modules/@scope/a": {"version": "1.2.3"},
		"node_modules/local": {"version": "1.0.0"}, "node_modules/esbuild": {"version": "0.25.1"},
		"node_modules/semver/node_modules/missing": {"version": "1.0.0"}, "node_modules/deep": {"version": "1.0.0"}
	}}`)
	found, err = b.Dependencies()
	require.NoError(t, err)
	assert.Equal(t, []bundle.Dependency{
		{"@scope/a", "1", "1.2.3"}, {"esbuild", "~0.25", "0.25.1"}, {"semver", "^7.0.0", "7.7.2"},
	}, found)
	assert.Equal(t, []string{"index.js", "package.json"}, b.Modules(), "it is no module")
	b.Files["package-lock.json"] = []byte(`{`)
	_, err = b.Dependencies()
	require.ErrorContains(t, err, "package-lock.json: ")
}
