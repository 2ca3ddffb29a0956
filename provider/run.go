// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	hostclient "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// maxVerbosity is the highest log level at which Pulumi's RPC layer, which runs
// in this process before anything of ours, does not log the properties that it
// receives, secrets among them (pulumi/sdk, go/common/resource/plugin/rpc.go).
const maxVerbosity = 8

// Run serves the provider to the engine that started this process, until it ends. Schema
// is what [New] says of itself (schema.json): to make it anew costs more than all else
// that a preview without changes does. It lacks the version, which is added.
func Run(ctx context.Context, version string, schema []byte) error {
	prov, err := New()
	if err != nil {
		return err
	}
	prov.GetSchema = func(context.Context, p.GetSchemaRequest) (p.GetSchemaResponse, error) {
		text, err := stamped(schema, version) // few operations ask, and none twice
		return p.GetSchemaResponse{Schema: text}, err
	}
	// The same layer records requests and answers in traces, unless it is told not to.
	if err := os.Setenv("PULUMI_TRACING_NO_PAYLOADS", "true"); err != nil {
		return err
	}
	return hostclient.MainContext(ctx, Name, func(host *hostclient.HostClient) (pulumirpc.ResourceProviderServer, error) {
		logging.Verbose = min(logging.Verbose, maxVerbosity) // by now the arguments are read; nothing is served yet
		server, err := p.RawServer(Name, version, prov)(host)
		return aliasServer{server}, err
	})
}

// stamped returns the schema with the version.
func stamped(schema []byte, version string) (string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(schema, &members); err != nil {
		return "", fmt.Errorf("read the schema: %w", err)
	}
	if _, ok := members["resources"]; !ok {
		return "", errors.New("read the schema: it has no resources")
	}
	var err error
	if members["version"], err = json.Marshal(version); err != nil {
		return "", err
	}
	text, err := json.Marshal(members)
	return string(text), err
}
