// SPDX-License-Identifier: Apache-2.0

package secretref

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	// commandTimeout is how long a program may run by default.
	commandTimeout = time.Minute
	// outputDelay is how long a program's children may hold its output open after its end.
	outputDelay = 2 * time.Second
)

// run asks a program for a value. Errors name the program without its arguments and say nothing of what it wrote.
func (r *Resolver) run(ctx context.Context, command []string, group, name string) (string, error) {
	timeout := cmp.Or(r.CommandTimeout, commandTimeout)
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, command[0], slices.Concat(command[1:], []string{"get"})...)
	cmd.Env = r.environment()
	cmd.Stdin = strings.NewReader("group=" + group + "\nname=" + name + "\n\n")
	stdout := &output{full: cancel}
	cmd.Stdout = stdout // and Stderr is discarded
	cmd.WaitDelay = outputDelay
	separate(cmd)

	err := cmd.Run()
	if err != nil {
		_ = end(cmd) // what it left behind, if anything
	}
	var exit *exec.ExitError
	switch {
	case err == nil || stdout.overflown:
		var value string
		if value, err = decode(stdout.content.Bytes()); err == nil {
			return value, nil
		}
		err = fmt.Errorf("its output is %w", err)
	case ctx.Err() != nil:
		err = fmt.Errorf("it was stopped: %w", ctx.Err())
	case limited.Err() != nil:
		err = fmt.Errorf("it was stopped because it had not ended after %v: does it wait for something?", timeout)
	case errors.Is(err, exec.ErrWaitDelay):
		err = errors.New("it ended but left a process behind that holds its output open: " +
			"let that process close or redirect it")
	case errors.As(err, &exit):
		err = fmt.Errorf("%v; to see what it says, run its command by hand with the argument get added, and type the "+
			"lines group=%s and name=%s and an empty one", exit, group, name)
	default:
		return "", fmt.Errorf("start the program of the secrets group %q: %w", group, err)
	}
	return "", fmt.Errorf("ask the program %q for %q of the secrets group %q: %w", command[0], name, group, err)
}

// output keeps what a program writes, up to one byte more than [sizeLimit].
type output struct {
	full      func() // called when the program writes more
	content   bytes.Buffer
	overflown bool
}

// Write keeps what fits of p.
func (o *output) Write(p []byte) (int, error) {
	room := sizeLimit + 1 - o.content.Len()
	if len(p) < room {
		return o.content.Write(p)
	}
	o.content.Write(p[:room])
	o.overflown = true
	o.full()
	return room, errTooLarge
}
