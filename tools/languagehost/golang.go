// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"

	"golang.org/x/mod/modfile"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// golang runs programs in Go, compiled anew for each run unless the option "binary" names a compiled one.
type golang struct{}

func (golang) program(ctx context.Context, req *pulumirpc.RunRequest, _ string) (*exec.Cmd, func(), error) {
	info := req.GetInfo()
	if binary := option(info, "binary"); binary != "" {
		if !filepath.IsAbs(binary) {
			binary = filepath.Join(info.GetRootDirectory(), binary)
		}
		return exec.CommandContext(ctx, binary), func() {}, nil
	}
	return compiled(ctx, directory(info))
}

func (golang) plugin(ctx context.Context, dir string) (*exec.Cmd, func(), error) {
	return compiled(ctx, dir)
}

// compiled returns a command for the package main in dir. What the compiler says is in the error.
func compiled(ctx context.Context, dir string) (*exec.Cmd, func(), error) {
	scratch, err := os.MkdirTemp("", "pulumi-go-*")
	if err != nil {
		return nil, nil, fmt.Errorf("make room for the compiled program: %w", err)
	}
	done := func() { _ = os.RemoveAll(scratch) } // a leftover in the system's scratch space harms nobody
	binary := filepath.Join(scratch, "program.exe")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = dir
	if said, err := build.CombinedOutput(); err != nil {
		done()
		return nil, nil, fmt.Errorf("go build: %w\n%s", err, bytes.TrimSpace(said))
	}
	return exec.CommandContext(ctx, binary), done, nil
}

func (golang) install(ctx context.Context, info *pulumirpc.ProgramInfo, stdout, stderr io.Writer) error {
	tidy := exec.CommandContext(ctx, "go", "mod", "tidy")
	tidy.Dir = info.GetProgramDirectory()
	tidy.Stdout, tidy.Stderr = stdout, stderr
	if err := tidy.Run(); err != nil {
		return fmt.Errorf("go mod tidy: %w", err)
	}
	return nil
}

func (golang) dependencies(
	ctx context.Context, info *pulumirpc.ProgramInfo, all bool,
) ([]plugin.DependencyInfo, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-json", "all")
	list.Dir = info.GetProgramDirectory()
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var deps []plugin.DependencyInfo
	for modules := json.NewDecoder(bytes.NewReader(out)); ; {
		var module struct {
			Path, Version  string
			Main, Indirect bool
		}
		switch err := modules.Decode(&module); {
		case errors.Is(err, io.EOF):
			return deps, nil
		case err != nil:
			return nil, fmt.Errorf("decode the list of modules: %w", err)
		}
		if !module.Main && (all || !module.Indirect) {
			deps = append(deps, plugin.DependencyInfo{Name: module.Path, Version: module.Version})
		}
	}
}

func (golang) about(ctx context.Context, _ *pulumirpc.ProgramInfo) (string, string, error) {
	return asked(ctx, "go", "env", "GOVERSION")
}

func (golang) generate(g generation) (map[string][]byte, error) {
	files, err := gogen.GeneratePackage(g.tool, g.pkg, g.deps)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, g.extra)
	return files, nil
}

func (golang) link(ctx context.Context, info *pulumirpc.ProgramInfo, _, dir string) (string, error) {
	sdk := filepath.Join(info.GetProgramDirectory(), dir)
	gomod, err := os.ReadFile(filepath.Join(sdk, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("the SDK is no Go module; does its schema say supportPack? %w", err)
	}
	module := modfile.ModulePath(gomod)
	edit := exec.CommandContext(ctx, "go", "mod", "edit",
		"-require="+module+"@v0.0.0", "-replace="+module+"=./"+filepath.ToSlash(dir))
	edit.Dir = info.GetProgramDirectory()
	if said, err := edit.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go mod edit: %w\n%s", err, bytes.TrimSpace(said))
	}
	pkg, err := mainPackage(sdk)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("import %q", path.Join(module, pkg)), nil
}
