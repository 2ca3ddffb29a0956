// SPDX-License-Identifier: Apache-2.0

package cfapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

const (
	account = emulator.DefaultAccountID
	zone    = emulator.DefaultZoneID
)

var bundles = cfapi.Place{Account: account, Bucket: "bundles"}

// connect returns a client of s that knows nothing but the token.
func connect(t *testing.T, s *emulator.Server) *cfapi.Client {
	t.Helper()
	api, s3 := httptest.NewServer(s), httptest.NewServer(s.S3())
	t.Cleanup(func() {
		api.Close()
		s3.Close()
		assert.NoError(t, s.Close())
	})
	return &cfapi.Client{
		Endpoint: api.URL + "/client/v4", R2Endpoint: s3.URL, Token: emulator.DefaultToken,
		Backoff: func(int) time.Duration { return 0 },
	}
}

func worker(source string, bindings ...cfapi.Binding) cfapi.Upload {
	return cfapi.Upload{
		MainModule:        "main.js",
		CompatibilityDate: "2026-01-01", CompatibilityFlags: []string{"nodejs_compat"},
		Modules: []cfapi.Module{
			{Name: "main.js", ContentType: "application/javascript+module", Content: []byte(source)},
			{Name: "lib/text.txt", ContentType: "text/plain", Content: []byte("text")},
			{Name: "lib/data.wasm", ContentType: "application/wasm", Content: []byte("\x00asm\x01\x00\x00\x00")},
		},
		Bindings: bindings,
	}
}

const source = "export default { fetch() { return new Response('hello') } }\n"

// byName returns bindings without what the server added, sorted.
func byName(bindings []cfapi.Binding) []cfapi.Binding {
	bindings = slices.Clone(bindings)
	for i := range bindings {
		bindings[i].Raw = nil
	}
	slices.SortFunc(bindings, func(a, b cfapi.Binding) int { return strings.Compare(a.Name, b.Name) })
	return bindings
}

func TestTheLifeOfAWorker(t *testing.T) {
	t.Parallel()
	server := &emulator.Server{}
	c, ctx := connect(t, server), t.Context()

	_, err := c.Deployments(ctx, account, "api")
	require.ErrorIs(t, err, cfapi.ErrNotFound)

	ns, err := c.CreateKVNamespace(ctx, account, "cache")
	require.NoError(t, err)
	_, err = c.CreateR2Bucket(ctx, account, cfapi.R2Bucket{Name: "files"})
	require.NoError(t, err)
	_, err = c.PutScript(ctx, account, "other", worker(source))
	require.NoError(t, err)
	server.Calls()

	bindings := []cfapi.Binding{
		{Name: "BUCKET", Type: "r2_bucket", BucketName: "files"},
		{Name: "JSON", Type: "json", JSON: json.RawMessage(`{"a":[1,2]}`)},
		{Name: "KV", Type: "kv_namespace", NamespaceID: ns.ID},
		{Name: "OTHER", Type: "service", Service: "other", Environment: "production"},
		{Name: "SECRET", Type: "secret_text", Text: "s3cret"},
		{Name: "TEXT", Type: "plain_text", Text: "x"},
	}
	u := worker(source, bindings...)
	u.Message, u.Tag = "first", "v1"
	first, err := c.PutScript(ctx, account, "api", u)
	require.NoError(t, err)
	assert.Len(t, first.VersionID, 36)
	assert.NotEmpty(t, first.ETag)

	deployments, err := c.Deployments(ctx, account, "api")
	require.NoError(t, err)
	require.Len(t, deployments, 1)
	assert.Equal(t, []cfapi.Share{{VersionID: first.VersionID, Percent: 100}}, deployments[0].Split)
	assert.False(t, deployments[0].CreatedOn.IsZero())

	version, err := c.Version(ctx, account, "api", first.VersionID)
	require.NoError(t, err)
	assert.Equal(t, first.VersionID, version.ID)
	assert.Equal(t, first.ETag, version.ETag)
	assert.Equal(t, 1, version.Number)
	assert.Equal(t, "first", version.Message)
	assert.Equal(t, "v1", version.Tag)
	assert.Equal(t, "2026-01-01", version.CompatibilityDate)
	assert.Equal(t, []string{"nodejs_compat"}, version.CompatibilityFlags)
	bindings[4].Text = "" // a secret cannot be read
	assert.Equal(t, bindings, byName(version.Bindings))

	next := worker("export default { fetch() { return new Response('bye') } }\n",
		cfapi.Binding{Name: "TEXT", Type: "inherit"}, cfapi.Binding{Name: "OLD", Type: "inherit", OldName: "JSON"})
	next.KeepBindings = []string{"secret_text"}
	second, err := c.CreateVersion(ctx, account, "api", next)
	require.NoError(t, err)
	assert.NotEqual(t, first.VersionID, second.VersionID)
	assert.NotEqual(t, first.ETag, second.ETag)
	version, err = c.Version(ctx, account, "api", second.VersionID)
	require.NoError(t, err)
	assert.Equal(t, []cfapi.Binding{
		{Name: "OLD", Type: "json", JSON: json.RawMessage(`{"a":[1,2]}`)},
		{Name: "SECRET", Type: "secret_text"},
		{Name: "TEXT", Type: "plain_text", Text: "x"},
	}, byName(version.Bindings))

	split := []cfapi.Share{{VersionID: first.VersionID, Percent: 75}, {VersionID: second.VersionID, Percent: 25}}
	deployed, err := c.Deploy(ctx, account, "api", split, "canary", nil)
	require.NoError(t, err)
	assert.ElementsMatch(t, split, deployed.Split)
	deployments, err = c.Deployments(ctx, account, "api")
	require.NoError(t, err)
	assert.Equal(t, deployed.ID, deployments[0].ID, "newest first")
	assert.Equal(t, "canary", deployments[0].Message)

	require.NoError(t, c.SetScriptSubdomain(ctx, account, "api", cfapi.Subdomain{Enabled: true}))
	sub, err := c.ScriptSubdomain(ctx, account, "api")
	require.NoError(t, err)
	assert.Equal(t, cfapi.Subdomain{Enabled: true}, sub)
	name, err := c.AccountSubdomain(ctx, account)
	require.NoError(t, err)
	assert.Equal(t, emulator.DefaultSubdomain, name)

	require.NoError(t, c.DeleteScript(ctx, account, "api", true))
	require.ErrorIs(t, c.DeleteScript(ctx, account, "api", true), cfapi.ErrNotFound)
	assert.Equal(t, strings.ReplaceAll(strings.TrimSpace(`
PUT W/scripts/api?bindings_inherit=strict&excludeScript=true
GET W/scripts/api/deployments
GET W/scripts/api/versions/`+first.VersionID+`
POST W/scripts/api/versions?bindings_inherit=strict
GET W/scripts/api/versions/`+second.VersionID+`
POST W/scripts/api/deployments?force=true
GET W/scripts/api/deployments
POST W/scripts/api/subdomain
GET W/scripts/api/subdomain
GET W/subdomain
DELETE W/scripts/api?force=true
DELETE W/scripts/api?force=true`), " W/", " /accounts/"+account+"/workers/"), strings.Join(server.Calls(), "\n"))
}

func TestTheLifeOfARoute(t *testing.T) {
	t.Parallel()
	c, ctx := connect(t, &emulator.Server{}), t.Context()
	_, err := c.PutScript(ctx, account, "api", worker(source))
	require.NoError(t, err)

	r, err := c.CreateRoute(ctx, zone, "api.example.com/*", "api")
	require.NoError(t, err)
	off, err := c.CreateRoute(ctx, zone, "api.example.com/static/*", "")
	require.NoError(t, err)
	_, err = c.CreateRoute(ctx, zone, "api.example.com/*", "api")
	require.ErrorIs(t, err, cfapi.ErrConflict)
	assert.False(t, cfapi.LostResponse(err))
	_, err = c.CreateRoute(ctx, zone, "api.elsewhere.org/*", "api")
	require.ErrorIs(t, err, cfapi.ErrInvalid)

	r.Pattern = "example.com/api/*"
	require.NoError(t, c.UpdateRoute(ctx, zone, r))
	routes, err := c.Routes(ctx, zone)
	require.NoError(t, err)
	assert.ElementsMatch(t, []cfapi.Route{r, off}, routes)
	require.NoError(t, c.DeleteRoute(ctx, zone, r.ID))
	require.ErrorIs(t, c.DeleteRoute(ctx, zone, r.ID), cfapi.ErrNotFound)

	rec, err := c.CreateDNSRecord(ctx, zone, cfapi.DNSRecord{
		Name: "api.example.com", Type: "AAAA", Content: "100::", Comment: "for a Worker", Proxied: true,
	})
	require.NoError(t, err)
	assert.Equal(t, 1, rec.TTL)
	_, err = c.CreateDNSRecord(ctx, zone, cfapi.DNSRecord{Name: "www.example.com", Type: "AAAA", Content: "100::"})
	require.NoError(t, err)
	_, err = c.CreateDNSRecord(ctx, zone, cfapi.DNSRecord{
		Name: "api.example.com", Type: "AAAA", Content: "100::", Proxied: true,
	})
	require.ErrorIs(t, err, cfapi.ErrConflict)
	records, err := c.DNSRecords(ctx, zone, "api.example.com")
	require.NoError(t, err)
	assert.Equal(t, []cfapi.DNSRecord{rec}, records, "the name is exact")
	require.NoError(t, c.DeleteDNSRecord(ctx, zone, rec.ID))
	require.ErrorIs(t, c.DeleteDNSRecord(ctx, zone, rec.ID), cfapi.ErrNotFound)
}

func TestTheLifeOfAKVNamespace(t *testing.T) {
	t.Parallel()
	c, ctx := connect(t, &emulator.Server{}), t.Context()
	want := map[string]string{}
	for i := range 101 {
		ns, err := c.CreateKVNamespace(ctx, account, fmt.Sprintf("n%d", i))
		require.NoError(t, err)
		want[ns.ID] = ns.Title
	}
	all, err := c.KVNamespaces(ctx, account)
	require.NoError(t, err)
	got := map[string]string{}
	for _, ns := range all {
		got[ns.ID] = ns.Title
	}
	assert.Equal(t, want, got)

	_, err = c.CreateKVNamespace(ctx, account, "n7")
	require.ErrorIs(t, err, cfapi.ErrConflict)
	id := all[0].ID
	require.NoError(t, c.RenameKVNamespace(ctx, account, id, "renamed"))
	ns, err := c.KVNamespace(ctx, account, id)
	require.NoError(t, err)
	assert.Equal(t, cfapi.KVNamespace{ID: id, Title: "renamed"}, ns)
	require.NoError(t, c.DeleteKVNamespace(ctx, account, id))
	require.ErrorIs(t, c.DeleteKVNamespace(ctx, account, id), cfapi.ErrNotFound)
	_, err = c.KVNamespace(ctx, account, id)
	require.ErrorIs(t, err, cfapi.ErrNotFound)
}

func TestTheLifeOfABucket(t *testing.T) {
	t.Parallel()
	c, ctx := connect(t, &emulator.Server{}), t.Context()
	_, err := c.R2Bucket(ctx, account, "", "bundles")
	require.ErrorIs(t, err, cfapi.ErrNotFound)
	made, err := c.CreateR2Bucket(ctx, account, cfapi.R2Bucket{Name: "bundles", StorageClass: "Standard"})
	require.NoError(t, err)
	_, err = c.CreateR2Bucket(ctx, account, cfapi.R2Bucket{Name: "bundles"})
	require.ErrorIs(t, err, cfapi.ErrConflict)
	_, err = c.CreateR2Bucket(ctx, account, cfapi.R2Bucket{Name: "NOT A NAME"})
	require.ErrorIs(t, err, cfapi.ErrInvalid)

	eu, err := c.CreateR2Bucket(ctx, account, cfapi.R2Bucket{Name: "bundles", Jurisdiction: "eu"})
	require.NoError(t, err)
	assert.Equal(t, "eu", eu.Jurisdiction)

	require.NoError(t, c.SetR2BucketStorageClass(ctx, account, "", "bundles", "InfrequentAccess"))
	got, err := c.R2Bucket(ctx, account, "", "bundles")
	require.NoError(t, err)
	made.StorageClass = "InfrequentAccess"
	assert.Equal(t, made, got)
	assert.False(t, got.CreationDate.IsZero())
	assert.Empty(t, got.Jurisdiction)
	got, err = c.R2Bucket(ctx, account, "eu", "bundles")
	require.NoError(t, err)
	assert.Equal(t, eu, got, "the bucket of the same name in another jurisdiction is another")

	_, err = c.PutObject(ctx, bundles, "k", strings.NewReader("v"), cfapi.PutOptions{})
	require.NoError(t, err)
	require.ErrorIs(t, c.DeleteR2Bucket(ctx, account, "", "bundles"), cfapi.ErrConflict, "it is not empty")
	require.NoError(t, c.DeleteObjects(ctx, bundles, []string{"k"}))
	require.NoError(t, c.DeleteR2Bucket(ctx, account, "", "bundles"))
	require.ErrorIs(t, c.DeleteR2Bucket(ctx, account, "", "bundles"), cfapi.ErrNotFound)
	require.NoError(t, c.DeleteR2Bucket(ctx, account, "eu", "bundles"))
}

func TestTheLifeOfAnObject(t *testing.T) {
	t.Parallel()
	server := &emulator.Server{}
	c, ctx := connect(t, server), t.Context()
	_, err := c.CreateR2Bucket(ctx, account, cfapi.R2Bucket{Name: "bundles"})
	require.NoError(t, err)
	server.Calls()

	const key, digest = "p/1 + 1 = ä.js", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	_, err = c.HeadObject(ctx, bundles, key)
	require.ErrorIs(t, err, cfapi.ErrNotFound)
	put, err := c.PutObject(ctx, bundles, key, strings.NewReader("hello"), cfapi.PutOptions{
		ContentType: "application/javascript", SHA256: digest, IfNoneMatch: true,
	})
	require.NoError(t, err)
	_, err = c.PutObject(ctx, bundles, key, strings.NewReader("other"), cfapi.PutOptions{IfNoneMatch: true})
	require.ErrorIs(t, err, cfapi.ErrConflict)
	_, err = c.PutObject(ctx, bundles, "wrong", strings.NewReader("other"), cfapi.PutOptions{SHA256: digest})
	require.ErrorIs(t, err, cfapi.ErrInvalid, "R2 verifies the digest")

	head, err := c.HeadObject(ctx, bundles, key)
	require.NoError(t, err)
	put.LastModified = head.LastModified
	assert.Equal(t, put, head, "what is put is what is read, with its digest")
	assert.False(t, head.LastModified.IsZero())

	body, info, err := c.GetObject(ctx, bundles, key, head.ETag)
	require.NoError(t, err)
	content, err := io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	assert.Equal(t, "hello", string(content))
	assert.Equal(t, head.ETag, info.ETag)
	_, _, err = c.GetObject(ctx, bundles, key, "00000000000000000000000000000000")
	require.ErrorIs(t, err, cfapi.ErrConflict)
	_, _, err = c.GetObject(ctx, bundles, "none", "")
	require.ErrorIs(t, err, cfapi.ErrNotFound)
	var e *cfapi.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "NoSuchKey", e.S3Code)

	_, _, err = c.ListObjects(ctx, cfapi.Place{Account: account, Bucket: "none"}, "", "")
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "NoSuchBucket", e.S3Code)
	require.ErrorIs(t, err, cfapi.ErrNotFound)

	calls := server.Calls()
	assert.Equal(t, "GET /user/tokens/verify", calls[0])
	assert.Equal(t, 1, strings.Count(strings.Join(calls, "\n"), "verify"), "the keys are derived once")
	assert.Len(t, calls, 10)
}

func TestObjectsAreListedAndDeletedByTheThousand(t *testing.T) {
	t.Parallel()
	server := &emulator.Server{R2: &r2.Store{}}
	c, ctx := connect(t, server), t.Context()
	_, err := c.CreateR2Bucket(ctx, account, cfapi.R2Bucket{Name: "bundles"})
	require.NoError(t, err)
	bucket := r2.BucketID{Account: account, Name: "bundles"}
	for i := range 1002 {
		key := fmt.Sprintf("p/%04d", i)
		if i == 1001 {
			key = "q"
		}
		_, err := server.R2.Put(bucket, key, r2.Body{Reader: strings.NewReader("")}, r2.PutOptions{})
		require.NoError(t, err)
	}
	require.NoError(t, c.DeleteObjects(ctx, bundles, []string{"none"})) // derives the keys
	server.Calls()

	var keys []string
	for cursor := ""; ; {
		objects, next, err := c.ListObjects(ctx, bundles, "p/", cursor)
		require.NoError(t, err)
		for _, o := range objects {
			keys = append(keys, o.Key)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	require.Len(t, keys, 1001)
	assert.True(t, slices.IsSorted(keys))
	require.NoError(t, c.DeleteObjects(ctx, bundles, keys[:1000]))
	require.NoError(t, c.DeleteObjects(ctx, bundles, append(keys[1000:], "never was")))
	assert.Len(t, server.Calls(), 4)
	objects, _, err := c.ListObjects(ctx, bundles, "", "")
	require.NoError(t, err)
	require.Len(t, objects, 1)
	assert.Equal(t, "q", objects[0].Key)
}

func TestEveryKindComesBackFromTheServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, test := range []struct {
		name   string
		server *emulator.Server
		change func(*cfapi.Client)
		do     func(*cfapi.Client) error
		kind   error
		code   int
		api    string
	}{
		{
			name: "wrong token", change: func(c *cfapi.Client) { c.Token = "another" },
			do:   func(c *cfapi.Client) error { return c.DeleteKVNamespace(ctx, account, "n") },
			kind: cfapi.ErrDenied, code: 10000, api: cfapi.APIKV,
		},
		{
			name: "wrong token, for R2", change: func(c *cfapi.Client) { c.Token = "another" },
			do:   func(c *cfapi.Client) error { return c.DeleteObjects(ctx, bundles, []string{"k"}) },
			kind: cfapi.ErrDenied, code: 1000, api: cfapi.APIUser,
		},
		{
			name: "wrong R2 keys", change: func(c *cfapi.Client) { c.R2AccessKeyID, c.R2SecretAccessKey = "a", "b" },
			do:   func(c *cfapi.Client) error { return c.DeleteObjects(ctx, bundles, []string{"k"}) },
			kind: cfapi.ErrDenied, api: cfapi.APIR2,
		},
		{
			name: "main module missing",
			do: func(c *cfapi.Client) error {
				u := worker(source)
				u.MainModule = "other.js"
				_, err := c.PutScript(ctx, account, "api", u)
				return err
			},
			kind: cfapi.ErrInvalid, code: 10021, api: cfapi.APIWorkers,
		},
		{
			name: "nothing to inherit from",
			do: func(c *cfapi.Client) error {
				_, err := c.PutScript(ctx, account, "api", worker(source, cfapi.Binding{Name: "A", Type: "inherit"}))
				return err
			},
			kind: cfapi.ErrInvalid, code: 10057, api: cfapi.APIWorkers,
		},
		{
			name:   "no subdomain yet",
			server: &emulator.Server{Accounts: []emulator.Account{{ID: account, Name: "new"}}},
			do:     func(c *cfapi.Client) error { _, err := c.AccountSubdomain(ctx, account); return err },
			kind:   cfapi.ErrNotFound, code: 10007, api: cfapi.APIWorkers,
		},
		{
			name: "version of no Worker",
			do: func(c *cfapi.Client) error {
				_, err := c.CreateVersion(ctx, account, "none", worker(source))
				return err
			},
			kind: cfapi.ErrNotFound, code: 10007, api: cfapi.APIWorkers,
		},
		{
			name: "namespace not found",
			do:   func(c *cfapi.Client) error { return c.RenameKVNamespace(ctx, account, strings.Repeat("0", 32), "x") },
			kind: cfapi.ErrNotFound, code: 10013, api: cfapi.APIKV,
		},
		{
			name: "bucket not found",
			do:   func(c *cfapi.Client) error { return c.DeleteR2Bucket(ctx, account, "", "none") },
			kind: cfapi.ErrNotFound, code: 10006, api: cfapi.APIR2,
		},
		{
			name: "rate limit", server: &emulator.Server{RateLimit: 1},
			do: func(c *cfapi.Client) error {
				_, _ = c.KVNamespaces(ctx, account)
				_, err := c.KVNamespaces(ctx, account)
				return err
			},
			kind: cfapi.ErrUnavailable, api: cfapi.APIKV,
		},
		{
			name: "out of order", server: &emulator.Server{Before: func(int, *http.Request) int { return 503 }},
			do:   func(c *cfapi.Client) error { return c.DeleteRoute(ctx, zone, "r") },
			kind: cfapi.ErrUnavailable, api: cfapi.APIWorkers,
		},
		{
			name: "a status that nobody expects", server: &emulator.Server{Before: func(int, *http.Request) int { return 304 }},
			do:   func(c *cfapi.Client) error { return c.DeleteDNSRecord(ctx, zone, "r") },
			kind: cfapi.ErrUnknown, api: cfapi.APIDNS,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.server == nil {
				test.server = &emulator.Server{}
			}
			c := connect(t, test.server)
			c.MaxRetries = new(0)
			if test.change != nil {
				test.change(c)
			}
			err := test.do(c)
			var e *cfapi.Error
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, test.kind)
			assert.Equal(t, test.api, e.API)
			if test.code != 0 {
				assert.True(t, e.HasCode(test.code), "%v", err)
			}
			assert.NotContains(t, err.Error(), c.Token)
		})
	}
}

// What is lost after the server acted is either repeated without harm or reported.
func TestALostResponseIsRepeatedOrReported(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, test := range []struct {
		name     string
		do       func(*cfapi.Client) error
		reported bool
	}{
		{"PutScript", func(c *cfapi.Client) error {
			_, err := c.PutScript(ctx, account, "api", worker(source))
			return err
		}, false},
		{"CreateVersion", func(c *cfapi.Client) error {
			_, err := c.CreateVersion(ctx, account, "old", worker(source))
			return err
		}, false},
		{"PatchScriptSettings", func(c *cfapi.Client) error {
			return c.PatchScriptSettings(ctx, account, "old", cfapi.ScriptSettings{Logpush: new(true)})
		}, false},
		{"SetScriptSubdomain", func(c *cfapi.Client) error {
			return c.SetScriptSubdomain(ctx, account, "old", cfapi.Subdomain{Enabled: true})
		}, false},
		{"SetR2BucketStorageClass", func(c *cfapi.Client) error {
			return c.SetR2BucketStorageClass(ctx, account, "", "bundles", "InfrequentAccess")
		}, false},
		{"PutObject", func(c *cfapi.Client) error {
			_, err := c.PutObject(ctx, bundles, "k", strings.NewReader("v"), cfapi.PutOptions{})
			return err
		}, false},
		{"DeleteObjects", func(c *cfapi.Client) error { return c.DeleteObjects(ctx, bundles, []string{"k"}) }, false},
		{"CreateKVNamespace", func(c *cfapi.Client) error {
			_, err := c.CreateKVNamespace(ctx, account, "n")
			return err
		}, true},
		{"CreateD1Database", func(c *cfapi.Client) error {
			_, err := c.CreateD1Database(ctx, account, cfapi.D1DatabaseInput{Name: "new"})
			return err
		}, true},
		{"CreateR2Bucket", func(c *cfapi.Client) error {
			_, err := c.CreateR2Bucket(ctx, account, cfapi.R2Bucket{Name: "new"})
			return err
		}, true},
		{"CreateRoute", func(c *cfapi.Client) error {
			_, err := c.CreateRoute(ctx, zone, "example.com/*", "old")
			return err
		}, true},
		{"CreateDNSRecord", func(c *cfapi.Client) error {
			_, err := c.CreateDNSRecord(ctx, zone, cfapi.DNSRecord{Name: "a.example.com", Type: "AAAA", Content: "100::"})
			return err
		}, true},
		{"DeleteScript", func(c *cfapi.Client) error {
			err := c.DeleteScript(ctx, account, "old", true)
			if errors.Is(err, cfapi.ErrNotFound) && cfapi.LostResponse(err) {
				return nil // the first attempt deleted it
			}
			return err
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lose := false
			server := &emulator.Server{After: func(_ int, r *http.Request) bool {
				now := lose && !strings.HasSuffix(r.URL.Path, "/verify")
				lose = lose && !now
				return now
			}}
			c := connect(t, server)
			_, err := c.CreateR2Bucket(ctx, account, cfapi.R2Bucket{Name: "bundles"})
			require.NoError(t, err)
			_, err = c.PutScript(ctx, account, "old", worker(source))
			require.NoError(t, err)
			require.NoError(t, c.DeleteObjects(ctx, bundles, []string{"k"})) // derives the keys
			server.Calls()

			lose = true
			err = test.do(c)
			calls := server.Calls()
			if test.reported {
				require.ErrorIs(t, err, cfapi.ErrUnavailable)
				assert.True(t, cfapi.LostResponse(err))
				assert.Len(t, calls, 1)
				return
			}
			require.NoError(t, err)
			require.Len(t, calls, 2)
			assert.Equal(t, calls[0], calls[1])
		})
	}
}

func TestTheZonesOfAWorkerAreFoundByItsRoutes(t *testing.T) {
	t.Parallel()
	c := connect(t, &emulator.Server{})
	ctx := t.Context()
	_, err := c.PutScript(ctx, account, "api", worker(source))
	require.NoError(t, err)
	none, err := c.ScriptZones(ctx, account, "api")
	require.NoError(t, err)
	assert.Empty(t, none)
	for _, pattern := range []string{"example.com/a/*", "example.com/b/*"} {
		_, err := c.CreateRoute(ctx, zone, pattern, "api")
		require.NoError(t, err)
	}
	zones, err := c.ScriptZones(ctx, account, "api")
	require.NoError(t, err)
	assert.Equal(t, []string{zone}, zones)
	_, err = c.ScriptZones(ctx, account, "missing")
	require.ErrorIs(t, err, cfapi.ErrNotFound)
}

func TestTheSecretsOfAWorker(t *testing.T) {
	t.Parallel()
	server := &emulator.Server{}
	c, ctx := connect(t, server), t.Context()
	onlyNotFound := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, cfapi.ErrNotFound)
		assert.False(t, cfapi.LostResponse(err))
	}
	_, err := c.Secrets(ctx, account, "api")
	onlyNotFound(err)
	onlyNotFound(c.PatchSecrets(ctx, account, "api", map[string]*string{"A": new("1")}))
	_, err = c.PatchLatestVersion(ctx, account, "api", map[string]*string{"A": new("1")}, "")
	onlyNotFound(err)

	first, err := c.PutScript(ctx, account, "api", worker(source,
		cfapi.Binding{Name: "TEXT", Type: "plain_text", Text: "x"},
		cfapi.Binding{Name: "OLD", Type: "secret_text", Text: "old"}))
	require.NoError(t, err)
	require.NoError(t, c.PatchSecrets(ctx, account, "api",
		map[string]*string{"B": new("2"), "A": new("1"), "OLD": nil, "NONE": nil, "TEXT": nil}))
	secrets := func() []string {
		t.Helper()
		names, err := c.Secrets(ctx, account, "api")
		require.NoError(t, err)
		return names
	}
	assert.Equal(t, []string{"A", "B"}, secrets())
	serving := func() []cfapi.Share {
		t.Helper()
		deployments, err := c.Deployments(ctx, account, "api")
		require.NoError(t, err)
		return deployments[0].Split
	}
	now := serving()
	require.Len(t, now, 1)
	assert.NotEqual(t, first.VersionID, now[0].VersionID, "it is a version of its own, and deployed")
	assert.InDelta(t, 100, now[0].Percent, 0)
	version, err := c.Version(ctx, account, "api", now[0].VersionID)
	require.NoError(t, err)
	assert.Equal(t, []cfapi.Binding{
		{Name: "A", Type: "secret_text"}, {Name: "B", Type: "secret_text"}, {Name: "TEXT", Type: "plain_text", Text: "x"},
	}, byName(version.Bindings), "the rest stays, and what is no secret is not deleted as one")

	before := server.Dump()
	id, err := c.PatchLatestVersion(ctx, account, "api", map[string]*string{"A": nil, "C": new("3")}, "rotated")
	require.NoError(t, err)
	assert.Equal(t, now, serving(), "it is not deployed")
	assert.NotEqual(t, before, server.Dump())
	assert.Equal(t, []string{"B", "C"}, secrets(), "those of the newest version")
	version, err = c.Version(ctx, account, "api", id)
	require.NoError(t, err)
	assert.Equal(t, "rotated", version.Message)
	assert.Equal(t, []cfapi.Binding{
		{Name: "B", Type: "secret_text"}, {Name: "C", Type: "secret_text"}, {Name: "TEXT", Type: "plain_text", Text: "x"},
	}, byName(version.Bindings))

	refused := func(why string) {
		t.Helper()
		before := server.Dump()
		err := c.PatchSecrets(ctx, account, "api", map[string]*string{"A": new("4")})
		var e *cfapi.Error
		require.ErrorAs(t, err, &e)
		assert.True(t, e.HasCode(10215), "%s: %v", why, err)
		require.ErrorIs(t, err, cfapi.ErrInvalid)
		assert.False(t, cfapi.LostResponse(err))
		assert.Equal(t, before, server.Dump(), why)
	}
	refused("the newest version is not deployed")
	split := []cfapi.Share{{VersionID: id, Percent: 90}, {VersionID: now[0].VersionID, Percent: 10}}
	_, err = c.Deploy(ctx, account, "api", split, "", nil)
	require.NoError(t, err)
	refused("the newest version is deployed to a part")
	_, err = c.Deploy(ctx, account, "api", []cfapi.Share{{VersionID: id, Percent: 100}}, "", nil)
	require.NoError(t, err)
	require.NoError(t, c.PatchSecrets(ctx, account, "api", map[string]*string{"A": new("4")}))
	assert.Equal(t, []string{"A", "B", "C"}, secrets())
}

func TestALostChangeOfSecretsIsReportedAndNotRepeated(t *testing.T) {
	t.Parallel()
	server := &emulator.Server{}
	var lose atomic.Bool
	server.After = func(int, *http.Request) bool { return lose.Load() }
	c, ctx := connect(t, server), t.Context()
	_, err := c.PutScript(ctx, account, "api", worker(source))
	require.NoError(t, err)
	server.Calls()
	lose.Store(true)
	err = c.PatchSecrets(ctx, account, "api", map[string]*string{"A": new("1")})
	require.ErrorIs(t, err, cfapi.ErrUnavailable)
	assert.True(t, cfapi.LostResponse(err))
	lose.Store(false)
	assert.Len(t, server.Calls(), 1)
	names, err := c.Secrets(ctx, account, "api")
	require.NoError(t, err)
	assert.Equal(t, []string{"A"}, names, "it was acted on")
}

func TestTheLifeOfAStoreSecret(t *testing.T) {
	t.Parallel()
	server := &emulator.Server{}
	c, ctx := connect(t, server), t.Context()
	_, err := c.StoreSecrets(ctx, account, "none")
	require.ErrorIs(t, err, cfapi.ErrNotFound)
	store := makeStore(t, c)
	all, err := c.StoreSecrets(ctx, account, store)
	require.NoError(t, err)
	assert.Empty(t, all)
	server.Calls()

	made, err := c.CreateStoreSecret(ctx, account, store, cfapi.StoreSecretInput{
		Name: "API_KEY", Value: "v1", Comment: "of tests", Scopes: []string{"workers"},
	})
	require.NoError(t, err)
	assert.Equal(t, "pending", made.Status)
	got, err := c.StoreSecret(ctx, account, store, made.ID)
	require.NoError(t, err)
	assert.Equal(t, cfapi.StoreSecret{
		ID: made.ID, StoreID: store, Name: "API_KEY", Comment: "of tests", Status: "active", Scopes: []string{"workers"},
		Created: made.Created, Modified: made.Modified,
	}, got)
	assert.False(t, got.Created.IsZero())

	_, err = c.CreateStoreSecret(ctx, account, store, cfapi.StoreSecretInput{
		Name: "API_KEY", Value: "v2", Scopes: []string{"workers"},
	})
	require.ErrorIs(t, err, cfapi.ErrConflict)
	assert.False(t, cfapi.LostResponse(err))
	_, err = c.CreateStoreSecret(ctx, account, store, cfapi.StoreSecretInput{Name: "B", Value: "v"})
	require.ErrorIs(t, err, cfapi.ErrInvalid, "without a scope")
	server.Calls()

	before := server.Dump()
	got, err = c.ChangeStoreSecret(ctx, account, store, made.ID, cfapi.StoreSecretChange{Value: new("v2")})
	require.NoError(t, err)
	assert.Equal(t, "of tests", got.Comment)
	assert.NotEqual(t, before, server.Dump())
	got, err = c.ChangeStoreSecret(ctx, account, store, made.ID, cfapi.StoreSecretChange{
		Comment: new(""), Scopes: []string{"workers", "ai_gateway"},
	})
	require.NoError(t, err)
	assert.Empty(t, got.Comment)
	assert.Equal(t, []string{"workers", "ai_gateway"}, got.Scopes)
	all, err = c.StoreSecrets(ctx, account, store)
	require.NoError(t, err)
	assert.Equal(t, []cfapi.StoreSecret{got}, all)

	require.NoError(t, c.DeleteStoreSecret(ctx, account, store, made.ID))
	require.ErrorIs(t, c.DeleteStoreSecret(ctx, account, store, made.ID), cfapi.ErrNotFound)
	_, err = c.StoreSecret(ctx, account, store, made.ID)
	require.ErrorIs(t, err, cfapi.ErrNotFound)
	_, err = c.ChangeStoreSecret(ctx, account, store, made.ID, cfapi.StoreSecretChange{Value: new("v3")})
	require.ErrorIs(t, err, cfapi.ErrNotFound)
}

func TestALostCreationOfAStoreSecretIsReportedAndNotRepeated(t *testing.T) {
	t.Parallel()
	server := &emulator.Server{}
	var lose atomic.Bool
	server.After = func(int, *http.Request) bool { return lose.Load() }
	c, ctx := connect(t, server), t.Context()
	store := makeStore(t, c)
	server.Calls()
	lose.Store(true)
	_, err := c.CreateStoreSecret(ctx, account, store, cfapi.StoreSecretInput{
		Name: "A", Value: "v", Scopes: []string{"workers"},
	})
	require.ErrorIs(t, err, cfapi.ErrUnavailable)
	assert.True(t, cfapi.LostResponse(err))
	lose.Store(false)
	assert.Len(t, server.Calls(), 1)
	all, err := c.StoreSecrets(ctx, account, store)
	require.NoError(t, err)
	require.Len(t, all, 1, "it was acted on")
	assert.Equal(t, "A", all[0].Name)
}

// makeStore makes a store of Secrets Store, which a Client does not, and returns its id.
func makeStore(t *testing.T, c *cfapi.Client) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		c.Endpoint+"/accounts/"+account+"/secrets_store/stores", strings.NewReader(`{"name":"default_secrets_store"}`))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+c.Token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { assert.NoError(t, response.Body.Close()) }()
	var made struct{ Result struct{ ID string } }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&made))
	require.Len(t, made.Result.ID, 32)
	return made.Result.ID
}
