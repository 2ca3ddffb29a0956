// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"maps"
	"slices"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

const rawMetadataDoc = "Members of the upload's metadata that this provider does not know yet, as Cloudflare's API " +
	"has them (https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/): a way out until " +
	"they are inputs. Cloudflare does not tell them, so that a refresh does not see when others change them, and an " +
	"import does not find them. They are no place for secrets. Default: none."

// typedMetadata says what takes the place of members of an upload's metadata that have one.
var typedMetadata = map[string]string{
	"main_module": "mainModule", "body_part": "format", "compatibility_date": "compatibilityDate",
	"compatibility_flags": "compatibilityFlags", "bindings": "bindings", "keep_bindings": "unmanagedSecrets",
	"migrations": "migrations", "exports": "exports", "annotations": "annotations", "placement": "placement",
	"limits": "limits", "cache_options": "cacheOptions", "assets": "assets", "keep_assets": "assets",
	"package_dependencies": "bundle", "code_update_strategy": "codeUpdateStrategy",

	// Settings of the Worker, which are sent apart from its versions.
	"logpush": "logpush", "observability": "observability", "tags": "tags", "tail_consumers": "tailConsumers",
	"streaming_tail_consumers": "streamingTailConsumers",
}

// rawMetadata refuses what would be said twice.
func (c *checker) rawMetadata(args CloudflareWorkerArgs) {
	for _, name := range slices.Sorted(maps.Keys(args.RawMetadata)) {
		path := []string{"rawMetadata", name}
		typed := typedMetadata[name]
		c.fail(typed != "", path, "has an input of its own: use %s", typed)
		c.fail(name == "", path, "must be the name of a member of the metadata")
		c.fail(typed == "" && slices.Contains(cfapi.MetadataMembers(), name), path, "is what this provider sends itself")
	}
}
