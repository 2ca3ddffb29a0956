// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// TestTheStateOfABigWorkerIsSmall: a bundle never enters the state.
func TestTheStateOfABigWorkerIsSmall(t *testing.T) {
	t.Parallel()
	const bundleSize, maxState = 10 << 20, 8 << 10 // bytes
	r := cloudflareWorker()
	w, s := begun(t, r)
	data := bytes.Repeat([]byte("0123456789abcdef"), bundleSize/16)
	big := w.build("big", map[string][]byte{"index.js": script("big"), "data.bin": data})
	w.put(big)
	s.mustUp(properties(r.program(w).with(big.reference(), "bundle")))
	assert.Greater(t, s.outputs.Get("bundleSize").AsNumber(), float64(bundleSize))
	state, err := json.Marshal([]any{plain(propertyOf(s.inputs)), plain(propertyOf(s.outputs))})
	require.NoError(t, err)
	assert.Less(t, len(state), maxState)
}

// TestABundleIsDownloadedOnce: by all the Workers of a deployment together.
func TestABundleIsDownloadedOnce(t *testing.T) {
	t.Parallel()
	const workers = 100
	r := cloudflareWorker()
	w, first := begun(t, r)
	var deployment errgroup.Group
	for i := range workers {
		s := *first
		name := fmt.Sprintf("api-%d", i)
		s.urn = resource.NewURN("dev", "laws", "", r.token, name)
		program := properties(r.program(w).with(name, "scriptName").with(nil, "routes").with(nil, "customDomains").
			with(nil, "schedules"))
		deployment.Go(func() error { return s.up(program) })
	}
	require.NoError(t, deployment.Wait())
	downloads, uploads := 0, 0
	for _, call := range w.Calls() {
		if strings.HasPrefix(call, "S3 ") {
			downloads++
		}
		if strings.HasPrefix(call, "PUT ") {
			uploads++
		}
	}
	assert.Equal(t, 1+len(w.builds["v1"].Files), downloads)
	assert.Equal(t, workers, uploads)
}
