// SPDX-License-Identifier: Apache-2.0

package runtime

// PID returns the process id of the workerd that serves, or 0.
func (r *Runtime) PID() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return 0
	}
	return r.current.proc.pid
}

// Scratch returns the runtime's scratch directory, or "" before it is made.
func (r *Runtime) Scratch() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shared == nil {
		return ""
	}
	return r.shared.scratch
}

// AtWork returns how many invocations are not known to be finished.
func (r *Runtime) AtWork() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.invoked)
}

// Ended returns a channel that is closed when the workerd that serves now has ended.
func (r *Runtime) Ended() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current.proc.done
}
