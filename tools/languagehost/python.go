// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	pygen "github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// executor is the Python program of Pulumi's own that runs a program; it lies beside this host.
const executor = "pulumi-language-python-exec"

// python runs programs in Python, in the virtual environment that the option "virtualenv" names, if any.
type python struct{}

func (python) program(ctx context.Context, req *pulumirpc.RunRequest, engine string) (*exec.Cmd, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("find %s: %w", executor, err)
	}
	info := req.GetInfo()
	tools, err := pythonTools(info)
	if err != nil {
		return nil, nil, err
	}
	args := []string{
		filepath.Join(filepath.Dir(self), executor),
		"--monitor", req.GetMonitorAddress(),
		"--engine", engine,
		"--organization", req.GetOrganization(),
		"--project", req.GetProject(),
		"--stack", req.GetStack(),
		"--pwd", req.GetPwd(),
		"--root_directory", info.GetRootDirectory(),
		"--parallel", strconv.Itoa(int(req.GetParallel())),
		"--dry_run", strconv.FormatBool(req.GetDryRun()),
		info.GetEntryPoint(),
	}
	cmd, err := tools.Command(ctx, append(args, req.GetArgs()...)...)
	if err != nil {
		return nil, nil, err
	}
	cmd.Env = append(cmd.Environ(), "PYTHONUNBUFFERED=1")
	return cmd, func() {}, nil
}

func (python) plugin(context.Context, string) (*exec.Cmd, func(), error) {
	return nil, nil, errors.New("this host runs plugins written in Go only")
}

func (python) install(ctx context.Context, info *pulumirpc.ProgramInfo, stdout, stderr io.Writer) error {
	tools, err := pythonTools(info)
	if err != nil {
		return err
	}
	return tools.InstallDependencies(ctx, info.GetProgramDirectory(), false, true, stdout, stderr)
}

func (python) dependencies(
	ctx context.Context, info *pulumirpc.ProgramInfo, all bool,
) ([]plugin.DependencyInfo, error) {
	tools, err := pythonTools(info)
	if err != nil {
		return nil, err
	}
	return tools.ListPackages(ctx, all)
}

func (python) about(ctx context.Context, info *pulumirpc.ProgramInfo) (string, string, error) {
	tools, err := pythonTools(info)
	if err != nil {
		return "", "", err
	}
	about, err := tools.About(ctx)
	if err != nil {
		return "", "", err
	}
	return about.PythonExecutable, about.PythonVersion.String(), nil
}

func (python) generate(g generation) (map[string][]byte, error) {
	return pygen.GeneratePackage(g.tool, g.pkg, g.extra, g.loader)
}

func (python) link(ctx context.Context, info *pulumirpc.ProgramInfo, name, dir string) (string, error) {
	tools, err := pythonTools(info)
	if err != nil {
		return "", err
	}
	module, err := mainPackage(filepath.Join(info.GetProgramDirectory(), dir))
	if err != nil {
		return "", err
	}
	if err := tools.LinkPackages(ctx, map[string]string{module: dir}); err != nil {
		return "", err
	}
	return fmt.Sprintf("import %s as %s", module, identifier(name)), nil
}

// pythonTools is what the project's options choose to install and run Python programs with.
func pythonTools(info *pulumirpc.ProgramInfo) (toolchain.Toolchain, error) {
	options := toolchain.PythonOptions{
		Root:       info.GetRootDirectory(),
		ProgramDir: info.GetProgramDirectory(),
		Virtualenv: option(info, "virtualenv"),
	}
	switch name := option(info, "toolchain"); name {
	case "":
		options.Toolchain = toolchain.Auto
	case "pip":
		options.Toolchain = toolchain.Pip
	case "poetry":
		options.Toolchain = toolchain.Poetry
	case "uv":
		options.Toolchain = toolchain.Uv
	default:
		return nil, fmt.Errorf("there is no Python toolchain %q; there are pip, poetry and uv", name)
	}
	return toolchain.ResolveToolchain(options)
}
