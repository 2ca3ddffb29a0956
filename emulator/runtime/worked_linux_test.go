// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatAProcessWorkedIsItsProcessorTime(t *testing.T) {
	t.Parallel()
	used := func() time.Duration {
		var usage syscall.Rusage
		require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	for used() < 100*time.Millisecond { // which is the work
	}
	least := used()
	worked, err := (&process{pid: os.Getpid()}).worked()
	most := used()
	require.NoError(t, err)
	const rounding = 20 * time.Millisecond
	assert.GreaterOrEqual(t, worked, least-rounding)
	assert.LessOrEqual(t, worked, most+rounding)
	_, err = (&process{pid: -1}).worked()
	assert.Error(t, err)
}
