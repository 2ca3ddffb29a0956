// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/pkg/v3/codegen"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func spec(t *testing.T) schema.PackageSpec {
	t.Helper()
	var spec schema.PackageSpec
	require.NoError(t, json.Unmarshal([]byte(read(t, "schema.json")), &spec))
	return spec
}

// configuration are the keys of the provider's configuration.
func configuration(t *testing.T) []string {
	t.Helper()
	return slices.Collect(maps.Keys(spec(t).Config.Variables))
}

// TestEachLanguageHasAnExampleOfEachResource, and sees those of its own only.
func TestEachLanguageHasAnExampleOfEachResource(t *testing.T) {
	t.Parallel()
	for token, resource := range spec(t).Resources {
		for _, l := range languages {
			text := codegen.FilterExamples(resource.Description, l.name)
			assert.Containsf(t, text, "```"+l.name+"\n", "%s has no example in %s", token, l.name)
			assert.NotContainsf(t, text, "{{%", "%s: a shortcode is not understood", token)
			for _, other := range languages {
				if other.name != l.name {
					assert.NotContainsf(t, text, "```"+other.name+"\n", "%s, in %s", token, l.name)
				}
			}
		}
		// What has no example in its language gets none, and no heading without one.
		assert.NotContains(t, codegen.FilterExamples(resource.Description, "csharp"), "###", token)
	}
}
