// SPDX-License-Identifier: Apache-2.0

// Package sdk pins the generated SDKs to schema.json. Run with -update to generate them anew.
package sdk

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
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
	}
	for language, generate := range generators {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			files, err := generate(load(t))
			require.NoError(t, err)
			require.NotEmpty(t, files)
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
			if slices.Contains([]string{"node_modules", "bin", "__pycache__"}, entry.Name()) ||
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
