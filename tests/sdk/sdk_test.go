// SPDX-License-Identifier: Apache-2.0

// Package sdk pins the generated SDKs to schema.json. Run with -update to generate them anew.
package sdk

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

var update = flag.Bool("update", false, "generate sdk/ anew")

const (
	root = "../../sdk"
	tool = "pulumi-cloudflare-workers"
	// version stands in the packages' metadata until a release sets it from its tag.
	version = "0.1.0"
)

// handWritten are the files in sdk/ that no generator writes, by language.
var handWritten = map[string][]string{"go": {"cloudflareworkers/go.mod", "cloudflareworkers/go.sum"}}

// packageDirs are where a language's package begins, if not in its directory.
var packageDirs = map[string]string{"go": "cloudflareworkers"}

func TestSDKsAreGeneratedFromTheSchema(t *testing.T) {
	t.Parallel()
	generators := map[string]func(*schema.Package) (map[string][]byte, error){
		"go": func(pkg *schema.Package) (map[string][]byte, error) { return gogen.GeneratePackage(tool, pkg, nil) },
		"nodejs": func(pkg *schema.Package) (map[string][]byte, error) {
			return nodejs.GeneratePackage(tool, pkg, nil, nil, false, nil)
		},
		"python": func(pkg *schema.Package) (map[string][]byte, error) {
			return python.GeneratePackage(tool, pkg, nil, nil)
		},
		"dotnet": func(*schema.Package) (map[string][]byte, error) { return elsewhere(t, "dotnet") },
		"java":   func(*schema.Package) (map[string][]byte, error) { return elsewhere(t, "java") },
	}
	for language, generate := range generators {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			files, err := generate(load(t))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			addExtra(t, language, files)
			dir := filepath.Join(root, language)
			if *update {
				write(t, dir, files, handWritten[language])
			}
			have := read(t, dir, handWritten[language])
			for name, content := range files {
				assert.Equalf(t, string(content), have[filepath.ToSlash(name)], "sdk/%s/%s is stale: run `make "+
					"sdk`", language, name)
				delete(have, filepath.ToSlash(name))
			}
			assert.Emptyf(t, have, "sdk/%s has files that are not generated: run `make sdk`", language)
		})
	}
}

// addExtra adds what every package carries and no generator writes: README, licence, metadata.
func addExtra(t *testing.T, language string, files map[string][]byte) {
	t.Helper()
	license, err := os.ReadFile("../../LICENSE")
	require.NoError(t, err)
	dir := packageDirs[language]
	files[filepath.Join(dir, "LICENSE")] = license
	for name, content := range read(t, filepath.Join("extra", language), nil) {
		files[filepath.Join(dir, name)] = []byte(strings.ReplaceAll(content, "{version}", version))
	}
	require.Contains(t, files, filepath.Join(dir, "README.md"))
}

// elsewhere generates the SDK with the tool that has its generator.
func elsewhere(t *testing.T, language string) (map[string][]byte, error) {
	t.Helper()
	generator, err := toolbox.Sdkgen()
	if err != nil {
		return nil, err
	}
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), generator, language, "../../schema.json", version,
		"../../tools/sdkgen/logo.png", dir).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	files := map[string][]byte{}
	for name, content := range read(t, dir, nil) {
		files[name] = []byte(content)
	}
	return files, nil
}

// languages read their own part of the schema.
var languages = map[string]schema.Language{
	"go": gogen.Importer, "nodejs": nodejs.Importer, "python": python.Importer,
}

func load(t *testing.T) *schema.Package {
	t.Helper()
	raw, err := os.ReadFile("../../schema.json")
	require.NoError(t, err)
	var spec schema.PackageSpec
	require.NoError(t, json.Unmarshal(raw, &spec))
	spec.Version = version
	pkg, err := schema.ImportSpec(spec, languages, schema.NewNullLoader(), schema.ValidationOptions{})
	require.NoError(t, err)
	return pkg
}

func write(t *testing.T, dir string, files map[string][]byte, keep []string) {
	t.Helper()
	for name := range read(t, dir, keep) {
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, content, 0o644))
	}
}

// read returns the files below dir by their slash-separated names, without those to keep and what package managers put
// there.
func read(t *testing.T, dir string, keep []string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains([]string{"node_modules", "bin", "obj", "target", "__pycache__"}, entry.Name()) ||
				filepath.Ext(path) == ".egg-info" {
				return filepath.SkipDir
			}
			return nil
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if name = filepath.ToSlash(name); slices.Contains(keep, name) {
			return nil
		}
		content, err := os.ReadFile(path)
		files[name] = string(content)
		return err
	})
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	return files
}
