// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"time"
)

// settleTimeout is how long a create is waited for at most.
const settleTimeout = time.Minute

// settled returns a context for a create whose answer must not be missed, and
// for finding out what became of it: it does not end with ctx. A cancellation in
// the middle would leave behind what nobody knows of. The error is that of a
// ctx that has ended already.
func settled(ctx context.Context) (context.Context, context.CancelFunc, error) {
	settled, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	return settled, cancel, ctx.Err()
}
