// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/queue"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// What a [Server] with zero fields has.
const (
	DefaultAccountID = "0123456789abcdef0123456789abcdef" // the only account
	DefaultSubdomain = "emulator"                         // the account's workers.dev subdomain
	DefaultZoneID    = "abcdef0123456789abcdef0123456789" // the only zone
	DefaultZoneName  = "example.com"                      // the zone's name
)

// DefaultToken is the API token that a [Server] without one accepts.
const DefaultToken = "emulator-token" //nolint:gosec // no secret: it is published here

// apiPrefix is the path of the v4 API on api.cloudflare.com.
const apiPrefix = "/client/v4"

// maxBody bounds a request's body: more than any upload that Cloudflare takes
// (developers.cloudflare.com/workers/platform/limits, request body sizes).
const maxBody = 512 << 20

// Account is an account that a [Server] serves.
type Account struct {
	ID        string // 32 hex digits
	Name      string // shown by whoami; empty: "Emulator"
	Subdomain string // of workers.dev; empty: none is registered yet, so uploads fail with code 10063
}

// Zone is a DNS zone that a [Server] serves.
type Zone struct {
	ID        string // 32 hex digits
	Name      string // "example.com"
	AccountID string // of the owning account
}

// Server is a Cloudflare of its own: an [http.Handler] that answers Cloudflare's v4 API. Its zero value is ready to use
// and has one account, [DefaultAccountID], and one zone, [DefaultZoneID]. Exported fields must not be changed after the
// first use; methods are safe for concurrent use.
type Server struct {
	// Accounts are the accounts that Token may use. Nil: one, DefaultAccountID.
	Accounts []Account
	// Zones are the zones of the accounts. Nil: one, DefaultZoneID, owned by the first account.
	Zones []Zone
	// Token is the only API token that is accepted. Empty: DefaultToken.
	Token string
	// R2 holds the buckets and objects. Nil: a store of the server's own, in DataDir or in memory.
	R2 *r2.Store
	// Runtime runs what is deployed. Its KV, R2 and Secrets are set by the server if nil. Nil: uploads are stored and
	// checked, but not tried and not run.
	Runtime *runtime.Runtime
	// DataDir keeps everything across restarts. One server at a time may use it. Empty: memory only.
	DataDir string
	// RateLimit is the number of API requests in five minutes after which the token gets status 429. Cloudflare's is
	// 1200. Zero: no limit.
	RateLimit int
	// Before, if non-nil, sees each API and S3 request before the server does; n counts them from 1. A status other
	// than zero is the answer, and the server does not act.
	Before func(n int, r *http.Request) (status int)
	// After, if non-nil, runs after the server acted on the n-th request and before it answers. If it returns true, the
	// response is lost: the connection is closed without a byte.
	After func(n int, r *http.Request) (lose bool)
	// Now tells the time. Nil: [time.Now]. With a Now, messages are delivered and cron triggers fire by [Server.Tick]
	// only.
	Now func() time.Time

	once    sync.Once
	openErr error
	mux     *http.ServeMux
	calls   callLog
	limiter limiter
	kv      *kvStore
	broker  *queue.Broker
	events  events
	mail    mailbox

	mu    sync.Mutex // guards all below
	state *state
	world runtime.World // as given to Runtime

	d1files map[string]*d1File // being imported or exported, by the secret in their URL
}

// Open loads DataDir and starts to run what it holds. Any other method does so too; Open lets a command report an error
// before it serves.
func (s *Server) Open() error {
	s.once.Do(func() { s.openErr = s.open() })
	return s.openErr
}

func (s *Server) open() error {
	if s.Accounts == nil {
		s.Accounts = []Account{{ID: DefaultAccountID, Subdomain: DefaultSubdomain}}
	}
	if s.Zones == nil {
		s.Zones = []Zone{{ID: DefaultZoneID, Name: DefaultZoneName, AccountID: s.Accounts[0].ID}}
	}
	s.mux = http.NewServeMux()
	for _, e := range endpoints {
		s.mux.HandleFunc(e.pattern, func(w http.ResponseWriter, r *http.Request) {
			result, err := s.serve(w, r, e.handle)
			respond(w, result, err)
		})
	}
	if err := s.load(); err != nil {
		return err
	}
	s.populate()
	s.events.wake = make(chan struct{}, 1)
	s.broker = s.newBroker()
	if err := s.applyEvents(); err != nil {
		return err
	}
	if s.Runtime != nil {
		s.connect()
		s.apply()
		if s.Now == nil {
			s.startEvents()
		}
	}
	return nil
}

// populate adds the accounts and zones that the fields name and the state has not.
func (s *Server) populate() {
	for _, a := range s.Accounts {
		if s.state.Accounts[a.ID] == nil {
			s.state.Accounts[a.ID] = &account{
				ID: a.ID, Name: cmp.Or(a.Name, "Emulator"), Subdomain: a.Subdomain, Workers: map[string]*worker{},
				Namespaces: map[string]*namespace{}, Domains: map[string]*domain{}, Assets: map[string]*asset{},
			}
		}
		if account := s.state.Accounts[a.ID]; account.Queues == nil {
			account.Queues = map[string]*messageQueue{}
		}
	}
	for _, z := range s.Zones {
		if s.state.Zones[z.ID] == nil {
			s.state.Zones[z.ID] = &zone{
				ID: z.ID, Name: z.Name, AccountID: z.AccountID,
				Routes: map[string]*zoneRoute{}, Records: map[string]*dnsRecord{},
			}
		}
	}
}

// ServeHTTP answers the v4 API, with its paths below /client/v4 or without that prefix.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.Open(); err != nil {
		respond(w, nil, err)
		return
	}
	r = withoutPrefix(r)
	s.observe(w, r, "", s.serveAPI, refuseStatus)
}

// withoutPrefix returns a copy of r with a path that starts below the API's prefix.
func withoutPrefix(r *http.Request) *http.Request {
	short := r.Clone(r.Context())
	if strings.HasPrefix(r.URL.Path, apiPrefix+"/") {
		short.URL.Path = strings.TrimPrefix(r.URL.Path, apiPrefix)
		short.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, apiPrefix)
	}
	return short
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	// Every answer of the API has these (developers.cloudflare.com/fundamentals/reference/cloudflare-ray-id).
	w.Header().Set("Cf-Ray", newID()[:16]+"-EMU")
	w.Header().Set("Server", "cloudflare")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := s.limiter.admit(s.RateLimit, s.clock()); err != nil {
		respond(w, nil, err)
		return
	}
	if err := s.authenticate(r); err != nil {
		respond(w, nil, err)
		return
	}
	r.URL.RawPath = escapeKey(r.URL)
	if _, pattern := s.mux.Handler(r); pattern == "" {
		// No source, no behaviour: what is not emulated never gets a plausible guess.
		respond(w, nil, refuse(http.StatusNotImplemented, 7000, "the emulator does not have %s %s", r.Method, r.URL.Path))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// call is one request to the API with what its path names.
type call struct {
	*Server
	w       http.ResponseWriter
	r       *http.Request
	body    []byte
	account *account // nil: the path names none
	zone    *zone    // nil: the path names none

	unchanged bool // the handler left the state as it was, whatever the method
}

// handler answers a call: with a result for the envelope, or one of listed, answered and content. It runs with
// Server.mu held.
type handler func(c *call) (any, error)

// serve runs a handler and, if it changed something, keeps and runs the new state.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, handle handler) (any, error) {
	c := &call{Server: s, w: w, r: r}
	if strings.Contains(r.URL.Path, "/r2/buckets/") {
		// The object store has its own lock and its own files, and its bodies are not to be held in memory.
		s.mu.Lock()
		err := c.resolve()
		s.mu.Unlock()
		if err != nil {
			return nil, err
		}
		return handle(c)
	}
	var err error
	if c.body, err = io.ReadAll(r.Body); err != nil {
		return nil, refuse(http.StatusRequestEntityTooLarge, 413, "request body cannot be read: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := c.resolve(); err != nil {
		return nil, err
	}
	result, err := handle(c)
	if err != nil || c.unchanged || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return result, err
	}
	if err := s.save(); err != nil {
		return nil, err
	}
	s.apply()
	return result, s.applyEvents()
}

// resolve finds the account and the zone that the path names.
func (c *call) resolve() error {
	for _, name := range []string{"account", "zone"} {
		id := c.r.PathValue(name)
		if id == "" {
			continue
		}
		if !isID(id) {
			return c.misrouted()
		}
		if name == "account" {
			c.account = c.state.Accounts[id]
		} else {
			c.zone = c.state.Zones[id]
		}
		if c.account == nil && c.zone == nil {
			// A token has no say in an account or a zone that it does not know (workers-sdk issue texts:
			// "Authentication error [code: 10000]").
			return refuse(http.StatusForbidden, 10000, "Authentication error")
		}
	}
	return nil
}

// misrouted is the API's answer to an id that is none.
func (c *call) misrouted() error {
	return &apiError{status: http.StatusNotFound, errors: []message{
		{
			Code:    7003,
			Message: "Could not route to " + c.r.URL.Path + ", perhaps your object identifier is invalid?",
		},
		{Code: 7000, Message: "No route for that URI"},
	}}
}

// decode reads the JSON body into v. The code is the product's code for a body that is not JSON.
func (c *call) decode(v any, code int) error {
	if err := json.Unmarshal(c.body, v); err != nil {
		return refuse(http.StatusBadRequest, code, "The JSON you provided was not well formed: %v", err)
	}
	return nil
}

// clock tells the time.
func (s *Server) clock() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// now is the time of the call.
func (c *call) now() timestamp { return timestamp(c.clock()) }

// query returns a parameter of the URL.
func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// path returns a part of the path.
func (c *call) path(name string) string { return c.r.PathValue(name) }

// Close stops what runs. It leaves DataDir as it is.
func (s *Server) Close() error {
	err := s.Open()
	s.stopEvents()
	if s.Runtime != nil {
		err = errors.Join(err, s.Runtime.Close())
	}
	if err != nil {
		return fmt.Errorf("close emulator: %w", err)
	}
	return nil
}

// FrontDoor returns the handler that serves what is deployed, by Host header: workers.dev hosts, preview URLs, routes
// and custom domains, and what is in public R2 buckets. Without a Runtime it answers all but the last with 503. A POST
// to /cdn-cgi/handler/email?from=&to= is mail, see [Server.Receive].
func (s *Server) FrontDoor() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.Open(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if emailPaths[r.URL.Path] {
			s.serveEmail(w, r)
			return
		}
		if s.servePublicBucket(w, r) {
			return
		}
		if s.Runtime == nil {
			http.Error(w, "this emulator has no runtime", http.StatusServiceUnavailable)
			return
		}
		s.Runtime.FrontDoor().ServeHTTP(w, r)
	})
}
