// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// TestMain lets this test binary be the language host: copies of it under the hosts' names are what the engine starts.
func TestMain(m *testing.M) {
	if strings.HasPrefix(filepath.Base(os.Args[0]), "pulumi-language-") {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestProgramsRunInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, language := range slices.Sorted(maps.Keys(languages)) {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, language)
			p.pulumi(t, "stack", "init", "test")
			p.pulumi(t, "config", "set", "who", "world")
			p.pulumi(t, "config", "set", "--secret", "word", "sesame")

			p.pulumi(t, "up", "--yes", "--skip-preview")
			outputs := p.pulumi(t, "stack", "output", "--json", "--show-secrets")
			assert.JSONEq(t, `{"greeting": "hello world", "word": "sesame"}`, outputs)
			assert.Contains(t, p.pulumi(t, "stack", "output", "--json"), "[secret]")
			assert.Contains(t, p.pulumi(t, "stack", "export"), "probe:index:Component")

			preview := p.pulumi(t, "preview", "--expect-no-changes")
			assert.Contains(t, preview, "2 unchanged")

			p.pulumi(t, "config", "rm", "who")
			said, err := p.try(t, "up", "--yes", "--skip-preview")
			require.Error(t, err)
			assert.Contains(t, said, "who", "the engine shows why a program failed")
		})
	}
}

func TestProgramsRunWithoutConfiguration(t *testing.T) {
	t.Parallel()
	for language, program := range map[string]string{
		"go": `package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() { pulumi.Run(func(*pulumi.Context) error { return nil }) }
`,
		"nodejs": "export const nothing = 0;\n",
		"python": "import pulumi\n",
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, language)
			writeFile(t, filepath.Join(p.dir, sources[language]), program)
			p.pulumi(t, "stack", "init", "test")
			assert.Contains(t, p.pulumi(t, "up", "--yes", "--skip-preview"), "1 created")
		})
	}
}

func TestACompilersComplaintReachesTheUser(t *testing.T) {
	t.Parallel()
	p := newProject(t, "go")
	writeFile(t, filepath.Join(p.dir, "main.go"), "package main\n\nfunc main() { undefinedThing() }\n")
	p.pulumi(t, "stack", "init", "test")
	said, err := p.try(t, "up", "--yes", "--skip-preview")
	require.Error(t, err)
	assert.Contains(t, said, "undefined: undefinedThing")
}

func TestSDKsAreGeneratedAndLinkedInEveryLanguage(t *testing.T) {
	t.Parallel()
	for language, test := range map[string]struct {
		file    string // one that the SDK must have
		imports string // what the user is told to write
		project string // the file that must mention the SDK once it is linked
	}{
		"go":     {"probe/thing.go", `import "example.com/pulumi-probe/sdk/go/probe"`, "go.mod"},
		"nodejs": {"thing.ts", `import * as probe from "@pulumi/probe";`, "package.json"},
		"python": {"pulumi_probe/thing.py", "import pulumi_probe as probe", "requirements.txt"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, language)
			schema := filepath.Join(p.dir, "schema.json")
			writeFile(t, schema, `{"name": "probe", "version": "1.2.3", "meta": {"supportPack": true},
				"resources": {"probe:index:Thing": {"inputProperties": {"name": {"type": "string"}}}}}`)
			p.pulumi(t, "package", "gen-sdk", schema, "--language", language, "--out", "sdk")
			sdk := filepath.Join("sdk", language)
			assert.FileExists(t, filepath.Join(p.dir, sdk, filepath.FromSlash(test.file)))

			if language == "python" {
				writeFile(t, filepath.Join(p.dir, test.project), "pulumi>=3\n")
			}
			info := &pulumirpc.ProgramInfo{RootDirectory: p.dir, ProgramDirectory: p.dir, EntryPoint: "."}
			line, err := languages[language].link(t.Context(), info, "probe", sdk)
			require.NoError(t, err)
			assert.Equal(t, test.imports, line)
			content, err := os.ReadFile(filepath.Join(p.dir, test.project))
			require.NoError(t, err)
			assert.Contains(t, string(content), "sdk/"+language)
		})
	}
}

func TestAPluginIsServedFromItsSource(t *testing.T) {
	t.Parallel()
	p, dir := newProject(t, "go"), t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "plugin"))))
	writeFile(t, filepath.Join(dir, "PulumiPlugin.yaml"), "runtime: go\n")
	copyModule(t, dir)
	assert.Contains(t, p.pulumi(t, "package", "get-schema", dir), `"version": "1.2.3"`)
}

func TestAboutNamesTheRuntime(t *testing.T) {
	t.Parallel()
	for language, runtime := range map[string]string{"go": "go1.", "nodejs": "v", "python": "3."} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			about := newProject(t, language).pulumi(t, "about")
			assert.Contains(t, about, "This project is written in "+language)
			assert.Contains(t, about, "version='"+runtime)
		})
	}
}

func TestTheHostLeavesWithItsEngine(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// Nothing listens on the discard port, so this engine is already gone.
	err := run(ctx, []string{"pulumi-language-go", "127.0.0.1:9"}, io.Discard)
	require.NoError(t, err)
	require.NoError(t, ctx.Err(), "the host noticed by itself")
}

func TestWrongUseIsExplained(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"unknown language": {[]string{"languagehost", "127.0.0.1:9"}, "install this program as pulumi-language-go"},
		"no engine":        {[]string{"/bin/pulumi-language-nodejs"}, "the Pulumi engine starts this program"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.ErrorContains(t, run(t.Context(), test.args, io.Discard), test.says)
		})
	}
}

// sources names the file that holds each language's program.
var sources = map[string]string{"go": "main.go", "nodejs": "index.ts", "python": "__main__.py"}

// A project is a Pulumi project in a directory of its own, with a backend of its own.
type project struct {
	dir string
	env []string
}

// newProject returns a project with the program in testdata for the language.
func newProject(t *testing.T, language string) project {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir, state := t.TempDir(), t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", language))))

	options := "{}"
	switch language {
	case "go":
		copyModule(t, dir)
	case "nodejs":
		require.NoError(t, os.Symlink(filepath.Join(root, "tools", "node_modules"), filepath.Join(dir, "node_modules")))
	case "python":
		options = "{virtualenv: " + filepath.Join(root, ".tools", "venv") + "}"
	}
	writeFile(t, filepath.Join(dir, "Pulumi.yaml"),
		"name: probe\nruntime: {name: "+language+", options: "+options+"}\n")

	return project{dir: dir, env: append(os.Environ(),
		"PATH="+strings.Join([]string{
			hosts(t), filepath.Join(root, ".tools", "bin"),
			filepath.Join(root, "tools", "node_modules", ".bin"), os.Getenv("PATH"),
		}, string(os.PathListSeparator)),
		"GOFLAGS="+os.Getenv("GOFLAGS")+" -trimpath", // what the tools are built with: no package is compiled twice
		"PULUMI_HOME="+filepath.Join(state, "home"),
		"PULUMI_BACKEND_URL=file://"+state,
		"PULUMI_CONFIG_PASSPHRASE=test",
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_DISABLE_REGISTRY_RESOLVE=true",
	)}
}

// copyModule makes dir a module that requires Pulumi's SDK: it gets the files of this one.
func copyModule(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		writeFile(t, filepath.Join(dir, name), string(content))
	}
}

// hosts returns a directory with this test binary under the names of the language hosts.
func hosts(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	content, err := os.ReadFile(self)
	require.NoError(t, err)
	for language := range languages {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "pulumi-language-"+language), content, 0o755))
	}
	find := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3")
	sdk, err := find.Output()
	require.NoError(t, err)
	runner, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(sdk)), "python", "cmd", executor))
	require.NoError(t, err)
	writeFile(t, filepath.Join(dir, executor), string(runner))
	return dir
}

// pulumi runs the CLI in the project and returns what it wrote.
func (p project) pulumi(t *testing.T, args ...string) string {
	t.Helper()
	said, err := p.try(t, args...)
	require.NoError(t, err, said)
	return said
}

// try is pulumi for a command that may fail.
func (p project) try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cli, err := filepath.Abs("../../.tools/bin/pulumi")
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), cli, append(args, "--non-interactive", "--color=never")...)
	cmd.Dir, cmd.Env = p.dir, p.env
	said, err := cmd.CombinedOutput()
	return string(said), err
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}
