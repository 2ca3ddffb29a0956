// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	nodegen "github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/nodejs/npm"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// nodejs runs programs in TypeScript and JavaScript with the node on PATH. The program's own @pulumi/pulumi does the
// work; the option "typescript: false" turns the compiler off.
type nodejs struct{}

func (nodejs) program(ctx context.Context, req *pulumirpc.RunRequest, engine string) (*exec.Cmd, func(), error) {
	info := req.GetInfo()
	resolve := exec.CommandContext(ctx, "node", "-p", `require.resolve("@pulumi/pulumi/cmd/run")`)
	resolve.Dir = info.GetProgramDirectory()
	runner, err := resolve.Output()
	if err != nil {
		return nil, nil, errors.New("the program has no @pulumi/pulumi; has it been installed (pulumi install)?")
	}
	args := []string{
		string(bytes.TrimSpace(runner)),
		"--monitor", req.GetMonitorAddress(),
		"--engine", engine,
		"--project", req.GetProject(),
		"--stack", req.GetStack(),
		"--pwd", req.GetPwd(),
		"--root-directory", info.GetRootDirectory(),
		"--parallel", strconv.Itoa(int(req.GetParallel())),
	}
	if org := req.GetOrganization(); org != "" {
		args = append(args, "--organization", org)
	}
	if req.GetDryRun() {
		args = append(args, "--dry-run")
	}
	cmd := exec.CommandContext(ctx, "node", append(append(args, info.GetEntryPoint()), req.GetArgs()...)...)
	typescript := info.GetOptions().GetFields()["typescript"]
	cmd.Env = append(os.Environ(),
		"PULUMI_NODEJS_TYPESCRIPT="+strconv.FormatBool(typescript == nil || typescript.GetBoolValue()))
	return cmd, func() {}, nil
}

func (nodejs) plugin(context.Context, string) (*exec.Cmd, func(), error) {
	return nil, nil, errors.New("this host runs plugins written in Go only")
}

func (nodejs) install(ctx context.Context, info *pulumirpc.ProgramInfo, stdout, stderr io.Writer) error {
	_, err := npm.Install(ctx, manager(info), info.GetProgramDirectory(), false, stdout, stderr)
	return err
}

func (nodejs) dependencies(
	ctx context.Context, info *pulumirpc.ProgramInfo, all bool,
) ([]plugin.DependencyInfo, error) {
	pm, err := npm.ResolvePackageManager(manager(info), info.GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	return pm.ListPackages(ctx, info.GetProgramDirectory(), all)
}

func (nodejs) about(ctx context.Context, _ *pulumirpc.ProgramInfo) (string, string, error) {
	return asked(ctx, "node", "--version")
}

func (nodejs) generate(g generation) (map[string][]byte, error) {
	return nodegen.GeneratePackage(g.tool, g.pkg, g.extra, g.deps, g.local, g.loader)
}

func (nodejs) link(ctx context.Context, info *pulumirpc.ProgramInfo, name, dir string) (string, error) {
	manifest, err := os.ReadFile(filepath.Join(info.GetProgramDirectory(), dir, "package.json"))
	if err != nil {
		return "", err
	}
	var sdk struct{ Name string }
	if err := json.Unmarshal(manifest, &sdk); err != nil {
		return "", fmt.Errorf("decode package.json: %w", err)
	}
	pm, err := npm.ResolvePackageManager(manager(info), info.GetProgramDirectory())
	if err != nil {
		return "", err
	}
	if err := pm.Link(ctx, info.GetProgramDirectory(), sdk.Name, dir); err != nil {
		return "", err
	}
	return fmt.Sprintf("import * as %s from %q;", identifier(name), sdk.Name), nil
}

// manager is the package manager that the project asks for.
func manager(info *pulumirpc.ProgramInfo) npm.PackageManagerType {
	if name := option(info, "packagemanager"); name != "" {
		return npm.PackageManagerType(name)
	}
	return npm.AutoPackageManager
}
