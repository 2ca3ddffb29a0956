// SPDX-License-Identifier: Apache-2.0

package laws

import (
	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
)

func kvNamespace() subject {
	return subject{
		name:    "KvNamespace",
		token:   provider.Name + ":index:KvNamespace",
		prepare: func(world) {},
		program: func(world) object { return object{"title": "sessions"} },
		changes: []change{
			{
				name: "renamed", covers: []string{"title"},
				edit: func(_ world, o object) object { return o.with("logins", "title") },
				diff: map[string]p.DiffKind{"title": p.Update},
			},
			{
				name: "moved to another account", covers: []string{"accountId"},
				edit: func(_ world, o object) object { return o.with(otherAccount, "accountId") },
				diff: map[string]p.DiffKind{"accountId": p.UpdateReplace},
			},
		},
		drifts: []drift{
			{
				name: "renamed",
				make: func(w world, s *stack) error {
					return w.client().RenameKVNamespace(w.t.Context(), account, s.id, "theirs")
				},
				diff: map[string]p.DiffKind{"title": p.Update},
			},
			{
				name: "deleted", gone: true,
				make: func(w world, s *stack) error { return w.client().DeleteKVNamespace(w.t.Context(), account, s.id) },
			},
		},
		unclaimed: "Cloudflare chooses the id, so there is nothing that the state could hold",
		importID:  func(_ world, s *stack) string { return account + "/" + s.id },
	}
}
