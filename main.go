// SPDX-License-Identifier: Apache-2.0

// Pulumi-resource-cloudflare-workers serves the provider to the Pulumi engine.
//
// It stands at the root of the module because PulumiPlugin.yaml does: the
// engine compiles the directory that holds that file.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
)

// version is set by the linker.
var version = "0.1.0-dev"

//go:embed schema.json
var schema []byte

func main() {
	if err := provider.Run(context.Background(), version, schema); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-"+provider.Name+":", err)
		os.Exit(1)
	}
}
