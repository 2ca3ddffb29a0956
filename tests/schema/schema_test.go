// SPDX-License-Identifier: Apache-2.0

// Package schema pins the package's public surface. Run with -update to accept a change.
package schema

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
)

var update = flag.Bool("update", false, "rewrite schema.json")

const golden = "../../schema.json"

func spec(t *testing.T) schema.PackageSpec {
	t.Helper()
	prov, err := provider.New()
	require.NoError(t, err)
	spec, err := p.GetSchema(t.Context(), provider.Name, "", prov)
	require.NoError(t, err)
	return spec
}

func TestSchemaIsTheReviewedOne(t *testing.T) {
	t.Parallel()
	spec := spec(t)
	_, diags, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	require.NoError(t, err)
	require.Empty(t, diags)

	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(spec))
	if *update {
		require.NoError(t, os.WriteFile(golden, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got.String(), "schema.json is stale: run `make schema` and review the difference")
}

// TestEverythingIsDescribed keeps the generated SDKs documented: a description says more than the name does.
func TestEverythingIsDescribed(t *testing.T) {
	t.Parallel()
	spec := spec(t)
	properties := func(owner string, props map[string]schema.PropertySpec) {
		for name, prop := range props {
			assert.GreaterOrEqualf(t, len(strings.Fields(prop.Description)), 4, "%s.%s: %q", owner, name, prop.Description)
			assert.Truef(t, strings.HasSuffix(prop.Description, "."), "%s.%s is not a sentence", owner, name)
		}
	}
	properties("config", spec.Config.Variables)
	properties("provider", spec.Provider.InputProperties)
	require.NotEmpty(t, spec.Resources)
	for token, r := range spec.Resources {
		assert.Contains(t, r.Description, "## Example Usage", token)
		assert.Contains(t, r.Description, "```typescript", token)
		assert.Contains(t, r.Description, "```yaml", token)
		if !r.IsComponent { // it has nothing of its own at Cloudflare
			assert.Contains(t, r.Description, "pulumi import "+token, token)
		}
		properties(token, r.InputProperties)
		properties(token, r.Properties)
	}
	for token, f := range spec.Functions {
		assert.NotEmpty(t, f.Description, token)
	}
	for token, complexType := range spec.Types {
		assert.NotEmpty(t, complexType.Description, token)
		properties(token, complexType.Properties)
		for _, value := range complexType.Enum {
			assert.NotEmptyf(t, value.Description, "%s %v", token, value.Value)
		}
	}
}

// TestOptionalInputsNameTheirDefault: whoever leaves an input out must be able to read what happens then.
func TestOptionalInputsNameTheirDefault(t *testing.T) {
	t.Parallel()
	withoutDefault := map[string]string{ // reason for each
		"variables": "absent means none", "secrets": "absent means none", "bindings": "absent means " +
			"none", "routes": "absent means none",
	}
	for token, r := range spec(t).Resources {
		required := map[string]bool{}
		for _, name := range r.RequiredInputs {
			required[name] = true
		}
		for name, prop := range r.InputProperties {
			if !required[name] && withoutDefault[name] == "" {
				assert.Containsf(t, prop.Description, "Default:", "%s.%s", token, name)
			}
		}
	}
}
