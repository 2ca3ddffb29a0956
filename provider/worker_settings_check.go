// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// Cloudflare's limits: https://developers.cloudflare.com/workers/platform/limits/ and
// https://developers.cloudflare.com/workers/configuration/versions-and-deployments/
const (
	maxTags      = 10
	maxTagBytes  = 100 // of a version's tag
	maxSchedules = 250 // of an account, on the paid plan
)

// settings checks what a Worker is set to, apart from its env and its addresses.
func (c *checker) settings(args CloudflareWorkerArgs) {
	c.placement(args.Placement)
	limits := orZero(args.Limits)
	c.limit("cpuMs", limits.CPUMs)
	c.limit("subrequests", limits.Subrequests)
	c.annotations(args)
	c.observability(orZero(args.Observability))
	c.names([]string{"tags"}, "tag", args.Tags)
	c.fail(len(args.Tags) > maxTags, []string{"tags"}, "there are %d tags; Cloudflare allows %d", len(args.Tags), maxTags)
	c.consumers("tailConsumers", slices.Sorted(maps.Keys(args.TailConsumers)))
	c.consumers("streamingTailConsumers", slices.Sorted(maps.Keys(args.StreamingTailConsumers)))
	c.schedules(args.Schedules)
}

func (c *checker) limit(name string, limit *int) {
	c.fail(limit != nil && *limit < 1, []string{"limits", name}, "must be at least 1; leave it out for the plan's limit")
}

func (c *checker) consumers(property string, services []string) {
	for _, service := range services {
		c.fail(!scriptName.MatchString(service), []string{property, service}, "%q is not a Worker's name: lower-case "+
			"letters, digits, \"-\" and \"_\", not beginning with \"-\"", service)
	}
}

func (c *checker) placement(p *Placement) {
	if p == nil {
		return
	}
	at := func(member string) []string { return []string{"placement", member} }
	targets := []string{}
	for _, target := range []struct{ name, value string }{
		{"region", p.Region}, {"host", p.Host}, {"hostname", p.Hostname},
	} {
		if target.value != "" || c.computed(at(target.name)) {
			targets = append(targets, target.name)
		}
	}
	switch p.Mode {
	case SmartPlacement:
		c.fail(len(targets) > 0, at("mode"), "smart lets Cloudflare choose: leave out %s, or set mode to targeted",
			strings.Join(targets, " and "))
	case TargetedPlacement:
		c.fail(p.Hint != "", at("hint"), "is for the mode smart: leave it out, or set mode to smart")
		c.fail(len(targets) != 1, []string{"placement"}, "sets %d of region, host and hostname; targeted needs exactly one",
			len(targets))
	default:
		c.fail(true, at("mode"), "%q is not one of smart, targeted", p.Mode)
	}
}

// annotations checks what a version says of itself: the message shares its room
// with the note of the bundle, of which the size is not known yet.
func (c *checker) annotations(args CloudflareWorkerArgs) {
	a := orZero(args.Annotations)
	note := bundleNote{
		BundleReference: args.bundle(), Size: math.MaxInt32, MainModule: args.MainModule, Classic: args.classic(),
	}
	note.SHA256 = strings.Repeat("0", 64)
	room := maxMessage - len(" ") - len(note.short())
	c.fail(len(a.Message) > room, []string{"annotations", "message"}, "has %d bytes; Cloudflare allows %d, of which this "+
		"provider needs %d to say which bundle was deployed", len(a.Message), maxMessage, maxMessage-room)
	c.fail(len(a.Tag) > maxTagBytes, []string{"annotations", "tag"}, "has %d bytes; Cloudflare allows %d",
		len(a.Tag), maxTagBytes)
}

func (c *checker) observability(o Observability) {
	rate := func(rate *float64, path ...string) {
		path = append([]string{"observability"}, append(path, "headSamplingRate")...)
		c.fail(rate != nil && (*rate < 0 || *rate > 1), path, "%g is not between 0 and 1", orZero(rate))
	}
	logs, traces := orZero(o.Logs), orZero(o.Traces)
	rate(o.HeadSamplingRate)
	rate(logs.HeadSamplingRate, "logs")
	rate(traces.HeadSamplingRate, "traces")
	c.names([]string{"observability", "logs", "destinations"}, "destination", logs.Destinations)
	c.names([]string{"observability", "traces", "destinations"}, "destination", traces.Destinations)
}

// names checks a list of names whose order says nothing. One that is not known yet is empty.
func (c *checker) names(path []string, what string, names []string) {
	for i, name := range names {
		if name == "" {
			c.fail(!c.computedIn(path), path, "a %s cannot be empty", what)
			continue
		}
		c.fail(slices.Index(names, name) < i, path, "%q is there twice", name)
	}
}

func (c *checker) schedules(expressions []string) {
	path := []string{"schedules"}
	c.cronExpressions(path, expressions)
	c.fail(len(expressions) > maxSchedules, path, "there are %d cron expressions; Cloudflare allows %d in an account",
		len(expressions), maxSchedules)
}

// cronExpressions checks the list at path.
func (c *checker) cronExpressions(path, expressions []string) {
	c.names(path, "cron expression", expressions)
	for _, expression := range expressions {
		if expression == "" {
			continue
		}
		err := checkCron(expression)
		c.fail(err != nil, path, "%q: %v", expression, err)
	}
}

// computedIn reports whether the list at path has members that are not known yet.
func (c *checker) computedIn(path []string) bool {
	value := c.inputs.Get(path[0])
	for _, key := range path[1:] {
		if !value.IsMap() {
			return false
		}
		value = value.AsMap().Get(key)
	}
	return value.HasComputed()
}
