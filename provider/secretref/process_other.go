// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package secretref

import (
	"os"
	"os/exec"
)

// separate does nothing: where there are no process groups, a command's children are left alone.
func separate(*exec.Cmd) {}

// end kills a command. It may have ended already, and may never have started.
func end(cmd *exec.Cmd) error {
	if cmd.Process == nil {
		return os.ErrProcessDone
	}
	return cmd.Process.Kill()
}
