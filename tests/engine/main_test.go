// SPDX-License-Identifier: Apache-2.0

// Package engine runs whole programs through the real Pulumi engine and CLI, the provider's binary and a local
// Cloudflare that really runs what is deployed. Run with -update to accept changes of the golden files.
package engine_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// checkout has the provider's binary and the SDKs, made once for all tests.
var checkout *sandbox.Checkout

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "engine-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if checkout, err = sandbox.New(context.Background(), dir); err != nil {
		return 0, err
	}
	variables, err := checkout.Hasty()
	if err != nil {
		return 0, err
	}
	for name, value := range variables {
		if err := os.Setenv(name, value); err != nil {
			return 0, err
		}
	}
	return m.Run(), nil
}
