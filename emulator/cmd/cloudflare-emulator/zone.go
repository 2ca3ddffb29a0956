// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

var (
	accountID = regexp.MustCompile(`^[0-9a-f]{32}$`)
	zoneName  = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`)
)

// zoneFlags are the names given with --zone.
type zoneFlags []string

// String implements [flag.Value].
func (z *zoneFlags) String() string { return strings.Join(*z, ",") }

// Set implements [flag.Value].
func (z *zoneFlags) Set(name string) error {
	name = strings.ToLower(name)
	if !zoneName.MatchString(name) {
		return fmt.Errorf("%q is not a domain name", name)
	}
	*z = append(*z, name)
	return nil
}

// of returns the zones of the account: those named, or example.com. An id always belongs to the same name.
func (z zoneFlags) of(account string) []emulator.Zone {
	names := []string(z)
	if len(names) == 0 {
		names = []string{emulator.DefaultZoneName}
	}
	var zones []emulator.Zone
	for _, name := range names {
		sum := sha256.Sum256([]byte("zone " + name))
		id := hex.EncodeToString(sum[:16])
		if name == emulator.DefaultZoneName {
			id = emulator.DefaultZoneID
		}
		zones = append(zones, emulator.Zone{ID: id, Name: name, AccountID: account})
	}
	return zones
}
