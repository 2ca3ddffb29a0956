// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package runtime

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// startChild starts cmd so that it dies with this process, however that ends, and not from a terminal's signals
// to this process. Release is to be called when the child has ended.
//
// A shell waits for the end of a pipe that only this process holds open, and then kills the child.
func startChild(cmd *exec.Cmd) (release func(), err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		killChild(cmd)
		return nil, errors.Join(fmt.Errorf("watchdog: %w", err), cmd.Wait())
	}
	watchdog := exec.Command("/bin/sh", "-c", `read -r _ || kill -9 "$1"`, "watchdog", strconv.Itoa(cmd.Process.Pid))
	watchdog.Stdin = reader
	watchdog.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = watchdog.Start()
	_ = reader.Close() // the watchdog has its own
	if err != nil {
		killChild(cmd)
		return nil, errors.Join(fmt.Errorf("watchdog: %w", err), writer.Close(), cmd.Wait())
	}
	return func() {
		// A line makes the watchdog leave without killing whoever got the child's id since.
		_, _ = writer.WriteString("ended\n")
		_ = writer.Close()
		_ = watchdog.Wait()
	}, nil
}
