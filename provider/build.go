// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/secretref"
)

var _ infer.Annotated = (*BuildCommand)(nil)

// BuildCommand is a program that makes what a bundle is stored from.
type BuildCommand struct {
	Command     []string `pulumi:"command,optional"`
	Directory   string   `pulumi:"directory,optional"`
	Config      string   `pulumi:"config,optional"`
	Environment string   `pulumi:"environment,optional"`
}

// Annotate describes the command.
func (b *BuildCommand) Annotate(a infer.Annotator) {
	a.Describe(&b, "A program that makes the build output.")
	a.Describe(&b.Command, "The program and its arguments, such as `[npm, run, build]`. No shell reads it. It inherits "+
		"the environment without the credentials of the provider and of Pulumi. Default: what is installed in the "+
		"project's `node_modules`: wrangler's dry run, if there is a configuration of wrangler, or else esbuild, with the "+
		"configuration's `main` or a file such as `src/index.ts`.")
	a.Describe(&b.Directory, "The directory in which it runs, relative to the program. Default: that of `config`, or of "+
		"the program.")
	a.Describe(&b.Config, "Without a `command`: wrangler's configuration, or the directory that it is in, relative to "+
		"the program. Default: that in `directory`; in a `WorkerApp`, what `fromWrangler` reads.")
	a.Describe(&b.Environment, "Without a `command`: the environment in wrangler's configuration for which is built. "+
		"Default: none, the Worker at the top of the file; in a `WorkerApp`, that of `fromWrangler`.")
}

const (
	buildStop  = 10 * time.Second // how long a build may take to end when it is interrupted
	buildWords = 20               // lines of a build that failed
)

// builds are those of one operation: each is run once, for the engine checks a resource that it replaces twice.
type builds struct {
	mu   sync.Mutex
	done map[string]error
}

// run builds, unless the same has been built.
func (b *builds) run(ctx context.Context, build BuildCommand) error {
	key := build.Directory + "\x00" + strings.Join(build.Command, "\x00")
	b.mu.Lock()
	defer b.mu.Unlock()
	if err, done := b.done[key]; done {
		return err
	}
	err := build.run(ctx)
	if ctx.Err() != nil {
		return err
	}
	if b.done == nil {
		b.done = map[string]error{}
	}
	b.done[key] = err
	return err
}

// run tells what the command says as it says it.
func (b BuildCommand) run(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, b.Command[0], b.Command[1:]...)
	cmd.Dir, cmd.Env = b.Directory, secretref.Environment()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = buildStop
	words := &buildLog{tell: p.GetLogger(ctx).InfoStatus}
	cmd.Stdout, cmd.Stderr = words, words
	err := cmd.Run()
	words.end()
	switch {
	case err == nil:
		return nil
	case len(words.last) == 0:
		return fmt.Errorf("%s: %w", b.Command[0], err)
	}
	return fmt.Errorf("%s: %w; it said last:\n%s", b.Command[0], err, strings.Join(words.last, "\n"))
}

// buildLog tells each line that is written, and keeps the last ones.
type buildLog struct {
	tell func(string)
	part []byte // of a line
	last []string
}

// Write takes some of what a program says.
func (l *buildLog) Write(said []byte) (int, error) {
	l.part = append(l.part, said...)
	for {
		line, rest, whole := bytes.Cut(l.part, []byte("\n"))
		if !whole {
			return len(said), nil
		}
		l.part = rest
		l.line(string(line))
	}
}

func (l *buildLog) end() {
	if len(l.part) > 0 {
		l.line(string(l.part))
		l.part = nil
	}
}

func (l *buildLog) line(line string) {
	line = strings.TrimRight(line, "\r")
	l.tell(line)
	l.last = append(l.last, line)
	l.last = l.last[max(0, len(l.last)-buildWords):]
}

// build runs the command of args, whose output is then what is stored; how it was made is no input. It reports whether
// there is anything to look at.
func (c *checker) build(ctx context.Context, args *WorkerBundleArgs) bool {
	build := args.Build
	args.Build = nil
	switch {
	case c.inputs.Get("build").HasComputed():
		return false
	case build == nil:
		return true
	case args.archive() != nil || computed(c.inputs, "archive"):
		c.fail(true, []string{"build"}, "makes what is at path: Pulumi has read an archive before it could run")
		return false
	}
	const own = "is for a build without a command, which says it itself"
	said := !c.inputs.Get("build").AsMap().Get("command").IsNull()
	c.fail(said && (len(build.Command) == 0 || build.Command[0] == ""), []string{"build", "command"},
		"must be a program and its arguments")
	c.fail(said && build.Config != "", []string{"build", "config"}, own)
	c.fail(said && build.Environment != "", []string{"build", "environment"}, own)
	if len(c.failures) > 0 || !said && computed(c.inputs, "path") { // nothing will be stored
		return false
	}
	var err error
	if !said {
		*build, err = build.found(args.Path)
	}
	if err == nil {
		err = infer.GetConfig[Config](ctx).builds.run(ctx, *build)
	}
	c.fail(err != nil, []string{"build"}, "%v", err)
	return err == nil
}
