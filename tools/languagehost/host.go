// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// A host answers the engine for one language. Methods that it does not have answer Unimplemented, which the engine
// takes for "nothing to do".
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	language language
	engine   string // the engine's address, for programs to log to
}

var _ pulumirpc.LanguageRuntimeServer = (*host)(nil)

// Handshake has nothing to agree on: there is one version of the protocol.
func (h *host) Handshake(
	context.Context, *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo tells the host's version.
func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version()}, nil
}

// GetRequiredPackages names none: the engine looks for a plugin when the first resource asks for it.
func (h *host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// GetRequiredPlugins names none, as GetRequiredPackages does.
func (h *host) GetRequiredPlugins(
	context.Context, *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// Run runs a program to its end.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	cmd, done, err := h.language.program(ctx, req, h.engine)
	if err != nil {
		// The program's author reads this, for example what a compiler said.
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	defer done()
	env, err := environment(req, h.engine)
	if err != nil {
		return nil, err
	}
	cmd.Dir = req.GetPwd()
	cmd.Env = append(cmd.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Run()
	exit, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case exited && exit.ExitCode() == constant.ExitStatusLoggedError:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: "the program ended with " + err.Error()}, nil
	}
}

// environment is how a program learns what it is to do; the SDKs agree on these variables.
func environment(req *pulumirpc.RunRequest, engine string) ([]string, error) {
	// The SDKs read an empty object and list, but not null, which is what nil would be encoded as.
	values, secretKeys := map[string]string{}, append([]string{}, req.GetConfigSecretKeys()...)
	maps.Copy(values, req.GetConfig())
	config, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	secrets, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, fmt.Errorf("encode the names of secrets: %w", err)
	}
	return []string{
		pulumi.EnvOrganization + "=" + req.GetOrganization(),
		pulumi.EnvProject + "=" + req.GetProject(),
		pulumi.EnvPulumiRootDirectory + "=" + req.GetInfo().GetRootDirectory(),
		pulumi.EnvStack + "=" + req.GetStack(),
		pulumi.EnvConfig + "=" + string(config),
		pulumi.EnvConfigSecretKeys + "=" + string(secrets),
		pulumi.EnvDryRun + "=" + strconv.FormatBool(req.GetDryRun()),
		pulumi.EnvParallel + "=" + strconv.Itoa(int(req.GetParallel())),
		pulumi.EnvMonitor + "=" + req.GetMonitorAddress(),
		pulumi.EnvEngine + "=" + engine,
	}, nil
}

// RunPlugin serves a plugin from its source until the engine ends the call.
func (h *host) RunPlugin(req *pulumirpc.RunPluginRequest, stream pulumirpc.LanguageRuntime_RunPluginServer) error {
	cmd, done, err := h.language.plugin(stream.Context(), directory(req.GetInfo()))
	if err != nil {
		return err
	}
	defer done()
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(stream, false)
	if err != nil {
		return fmt.Errorf("open the plugin's output: %w", err)
	}
	cmd.Args = append(cmd.Args, req.GetArgs()...)
	cmd.Dir, cmd.Env = req.GetPwd(), req.GetEnv()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = errors.Join(cmd.Run(), closer.Close())
	if exit, exited := errors.AsType[*exec.ExitError](err); exited {
		return stream.Send(&pulumirpc.RunPluginResponse{
			Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(exit.ExitCode())},
		})
	}
	return err
}

// InstallDependencies brings what the program names in its own project file.
func (h *host) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest, stream pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(stream, req.GetIsTerminal())
	if err != nil {
		return fmt.Errorf("open the installer's output: %w", err)
	}
	return errors.Join(h.language.install(stream.Context(), req.GetInfo(), stdout, stderr), closer.Close())
}

// About tells what runs programs.
func (h *host) About(ctx context.Context, req *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	executable, version, err := h.language.about(ctx, req.GetInfo())
	if err != nil {
		return nil, err
	}
	return &pulumirpc.AboutResponse{Executable: executable, Version: version}, nil
}

// GetProgramDependencies lists the program's dependencies.
func (h *host) GetProgramDependencies(
	ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	found, err := h.language.dependencies(ctx, req.GetInfo(), req.GetTransitiveDependencies())
	if err != nil {
		return nil, err
	}
	deps := make([]*pulumirpc.DependencyInfo, len(found))
	for i, dep := range found {
		deps[i] = &pulumirpc.DependencyInfo{Name: dep.Name, Version: dep.Version}
	}
	return &pulumirpc.GetProgramDependenciesResponse{Dependencies: deps}, nil
}

// Link makes local SDKs dependencies of the program.
func (h *host) Link(ctx context.Context, req *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	var imports []string
	for _, dep := range req.GetPackages() {
		line, err := h.language.link(ctx, req.GetInfo(), dep.GetPackage().GetName(), dep.GetPath())
		if err != nil {
			return nil, fmt.Errorf("link %s: %w", dep.GetPath(), err)
		}
		imports = append(imports, "  "+line)
	}
	return &pulumirpc.LinkResponse{
		ImportInstructions: "Import it in your program with:\n\n" + strings.Join(imports, "\n") + "\n",
	}, nil
}
