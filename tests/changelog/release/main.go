// SPDX-License-Identifier: Apache-2.0

// Release moves the unreleased fragments of the changelog into CHANGELOG.md. Its argument is the new section's
// heading, for example "0.2.0 (2026-12-24)".
package main

import (
	"fmt"
	"os"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/changelog"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, `usage: go run ./tests/changelog/release "VERSION (DATE)"`)
		os.Exit(2)
	}
	if err := changelog.Release("changelog", "CHANGELOG.md", os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}
