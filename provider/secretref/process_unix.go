// SPDX-License-Identifier: Apache-2.0

//go:build unix

package secretref

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// separate makes a command that is not started yet the head of a process group of its own, which ends with the
// command's context.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return end(cmd) }
}

// end kills a command and its children, except those that moved to another process group. They may have ended
// already, and the command may never have started.
func end(cmd *exec.Cmd) error {
	if cmd.Process == nil {
		return os.ErrProcessDone
	}
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
