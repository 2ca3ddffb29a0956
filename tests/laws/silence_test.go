// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// TestPreviewsAreSilent: a preview of a create, and of every change, makes no request.
func TestPreviewsAreSilent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		for _, c := range append([]change{unchanged}, r.changes...) {
			w, s := begun(t, r)
			if c.name != unchanged.name {
				s.mustUp(properties(r.program(w)))
			}
			program := c.edit(w, r.program(w))
			w.forget()
			_, err := s.preview(properties(program))
			require.NoError(t, err, c.name)
			assert.Empty(t, w.Calls(), c.name)
		}
	})
}

// TestUnknownsNeverLeave: an input that is not known yet, whichever it is,
// neither fails a check, nor reaches Cloudflare, nor stays unnoticed.
func TestUnknownsNeverLeave(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		w, s := begun(t, r)
		program := r.program(w).with(account, "accountId")
		previewAll := func(op string) {
			program.paths(func(path []string) {
				for _, unknown := range []property.Value{
					property.New(property.Computed), property.New(property.Computed).WithSecret(true),
				} {
					when := fmt.Sprintf("%s with unknown %s, secret %t", op, strings.Join(path, "."), unknown.Secret())
					pl, err := s.preview(properties(program.with(unknown, path...)))
					require.NoError(t, err, when)
					assert.NotEqual(t, "same", pl.op, when)
					assert.True(t, property.New(pl.inputs).HasComputed(), when)
					assert.Empty(t, w.Calls(), when)
				}
			})
		}
		previewAll("create")
		s.mustUp(properties(program))
		w.forget()
		previewAll("update")
	})
}
