// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// scriptSettings are the inputs that belong to a Worker and not to a version of
// it, sorted by name.
var scriptSettings = []struct {
	name string
	same func(a, b CloudflareWorkerArgs) bool
	send func(want CloudflareWorkerArgs, to *cfapi.ScriptSettings) error
}{
	{
		"logpush", func(a, b CloudflareWorkerArgs) bool { return a.Logpush == b.Logpush },
		func(want CloudflareWorkerArgs, to *cfapi.ScriptSettings) error {
			to.Logpush = &want.Logpush
			return nil
		},
	},
	{
		"observability", func(a, b CloudflareWorkerArgs) bool { return sameObservability(a.Observability, b.Observability) },
		func(want CloudflareWorkerArgs, to *cfapi.ScriptSettings) (err error) {
			to.Observability, err = want.Observability.toAPI()
			return err
		},
	},
	{
		"streamingTailConsumers", func(a, b CloudflareWorkerArgs) bool {
			return maps.Equal(a.StreamingTailConsumers, b.StreamingTailConsumers)
		},
		func(want CloudflareWorkerArgs, to *cfapi.ScriptSettings) error {
			to.StreamingTailConsumers = []cfapi.TailConsumer{}
			for _, service := range slices.Sorted(maps.Keys(want.StreamingTailConsumers)) {
				to.StreamingTailConsumers = append(to.StreamingTailConsumers, cfapi.TailConsumer{Service: service})
			}
			return nil
		},
	},
	{
		"tags", func(a, b CloudflareWorkerArgs) bool { return sameSet(a.Tags, b.Tags) },
		func(want CloudflareWorkerArgs, to *cfapi.ScriptSettings) error {
			to.Tags = append([]string{}, want.Tags...)
			return nil
		},
	},
	{
		"tailConsumers", func(a, b CloudflareWorkerArgs) bool { return sameConsumers(a.TailConsumers, b.TailConsumers) },
		func(want CloudflareWorkerArgs, to *cfapi.ScriptSettings) error {
			to.TailConsumers = []cfapi.TailConsumer{}
			for _, service := range slices.Sorted(maps.Keys(want.TailConsumers)) {
				environment := want.TailConsumers[service].Environment
				to.TailConsumers = append(to.TailConsumers, cfapi.TailConsumer{Service: service, Environment: environment})
			}
			return nil
		},
	},
}

type (
	// patchSettings changes settings that belong to no version.
	patchSettings struct{ names []string }
	// setSchedules replaces all cron triggers.
	setSchedules struct{}
)

func (s patchSettings) String() string { return "change settings: " + strings.Join(s.names, ", ") }
func (setSchedules) String() string    { return "set schedules" }

// planSettings lists the calls for what belongs to no version. Of a Worker that is
// taken over nobody knows what it has.
func planSettings(seen CloudflareWorkerState, want CloudflareWorkerArgs, exists bool) (steps []step) {
	takenOver := exists && seen.VersionID == ""
	var names []string
	for _, setting := range scriptSettings {
		if takenOver || !setting.same(seen.CloudflareWorkerArgs, want) {
			names = append(names, setting.name)
		}
	}
	if len(names) > 0 {
		steps = append(steps, patchSettings{names})
	}
	if takenOver || !sameSet(seen.Schedules, want.Schedules) {
		steps = append(steps, setSchedules{})
	}
	return steps
}

func (s patchSettings) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	var changes cfapi.ScriptSettings
	for _, setting := range scriptSettings {
		if !slices.Contains(s.names, setting.name) {
			continue
		}
		if err := setting.send(d.want, &changes); err != nil {
			return err
		}
	}
	if err := d.api.PatchScriptSettings(cfapi.AfterCreate(ctx), d.account, d.script, changes); err != nil {
		return err
	}
	facts.Logpush, facts.Observability, facts.Tags = d.want.Logpush, d.want.Observability, d.want.Tags
	facts.TailConsumers, facts.StreamingTailConsumers = d.want.TailConsumers, d.want.StreamingTailConsumers
	return nil
}

func (setSchedules) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	if err := d.api.SetSchedules(cfapi.AfterCreate(ctx), d.account, d.script, d.want.Schedules); err != nil {
		return err
	}
	facts.Schedules = d.want.Schedules
	return nil
}

// seeSettings records the settings that belong to no version. What Cloudflare did
// not speak of stays as it was known.
func (s *CloudflareWorkerState) seeSettings(is cfapi.ScriptSettings) (err error) {
	s.Logpush, s.Tags = orZero(is.Logpush), is.Tags
	s.TailConsumers = map[string]TailConsumer{}
	for _, consumer := range is.TailConsumers {
		s.TailConsumers[consumer.Service] = TailConsumer{Environment: consumer.Environment}
	}
	if is.StreamingTailConsumers != nil {
		s.StreamingTailConsumers = map[string]StreamingTailConsumer{}
		for _, consumer := range is.StreamingTailConsumers {
			s.StreamingTailConsumers[consumer.Service] = StreamingTailConsumer{}
		}
	}
	s.Observability, err = observabilityFromAPI(is.Observability)
	return err
}

// settingsAs writes the settings of w as was does, where that says the same.
func (w *CloudflareWorkerArgs) settingsAs(was CloudflareWorkerArgs) {
	if w.Placement.toAPI() == was.Placement.toAPI() {
		w.Placement = was.Placement
	}
	if w.Limits.toAPI() == was.Limits.toAPI() {
		w.Limits = was.Limits
	}
	if w.CacheOptions.toAPI() == was.CacheOptions.toAPI() {
		w.CacheOptions = was.CacheOptions
	}
	if orZero(w.Annotations) == orZero(was.Annotations) {
		w.Annotations = was.Annotations
	}
	w.Observability = w.Observability.as(was.Observability)
	w.Tags, w.Schedules = writtenSet(w.Tags, was.Tags), writtenSet(w.Schedules, was.Schedules)
	if sameConsumers(w.TailConsumers, was.TailConsumers) {
		w.TailConsumers = was.TailConsumers
	}
	w.TailConsumers = written(w.TailConsumers, was.TailConsumers)
	w.StreamingTailConsumers = written(w.StreamingTailConsumers, was.StreamingTailConsumers)
}

// writtenSet is [written] for a list whose order says nothing.
func writtenSet(list, old []string) []string {
	switch {
	case sameSet(list, old):
		return old
	case len(list) == 0:
		return nil
	}
	return list
}
