// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/engine/sandbox"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// A story is told in steps, of which each uses what the earlier ones made.
type story struct {
	out io.Writer
	dir string // scratch; removed at the end

	steps     int
	checkout  *sandbox.Checkout
	cloud     *cloud
	stack     *sandbox.Stack
	worker    string // directory of the Worker's source
	address   string // of the Worker
	answer    answered
	signature string // as the Worker signs with its own key
}

// answered is what the Worker says.
type answered struct {
	Message, Signature string
	Visit              int
}

// run tells the whole story.
func run(ctx context.Context, out io.Writer) (err error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintln(out, "A Worker's life, with the real Pulumi, wrangler and workerd, on a Cloudflare of its own.")
	fmt.Fprintln(out)
	s := &story{out: out, dir: dir}
	defer func() {
		if s.cloud != nil {
			err = errors.Join(err, s.cloud.stop())
		}
	}()
	for _, step := range []struct {
		title string
		do    func(context.Context) ([]string, error)
	}{
		{"build the provider and the local Cloudflare", s.build},
		{"start the local Cloudflare: API, R2, and workerd to run Workers", s.start},
		{"build the Worker from TypeScript with esbuild", s.compile},
		{"pulumi up", s.deploy},
		{"ask the Worker", s.ask},
		{"change one line of the Worker's source, and pulumi preview --diff", s.change},
		{"pulumi up", s.upgrade},
		{"ask the Worker again", s.askAgain},
		{"somebody else: wrangler secret put SIGNING_KEY", s.meddle},
		{"pulumi refresh finds it", s.refresh},
		{"pulumi up repairs it", s.repair},
		{"pulumi destroy", s.destroy},
	} {
		if err := s.tell(ctx, step.title, step.do); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\nEverything showed what it should, in %.0f seconds.\n", time.Since(began).Seconds())
	return nil
}

// tell does a step, and says what it showed and how long it took.
func (s *story) tell(ctx context.Context, title string, do func(context.Context) ([]string, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.steps++
	fmt.Fprintf(s.out, "%2d  %-68s", s.steps, title)
	began := time.Now()
	shows, err := do(ctx)
	if err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("step %d, %s: %w", s.steps, title, err))
	}
	fmt.Fprintf(s.out, "%5.1f s\n", time.Since(began).Seconds())
	for _, line := range shows {
		fmt.Fprintln(s.out, "      "+line)
	}
	return nil
}

func (s *story) build(ctx context.Context) (_ []string, err error) {
	if s.checkout, err = sandbox.New(ctx, s.dir); err != nil {
		return nil, err
	}
	root, err := toolbox.Root()
	if err != nil {
		return nil, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", s.emulator(),
		"./emulator/cmd/cloudflare-emulator")
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	return nil, nil
}

func (s *story) emulator() string { return filepath.Join(s.checkout.Bin(), "cloudflare-emulator") }

func (s *story) start(ctx context.Context) (_ []string, err error) {
	s.cloud, err = startCloud(ctx, s.emulator(), s.dir)
	return nil, err
}

func (s *story) compile(ctx context.Context) ([]string, error) {
	program, err := s.checkout.Lay(ctx, filepath.Join(s.dir, "work"), "yaml")
	if err != nil {
		return nil, err
	}
	s.worker = filepath.Join(filepath.Dir(program), "worker")
	state := filepath.Join(s.dir, "state")
	env := append(s.cloud.variables(), "CLOUDFLARE_WORKERS_CACHE_DIR="+filepath.Join(state, "cache"))
	if s.stack, err = sandbox.NewStack(ctx, program, state, env...); err != nil {
		return nil, err
	}
	for _, set := range [][]string{{"zoneId", s.cloud.ZoneID}, {"signingKey", "open sesame", "--secret"}} {
		if _, err := s.stack.Pulumi(ctx, append([]string{"config", "set"}, set...)...); err != nil {
			return nil, err
		}
	}
	files, err := filepath.Glob(filepath.Join(s.worker, "dist", "*"))
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	return []string{"dist/: " + strings.Join(files, ", ")}, err
}

func (s *story) deploy(ctx context.Context) ([]string, error) {
	said, err := s.pulumi(ctx, "+ 13 created", "up", "--yes", "--skip-preview")
	if err != nil {
		return nil, err
	}
	var outputs struct {
		URLs   []string
		Digest string
	}
	if err := s.stack.JSON(ctx, &outputs, "stack", "output", "--json"); err != nil {
		return nil, err
	}
	if len(outputs.URLs) != 2 {
		return nil, fmt.Errorf("the Worker has %d addresses, not 2\n%s", len(outputs.URLs), said)
	}
	s.address = outputs.URLs[0]
	return []string{
		"a bucket, the build in it, a KV namespace, and the Worker with its secret, route and DNS record; and a WorkerApp",
		"runs the build " + short(outputs.Digest),
	}, nil
}

func (s *story) ask(ctx context.Context) ([]string, error) {
	shows, err := s.question(ctx)
	if err == nil && (!strings.HasPrefix(s.answer.Message, "Hello from ") || s.answer.Visit != 1) {
		err = fmt.Errorf("it should greet its first visitor: %+v", s.answer)
	}
	return shows, err
}

// question asks the Worker and remembers the answer.
func (s *story) question(ctx context.Context) ([]string, error) {
	text, err := s.cloud.get(ctx, s.address)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &s.answer); err != nil {
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	return []string{
		"GET " + s.address,
		short(fmt.Sprintf("%q, visit %d, signature %s", s.answer.Message, s.answer.Visit, s.answer.Signature)),
	}, nil
}

func (s *story) change(ctx context.Context) ([]string, error) {
	const old, changed = "`${env.GREETING} from", "`${env.GREETING} again from"
	if err := sandbox.Replace(filepath.Join(s.worker, "src", "index.ts"), old, changed); err != nil {
		return nil, err
	}
	if err := sandbox.BuildWorker(ctx, s.worker); err != nil {
		return nil, err
	}
	said, err := s.pulumi(ctx, "~ 2 to update", "preview", "--diff")
	if err != nil {
		return nil, err
	}
	return part(said, `~ sha256: "[0-9a-f]{64}" => "[0-9a-f]{64}"`)
}

func (s *story) upgrade(ctx context.Context) ([]string, error) {
	_, err := s.pulumi(ctx, "~ 2 updated", "up", "--yes", "--skip-preview")
	return nil, err
}

func (s *story) askAgain(ctx context.Context) ([]string, error) {
	shows, err := s.question(ctx)
	if err == nil && (!strings.HasPrefix(s.answer.Message, "Hello again from ") || s.answer.Visit != 2) {
		err = fmt.Errorf("it should greet its second visitor again: %+v", s.answer)
	}
	return shows, err
}

func (s *story) meddle(ctx context.Context) ([]string, error) {
	command, err := toolbox.Wrangler()
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(s.address, "https://"), ".")
	command = append(command, "secret", "put", "SIGNING_KEY", "--name", name)
	wrangler := exec.CommandContext(ctx, command[0], command[1:]...)
	wrangler.Dir, wrangler.Stdin = s.worker, strings.NewReader("something else")
	wrangler.Env = append(os.Environ(), s.cloud.variables()...)
	wrangler.Env = append(wrangler.Env, "WRANGLER_SEND_METRICS=false", "CI=1", "HOME="+filepath.Join(s.dir, "home"))
	if said, err := wrangler.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	s.signature = s.answer.Signature
	shows, err := s.question(ctx)
	if err == nil && s.answer.Signature == s.signature {
		err = fmt.Errorf("it should sign with another key: %+v", s.answer)
	}
	return shows, err
}

func (s *story) refresh(ctx context.Context) ([]string, error) {
	said, err := s.pulumi(ctx, "~ 1 updated", "refresh", "--yes", "--skip-preview", "--diff")
	if err != nil {
		return nil, err
	}
	return part(said, `SIGNING_KEY: \[secret\] => "changed elsewhere: version \S+, deployed by`)
}

func (s *story) repair(ctx context.Context) ([]string, error) {
	if _, err := s.pulumi(ctx, "~ 1 updated", "up", "--yes", "--skip-preview"); err != nil {
		return nil, err
	}
	shows, err := s.question(ctx)
	if err == nil && s.answer.Signature != s.signature {
		err = fmt.Errorf("it should sign with its own key again: %+v", s.answer)
	}
	return shows, err
}

func (s *story) destroy(ctx context.Context) ([]string, error) {
	if _, err := s.pulumi(ctx, "- 13 deleted", "destroy", "--yes", "--skip-preview"); err != nil {
		return nil, err
	}
	account, zone := "/accounts/"+s.cloud.AccountID, "/zones/"+s.cloud.ZoneID
	var left []string
	for _, kind := range [][2]string{
		{"Workers", account + "/workers/scripts"},
		{"KV namespaces", account + "/storage/kv/namespaces"},
		{"R2 buckets", account + "/r2/buckets"},
		{"routes", zone + "/workers/routes"},
		{"DNS records", zone + "/dns_records"},
	} {
		list, err := s.cloud.list(ctx, kind[1])
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			return nil, fmt.Errorf("there are still %s: %s", kind[0], list)
		}
		left = append(left, "0 "+kind[0])
	}
	return []string{"left: " + strings.Join(left, ", ")}, nil
}

// pulumi runs the CLI, which must say how many resources it did something with.
func (s *story) pulumi(ctx context.Context, summary string, args ...string) (string, error) {
	said, err := s.stack.Pulumi(ctx, args...)
	if err == nil && !strings.Contains(said, summary) {
		err = fmt.Errorf("pulumi should say %q, and says\n%s", summary, said)
	}
	return said, err
}

// part is what Pulumi says of the Worker's inputs, which must match a pattern.
func part(said, pattern string) ([]string, error) {
	_, rest, _ := strings.Cut(said, "CloudflareWorker: (update)\n")
	rest, _, _ = strings.Cut(rest, "\nResources:")
	rest, _, _ = strings.Cut(rest, "\n    +-") // another resource
	rest, _, _ = strings.Cut(rest, "\n    ~ ")
	var lines []string
	for line := range strings.SplitSeq(rest, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "[") { // the Worker's names
			lines = append(lines, strings.TrimPrefix(line, "      "))
		}
	}
	shown := strings.Join(lines, "\n")
	if !regexp.MustCompile(pattern).MatchString(shown) {
		return nil, fmt.Errorf("pulumi should show %s, and says\n%s", pattern, said)
	}
	return strings.Split(short(shown), "\n"), nil
}

var digest = regexp.MustCompile(`\b([0-9a-f]{12})[0-9a-f]{52}\b`)

// short abbreviates the SHA-256s in a text.
func short(text string) string { return digest.ReplaceAllString(text, "$1…") }
