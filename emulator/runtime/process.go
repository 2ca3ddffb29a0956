// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// startTimeout is how long workerd may take until it listens.
	startTimeout = 20 * time.Second
	// stopTimeout is how long workerd may take to end by itself.
	stopTimeout = 2 * time.Second
	// outputLimit is how much of workerd's error output is kept to explain a failure.
	outputLimit = 64 << 10
)

// errStartTimeout is returned when workerd did not listen in time.
var errStartTimeout = errors.New("workerd did not start in time")

// features are options of workerd that say what it accepts.
type features []string

var (
	// experimental is what the entry Worker needs to call handlers other than fetch.
	experimental = features{"--experimental"}
	// stable is what uploads are tried with, so that they cannot use what Cloudflare does not offer.
	stable features
)

// process is a running workerd.
type process struct {
	pid     int
	address string        // host:port of its socket
	done    chan struct{} // closed when it has ended

	kill func() // ends it and its children at once
	term func() // asks it to end
}

// startProcess runs workerd with a configuration in a directory of its own below scratch. It returns when workerd
// listens. If workerd ends instead, the error is an [*exitError]; if it takes longer than limit, [errStartTimeout].
// Closing cancel makes it give up.
//
// The directory is removed before startProcess returns, so that secrets lie on disk for as short as possible;
// workerd has read everything by then.
func startProcess(
	cancel <-chan struct{}, limit time.Duration, shared *shared, text string, files fileSet, features features,
	stdout, stderr io.Writer,
) (p *process, err error) {
	dir, err := writeConfiguration(shared.scratch, text, files)
	if err != nil {
		return nil, fmt.Errorf("configuration of workerd: %w", err)
	}
	defer func() {
		if remaining := os.RemoveAll(dir); remaining != nil && err == nil {
			p.kill()
			<-p.done
			p, err = nil, remaining
		}
	}()

	control, controlWriter, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("control pipe: %w", err)
	}
	defer func() { _ = control.Close() }() // only read from: nothing to lose

	output := &boundedBuffer{limit: outputLimit}
	//nolint:noctx // it outlives the call, and may not be killed by the goroutine that waits for it
	cmd := exec.Command(shared.workerd, slices.Concat([]string{"serve", "--control-fd=3"}, features,
		[]string{"config.capnp", "config"})...)
	cmd.Dir = dir
	cmd.Env = environment()
	cmd.ExtraFiles = []*os.File{controlWriter}
	if shared.lock != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, shared.lock)
	}
	cmd.Stdout = stdout
	cmd.Stderr = io.MultiWriter(output, stderr)
	// A grandchild that kept the pipes open would block Wait for ever.
	cmd.WaitDelay = stopTimeout
	p = &process{done: make(chan struct{})}

	started := make(chan error, 1)
	go func() {
		// On Linux a child dies with the thread that started it, so that thread has to stay.
		goruntime.LockOSThread()
		defer goruntime.UnlockOSThread()
		release, err := startChild(cmd)
		if err == nil {
			p.pid = cmd.Process.Pid
			p.kill = func() { killChild(cmd) }
			p.term = func() { termChild(cmd) }
		}
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // how it ended is told by its output
		release()
		close(p.done)
	}()
	err = <-started
	_ = controlWriter.Close() // the child has its own
	if err != nil {
		return nil, fmt.Errorf("start workerd: %w", err)
	}

	listening := make(chan string, 1)
	go func() { listening <- readListening(control) }()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case p.address = <-listening:
	case <-cancel:
		err = errCancelled
	case <-timeout.C:
		err = errStartTimeout
	}
	if p.address == "" {
		p.kill()
		<-p.done
		if err == nil {
			err = &exitError{output: output.String()}
		}
		return nil, err
	}
	return p, nil
}

// errCancelled is returned when the caller gave up.
var errCancelled = errors.New("cancelled")

// stop ends the process: gently for a moment, then surely. It returns when the process has ended.
func (p *process) stop() { p.stopWithin(stopTimeout) }

// stopWithin is stop with another moment.
func (p *process) stopWithin(moment time.Duration) {
	if p.ended() {
		return
	}
	p.term()
	timeout := time.NewTimer(moment)
	defer timeout.Stop()
	select {
	case <-p.done:
	case <-timeout.C:
		p.kill()
		<-p.done
	}
}

// ended tells whether the process is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// readListening returns the address from the control messages, or "" if workerd closes the pipe before.
func readListening(control io.Reader) string {
	lines := bufio.NewScanner(control)
	for lines.Scan() {
		var message struct {
			Event string `json:"event"`
			Port  int    `json:"port"`
		}
		if json.Unmarshal(lines.Bytes(), &message) == nil && message.Event == "listen" {
			return fmt.Sprintf("127.0.0.1:%d", message.Port)
		}
	}
	return ""
}

// writeConfiguration writes a configuration to a new directory below scratch, readable by nobody else.
func writeConfiguration(scratch, text string, files fileSet) (string, error) {
	dir, err := os.MkdirTemp(scratch, "workerd-")
	if err != nil {
		return "", err
	}
	write := func(name string, content []byte) {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
		}
	}
	write("config.capnp", []byte(text))
	for name, content := range files {
		write(name, content)
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// environment is what workerd inherits: nothing but where certificates are. In particular it does not see the
// tokens of whoever runs the emulator.
func environment() []string {
	env := []string{"TZ=UTC"}
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// exitError says that workerd ended before it listened.
type exitError struct {
	output string // what it wrote to its error output
}

// Error returns what workerd said.
func (e *exitError) Error() string {
	output := strings.TrimSpace(e.output)
	if output == "" {
		output = "it said nothing"
	}
	return "workerd did not start: " + output
}

// boundedBuffer keeps the first bytes written to it, up to limit, and forgets the rest.
type boundedBuffer struct {
	mu    sync.Mutex
	limit int
	bytes []byte
}

// Write keeps what fits of p. It never fails.
func (b *boundedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if room := b.limit - len(b.bytes); room > 0 {
		b.bytes = append(b.bytes, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

// String returns what was kept.
func (b *boundedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.bytes)
}
