// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// barriers are why what a step does to a Worker cannot be rolled back. Cloudflare deploys no version from before a
// migration of Durable Objects, and none that declares other classes than the one that it shares the traffic with:
// https://developers.cloudflare.com/workers/configuration/versions-and-deployments/rollbacks/
func barriers(step apitype.StepEventMetadata, worker string) []Barrier {
	switch {
	case step.Op == apitype.OpReplace:
		return []Barrier{{worker, "replacement by another Worker"}}
	case step.Old == nil || step.New == nil:
		return nil // there is nothing before it, or nothing after it
	}
	had := map[any]bool{}
	for _, migration := range objects(step.Old.Inputs["migrations"]) {
		had[migration["tag"]] = true
	}
	var all []Barrier
	for _, migration := range objects(step.New.Inputs["migrations"]) {
		if tag := migration["tag"]; !had[tag] {
			all = append(all, Barrier{worker, fmt.Sprintf("migration %v", tag)})
		}
	}
	if !reflect.DeepEqual(declared(step.Old), declared(step.New)) {
		all = append(all, Barrier{worker, "exports"})
	}
	return all
}
