// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/workers"
)

// Deployment says which versions of a Worker receive requests, and since when.
type Deployment struct {
	ID          string
	Source      string // the program that made it: "wrangler", "api", "dash"
	AuthorEmail string // empty when it was made with an account's token
	TriggeredBy string // "upload", "deployment", "rollback", "secret", …
	Message     string // the annotation workers/message
	CreatedOn   time.Time
	Split       []Share
}

// Share is the part of a deployment's requests that one version receives.
type Share struct {
	VersionID string
	Percent   float64 // 0 to 100; those of a deployment add up to 100
}

// CodeUpdateStrategy says when Durable Objects that run move to the code of a deployment.
// https://developers.cloudflare.com/durable-objects/deployments/durable-objects-code-updates/
type CodeUpdateStrategy struct {
	Mode     string   `json:"mode"`                // "immediate" or "deferred"
	MaxDelay *float64 `json:"max_delay,omitempty"` // in seconds, for "deferred"; nil: 300
}

// Version is one immutable version of a Worker, as read. Its code and the values
// of its secrets cannot be read here.
type Version struct {
	ID                 string
	Number             int // counts up from 1 for each Worker
	Source             string
	AuthorEmail        string
	TriggeredBy        string
	Message            string // the annotation workers/message
	Tag                string // the annotation workers/tag
	CreatedOn          time.Time
	ETag               string // of the code; use it for equality only
	CompatibilityDate  string
	CompatibilityFlags []string
	Bindings           []Binding // in no particular order
	MainModule         string    // empty when the API does not say
	MigrationTag       string    // of the last migration of Durable Objects; empty: there was none
	Placement          Placement
	Limits             Limits
	CacheOptions       CacheOptions
	Exports            map[string]Export // without classes of Durable Objects that are gone
}

// Deployments returns the deployments of a Worker, newest first. The first is the
// one in force.
func (c *Client) Deployments(ctx context.Context, account, script string) ([]Deployment, error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("list deployments of worker %q", script))
	var params workers.ScriptDeploymentListParams
	params.AccountID.Value = segment(account)
	got, err := c.api().scripts.Deployments.List(ctx, segment(script), params)
	if err != nil {
		return nil, call.failed(err)
	}
	all := make([]Deployment, 0, len(got.Deployments))
	for i := range got.Deployments {
		all = append(all, deployment(&got.Deployments[i]))
	}
	return all, nil
}

// Deploy makes split what serves the Worker's requests, even if that undoes a
// change of secrets (force), which Cloudflare otherwise refuses with code 10220: the
// program says what is to be. At most two versions may take part. An empty message
// is not sent, nor is a strategy that is nil.
func (c *Client) Deploy(
	ctx context.Context, account, script string, split []Share, message string, strategy *CodeUpdateStrategy,
) (Deployment, error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("deploy worker %q", script))
	call.repeatable = true // the second deployment of the same split changes nothing
	var params workers.ScriptDeploymentNewParams
	params.AccountID.Value = segment(account)
	params.Force.Value, params.Force.Present = true, true
	body := &params.Deployment
	body.Strategy.Value, body.Strategy.Present = workers.DeploymentStrategyPercentage, true
	body.Versions.Present = true
	for _, s := range split {
		var v workers.DeploymentVersionParam
		v.VersionID.Value, v.VersionID.Present = s.VersionID, true
		v.Percentage.Value, v.Percentage.Present = s.Percent, true
		body.Versions.Value = append(body.Versions.Value, v)
	}
	if message != "" {
		body.Annotations.Present = true
		body.Annotations.Value.WorkersMessage.Value = message
		body.Annotations.Value.WorkersMessage.Present = true
	}
	var opts []option.RequestOption
	if strategy != nil { // which cloudflare-go does not know
		opts = append(opts, option.WithJSONSet("code_update_strategy", strategy))
	}
	got, err := c.api().scripts.Deployments.New(ctx, segment(script), params, opts...)
	if err != nil {
		return Deployment{}, call.failed(err)
	}
	if got.ID == "" {
		return Deployment{}, call.incomplete("deployment id")
	}
	return deployment(got), nil
}

func deployment(d *workers.Deployment) Deployment {
	split := make([]Share, 0, len(d.Versions))
	for _, v := range d.Versions {
		split = append(split, Share{VersionID: v.VersionID, Percent: v.Percentage})
	}
	return Deployment{
		ID: d.ID, Source: d.Source, AuthorEmail: d.AuthorEmail,
		TriggeredBy: d.Annotations.WorkersTriggeredBy, Message: d.Annotations.WorkersMessage,
		CreatedOn: d.CreatedOn, Split: split,
	}
}

// versionResult is a version in the API. It is decoded here, because the type of
// cloudflare-go lacks the annotations and knows only the bindings of its day.
type versionResult struct {
	ID            string `json:"id"`
	Number        int    `json:"number"`
	MainModule    string `json:"main_module"`
	StartupTimeMS int    `json:"startup_time_ms"`
	Metadata      struct {
		Source      string    `json:"source"`
		AuthorEmail string    `json:"author_email"`
		CreatedOn   time.Time `json:"created_on"`
	} `json:"metadata"`
	Annotations struct {
		TriggeredBy string `json:"workers/triggered_by"`
		Message     string `json:"workers/message"`
		Tag         string `json:"workers/tag"`
	} `json:"annotations"`
	Resources struct {
		Bindings []Binding `json:"bindings"`
		Script   struct {
			ETag          string    `json:"etag"`
			Handlers      []string  `json:"handlers"`
			Placement     Placement `json:"placement"`
			PlacementMode string    `json:"placement_mode"` // without a placement
		} `json:"script"`
		Runtime struct {
			CompatibilityDate  string   `json:"compatibility_date"`
			CompatibilityFlags []string `json:"compatibility_flags"`
			MigrationTag       string   `json:"migration_tag"`
			Limits             Limits   `json:"limits"`

			Exports map[string]Export `json:"exports"`
		} `json:"script_runtime"`
	} `json:"resources"`
	CacheOptions CacheOptions `json:"cache_options"`
}

// placement is where the version runs. Where is said in one of two ways, as
// wrangler has it (packages/wrangler/src/versions/secrets/index.ts).
func (v versionResult) placement() Placement {
	p := v.Resources.Script.Placement
	if p == (Placement{}) {
		p.Mode = v.Resources.Script.PlacementMode
	}
	return p
}

// Version returns one version of a Worker.
func (c *Client) Version(ctx context.Context, account, script, versionID string) (Version, error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("read version %s of worker %q", versionID, script))
	var params workers.ScriptVersionGetParams
	params.AccountID.Value = segment(account)
	var env struct {
		Result versionResult `json:"result"`
	}
	into := option.WithResponseBodyInto(&env)
	_, err := c.api().scripts.Versions.Get(ctx, segment(script), segment(versionID), params, into)
	if err != nil {
		return Version{}, call.failed(err)
	}
	v := env.Result
	if v.ID == "" {
		return Version{}, call.incomplete("version id")
	}
	return Version{
		ID: v.ID, Number: v.Number,
		Source: v.Metadata.Source, AuthorEmail: v.Metadata.AuthorEmail, CreatedOn: v.Metadata.CreatedOn,
		TriggeredBy: v.Annotations.TriggeredBy, Message: v.Annotations.Message, Tag: v.Annotations.Tag,
		ETag:               v.Resources.Script.ETag,
		CompatibilityDate:  v.Resources.Runtime.CompatibilityDate,
		CompatibilityFlags: v.Resources.Runtime.CompatibilityFlags,
		Bindings:           v.Resources.Bindings,
		MainModule:         v.MainModule,
		MigrationTag:       v.Resources.Runtime.MigrationTag,
		Placement:          v.placement(),
		Limits:             v.Resources.Runtime.Limits,
		CacheOptions:       v.CacheOptions,
		Exports:            v.Resources.Runtime.Exports,
	}, nil
}

// PutScript uploads a Worker, creating it if there is none of that name, and
// deploys the new version to all requests at once.
func (c *Client) PutScript(ctx context.Context, account, script string, u Upload) (Uploaded, error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("upload worker %q", script))
	send, err := call.attach(u)
	if err != nil {
		return Uploaded{}, err
	}
	var params workers.ScriptUpdateParams
	params.AccountID.Value = segment(account)
	params.BindingsInherit.Value = workers.ScriptUpdateParamsBindingsInheritStrict
	params.BindingsInherit.Present = true
	var env struct {
		Result struct {
			DeploymentID  string   `json:"deployment_id"` // the version's id, not the deployment's
			ETag          string   `json:"etag"`
			Handlers      []string `json:"handlers"`
			StartupTimeMS int      `json:"startup_time_ms"`
		} `json:"result"`
	}
	options := append(u.dated(), send, option.WithQuery("excludeScript", "true"), option.WithResponseBodyInto(&env))
	_, err = c.api().scripts.Update(ctx, segment(script), params, options...)
	if err != nil {
		return Uploaded{}, call.failed(err)
	}
	r := env.Result
	if r.DeploymentID == "" {
		return Uploaded{}, call.incomplete("version id")
	}
	return Uploaded{
		VersionID: dashed(r.DeploymentID), ETag: r.ETag, StartupTimeMS: r.StartupTimeMS, Handlers: r.Handlers,
	}, nil
}

// CreateVersion uploads a new version of an existing Worker and does not deploy it.
func (c *Client) CreateVersion(ctx context.Context, account, script string, u Upload) (Uploaded, error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("upload version of worker %q", script))
	call.repeatable = true // a second version that nobody deploys does nothing
	send, err := call.attach(u)
	if err != nil {
		return Uploaded{}, err
	}
	var params workers.ScriptVersionNewParams
	params.AccountID.Value = segment(account)
	params.BindingsInherit.Value = workers.ScriptVersionNewParamsBindingsInheritStrict
	params.BindingsInherit.Present = true
	var env struct {
		Result versionResult `json:"result"`
	}
	options := append(u.dated(), send, option.WithResponseBodyInto(&env))
	if _, err = c.api().scripts.Versions.New(ctx, segment(script), params, options...); err != nil {
		return Uploaded{}, call.failed(err)
	}
	v := env.Result
	if v.ID == "" {
		return Uploaded{}, call.incomplete("version id")
	}
	return Uploaded{
		VersionID: dashed(v.ID), ETag: v.Resources.Script.ETag, StartupTimeMS: v.StartupTimeMS,
		Handlers: v.Resources.Script.Handlers, Bindings: v.Resources.Bindings,
	}, nil
}

// DeleteScript removes a Worker with all its versions. Without force, Cloudflare
// refuses when another Worker refers to it.
func (c *Client) DeleteScript(ctx context.Context, account, script string, force bool) error {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("delete worker %q", script))
	var params workers.ScriptDeleteParams
	params.AccountID.Value = segment(account)
	params.Force.Value, params.Force.Present = true, force
	if _, err := c.api().scripts.Delete(ctx, segment(script), params); err != nil {
		return call.failed(err)
	}
	return nil
}

// dashed returns a version's id in the form that all other requests use. The
// response to PutScript has it without dashes.
func dashed(id string) string {
	if _, err := hex.DecodeString(id); err != nil || len(id) != 32 {
		return id
	}
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

// LatestVersion returns the id of a Worker's newest version, whether it is
// deployed or not; empty if it has none. It is the one with the highest number: no
// order is documented, and wrangler sorts them too (packages/wrangler/src/versions).
func (c *Client) LatestVersion(ctx context.Context, account, script string) (string, error) {
	path := fmt.Sprintf("/accounts/%s/workers/scripts/%s/versions", segment(account), segment(script))
	var got struct {
		Items []struct {
			ID     string `json:"id"`
			Number int    `json:"number"`
		} `json:"items"`
	}
	if err := c.get(ctx, APIWorkers, fmt.Sprintf("list versions of worker %q", script), path, &got); err != nil {
		return "", err
	}
	latest, number := "", 0
	for _, v := range got.Items {
		if v.Number > number {
			latest, number = v.ID, v.Number
		}
	}
	return latest, nil
}
