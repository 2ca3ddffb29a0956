// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// project makes a directory with files, of which those in node_modules/.bin are programs: each writes its name and its
// arguments, and an output where wrangler and esbuild would.
func project(t *testing.T, files ...string) string {
	t.Helper()
	const tool = `#!/bin/sh
for argument; do case "$before$argument" in --outfile=*) out=${argument#--outfile=};;
--outdir=*) out=${argument#--outdir=}/index.js;; --outdir*) out=$argument/index.js;; esac
[ "$argument" = --outdir ] && before=--outdir || before=; done
mkdir -p "${out%/*}" && echo "export default {}" > "$out" && pwd > said
for word in "$0" "$@"; do echo "$word"; done >> said
`
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for _, file := range files {
		name, content, _ := strings.Cut(file, "=")
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		mode := os.FileMode(0o600)
		if strings.Contains(name, ".bin/") {
			content, mode = tool, 0o700
		}
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
	}
	return dir
}

// TestABuildWithoutACommandFindsTheProjectsOwn goes through what a project can have.
func TestABuildWithoutACommandFindsTheProjectsOwn(t *testing.T) {
	t.Parallel()
	const (
		wranglers, esbuilds = "node_modules/.bin/wrangler", "node_modules/.bin/esbuild"
		config              = `wrangler.jsonc={ "main": "src/api.ts", "env": { "live": { "main": "src/live.ts" }, "x": {} } }`
		dry                 = "deploy --dry-run --outdir <dir>/dist --config <dir>/wrangler.jsonc --env="
	)
	flags := " " + strings.Join(esbuildFlags, " ")
	for name, c := range map[string]struct {
		files     []string
		path      string // of the output; dist
		directory string // of the build; that of the project, unless there is a configuration
		config    string
		env, want string
	}{
		"wrangler": {files: []string{wranglers, esbuilds, config, "src/index.ts"}, want: wranglers + " " + dry},
		"an environment": {
			files: []string{wranglers, config}, env: "live", want: wranglers + " " + dry + "live",
		},
		"a file of another name": {
			files: []string{wranglers, "two.toml="}, config: "two.toml",
			want: wranglers + " " + strings.Replace(dry, "wrangler.jsonc", "two.toml", 1),
		},
		"a directory below": {
			files: []string{wranglers, "api/wrangler.toml="}, directory: "api",
			want: wranglers + " " + strings.Replace(dry, "wrangler.jsonc", "api/wrangler.toml", 1),
		},
		"esbuild for wrangler's main": {
			files: []string{esbuilds, config, "src/index.ts"}, want: esbuilds + " <dir>/src/api.ts --outdir=<dir>/dist" + flags,
		},
		"that of an environment": {
			files: []string{esbuilds, config}, env: "live", want: esbuilds + " <dir>/src/live.ts --outdir=<dir>/dist" + flags,
		},
		"that it inherits": {
			files: []string{esbuilds, config}, env: "x", want: esbuilds + " <dir>/src/api.ts --outdir=<dir>/dist" + flags,
		},
		"esbuild for the usual main": {
			files: []string{wranglers, esbuilds, "index.js", "src/index.js"},
			want:  esbuilds + " <dir>/src/index.js --outdir=<dir>/dist" + flags,
		},
		"one file": {
			files: []string{wranglers, esbuilds, config}, path: "out/api.mjs",
			want: esbuilds + " <dir>/src/api.ts --outfile=<dir>/out/api.mjs" + flags,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := project(t, c.files...)
			if c.path == "" {
				c.path = "dist"
			}
			build := map[string]property.Value{"directory": txt(filepath.Join(dir, c.directory))}
			if c.config != "" {
				build = map[string]property.Value{"config": txt(filepath.Join(dir, c.config))}
			}
			if c.env != "" {
				build["environment"] = txt(c.env)
			}
			resp := checkBuild(t)(filepath.Join(dir, c.path), build)
			require.Empty(t, resp.Failures)
			assert.Len(t, resp.Inputs.Get("sha256").AsString(), 64)
			assert.NotContains(t, resp.Inputs.AsMap(), "build")
			at := filepath.Join(dir, c.directory)
			said, err := os.ReadFile(filepath.Join(at, "said"))
			require.NoError(t, err)
			place, words, _ := strings.Cut(strings.TrimSpace(string(said)), "\n")
			assert.Equal(t, at, place)
			assert.Equal(t, "<dir>/"+c.want, strings.ReplaceAll(strings.ReplaceAll(words, "\n", " "), dir, "<dir>"))
		})
	}
}

// TestABuildThatIsNotFoundSaysWhatWasLookedFor: each half has its own reason.
func TestABuildThatIsNotFoundSaysWhatWasLookedFor(t *testing.T) {
	t.Parallel()
	const (
		wranglers, esbuilds = "node_modules/.bin/wrangler", "node_modules/.bin/esbuild"
		noWrangler          = "there is no node_modules/.bin/wrangler, there or above it"
		noEsbuild           = "there is no node_modules/.bin/esbuild, there or above it"
		noConfig            = "there is no wrangler.json, wrangler.jsonc or wrangler.toml"
	)
	neither := func(wrangler, esbuild string) string {
		return `no command is given, and none was found in "<dir>": not wrangler's, for ` + wrangler +
			"; not esbuild's, for " + esbuild + "; give build.command"
	}
	for want, c := range map[string]struct {
		files []string
		path  string
		build map[string]property.Value
	}{
		neither(noWrangler, noEsbuild): {files: []string{"wrangler.json={}"}},
		neither(noConfig, noEsbuild):   {files: []string{wranglers, "src/index.ts"}},
		neither(noConfig, noConfig+" and none of src/index.ts, src/index.tsx, src/index.js, src/index.mjs, src/worker.ts, "+
			"src/worker.js, index.ts, index.js"): {files: []string{wranglers, esbuilds}},
		neither(noWrangler, "wrangler.json has no main"): {files: []string{esbuilds, "wrangler.json={}", "src/index.ts"}},
		neither("it writes a directory, and path is a file", noEsbuild): {
			files: []string{wranglers, "wrangler.json={}"}, path: "index.js",
		},
		`config: there is no configuration of wrangler at "<dir>/no.json": give the path of a wrangler.json, ` +
			"wrangler.jsonc or wrangler.toml, relative to the program": {
			build: map[string]property.Value{"config": txt("no.json")},
		},
		`config: <dir>/wrangler.json: there is no environment "live"; the file has none`: {
			files: []string{esbuilds, "wrangler.json={}"}, build: map[string]property.Value{"environment": txt("live")},
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			dir := project(t, c.files...)
			if c.path == "" {
				c.path = "dist"
			}
			build := map[string]property.Value{"directory": txt(dir)}
			for name, value := range c.build {
				if name == "config" {
					value = txt(filepath.Join(dir, value.AsString()))
				}
				build[name] = value
			}
			failures := checkBuild(t)(filepath.Join(dir, c.path), build).Failures
			require.Len(t, failures, 1)
			assert.Equal(t, p.CheckFailure{
				Property: "build", Reason: want,
			}, p.CheckFailure{
				Property: failures[0].Property, Reason: strings.ReplaceAll(failures[0].Reason, dir, "<dir>"),
			})
			assert.NoFileExists(t, filepath.Join(dir, "said"))
		})
	}
}

// TestACommandIsTold: what says where to look for one is not said beside one, and what is not known yet is waited for.
func TestACommandIsTold(t *testing.T) {
	t.Parallel()
	check := checkBuild(t)
	for _, name := range []string{"config", "environment"} {
		assert.Equal(t, []p.CheckFailure{{
			Property: "build." + name, Reason: "is for a build without a command, which says it itself",
		}}, check("dist", map[string]property.Value{"command": textList("make"), name: txt("x")}).Failures)
	}
	assert.Empty(t, check("dist", map[string]property.Value{"directory": property.New(property.Computed)}).Failures)
}
