// SPDX-License-Identifier: Apache-2.0

//go:build unix

package runtime

import (
	"os/exec"
	"syscall"
)

// killChild ends a started command and its children at once. It may have ended already.
func killChild(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// termChild asks a started command to end. It may have ended already.
func termChild(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
