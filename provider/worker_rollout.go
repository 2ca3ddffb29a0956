// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

var _ infer.Annotated = (*Rollout)(nil)

// Rollout says how much of a Worker's traffic its newest version gets.
type Rollout struct {
	Percentage float64 `pulumi:"percentage"`
}

// Annotate describes the rollout in the schema.
func (r *Rollout) Annotate(a infer.Annotator) {
	a.Describe(r, "How much of the Worker's traffic the version that the program describes gets. Requests are assigned "+
		"at random, or by the header `Cloudflare-Workers-Version-Key` "+
		"(https://developers.cloudflare.com/workers/versions-and-deployments/).")
	a.Describe(&r.Percentage, "Percent of the requests that this version serves, from 0 to 100; the rest stays with the "+
		"version that served before (`previousVersionId`). A version at 0 can be tried with the header "+
		"`Cloudflare-Workers-Version-Overrides`. Raising it, or taking it back to 0, is one request and uploads nothing.")
}

// percentage is the share of requests, in percent, that the wanted version is to serve.
func percentage(want CloudflareWorkerArgs) float64 {
	if want.Rollout == nil {
		return 100
	}
	return want.Rollout.Percentage
}

// split is what is to serve requests, in percent by version. Where nothing served
// before, the only version serves them all.
func split(seen CloudflareWorkerState, want CloudflareWorkerArgs) map[string]float64 {
	percent := percentage(want)
	if percent == 100 || seen.PreviousVersion == "" {
		return map[string]float64{seen.VersionID: 100}
	}
	return map[string]float64{seen.VersionID: percent, seen.PreviousVersion: 100 - percent}
}

// stable returns the version to which the next one is the alternative: ours once it
// serves all requests, and until then the one that it is the alternative to. Where
// others have changed that, it is the one that serves most.
func (s CloudflareWorkerState) stable() string {
	if s.Traffic[s.VersionID] == 100 {
		return s.VersionID
	}
	if s.Traffic[s.PreviousVersion] > 0 {
		return s.PreviousVersion
	}
	largest := s.VersionID
	for _, version := range slices.Sorted(maps.Keys(s.Traffic)) {
		if s.Traffic[version] > s.Traffic[largest] {
			largest = version
		}
	}
	return largest
}

// includes reports whether one of the steps is an S.
func includes[S step](steps []step) bool {
	return slices.ContainsFunc(steps, func(s step) bool {
		_, is := s.(S)
		return is
	})
}

// errWholeRollout refuses a percentage for what deploys itself at once.
var errWholeRollout = errors.New("cannot be part of a percentage rollout; nothing was sent")

// checkRollout refuses to give a part of the traffic to a version that Cloudflare can only
// deploy as a whole: Durable Object migrations and exports travel with an upload that deploys
// itself (https://developers.cloudflare.com/workers/versions-and-deployments/).
func checkRollout(seen CloudflareWorkerState, want CloudflareWorkerArgs) error {
	if percentage(want) == 100 || seen.VersionID == "" {
		return nil
	}
	if !includes[putScript](planVersion(seen, want)) {
		return nil
	}
	if pending := migrations(seen, want); len(pending) > 0 {
		return fmt.Errorf("rollout.percentage is %g: the migration %q %w. Set it to 100 for the update that migrates, "+
			"and roll out the code that uses it afterwards", percentage(want), pending[0].Tag, errWholeRollout)
	}
	return fmt.Errorf("rollout.percentage is %g: a version of a Worker with `exports` %w. Set it to 100, or manage "+
		"Durable Objects by `migrations`", percentage(want), errWholeRollout)
}

// logRollout tells in a preview which versions will share the traffic.
func logRollout(ctx context.Context, seen CloudflareWorkerState, want CloudflareWorkerArgs) {
	steps := planVersion(seen, want)
	if !includes[deployVersion](steps) || !includes[createVersion](steps) && maps.Equal(seen.Traffic, split(seen, want)) {
		return
	}
	next, version, now := seen, "the new version", ""
	if includes[createVersion](steps) {
		next.PreviousVersion, next.VersionID = seen.stable(), ""
	} else {
		version, now = "version "+seen.VersionID, fmt.Sprintf(" (now %g %%)", seen.Traffic[seen.VersionID])
	}
	switch {
	case percentage(want) == 100 && now != "":
		p.GetLogger(ctx).Infof("all requests will go to %s%s", version, now)
	case percentage(want) == 100 || next.PreviousVersion == "":
	default:
		message := fmt.Sprintf("%g %% of the requests will go to %s%s, the others to version %s, which served before",
			percentage(want), version, now, next.PreviousVersion)
		if now != "" && percentage(want) < seen.Traffic[seen.VersionID] {
			p.GetLogger(ctx).Warning(message)
			return
		}
		p.GetLogger(ctx).Info(message)
	}
}
