// SPDX-License-Identifier: Apache-2.0

// Package toolbox finds the programs that tests and the demonstration run: those that `make setup` installs, at the
// versions that tools/ pins. It works from any directory of the checkout.
package toolbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// ErrMissing is the kind of every error that this package returns for a program that is not installed.
var ErrMissing = errors.New("not installed; run `make setup`")

// Root returns the top directory of the checkout.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the checkout: %w", err)
	}
	for {
		if exists(filepath.Join(dir, "tools", "go.mod")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the working directory is not inside a checkout of this repository")
		}
		dir = parent
	}
}

// Pulumi returns the path of the Pulumi CLI. The language hosts lie beside it or beside the file it links to.
func Pulumi() (string, error) { return find(".tools", "bin", "pulumi") }

// Sdkgen returns the path of the generator of the SDKs for .NET and Java.
func Sdkgen() (string, error) { return find(".tools", "bin", "sdkgen") }

// Actionlint returns the path of actionlint, which checks workflows of GitHub Actions.
func Actionlint() (string, error) { return find(".tools", "bin", "actionlint") }

// Versitygw returns the path of versitygw, an S3 server that others wrote.
func Versitygw() (string, error) { return find(".tools", "bin", "versitygw") }

// Python returns the path of the Python interpreter that has Pulumi's SDK: .tools/venv is its virtual environment.
func Python() (string, error) { return find(".tools", "venv", "bin", "python") }

// Maven returns the command line that starts Maven, without a network: what it needs is in .tools/m2.
func Maven() ([]string, error) {
	repository, err := find(".tools", "m2")
	if err != nil {
		return nil, err
	}
	maven, err := exec.LookPath("mvn")
	if err != nil {
		return nil, fmt.Errorf("find Maven: %w", err)
	}
	return []string{maven, "--offline", "--quiet", "--batch-mode", "-Dmaven.repo.local=" + repository}, nil
}

// NodeModules returns the directory that holds the npm packages, among them @pulumi/pulumi and typescript.
func NodeModules() (string, error) { return find("tools", "node_modules") }

// Workerd returns the path of workerd, Cloudflare's runtime.
func Workerd() (string, error) {
	return find("tools", "node_modules", "@cloudflare", "workerd-"+workerdPlatform(), "bin", "workerd")
}

// Esbuild returns the path of esbuild's native program.
func Esbuild() (string, error) {
	return find("tools", "node_modules", "@esbuild", runtime.GOOS+"-"+nodeArch(), "bin", "esbuild")
}

// Node returns the path of a Node that is new enough for wrangler: the pinned one where npm has it for this platform,
// else the one on PATH.
func Node() (string, error) {
	node, err := find("tools", "node_modules", "node-"+runtime.GOOS+"-"+nodeArch(), "bin", "node")
	if err == nil {
		return node, nil
	}
	if onPath, lookErr := exec.LookPath("node"); lookErr == nil {
		return onPath, nil
	}
	return "", err
}

// Wrangler returns the command line that starts wrangler, to which a caller appends wrangler's arguments.
func Wrangler() ([]string, error) {
	node, err := Node()
	if err != nil {
		return nil, err
	}
	// Not bin/wrangler.js, which would only start a second process.
	script, err := find("tools", "node_modules", "wrangler", "wrangler-dist", "cli.js")
	if err != nil {
		return nil, err
	}
	return []string{node, "--no-warnings", script}, nil
}

// CompileCache is the variable that lets Node keep what it has compiled for the next process, which saves wrangler a
// quarter of its time.
func CompileCache() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return "NODE_COMPILE_CACHE=" + filepath.Join(root, ".tools", "node-compile-cache"), nil
}

// Environ returns the environment of this process with the tools first in PATH, for programs that start others by
// name, as the Pulumi CLI does with language hosts and those with node.
func Environ() ([]string, error) {
	pulumi, err := Pulumi()
	if err != nil {
		return nil, err
	}
	node, err := Node()
	if err != nil {
		return nil, err
	}
	compiled, err := CompileCache()
	if err != nil {
		return nil, err
	}
	path := filepath.Dir(pulumi) + string(os.PathListSeparator) + filepath.Dir(node)
	return append(os.Environ(), "PATH="+path+string(os.PathListSeparator)+os.Getenv("PATH"), compiled), nil
}

// find returns the path of something below the top directory that must be there.
func find(elements ...string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(append([]string{root}, elements...)...)
	if !exists(path) {
		return "", fmt.Errorf("%s is %w", filepath.Join(elements...), ErrMissing)
	}
	return path, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// nodeArch is the processor as Node's packages call it.
func nodeArch() string {
	if runtime.GOARCH == "amd64" {
		return "x64"
	}
	return runtime.GOARCH
}

// workerdPlatform is the platform as workerd's packages call it.
func workerdPlatform() string {
	if runtime.GOARCH == "amd64" {
		return runtime.GOOS + "-64"
	}
	return runtime.GOOS + "-" + runtime.GOARCH
}
