// SPDX-License-Identifier: Apache-2.0

// Package sandbox runs Pulumi programs as a user of a checkout does, with the real CLI, in scratch directories: nothing
// is ever written into the tree.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// Provider is the file name of the plugin.
const Provider = "pulumi-resource-cloudflare-workers"

// A Checkout is a directory that has what a checkout has once it is built: bin/ with the provider, sdk/ and
// node_modules/. Programs refer to them as the examples do. What a language needs is made when a program in that
// language is first laid out. Safe for concurrent use.
type Checkout struct {
	dir, root string

	mu   sync.Mutex
	made map[string]func() error // what was made, or why it could not be
}

// New builds the provider into dir, which must exist, and returns dir as a checkout.
func New(ctx context.Context, dir string) (*Checkout, error) {
	root, err := toolbox.Root()
	if err != nil {
		return nil, err
	}
	c := &Checkout{dir: dir, root: root, made: map[string]func() error{}}
	// As a release is built, save for -trimpath, which would share no compiled package with the tests.
	const release = "-s -w -X main.version=0.1.0"
	err = run(ctx, root, nil, "go", "build", "-ldflags", release, "-o", filepath.Join(c.Bin(), Provider), ".")
	return c, err
}

// Bin is the directory of the provider's binary.
func (c *Checkout) Bin() string { return filepath.Join(c.dir, "bin") }

// once makes what name stands for, if that was not done yet.
func (c *Checkout) once(name string, build func() error) error {
	c.mu.Lock()
	if c.made[name] == nil {
		c.made[name] = sync.OnceValue(build)
	}
	made := c.made[name]
	c.mu.Unlock()
	return made()
}

// Lay puts the example of that name, such as "go" or "secrets-store/yaml", into dir/examples, ready to run and to be
// changed, and the Workers beside it, built: the directory worker or, where there is none, those that are built
// together with it. It returns the directory of the program.
func (c *Checkout) Lay(ctx context.Context, dir, example string) (string, error) {
	program, worker := filepath.Join(dir, "examples", example), filepath.Join(filepath.Dir(example), "worker")
	if _, err := os.Stat(filepath.Join(c.root, "examples", worker)); errors.Is(err, fs.ErrNotExist) {
		worker = filepath.Dir(example)
	}
	for _, name := range []string{example, worker} {
		source := os.DirFS(filepath.Join(c.root, "examples", name))
		if err := copyTree(filepath.Join(dir, "examples", name), source); err != nil {
			return "", err
		}
	}
	if err := c.once("node_modules", c.linkNodeModules); err != nil {
		return "", err
	}
	if err := c.once(example, func() error { return c.prepare(ctx, example) }); err != nil {
		return "", fmt.Errorf("prepare example %q: %w", example, err)
	}
	for _, name := range []string{"bin", "sdk", "node_modules"} {
		if err := link(filepath.Join(c.dir, name), filepath.Join(dir, name)); err != nil {
			return "", err
		}
	}
	if err := c.adapt(example, program); err != nil {
		return "", err
	}
	return program, BuildWorker(ctx, filepath.Join(dir, "examples", worker))
}

// prepare makes what every copy of an example shares.
func (c *Checkout) prepare(ctx context.Context, example string) error {
	switch filepath.Base(example) {
	case "typescript", "pipeline-ts":
		return c.once("node SDK", func() error { return c.compileNodeSDK(ctx) })
	case "python":
		return c.describePythonSDK(ctx)
	case "java":
		return c.packageJava(ctx)
	case "go", "pipeline-go":
		return run(ctx, filepath.Join(c.root, "examples", example), nil, "go", "build", "-o", c.GoProgram(example), ".")
	}
	return nil
}

// GoProgram is the path of the compiled example of that name.
func (c *Checkout) GoProgram(example string) string {
	return filepath.Join(c.Bin(), "example-"+strings.ReplaceAll(example, "/", "-"))
}

// Emulator is the path of the command cloudflare-emulator, which is built when it is first asked for.
func (c *Checkout) Emulator(ctx context.Context) (string, error) {
	command := filepath.Join(c.Bin(), "cloudflare-emulator")
	return command, c.once(command, func() error {
		return run(ctx, c.root, nil, "go", "build", "-ldflags", "-s -w", "-o", command, "./emulator/cmd/cloudflare-emulator")
	})
}

// adapt does to a laid out example what its README tells a user to do.
func (c *Checkout) adapt(example, program string) error {
	switch filepath.Base(example) {
	case "python":
		return link(filepath.Join(c.root, ".tools", "venv"), filepath.Join(program, "venv"))
	case "go": // compiled once, and not at each operation
		return Replace(filepath.Join(program, "Pulumi.yaml"), "runtime: go",
			"runtime: {name: go, options: {binary: "+c.GoProgram(example)+"}}")
	case "java": // as above
		return Replace(filepath.Join(program, "Pulumi.yaml"), "runtime: java",
			"runtime: {name: java, options: {binary: "+c.javaProgram()+"}}")
	}
	return nil
}

// linkNodeModules makes a node_modules directory that has the packages of the tools.
func (c *Checkout) linkNodeModules() error {
	installed, err := toolbox.NodeModules()
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(installed)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := link(filepath.Join(installed, entry.Name()), filepath.Join(c.NodeModules(), entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// NodeModules is a directory with the packages of the tools and, when a program in TypeScript was laid out, the SDK.
func (c *Checkout) NodeModules() string { return filepath.Join(c.dir, "node_modules") }

// compileNodeSDK makes sdk/nodejs/bin, and has it in node_modules.
func (c *Checkout) compileNodeSDK(ctx context.Context) error {
	installed, err := toolbox.NodeModules()
	if err != nil {
		return err
	}
	node, err := toolbox.Node()
	if err != nil {
		return err
	}
	sdk := filepath.Join(c.dir, "sdk", "nodejs")
	if err := copyTree(sdk, os.DirFS(filepath.Join(c.root, "sdk", "nodejs"))); err != nil {
		return err
	}
	if err := run(ctx, sdk, nil, node, filepath.Join(installed, "typescript", "bin", "tsc"), "--strict"); err != nil {
		return err
	}
	manifest, err := os.ReadFile(filepath.Join(sdk, "package.json"))
	if err != nil {
		return err
	}
	bin := filepath.Join(sdk, "bin")
	if err := os.WriteFile(filepath.Join(bin, "package.json"), manifest, 0o600); err != nil {
		return err
	}
	return link(bin, filepath.Join(c.NodeModules(), "pulumi-cloudflare-workers"))
}

// describePythonSDK makes sdk/python, with the metadata by which an installed package knows its version.
func (c *Checkout) describePythonSDK(ctx context.Context) error {
	python, err := toolbox.Python()
	if err != nil {
		return err
	}
	sdk := c.PythonPath()
	if err := copyTree(sdk, os.DirFS(filepath.Join(c.root, "sdk", "python"))); err != nil {
		return err
	}
	return run(ctx, sdk, nil, python, "-c", "import setuptools; setuptools.setup()", "--quiet", "egg_info")
}

// packageJava builds sdk/java and the example in Java with Maven.
func (c *Checkout) packageJava(ctx context.Context) error {
	maven, err := toolbox.Maven()
	if err != nil {
		return err
	}
	for _, part := range []string{"tools/java", "sdk/java", "examples/java"} {
		source := os.DirFS(filepath.Join(c.root, filepath.FromSlash(part)))
		if err := copyTree(filepath.Join(c.dir, "java", filepath.FromSlash(part)), source); err != nil {
			return err
		}
	}
	return run(ctx, filepath.Join(c.dir, "java", "tools", "java"), nil, maven[0], append(maven[1:], "package")...)
}

// javaProgram is the path of the packaged example.
func (c *Checkout) javaProgram() string {
	return filepath.Join(c.dir, "java", "examples", "java", "target", "hello-worker.jar")
}

// PythonPath is where Python finds the SDK.
func (c *Checkout) PythonPath() string { return filepath.Join(c.dir, "sdk", "python") }

// BuildWorker builds the example Workers in dir with the command that its package.json names.
func BuildWorker(ctx context.Context, dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return err
	}
	var manifest struct{ Scripts struct{ Build string } }
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return fmt.Errorf("package.json: %w", err)
	}
	esbuild, err := toolbox.Esbuild()
	if err != nil {
		return err
	}
	path := "PATH=" + filepath.Dir(esbuild) + string(os.PathListSeparator) + os.Getenv("PATH")
	return run(ctx, dir, []string{path}, "sh", "-c", manifest.Scripts.Build)
}

// Replace changes the one occurrence of a text in a file.
func Replace(file, old, with string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if n := strings.Count(string(content), old); n != 1 {
		return fmt.Errorf("%s has %d occurrences of %q, not one", filepath.Base(file), n, old)
	}
	return os.WriteFile(file, []byte(strings.Replace(string(content), old, with, 1)), 0o600)
}

// run starts a program and waits for its end. What it wrote is part of the error.
func run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, said)
	}
	return nil
}

// link makes path a link to target, unless it is there already.
func link(target, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	if err := os.Symlink(target, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// copyTree copies files, without what building and installing leave among them.
func copyTree(dir string, source fs.FS) error {
	return fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch entry.Name() {
		case "node_modules", "dist", "bin", "venv", "__pycache__", ".wrangler":
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if entry.IsDir() {
			return os.MkdirAll(path, 0o750)
		}
		content, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o600)
	})
}
