// SPDX-License-Identifier: Apache-2.0

// Command sdkgen writes the SDKs for .NET and Java. Their generators are no part of the Pulumi release that the rest of
// the project uses, so they have a module of their own. Those for Go, Node and Python are called by tests/sdk.
//
//	sdkgen dotnet|java SCHEMA VERSION LOGO DIR
//
// SCHEMA is schema.json, VERSION that of the package, LOGO the picture that a .NET package carries (PNG), and DIR where the
// SDK goes; what is there and not generated stays.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-java/pkg/codegen/java"
	"github.com/pulumi/pulumi/pkg/v3/codegen/dotnet"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const name = "pulumi-cloudflare-workers"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sdkgen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	const arguments = 5
	if len(args) != arguments {
		return errors.New("usage: sdkgen dotnet|java SCHEMA VERSION LOGO DIR")
	}
	language, schemaFile, version, logo, dir := args[0], args[1], args[2], args[3], args[4]
	pkg, err := load(schemaFile, version)
	if err != nil {
		return err
	}
	var files map[string][]byte
	switch language {
	case "dotnet":
		files, err = generateDotnet(pkg, logo)
	case "java":
		files, err = java.GeneratePackage(name, pkg, nil, nil, false, false)
	default:
		return fmt.Errorf("%q is neither dotnet nor java", language)
	}
	if err != nil {
		return fmt.Errorf("generate the SDK for %s: %w", language, err)
	}
	for file, content := range files {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func load(file, version string) (*schema.Package, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(raw, &spec); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	spec.Version = version
	languages := map[string]schema.Language{"csharp": dotnet.Importer, "java": java.Importer}
	return schema.ImportSpec(spec, languages, schema.ValidationOptions{})
}

// generateDotnet serves the logo, since the generator knows it only by its URL, and would fetch Pulumi's without one.
func generateDotnet(pkg *schema.Package, logo string) (map[string][]byte, error) {
	picture, err := os.ReadFile(logo)
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(picture) //nolint:errcheck // the generator would notice
	}))
	defer server.Close()
	pkg.LogoURL = server.URL
	return dotnet.GeneratePackage(name, pkg, nil, nil)
}
