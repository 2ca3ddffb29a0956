// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/leak"
)

// loudest makes Pulumi tell all that it can, and the plugins at once: they send their log in batches, which are lost
// when one ends before a second has passed.
var loudest = []string{"OTEL_BLRP_SCHEDULE_DELAY=1"}

// A collector is a receiver of traces, in the form of Pulumi's --tracing, that keeps what each process sends apart.
type collector struct {
	address  string
	listener net.Listener
	accepted chan struct{} // closed when there are no more connections to come

	mu        sync.Mutex
	processes []*bytes.Buffer
	open      sync.WaitGroup
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() }) // sent has closed it, unless the test failed before
	c := &collector{address: "tcp://" + listener.Addr().String(), listener: listener, accepted: make(chan struct{})}
	go func() {
		defer close(c.accepted)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			sent := &bytes.Buffer{}
			c.mu.Lock()
			c.processes = append(c.processes, sent)
			c.mu.Unlock()
			c.open.Go(func() {
				_, _ = io.Copy(sent, conn) // until the process ends, in whatever way
				_ = conn.Close()
			})
		}
	}()
	return c
}

// sent is what the processes have sent, by which process it is. They must have ended. It can be asked once.
func (c *collector) sent() map[string]string {
	_ = c.listener.Close()
	<-c.accepted
	c.open.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	byProcess := map[string]string{}
	for _, sent := range c.processes {
		process := "language host"
		switch {
		case bytes.Contains(sent.Bytes(), []byte("newPlugin")): // only the engine starts plugins
			process = "engine"
		case bytes.Contains(sent.Bytes(), []byte("pulumirpc.ResourceProvider/Create")),
			bytes.Contains(sent.Bytes(), []byte("pulumirpc.ResourceProvider/Update")):
			process = "provider"
		}
		byProcess[process] += sent.String()
	}
	return byProcess
}

// loggedCall is what Pulumi's RPC layer logs of a property, in each of its processes.
var loggedCall = regexp.MustCompile(`^(Unmarshaling|Marshaling) property for RPC\[(.*?)\]:`)

// instance is what tells one call from another of its kind.
var instance = regexp.MustCompile(`\[0x[0-9a-f]+\]|\(.*?\)`)

// logged says, for each line of a log of Pulumi's that has a secret, what it is a line about.
func logged(t *testing.T, s *leak.Scanner, log string) map[string]bool {
	t.Helper()
	kinds := map[string]bool{}
	for line := range strings.Lines(log) {
		if len(s.Bytes("line", []byte(line))) == 0 {
			continue
		}
		var record struct{ Msg string }
		kind := "something else"
		if err := json.Unmarshal([]byte(line), &record); err == nil {
			if call := loggedCall.FindStringSubmatch(record.Msg); call != nil {
				kind = call[1] + " " + instance.ReplaceAllString(call[2], "")
			}
		}
		kinds[kind] = true
	}
	return kinds
}

// calls says in which parts of which calls of a log of PULUMI_DEBUG_GRPC there is a secret.
func calls(t *testing.T, s *leak.Scanner, log string) map[string]bool {
	t.Helper()
	parts := map[string]bool{}
	for line := range strings.Lines(log) {
		var call map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(line), &call))
		for name, part := range call {
			if len(s.Bytes("part", part)) > 0 {
				parts[strings.Trim(string(call["method"]), `"`)+" "+name] = true
			}
		}
	}
	return parts
}

// known is a scanner for the values that are known by now.
func known(t *testing.T, tr *trail) *leak.Scanner {
	t.Helper()
	s, err := leak.New(tr.secrets...)
	require.NoError(t, err)
	return s
}

func set(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, name := range names {
		m[name] = true
	}
	return m
}

// TestOnlyTheEngineTellsSecrets: asked to tell everything, Pulumi's own processes tell what the program registered,
// before it reaches the provider. These are all the places where they do; more of them would be the provider's.
func TestOnlyTheEngineTellsSecrets(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	c := newCloud(t, &emulator.Server{DataDir: t.TempDir()})
	l := newLeakStack(t, tr, c)
	spans := newCollector(t)
	grpcLog, otel := filepath.Join(t.TempDir(), "grpc.json"), filepath.Join(t.TempDir(), "otel.json")
	l.Setenv(append(loudest, "PULUMI_DEBUG_GRPC="+grpcLog)...)
	var log strings.Builder
	loud := func(args ...string) {
		args = append(args, "--yes", "--skip-preview", "--logflow", "--logtostderr", "-v=11")
		said, err := l.Pulumi(t.Context(), args...)
		require.NoError(t, err)
		log.WriteString(said)
	}
	loud("up", "--tracing", spans.address)
	l.knowOutput(t)
	l.edit(t, "dist/index.js", "one", "two")
	l.rotate(t, "with code")
	loud("up", "--otel-traces", "file://"+otel)
	l.rotate(t, "alone")
	loud("up", "--tracing", spans.address)
	l.arrived(t)
	l.allArrived(t)
	loud("refresh", "--tracing", spans.address)
	s := known(t, tr)

	// The language host says what the program registers, the engine what it receives and hands to the provider's Check.
	inLog := set("Marshaling ", "Unmarshaling ResourceMonitor.RegisterResource", "Marshaling Provider.Check.news")
	assert.Equal(t, inLog, logged(t, s, log.String()))
	automatic, err := filepath.Glob(filepath.Join(l.Home(), "logs", "*+dev-*.log"))
	require.NoError(t, err)
	require.NotEmpty(t, automatic)
	kept := map[string]bool{}
	for _, file := range automatic {
		raw, err := s.File(file)
		require.NoError(t, err)
		assert.Empty(t, raw, "a log of an operation is not encrypted")
		for kind := range logged(t, s, l.pulumi(t, "logs", "decrypt", file)) {
			kept[kind] = true
		}
	}
	assert.Equal(t, inLog, kept, "in the logs that Pulumi keeps, encrypted with the stack's key")

	told, err := os.ReadFile(grpcLog)
	require.NoError(t, err)
	inCalls := set("/pulumirpc.ResourceMonitor/RegisterResource request", "/pulumirpc.ResourceProvider/Check request",
		// and where the stack's configuration is handed to the program
		"/pulumirpc.LanguageRuntime/Run request", "/pulumirpc.ResourceMonitor/GetDeploymentInfo response")
	assert.Equal(t, inCalls, calls(t, s, string(told)))

	found := map[string]bool{}
	sent := spans.sent()
	for process, text := range sent {
		found[process] = len(s.Bytes(process, []byte(text))) > 0
	}
	assert.Equal(t, map[string]bool{"engine": true, "language host": true, "provider": false}, found)
	opened, err := s.File(otel)
	require.NoError(t, err)
	assert.Empty(t, opened, "spans of OpenTelemetry have no payloads")

	// The search is not blind: one line of ours more, and it says so.
	planted := tr.secret("planted").Value
	s = known(t, tr)
	line, err := json.Marshal(map[string]string{"msg": "Unmarshaling property for RPC[]: KEY={" + planted + "}"})
	require.NoError(t, err)
	assert.Equal(t, set("Unmarshaling "), logged(t, s, string(line)))
	assert.Equal(t, set("something else"), logged(t, s, "panic: "+planted+"\n"))
	line, err = json.Marshal(map[string]any{"method": "/pulumirpc.ResourceProvider/Create", "response": planted})
	require.NoError(t, err)
	assert.Equal(t, set("/pulumirpc.ResourceProvider/Create response"), calls(t, s, string(line)))
	assert.NotEmpty(t, s.Bytes("provider", []byte(sent["provider"]+planted)))
}

// TestTheProviderItselfTellsNothing runs it as no engine does, apart from all others: what it writes to its standard
// error, its files and its traces at the highest level is its own.
func TestTheProviderItselfTellsNothing(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	data := t.TempDir()
	c := newCloud(t, &emulator.Server{DataDir: data})
	l := newLeakStack(t, tr, c)
	temporary := t.TempDir()
	tr.watch(inTemporaries, temporary, nil)

	alone := func(flags []string, args ...string) {
		spans := newCollector(t)
		provider := exec.CommandContext(t.Context(), filepath.Join(checkout.Bin(), sandbox.Provider),
			append(flags, "-v=11", "--tracing", spans.address)...)
		provider.Dir, provider.Env = l.dir, slices.Concat(l.Command(t.Context()).Env, []string{"TMPDIR=" + temporary})
		stderr, err := os.Create(tr.file(t, inStderr, strings.Join(args, " ")))
		require.NoError(t, err)
		provider.Stderr = stderr
		stdout, err := provider.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, provider.Start())
		var port int
		lines := bufio.NewReader(stdout)
		_, err = fmt.Fscanln(lines, &port)
		require.NoError(t, err)
		l.Setenv(fmt.Sprintf("PULUMI_DEBUG_PROVIDERS=cloudflare-workers:%d", port))
		l.run(t, append(args, "--yes", "--skip-preview")...)
		require.NoError(t, provider.Process.Signal(syscall.SIGINT))
		rest, err := io.ReadAll(lines)
		require.NoError(t, err)
		require.NoError(t, provider.Wait())
		require.NoError(t, stderr.Close())
		tr.record(t, inStderr, "standard output", string(rest))
		for process, sent := range spans.sent() {
			tr.record(t, inSpans, process, sent)
		}
	}
	alone([]string{"--logtostderr"}, "up")
	l.knowOutput(t)
	l.edit(t, "dist/index.js", "one", "two")
	l.rotate(t, "with code")
	alone(nil, "up")
	l.rotate(t, "alone")
	alone([]string{"--logtostderr"}, "up")
	l.arrived(t)
	l.allArrived(t)

	tr.holdsNothing(t, inStderr, inSpans, inTemporaries)
	spans, err := filepath.Glob(filepath.Join(tr.dir, string(inSpans), "* provider"))
	require.NoError(t, err)
	assert.Len(t, spans, 3, "each time it sent traces")
	l.searchIsNotBlind(t, map[place]plant{inStderr: into(inStderr), inSpans: into(inSpans)})
}
