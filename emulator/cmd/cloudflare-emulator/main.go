// SPDX-License-Identifier: Apache-2.0

// Command cloudflare-emulator serves a local Cloudflare: the API, R2's S3 endpoint and the Workers that are deployed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// This file holds the command's face. The rules are:
//   - Standard output carries the environment of clients as "export NAME='value'" lines and nothing else.
//   - Everything for people goes to standard error.
//   - Exit status 0 after SIGINT or SIGTERM, 1 if it cannot serve, 2 if the command line is wrong.

// version is set by the linker.
var version = "0.1.0-dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are what the command line says.
type options struct {
	apiAddr, r2Addr, httpAddr string
	data, workerd             string
	token, account            string
	zones                     zoneFlags
	rateLimit                 int
	readyFile                 string
	quiet                     bool
	logFormat                 string
	noRuntime                 bool
	version                   bool
}

// run serves until ctx ends and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "cloudflare-emulator: %v; try --help\n", err)
		return 2
	}
	if o.version {
		fmt.Fprintln(stdout, "cloudflare-emulator", version)
		return 0
	}
	log := o.logger(stderr)
	if err := serve(ctx, o, log, stdout); err != nil {
		fmt.Fprintf(stderr, "cloudflare-emulator: %v\n", err)
		return 1
	}
	return 0
}

// parse reads the command line.
func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("cloudflare-emulator", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run reports errors
	flags.StringVar(&o.apiAddr, "api-addr", "127.0.0.1:8787", "")
	flags.StringVar(&o.r2Addr, "r2-addr", "127.0.0.1:8788", "")
	flags.StringVar(&o.httpAddr, "http-addr", "127.0.0.1:8080", "")
	flags.StringVar(&o.data, "data", "", "")
	flags.StringVar(&o.workerd, "workerd", "", "")
	flags.BoolVar(&o.noRuntime, "no-runtime", false, "")
	flags.StringVar(&o.token, "token", emulator.DefaultToken, "")
	flags.StringVar(&o.account, "account", emulator.DefaultAccountID, "")
	flags.Var(&o.zones, "zone", "")
	flags.IntVar(&o.rateLimit, "rate-limit", 0, "")
	flags.StringVar(&o.readyFile, "ready-file", "", "")
	flags.BoolVar(&o.quiet, "quiet", false, "")
	flags.StringVar(&o.logFormat, "log-format", "text", "")
	flags.BoolVar(&o.version, "version", false, "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.logFormat != "text" && o.logFormat != "json":
		return o, fmt.Errorf("--log-format is %q; it can be text or json", o.logFormat)
	case !accountID.MatchString(o.account):
		return o, fmt.Errorf("--account is %q; it must be 32 hex digits", o.account)
	case o.rateLimit < 0:
		return o, fmt.Errorf("--rate-limit is %d; it must not be negative", o.rateLimit)
	}
	return o, nil
}

// logger returns the log for requests and for the Workers' output.
func (o options) logger(stderr io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if o.quiet {
		level = slog.LevelWarn
	}
	settings := &slog.HandlerOptions{Level: level}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(stderr, settings))
	}
	return slog.New(slog.NewTextHandler(stderr, settings))
}

// server returns the emulator that the command line describes.
func (o options) server(log *slog.Logger) (*emulator.Server, error) {
	s := &emulator.Server{
		Token: o.token, DataDir: o.data, RateLimit: o.rateLimit,
		Accounts: []emulator.Account{{ID: o.account, Name: "Emulator", Subdomain: emulator.DefaultSubdomain}},
		Zones:    o.zones.of(o.account),
	}
	if o.noRuntime {
		return s, nil
	}
	find := runtime.FindWorkerd
	if o.workerd != "" {
		find = func() (string, error) { return exec.LookPath(o.workerd) }
	}
	workerd, err := find()
	if err != nil {
		return nil, fmt.Errorf("%w (give --workerd, or --no-runtime to serve the API only)", err)
	}
	s.Runtime = &runtime.Runtime{Workerd: workerd, Log: &lineWriter{log: log}}
	return s, nil
}
