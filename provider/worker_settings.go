// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// Placement says where a Worker runs. Source: wrangler, packages/workers-utils,
// src/config/environment.ts, as of everything in this file.
type Placement struct {
	Mode     PlacementMode `pulumi:"mode"`
	Hint     string        `pulumi:"hint,optional"`
	Region   string        `pulumi:"region,optional"`
	Host     string        `pulumi:"host,optional"`
	Hostname string        `pulumi:"hostname,optional"`
}

// PlacementMode says who decides where a Worker runs.
type PlacementMode string

// Who can decide it. Without a placement, a Worker runs where the request arrives.
const (
	SmartPlacement    PlacementMode = "smart"
	TargetedPlacement PlacementMode = "targeted"
)

// Limits are what one invocation of a Worker may use.
type Limits struct {
	CPUMs       *int `pulumi:"cpuMs,optional"`
	Subrequests *int `pulumi:"subrequests,optional"`
}

// CacheOptions say whether a Worker's responses are cached.
type CacheOptions struct {
	Enabled           bool `pulumi:"enabled"`
	CrossVersionCache bool `pulumi:"crossVersionCache,optional"`
}

// Annotations are what a version says of itself.
type Annotations struct {
	Message string `pulumi:"message,optional"`
	Tag     string `pulumi:"tag,optional"`
}

// Observability says what Cloudflare keeps of a Worker's logs and traces. The tags
// api are the names in Cloudflare's API.
type Observability struct {
	Enabled          bool                 `pulumi:"enabled,optional"          api:"enabled"`
	HeadSamplingRate *float64             `pulumi:"headSamplingRate,optional" api:"head_sampling_rate"`
	Logs             *ObservabilityLogs   `pulumi:"logs,optional"             api:"logs"`
	Traces           *ObservabilityTraces `pulumi:"traces,optional"           api:"traces"`

	RedactQueryString bool                 `pulumi:"redactQueryString,optional" api:"redact_query_string"`
	Issues            *ObservabilityIssues `pulumi:"issues,optional"            api:"issues"`
}

// ObservabilityIssues says whether Cloudflare finds issues in what it keeps.
type ObservabilityIssues struct {
	Enabled *bool `pulumi:"enabled,optional" api:"enabled"`
}

// ObservabilityLogs says what Cloudflare keeps of a Worker's logs.
type ObservabilityLogs struct {
	Enabled          *bool    `pulumi:"enabled,optional"          api:"enabled"`
	HeadSamplingRate *float64 `pulumi:"headSamplingRate,optional" api:"head_sampling_rate"`
	InvocationLogs   *bool    `pulumi:"invocationLogs,optional"   api:"invocation_logs"`
	Persist          *bool    `pulumi:"persist,optional"          api:"persist"`
	Destinations     []string `pulumi:"destinations,optional"     api:"destinations"`
}

// ObservabilityTraces says what Cloudflare keeps of a Worker's traces.
type ObservabilityTraces struct {
	Enabled          bool     `pulumi:"enabled,optional"          api:"enabled"`
	HeadSamplingRate *float64 `pulumi:"headSamplingRate,optional" api:"head_sampling_rate"`
	Persist          *bool    `pulumi:"persist,optional"          api:"persist"`
	Destinations     []string `pulumi:"destinations,optional"     api:"destinations"`
}

// TailConsumer is a Worker that receives another one's logs.
type TailConsumer struct {
	Environment string `pulumi:"environment,optional"`
}

// StreamingTailConsumer is a Worker that receives another one's logs while it runs.
type StreamingTailConsumer struct{}

// Values lists the choices.
func (PlacementMode) Values() []infer.EnumValue[PlacementMode] {
	return []infer.EnumValue[PlacementMode]{
		{Name: "Smart", Value: SmartPlacement, Description: "Cloudflare runs it near what it talks to."},
		{Name: "Targeted", Value: TargetedPlacement, Description: "It runs near a region, host or hostname that you name."},
	}
}

// Annotate describes the placement.
func (p *Placement) Annotate(a infer.Annotator) {
	a.Describe(&p, "Where a Worker runs.")
	a.Describe(&p.Mode, "`smart`: Cloudflare runs it near what it talks to; `targeted`: near what you name, with exactly "+
		"one of `region`, `host` and `hostname`.")
	a.Describe(&p.Hint, "With `smart`: a region to begin with. Default: none.")
	a.Describe(&p.Region, "With `targeted`: a cloud region, such as `aws:us-east-1`.")
	a.Describe(&p.Host, "With `targeted`: a TCP host and port, such as `db.example.com:5432`.")
	a.Describe(&p.Hostname, "With `targeted`: the host name of an HTTP server, such as `api.example.com`.")
}

// Annotate describes the limits.
func (l *Limits) Annotate(a infer.Annotator) {
	a.Describe(&l, "What one invocation of a Worker may use.")
	a.Describe(&l.CPUMs, "CPU time in milliseconds. Default: that of the plan.")
	a.Describe(&l.Subrequests, "How many requests it may make. Default: that of the plan.")
}

// Annotate describes the options.
func (o *CacheOptions) Annotate(a infer.Annotator) {
	a.Describe(&o, "Whether a Worker's responses are cached.")
	a.Describe(&o.Enabled, "Whether Cloudflare's cache is in front of the Worker.")
	a.Describe(&o.CrossVersionCache, "Whether one version may answer with what another one has put into the cache. "+
		"Default: false.")
}

// Annotate describes the annotations.
func (n *Annotations) Annotate(a infer.Annotator) {
	a.Describe(&n, "What a version says of itself in Cloudflare's dashboard.")
	a.Describe(&n.Message, "A text of a version. Where its bundle came from is written behind it, and together they have "+
		"at most 1000 bytes. Default: none.")
	a.Describe(&n.Tag, "A name of a version, such as a commit; at most 100 bytes. Default: none.")
}

// Annotate describes the settings.
func (o *Observability) Annotate(a infer.Annotator) {
	a.Describe(&o, "What Cloudflare keeps of a Worker's logs and traces.")
	a.Describe(&o.Enabled, "Whether logs are kept, where `logs.enabled` does not say it. Default: false.")
	a.Describe(&o.HeadSamplingRate, "The share of requests of which something is kept, from 0 to 1. Default: 1.")
	a.Describe(&o.Logs, "What is kept of logs. Default: as `enabled` says.")
	a.Describe(&o.Traces, "What is kept of traces. Default: nothing.")
	a.Describe(&o.RedactQueryString, "Whether query strings are left out of the URLs that are kept. Default: false.")
	a.Describe(&o.Issues, "Whether Cloudflare finds issues in what it keeps. Default: no.")
}

// Annotate describes the settings.
func (i *ObservabilityIssues) Annotate(a infer.Annotator) {
	a.Describe(&i, "Whether Cloudflare finds issues in what it keeps of a Worker.")
	a.Describe(&i.Enabled, "Whether it does. Default: false.")
}

// Annotate describes the settings.
func (l *ObservabilityLogs) Annotate(a infer.Annotator) {
	a.Describe(&l, "What Cloudflare keeps of a Worker's logs.")
	a.Describe(&l.Enabled, "Whether logs are kept. Default: `observability.enabled`.")
	a.Describe(&l.HeadSamplingRate, "The share of requests whose logs are kept, from 0 to 1. Default: 1.")
	a.Describe(&l.InvocationLogs, "Whether each invocation is logged too. Default: true.")
	a.Describe(&l.Persist, "Whether the logs can be queried in Cloudflare's dashboard. Default: true.")
	a.Describe(&l.Destinations, "Names of the destinations that logs are exported to. Their order says nothing. "+
		"Default: none.")
}

// Annotate describes the settings.
func (t *ObservabilityTraces) Annotate(a infer.Annotator) {
	a.Describe(&t, "What Cloudflare keeps of a Worker's traces.")
	a.Describe(&t.Enabled, "Whether traces are kept at all. Default: false.")
	a.Describe(&t.HeadSamplingRate, "The share of requests whose traces are kept, from 0 to 1. Default: 1.")
	a.Describe(&t.Persist, "Whether the traces can be queried in Cloudflare's dashboard. Default: true.")
	a.Describe(&t.Destinations, "Names of the destinations that traces are exported to. Their order says nothing. "+
		"Default: none.")
}

// Annotate describes the consumer.
func (c *TailConsumer) Annotate(a infer.Annotator) {
	a.Describe(&c, "A Worker that receives another one's logs in its `tail` handler.")
	a.Describe(&c.Environment, "The consumer's environment, if it has any. Default: `production`.")
}

// Annotate describes the consumer.
func (c *StreamingTailConsumer) Annotate(a infer.Annotator) {
	a.Describe(&c, "A Worker that receives another one's logs in its `tailStream` handler, while that one still runs.")
}

// orZero returns what p points at.
func orZero[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

// sameSet compares lists whose order says nothing.
func sameSet(a, b []string) bool { return slices.Equal(sorted(a), sorted(b)) }

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func (p *Placement) toAPI() cfapi.Placement {
	v := orZero(p)
	return cfapi.Placement{
		Mode: string(v.Mode), Hint: v.Hint, Region: v.Region, Host: v.Host, Hostname: v.Hostname,
	}
}

// placementFromAPI is the inverse of toAPI. The mode may be left out where a target says it.
func placementFromAPI(p cfapi.Placement) *Placement {
	if p == (cfapi.Placement{}) {
		return nil
	}
	mode := PlacementMode(cmp.Or(p.Mode, string(TargetedPlacement)))
	return &Placement{Mode: mode, Hint: p.Hint, Region: p.Region, Host: p.Host, Hostname: p.Hostname}
}

func (l *Limits) toAPI() cfapi.Limits {
	v := orZero(l)
	return cfapi.Limits{CPUMs: orZero(v.CPUMs), Subrequests: orZero(v.Subrequests)}
}

// limitsFromAPI is the inverse of toAPI.
func limitsFromAPI(l cfapi.Limits) *Limits {
	if l == (cfapi.Limits{}) {
		return nil
	}
	known := func(limit int) *int {
		if limit == 0 {
			return nil
		}
		return &limit
	}
	return &Limits{CPUMs: known(l.CPUMs), Subrequests: known(l.Subrequests)}
}

func (o *CacheOptions) toAPI() cfapi.CacheOptions { return cfapi.CacheOptions(orZero(o)) }

// cacheOptionsFromAPI is the inverse of toAPI.
func cacheOptionsFromAPI(o cfapi.CacheOptions) *CacheOptions {
	if o == (cfapi.CacheOptions{}) {
		return nil
	}
	return (*CacheOptions)(&o)
}

// sameVersionSettings reports whether both say the same of a version's settings.
func sameVersionSettings(a, b CloudflareWorkerArgs) bool {
	return a.Placement.toAPI() == b.Placement.toAPI() && a.Limits.toAPI() == b.Limits.toAPI() &&
		a.CacheOptions.toAPI() == b.CacheOptions.toAPI()
}

// effective is o with everything said, destinations sorted. What a program or
// Cloudflare leaves out has the defaults that wrangler gives it
// (packages/deploy-helpers/src/deploy/helpers/config-diffs.ts, normalizeObservability).
func (o *Observability) effective() Observability {
	v := orZero(o)
	logs, traces := orZero(v.Logs), orZero(v.Traces)
	v.HeadSamplingRate = cmp.Or(v.HeadSamplingRate, new(1.0))
	logs.Enabled = cmp.Or(logs.Enabled, &v.Enabled)
	logs.HeadSamplingRate = cmp.Or(logs.HeadSamplingRate, new(1.0))
	logs.InvocationLogs, logs.Persist = cmp.Or(logs.InvocationLogs, new(true)), cmp.Or(logs.Persist, new(true))
	logs.Destinations = sorted(logs.Destinations)
	traces.HeadSamplingRate = cmp.Or(traces.HeadSamplingRate, new(1.0))
	traces.Persist = cmp.Or(traces.Persist, new(true))
	traces.Destinations = sorted(traces.Destinations)
	issues := ObservabilityIssues{Enabled: cmp.Or(orZero(v.Issues).Enabled, new(false))} // best guess: nobody says it
	v.Logs, v.Traces, v.Issues = &logs, &traces, &issues
	return v
}

func sameObservability(a, b *Observability) bool {
	return reflect.DeepEqual(a.effective(), b.effective())
}

// toAPI returns o as it is sent: as the program writes it, with the members that
// Cloudflare requires (cloudflare-go, workers.ScriptSettingObservability).
func (o *Observability) toAPI() (json.RawMessage, error) {
	v := orZero(o)
	if v.Logs != nil {
		logs := *v.Logs
		all := v.effective().Logs
		logs.Enabled, logs.InvocationLogs = all.Enabled, all.InvocationLogs
		v.Logs = &logs
	}
	fields, err := apiFields(reflect.ValueOf(v))
	if err != nil {
		return nil, err
	}
	fields["enabled"] = v.Enabled
	return json.Marshal(fields)
}

// observabilityFromAPI reads what Cloudflare says.
func observabilityFromAPI(text json.RawMessage) (*Observability, error) {
	var fields map[string]json.RawMessage
	if len(text) > 0 {
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, err
		}
	}
	var o Observability
	return &o, setAPIFields(reflect.ValueOf(&o).Elem(), fields)
}

// as returns o in the words of was: each member that says the same is written, or
// left out, as there.
func (o *Observability) as(was *Observability) *Observability {
	if sameObservability(o, was) {
		return was
	}
	is, next := o.effective(), orZero(was)
	next.Enabled, next.RedactQueryString = is.Enabled, is.RedactQueryString
	now := next.effective()
	if !reflect.DeepEqual(now.Issues, is.Issues) {
		next.Issues = is.Issues
	}
	restate(&next.HeadSamplingRate, now.HeadSamplingRate, is.HeadSamplingRate)
	if !reflect.DeepEqual(now.Logs, is.Logs) {
		logs := orZero(next.Logs)
		restate(&logs.Enabled, now.Logs.Enabled, is.Logs.Enabled)
		restate(&logs.HeadSamplingRate, now.Logs.HeadSamplingRate, is.Logs.HeadSamplingRate)
		restate(&logs.InvocationLogs, now.Logs.InvocationLogs, is.Logs.InvocationLogs)
		restate(&logs.Persist, now.Logs.Persist, is.Logs.Persist)
		if !slices.Equal(now.Logs.Destinations, is.Logs.Destinations) {
			logs.Destinations = orZero(o.Logs).Destinations
		}
		next.Logs = &logs
	}
	if !reflect.DeepEqual(now.Traces, is.Traces) {
		traces := orZero(next.Traces)
		traces.Enabled = is.Traces.Enabled
		restate(&traces.HeadSamplingRate, now.Traces.HeadSamplingRate, is.Traces.HeadSamplingRate)
		restate(&traces.Persist, now.Traces.Persist, is.Traces.Persist)
		if !slices.Equal(now.Traces.Destinations, is.Traces.Destinations) {
			traces.Destinations = orZero(o.Traces).Destinations
		}
		next.Traces = &traces
	}
	return &next
}

// restate sets a member that says something else by now.
func restate[T comparable](member **T, now, is *T) {
	if *now != *is {
		*member = is
	}
}

// effectiveConsumers are the consumers as Cloudflare fills them in.
func effectiveConsumers(consumers map[string]TailConsumer) map[string]TailConsumer {
	all := make(map[string]TailConsumer, len(consumers))
	for service, consumer := range consumers {
		consumer.Environment = cmp.Or(consumer.Environment, "production")
		all[service] = consumer
	}
	return all
}

func sameConsumers(a, b map[string]TailConsumer) bool {
	return maps.Equal(effectiveConsumers(a), effectiveConsumers(b))
}
