// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// backend serves what Workers are bound to, on a socket that only this user can reach.
type backend struct {
	socket string
	server *http.Server
	served chan error
}

// longestSocket is how long the path of a socket may be on every system.
const longestSocket = 103

// serveBackend starts the backend in the directory scratch.
func (r *Runtime) serveBackend(scratch string) (*backend, error) {
	b := &backend{socket: filepath.Join(scratch, "backend.sock"), served: make(chan error, 1)}
	if len(b.socket) > longestSocket {
		return nil, fmt.Errorf("socket for bindings: %s is too long a path; set Dir to a shorter one", b.socket)
	}
	listener, err := net.Listen("unix", b.socket) //nolint:noctx // nothing to wait for
	if err != nil {
		return nil, fmt.Errorf("socket for bindings: %w", err)
	}
	b.server = &http.Server{
		Handler:           http.HandlerFunc(r.serveBinding),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(&lineWriter{line: func(text string) { r.logLine("bindings", text) }}, "", 0),
	}
	go func() { b.served <- b.server.Serve(listener) }()
	return b, nil
}

// close stops the backend.
func (b *backend) close() error {
	err := b.server.Close()
	if served := <-b.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// serveBinding answers a request that a Worker's binding made. Which binding it is, is in a header that workerd
// sets: the kind and what it is bound to, separated by slashes.
func (r *Runtime) serveBinding(w http.ResponseWriter, q *http.Request) {
	parts := strings.Split(q.Header.Get(bindingHeader), "/")
	for i, part := range parts {
		unescaped, err := url.PathUnescape(part)
		if err != nil {
			http.Error(w, "bad binding", http.StatusBadRequest)
			return
		}
		parts[i] = unescaped
	}
	q.Header.Del(bindingHeader)
	switch kind, subject := parts[0], parts[1:]; {
	case kind == "kv" && len(subject) == 2 && r.KV != nil:
		kvBinding{store: r.KV, account: subject[0], namespace: subject[1], now: time.Now}.ServeHTTP(w, q)
	case kind == "r2" && len(subject) == 3:
		r.serveR2(w, q, subject[0], subject[1], subject[2])
	case kind == storeSecretBackend:
		r.serveStoreSecret(w, q)
	case kind == "d1" && len(subject) == 2:
		r.serveD1(w, q, D1Database{Account: subject[0], ID: subject[1]})
	case kind == "queue" && len(subject) == 3 && r.Queues != nil:
		r.Queues(subject[0], subject[1], subject[2]).ServeHTTP(w, q)
	case kind == "ratelimit" && len(subject) == 2:
		r.serveRateLimit(w, q, subject[0], subject[1])
	case kind == "email" && len(subject) == 2:
		r.serveEmail(w, q, subject[0], subject[1])
	case (kind == assetsBackend || kind == routerBackend) && len(subject) == 3 && r.Assets != nil:
		r.Assets(subject[0], subject[1], subject[2], kind == assetsBackend).ServeHTTP(w, q)
	case kind == "tail":
		r.serveTail(w, q)
	default:
		http.Error(w, fmt.Sprintf("the local runtime has no backend for %q", kind), http.StatusNotImplemented)
	}
}

// serveR2 hands a request to the handler of a bucket.
func (r *Runtime) serveR2(w http.ResponseWriter, q *http.Request, account, bucket, jurisdiction string) {
	var handler http.Handler
	if r.R2 != nil {
		handler = r.R2(account, bucket, jurisdiction)
	}
	if handler == nil {
		// Source: workers-sdk, packages/miniflare/src/workers/r2/errors.worker.ts: NoSuchBucket is 10006.
		w.Header().Set("Cf-R2-Error", `{"version":0,"v4code":10006,"message":"The specified bucket does not exist."}`)
		w.WriteHeader(http.StatusNotFound)
		return
	}
	handler.ServeHTTP(w, q)
}

// invocation is what js/tail.js reports about one invocation of a Worker.
type invocation struct {
	Worker  string `json:"worker"`
	Service string `json:"service"`
	Ray     string `json:"ray"`
	Logs    []struct {
		Level string `json:"level"`
		Text  string `json:"text"`
	} `json:"logs"`
	Exceptions []struct {
		Name    string `json:"name"`
		Message string `json:"message"`
		Stack   string `json:"stack"`
	} `json:"exceptions"`
}

// serveTail writes what Workers logged and threw to the log, and notes that they are done.
func (r *Runtime) serveTail(w http.ResponseWriter, q *http.Request) {
	var invocations []invocation
	if err := json.NewDecoder(q.Body).Decode(&invocations); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, i := range invocations {
		for _, l := range i.Logs {
			text := l.Text
			if l.Level != "log" {
				text = l.Level + ": " + text
			}
			r.logLine(i.Worker, text)
		}
		for _, e := range i.Exceptions {
			r.logLine(i.Worker, strings.TrimRight(fmt.Sprintf("uncaught %s: %s\n%s", e.Name, e.Message, e.Stack), "\n"))
		}
		r.finished(invocationKey{ray: i.Ray, service: i.Service})
	}
}
