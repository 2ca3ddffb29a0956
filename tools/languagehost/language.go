// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"os/exec"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// A language is what differs between the languages.
type language interface {
	// program returns the command that runs a program once. The caller sets the environment common to all languages
	// and calls done when the command has ended.
	program(ctx context.Context, req *pulumirpc.RunRequest, engine string) (cmd *exec.Cmd, done func(), err error)
	// plugin returns the command that serves the plugin whose source is in dir.
	plugin(ctx context.Context, dir string) (cmd *exec.Cmd, done func(), err error)
	// install brings the dependencies that the program names.
	install(ctx context.Context, info *pulumirpc.ProgramInfo, stdout, stderr io.Writer) error
	// dependencies lists what the program depends on, directly or at all.
	dependencies(ctx context.Context, info *pulumirpc.ProgramInfo, all bool) ([]plugin.DependencyInfo, error)
	// about returns the program that runs programs, and its version.
	about(ctx context.Context, info *pulumirpc.ProgramInfo) (executable, version string, err error)
	// generate returns the files of an SDK for the package. A local SDK is for one project, not for publication.
	generate(g generation) (map[string][]byte, error)
	// link makes the SDK in a directory, given relative to the project's, a dependency of the program. The answer is
	// what a program must write to import it.
	link(ctx context.Context, info *pulumirpc.ProgramInfo, name, dir string) (string, error)
}

// languages holds each language by the name that Pulumi.yaml gives it as its runtime.
var languages = map[string]language{
	"go":     golang{},
	"nodejs": nodejs{},
	"python": python{},
}

// A generation is an order for the SDK of a package.
type generation struct {
	tool   string // the name that generated files give as their generator
	pkg    *schema.Package
	extra  map[string][]byte // files to add as they are
	deps   map[string]string // packages to take from a path, by name
	local  bool
	loader schema.ReferenceLoader
}
