// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryBindingHasAnExample: how it is declared, and how it is used unless it is a global variable or nobody knows.
func TestEveryBindingHasAnExample(t *testing.T) {
	t.Parallel()
	var schema struct {
		Types map[string]struct{ Properties map[string]any }
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, "schema.json")), &schema))
	kinds := schema.Types["cloudflare-workers:index:Binding"].Properties
	require.NotEmpty(t, kinds)
	const example = "examples/patterns/bindings/"
	page := read(t, "docs/bindings.md")
	for kind := range kinds {
		assert.Contains(t, page, "`"+kind+"`")
		if kind == "wasmModule" {
			continue // as textBlob, and would need a binary file
		}
		assert.Contains(t, page, "<!-- code: "+example+"Pulumi.yaml "+kind+" -->")
		switch kind {
		case "textBlob", "dataBlob", "logfwdr":
		default:
			assert.Contains(t, page, "<!-- code: "+example+"worker.ts "+kind+" -->")
		}
	}
}
