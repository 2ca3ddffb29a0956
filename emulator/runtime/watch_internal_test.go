// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOnlyWhatWorksIsBusy(t *testing.T) {
	t.Parallel()
	const limit = 8 * time.Second
	assert.True(t, starved(limit, 0, true, 1))
	assert.True(t, starved(limit, time.Second-1, true, patience-1))
	assert.False(t, starved(limit, time.Second, true, 1), "it worked")
	assert.False(t, starved(limit, 0, false, 1), "nobody knows whether it worked")
	assert.False(t, starved(limit, 0, true, patience), "it does nothing at all")
}
