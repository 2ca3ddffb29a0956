// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// Runtime runs Workers. Its zero value is ready to use. Exported fields must not be changed after the first call
// of a method. Methods are safe for concurrent use.
type Runtime struct {
	// Workerd is the path of the workerd binary. Empty: what [FindWorkerd] finds.
	Workerd string
	// KV is the backend of kv_namespace bindings. Nil: using such a binding throws.
	KV KV
	// R2 returns the backend of an r2_bucket binding, which speaks the protocol of workerd's R2 bindings.
	// Jurisdiction is empty for none. It may return nil for a bucket that does not exist. Nil: using such a
	// binding throws.
	R2 func(account, bucket, jurisdiction string) http.Handler
	// Secrets is the backend of secrets_store_secret bindings: the value of a secret in a store, each time it is asked
	// for, or not ok if it is not there. Nil: using such a binding throws.
	Secrets func(account, store, name string) (value string, ok bool)
	// D1Dir is where D1 databases are kept. One runtime at a time may use it. Empty: in the scratch directory, where they
	// are lost by Close.
	D1Dir string
	// ObjectsDir is where the data of Durable Objects is kept. One runtime at a time may use it, and directories in it
	// that belong to no namespace of the world are deleted. Empty: in the scratch directory, where Close deletes it.
	ObjectsDir string
	// Queues returns the backend of a queue binding, which speaks the protocol of workerd's queue bindings. Delay is the
	// binding's delivery_delay in seconds; empty: none. Nil: using such a binding throws.
	Queues func(account, queue, delay string) http.Handler
	// Assets returns what serves the static assets of a version. That is asked first about each request to the Worker,
	// and says in a header whether the Worker is to answer instead (see js/assets.js); or, with binding, it is the
	// backend of an assets binding. Nil: Workers with assets throw.
	Assets func(account, worker, version string, binding bool) http.Handler
	// Network lists what Workers may fetch: "public", "private" (which includes this machine), or networks such
	// as "192.0.2.0/24". Nil: "public" and "private". Empty but not nil: nothing.
	Network []string
	// CPULimit is how long Workers may keep the runtime too busy to do anything else. It is ended then, and the
	// requests that it was answering get error 1102. It bounds what D1 runs, too. 0: 30 seconds, Cloudflare's default
	// for one request.
	CPULimit time.Duration
	// Dir is where the runtime creates its own scratch directory, removed by Close. Empty: [os.TempDir]. It holds
	// a socket, so its path must be short: 70 bytes are safe everywhere.
	Dir string
	// Mail is told of each message that a send_email binding took. Nil: they are only logged.
	Mail func(Mail)
	// Now tells the time for rate limits. Nil: [time.Now].
	Now func() time.Time
	// Log receives the Workers' console output and the runtime's messages, in lines. Nil: discarded. Writes are
	// serialised.
	Log io.Writer

	mu       sync.Mutex
	closed   bool
	closing  chan struct{} // closed by Close; nil before the first use
	shared   *shared       // what all processes use; nil before the first is started
	world    *table        // where requests go; nil before the first Apply
	seq      uint64        // number of Apply calls so far
	wanted   map[scriptKey]bool
	current  *generation                   // what serves; nil before the first start and after a crash
	starting *start                        // the start under way, if any
	failures int                           // starts and generations that failed in a row
	invoked  map[invocationKey]*generation // Workers that may still be at work

	limits rateLimits

	d1 d1Host // holds the D1 databases

	background sync.WaitGroup // goroutines that Close waits for
	reports    reports        // what Validate found out earlier
	logMu      sync.Mutex
}

// errClosed is returned after Close.
var errClosed = errors.New("the runtime is closed")

// shared is what all processes of a runtime use.
type shared struct {
	workerd string // path of the binary
	scratch string // directory for files
	backend *backend
	lock    *os.File // kept open by the process; may be nil
}

// sharedLocked makes what processes need, once. r.mu must be held.
func (r *Runtime) sharedLocked() (*shared, error) {
	if r.closed {
		return nil, errClosed
	}
	if r.shared != nil {
		return r.shared, nil
	}
	workerd := r.Workerd
	if workerd == "" {
		found, err := FindWorkerd()
		if err != nil {
			return nil, err
		}
		workerd = found
	}
	scratch, err := os.MkdirTemp(r.Dir, "emulator-")
	if err != nil {
		return nil, err
	}
	backend, err := r.serveBackend(scratch)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(scratch))
	}
	r.shared = &shared{workerd: workerd, scratch: scratch, backend: backend}
	return r.shared, nil
}

// closingLocked returns the channel that Close closes. r.mu must be held.
func (r *Runtime) closingLocked() chan struct{} {
	if r.closing == nil {
		r.closing = make(chan struct{})
	}
	return r.closing
}

// network returns what Workers may fetch.
func (r *Runtime) network() []string {
	if r.Network == nil {
		return []string{"public", "private"}
	}
	return r.Network
}

// Apply makes world what runs and returns at once. Requests that arrive at the front door afterwards are answered
// from world or a later one. Nothing is started before the first such request; then the new process starts while
// the old one finishes what it is doing. What is equal in both worlds is not restarted. A world with Durable Objects,
// whose alarms wait for no request, is started at once, after the end of the old process if that has any.
func (r *Runtime) Apply(world World) {
	t := newTable(world)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.world = t
	r.seq++
	r.failures = 0
	for key := range r.wanted {
		if t.scripts[key] == nil {
			delete(r.wanted, key)
		}
	}
	r.wakeLocked()
}

// Close stops all that runs and removes all files. Requests that are being answered are cut off. The runtime
// cannot be used afterwards. Closing it again does nothing.
func (r *Runtime) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	close(r.closingLocked())
	current := r.current
	r.current = nil
	shared := r.shared
	r.mu.Unlock()

	if current != nil {
		current.proc.kill()
		<-current.proc.done
	}
	r.background.Wait()
	r.d1.close()
	if shared == nil {
		return nil
	}
	return errors.Join(shared.backend.close(), os.RemoveAll(shared.scratch))
}

// logf writes a line to the log, if there is one.
func (r *Runtime) logLine(source, text string) {
	if r.Log == nil {
		return
	}
	line := make([]byte, 0, len(source)+len(text)+3)
	line = append(append(append(append(line, source...), ": "...), text...), '\n')
	r.logMu.Lock()
	defer r.logMu.Unlock()
	_, _ = r.Log.Write(line) // there is nowhere else to complain
}

// backoff returns how long to wait before starting again after failures in a row.
func backoff(failures int) time.Duration {
	const first, longest = 100 * time.Millisecond, 5 * time.Second
	if failures == 0 {
		return 0
	}
	return min(first<<min(failures-1, 10), longest)
}
