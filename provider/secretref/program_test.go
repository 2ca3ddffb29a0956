// SPDX-License-Identifier: Apache-2.0

package secretref_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/secretref"
)

// programs are what the test binary does instead of testing when its first argument names one of them. They get the
// arguments behind that.
var programs = map[string]func(args []string) int{
	"ask":    ask,
	"die":    die,
	"fail":   fail,
	"flood":  flood,
	"hang":   hang,
	"ignore": ignore,
	"leave":  leave,
	"say":    say,
	"stay":   stay,
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if program, ok := programs[os.Args[1]]; ok {
			os.Exit(program(os.Args[2:]))
		}
	}
	os.Exit(m.Run())
}

// asked is what a program knows of a request.
type asked struct {
	Args        []string
	Input       string
	Environment []string
}

// ask says what it was asked, when its input has ended.
func ask(args []string) int {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	if json.NewEncoder(os.Stdout).Encode(asked{Args: args, Input: string(input), Environment: os.Environ()}) != nil {
		return 1
	}
	return 0
}

// say writes its first argument to both outputs.
func say(args []string) int {
	_, _ = io.Copy(io.Discard, os.Stdin)
	_, _ = io.WriteString(os.Stderr, args[0])
	_, _ = io.WriteString(os.Stdout, args[0])
	return 0
}

// fail does what say does and ends with the status in its second argument.
func fail(args []string) int {
	say(args)
	status, _ := strconv.Atoi(args[1])
	return status
}

// die says its argument and ends by a signal, or as near to one as the system has.
func die(args []string) int {
	say(args)
	self, err := os.FindProcess(os.Getpid())
	if err != nil || self.Kill() != nil {
		return 1
	}
	select {}
}

// ignore says its argument without a look at its input.
func ignore(args []string) int {
	_, _ = io.WriteString(os.Stdout, args[0])
	return 0
}

// flood writes its argument for ever, also when nobody reads it any more.
func flood(args []string) int {
	signal.Ignore(syscall.SIGPIPE)
	for {
		_, _ = io.WriteString(os.Stdout, args[0])
	}
}

// hang starts a child that stays at the address in its second argument, with the same outputs, and waits for it.
func hang(args []string) int {
	say(args)
	child, err := startStay(args[1])
	if err != nil {
		return 1
	}
	_ = child.Wait()
	return 0
}

// leave is hang without the wait.
func leave(args []string) int {
	say(args)
	if _, err := startStay(args[1]); err != nil {
		return 1
	}
	return 0
}

// startStay returns when the child is connected.
func startStay(address string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	child := exec.Command(self, "stay", address)
	child.Stdout = os.Stdout
	ready, err := child.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := child.Start(); err != nil {
		return nil, err
	}
	_, err = bufio.NewReader(ready).ReadString('\n')
	return child, err
}

// stay runs until the other side of a connection goes. It writes to it when nothing else can end it: its error output,
// which ends with its parent, is not written to any more.
func stay(args []string) int {
	conn, err := net.Dial("tcp", args[0])
	if err != nil {
		return 1
	}
	_, _ = fmt.Fprintln(os.Stderr, "ready")
	_, _ = io.WriteString(conn, "!")
	_, _ = io.Copy(io.Discard, conn)
	return 0
}

// program returns the command that runs one of programs.
func program(t *testing.T, args ...string) []string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return append([]string{self}, args...)
}

// asking returns a resolver whose group "any" asks a program.
func asking(t *testing.T, args ...string) *secretref.Resolver {
	t.Helper()
	return &secretref.Resolver{Groups: map[string]secretref.Group{"any": {Command: program(t, args...)}}}
}

// request returns what the program ask was asked.
func request(t *testing.T, r *secretref.Resolver, reference string) (a asked) {
	t.Helper()
	value, err := r.Resolve(t.Context(), reference)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(value), &a))
	return a
}

func TestProgramIsAskedByItsInput(t *testing.T) {
	t.Parallel()
	got := request(t, asking(t, "ask", "--deep"), "$secrets-group/any/API_KEY")
	assert.Equal(t, []string{"--deep", "get"}, got.Args)
	assert.Equal(t, "group=any\nname=API_KEY\n\n", got.Input)
}

func TestProgramOfEveryGroupIsToldWhich(t *testing.T) {
	t.Parallel()
	r := &secretref.Resolver{Groups: map[string]secretref.Group{"*": {Command: program(t, "ask")}}}
	assert.Equal(t, "group=prod.eu\nname=a-b\n\n", request(t, r, "$secrets-group/prod.eu/a-b").Input)
}

func TestArgumentsAreNotAShells(t *testing.T) {
	t.Parallel()
	args := []string{"$HOME", "a b", "`id`", "*", ";", "'\""}
	got := request(t, asking(t, append([]string{"ask"}, args...)...), "$secrets-group/any/x")
	assert.Equal(t, append(args, "get"), got.Args)
}

func TestProgramDoesNotInheritCredentials(t *testing.T) {
	withheld := []string{
		"CLOUDFLARE_API_TOKEN", "CF_API_TOKEN", "CLOUDFLARE_API_KEY", "R2_SECRET_ACCESS_KEY", "PULUMI_CONFIG_PASSPHRASE",
	}
	t.Setenv("SECRETREF_KEPT", "hunter2")
	for _, name := range append(withheld, "SECRETREF_A", "SECRETREF_B", "SECRETREF_GROUP_C") {
		t.Setenv(name, "hunter2-"+name)
	}
	r := asking(t, "ask")
	r.Groups["vars"] = secretref.Group{EnvPrefix: "SECRETREF_GROUP_"}
	inherited := func() (names []string) {
		for _, variable := range request(t, r, "$secrets-group/any/x").Environment {
			if name, value, _ := strings.Cut(variable, "="); strings.Contains(value, "hunter2") {
				names = append(names, name)
			}
		}
		return names
	}
	assert.ElementsMatch(t,
		[]string{"SECRETREF_A", "SECRETREF_B", "SECRETREF_GROUP_C", "SECRETREF_KEPT"}, inherited())
	for _, reference := range []string{"env:SECRETREF_A", "env:SECRETREF_B", "$secrets-group/vars/c"} {
		_, err := r.Resolve(t.Context(), reference)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"SECRETREF_KEPT"}, inherited())
}

func TestOutputIsTheValue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ output, value string }{
		"no line ending":       {"hunter2", "hunter2"},
		"one line ending":      {"hunter2\n", "hunter2"},
		"a Windows one":        {"hunter2\r\n", "hunter2"},
		"two line endings":     {"hunter2\n\n", "hunter2\n"},
		"several lines":        {"a\nb\n", "a\nb"},
		"spaces around":        {" hunter2 ", " hunter2 "},
		"a reference":          {"env:HOME", "env:HOME"},
		"nothing":              {"", ""},
		"as long as it may be": {strings.Repeat("x", 64<<10), strings.Repeat("x", 64<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, err := asking(t, "say", c.output).Resolve(t.Context(), "$secrets-group/any/x")
			require.NoError(t, err)
			assert.Equal(t, c.value, value)
		})
	}
}

func TestProgramMayIgnoreItsInput(t *testing.T) {
	t.Parallel()
	value, err := asking(t, "ignore", "hunter2").Resolve(t.Context(), "$secrets-group/any/x")
	require.NoError(t, err)
	assert.Equal(t, "hunter2", value)
}

func TestFailureNamesWhatWasAskedAndNotWhatWasSaid(t *testing.T) {
	t.Parallel()
	command := program(t, "fail", "hunter2", "3")
	_, err := asking(t, command[1:]...).Resolve(t.Context(), "$secrets-group/any/API_KEY")
	require.Error(t, err)
	for _, part := range []string{
		`"$secrets-group/any/API_KEY"`, `"any"`, `"API_KEY"`, strconv.Quote(command[0]), "exit status 3",
		"by hand", "group=any", "name=API_KEY",
	} {
		require.ErrorContains(t, err, part)
	}
	assert.NotContains(t, err.Error(), "hunter2", "neither argument nor output")
}

// listen returns an address and the first connection to it.
func listen(t *testing.T) (address string, accepted <-chan net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	connections := make(chan net.Conn, 1)
	go func() {
		defer close(connections)
		if conn, err := l.Accept(); err == nil {
			connections <- conn
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		for conn := range connections {
			_ = conn.Close()
		}
	})
	return l.Addr().String(), connections
}

// assertEnds waits for the end of the process on the other side.
func assertEnds(t *testing.T, conn net.Conn) {
	t.Helper()
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	_, err := io.ReadAll(conn)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the process was left alone")
}

func TestContextEndsAProgramAndItsChildren(t *testing.T) {
	t.Parallel()
	address, accepted := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 1)
	r := asking(t, "hang", "hunter2", address)
	go func() {
		_, err := r.Resolve(ctx, "$secrets-group/any/x")
		failed <- err
	}()
	conn := <-accepted
	require.NotNil(t, conn)
	_, err := conn.Read(make([]byte, 1))
	require.NoError(t, err)
	cancel()
	err = <-failed
	require.ErrorIs(t, err, context.Canceled)
	assert.NotContains(t, err.Error(), "hunter2")
	assertEnds(t, conn)
}

func TestProgramMayNotRunForEver(t *testing.T) {
	t.Parallel()
	address, _ := listen(t)
	r := asking(t, "hang", "hunter2", address)
	r.CommandTimeout = time.Millisecond
	_, err := r.Resolve(t.Context(), "$secrets-group/any/x")
	require.ErrorContains(t, err, "1ms")
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestProgramMayNotLeaveItsOutputOpen(t *testing.T) {
	t.Parallel()
	address, accepted := listen(t)
	_, err := asking(t, "leave", "hunter2", address).Resolve(t.Context(), "$secrets-group/any/x")
	require.ErrorContains(t, err, "left a process behind")
	assert.NotContains(t, err.Error(), "hunter2")
	conn := <-accepted
	require.NotNil(t, conn)
	assertEnds(t, conn)
}

func TestEndlessOutputIsCutOff(t *testing.T) {
	t.Parallel()
	r := asking(t, "flood", "hunter2")
	r.CommandTimeout = time.Hour // it must end long before
	_, err := r.Resolve(t.Context(), "$secrets-group/any/x")
	require.ErrorContains(t, err, "larger than 64 KiB")
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestEndedContextStartsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := asking(t, "say", "hunter2").Resolve(ctx, "$secrets-group/any/x")
	require.ErrorIs(t, err, context.Canceled)
}

func TestResolvingAtTheSameTime(t *testing.T) {
	t.Setenv("SECRETREF_SAME_TIME", "hunter2")
	r := asking(t, "say", "hunter2")
	values := make(chan string)
	const each = 4
	for range each {
		for _, reference := range []string{"env:SECRETREF_SAME_TIME", "$secrets-group/any/x"} {
			go func() {
				value, err := r.Resolve(t.Context(), reference)
				values <- fmt.Sprint(value, err)
			}()
		}
	}
	for range 2 * each {
		assert.Equal(t, "hunter2<nil>", <-values)
	}
}
