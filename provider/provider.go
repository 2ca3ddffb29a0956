// SPDX-License-Identifier: Apache-2.0

package provider

import (
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// Name is the name of the Pulumi package and of its plugin.
const Name = "cloudflare-workers"

const repository = "github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers"

// New assembles the provider. It does no I/O.
func New() (p.Provider, error) {
	prov, err := infer.NewProviderBuilder().
		WithDisplayName("Cloudflare Workers").
		WithDescription("Deploy Cloudflare Workers from immutable artifacts, with secrets that nobody can read back.").
		WithKeywords("pulumi", "cloudflare", "workers", "category/cloud", "kind/native").
		WithHomepage("https://"+repository).
		WithRepository("https://"+repository).
		WithLicense("Apache-2.0").
		WithPublisher("pulumi-cloudflare-workers").
		WithPluginDownloadURL("github://api.github.com/pulumi-cloudflare-workers").
		WithLanguageMap(languages).
		WithConfig(infer.Config(&Config{})).
		WithResources(
			infer.Resource(&CloudflareWorker{}),
			infer.Resource(&WorkerBundle{}),
			infer.Resource(&KvNamespace{}),
			infer.Resource(&R2Bucket{}),
			infer.Resource(&SecretsStoreSecret{}),
			infer.Resource(&D1Database{}),
			infer.Resource(&Queue{}),
		).
		WithComponents(newWorkerApp()).
		WithFunctions(fromWrangler(), fromManifest(), infer.Function(&GetBundle{}), infer.Function(&GetWorker{})).
		WithModuleMap(map[tokens.ModuleName]tokens.ModuleName{"provider": "index", "component": "index"}).
		Build()
	if err != nil {
		return p.Provider{}, err
	}
	prov = withSealedSecrets(withoutZeros(withStateDiff(withURN(prov))))
	return withFilledIn(withConfigDiff(withNestedConfig(withMissing(prov)))), nil
}

// languages names the generated packages.
var languages = map[string]any{
	"go": map[string]any{
		"importBasePath":                 repository + "/sdk/go/cloudflareworkers",
		"generateResourceContainerTypes": true,
		"respectSchemaVersion":           true,
	},
	"nodejs": map[string]any{"packageName": "pulumi-cloudflare-workers", "respectSchemaVersion": true},
	"python": map[string]any{
		"packageName":          "pulumi_cloudflare_workers",
		"respectSchemaVersion": true,
		"pyproject":            map[string]any{"enabled": true},
	},
	"csharp": map[string]any{
		"rootNamespace":        "Pulumi",
		"namespaces":           map[string]any{Name: "CloudflareWorkers"},
		"packageReferences":    map[string]any{"Pulumi": "3.*"},
		"respectSchemaVersion": true,
	},
	"java": map[string]any{
		"basePackage":  "com.pulumi",
		"packages":     map[string]any{Name: "cloudflareworkers"},
		"buildFiles":   "none", // a pom.xml is beside the generated files
		"dependencies": map[string]any{"com.pulumi:pulumi": "1.16.0"},
	},
}
