// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/wrangler"
)

// entries are where esbuild begins when no configuration of wrangler names a main module, in this order.
var entries = []string{
	"src/index.ts", "src/index.tsx", "src/index.js", "src/index.mjs", "src/worker.ts", "src/worker.js",
	"index.ts", "index.js",
}

// esbuildFlags make of a Worker what wrangler makes of it: one module beside the files that it imports as modules
// (wrangler 4.164: COMMON_ESBUILD_OPTIONS, getBuildConditions, DEFAULT_MODULE_RULES).
var esbuildFlags = []string{
	"--bundle", "--format=esm", "--target=es2024", "--conditions=workerd,worker,browser", "--sourcemap",
	"--external:cloudflare:*", "--external:node:*", `--define:process.env.NODE_ENV="production"`, "--asset-names=[name]",
	"--loader:.txt=copy", "--loader:.html=copy", "--loader:.sql=copy", "--loader:.bin=copy", "--loader:.wasm=copy",
}

// found returns b with the command that the project has for its own build, which writes to output: wrangler's dry run
// if there is a configuration of wrangler, or else esbuild. Both must be installed in the project.
func (b BuildCommand) found(output string) (BuildCommand, error) {
	output, err := filepath.Abs(output)
	if err != nil {
		return b, err
	}
	config, err := b.config()
	if err != nil {
		return b, err
	}
	if b.Directory == "" && b.Config != "" {
		b.Directory = filepath.Dir(config)
	}
	missing := make([]string, 2)
	if b.Command, missing[0] = b.withWrangler(config, output); b.Command != nil {
		return b, nil
	}
	if b.Command, missing[1], err = b.withEsbuild(config, output); b.Command != nil || err != nil {
		return b, err
	}
	where := b.Directory
	if where == "" {
		where = "."
	}
	return b, fmt.Errorf("no command is given, and none was found in %q: not wrangler's, for %s; not esbuild's, for %s; "+
		"give build.command", where, missing[0], missing[1])
}

// config is the absolute path of wrangler's configuration; "" if there is none and none is asked for.
func (b BuildCommand) config() (string, error) {
	path := b.Config
	if path == "" {
		path = b.Directory
	}
	found, err := wrangler.Find(path)
	if err != nil && b.Config == "" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("config: %w", err)
	}
	return filepath.Abs(found)
}

// withWrangler is the command of wrangler, or why there is none.
func (b BuildCommand) withWrangler(config, output string) (command []string, missing string) {
	program := b.installed("wrangler")
	switch {
	case program == "":
		return nil, "there is no node_modules/.bin/wrangler, there or above it"
	case config == "":
		return nil, "there is no " + wrangler.Names
	case isScript(output):
		return nil, "it writes a directory, and path is a file"
	}
	// The environment is always said, for it would be looked for in CLOUDFLARE_ENV.
	return []string{
		program, "deploy", "--dry-run", "--outdir", output, "--config", config, "--env=" + b.Environment,
	}, ""
}

// withEsbuild is the command of esbuild, or why there is none.
func (b BuildCommand) withEsbuild(config, output string) (command []string, missing string, err error) {
	program := b.installed("esbuild")
	if program == "" {
		return nil, "there is no node_modules/.bin/esbuild, there or above it", nil
	}
	var entry string
	if config != "" {
		file, err := wrangler.Read(config)
		if err == nil {
			entry, err = file.Main(b.Environment)
		}
		if err != nil {
			return nil, "", fmt.Errorf("config: %w", err)
		}
		if entry == "" {
			return nil, filepath.Base(config) + " has no main", nil
		}
	} else {
		at := slices.IndexFunc(entries, func(name string) bool {
			info, err := os.Stat(filepath.Join(b.Directory, filepath.FromSlash(name)))
			return err == nil && info.Mode().IsRegular()
		})
		if at < 0 {
			return nil, fmt.Sprintf("there is no %s and none of %s", wrangler.Names, strings.Join(entries, ", ")), nil
		}
		if entry, err = filepath.Abs(filepath.Join(b.Directory, filepath.FromSlash(entries[at]))); err != nil {
			return nil, "", err
		}
	}
	to := "--outdir=" + output
	if isScript(output) {
		to = "--outfile=" + output
	}
	return append([]string{program, entry, to}, esbuildFlags...), "", nil
}

// isScript reports whether a build output is one file.
func isScript(path string) bool { return slices.Contains([]string{".js", ".mjs"}, filepath.Ext(path)) }

// installed is the program of a package of npm's that the project has, as npm finds it: in its directory or in one that
// is above it. It is "" if there is none.
func (b BuildCommand) installed(name string) string {
	if runtime.GOOS == "windows" {
		name += ".cmd"
	}
	dir, err := filepath.Abs(b.Directory)
	for err == nil {
		program := filepath.Join(dir, "node_modules", ".bin", name)
		if _, err := os.Stat(program); err == nil {
			return program
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}
