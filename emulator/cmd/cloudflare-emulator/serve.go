// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// grace is how long open requests may take once the command is to stop.
const grace = 3 * time.Second

// ready is what --ready-file gets: where everything is.
type ready struct {
	PID               int    `json:"pid"`
	APIBaseURL        string `json:"apiBaseUrl"`  // with /client/v4
	R2Endpoint        string `json:"r2Endpoint"`  // for S3 clients
	WorkersURL        string `json:"workersUrl"`  // the front door; the Host header decides
	WorkersHost       string `json:"workersHost"` // suffix of the Workers' host names
	AccountID         string `json:"accountId"`
	ZoneID            string `json:"zoneId"` // of the first zone
	ZoneName          string `json:"zoneName"`
	R2AccessKeyID     string `json:"r2AccessKeyId"`
	R2SecretAccessKey string `json:"r2SecretAccessKey"`
}

// door is one of the addresses that are served.
type door struct {
	flag, addr string
	handler    http.Handler
	listener   net.Listener
	server     *http.Server
}

// url is the address under which the door can be reached from this machine.
func (d *door) url() string {
	host, port, err := net.SplitHostPort(d.listener.Addr().String())
	if err != nil {
		return "http://" + d.listener.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// serve runs the emulator until ctx ends.
func serve(ctx context.Context, o options, log *slog.Logger, stdout io.Writer) (err error) {
	s, err := o.server(log)
	if err != nil {
		return err
	}
	if err := s.Open(); err != nil {
		return fmt.Errorf("open --data %s: %w", o.data, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	doors := []*door{
		{flag: "--api-addr", addr: o.apiAddr, handler: logged(log, "api", s)},
		{flag: "--r2-addr", addr: o.r2Addr, handler: logged(log, "r2", s.S3())},
		{flag: "--http-addr", addr: o.httpAddr, handler: logged(log, "http", s.FrontDoor())},
	}
	failed := make(chan error, len(doors))
	for _, d := range doors {
		if err := d.listen(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.stop(ctx)) }()
	}
	for _, d := range doors {
		go func() {
			if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", d.flag, err)
			}
		}()
	}
	if err := announce(o, s, doors, log, stdout); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		log.Info("stopping")
		return nil
	}
}

// listen takes the door's port.
func (d *door) listen(ctx context.Context) (err error) {
	var config net.ListenConfig
	d.listener, err = config.Listen(ctx, "tcp", d.addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s %s is taken by another program; choose another port, or 0 for any free one", d.flag, d.addr)
	case err != nil:
		return fmt.Errorf("%s %s: %w", d.flag, d.addr, err)
	}
	d.server = &http.Server{Handler: d.handler, ReadHeaderTimeout: time.Minute}
	return nil
}

// stop ends the door's requests, at first with patience.
func (d *door) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := d.server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		return d.server.Close()
	} else if err != nil {
		return fmt.Errorf("stop %s: %w", d.flag, err)
	}
	return nil
}

// announce says where everything is: to clients on stdout and in the ready file, to people in the log.
func announce(o options, s *emulator.Server, doors []*door, log *slog.Logger, stdout io.Writer) error {
	zone := o.zones.of(o.account)[0]
	keyID, secret := s.R2Credential()
	r := ready{
		PID: os.Getpid(), APIBaseURL: doors[0].url() + "/client/v4", R2Endpoint: doors[1].url(), WorkersURL: doors[2].url(),
		WorkersHost: emulator.DefaultSubdomain + ".workers.dev", AccountID: o.account, ZoneID: zone.ID, ZoneName: zone.Name,
		R2AccessKeyID: keyID, R2SecretAccessKey: secret,
	}
	log.Info("serving", "api", r.APIBaseURL, "r2", r.R2Endpoint, "workers", r.WorkersURL, "data", cmp.Or(o.data, "memory"))
	if err := r.write(o.readyFile); err != nil {
		return fmt.Errorf("write --ready-file: %w", err)
	}
	for _, line := range [][2]string{
		{"CLOUDFLARE_API_BASE_URL", r.APIBaseURL},
		{"CLOUDFLARE_BASE_URL", r.APIBaseURL},
		{"CLOUDFLARE_ACCOUNT_ID", r.AccountID},
		{"CLOUDFLARE_API_TOKEN", o.token},
		{"WRANGLER_SEND_METRICS", "false"},
		{"R2_ENDPOINT", r.R2Endpoint},
		{"CLOUDFLARE_WORKERS_ENDPOINT", r.WorkersURL},
		{"AWS_ENDPOINT_URL_S3", r.R2Endpoint},
		{"AWS_ACCESS_KEY_ID", r.R2AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", r.R2SecretAccessKey},
		{"AWS_REGION", "auto"},
	} {
		value := strings.ReplaceAll(line[1], "'", `'\''`)
		if _, err := fmt.Fprintf(stdout, "export %s='%s'\n", line[0], value); err != nil {
			return fmt.Errorf("print environment: %w", err)
		}
	}
	return nil
}

// write writes r to a file, unless it has no name.
func (r ready) write(file string) error {
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	// Renamed into place, so that whoever waits for the file never reads half of it.
	part := file + ".part"
	if err := os.WriteFile(part, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(part, filepath.Clean(file))
}
