// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

// A cloud is the command cloudflare-emulator, running.
type cloud struct {
	ended chan error
	cmd   *exec.Cmd
	said  bytes.Buffer // on standard error; to be read when it has ended

	APIBaseURL string
	R2Endpoint string
	WorkersURL string
	AccountID  string
	ZoneID     string
}

// startCloud starts the command on ports that are free, and returns when it serves.
func startCloud(ctx context.Context, command, dir string) (*cloud, error) {
	workerd, err := toolbox.Workerd()
	if err != nil {
		return nil, err
	}
	ready := filepath.Join(dir, "emulator.json")
	c := &cloud{ended: make(chan error, 1)}
	const free = "127.0.0.1:0"
	c.cmd = exec.CommandContext(ctx, command, "--quiet", "--workerd", workerd, "--ready-file", ready,
		"--api-addr", free, "--r2-addr", free, "--http-addr", free)
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.Stderr = &c.said
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { c.ended <- c.cmd.Wait() }()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-c.ended:
			return nil, fmt.Errorf("the local Cloudflare ended: %w\n%s", errors.Join(err, ctx.Err()), &c.said)
		case <-look.C:
			text, err := os.ReadFile(ready)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil {
				err = json.Unmarshal(text, c)
			}
			return c, err
		}
	}
}

// stop ends the command and waits for it.
func (c *cloud) stop() error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := <-c.ended; err != nil {
		return fmt.Errorf("the local Cloudflare did not end well: %w\n%s", err, &c.said)
	}
	return nil
}

// variables tell clients where the cloud is.
func (c *cloud) variables() []string {
	return []string{
		"CLOUDFLARE_API_BASE_URL=" + c.APIBaseURL,
		"CLOUDFLARE_API_TOKEN=" + emulator.DefaultToken,
		"CLOUDFLARE_ACCOUNT_ID=" + c.AccountID,
		"R2_ENDPOINT=" + c.R2Endpoint,
	}
}

// get asks the Worker for a page, at the address where the front door of the cloud is.
func (c *cloud) get(ctx context.Context, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.WorkersURL+u.RequestURI(), nil)
	if err != nil {
		return "", err
	}
	req.Host = u.Host
	return answer(req)
}

// list asks the API for a list.
func (c *cloud) list(ctx context.Context, path string) (names []json.RawMessage, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.APIBaseURL+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+emulator.DefaultToken)
	text, err := answer(req)
	if err != nil {
		return nil, err
	}
	var page struct{ Result json.RawMessage }
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		return nil, err
	}
	var buckets struct{ Buckets []json.RawMessage }
	if json.Unmarshal(page.Result, &buckets) == nil { // R2 puts its list one level deeper
		return buckets.Buckets, nil
	}
	return names, json.Unmarshal(page.Result, &names)
}

// answer sends a request and returns the body, if the status says success.
func answer(req *http.Request) (string, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s\n%s", req.Host, resp.Status, body)
	}
	return strings.TrimSpace(string(body)), err
}
