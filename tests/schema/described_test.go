// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/wrangler"
)

// TestWhereWranglersKeysGoThereIsAnInput follows each key's place through the schema of CloudflareWorker.
func TestWhereWranglersKeysGoThereIsAnInput(t *testing.T) {
	t.Parallel()
	spec := spec(t)
	worker := spec.Resources["cloudflare-workers:index:CloudflareWorker"]
	require.NotEmpty(t, worker.InputProperties)
	found := 0
	for _, key := range wrangler.Keys() {
		if key.To == "" {
			continue
		}
		if place := missing(spec, worker.InputProperties, key.To); place != "" {
			assert.Failf(t, "no input", "%s goes to %s: there is no %s", key.Path, key.To, place)
			continue
		}
		found++
	}
	assert.Greater(t, found, 100)
}

// missing follows a place and returns the first part of it that does not exist; "" if all do.
func missing(spec schema.PackageSpec, properties map[string]schema.PropertySpec, to string) string {
	at := schema.TypeSpec{}
	for i, part := range strings.Split(to, ".") {
		name := strings.TrimSuffix(part, "[]")
		if name == "*" || strings.HasPrefix(name, "<") { // a name in a map
			if at.AdditionalProperties == nil {
				return name
			}
			at = *at.AdditionalProperties
		} else {
			if i > 0 {
				if anything := "pulumi.json#/Any"; at.Ref == anything ||
					at.AdditionalProperties != nil && at.AdditionalProperties.Ref == anything {
					return ""
				}
				properties = spec.Types[strings.TrimPrefix(at.Ref, "#/types/")].Properties
			}
			property, ok := properties[name]
			if !ok {
				return name
			}
			at = property.TypeSpec
		}
		if part != name {
			if at.Items == nil {
				return part
			}
			at = *at.Items
		}
	}
	return ""
}

// TestWhatAFileDescribesIsAWorkersInputs: the results of the functions have the types that the resource takes.
func TestWhatAFileDescribesIsAWorkersInputs(t *testing.T) {
	t.Parallel()
	spec := spec(t)
	worker := spec.Resources["cloudflare-workers:index:CloudflareWorker"]
	for _, function := range []string{"fromWrangler", "fromManifest"} {
		f := spec.Functions["cloudflare-workers:index:"+function]
		require.NotNil(t, f.ReturnType, function)
		require.NotNil(t, f.ReturnType.ObjectTypeSpec, function)
		result := f.ReturnType.ObjectTypeSpec.Properties
		for name, input := range worker.InputProperties {
			assert.Equalf(t, input.TypeSpec, result[name].TypeSpec, "%s.%s", function, name)
		}
		assert.Len(t, result, len(worker.InputProperties), function)
	}
}
