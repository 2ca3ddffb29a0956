// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	codegenrpc "github.com/pulumi/pulumi/sdk/v3/proto/go/codegen"
)

// GeneratePackage writes the SDK of a package into a directory.
func (h *host) GeneratePackage(
	ctx context.Context, req *pulumirpc.GeneratePackageRequest,
) (*pulumirpc.GeneratePackageResponse, error) {
	client, err := schema.NewLoaderClient(req.GetLoaderTarget())
	if err != nil {
		return nil, fmt.Errorf("reach the schema loader: %w", err)
	}
	loader := schema.NewCachedLoader(client)
	defer client.Close()

	var spec schema.PackageSpec
	if err := json.Unmarshal([]byte(req.GetSchema()), &spec); err != nil {
		return nil, fmt.Errorf("decode the schema: %w", err)
	}
	pkg, found, err := schema.BindSpecWithContext(ctx, spec, loader, schema.ValidationOptions{
		AllowDanglingReferences: true,
	})
	if err != nil {
		return nil, fmt.Errorf("bind the schema: %w", err)
	}
	diagnostics := make([]*codegenrpc.Diagnostic, len(found))
	for i, d := range found {
		diagnostics[i] = plugin.HclDiagnosticToRPCDiagnostic(d)
	}
	if found.HasErrors() {
		return &pulumirpc.GeneratePackageResponse{Diagnostics: diagnostics}, nil
	}

	files, err := h.language.generate(generation{
		tool:   "the Pulumi code generator",
		pkg:    pkg,
		extra:  req.GetExtraFiles(),
		deps:   req.GetLocalDependencies(),
		local:  req.GetLocal(),
		loader: loader,
	})
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	if err := write(req.GetDirectory(), files); err != nil {
		return nil, err
	}
	return &pulumirpc.GeneratePackageResponse{Diagnostics: diagnostics}, nil
}

// write puts files, named by slash-separated paths, below dir.
func write(dir string, files map[string][]byte) error {
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make a directory for %s: %w", name, err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}
