// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Placement says where a version of a Worker runs. The zero value leaves it to
// Cloudflare (wrangler, packages/workers-utils/src/worker.ts, CfPlacement).
type Placement struct {
	Mode     string `json:"mode,omitempty"` // "smart" or "targeted"
	Hint     string `json:"hint,omitempty"`
	Region   string `json:"region,omitempty"`
	Host     string `json:"host,omitempty"`
	Hostname string `json:"hostname,omitempty"`
}

// Limits are what one invocation of a Worker may use. Zero means the plan's limit.
type Limits struct {
	CPUMs       int `json:"cpu_ms,omitempty"` // milliseconds
	Subrequests int `json:"subrequests,omitempty"`
}

// CacheOptions say whether a Worker's responses are cached.
type CacheOptions struct {
	Enabled           bool `json:"enabled"`
	CrossVersionCache bool `json:"cross_version_cache,omitempty"`
}

// ScriptSettings are the settings of a Worker that belong to no version of it. To
// change some, leave out the others: nil says nothing of a setting.
type ScriptSettings struct {
	Logpush                *bool           `json:"logpush,omitzero"`
	Tags                   []string        `json:"tags,omitzero"`
	TailConsumers          []TailConsumer  `json:"tail_consumers,omitzero"`
	StreamingTailConsumers []TailConsumer  `json:"streaming_tail_consumers,omitzero"`
	Observability          json.RawMessage `json:"observability,omitzero"` // an object; it is replaced as a whole
}

// TailConsumer is a Worker that receives what another one logs.
type TailConsumer struct {
	Service     string `json:"service"`
	Environment string `json:"environment,omitempty"`
}

// Worker is what a Worker is apart from its versions.
type Worker struct {
	Subdomain Subdomain
	// Settings are all there are. What is nil was not in the answer: the API's
	// description lists no streaming tail consumers.
	Settings ScriptSettings
	Domains  []Domain // its custom domains
	// Queues are the names of the queues that the Worker consumes.
	Queues []string
}

// Worker returns the settings of a Worker that belong to no version, and where
// it can be reached but for its routes: one request for all, which cloudflare-go
// calls beta and wrangler makes (packages/deploy-helpers/src/preview/api.ts).
func (c *Client) Worker(ctx context.Context, account, script string) (Worker, error) {
	var got struct {
		Subdomain struct {
			Enabled         bool `json:"enabled"`
			PreviewsEnabled bool `json:"previews_enabled"`
		} `json:"subdomain"`
		Logpush       bool            `json:"logpush"`
		Tags          []string        `json:"tags"`
		Observability json.RawMessage `json:"observability"`
		Tail          []TailConsumer  `json:"tail_consumers"`
		Streaming     json.RawMessage `json:"streaming_tail_consumers"`
		References    struct {
			Domains []Domain `json:"domains"` // without their service, which is the Worker
			Queues  []struct {
				Name string `json:"queue_name"`
			} `json:"queues"`
		} `json:"references"`
	}
	path := fmt.Sprintf("/accounts/%s/workers/workers/%s", segment(account), segment(script))
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("read settings of worker %q", script))
	if err := c.send(ctx, call, direct{method: http.MethodGet, path: path}, &got); err != nil {
		return Worker{}, err
	}
	settings := ScriptSettings{
		Logpush: &got.Logpush, Tags: append([]string{}, got.Tags...),
		TailConsumers: append([]TailConsumer{}, got.Tail...), Observability: got.Observability,
	}
	if got.Streaming != nil { // null, when there are none
		if err := json.Unmarshal(got.Streaming, &settings.StreamingTailConsumers); err != nil {
			return Worker{}, call.failed(err)
		}
		settings.StreamingTailConsumers = append([]TailConsumer{}, settings.StreamingTailConsumers...)
	}
	worker := Worker{Subdomain: Subdomain(got.Subdomain), Settings: settings}
	for _, d := range got.References.Domains {
		d.Service = script
		worker.Domains = append(worker.Domains, d)
	}
	for _, queue := range got.References.Queues {
		worker.Queues = append(worker.Queues, queue.Name)
	}
	return worker, nil
}

// PatchScriptSettings changes the settings that s speaks of, without a new version
// (wrangler, packages/deploy-helpers/src/deploy/helpers/versions-api.ts).
func (c *Client) PatchScriptSettings(ctx context.Context, account, script string, s ScriptSettings) error {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("change settings of worker %q", script))
	call.repeatable = true
	return c.send(ctx, call, direct{
		method: http.MethodPatch,
		path:   fmt.Sprintf("/accounts/%s/workers/scripts/%s/script-settings", segment(account), segment(script)),
		kind:   "application/json",
		body:   s,
	}, nil)
}
