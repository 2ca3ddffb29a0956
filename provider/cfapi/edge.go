// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	maxAsk    = 20 * time.Second // for one request: the edge gives an origin that is none 15 s
	maxAnswer = 64 << 10         // bytes of an answer that are looked at
)

// EdgeUserAgent is sent to the addresses of Workers.
const EdgeUserAgent = "pulumi-cloudflare-workers/wait-for-ready"

// An Edge asks addresses of Workers whether they answer. Which version has
// answered cannot be told: no response says so, unless the Worker does
// (https://developers.cloudflare.com/workers/configuration/versions-and-deployments/version-overrides/).
// What Cloudflare itself answers where no Worker is yet cannot be had without a
// request that reaches the Worker when there is one.
type Edge struct {
	door *url.URL // where a local Cloudflare serves all hosts; nil: each address where DNS says
	http http.RoundTripper
}

// NewEdge returns the edge at which the Workers of the API at endpoint answer. Both
// may be empty. Door is where a local Cloudflare serves all hosts. The edge is nil
// if nobody says where it is: the endpoint is not Cloudflare's, and door is empty.
func NewEdge(endpoint, door string) (*Edge, error) {
	e := &Edge{http: http.DefaultTransport}
	if standard, ok := e.http.(*http.Transport); ok {
		own := standard.Clone()
		own.DisableKeepAlives = true // each attempt finds its own way
		e.http = own
	}
	if door == "" {
		if !ofCloudflare(endpoint) {
			e = nil
		}
		return e, nil
	}
	var err error
	e.door, err = url.Parse(door)
	if err != nil || e.door.Host == "" || e.door.Scheme != "http" && e.door.Scheme != "https" {
		return nil, fmt.Errorf("%q is not a URL such as http://127.0.0.1:8080", door)
	}
	return e, nil
}

func ofCloudflare(endpoint string) bool {
	api, err := url.Parse(endpoint)
	return endpoint == "" || err == nil && strings.HasSuffix(api.Hostname(), ".cloudflare.com")
}

// ByDNS reports whether an address is where DNS says.
func (e *Edge) ByDNS() bool { return e.door == nil }

// An Answer is what an address answered.
type Answer struct {
	Ready bool   // a Worker answered, or what stands before it, such as a login
	Said  string // if not ready, or if the Worker itself failed
}

// Ask sends one request to an address and follows no redirect. It does not fail: what went wrong is the answer.
func (e *Edge) Ask(ctx context.Context, address string) Answer {
	ctx, cancel := context.WithTimeout(ctx, maxAsk)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Answer{Said: err.Error()}
	}
	if e.door != nil {
		req.Host = req.URL.Host
		req.URL.Scheme, req.URL.Host = e.door.Scheme, e.door.Host
	}
	req.Header.Set("User-Agent", EdgeUserAgent)
	resp, err := e.http.RoundTrip(req) // follows no redirect: that is an answer too
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return Answer{Said: err.Error()}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil && len(body) == 0 {
		return Answer{Said: err.Error()}
	}
	return judge(resp.StatusCode, string(body))
}

// errorPage finds the code in an error page of Cloudflare's, plain or HTML.
var errorPage = regexp.MustCompile(`(?:^error code: |>\s*Error\s*(?:<[^>]*>\s*)*)(1\d{3})\b`)

// Errors of the Worker itself, which is reached then:
// https://developers.cloudflare.com/workers/observability/errors/
var workerErrors = map[string]string{
	"1101": "the Worker threw an exception", "1102": "the Worker exceeded the limits of its resources",
	"1027": "the account exceeded its daily limit of requests",
}

// judge tells the answer of a Worker, whatever it is, from those that Cloudflare
// gives where none is: the page of workers.dev, statuses 520 to 530 for want of
// an origin (https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/),
// and the 1xxx errors.
func judge(status int, body string) Answer {
	code := ""
	if match := errorPage.FindStringSubmatch(body); match != nil && status >= http.StatusBadRequest {
		code = match[1]
	}
	said := fmt.Sprintf("HTTP %d", status)
	switch {
	case workerErrors[code] != "":
		return Answer{Ready: true, Said: fmt.Sprintf("error %s: %s", code, workerErrors[code])}
	case status == http.StatusNotFound && strings.Contains(body, "There is nothing here yet"):
		return Answer{Said: said + ": There is nothing here yet"}
	case code != "":
		return Answer{Said: fmt.Sprintf("%s, error %s", said, code)}
	case status >= 520 && status <= 530:
		return Answer{Said: said + cmp.Or(edgeStatuses[status], ": no origin answers")}
	}
	return Answer{Ready: true}
}

var edgeStatuses = map[int]string{525: ": TLS handshake failed", 526: ": invalid certificate"}
