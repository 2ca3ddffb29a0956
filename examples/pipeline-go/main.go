// SPDX-License-Identifier: Apache-2.0

// A pipeline that deploys a Worker to staging and promotes what was tested there to production. It shows what would
// change, deploys what is approved, tests it over HTTP, and takes it back if the test fails and that can be.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

// What the process exits with tells CI what to do next.
const (
	exitDone       = 0 // the stack is as it should be
	exitFailed     = 1
	exitPending    = 2 // there are changes that nobody approved; nothing was changed
	exitRolledBack = 3 // the new version failed its test; the one before it serves again
	exitFailing    = 4 // the new version failed its test; it serves, for none can take its place
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := exitDone
	err := run(ctx)
	switch {
	case errors.Is(err, errPending):
		code = exitPending
	case errors.Is(err, errRolledBack):
		code = exitRolledBack
	case errors.Is(err, errFailing):
		code = exitFailing
	case err != nil:
		code = exitFailed
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run(ctx context.Context) error {
	var p pipeline
	flag.StringVar(&p.stack, "stack", "staging", "the stack to deploy")
	dist := flag.String("dist", "../worker/dist", "the Worker's build output")
	flag.StringVar(&p.promoteFrom, "promote-from", "", "deploy what this stack runs, and no build output")
	flag.BoolVar(&p.approve, "approve", false, "deploy the changes; without it, they are only shown")
	flag.StringVar(&p.summaryDir, "summary", "", "directory for summary.json and summary.md")
	plugins := flag.String("plugins", "../../bin", "directory of the provider's binary; empty: the one installed")
	flag.StringVar(&p.smoke.via, "via", "", "send the smoke test to this address: the local Cloudflare's front door")
	flag.IntVar(&p.smoke.tries, "tries", 10, "how often the smoke test asks, once a second, before it fails")
	destroy := flag.Bool("destroy", false, "remove the stack's resources")
	flag.Parse()

	// An inline program runs in a directory of its own.
	var distErr, pluginsErr error
	p.dist, distErr = filepath.Abs(*dist)
	if *plugins != "" {
		p.plugins, pluginsErr = filepath.Abs(*plugins)
	}
	if err := errors.Join(distErr, pluginsErr); err != nil {
		return err
	}
	if *destroy {
		return p.destroy(ctx)
	}
	return p.deploy(ctx)
}
