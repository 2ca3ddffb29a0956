// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func named(t *testing.T, stack, name string, old property.Map) string {
	t.Helper()
	urn := resource.NewURN("", "project", "", workerToken, name)
	urn = resource.URN(strings.Replace(string(urn), "urn:pulumi:", "urn:pulumi:"+stack, 1))
	ctx := context.WithValue(t.Context(), urnKey{}, urn)
	return autoname(ctx, infer.CheckRequest{Name: name, OldInputs: old}, "scriptName", 30)
}

func TestANameIsMadeOnceForEachStack(t *testing.T) {
	t.Parallel()
	dev := named(t, "dev", "api", property.Map{})
	assert.Regexp(t, `^api-[0-9a-f]{7}$`, dev)
	assert.Equal(t, dev, named(t, "dev", "api", property.Map{}), "preview and update agree")
	assert.NotEqual(t, dev, named(t, "prod", "api", property.Map{}))
	assert.NotEqual(t, dev, named(t, "dev", "web", property.Map{}))
}

func TestTheOldNameIsKept(t *testing.T) {
	t.Parallel()
	old := property.NewMap(map[string]property.Value{"scriptName": property.New("imported")})
	assert.Equal(t, "imported", named(t, "dev", "api", old))
}

func TestAnyResourceNameMakesAValidName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"api", "My Worker!", "---", "", "ümläut", "a/b::c", strings.Repeat("long-", 40)} {
		got := named(t, "dev", name, property.Map{})
		assert.Regexp(t, scriptName, got, name)
		assert.LessOrEqual(t, len(got), 30, name)
	}
}

func TestABundlesIDIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	sha256 := strings.Repeat("ab", 32)
	for _, args := range []WorkerBundleArgs{
		{AccountID: "account", Bucket: "bundles", Prefix: "p", SHA256: sha256},
		{AccountID: "account", Bucket: "bundles", Prefix: "a/b/c", SHA256: sha256, Jurisdiction: "eu"},
	} {
		for _, single := range []bool{true, false} {
			args.Path = "dist/worker.js"
			got, key, err := parseBundleID(t.Context(), bundleID(args.AccountID, args.reference(single)))
			require.NoError(t, err)
			assert.Equal(t, args.key(single), key)
			args.Path = ""
			assert.Equal(t, args, got)
		}
	}
	for _, id := range []string{
		"account/bundles/" + sha256 + "/", "account/bundles/p/nothex/", "account/bundles", "account/bundles/",
	} {
		_, _, err := parseBundleID(t.Context(), id)
		require.ErrorContains(t, err, "is not the id of a bundle", id)
	}
}

func TestABucketsIDMayNameItsJurisdiction(t *testing.T) {
	t.Parallel()
	assert.Equal(t, R2BucketArgs{AccountID: "account", Name: "b"}, parseBucketID(t.Context(), "account/b"))
	assert.Equal(t, R2BucketArgs{AccountID: "account", Jurisdiction: "eu", Name: "b"},
		parseBucketID(t.Context(), "account/eu/b"))
}
