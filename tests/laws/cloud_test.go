// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/blang/semver"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// apiToken is a secret that must turn up nowhere.
const apiToken = "token-" + secretMark

// Two accounts and two zones, so that a resource can move.
const (
	account      = emulator.DefaultAccountID
	otherAccount = "fedcba9876543210fedcba9876543210"
	zone         = emulator.DefaultZoneID
	otherZone    = "0000000000000000000000000000cafe"
)

// cloud is a Cloudflare for one test.
type cloud struct {
	*emulator.Server
	t          *testing.T
	endpoint   string
	r2Endpoint string
	cacheDir   string // the machine's cache: another one is another machine
	config     object // of the provider, beside what it needs to find this cloud
	sql        sqlStore

	mu      sync.Mutex
	last    int // number of the latest request that the emulator has seen
	from    int // the number before the first that hooks count
	arrived int // how many requests came since the hooks were set
	hooks   hooks
}

// hooks act on requests. n counts them from 1 since the hooks were set.
type hooks struct {
	// before and after are those of [emulator.Server].
	before func(n int, r *http.Request) (status int)
	after  func(n int, r *http.Request) (lose bool)
	// around answers in the emulator's place.
	around func(n int, w http.ResponseWriter, r *http.Request, emulated http.HandlerFunc)
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{t: t, cacheDir: filepath.Join(t.TempDir(), "cache")}
	c.Server = &emulator.Server{
		Token: apiToken,
		R2:    &r2.Store{},
		Accounts: []emulator.Account{
			{ID: account, Subdomain: emulator.DefaultSubdomain}, {ID: otherAccount, Subdomain: "elsewhere"},
		},
		Zones: []emulator.Zone{
			{ID: zone, Name: "example.com", AccountID: account}, {ID: otherZone, Name: "api.example.com", AccountID: account},
		},
		Before: func(n int, r *http.Request) int {
			h, n := c.seen(n)
			if h.before == nil {
				return 0
			}
			return h.before(n, r)
		},
		After: func(n int, r *http.Request) bool {
			c.sql.act(r)
			c.mu.Lock()
			h, n := c.hooks, n-c.from
			c.mu.Unlock()
			return h.after != nil && h.after(n, r)
		},
	}
	api := httptest.NewServer(c.around(c.sql.around(c.Server)))
	t.Cleanup(api.Close)
	c.endpoint = api.URL + "/client/v4"
	c.r2Endpoint = r2Hosts.add(t, c.around(c.S3()))
	return c
}

func (c *cloud) seen(n int) (hooks, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, n)
	return c.hooks, n - c.from
}

func (c *cloud) around(emulated http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.arrived++
		around, n := c.hooks.around, c.arrived
		c.mu.Unlock()
		if around == nil {
			emulated.ServeHTTP(w, r)
			return
		}
		around(n, w, r, emulated.ServeHTTP)
	})
}

// on sets what happens to the requests from now on.
func (c *cloud) on(h hooks) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks, c.from, c.arrived = h, c.last, 0
}

// forget empties the log of calls and removes the hooks.
func (c *cloud) forget() {
	c.on(hooks{})
	c.Calls()
}

// client is somebody else who uses the same account.
func (c *cloud) client() *cfapi.Client {
	none := 0
	return &cfapi.Client{
		Endpoint: c.endpoint, R2Endpoint: c.r2Endpoint, Token: apiToken, MaxRetries: &none, UserAgent: "somebody/1",
	}
}

// provider starts the provider for one operation, on the machine that has the cloud's cache.
func (c *cloud) provider(ctx context.Context) integration.Server {
	c.t.Helper()
	prov, err := provider.New()
	require.NoError(c.t, err)
	server, err := integration.NewServer(
		ctx, provider.Name, semver.MustParse("0.0.0"), integration.WithProvider(prov))
	require.NoError(c.t, err)
	args := object{
		"accountId": account, "apiToken": apiToken, "endpoint": c.endpoint, "r2Endpoint": c.r2Endpoint,
		"cacheDir": c.cacheDir, "maxRetries": 0,
	}
	maps.Copy(args, c.config)
	err = server.Configure(p.ConfigureRequest{Args: properties(args)})
	require.NoError(c.t, err)
	return server
}

// requests returns the calls since the last time in a form that is the same in
// each run: random ids are replaced by what they are, and neighbours that are
// sent at once are sorted.
func (c *cloud) requests() []string {
	calls := c.Calls()
	for i, call := range calls {
		calls[i] = withoutIDs(call)
	}
	for start := 0; start < len(calls); {
		end := start + 1
		for end < len(calls) && transfer(calls[start]) != "" && transfer(calls[start]) == transfer(calls[end]) {
			end++
		}
		slices.Sort(calls[start:end])
		start = end
	}
	return calls
}

// transfer returns the direction in which a call transfers an object, of which several are on their way at once.
func transfer(call string) string {
	_, direction, _ := strings.Cut(call, "?x-id=")
	return direction
}

var randomIDs = regexp.MustCompile(`[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}`)

func withoutIDs(call string) string {
	return randomIDs.ReplaceAllStringFunc(call, func(id string) string {
		switch {
		case id == account:
			return "{account}"
		case id == otherAccount:
			return "{otherAccount}"
		case id == zone:
			return "{zone}"
		case id == otherZone:
			return "{otherZone}"
		case len(id) == 64:
			return "{sha256}"
		case len(id) == 36:
			return "{version}"
		}
		return "{id}"
	})
}
