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

// D1PID returns the process id of the workerd that holds the D1 databases, or 0.
func (r *Runtime) D1PID() int {
	r.d1.mu.Lock()
	defer r.d1.mu.Unlock()
	if r.d1.process == nil {
		return 0
	}
	return r.d1.process.proc.pid
}

// D1Ended returns a channel that is closed when the workerd that holds the D1 databases has ended.
func (r *Runtime) D1Ended() <-chan struct{} {
	r.d1.mu.Lock()
	defer r.d1.mu.Unlock()
	return r.d1.process.proc.done
}

// D1InUse tells whether a database is used or waits to be, so that none can be deleted.
func (r *Runtime) D1InUse() bool {
	if !r.d1.use.TryLock() {
		return true
	}
	r.d1.use.Unlock()
	return false
}

// D1Deletes tells whether a database is being deleted or waits to be.
func (r *Runtime) D1Deletes() bool {
	if !r.d1.use.TryRLock() {
		return true
	}
	r.d1.use.RUnlock()
	return false
}

// HoldD1 makes uses of databases wait until release is called.
func (r *Runtime) HoldD1() (release func()) {
	r.d1.mu.Lock()
	return r.d1.mu.Unlock
}
