// SPDX-License-Identifier: Apache-2.0

// Demo shows what this project is for, in one screen: a Worker is built from TypeScript, deployed by the real Pulumi
// CLI to a local Cloudflare, called, changed, changed behind Pulumi's back, repaired and destroyed. Each step is
// checked; the exit status is 0 only if all of them showed what they should. It needs what `make setup` installs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted; everything is stopped and removed")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}
