// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package runtime

import "os"

// lockFile opens a file. Workers do not run on this system, so nobody else does.
func lockFile(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) }
