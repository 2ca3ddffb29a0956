// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// TestRawMetadataSaysNothingTwice: each member that is sent anyway is an error that names the input.
func TestRawMetadataSaysNothingTwice(t *testing.T) {
	t.Parallel()
	for _, name := range cfapi.MetadataMembers() {
		assert.NotEmpty(t, typedMetadata[name], "which input is it?")
	}
	for name, typed := range typedMetadata {
		c := &checker{inputs: property.Map{}}
		c.rawMetadata(CloudflareWorkerArgs{RawMetadata: map[string]any{name: true, "novelty": 1}})
		if assert.Len(t, c.failures, 1, name) {
			assert.Equal(t, "rawMetadata."+name, c.failures[0].Property)
			assert.Contains(t, c.failures[0].Reason, "use "+typed)
		}
	}
}
