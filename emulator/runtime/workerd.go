// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// errNoWorkerd is returned when no workerd can be found.
var errNoWorkerd = errors.New("workerd is not installed: run make setup, or set WORKERD to the path of its binary")

// FindWorkerd returns the path of a workerd binary: $WORKERD, else workerd on the PATH, else the newest one that
// npm installed in a node_modules or tools/node_modules directory of the working directory, of the executable's
// directory or of a parent of either.
func FindWorkerd() (string, error) {
	if path := os.Getenv("WORKERD"); path != "" {
		if _, err := os.Stat(path); err != nil { //nolint:gosec // the user names what to run
			return "", fmt.Errorf("workerd named by $WORKERD: %w", err)
		}
		return path, nil
	}
	if path, err := exec.LookPath("workerd"); err == nil && !isScript(path) {
		return path, nil
	}
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if executable, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(executable))
	}
	for _, dir := range starts {
		if path := installedWorkerd(dir); path != "" {
			return path, nil
		}
	}
	return "", errNoWorkerd
}

// installedWorkerd looks for npm's workerd in dir and its parents.
func installedWorkerd(dir string) string {
	for {
		for _, modules := range []string{"node_modules", "tools/node_modules"} {
			pattern := filepath.Join(dir, filepath.FromSlash(modules), "@cloudflare", "workerd-*", "bin", "workerd")
			if matches, err := filepath.Glob(pattern); err == nil && len(matches) > 0 {
				return matches[0]
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// isScript tells whether path is a script. npm's launcher of workerd is one: it needs Node, and does not pass the
// control file descriptor on.
func isScript(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read from: nothing to lose
	start := make([]byte, 2)
	_, err = io.ReadFull(f, start)
	return err == nil && string(start) == "#!"
}
