// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"
)

// Headers between the front door and workerd. Workers do not see them.
const (
	serviceHeader   = "Emulator-Service"   // which service is to answer
	exceptionHeader = "Emulator-Exception" // the service threw
	protoHeader     = "Emulator-Proto"     // scheme of the request's URL
	cfHeader        = "Emulator-Cf"        // request.cf as JSON
)

// colo is the data centre that all requests seem to pass.
const colo = "DFW"

// dialAttempts is how often a request is sent anew because workerd was gone before it was received.
const dialAttempts = 3

// FrontDoor returns the handler that serves what is deployed, by Host header: <worker>.<subdomain>.workers.dev,
// preview URLs, routes and custom domains. Ports are ignored, and so is a trailing ".localhost", by which browsers
// reach every host without DNS.
//
// Workers see URLs with https, as on Cloudflare nearly all do, unless the request has X-Forwarded-Proto: http.
func (r *Runtime) FrontDoor() http.Handler {
	d := &door{runtime: r}
	d.transport = &http.Transport{
		DisableCompression:  true,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     drainTimeout,
	}
	d.proxy = &httputil.ReverseProxy{
		Rewrite:        d.rewrite,
		Transport:      d,
		FlushInterval:  -1,
		ErrorLog:       log.New(&lineWriter{line: func(text string) { r.logLine("front door", text) }}, "", 0),
		ModifyResponse: d.modifyResponse,
		ErrorHandler:   d.fail,
	}
	return d
}

// door is the front door.
type door struct {
	runtime   *Runtime
	transport *http.Transport
	proxy     *httputil.ReverseProxy
}

// visit is what the front door knows about a request.
type visit struct {
	scheme string // of the URL that the Worker sees
	host   string // with port, as the Worker sees it
	ray    string
	lease  *lease // nil until the request has somewhere to go
	threw  bool   // the Worker threw
	cancel func() // ends the request
}

type visitKey struct{}

// pageError carries a page out of a chain of calls.
type pageError struct{ page *page }

// Error returns the page's title.
func (e *pageError) Error() string { return e.page.title }

// ServeHTTP answers one request.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{scheme: "https", host: publicHost(r.Host), ray: newRay()}
	if r.Header.Get("X-Forwarded-Proto") == "http" {
		v.scheme = "http"
	}
	w.Header().Set("Server", "cloudflare")
	w.Header().Set("Cf-Ray", v.ray+"-"+colo)
	w.Header()["Content-Type"] = nil // or the server would guess one for an answer that has none
	if scheduledPaths[r.URL.Path] {
		d.serveScheduled(w, r, v)
		return
	}
	defer func() {
		if v.lease != nil {
			v.lease.release()
		}
	}()
	ctx, cancel := context.WithCancel(context.WithValue(r.Context(), visitKey{}, v))
	defer cancel()
	v.cancel = cancel
	d.proxy.ServeHTTP(w, r.WithContext(ctx))
}

// rewrite turns a request into the one for workerd.
func (d *door) rewrite(p *httputil.ProxyRequest) {
	v, _ := p.In.Context().Value(visitKey{}).(*visit)
	p.Out.URL.Scheme = "http"
	p.Out.URL.Host = "workerd" // replaced when it is known which
	p.Out.Host = v.host
	ip, _, err := net.SplitHostPort(p.In.RemoteAddr)
	if err != nil {
		ip = "127.0.0.1" // a handler called without a connection
	}
	h := p.Out.Header
	// Source: https://developers.cloudflare.com/fundamentals/reference/http-headers/.
	h.Set("Cf-Connecting-Ip", ip)
	h.Set("X-Real-Ip", ip)
	h.Set("Cf-Ipcountry", "US")
	h.Set("Cf-Ray", v.ray)
	h.Set("Cf-Visitor", `{"scheme":"`+v.scheme+`"}`)
	h.Set("X-Forwarded-Proto", v.scheme)
	forwarded := append(p.In.Header.Values("X-Forwarded-For"), ip)
	h.Set("X-Forwarded-For", strings.Join(forwarded, ", "))
	h.Set(protoHeader, v.scheme)
	h.Set(cfHeader, requestCF(p.In))
	h.Del(bindingHeader)
	h.Del(eventHeader)
	h.Del(exceptionHeader)
}

// RoundTrip sends a request to the Worker that is to answer it, waiting until that runs. A request that workerd did
// not receive, because it ended, is sent to its successor.
func (d *door) RoundTrip(out *http.Request) (*http.Response, error) {
	v, _ := out.Context().Value(visitKey{}).(*visit)
	host, target := v.target(out)
	var err error
	route := func(t *table) (scriptKey, error) {
		to := t.lookup(v.scheme, host, target, out.Header)
		if to.script == nil {
			return scriptKey{}, &pageError{page: to.page}
		}
		return to.script.key(), nil
	}
	for attempt := 1; ; attempt++ {
		v.lease, err = d.runtime.acquire(out.Context(), v.ray, route)
		if err != nil {
			return nil, err
		}
		sent := out.Clone(out.Context())
		sent.URL.Host = v.lease.generation.proc.address
		sent.Header.Set(serviceHeader, v.lease.service)
		response, err := d.transport.RoundTrip(sent)
		if err == nil || attempt == dialAttempts || !notSent(err) || v.lease.generation.hung.Load() {
			return response, err
		}
		// Nothing listens, so it is ending.
		select {
		case <-v.lease.generation.proc.done:
		case <-out.Context().Done():
			return nil, err
		case <-time.After(stopTimeout):
			return nil, err
		}
		v.lease.release()
		v.lease = nil
	}
}

// target returns what routes look at: the lower-case host without port, and the path with the query.
func (v *visit) target(r *http.Request) (host, target string) {
	host, _, err := net.SplitHostPort(v.host)
	if err != nil {
		host = v.host
	}
	target = r.URL.EscapedPath()
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		target += "?" + r.URL.RawQuery
	}
	return strings.ToLower(host), target
}

// notSent tells whether a request failed before anything of it was sent.
func notSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// modifyResponse recognises the answer of a Worker that threw.
func (d *door) modifyResponse(response *http.Response) error {
	v, _ := response.Request.Context().Value(visitKey{}).(*visit)
	if response.StatusCode == http.StatusSwitchingProtocols {
		v.lease.holdSocket(v.cancel)
	}
	// The front door sets its own.
	response.Header.Del("Server")
	response.Header.Del("Cf-Ray")
	if v.lease.answeredByAssets(response.Header) {
		d.runtime.finished(v.lease.invocation)
	}
	if exception := response.Header.Get(exceptionHeader); exception != "" {
		v.threw = true
		return &pageError{page: workerThrew}
	}
	return nil
}

// fail answers a request that no Worker answered.
func (d *door) fail(w http.ResponseWriter, r *http.Request, err error) {
	v, _ := r.Context().Value(visitKey{}).(*visit)
	var known *pageError
	switch {
	case errors.As(err, &known):
		known.page.serve(w, r, v.ray)
	case r.Context().Err() != nil:
		w.WriteHeader(499) // nobody reads it; Cloudflare logs this number
	case v.lease == nil:
		unavailable(err).serve(w, r, v.ray)
	case v.lease.generation.hung.Load():
		exceededCPU.serve(w, r, v.ray)
	default:
		d.runtime.logLine("front door", "request failed: "+err.Error())
		(&page{
			status: http.StatusBadGateway, title: "The runtime failed",
			text: "workerd ended or broke the connection while it answered.",
		}).serve(w, r, v.ray)
	}
}

// publicHost returns the host that a request is for, without the suffix by which it came to this machine.
func publicHost(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	public, ok := strings.CutSuffix(name, ".localhost")
	if !ok {
		return host
	}
	if port == "" {
		return public
	}
	return net.JoinHostPort(public, port)
}

// newRay returns an id for a request, of the form of Cloudflare's.
func newRay() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// requestCF is what Workers see as request.cf. The place is invented.
func requestCF(r *http.Request) string {
	cf := map[string]any{
		"colo": colo, "country": "US", "continent": "NA", "city": "Austin", "region": "Texas", "regionCode": "TX",
		"timezone": "America/Chicago", "latitude": "30.27130", "longitude": "-97.74260", "postalCode": "78701",
		"asn": 13335, "asOrganization": "Local Cloudflare", "isEUCountry": "0",
		"httpProtocol": r.Proto, "clientAcceptEncoding": r.Header.Get("Accept-Encoding"),
		"tlsVersion": "TLSv1.3", "tlsCipher": "AEAD-AES128-GCM-SHA256", "requestPriority": "",
		"edgeRequestKeepAliveStatus": 1, "clientTcpRtt": 0,
	}
	text, err := json.Marshal(cf)
	if err != nil {
		return "{}" // strings and numbers always marshal
	}
	return string(text)
}
