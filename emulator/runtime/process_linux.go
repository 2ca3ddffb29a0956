// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"os/exec"
	"syscall"
)

// startChild starts cmd so that it dies with this process, however that ends, and not from a terminal's signals
// to this process. Release is to be called when the child has ended.
func startChild(cmd *exec.Cmd) (release func(), err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return func() {}, cmd.Start()
}
