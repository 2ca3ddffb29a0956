// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"math"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

var _ infer.Annotated = (*CodeUpdateStrategy)(nil)

// CodeUpdateStrategy says when Durable Objects that run move to the code of a new deployment. Source of this file:
// https://developers.cloudflare.com/durable-objects/deployments/durable-objects-code-updates/, and wrangler 4.164.0,
// config-schema.json and validateDurableObjectsProperty in wrangler-dist/cli.js.
type CodeUpdateStrategy struct {
	Mode     string   `pulumi:"mode"`
	MaxDelay *float64 `pulumi:"maxDelay,optional"`
}

// Annotate describes the strategy.
func (s *CodeUpdateStrategy) Annotate(a infer.Annotator) {
	a.Describe(&s, "When Durable Objects that run move to the code of a new deployment.")
	a.Describe(&s.Mode, "`immediate`: at once, without waiting for what they do; `deferred`: when they hibernate, and at "+
		"the latest after `maxDelay`.")
	a.Describe(&s.MaxDelay, "With `deferred`: after how many seconds an object that still runs is restarted, from 0 to "+
		"86400 (a day), to the millisecond. Default: 300.")
}

const codeUpdateStrategyDoc = "When Durable Objects of this Worker that run move to the code of a new deployment. It " +
	"is sent with each deployment of this program; changed alone, it deploys the same version once more. Cloudflare " +
	"does not tell it, so that a refresh or an import does not find it. Default: `deferred`, by at most 300 seconds."

// The modes, and what Cloudflare does if nothing is said.
const (
	immediateUpdate = "immediate"
	deferredUpdate  = "deferred"

	defaultCodeDelay = 300   // seconds
	maxCodeDelay     = 86400 // seconds
)

// effective is s with everything said.
func (s *CodeUpdateStrategy) effective() (mode string, delay float64) {
	switch {
	case s == nil:
		return deferredUpdate, defaultCodeDelay
	case s.Mode == immediateUpdate:
		return s.Mode, 0
	case s.MaxDelay == nil:
		return s.Mode, defaultCodeDelay
	}
	return s.Mode, *s.MaxDelay
}

func sameCodeUpdate(a, b *CodeUpdateStrategy) bool {
	modeA, delayA := a.effective()
	modeB, delayB := b.effective()
	return modeA == modeB && delayA == delayB
}

// toAPI returns the strategy as it is sent; nil: Cloudflare's own. As wrangler does it names the delay.
func (s *CodeUpdateStrategy) toAPI() *cfapi.CodeUpdateStrategy {
	if s == nil {
		return nil
	}
	mode, delay := s.effective()
	if mode == immediateUpdate {
		return &cfapi.CodeUpdateStrategy{Mode: mode}
	}
	return &cfapi.CodeUpdateStrategy{Mode: mode, MaxDelay: &delay}
}

func (c *checker) codeUpdate(s *CodeUpdateStrategy) {
	if s == nil {
		return
	}
	at := func(member string) []string { return []string{"codeUpdateStrategy", member} }
	c.fail(s.Mode != immediateUpdate && s.Mode != deferredUpdate, at("mode"), "%q is not one of immediate, deferred",
		s.Mode)
	if s.MaxDelay == nil {
		return
	}
	delay := *s.MaxDelay
	c.fail(s.Mode == immediateUpdate, at("maxDelay"), "says nothing beside the mode immediate: leave it out, or set mode "+
		"to deferred")
	c.fail(delay < 0 || delay > maxCodeDelay, at("maxDelay"), "%g is not between 0 and %d seconds", delay, maxCodeDelay)
	c.fail(math.Abs(delay*1e3-math.Round(delay*1e3)) > 1e-6, at("maxDelay"), "%g is finer than a millisecond", delay)
}
