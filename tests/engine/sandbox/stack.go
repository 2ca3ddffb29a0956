// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// Passphrase encrypts the secrets of stacks that programs make.
const Passphrase = "correct horse battery staple"

// A Stack is one stack of a project, with a backend and a home of its own, driven by the Pulumi CLI.
type Stack struct {
	project, home string
	cli           string
	env           []string
}

// NewStack makes a stack called dev of the project in that directory. What Pulumi keeps goes to state, which is made.
// env is added to the environment.
func NewStack(ctx context.Context, project, state string, env ...string) (*Stack, error) {
	cli, err := toolbox.Pulumi()
	if err != nil {
		return nil, err
	}
	base, err := toolbox.Environ()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(home(state), 0o750); err != nil {
		return nil, err
	}
	address, err := startVault(ctx)
	if err != nil {
		return nil, err
	}
	s := &Stack{project: project, home: home(state), cli: cli, env: append(base, Variables(state)...)}
	s.Setenv("VAULT_ADDR="+address, "VAULT_TOKEN=none")
	s.Setenv(env...)
	_, err = s.Pulumi(ctx, "stack", "init", "dev", "--secrets-provider="+secretsProvider)
	return s, err
}

func home(state string) string { return filepath.Join(state, "home") }

// Variables are those of Pulumi's environment: everything stays in state, and nothing is looked for on the network.
func Variables(state string) []string {
	return []string{
		"PULUMI_HOME=" + home(state),
		"PULUMI_BACKEND_URL=file://" + state,
		"PULUMI_CONFIG_PASSPHRASE=" + Passphrase,
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_DISABLE_REGISTRY_RESOLVE=true",
		"GOGC=400", // these processes end before memory is scarce
	}
}

// Home is where Pulumi keeps what is not of one stack, such as its logs.
func (s *Stack) Home() string { return s.home }

// Setenv adds variables, such as "NAME=value", to the environment of the commands that follow.
func (s *Stack) Setenv(variables ...string) { s.env = append(s.env, variables...) }

// Pulumi runs the CLI in the project and returns all that it wrote, which is part of the error too.
func (s *Stack) Pulumi(ctx context.Context, args ...string) (string, error) {
	cmd := s.Command(ctx, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return said.String(), fmt.Errorf("pulumi %s: %w\n%s", strings.Join(args, " "), err, &said)
	}
	return said.String(), nil
}

// Command is the CLI, not started. When ctx ends it is interrupted, as by Ctrl-C, and only later killed.
func (s *Stack) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.cli, append(args, "--non-interactive", "--color=never")...)
	cmd.Dir, cmd.Env = s.project, s.env
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// JSON runs the CLI and decodes its standard output into v.
func (s *Stack) JSON(ctx context.Context, v any, args ...string) error {
	out, err := s.Command(ctx, args...).Output()
	if err != nil {
		return fmt.Errorf("pulumi %s: %w", strings.Join(args, " "), err)
	}
	if err := json.Unmarshal(out, v); err != nil {
		return fmt.Errorf("pulumi %s: %w", strings.Join(args, " "), err)
	}
	return nil
}
