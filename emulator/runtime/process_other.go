// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package runtime

import (
	"errors"
	"os/exec"
)

// startChild is not to be had here: workerd has no control file descriptor on this system.
func startChild(*exec.Cmd) (release func(), err error) {
	return nil, errors.New("running Workers is supported on Linux and macOS only")
}

func killChild(*exec.Cmd) {}

func termChild(*exec.Cmd) {}
