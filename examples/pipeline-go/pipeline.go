// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"hello-worker-pipeline/summary"
)

const project = "hello-pipeline"

var (
	errPending    = errors.New("nothing was deployed: that needs --approve")
	errRolledBack = errors.New("rolled back")
	errFailing    = errors.New("the new version fails its smoke test, and serves")
)

// A pipeline deploys one stack.
type pipeline struct {
	stack       string
	dist        string // absolute path of the build output
	promoteFrom string // the stack whose bundle is deployed, if not empty
	approve     bool
	summaryDir  string // where the summary is written, if not empty
	plugins     string // absolute path of the provider's directory; empty: where Pulumi installs plugins
	smoke       smokeTest
}

// open returns a stack, which is made if there is none. Each has a working directory of its own, which the Automation
// API makes: pipelines that run at the same time share only the backend, where each stack has a lock.
func (p *pipeline) open(ctx context.Context, stack string, program pulumi.RunFunc) (auto.Stack, error) {
	settings := workspace.Project{Name: tokens.PackageName(project), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}
	if p.plugins != "" {
		settings.Plugins = &workspace.Plugins{
			Providers: []workspace.PluginOptions{{Name: "cloudflare-workers", Path: p.plugins}},
		}
	}
	return auto.UpsertStackInlineSource(ctx, stack, project, program, auto.Project(settings))
}

// deploy previews, deploys what is approved, tests it, and takes it back if the test fails and that can be.
func (p *pipeline) deploy(ctx context.Context) error {
	r := release{stack: p.stack, dist: p.dist, signingKey: os.Getenv(signingKey)}
	if r.signingKey == "" {
		return errors.New(signingKey + " is not set: the pipeline needs the Worker's secret")
	}
	if p.promoteFrom != "" {
		var err error
		if r.promoted, err = p.tested(ctx); err != nil {
			return err
		}
	}
	s, err := p.open(ctx, p.stack, r.program)
	if err != nil {
		return err
	}
	changes, err := p.preview(ctx, s)
	if err != nil {
		return err
	}
	previous, err := outputs(ctx, s)
	switch {
	case err != nil:
		return err
	case changes.Pending():
		fmt.Print(changes.Markdown())
	case previous.Bundle != nil:
		fmt.Println("nothing to do")
		return nil
	default:
		fmt.Println("nothing has changed, but what serves has failed its smoke test: it is to be tested again")
	}
	if !p.approve {
		return errPending
	}
	address, err := up(ctx, s)
	if err != nil {
		return err
	}
	if failure := p.smoke.passes(ctx, address); failure != nil {
		return takeBack(ctx, s, r, previous.Bundle, changes.Barriers, failure)
	}
	fmt.Println("serving at", address)
	return nil
}

// tested returns the bundle that the stack to promote from serves.
func (p *pipeline) tested(ctx context.Context) (*bundle, error) {
	s, err := p.open(ctx, p.promoteFrom, func(*pulumi.Context) error { return nil })
	if err != nil {
		return nil, err
	}
	have, err := outputs(ctx, s)
	if err == nil && have.Bundle == nil {
		err = fmt.Errorf("stack %s serves nothing that could be promoted: deploy it first", p.promoteFrom)
	}
	return have.Bundle, err
}

// preview says what would change, and writes it to the directory for the summary.
func (p *pipeline) preview(ctx context.Context, s auto.Stack) (summary.Summary, error) {
	stream, done := make(chan events.EngineEvent), make(chan []apitype.EngineEvent)
	go func() {
		var all []apitype.EngineEvent
		for event := range stream {
			all = append(all, event.EngineEvent)
		}
		done <- all
	}()
	_, err := s.Preview(ctx, optpreview.EventStreams(stream), optpreview.ErrorProgressStreams(os.Stderr))
	if err != nil {
		return summary.Summary{}, err
	}
	changes := summary.New(p.stack, <-done)
	if p.summaryDir == "" {
		return changes, nil
	}
	text, err := json.MarshalIndent(changes, "", "  ")
	if err != nil {
		return changes, err
	}
	return changes, errors.Join(
		os.MkdirAll(p.summaryDir, 0o750),
		os.WriteFile(filepath.Join(p.summaryDir, "summary.json"), append(text, '\n'), 0o600),
		os.WriteFile(filepath.Join(p.summaryDir, "summary.md"), []byte(changes.Markdown()), 0o600),
	)
}

// up deploys, tells its progress, and returns where the Worker answers.
func up(ctx context.Context, s auto.Stack) (string, error) {
	stream, done := make(chan events.EngineEvent), make(chan struct{})
	go func() {
		report(os.Stderr, stream)
		close(done)
	}()
	result, err := s.Up(ctx, optup.EventStreams(stream), optup.Message("deployed by the pipeline"))
	if err != nil {
		return "", err
	}
	<-done
	address, _ := result.Outputs[urlOutput].Value.(string)
	return address, nil
}

// takeBack lets the version serve again that served before. It takes back code, variables, secrets and bindings; what
// the deployment did to storage stays. The stack's output bundle is what serves, so that nobody promotes the failure;
// where the failure has to serve, there is none.
func takeBack(
	ctx context.Context, s auto.Stack, r release, previous *bundle, barriers []summary.Barrier, failure error,
) error {
	r.failed = true
	var err error
	switch {
	case len(barriers) > 0:
		err = fmt.Errorf("%w: this deployment cannot be rolled back (%s: %s). Correct the code, leave migrations as they "+
			"are, and deploy again: %w", errFailing, barriers[0].Worker, barriers[0].Reason, failure)
	case previous == nil:
		err = fmt.Errorf("%w: stack %s has none to go back to that has passed. Correct the code, and deploy again: %w",
			errFailing, r.stack, failure)
	default:
		r.takenBack = previous
		err = fmt.Errorf("%w to bundle %s: the smoke test of the new version failed: %w", errRolledBack, previous.SHA256,
			failure)
	}
	s.Workspace().SetProgram(r.program)
	if _, failed := up(ctx, s); failed != nil {
		return fmt.Errorf("the smoke test failed: %w, and so did taking the version back: %w", failure, failed)
	}
	return err
}

func (p *pipeline) destroy(ctx context.Context) error {
	s, err := p.open(ctx, p.stack, func(*pulumi.Context) error { return nil })
	if err != nil {
		return err
	}
	_, err = s.Destroy(ctx, optdestroy.ErrorProgressStreams(os.Stderr))
	return err
}

// outputs are the stack's, as its last deployment left them.
func outputs(ctx context.Context, s auto.Stack) (have struct{ Bundle *bundle }, err error) {
	values, err := s.Outputs(ctx)
	if err != nil {
		return have, err
	}
	text, err := json.Marshal(values[bundleOutput].Value)
	if err != nil {
		return have, err
	}
	return have, json.Unmarshal(text, &have.Bundle)
}
