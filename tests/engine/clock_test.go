// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// A clock stands still at the time when it was made, until the test lets time pass. What Workers see is the true time.
type clock struct {
	made   time.Time
	passed atomic.Int64
}

func (c *clock) now() time.Time { return c.made.Add(time.Duration(c.passed.Load())) }

// ticking is a server that runs what is deployed, by a clock of the test's.
func ticking(t *testing.T) (*emulator.Server, *clock) {
	t.Helper()
	s, clock := running(t), &clock{made: time.Now()}
	s.Now, s.Runtime.Now = clock.now, clock.now
	return s, clock
}

// pass lets the cloud do what is due after a time: it delivers messages and fires cron triggers. Then it is as early as
// before, since S3 refuses clients whose clocks differ.
func (c *cloud) pass(t *testing.T, clock *clock, d time.Duration) {
	t.Helper()
	clock.passed.Add(int64(d))
	require.NoError(t, c.Tick(t.Context()))
	clock.passed.Add(-int64(d))
}
