// SPDX-License-Identifier: Apache-2.0

package provider

import "sync/atomic"

// describing counts the calls of GetSchema that are under way.
var describing atomic.Int32

// undescribed tells whether nobody would read descriptions. infer asks types for them at each Check and Diff too, where
// it looks for defaults, of which there are none, and then finds each field by looking at all: a large type takes it
// milliseconds.
func undescribed() bool { return describing.Load() == 0 }
