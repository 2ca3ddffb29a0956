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
	// Network lists what Workers may fetch: "public", "private" (which includes this machine), or networks such
	// as "192.0.2.0/24". Nil: "public" and "private". Empty but not nil: nothing.
	Network []string
	// CPULimit is how long Workers may keep the runtime too busy to do anything else. It is ended then, and the
	// requests that it was answering get error 1102. 0: 30 seconds, Cloudflare's default for one request.
	CPULimit time.Duration
	// Dir is where the runtime creates its own scratch directory, removed by Close. Empty: [os.TempDir]. It holds
	// a socket, so its path must be short: 70 bytes are safe everywhere.
	Dir string
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
// the old one finishes what it is doing. What is equal in both worlds is not restarted.
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
