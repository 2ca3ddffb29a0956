// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"errors"
	"net/http"
	"time"
)

// cpuLimit is Cloudflare's default limit of processor time for one request. Source:
// https://developers.cloudflare.com/workers/platform/limits/#cpu-time.
const cpuLimit = 30 * time.Second

// watch ends a generation that Workers keep so busy that it does nothing else: workerd runs all of them in one
// thread and has no limit of its own.
func (r *Runtime) watch(g *generation, closing <-chan struct{}) {
	limit := r.CPULimit
	if limit == 0 {
		limit = cpuLimit
	}
	// Half of the limit between questions and half for the answer: what takes longer than the limit is found.
	pause := time.NewTicker(limit / 2)
	defer pause.Stop()
	for unanswered := 0; ; {
		select {
		case <-pause.C:
		case <-g.proc.done:
			r.revive(g)
			return
		case <-closing:
			return
		}
		r.mu.Lock()
		active := g.active
		r.mu.Unlock()
		before, beforeErr := g.proc.worked()
		if active == 0 || g.proc.alive(limit/2) || g.proc.ended() {
			unanswered = 0
			continue
		}
		unanswered++
		after, afterErr := g.proc.worked()
		if starved(limit, after-before, errors.Join(beforeErr, afterErr) == nil, unanswered) {
			continue
		}
		g.hung.Store(true)
		r.logLine("runtime", "a Worker kept workerd busy for longer than the limit; it is ended")
		g.proc.kill()
		return
	}
}

// patience is how many questions in a row a process may leave unanswered that does nothing.
const patience = 4

// starved tells whether a process that has not answered in half of the limit is not to blame: it had hardly any
// processor time meanwhile, because other processes had it. A process that never gets any is as good as a busy one.
func starved(limit, worked time.Duration, known bool, unanswered int) bool {
	return known && worked < limit/8 && unanswered < patience
}

// alive tells whether workerd answers within a time.
func (p *process) alive(within time.Duration) bool {
	//nolint:noctx // the client's timeout bounds it, and the process's end
	request, err := http.NewRequest(http.MethodGet, "http://"+p.address+"/", http.NoBody)
	if err != nil {
		return false
	}
	client := http.Client{Timeout: within, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil
}
