// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// TestErrorsReadWell writes every hint down as a user reads it.
func TestErrorsReadWell(t *testing.T) {
	t.Parallel()
	var list []error
	for code := range codeHints {
		list = append(list, &cfapi.Error{
			Op: "do a thing", API: code.api, Kind: cfapi.ErrInvalid, Status: 400,
			Codes: []cfapi.Code{{Code: code.code, Message: "Cloudflare's words"}}, Ray: "ray1",
		})
	}
	for code := range s3Hints {
		list = append(list, &cfapi.Error{
			Op: "read an object", API: cfapi.APIR2, Kind: cfapi.ErrNotFound, Status: 404, S3Code: code, Message: "R2's words",
		})
	}
	for _, h := range kindHints {
		list = append(list, &cfapi.Error{Op: "do a thing", API: h.api, Kind: h.kind, Status: 403})
	}
	taken := &takenError{account: "account", script: "api", deployments: []cfapi.Deployment{{
		AuthorEmail: "dev@example.com", Source: "wrangler", CreatedOn: time.Date(2026, 11, 1, 12, 30, 0, 0, time.UTC),
	}}}
	list = append(list,
		taken, &takenError{account: "account", script: "api"},
		&takenError{account: "account", script: "api", deployments: []cfapi.Deployment{{}}},
		&routeTakenError{pattern: "example.com/*", script: "other", id: "id"},
		&routeTakenError{pattern: "example.com/*", id: "id"},
		&addressesError{[]conflict{{"this is taken", "take it"}, {"that too", "take it"}, {"and this", "leave it"}}},
		&noSubdomainError{account: "account"},
		fmt.Errorf("bundle r2://b/k: %w", &bundle.MismatchError{Want: digest.OfBytes(nil), Got: digest.OfBytes([]byte("x"))}),
	)
	texts := make([]string, len(list))
	for i, err := range list {
		explained := explain(err)
		assert.NotEqual(t, err.Error(), explained.Error(), "no hint")
		require.ErrorIs(t, explained, err)
		texts[i] = explained.Error()
	}
	slices.SortFunc(texts, cmp.Compare)
	golden(t, "errors.txt", strings.Join(texts, "\n\n")+"\n")
}

func TestAnErrorIsExplainedOnce(t *testing.T) {
	t.Parallel()
	err := explain(&takenError{account: "a", script: "s"})
	assert.Equal(t, err, explain(err))
	plain := errors.New("plain")
	assert.Equal(t, plain, explain(plain))
	require.NoError(t, explain(nil))
}

func TestAtMostThreeHints(t *testing.T) {
	t.Parallel()
	var codes []cfapi.Code
	for code := range codeHints {
		if code.api == cfapi.APIWorkers {
			codes = append(codes, cfapi.Code{Code: code.code})
		}
	}
	require.Greater(t, len(codes), 3)
	err := explain(&cfapi.Error{API: cfapi.APIWorkers, Kind: cfapi.ErrInvalid, Codes: codes})
	assert.Equal(t, 3, strings.Count(err.Error(), "\n  hint: "))
}

func TestTheSameCodeMeansAnotherThingInAnotherAPI(t *testing.T) {
	t.Parallel()
	hint := func(api string) string {
		return explain(&cfapi.Error{API: api, Kind: cfapi.ErrNotFound, Codes: []cfapi.Code{{Code: 10007}}}).Error()
	}
	assert.Contains(t, hint(cfapi.APIWorkers), "no such Worker")
	assert.NotContains(t, hint(cfapi.APIR2), "Worker")
}
