// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// TestWhatIsNotOursIsNotTaken: where something of the name exists already, a
// create fails and changes nothing.
func TestWhatIsNotOursIsNotTaken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		if r.token == bundleToken {
			t.Run("equal content is shared", func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				before := w.Dump()
				require.NoError(t, newStack(t, w.cloud, r.token).up(properties(r.program(w))))
				assert.Equal(t, before, w.Dump())
				require.NoError(t, s.destroy())
			})
			return
		}
		w, theirs := built(t, r)
		before := w.Dump()
		ours := newStack(t, w.cloud, r.token)
		require.Error(t, ours.up(properties(r.program(w))))
		assert.Empty(t, ours.id)
		assert.Equal(t, before, w.Dump())
		require.NoError(t, theirs.refresh())
		assert.NotEmpty(t, theirs.id)
	})
}

// TestATakenNameSaysWhose: the error tells who deployed the Worker and when, and what can be done.
func TestATakenNameSaysWhose(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	_, err := w.client().PutScript(t.Context(), account, "api", plainUpload("theirs"))
	require.NoError(t, err)
	err = s.up(properties(r.program(w)))
	require.Error(t, err)
	for _, part := range []string{
		`the name is taken in account ` + account, "deployed by ", time.Now().UTC().Format(time.DateOnly),
		"pulumi import", account + "/api", "adopt: true",
	} {
		assert.Contains(t, err.Error(), part)
	}
}

// TestAdoptionTakesOver: an adopted Worker is as if the program had created it,
// but for the secrets that others have set, which are kept.
func TestAdoptionTakesOver(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	adopting := func(w world) object { return r.program(w).with(true, "adopt") }
	create := func(s *stack, w world) { s.mustUp(properties(adopting(w))) }

	fresh, created := begun(t, r)
	create(created, fresh)

	w, adopted := begun(t, r)
	client := w.client()
	_, err := client.PutScript(t.Context(), account, "api", plainUpload("theirs"))
	require.NoError(t, err)
	require.NoError(t, client.SetScriptSubdomain(t.Context(), account, "api", cfapi.Subdomain{PreviewsEnabled: true}))
	create(adopted, w)
	assert.Equal(t, fresh.Dump(), w.Dump())
	assert.Equal(t, created.state(t), adopted.state(t))

	t.Run("previews that nobody asked for are switched off", func(t *testing.T) {
		t.Parallel()
		w, adopted := begun(t, r)
		client := w.client()
		_, err := client.PutScript(t.Context(), account, "api", plainUpload("theirs"))
		require.NoError(t, err)
		require.NoError(t, client.SetScriptSubdomain(t.Context(), account, "api", cfapi.Subdomain{PreviewsEnabled: true}))
		adopted.mustUp(properties(adopting(w).with(nil, "workersDev")))
		is, err := client.ScriptSubdomain(t.Context(), account, "api")
		require.NoError(t, err)
		assert.Equal(t, cfapi.Subdomain{}, is)
	})
}

// TestSecretsOfOthersAreKept: whatever the program changes, a secret that
// somebody else set stays, also while one of the program's own is removed.
func TestSecretsOfOthersAreKept(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for _, c := range r.changes {
		if c.diff["accountId"] != "" || c.diff["scriptName"] != "" {
			continue // another Worker
		}
		if c.diff["unmanagedSecrets"] != "" {
			continue // they are not to be kept
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, s := built(t, r)
			api := "/accounts/" + account + "/workers/scripts/api"
			require.NoError(t, w.raw(http.MethodPut, api+"/secrets",
				map[string]string{"name": "THEIRS", "type": "secret_text", "text": "x"}))
			require.NoError(t, s.refresh())
			s.mustUp(properties(c.edit(w, r.program(w))))
			assert.Contains(t, w.Dump(), `{"name":"THEIRS","type":"secret_text"`)
		})
	}
}

// TestARouteOfAnotherWorkerIsNotTaken: the error says whose it is.
func TestARouteOfAnotherWorkerIsNotTaken(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	_, err := w.client().CreateRoute(t.Context(), zone, withoutRecord, "auth")
	require.NoError(t, err)
	require.ErrorContains(t, s.up(properties(r.program(w))), `belongs to the Worker "auth"`)
	assert.Contains(t, w.Dump(), `route example.com/api/* -> "auth"`)
	require.NoError(t, s.destroy())
	assert.Contains(t, w.Dump(), `route example.com/api/* -> "auth"`)
}

// TestADNSRecordOfOthersIsUsedAndLeftAlone: a proxied record of the name serves the route, whoever made it.
func TestADNSRecordOfOthersIsUsedAndLeftAlone(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	_, err := w.client().CreateDNSRecord(t.Context(), zone, cfapi.DNSRecord{
		Name: "api.example.com", Type: "CNAME", Content: "origin.example.org", Proxied: true, Comment: "theirs",
	})
	require.NoError(t, err)
	before := w.Dump()
	s.mustUp(properties(r.program(w)))
	assert.Zero(t, s.outputs.Get("dnsRecordIds").AsMap().Len())
	require.NoError(t, s.destroy())
	assert.Equal(t, before, w.Dump())
}

// TestADNSRecordThatIsNotProxiedIsAnError: it would lead past the Worker.
func TestADNSRecordThatIsNotProxiedIsAnError(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	_, err := w.client().CreateDNSRecord(t.Context(), zone, cfapi.DNSRecord{
		Name: "api.example.com", Type: "CNAME", Content: "origin.example.org",
	})
	require.NoError(t, err)
	require.ErrorContains(t, s.up(properties(r.program(w))), "not proxied")
}

// TestRoutesShareADNSRecord: it stays as long as one of them wants it.
func TestRoutesShareADNSRecord(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	shared := object{"zoneId": zone, "dnsRecord": true}
	two := r.program(w).with(object{"api.example.com/a/*": shared, "api.example.com/b/*": shared}, "routes")
	one := two.with(nil, "routes", "api.example.com/a/*")
	const record = "dns api.example.com AAAA 100::"
	s.mustUp(properties(two))
	assert.Equal(t, 1, strings.Count(w.Dump(), record))
	s.mustUp(properties(one))
	assert.Equal(t, 1, strings.Count(w.Dump(), record))
	s.mustUp(properties(two))
	require.NoError(t, s.refresh())
	pl, err := s.preview(properties(two))
	require.NoError(t, err)
	assert.Equal(t, "same", pl.op, "%v", pl.kinds())
	require.NoError(t, s.destroy())
	assert.NotContains(t, w.Dump(), record)
}

// TestTheBundleIsVerified: content that is not what its digest promises is not deployed.
func TestTheBundleIsVerified(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	other := w.builds["v2"]
	other.key = w.builds["v1"].key
	w.put(other)
	before := w.Dump()
	err := s.up(properties(r.program(w)))
	require.ErrorContains(t, err, w.builds["v1"].sha256)
	require.ErrorContains(t, err, w.builds["v2"].sha256)
	assert.Empty(t, s.id)
	assert.Equal(t, before, w.Dump())
}

// TestAChangeBehindAnUnpinnedKeyIsSeen: the preview names the two digests.
func TestAChangeBehindAnUnpinnedKeyIsSeen(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := begun(t, r)
	program := properties(r.program(w).with(w.builds["v1"].unpinned(), "bundle"))
	s.mustUp(program)
	next := w.builds["v2"]
	next.key = w.builds["v1"].key
	w.put(next)
	pl, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, map[string]p.DiffKind{"bundle.sha256": p.Update}, pl.kinds())
	assert.Equal(t, w.builds["v2"].sha256, pl.inputs.Get("bundle").AsMap().Get("sha256").AsString())
	s.mustUp(program)
	assert.Equal(t, w.builds["v2"].sha256, s.outputs.Get("bundleDigest").AsString())
}

// TestAFullBucketIsKept: unless the program says otherwise, and then its objects go with it.
func TestAFullBucketIsKept(t *testing.T) {
	t.Parallel()
	r := r2Bucket()
	w, s := begun(t, r)
	empty := w.Dump()
	s.mustUp(properties(r.program(w)))
	place := cfapi.Place{Account: account, Bucket: "assets"}
	for _, key := range []string{"a", "b/c", "b/"} {
		_, err := w.client().PutObject(t.Context(), place, key, strings.NewReader("x"), cfapi.PutOptions{})
		require.NoError(t, err)
	}
	full := w.Dump()
	require.ErrorContains(t, s.destroy(), "forceDestroy")
	assert.Equal(t, full, w.Dump())
	s.mustUp(properties(r.program(w).with(true, "forceDestroy")))
	require.NoError(t, s.destroy())
	assert.Equal(t, empty, w.Dump())
}

// TestAnUndeployedVersionOfOthersIsNobodysDrift: it serves nothing, and nothing
// of it gets into the version that the next change deploys.
func TestAnUndeployedVersionOfOthersIsNobodysDrift(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	theirs := plainUpload("theirs")
	theirs.Bindings = []cfapi.Binding{{Name: "TOKEN", Type: "secret_text", Text: "theirs"}}
	_, err := w.client().CreateVersion(t.Context(), account, "api", theirs)
	require.NoError(t, err)

	before := s.state(t)
	require.NoError(t, s.refresh())
	assert.Equal(t, before, s.state(t))
	pl, err := s.preview(properties(r.program(w)))
	require.NoError(t, err)
	assert.Equal(t, "same", pl.op, "%v", pl.kinds())

	changed := func(w world) object { return r.program(w).with("debug", "variables", "LOG_LEVEL") }
	s.mustUp(properties(changed(w)))
	fresh, created := begun(t, r)
	created.mustUp(properties(changed(fresh)))
	assert.Equal(t, fresh.Dump(), w.Dump())
}

// TestARouteThatAnotherWorkerTookIsNotTakenBack: a refresh shows that it is no
// longer ours, and the next update says whose it is. What others route in the
// zone is none of our business.
func TestARouteThatAnotherWorkerTookIsNotTakenBack(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	_, err := w.client().CreateRoute(t.Context(), zone, "auth.example.com/*", "auth")
	require.NoError(t, err)
	require.NoError(t, s.refresh())
	program := properties(r.program(w))
	pl, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, "same", pl.op, "%v", pl.kinds())

	id := s.outputs.Get("routeIds").AsMap().Get(withoutRecord).AsString()
	taken := cfapi.Route{ID: id, Pattern: withoutRecord, Script: "auth"}
	require.NoError(t, w.client().UpdateRoute(t.Context(), zone, taken))
	require.NoError(t, s.refresh())
	pl, err = s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, map[string]p.DiffKind{`routes["example.com/api/*"]`: p.Add}, pl.kinds())
	require.ErrorContains(t, s.up(program), `belongs to the Worker "auth"`)
	require.NoError(t, s.destroy())
	assert.Contains(t, w.Dump(), `route example.com/api/* -> "auth"`)
}
