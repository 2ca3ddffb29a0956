// SPDX-License-Identifier: Apache-2.0

// Languagehost runs Pulumi programs written in Go, TypeScript and Python. Installed under the name
// pulumi-language-go, pulumi-language-nodejs or pulumi-language-python it serves that language to the Pulumi engine
// that starts it.
//
// It exists because those hosts cannot be built from Go modules at the version of the engine that the tests use. It
// is a tool of development: whoever installs Pulumi has the real ones, and `make setup` prefers them. What it leaves
// out: debuggers, policy packs, plugins that are not written in Go, and plugin discovery before a program runs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// heartbeat is how often the host looks whether its engine is still there.
const heartbeat = time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
}

// run serves the language that args[0] names to the engine at the address that is the last argument, until ctx ends
// or that engine is gone. The port it listens on is the one line it writes to out.
func run(ctx context.Context, args []string, out io.Writer) error {
	name := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	language, ok := languages[strings.TrimPrefix(name, "pulumi-language-")]
	if !ok {
		return errors.New("install this program as pulumi-language-go, -nodejs or -python")
	}
	if len(args) < 2 {
		return errors.New("the engine's address is missing; the Pulumi engine starts this program")
	}
	engine := args[len(args)-1]

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := rpcutil.Healthcheck(ctx, engine, heartbeat, cancel); err != nil {
		return fmt.Errorf("watch the engine: %w", err)
	}
	ended := make(chan bool)
	context.AfterFunc(ctx, func() { close(ended) })

	server, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: ended,
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(s, &host{language: language, engine: engine})
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if _, err := fmt.Fprintln(out, server.Port); err != nil {
		return fmt.Errorf("tell the port: %w", err)
	}
	return <-server.Done
}

// version is that of the Pulumi SDK this host is built with: hosts carry the number of their engine.
func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if dep.Path == "github.com/pulumi/pulumi/sdk/v3" {
			return dep.Version
		}
	}
	return ""
}
