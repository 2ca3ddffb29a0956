// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// eagerVersions is how many deployed versions are loaded before anybody asks for them. Beyond that each is
	// loaded when it is first asked for, so that a world of a thousand Workers does not take gigabytes.
	eagerVersions = 32
	// drainTimeout is how long a replaced process may go on answering requests, and after the last answer with
	// what Workers gave to waitUntil: 30 seconds as on Cloudflare. Source:
	// https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil.
	drainTimeout = 30 * time.Second
	// waitTimeout is how long a request waits for the newest world to come up.
	waitTimeout = 30 * time.Second
	// healthyAfter is how long a process must have lived for its end to count as the first failure again.
	healthyAfter = 10 * time.Second
)

// generation is a process and what it runs. Fields below mu are guarded by Runtime.mu.
type generation struct {
	proc    *process
	layout  *layout
	started time.Time
	hung    atomic.Bool // it was ended because it did nothing any more

	seq     uint64 // the newest world that it serves
	active  int    // requests being answered
	invoked int    // requests answered whose Workers may still be at work
	retired bool
	idle    chan struct{}     // closed when it is retired and has nothing to do
	sockets map[*lease]func() // WebSockets, with what ends them
}

// start is a start under way.
type start struct {
	done chan struct{} // closed at its end
	err  error         // set before done is closed
	seq  uint64        // the world that was to serve; 0 if it did not come to that; set before done is closed
}

// has tells whether the generation runs a version.
func (g *generation) has(key scriptKey) bool { return g.layout.services[key] != "" }

// lost tells whether the generation can answer nothing any more.
func (g *generation) lost() bool { return g.hung.Load() || g.proc.ended() }

// settleLocked closes idle once a retired generation has nothing to do. Runtime.mu must be held.
func (g *generation) settleLocked() {
	if g.retired && g.active == 0 && g.invoked == 0 {
		select {
		case <-g.idle:
		default:
			close(g.idle)
		}
	}
}

// lease is the right to send one request to a generation.
type lease struct {
	runtime    *Runtime
	generation *generation
	service    string // the service to address
	invocation invocationKey
}

// invocationKey recognises the tail event of a Worker that the front door invoked. The service tells it from those
// of Workers to which that one passed the request on.
type invocationKey struct{ ray, service string }

// release says that the request was answered. The generation is kept until the Workers' work for it is done too.
func (l *lease) release() {
	r := l.runtime
	r.mu.Lock()
	defer r.mu.Unlock()
	l.generation.active--
	delete(l.generation.sockets, l)
	l.generation.settleLocked()
}

// finished says that a Worker is done, waitUntil included.
func (r *Runtime) finished(key invocationKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finishedLocked(key)
}

// finishedLocked is finished for who holds r.mu.
func (r *Runtime) finishedLocked(key invocationKey) {
	if g := r.invoked[key]; g != nil {
		delete(r.invoked, key)
		g.invoked--
		g.settleLocked()
	}
}

// acquire returns a lease on a generation that runs the version that route picks from the newest world. It waits
// while one is being started. Ray recognises the end of the Worker's work, after its answer; it is empty for requests
// whose answer is the end.
func (r *Runtime) acquire(ctx context.Context, ray string, route func(*table) (scriptKey, error)) (*lease, error) {
	timeout := time.NewTimer(waitTimeout)
	defer timeout.Stop()
	var arrival uint64
	for first := true; ; first = false {
		r.mu.Lock()
		if r.closed {
			r.mu.Unlock()
			return nil, errClosed
		}
		if first {
			arrival = r.seq
		}
		key, err := route(r.world)
		if err != nil {
			r.mu.Unlock()
			return nil, err
		}
		if g := r.current; g != nil && !g.lost() && g.seq >= arrival && g.has(key) {
			l := r.leaseLocked(g, key, ray)
			r.mu.Unlock()
			return l, nil
		}
		if r.wanted == nil {
			r.wanted = map[scriptKey]bool{}
		}
		r.wanted[key] = true
		s := r.startLocked()
		r.mu.Unlock()

		select {
		case <-s.done:
			if s.err != nil && (s.seq == 0 || s.seq >= arrival) { // else it was another world's fault
				return nil, s.err
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-timeout.C:
			return nil, errStartTimeout
		}
	}
}

// leaseLocked counts a request. r.mu must be held.
func (r *Runtime) leaseLocked(g *generation, key scriptKey, ray string) *lease {
	l := &lease{runtime: r, generation: g, service: g.layout.services[key]}
	g.active++
	if ray == "" || g.layout.broken[key] {
		return l // a broken one throws at once, and has no tail
	}
	if r.invoked == nil {
		r.invoked = map[invocationKey]*generation{}
	}
	l.invocation = invocationKey{ray, l.service}
	r.invoked[l.invocation] = g
	g.invoked++
	return l
}

// startLocked starts a generation for the newest world unless a start is under way. r.mu must be held.
func (r *Runtime) startLocked() *start {
	if r.starting != nil {
		return r.starting
	}
	s := &start{done: make(chan struct{})}
	r.starting = s
	closing := r.closingLocked()
	r.background.Go(func() {
		err := r.renew(s, closing)
		r.mu.Lock()
		s.err = err
		r.starting = nil
		if s.seq != 0 && s.seq < r.seq {
			r.wakeLocked()
		}
		r.mu.Unlock()
		close(s.done)
	})
	return s
}

// renew makes the newest world what serves, and notes which that was.
func (r *Runtime) renew(s *start, closing <-chan struct{}) error {
	if err := r.pause(closing); err != nil {
		return err
	}
	r.mu.Lock()
	shared, err := r.sharedLocked()
	if err != nil {
		r.mu.Unlock()
		return err
	}
	s.seq = r.seq
	world := r.world
	scripts := world.load(r.wanted)
	r.mu.Unlock()
	objects := world.objects
	if objects.dir, err = r.objectsDir(shared); err != nil {
		return err
	}

	process := *shared
	found := faults{services: map[scriptKey]string{}, bindings: map[scriptKey]map[string]string{}}
	for {
		l := newLayout(shared.backend.socket, r.network(), scripts, world.deployed, objects, found)
		if r.keep(l, s.seq) {
			return nil
		}
		if process.lock == nil {
			if process.lock, err = r.claimObjects(objects, l, closing); err != nil {
				r.logLine("runtime", err.Error())
				return err
			}
			if process.lock != nil {
				defer func() { _ = process.lock.Close() }() // the process has its own
			}
		}
		if len(scripts) == 0 {
			return nil // it was about Durable Objects that are gone
		}
		proc, err := startProcess(closing, startTimeout, &process, l.text, l.files, experimental,
			nil, &lineWriter{line: func(text string) { r.logLine("workerd", text) }})
		if err == nil {
			return r.install(&generation{
				proc: proc, layout: l, started: time.Now(), seq: s.seq, idle: make(chan struct{}),
			})
		}
		before := found.size()
		if exit, ok := errors.AsType[*exitError](err); ok {
			l.blame(exit.output, found)
		}
		if found.size() == before {
			r.mu.Lock()
			r.failures++
			r.mu.Unlock()
			r.logLine("runtime", err.Error())
			return err
		}
	}
}

// pause buries the current generation if it is lost, and waits after failures.
func (r *Runtime) pause(closing <-chan struct{}) error {
	r.mu.Lock()
	lost := r.current
	if lost != nil && lost.lost() {
		r.current = nil
		r.forgetLocked(lost)
		if time.Since(lost.started) > healthyAfter {
			r.failures = 0
		}
		r.failures++
	} else {
		lost = nil
	}
	delay := backoff(r.failures)
	r.mu.Unlock()
	if lost != nil {
		<-lost.proc.done
		r.logLine("runtime", "workerd ended unexpectedly and is started again")
	}
	if delay == 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-closing:
		return errClosed
	}
}

// keep tells whether the current generation serves a layout already, and notes that it does.
func (r *Runtime) keep(l *layout, seq uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.current
	if g == nil || g.lost() || g.layout.text != l.text {
		return false
	}
	g.layout = l
	g.seq = seq
	return true
}

// install makes g current and retires what was.
func (r *Runtime) install(g *generation) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		g.proc.kill()
		<-g.proc.done
		return errClosed
	}
	old := r.current
	r.current = g
	r.background.Go(func() { r.watch(g, r.closing) })
	if old == nil {
		return nil
	}
	old.retired = true
	old.settleLocked()
	r.background.Go(func() { r.drain(old, r.closing) })
	return nil
}

// drain lets a retired generation finish its work, within bounds, and stops it.
func (r *Runtime) drain(g *generation, closing <-chan struct{}) {
	timeout := time.NewTimer(drainTimeout)
	defer timeout.Stop()
	select {
	case <-g.idle:
		g.proc.stop()
	case <-g.proc.done:
	case <-timeout.C:
		g.proc.stop()
	case <-closing:
		g.proc.kill()
		<-g.proc.done
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetLocked(g)
}

// forgetLocked drops what is remembered about a generation that ended. r.mu must be held.
func (r *Runtime) forgetLocked(g *generation) {
	maps.DeleteFunc(r.invoked, func(_ invocationKey, of *generation) bool { return of == g })
}

// load returns the versions to run: those that were asked for, and all that are deployed if they are few.
func (t *table) load(wanted map[scriptKey]bool) []*Script {
	var scripts []*Script
	for key := range wanted {
		if s := t.scripts[key]; s != nil {
			scripts = append(scripts, s)
		}
	}
	if len(t.eager) <= eagerVersions {
		scripts = append(scripts, t.eager...)
	}
	for key := range t.objects.hosted {
		scripts = append(scripts, t.scripts[key])
	}
	return slices.Clip(scripts)
}

var (
	brokenService = regexp.MustCompile(`^service s(\d+): (.*)`)
	brokenBinding = regexp.MustCompile(`^Worker "s(\d+)"'s binding "(.*)" refers to .*named entrypoint "(.*)", but `)
)

// blame finds in workerd's error output which parts of the layout it would not start with, and adds them to found.
// Bindings to a Worker that cannot start are complained about too, but not to blame.
func (l *layout) blame(output string, found faults) {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	before := len(found.services)
	for i, line := range lines {
		if m := brokenService.FindStringSubmatch(line); m != nil {
			if s := l.script(m[1]); s != nil && found.services[s.key()] == "" {
				found.add(s, strings.Join(append([]string{m[2]}, continuation(lines[i+1:])...), "\n"))
			}
		}
	}
	if len(found.services) > before {
		return
	}
	for _, line := range lines {
		if m := brokenBinding.FindStringSubmatch(line); m != nil {
			if s := l.script(m[1]); s != nil {
				found.addBinding(s, m[2], fmt.Sprintf("the Worker bound as %q has no entrypoint %q", m[2], m[3]))
			}
		}
	}
}

// script returns the script of a service by the number in its name.
func (l *layout) script(number string) *Script {
	var i int
	if _, err := fmt.Sscan(number, &i); err != nil || i >= len(l.scripts) {
		return nil
	}
	return l.scripts[i]
}

// continuation returns the indented lines that lines begin with.
func continuation(lines []string) []string {
	for i, line := range lines {
		if !strings.HasPrefix(line, "  ") {
			return lines[:i]
		}
	}
	return lines
}
