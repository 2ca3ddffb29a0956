// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// needless are outputs that may be unknown in the preview of a change that leaves them alone, with the reasons.
var needless = map[string]string{
	"etag":                 "what Cloudflare makes it of is not known",
	"bundleSize":           "another bundle may be as large",
	"assetCount":           "other assets may be as many",
	"assetSize":            "other assets may be as large",
	"unmanagedSecretNames": "others may have set some since",
	"modifiedOn":           "the same scopes may be in another order",
	"setAt":                "it may be the same second",
	"publicUrls":           "they depend on publicAccess as a whole",
}

// TestPreviewsPromiseWhatComes: an output that is known in the preview of a change is what it will be, and one that is
// not known is one that can change: what depends on it is shown as if it did.
func TestPreviewsPromiseWhatComes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		for _, c := range r.changes {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				program := properties(c.edit(w, r.program(w)))
				pl, err := s.preview(program)
				require.NoError(t, err)
				if pl.op != "update" {
					return
				}
				before := s.outputs
				s.mustUp(program)
				for name := range spec(t).Resources[string(r.token)].Properties {
					promised, was, is := pl.outputs.Get(name), before.Get(name), s.outputs.Get(name)
					switch {
					case !promised.HasComputed():
						assert.Equal(t, is, promised, name)
					case needless[name] == "":
						assert.False(t, was.Equals(is), "%s need not be unknown", name)
					}
				}
			})
		}
	})
}
