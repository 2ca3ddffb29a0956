// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestConditionsFollowR2 is the table of cloudflare/workers-sdk packages/miniflare/test/plugins/r2/validator.spec.ts,
// and which failure of a read is "not modified".
func TestConditionsFollowR2(t *testing.T) {
	t.Parallel()
	uploaded := time.Date(2022, 2, 1, 0, 0, 0, 5e6, time.UTC)
	object := &Object{ETag: "test", Uploaded: uploaded}
	is, weak, every, other := []ETag{{Value: "test"}}, []ETag{{Value: "test", Weak: true}}, []ETag{{Value: "*"}},
		[]ETag{{Value: "other"}}
	before, after := uploaded.Add(-time.Hour), uploaded.Add(time.Hour)
	for name, test := range map[string]struct {
		conditions Conditions
		object     *Object
		want       error
	}{
		"none":                       {Conditions{}, object, nil},
		"none of nothing":            {Conditions{}, nil, nil},
		"match":                      {Conditions{Match: is}, object, nil},
		"match any":                  {Conditions{Match: every}, object, nil},
		"match one of two":           {Conditions{Match: append(other, is...)}, object, nil},
		"match other":                {Conditions{Match: other}, object, ErrPreconditionFailed},
		"match is strong":            {Conditions{Match: weak}, object, ErrPreconditionFailed},
		"match nothing":              {Conditions{Match: every}, nil, ErrPreconditionFailed},
		"none match":                 {Conditions{NoneMatch: other}, object, nil},
		"none match same":            {Conditions{NoneMatch: is}, object, ErrNotModified},
		"none match is weak":         {Conditions{NoneMatch: weak}, object, ErrNotModified},
		"none match any":             {Conditions{NoneMatch: every}, object, ErrNotModified},
		"none match any of nothing":  {Conditions{NoneMatch: every}, nil, nil},
		"modified since":             {Conditions{ModifiedSince: before}, object, nil},
		"not modified since":         {Conditions{ModifiedSince: after}, object, ErrNotModified},
		"modified since of nothing":  {Conditions{ModifiedSince: before}, nil, ErrPreconditionFailed},
		"unmodified since":           {Conditions{UnmodifiedSince: after}, object, nil},
		"not unmodified since":       {Conditions{UnmodifiedSince: before}, object, ErrPreconditionFailed},
		"unmodified of nothing":      {Conditions{UnmodifiedSince: before}, nil, nil},
		"match outweighs date":       {Conditions{Match: is, UnmodifiedSince: before}, object, nil},
		"other tag outweighs date":   {Conditions{NoneMatch: other, ModifiedSince: after}, object, nil},
		"date does not outweigh tag": {Conditions{NoneMatch: is, ModifiedSince: before}, object, ErrNotModified},
		"412 before 304": {
			Conditions{Match: other, NoneMatch: is}, object, ErrPreconditionFailed,
		},
		"same second": {
			Conditions{ModifiedSince: uploaded.Truncate(time.Second), Seconds: true}, object, ErrNotModified,
		},
		"same second, by milliseconds": {Conditions{ModifiedSince: uploaded.Truncate(time.Second)}, object, nil},
	} {
		require.ErrorIs(t, test.conditions.check(test.object), test.want, name)
		if test.want == nil {
			require.NoError(t, test.conditions.checkWrite(test.object), name)
		} else {
			require.ErrorIs(t, test.conditions.checkWrite(test.object), ErrPreconditionFailed, name)
		}
	}
}
