// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

func TestOnlyWhatMayHaveBeenMadeIsClaimed(t *testing.T) {
	t.Parallel()
	lost, refused := &cfapi.Error{Kind: cfapi.ErrUnavailable, Lost: true}, &cfapi.Error{Kind: cfapi.ErrDenied}
	record := createDNSRecord{"www.example.com/*", zoneA}
	facts := deployedAs(wanted())
	assert.True(t, claim(putScript{}, lost, &facts), "its name is its id")
	assert.False(t, claim(putScript{}, refused, &facts))
	assert.False(t, claim(createVersion{}, lost, &facts), "a version that nobody deploys does nothing")
	assert.False(t, claim(record, refused, &facts))
	assert.Equal(t, deployedAs(wanted()), facts)

	claimed := facts
	assert.True(t, claim(attachDomains{[]string{"a.example.com"}}, lost, &claimed))
	assert.Equal(t, map[string]CustomDomain{"a.example.com": {ZoneID: unknownID}}, claimed.CustomDomains)
	assert.Equal(t, deployedAs(wanted()), facts)

	before := facts
	assert.True(t, claim(record, lost, &facts))
	assert.True(t, facts.claimed("www.example.com/*"))
	assert.Equal(t, deployedAs(wanted()), before, "what others hold is not changed")
}

func TestAClaimedRecordIsMadeAgainOrRemoved(t *testing.T) {
	t.Parallel()
	seen := deployedAs(wanted())
	seen.DNSRecordIDs["example.com/*"] = unknownID
	assert.Equal(t, []string{check, `create the DNS record of route "example.com/*"`}, texts(plan(seen, wanted(), true)))
	assert.Contains(t, planDelete(seen), deleteDNSRecord{"example.com/*", zoneA, unknownID})
}

func TestAStepDoesNotChangeWhatWasSeen(t *testing.T) {
	t.Parallel()
	seen := deployedAs(wanted())
	next := seen.clone()
	next.setRoute("new.example.com/*", Route{ZoneID: zoneA})
	next.RouteIDs["new.example.com/*"], next.DNSRecordIDs["new.example.com/*"] = "r", "n"
	assert.Equal(t, deployedAs(wanted()), seen)

	none := CloudflareWorkerState{}.clone()
	assert.Nil(t, none.Routes, "a program that names no route has none")
	none.setRoute("new.example.com/*", Route{ZoneID: zoneA})
	assert.Len(t, none.Routes, 1)
}
