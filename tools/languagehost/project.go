// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// directory is where a program's code is.
func directory(info *pulumirpc.ProgramInfo) string {
	return filepath.Join(info.GetProgramDirectory(), info.GetEntryPoint())
}

// option is a text from the options that the project gives its runtime; empty if it gives none.
func option(info *pulumirpc.ProgramInfo, name string) string {
	return info.GetOptions().GetFields()[name].GetStringValue()
}

// asked runs a program that tells its version and returns where the program is and what it said.
func asked(ctx context.Context, name string, args ...string) (executable, answer string, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	out, err := cmd.Output()
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", name, err)
	}
	return cmd.Path, strings.TrimSpace(string(out)), nil
}

// mainPackage is the directory, within an SDK for Go or Python, of the package that a program imports.
func mainPackage(sdk string) (string, error) {
	markers, err := filepath.Glob(filepath.Join(sdk, "*", "pulumi-plugin.json"))
	if err != nil || len(markers) != 1 {
		return "", fmt.Errorf("%s is not the SDK of one Pulumi package", sdk)
	}
	return filepath.Base(filepath.Dir(markers[0])), nil
}

// identifier is a package's name as a programming language can write it.
func identifier(name string) string {
	return strings.ReplaceAll(name, "-", "_")
}
