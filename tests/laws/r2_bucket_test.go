// SPDX-License-Identifier: Apache-2.0

package laws

import (
	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
)

func r2Bucket() subject {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	return subject{
		name:    "R2Bucket",
		token:   provider.Name + ":index:R2Bucket",
		prepare: func(world) {},
		program: func(world) object { return object{"name": "assets", "location": "weur"} },
		changes: []change{
			{
				name: "renamed", covers: []string{"name"}, edit: set("media", "name"),
				diff: map[string]p.DiffKind{"name": p.UpdateReplace},
			},
			{
				name: "moved to another account", covers: []string{"accountId"}, edit: set(otherAccount, "accountId"),
				diff: map[string]p.DiffKind{"accountId": p.UpdateReplace},
			},
			{
				name: "moved to a jurisdiction", covers: []string{"jurisdiction"}, edit: set("eu", "jurisdiction"),
				diff: map[string]p.DiffKind{"jurisdiction": p.AddReplace},
			},
			{
				name: "moved to another place", covers: []string{"location"}, edit: set("enam", "location"),
				diff: map[string]p.DiffKind{"location": p.UpdateReplace},
			},
			{
				name: "storage class", covers: []string{"storageClass"}, edit: set("InfrequentAccess", "storageClass"),
				diff: map[string]p.DiffKind{"storageClass": p.Add},
			},
			{
				name: "deletion forced", covers: []string{"forceDestroy"}, edit: set(true, "forceDestroy"),
				diff: map[string]p.DiffKind{"forceDestroy": p.Add},
			},
		},
		drifts: []drift{
			{
				name: "other storage class",
				make: func(w world, _ *stack) error {
					return w.client().SetR2BucketStorageClass(w.t.Context(), account, "", "assets", "InfrequentAccess")
				},
				diff: map[string]p.DiffKind{"storageClass": p.Delete},
			},
			{
				name: "deleted", gone: true,
				make: func(w world, _ *stack) error { return w.client().DeleteR2Bucket(w.t.Context(), account, "", "assets") },
			},
		},
		unclaimed: "a bucket of that name can be somebody else's: without proof it is not claimed",
		importID:  func(world, *stack) string { return account + "/assets" },
		unreadable: map[string]string{
			"forceDestroy": "is about this program alone",
			"location":     "a hint, whose absence in a program must not replace a bucket that was imported",
		},
	}
}
