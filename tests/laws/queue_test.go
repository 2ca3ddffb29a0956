// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

func queue() subject {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	return subject{
		name:    "Queue",
		token:   provider.Name + ":index:Queue",
		prepare: func(world) {},
		program: func(world) object {
			return object{"name": "orders", "settings": object{
				"deliveryDelay": 10, "deliveryPaused": true, "messageRetentionPeriod": 3600,
			}}
		},
		changes: []change{
			{
				name: "renamed", covers: []string{"name"}, edit: set("sales", "name"),
				diff: map[string]p.DiffKind{"name": p.UpdateReplace},
			},
			{
				name: "moved to another account", covers: []string{"accountId"}, edit: set(otherAccount, "accountId"),
				diff: map[string]p.DiffKind{"accountId": p.UpdateReplace},
			},
			{
				name: "delay", covers: []string{"settings.deliveryDelay"}, edit: set(0, "settings", "deliveryDelay"),
				diff: map[string]p.DiffKind{"settings.deliveryDelay": p.Update},
			},
			{
				name: "resumed", covers: []string{"settings.deliveryPaused"}, edit: set(false, "settings", "deliveryPaused"),
				diff: map[string]p.DiffKind{"settings.deliveryPaused": p.Update},
			},
			{
				name: "retention", covers: []string{"settings.messageRetentionPeriod"},
				edit: set(86400, "settings", "messageRetentionPeriod"),
				diff: map[string]p.DiffKind{"settings.messageRetentionPeriod": p.Update},
			},
			{
				name: "retention not mentioned", edit: set(nil, "settings", "messageRetentionPeriod"),
				diff: map[string]p.DiffKind{"settings.messageRetentionPeriod": p.Delete},
			},
			{
				name: "settings not mentioned", edit: set(nil, "settings"),
				diff: map[string]p.DiffKind{"settings": p.Delete},
			},
		},
		drifts: []drift{
			{
				name: "resumed, with another delay",
				make: func(w world, s *stack) error {
					_, err := w.client().UpdateQueue(w.t.Context(), account, s.id, "orders", cfapi.QueueSettings{
						DeliveryPaused: new(false), DeliveryDelay: new(1),
					})
					return err
				},
				diff: map[string]p.DiffKind{"settings.deliveryPaused": p.Update, "settings.deliveryDelay": p.Update},
			},
			{
				name: "deleted", gone: true,
				make: func(w world, s *stack) error { return w.client().DeleteQueue(w.t.Context(), account, s.id) },
			},
		},
		unclaimed: "Cloudflare chooses the id, so there is nothing that the state could hold",
		importID:  func(_ world, s *stack) string { return account + "/" + s.id },
	}
}

// TestSettingsThatAreNotMentionedAreLeftAlone: neither a refresh nor an update sees them.
func TestSettingsThatAreNotMentionedAreLeftAlone(t *testing.T) {
	t.Parallel()
	r := queue()
	w, s := begun(t, r)
	program := object{"name": "orders", "settings": object{"deliveryDelay": 10}}
	s.mustUp(properties(program))
	_, err := w.client().UpdateQueue(t.Context(), account, s.id, "orders", cfapi.QueueSettings{DeliveryPaused: new(true)})
	require.NoError(t, err)
	before := s.state(t)
	require.NoError(t, s.refresh())
	assert.Equal(t, before, s.state(t))
	s.mustUp(properties(program.with(20, "settings", "deliveryDelay")))
	is, err := w.client().Queue(t.Context(), account, s.id)
	require.NoError(t, err)
	assert.Equal(t, cfapi.QueueSettings{
		DeliveryDelay: new(20), DeliveryPaused: new(true), MessageRetentionPeriod: new(345600),
	}, is.Settings)

	plain := newStack(t, w.cloud, r.token)
	require.NoError(t, plain.importByID(account+"/"+s.id))
	assert.Equal(t, properties(object{"deliveryDelay": 20, "deliveryPaused": true}), plain.inputs.Get("settings").AsMap())
}

// TestALostCreateTakesNoOlderQueue: one of the name that was there before is somebody else's.
func TestALostCreateTakesNoOlderQueue(t *testing.T) {
	t.Parallel()
	r := queue()
	w := newWorld(t)
	w.Now = func() time.Time { return time.Now().Add(-time.Hour) }
	_, err := w.client().CreateQueue(t.Context(), account, "orders", cfapi.QueueSettings{})
	require.NoError(t, err)
	w.on(hooks{after: func(n int, _ *http.Request) bool { return n == 1 }})
	s := newStack(t, w.cloud, r.token)
	err = s.up(properties(r.program(w)))
	require.ErrorContains(t, err, "it exists since ")
	require.ErrorContains(t, err, "import the queue")
	assert.Empty(t, s.id)
}

// TestAQueueInUseIsKept: Cloudflare refuses to delete it, and the error says what to do.
func TestAQueueInUseIsKept(t *testing.T) {
	t.Parallel()
	w, s := built(t, queue())
	upload := plainUpload("shop")
	upload.Bindings = []cfapi.Binding{{Name: "ORDERS", Type: "queue", Raw: []byte(
		`{"type":"queue","name":"ORDERS","queue_name":"orders"}`)}}
	_, err := w.client().PutScript(t.Context(), account, "shop", upload)
	require.NoError(t, err)
	err = s.destroy()
	require.ErrorContains(t, err, "still referenced by a binding in a Worker")
	require.ErrorContains(t, err, "hint: remove the binding")
	assert.NotEmpty(t, s.id)
}

// TestWrongQueuesAreRefused: before anything is asked of Cloudflare, and by the name of the input.
func TestWrongQueuesAreRefused(t *testing.T) {
	t.Parallel()
	r := queue()
	w, s := begun(t, r)
	for path, program := range map[string]object{
		"name":                            r.program(w).with("Orders", "name"),
		"settings.deliveryDelay":          r.program(w).with(86401, "settings", "deliveryDelay"),
		"settings.messageRetentionPeriod": r.program(w).with(59, "settings", "messageRetentionPeriod"),
	} {
		_, err := s.preview(properties(program))
		require.ErrorContains(t, err, path+": ")
	}
	assert.Empty(t, w.Calls())
}
