// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

func bundleOf(files map[string]string) bundle.Bundle {
	b := bundle.Bundle{Files: map[string][]byte{}}
	for name, content := range files {
		b.Files[name] = []byte(content)
	}
	return b
}

// parts are the modules of a Worker's code with their types.
func parts(c workerCode) map[string]string {
	types := map[string]string{}
	for _, m := range c.modules {
		types[m.Name] = m.ContentType
	}
	return types
}

// TestWhatWranglerBuiltIsUploadedAsWranglerDoes: the directories are what wrangler 4.164 deploy --dry-run --outdir
// writes, and what it uploads of them.
func TestWhatWranglerBuiltIsUploadedAsWranglerDoes(t *testing.T) {
	t.Parallel()
	for situation, test := range map[string]struct {
		files map[string]string
		want  CloudflareWorkerArgs
		main  string
		parts map[string]string
	}{
		"built, with additional modules": {
			files: map[string]string{
				"README.md": "", "bundle-meta.json": "{}", "index.js": "", "index.js.map": "{}", "about.txt": "",
				"d.bin": "", "x.html": "", "lib/add.wasm": "", "lang/de.js": "", "lang/en.js": "",
			},
			main: "index.js",
			parts: map[string]string{
				"index.js": "application/javascript+module", "index.js.map": "application/source-map",
				"about.txt": "text/plain", "d.bin": "application/octet-stream", "x.html": "text/plain",
				"lib/add.wasm": "application/wasm", "lang/de.js": "application/javascript+module",
				"lang/en.js": "application/javascript+module",
			},
		},
		"built, with additional modules beside it": {
			files: map[string]string{"worker.js": "", "worker.js.map": "{}", "de.js": "", "en.js": ""},
			main:  "worker.js",
			parts: map[string]string{
				"worker.js": "application/javascript+module", "worker.js.map": "application/source-map",
				"de.js": "application/javascript+module", "en.js": "application/javascript+module",
			},
		},
		"Python": {
			files: map[string]string{
				"README.md": "", "entry.py": "", "pkg/__init__.py": "", "note.txt": "", "requirements.txt": "numpy==2",
				"python_modules/foo/__init__.py": "", "python_modules/foo/a.so": "", "python_modules/workers/a.mjs": "",
			},
			main: "entry.py",
			parts: map[string]string{
				"entry.py": "text/x-python", "pkg/__init__.py": "text/x-python", "note.txt": "text/plain",
				"requirements.txt":               "text/plain",
				"python_modules/foo/__init__.py": "application/octet-stream",
				"python_modules/foo/a.so":        "application/octet-stream",
				"python_modules/workers/a.mjs":   "application/javascript+module",
			},
		},
		"Python with requirements": {
			files: map[string]string{"entry.py": "", "cf-requirements.txt": "numpy\nfastapi\n"},
			main:  "entry.py",
			parts: map[string]string{
				"entry.py": "text/x-python", "numpy": "text/x-python-requirement", "fastapi": "text/x-python-requirement",
			},
		},
		"service-worker syntax": {
			files: map[string]string{
				"README.md": "", "index.js": "", "index.js.map": "{}", "3f29-d.bin": "", "c600-add.wasm": "", "5780-a.txt": "",
				"own.bin": "",
			},
			want: CloudflareWorkerArgs{
				Format: "service-worker", Bindings: map[string]Binding{"OWN": {DataBlob: &DataBlobBinding{Part: "own.bin"}}},
			},
			main: "index.js",
			parts: map[string]string{
				"index.js": "application/javascript", "index.js.map": "application/source-map",
				"__3f29_d_bin": "application/octet-stream", "__c600_add_wasm": "application/wasm", "__5780_a_txt": "text/plain",
				"own.bin": "application/octet-stream",
			},
		},
	} {
		b := bundleOf(test.files)
		main, err := b.MainModule("")
		require.NoError(t, err, situation)
		assert.Equal(t, test.main, main, situation)
		c, err := codeOf(b, main, test.want)
		require.NoError(t, err, situation)
		assert.Equal(t, test.parts, parts(c), situation)
	}
}

func TestFilesAreGlobalsInServiceWorkerSyntax(t *testing.T) {
	t.Parallel()
	classic := CloudflareWorkerArgs{Format: "service-worker"}
	c, err := codeOf(bundleOf(map[string]string{"a.js": "", "lib/add.wasm": "", "b-c.txt": "", "d": ""}), "a.js", classic)
	require.NoError(t, err)
	assert.Equal(t, []cfapi.Binding{
		{Name: "__b_c_txt", Type: "text_blob", Part: "__b_c_txt"},
		{Name: "__d", Type: "data_blob", Part: "__d"},
		{Name: "__lib_add_wasm", Type: "wasm_module", Part: "__lib_add_wasm"},
	}, c.bindings)
	_, bindings := fromAPI(append(c.bindings, cfapi.Binding{Name: "OWN", Type: "text_blob", Part: "own.txt"}), "api")
	assert.Equal(t, map[string]Binding{"OWN": {TextBlob: &TextBlobBinding{Part: "own.txt"}}}, bindings, "none of ours")

	for problem, files := range map[string]map[string]string{
		`there is one script, and the bundle has "b.js" beside "a.js"`:    {"a.js": "", "b.js": ""},
		`there is one script, and the bundle has "b.py" beside "a.js"`:    {"a.js": "", "b.py": ""},
		`both "b-c.txt" and "b.c.txt" would be the global variable __b_c`: {"a.js": "", "b-c.txt": "", "b.c.txt": ""},
	} {
		_, err := codeOf(bundleOf(files), "a.js", classic)
		require.ErrorContains(t, err, problem)
	}
	classic.Bindings = map[string]Binding{"OWN": {WasmModule: &WasmModuleBinding{Part: "add.wasm"}}}
	_, err = codeOf(bundleOf(map[string]string{"a.js": ""}), "a.js", classic)
	require.ErrorContains(t, err, `bindings.OWN: the bundle has no module "add.wasm"`)
	_, err = codeOf(bundleOf(map[string]string{"a.py": ""}), "a.py", CloudflareWorkerArgs{Format: "service-worker"})
	require.ErrorContains(t, err, "Python cannot be in service-worker syntax")
}

// TestOnlyAListeningScriptIsCalledMisread: 10021 and 10068 have many reasons.
func TestOnlyAListeningScriptIsCalledMisread(t *testing.T) {
	t.Parallel()
	refused := func(code int) error {
		return &cfapi.Error{Op: "upload", API: cfapi.APIWorkers, Kind: cfapi.ErrInvalid, Codes: []cfapi.Code{{Code: code}}}
	}
	script := func(text string) workerCode {
		return workerCode{main: "a.js", modules: []cfapi.Module{{Name: "a.js", Content: []byte(text)}}}
	}
	listening, module := script(`addEventListener ("fetch", f)`), script("addEventListener(\"x\", f)\n  export default {}")
	var misread *syntaxError
	require.ErrorAs(t, listening.misread(refused(10068), false), &misread)
	require.ErrorAs(t, listening.misread(refused(10021), false), &misread)
	assert.NotErrorAs(t, listening.misread(refused(10013), false), &misread, "another code")
	assert.NotErrorAs(t, listening.misread(refused(10068), true), &misread, "it was sent as what it is")
	assert.NotErrorAs(t, module.misread(refused(10068), false), &misread, "it exports something")
	assert.NotErrorAs(t, script("1").misread(refused(10068), false), &misread)
}

func TestNotesOfAssetsAndSyntaxComeBack(t *testing.T) {
	t.Parallel()
	for _, note := range []bundleNote{
		{Assets: "ab"},
		{BundleReference: BundleReference{Bucket: "b", Key: "k/", SHA256: "cd"}, Size: 1, Classic: true, Assets: "ab"},
	} {
		message, got, noted := splitMessage(note.after("the first release"))
		assert.True(t, noted)
		assert.Equal(t, "the first release", message)
		assert.Equal(t, note, got)
	}
	_, _, noted := splitMessage("assets: are good")
	assert.False(t, noted)
}
