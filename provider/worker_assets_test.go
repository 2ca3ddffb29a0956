// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func TestWhatIsWrongWithAssetsIsNamed(t *testing.T) {
	t.Parallel()
	for property, w := range map[string]WorkerAssets{
		"":                           {Directory: "public", RunWorkerFirstRules: []string{"/api/*", "!/api/docs/*"}},
		"assets":                     {},
		"assets.prefix":              {Bucket: "sites", Prefix: "v1"},
		"assets.jurisdiction":        {Directory: "public", Jurisdiction: "eu"},
		"assets.htmlHandling":        {Directory: "public", HTMLHandling: "some"},
		"assets.notFoundHandling":    {Directory: "public", NotFoundHandling: "some"},
		"assets.runWorkerFirstRules": {Directory: "public", RunWorkerFirst: true, RunWorkerFirstRules: []string{"/a"}},
	} {
		assert.Equal(t, property, wrongAssets(w), property)
	}
	for _, w := range []WorkerAssets{
		{Directory: "public", Bucket: "sites"},
		{Directory: "public", Archive: &types.AssetOrArchive{Archive: &resource.Archive{Path: "public"}}},
		{Bucket: "sites", Archive: &types.AssetOrArchive{Archive: &resource.Archive{Path: "public"}}},
		{Prefix: "v1/"},
	} {
		assert.Equal(t, "assets", wrongAssets(w))
	}
	assert.Equal(t, "assets.prefix", wrongAssets(WorkerAssets{Directory: "public", Prefix: "v1/"}))
	assert.Equal(t, "assets.prefix", wrongAssets(WorkerAssets{Bucket: "sites", Prefix: "/v1/"}))
	for _, rules := range [][]string{{"!/a"}, {"a"}, {"/a", "!a"}, {"/a", "/a"}, make([]string, 101)} {
		got := wrongAssets(WorkerAssets{Directory: "public", RunWorkerFirstRules: rules})
		assert.Equal(t, "assets.runWorkerFirstRules", got, rules)
	}
	c := &checker{inputs: property.Map{}}
	c.assets(CloudflareWorkerArgs{Bindings: map[string]Binding{"FILES": {Assets: &AssetsBinding{}}}})
	assert.Equal(t, "bindings.FILES", c.failures[0].Property, "there are none")
}

// wrongAssets returns the first property that is wrong.
func wrongAssets(w WorkerAssets) string {
	c := &checker{inputs: property.Map{}}
	c.assets(CloudflareWorkerArgs{Assets: &w})
	if len(c.failures) == 0 {
		return ""
	}
	return c.failures[0].Property
}
