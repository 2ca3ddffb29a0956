// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// needless are outputs that may be unknown in the preview of a change that leaves them alone, with the reasons.
var needless = map[string]string{
	"etag":                 "what Cloudflare makes it of is not known",
	"bundleSize":           "another bundle may be as large",
	"assetCount":           "other assets may be as many",
	"assetSize":            "other assets may be as large",
	"unmanagedSecretNames": "others may have set some since",

	"unmanagedVariableNames": "others may have set some since",
	"modifiedOn":             "the same scopes may be in another order",
	"setAt":                  "it may be the same second",
	"publicUrls":             "they depend on publicAccess as a whole",
}

// promises previews the program, and returns what checks after the update that an output which was known in the preview
// is what it was to be, and that one which was not known can change: what depends on it was shown as if it did.
func promises(t *testing.T, r subject, s *stack, program property.Map) (kept func()) {
	t.Helper()
	pl, err := s.preview(program)
	require.NoError(t, err)
	before := s.outputs
	return func() {
		if pl.op != "update" {
			return
		}
		for name := range spec(t).Resources[string(r.token)].Properties {
			promised, was, is := pl.outputs.Get(name), before.Get(name), s.outputs.Get(name)
			switch {
			case !promised.HasComputed():
				assert.Equal(t, is, promised, name)
			case needless[name] == "":
				assert.False(t, was.Equals(is), "%s need not be unknown", name)
			}
		}
	}
}
