// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// How long an address is waited for at most. A custom domain needs a certificate.
const (
	waitForRoute  = time.Minute
	waitForDomain = 5 * time.Minute
)

// Pauses between two requests to an address: the first, and the longest.
const (
	firstPause = time.Second
	maxPause   = 5 * time.Second
	// A resolver that is asked for a name too early remembers for long that there is none.
	dnsPause = 2 * time.Second
)

// An edge waits until addresses of Workers answer. An address that answered before
// is not asked: which version has answered cannot be told.
type edge struct {
	ask   func(ctx context.Context, address string) cfapi.Answer
	byDNS bool // an address is where DNS says
	now   func() time.Time
	sleep func(ctx context.Context, d time.Duration) error
}

// newEdge returns the edge at which the configuration's Workers answer. Its ask is nil if nobody says where that is.
func newEdge(endpoint, workersEndpoint string) (*edge, error) {
	e, err := cfapi.NewEdge(endpoint, workersEndpoint)
	if err != nil {
		return nil, fmt.Errorf("workersEndpoint: %w", err)
	}
	if e == nil {
		return &edge{}, nil
	}
	return &edge{ask: e.Ask, byDNS: e.ByDNS(), now: time.Now, sleep: cfapi.Sleep}, nil
}

// awaitAddresses waits until the addresses answer that the Worker did not have
// before. Everything is deployed by then, so what does not answer is a warning.
func (d deployer) awaitAddresses(ctx context.Context, before []string, facts CloudflareWorkerState) {
	e := infer.GetConfig[Config](ctx).edge
	if e.ask == nil || d.want.WaitForReady != nil && !*d.want.WaitForReady {
		return
	}
	fresh := map[string]bool{} // and whether it is a custom domain
	for _, address := range facts.URLs {
		if !slices.Contains(before, address) {
			_, fresh[address] = facts.CustomDomains[strings.TrimPrefix(address, "https://")]
		}
	}
	e.await(ctx, fresh, p.GetLogger(ctx))
}

// A waitLog is told what is waited for, and what did not answer.
type waitLog interface {
	InfoStatus(text string)
	Warning(text string)
}

// await waits for all addresses at once. The value says whether one is a custom domain.
func (e *edge) await(ctx context.Context, addresses map[string]bool, log waitLog) {
	var group sync.WaitGroup
	for address, domain := range addresses {
		group.Go(func() {
			a := e.wait(ctx, address, domain, log.InfoStatus)
			switch {
			case !a.Ready:
				log.Warning(fmt.Sprintf("%s does not answer yet: %s. The Worker is deployed, and the address may need some "+
					"more time; waitForReady: false does not wait for it", address, a.Said))
			case a.Said != "":
				log.Warning(fmt.Sprintf("%s answers, but with %s", address, a.Said))
			}
		})
	}
	group.Wait()
}

// wait asks until the address answers, or for as long as is due. It says why it goes on.
func (e *edge) wait(ctx context.Context, address string, domain bool, say func(string)) cfapi.Answer {
	limit := waitForRoute
	if domain {
		limit = waitForDomain
	}
	until := e.now().Add(limit)
	if custom, ok := ctx.Deadline(); ok { // the resource's custom timeout
		until = custom.Add(-time.Second) // in which the state is written
	}
	say("waiting until " + address + " answers")
	if e.byDNS && !strings.HasSuffix(address, workersDevDomain) && e.sleep(ctx, dnsPause) != nil {
		return cfapi.Answer{Said: ctx.Err().Error()}
	}
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		a := e.ask(ctx, address)
		if a.Ready || ctx.Err() != nil || e.now().Add(pause).After(until) {
			return a
		}
		say(fmt.Sprintf("waiting until %s answers: %s", address, a.Said))
		if e.sleep(ctx, pause) != nil {
			return a
		}
	}
}
