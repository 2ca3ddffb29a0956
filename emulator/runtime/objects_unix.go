// SPDX-License-Identifier: Apache-2.0

//go:build unix

package runtime

import (
	"errors"
	"os"
	"syscall"
)

// lockFile opens a file and locks it until the file is closed here and in all processes that inherited it. The error is
// errLocked if it is locked already.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errLocked
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
