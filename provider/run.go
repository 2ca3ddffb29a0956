// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"os"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	hostclient "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// maxVerbosity is the highest log level at which Pulumi's RPC layer, which runs
// in this process before anything of ours, does not log the properties that it
// receives, secrets among them (pulumi/sdk, go/common/resource/plugin/rpc.go).
const maxVerbosity = 8

// Run serves the provider to the engine that started this process, until it ends.
func Run(ctx context.Context, version string) error {
	prov, err := New()
	if err != nil {
		return err
	}
	// The same layer records requests and answers in traces, unless it is told not to.
	if err := os.Setenv("PULUMI_TRACING_NO_PAYLOADS", "true"); err != nil {
		return err
	}
	return p.RunProviderF(ctx, Name, version, func(*hostclient.HostClient) (p.Provider, error) {
		logging.Verbose = min(logging.Verbose, maxVerbosity) // by now the arguments are read; nothing is served yet
		return prov, nil
	})
}
