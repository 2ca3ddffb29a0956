// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// quickJava starts Java with the compiler and the garbage collector that suit programs of a second.
const quickJava = `#!/bin/sh
exec "$HASTY_JAVA" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "$@"
`

// Hasty returns variables of the environment with which compilers spend no time on programs that run once: they do not
// optimize the SDK for Go, link no symbols and, in Java, compile little. What they check is the same. A Java that is
// not installed stays so.
func (c *Checkout) Hasty() (map[string]string, error) {
	const goSDK = "github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/sdk/go/cloudflareworkers"
	variables := map[string]string{
		"GOFLAGS": os.Getenv("GOFLAGS") + " -ldflags=-s '-gcflags=" + goSDK + "=-N -l -dwarf=false'",
	}
	java, err := exec.LookPath("java")
	if errors.Is(err, exec.ErrNotFound) {
		return variables, nil
	}
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(c.dir, "hasty")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	variables["HASTY_JAVA"] = java
	variables["PATH"] = dir + string(os.PathListSeparator) + os.Getenv("PATH")
	variables["MAVEN_OPTS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
	return variables, os.WriteFile(filepath.Join(dir, "java"), []byte(quickJava), 0o700)
}
