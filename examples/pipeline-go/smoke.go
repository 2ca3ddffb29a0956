// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A smokeTest asks a Worker whether it works.
type smokeTest struct {
	via   string // where requests go instead of the Worker's own host, if not empty
	tries int    // how often it asks, once a second: a new version takes a few seconds to be everywhere
}

// passes returns nil as soon as the Worker at address answers as it should, or what was wrong with its last answer.
func (s smokeTest) passes(ctx context.Context, address string) error {
	for try := 1; ; try++ {
		err := s.ask(ctx, address)
		if err == nil || try >= s.tries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (s smokeTest) ask(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	host := u.Host
	if s.via != "" {
		address = strings.TrimSuffix(s.via, "/") + u.RequestURI()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	return check(resp.StatusCode, body)
}

// check says what is wrong with an answer of the Worker. Replace it by what yours must do.
func check(status int, body []byte) error {
	if status != http.StatusOK {
		return fmt.Errorf("status %d", status)
	}
	var answer struct {
		Message string `json:"message"`
		Visit   int    `json:"visit"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	if answer.Message == "" || answer.Visit < 1 {
		return fmt.Errorf("no message or no visit in %s", body)
	}
	return nil
}
