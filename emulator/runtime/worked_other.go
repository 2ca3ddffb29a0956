// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package runtime

import (
	"errors"
	"time"
)

// worked is not to be had here without another language.
func (*process) worked() (time.Duration, error) { return 0, errors.ErrUnsupported }
