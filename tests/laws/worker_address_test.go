// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// writes are those of the calls that change something, or ask what a change would do.
func writes(calls []string) (list []string) {
	for _, call := range calls {
		if !strings.HasPrefix(call, "GET ") {
			list = append(list, call)
		}
	}
	return list
}

// TestARouteIsTakenOverOnRequest: the preview says from whom and only reads; the
// route keeps its id, is ours from then on, and goes with the Worker. Whom it
// was taken from leaves it alone, and the DNS record with it.
func TestARouteIsTakenOverOnRequest(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, old := begun(t, r)
	mine := object{"zoneId": zone, "dnsRecord": true}
	old.mustUp(properties(addressed(w, object{withRecord: mine}, nil).with("old", "scriptName")))
	id := old.outputs.Get("routeIds").AsMap().Get(withRecord).AsString()

	s := newStack(t, w.cloud, r.token)
	before := w.Dump()
	require.ErrorContains(t, s.up(properties(addressed(w, object{withRecord: mine}, nil))), "takeOver: true")
	assert.Empty(t, s.id, "nothing was made")
	assert.Equal(t, before, w.Dump())

	program := properties(addressed(w, object{withRecord: mine.with(true, "takeOver")}, nil))
	w.forget()
	_, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, []string{"GET /zones/{zone}/workers/routes"}, w.requests(), "a preview")
	const said = `route \"api.example.com/*\" is taken over from worker \"old\"`
	assert.Contains(t, s.logs.String(), said)
	s.logs.forget()

	s.mustUp(program)
	assert.Contains(t, s.logs.String(), said)
	assert.Equal(t, id, s.outputs.Get("routeIds").AsMap().Get(withRecord).AsString())
	assert.Contains(t, w.Dump(), `route api.example.com/* -> "api"`)
	w.forget()
	pl, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, "same", pl.op)
	assert.Empty(t, w.Calls())

	require.NoError(t, old.destroy())
	assert.Contains(t, w.Dump(), `route api.example.com/* -> "api"`)
	assert.Contains(t, w.Dump(), "dns api.example.com AAAA 100::")
	require.NoError(t, s.destroy())
	assert.NotContains(t, w.Dump(), "route api.example.com/*")
}

// TestARouteWithoutAWorkerIsTakenOverOnRequest: it keeps Workers off, which may be meant.
func TestARouteWithoutAWorkerIsTakenOverOnRequest(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	_, err := w.client().CreateRoute(t.Context(), zone, withoutRecord, "")
	require.NoError(t, err)
	require.ErrorContains(t, s.up(properties(addressed(w, object{withoutRecord: object{"zoneId": zone}}, nil))),
		"is assigned to no Worker")
	s.mustUp(properties(addressed(w, object{withoutRecord: object{"zoneId": zone, "takeOver": true}}, nil)))
	assert.Contains(t, s.logs.String(), "is taken over from no worker")
	assert.Contains(t, w.Dump(), `route example.com/api/* -> "api"`)
}

// TestATakeOverWhoseAnswerIsLostIsMade: also when nobody can look at once.
func TestATakeOverWhoseAnswerIsLostIsMade(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	_, err := w.client().CreateRoute(t.Context(), zone, withoutRecord, "auth")
	require.NoError(t, err)
	s.mustUp(properties(addressed(w, nil, nil)))
	program := properties(addressed(w, object{withoutRecord: object{"zoneId": zone, "takeOver": true}}, nil))
	lost := false
	w.on(hooks{
		after: func(_ int, r *http.Request) bool {
			lost = lost || r.Method == http.MethodPut
			return lost
		},
	})
	require.Error(t, s.up(program))
	require.True(t, lost)
	w.forget()
	s.mustUp(program)
	assert.Equal(t, []string(nil), writes(w.requests()), "it is ours already")
	require.NoError(t, s.destroy())
	assert.NotContains(t, w.Dump(), "route example.com/api/*")
}

// TestEveryConflictIsNamedBeforeAnythingIsChanged: all in one error, with what to
// set; for a Worker that is new and for one that is there.
func TestEveryConflictIsNamedBeforeAnythingIsChanged(t *testing.T) {
	t.Parallel()
	for name, exists := range map[string]bool{"create": false, "update": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, cloudflareWorker())
			w.occupy()
			routes := object{
				"taken.example.com/*": object{"zoneId": zone}, "past.example.com/*": object{"zoneId": zone, "dnsRecord": true},
			}
			domains := object{"theirs.example.com": object{"zoneId": zone}, "dns.example.com": object{"zoneId": zone}}
			if exists {
				s.mustUp(properties(addressed(w, nil, nil)))
			}
			before := w.Dump()
			w.forget()
			err := s.up(properties(addressed(w, routes, domains)))
			require.ErrorContains(t, err, `route "taken.example.com/*" belongs to the Worker "auth"`)
			require.ErrorContains(t, err, "past.example.com has a DNS record (A 192.0.2.1) that is not proxied")
			require.ErrorContains(t, err, `custom domain "theirs.example.com" belongs to the Worker "auth"`)
			require.ErrorContains(t, err, `custom domain "dns.example.com": there is a DNS record (`)
			for _, input := range []string{"takeOver", "dnsRecord", "overrideExistingOrigin", "overrideExistingDnsRecord"} {
				require.ErrorContains(t, err, input)
			}
			assert.Equal(t, before, w.Dump())
			for _, call := range writes(w.requests()) {
				assert.Contains(t, call, "/domains/changeset", "it changes nothing")
			}
		})
	}
}

// occupy puts others where Workers may want to be.
func (w world) occupy() {
	w.t.Helper()
	_, err := w.client().CreateRoute(w.t.Context(), zone, "taken.example.com/*", "auth")
	require.NoError(w.t, err)
	require.NoError(w.t, w.client().PutDomains(w.t.Context(), account, "auth",
		[]cfapi.Origin{{Hostname: "theirs.example.com"}}, cfapi.DomainOverrides{}))
	for _, name := range []string{"past.example.com", "dns.example.com"} {
		past := cfapi.DNSRecord{Name: name, Type: "A", Content: "192.0.2.1"}
		_, err := w.client().CreateDNSRecord(w.t.Context(), zone, past)
		require.NoError(w.t, err)
	}
}

// TestCustomDomainsAreTakenOverOnRequest: each by its own input, said in the preview, which only reads.
func TestCustomDomainsAreTakenOverOnRequest(t *testing.T) {
	t.Parallel()
	for name, exists := range map[string]bool{"create": false, "update": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, cloudflareWorker())
			w.occupy()
			if exists {
				s.mustUp(properties(addressed(w, nil, nil)))
			}
			program := properties(addressed(w, nil, object{
				"theirs.example.com": object{"zoneId": zone, "overrideExistingOrigin": true},
				"dns.example.com":    object{"zoneId": zone, "overrideExistingDnsRecord": true},
			}))
			w.forget()
			_, err := s.preview(program)
			require.NoError(t, err)
			assert.Empty(t, writes(w.requests()))
			assert.Contains(t, s.logs.String(), `custom domain \"theirs.example.com\" is taken over from worker \"auth\"`)
			assert.Contains(t, s.logs.String(), `custom domain \"dns.example.com\" replaces a DNS record (A 192.0.2.1)`)
			s.mustUp(program)
			assert.Contains(t, w.Dump(), "domain theirs.example.com -> api")
			assert.Contains(t, w.Dump(), "domain dns.example.com -> api")
			assert.NotContains(t, w.Dump(), "dns dns.example.com A ")
			require.NoError(t, s.destroy())
			assert.NotContains(t, w.Dump(), "  domain ")
		})
	}
}

// TestACustomDomainOfAnotherWorkerIsLeftAlone: one that was taken from us is not ours to detach.
func TestACustomDomainOfAnotherWorkerIsLeftAlone(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	program := properties(addressed(w, nil, object{"a.example.com": object{"zoneId": zone}}))
	s.mustUp(program)
	require.NoError(t, w.client().PutDomains(t.Context(), account, "auth",
		[]cfapi.Origin{{Hostname: "a.example.com"}}, cfapi.DomainOverrides{Origin: true}))
	gone := *s
	require.NoError(t, gone.destroy())
	assert.Contains(t, w.Dump(), "domain a.example.com -> auth")
}

// TestCustomDomainsOfOthersStay: a Worker that is adopted keeps those that the program does not name, as they are.
func TestCustomDomainsOfOthersStay(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	_, err := w.client().PutScript(t.Context(), account, "api", plainUpload("theirs"))
	require.NoError(t, err)
	require.NoError(t, w.client().PutDomains(t.Context(), account, "api",
		[]cfapi.Origin{{Hostname: "theirs.example.com", Enabled: new(false), Previews: new(true)}}, cfapi.DomainOverrides{}))
	program := properties(addressed(w, nil, object{"a.example.com": object{"zoneId": zone}}).with(true, "adopt"))
	s.mustUp(program)
	assert.Contains(t, w.Dump(), "domain a.example.com -> api enabled true")
	assert.Contains(t, w.Dump(), "domain theirs.example.com -> api enabled false previews true")
	require.NoError(t, s.refresh())
	pl, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, map[string]p.DiffKind{`customDomains["theirs.example.com"]`: p.Delete}, pl.kinds())
}

// TestDNSRecordsThatCannotBeReadAreFoundLater: a token may attach custom domains without that permission.
func TestDNSRecordsThatCannotBeReadAreFoundLater(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	w.occupy()
	w.on(hooks{before: func(_ int, r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/dns_records") {
			return http.StatusForbidden
		}
		return 0
	}})
	taken := object{"zoneId": zone}
	program := addressed(w, nil, object{"free.example.com": taken, "dns.example.com": taken})
	require.ErrorContains(t, s.up(properties(program)), `custom domain "dns.example.com": there is a DNS record (id `)
	assert.NotContains(t, w.Dump(), "domain free.example.com")
	s.mustUp(properties(program.with(true, "customDomains", "dns.example.com", "overrideExistingDnsRecord")))
	assert.Contains(t, w.Dump(), "domain free.example.com -> api")
	assert.Contains(t, w.Dump(), "domain dns.example.com -> api")
}

// TestARouteUsesTheProxiedRecordThatIsThere: another one beside it would answer for its origin.
func TestARouteUsesTheProxiedRecordThatIsThere(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	_, err := w.client().CreateDNSRecord(t.Context(), zone, cfapi.DNSRecord{
		Name: "api.example.com", Type: "A", Content: "192.0.2.1", Proxied: true,
	})
	require.NoError(t, err)
	before := w.Dump()
	s.mustUp(properties(addressed(w, object{withRecord: object{"zoneId": zone, "dnsRecord": true}}, nil)))
	assert.NotContains(t, w.Dump(), "AAAA")
	require.NoError(t, s.destroy())
	assert.Equal(t, before, w.Dump())
}

// frontDoor answers for all addresses, and counts.
type frontDoor struct {
	mu    sync.Mutex
	asked []string
	page  string // if not empty, a 404 with it is the answer
}

func (d *frontDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, r.Host+r.RequestURI)
	if d.page != "" {
		http.Error(w, d.page, http.StatusNotFound)
	}
}

func (d *frontDoor) visits() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	asked := d.asked
	d.asked = nil
	return asked
}

// TestNewAddressesAreWaitedFor: those, and no others; unless the program does not want it.
func TestNewAddressesAreWaitedFor(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, _ := begun(t, r)
	door := &frontDoor{}
	srv := httptest.NewServer(door)
	t.Cleanup(srv.Close)
	w.config = object{"workersEndpoint": srv.URL}
	s := newStack(t, w.cloud, r.token)
	program := r.program(w)
	_, err := s.preview(properties(program))
	require.NoError(t, err)
	assert.Empty(t, door.visits(), "a preview")
	s.mustUp(properties(program))
	assert.ElementsMatch(t, []string{
		"api.emulator.workers.dev/", "app.example.com/", "api.example.com/", "example.com/api/",
	}, door.visits())
	assert.Contains(t, s.logs.String(), "waiting until https://app.example.com answers")

	program = program.with(w.builds["v2"].reference(), "bundle")
	s.mustUp(properties(program))
	assert.Empty(t, door.visits(), "no answer tells the version")
	program = program.with(object{"zoneId": zone}, "routes", "new.example.com/*")
	s.mustUp(properties(program))
	assert.Equal(t, []string{"new.example.com/"}, door.visits())
	program = program.with(object{"zoneId": zone}, "routes", "newer.example.com/*").with(false, "waitForReady")
	s.mustUp(properties(program))
	assert.Empty(t, door.visits())
	require.NoError(t, s.refresh())
	require.NoError(t, s.destroy())
	assert.Empty(t, door.visits())
}
