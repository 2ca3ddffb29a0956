// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	testAccount = "0123456789abcdef0123456789abcdef"
	testToken   = "a-token-that-nobody-may-see"
)

// request is one method call: what Cloudflare answers, and what comes out of it.
type request struct {
	name   string
	sends  int    // requests; 0: one
	answer string // the result of the envelope, or the body of an S3 response
	header map[string]string
	do     func(ctx context.Context, c *Client) (any, error)
	want   any // what do returns; nil: nothing
}

// sampleD1 is a database as Cloudflare shows it.
const sampleD1 = `{"uuid":"d1","name":"app","version":"production","num_tables":2,"file_size":8192,
	"created_at":"2026-11-21T01:02:03.4Z","jurisdiction":"eu","running_in_region":"WEUR","created_in_region":"WEUR",
	"read_replication":{"mode":"auto"}}`

// requests are all methods of the Client.
var requests = []request{
	{
		name: "Deployments",
		answer: `{"deployments":[
			{"id":"d2","source":"wrangler","strategy":"percentage","author_email":"a@example.com",
			 "created_on":"2026-11-21T01:02:03.4Z",
			 "annotations":{"workers/triggered_by":"deployment","workers/message":"canary"},
			 "versions":[{"version_id":"v2","percentage":12.5},{"version_id":"v1","percentage":87.5}]},
			{"id":"d1","source":"api","strategy":"percentage","versions":[{"version_id":"v1","percentage":100}]}]}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Deployments(ctx, testAccount, "api") },
		want: []Deployment{
			{
				ID: "d2", Source: "wrangler", AuthorEmail: "a@example.com", TriggeredBy: "deployment", Message: "canary",
				CreatedOn: time.Date(2026, 11, 21, 1, 2, 3, 4e8, time.UTC),
				Split:     []Share{{"v2", 12.5}, {"v1", 87.5}},
			},
			{ID: "d1", Source: "api", Split: []Share{{"v1", 100}}},
		},
	},
	{
		name: "Version",
		answer: `{"id":"28b14c43-f12e-4070-8ec7-2a8a6e78b90f","number":7,
			"metadata":{"source":"api","author_email":"a@example.com","created_on":"2026-11-21T01:02:03Z","has_preview":true},
			"annotations":{"workers/triggered_by":"upload","workers/message":"m","workers/tag":"t"},
			"resources":{"script":{"etag":"e","handlers":["fetch"]},
			 "script_runtime":{"compatibility_date":"2026-01-01","compatibility_flags":["nodejs_compat"]},
			 "bindings":[{"name":"A","type":"plain_text","text":""},{"name":"S","type":"secret_text"},
			  {"name":"Q","type":"ratelimit","namespace_id":1001,"simple":{"limit":1,"period":60}}]}}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.Version(ctx, testAccount, "api", "28b14c43-f12e-4070-8ec7-2a8a6e78b90f")
		},
		want: Version{
			ID: "28b14c43-f12e-4070-8ec7-2a8a6e78b90f", Number: 7, Source: "api", AuthorEmail: "a@example.com",
			TriggeredBy: "upload", Message: "m", Tag: "t", CreatedOn: time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC),
			ETag: "e", CompatibilityDate: "2026-01-01", CompatibilityFlags: []string{"nodejs_compat"},
			Bindings: []Binding{
				{Name: "A", Type: "plain_text", Raw: json.RawMessage(`{"name":"A","type":"plain_text","text":""}`)},
				{Name: "S", Type: "secret_text", Raw: json.RawMessage(`{"name":"S","type":"secret_text"}`)},
				{
					Name: "Q", Type: "ratelimit",
					Raw: json.RawMessage(`{"name":"Q","type":"ratelimit","namespace_id":1001,"simple":{"limit":1,"period":60}}`),
				},
			},
		},
	},
	{
		name: "PutScript",
		answer: `{"id":"api","etag":"e","handlers":["fetch","scheduled"],"startup_time_ms":7,
			"deployment_id":"28b14c43f12e40708ec72a8a6e78b90f"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.PutScript(ctx, testAccount, "api", sampleUpload)
		},
		want: Uploaded{
			VersionID: "28b14c43-f12e-4070-8ec7-2a8a6e78b90f", ETag: "e", StartupTimeMS: 7,
			Handlers: []string{"fetch", "scheduled"},
		},
	},
	{
		name: "CreateVersion",
		answer: `{"id":"28b14c43-f12e-4070-8ec7-2a8a6e78b90f","number":2,"startup_time_ms":3,
			"resources":{"script":{"etag":"e","handlers":["fetch"]},"bindings":[]}}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateVersion(ctx, testAccount, "api", Upload{MainModule: "main.js", Modules: []Module{
				{"main.js", "application/javascript+module", []byte("export default {}\n")},
			}})
		},
		want: Uploaded{
			VersionID: "28b14c43-f12e-4070-8ec7-2a8a6e78b90f", ETag: "e", StartupTimeMS: 3, Handlers: []string{"fetch"},
			Bindings: []Binding{},
		},
	},
	{
		name:   "Deploy",
		answer: `{"id":"d3","source":"api","strategy":"percentage","versions":[{"version_id":"v2","percentage":100}]}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.Deploy(ctx, testAccount, "api", []Share{{"v2", 10}, {"v1", 90}}, "ten percent", nil)
		},
		want: Deployment{ID: "d3", Source: "api", Split: []Share{{"v2", 100}}},
	},
	{
		name: "Deploy, no message", answer: `{"id":"d3"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.Deploy(ctx, testAccount, "api", []Share{{"v2", 0}, {"v1", 100}}, "",
				&CodeUpdateStrategy{Mode: "deferred", MaxDelay: new(30.0)})
		},
		want: Deployment{ID: "d3", Split: []Share{}},
	},
	{
		name: "DeleteScript", answer: `null`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteScript(ctx, testAccount, "api", false)
		},
	},
	{
		name: "DeleteScript, by force", answer: `null`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteScript(ctx, testAccount, "a/../b?c", true)
		},
	},
	{
		name: "Secrets", answer: `[{"name":"B","type":"secret_text"},{"name":"A","type":"secret_key"}]`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Secrets(ctx, testAccount, "api") },
		want: []string{"A", "B"},
	},
	{
		name: "PatchSecrets", answer: `[{"name":"A","type":"secret_text"}]`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PatchSecrets(ctx, testAccount, "a/b", map[string]*string{"OLD": nil, "A": new("s3cret"), "E": new("")})
		},
	},
	{
		name: "PatchLatestVersion", answer: `{"id":"28b14c43-f12e-4070-8ec7-2a8a6e78b90f","number":5}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.PatchLatestVersion(ctx, testAccount, "api", map[string]*string{"OLD": nil, "A": new("s3cret")}, "rotated")
		},
		want: "28b14c43-f12e-4070-8ec7-2a8a6e78b90f",
	},
	{
		name: "PatchLatestVersion, no message", answer: `{"id":"v"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.PatchLatestVersion(ctx, testAccount, "a/b", map[string]*string{"A": new("")}, "")
		},
		want: "v",
	},
	{
		name: "ScriptSubdomain", answer: `{"enabled":true,"previews_enabled":false}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.ScriptSubdomain(ctx, testAccount, "api") },
		want: Subdomain{Enabled: true},
	},
	{
		name: "SetScriptSubdomain", answer: `{"enabled":false,"previews_enabled":true}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.SetScriptSubdomain(ctx, testAccount, "api", Subdomain{PreviewsEnabled: true})
		},
	},
	{
		name: "AccountSubdomain", answer: `{"subdomain":"example"}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.AccountSubdomain(ctx, testAccount) },
		want: "example",
	},
	{
		name: "ScriptZones", sends: 3,
		answer: `[{"id":"1","zone_name":"b.example"},{"id":"2","zone_name":"a.example"},{"id":"1","zone_name":"a.example"}]`,
		do:     func(ctx context.Context, c *Client) (any, error) { return c.ScriptZones(ctx, testAccount, "api") },
		want:   []string{"1", "2", "1", "1", "2", "1"},
	},
	{
		name: "Zones", answer: `[{"id":"1","name":"example.com","status":"active"}]`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Zones(ctx, testAccount, "example.com") },
		want: []Zone{{"1", "example.com"}},
	},
	{
		name: "Routes",
		answer: `[{"id":"r1","pattern":"example.com/*","script":"api"},
			{"id":"r2","pattern":"example.com/x"}]`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.Routes(ctx, "zone") },
		want: []Route{{"r1", "example.com/*", "api"}, {"r2", "example.com/x", ""}},
	},
	{
		name: "CreateRoute", answer: `{"id":"r1"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateRoute(ctx, "zone", "example.com/*", "api")
		},
		want: Route{"r1", "example.com/*", "api"},
	},
	{
		name: "CreateRoute, no Worker", answer: `{"id":"r1"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateRoute(ctx, "zone", "example.com/*", "")
		},
		want: Route{"r1", "example.com/*", ""},
	},
	{
		name: "UpdateRoute", answer: `{"id":"r1"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.UpdateRoute(ctx, "zone", Route{"r1", "example.com/b/*", "api"})
		},
	},
	{
		name: "DeleteRoute", answer: `{"id":"r1"}`,
		do: func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteRoute(ctx, "zone", "r1") },
	},
	{
		name: "DNSRecords",
		answer: `[{"id":"a","name":"api.example.com","type":"AAAA","content":"100::","proxied":true,"ttl":1,"comment":"c"},
			{"id":"b","name":"api.example.com","type":"TXT","content":"\"x\"","proxied":false,"ttl":300}]`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.DNSRecords(ctx, "zone", "api.example.com") },
		want: []DNSRecord{
			{ID: "a", Name: "api.example.com", Type: "AAAA", Content: "100::", Comment: "c", Proxied: true, TTL: 1},
			{ID: "b", Name: "api.example.com", Type: "TXT", Content: `"x"`, TTL: 300},
		},
	},
	{
		name:   "CreateDNSRecord",
		answer: `{"id":"a","name":"api.example.com","type":"AAAA","content":"100::","proxied":true,"ttl":1}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateDNSRecord(ctx, "zone", DNSRecord{
				Name: "api.example.com", Type: "AAAA", Content: "100::", Comment: "by Pulumi", Proxied: true,
			})
		},
		want: DNSRecord{ID: "a", Name: "api.example.com", Type: "AAAA", Content: "100::", Proxied: true, TTL: 1},
	},
	{
		name: "DeleteDNSRecord", answer: `{"id":"a"}`,
		do: func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteDNSRecord(ctx, "zone", "a") },
	},
	{
		name: "TokenID", answer: `{"id":"t1","status":"active"}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.TokenID(ctx, testAccount) },
		want: "t1",
	},
	{
		name: "CreateD1Database", answer: sampleD1,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateD1Database(ctx, testAccount, D1DatabaseInput{Name: "app"})
		},
		want: D1Database{
			ID: "d1", Name: "app", Jurisdiction: "eu", ReadReplication: "auto",
			CreatedOn: time.Date(2026, 11, 21, 1, 2, 3, 4e8, time.UTC),
		},
	},
	{
		name: "CreateD1Database, with everything", answer: `{"uuid":"d1","name":"app"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateD1Database(ctx, testAccount, D1DatabaseInput{
				Name: "app", PrimaryLocationHint: "weur", Jurisdiction: "eu", ReadReplication: "disabled",
			})
		},
		want: D1Database{ID: "d1", Name: "app"},
	},
	{
		name: "D1Database", answer: `{"uuid":"d1","name":"app","jurisdiction":null,"read_replication":{"mode":"disabled"}}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.D1Database(ctx, testAccount, "d1") },
		want: D1Database{ID: "d1", Name: "app", ReadReplication: "disabled"},
	},
	{
		name: "D1Databases", answer: `[{"uuid":"d1","name":"app","jurisdiction":"us"},{"uuid":"d2","name":"app2"}]`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.D1Databases(ctx, testAccount, "") },
		want: []D1Database{{ID: "d1", Name: "app", Jurisdiction: "us"}, {ID: "d2", Name: "app2"}},
	},
	{
		name: "D1Databases, by name", answer: `[{"uuid":"d2","name":"app2"},{"uuid":"d1","name":"app"}]`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.D1Databases(ctx, testAccount, "app") },
		want: []D1Database{{ID: "d1", Name: "app"}},
	},
	{
		name: "UpdateD1Database", answer: `{"uuid":"d1","name":"app","read_replication":{"mode":"auto"}}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.UpdateD1Database(ctx, testAccount, "d1", "auto")
		},
		want: D1Database{ID: "d1", Name: "app", ReadReplication: "auto"},
	},
	{
		name: "DeleteD1Database", answer: `null`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteD1Database(ctx, testAccount, "d1")
		},
	},
	{
		name: "QueryD1", answer: `[{"success":true,"results":[{"id":9007199254740993,"blob":[0,255],"text":"é","none":null}],
			"meta":{"changes":1,"last_row_id":7,"rows_read":2,"rows_written":3,"duration":0.1}},
			{"success":true,"results":[],"meta":{}}]`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.QueryD1(ctx, testAccount, "d1", "SELECT ?, ?, ?", []any{1, "two", nil})
		},
		want: []D1Result{
			{
				Rows: []map[string]any{{
					"id": json.Number("9007199254740993"), "blob": []any{json.Number("0"), json.Number("255")}, "text": "é",
					"none": nil,
				}},
				Changes: 1, LastRowID: 7, RowsRead: 2, RowsWritten: 3,
			},
			{Rows: []map[string]any{}},
		},
	},
	{
		name: "QueryD1, no parameters", answer: `[]`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.QueryD1(ctx, testAccount, "d1", "SELECT 1 < 2; SELECT 2", nil)
		},
		want: []D1Result{},
	},
	{
		name: "KVNamespace", answer: `{"id":"n1","title":"cache","supports_url_encoding":true}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.KVNamespace(ctx, testAccount, "n1") },
		want: KVNamespace{"n1", "cache"},
	},
	{
		name: "KVNamespaces", answer: `[{"id":"n1","title":"cache"}]`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.KVNamespaces(ctx, testAccount) },
		want: []KVNamespace{{"n1", "cache"}},
	},
	{
		name: "CreateKVNamespace", answer: `{"id":"n1","title":"cache"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateKVNamespace(ctx, testAccount, "cache")
		},
		want: KVNamespace{"n1", "cache"},
	},
	{
		name: "RenameKVNamespace", answer: `{"id":"n1","title":"fresh"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.RenameKVNamespace(ctx, testAccount, "n1", "fresh")
		},
	},
	{
		name: "PutKVPairs", answer: `{"successful_key_count":2,"unsuccessful_keys":[]}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.PutKVPairs(ctx, testAccount, "n1", []KVPair{{"a/b", "1"}, {"c", "<ü>"}})
		},
	},
	{
		name: "DeleteKVKeys", answer: `{"successful_key_count":2,"unsuccessful_keys":[]}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteKVKeys(ctx, testAccount, "n1", []string{"a/b", "c"})
		},
	},
	{
		name: "KVValues", answer: `{"values":{"a":"1","b":null,"c":""}}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.KVValues(ctx, testAccount, "n1", []string{"a", "b", "c"})
		},
		want: map[string]string{"a": "1", "c": ""},
	},
	{
		name: "DeleteKVNamespace", answer: `null`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteKVNamespace(ctx, testAccount, "n1")
		},
	},
	{
		name: "CreateStoreSecret", answer: "[" + storeSecretAnswer + "]",
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateStoreSecret(ctx, testAccount, "s/1", StoreSecretInput{
				Name: "A", Value: "s3cret", Comment: "c", Scopes: []string{"workers", "ai_gateway"},
			})
		},
		want: sampleStoreSecret,
	},
	{
		name: "CreateStoreSecret, no comment", answer: "[" + storeSecretAnswer + "]",
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateStoreSecret(ctx, testAccount, "s", StoreSecretInput{Name: "A", Value: "<s3cret & \"more\">"})
		},
		want: sampleStoreSecret,
	},
	{
		name: "StoreSecret", answer: storeSecretAnswer,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.StoreSecret(ctx, testAccount, "s", "i/1") },
		want: sampleStoreSecret,
	},
	{
		name: "StoreSecrets", answer: "[" + storeSecretAnswer + "]",
		do:   func(ctx context.Context, c *Client) (any, error) { return c.StoreSecrets(ctx, testAccount, "s") },
		want: []StoreSecret{sampleStoreSecret},
	},
	{
		name: "ChangeStoreSecret, all", answer: storeSecretAnswer,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.ChangeStoreSecret(ctx, testAccount, "s", "i1", StoreSecretChange{
				Value: new("s3cret"), Comment: new(""), Scopes: []string{"workers"},
			})
		},
		want: sampleStoreSecret,
	},
	{
		name: "ChangeStoreSecret, the value", answer: storeSecretAnswer,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.ChangeStoreSecret(ctx, testAccount, "s", "i1", StoreSecretChange{Value: new("s3cret")})
		},
		want: sampleStoreSecret,
	},
	{
		name: "DeleteStoreSecret", answer: "null",
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteStoreSecret(ctx, testAccount, "s", "i1")
		},
	},
	{
		name: "R2Bucket", answer: `{"name":"b","creation_date":"2026-11-21T01:02:03.000Z","location":"weur",
			"storage_class":"Standard","jurisdiction":"default"}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.R2Bucket(ctx, testAccount, "", "b") },
		want: R2Bucket{
			Name: "b", Location: "weur", StorageClass: "Standard", CreationDate: time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC),
		},
	},
	{
		name: "R2Bucket, in a jurisdiction", answer: `{"name":"b","jurisdiction":"eu"}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.R2Bucket(ctx, testAccount, "eu", "b") },
		want: R2Bucket{Name: "b", Jurisdiction: "eu"},
	},
	{
		name:   "CreateR2Bucket",
		answer: `{"name":"b","location":"weur","storage_class":"InfrequentAccess","jurisdiction":"eu"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.CreateR2Bucket(ctx, testAccount, R2Bucket{
				Name: "b", Location: "weur", StorageClass: "InfrequentAccess", Jurisdiction: "eu",
			})
		},
		want: R2Bucket{Name: "b", Location: "weur", StorageClass: "InfrequentAccess", Jurisdiction: "eu"},
	},
	{
		name: "SetR2BucketStorageClass", answer: `{"name":"b"}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.SetR2BucketStorageClass(ctx, testAccount, "eu", "b", "InfrequentAccess")
		},
	},
	{
		name: "R2CORS", answer: `{"rules":[{"id":"a","allowed":{"origins":["*"],"methods":["GET"],"headers":["x"]},
			"exposeHeaders":["etag"],"maxAgeSeconds":60}]}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.R2CORS(ctx, samplePlace) },
		want: sampleCORS,
	},
	{
		name: "SetR2CORS", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.SetR2CORS(ctx, samplePlace, sampleCORS)
		},
	},
	{
		name: "SetR2CORS, to nothing", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) { return nil, c.SetR2CORS(ctx, samplePlace, nil) },
	},
	{
		name: "R2Lifecycle", answer: `{"rules":[{"id":"a","enabled":true,"conditions":{},"deleteObjectsTransition":{
			"condition":{"type":"Date","date":"2027-01-01T00:00:00Z"}},"storageClassTransitions":[{
			"condition":{"type":"Age","maxAge":60},"storageClass":"InfrequentAccess"}]}]}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.R2Lifecycle(ctx, samplePlace) },
		want: sampleLifecycle,
	},
	{
		name: "SetR2Lifecycle", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.SetR2Lifecycle(ctx, samplePlace, sampleLifecycle)
		},
	},
	{
		name: "R2Locks", answer: `{"rules":[{"id":"a","enabled":true,"prefix":"a/",
			"condition":{"type":"Age","maxAgeSeconds":60}}]}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.R2Locks(ctx, samplePlace) },
		want: sampleLocks,
	},
	{
		name: "SetR2Locks", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.SetR2Locks(ctx, samplePlace, sampleLocks)
		},
	},
	{
		name: "R2DevDomain", answer: `{"bucketId":"i","domain":"pub-i.r2.dev","enabled":false}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.R2DevDomain(ctx, samplePlace) },
		want: R2DevDomain{Domain: "pub-i.r2.dev"},
	},
	{
		name: "SetR2DevDomain", answer: `{"bucketId":"i","domain":"pub-i.r2.dev","enabled":true}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.SetR2DevDomain(ctx, samplePlace, true) },
		want: R2DevDomain{Domain: "pub-i.r2.dev", Enabled: true},
	},
	{
		name: "R2CustomDomains", answer: `{"domains":[{"domain":"a.b","enabled":true,"zoneId":"z","minTLS":"1.2",
			"status":{"ownership":"active","ssl":"active"}}]}`,
		do:   func(ctx context.Context, c *Client) (any, error) { return c.R2CustomDomains(ctx, samplePlace) },
		want: []R2CustomDomain{sampleR2Domain},
	},
	{
		name: "AttachR2CustomDomain", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.AttachR2CustomDomain(ctx, samplePlace, sampleR2Domain)
		},
	},
	{
		name: "EditR2CustomDomain", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.EditR2CustomDomain(ctx, samplePlace, sampleR2Domain)
		},
	},
	{
		name: "DetachR2CustomDomain", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DetachR2CustomDomain(ctx, samplePlace, "a/b")
		},
	},
	{
		name: "DeleteR2Bucket", answer: `{}`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteR2Bucket(ctx, testAccount, "eu", "b")
		},
	},
	{
		name: "HeadObject",
		header: map[string]string{
			"ETag": `"5d41"`, "Content-Length": "5", "Last-Modified": "Sat, 21 Nov 2026 01:02:03 GMT",
			"X-Amz-Checksum-Sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", "X-Amz-Checksum-Type": "FULL_OBJECT",
		},
		do: func(ctx context.Context, c *Client) (any, error) { return c.HeadObject(ctx, samplePlace, "a/b c.js") },
		want: ObjectInfo{
			Key: "a/b c.js", ETag: "5d41", Size: 5, SHA256: sampleSHA256,
			LastModified: time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC),
		},
	},
	{
		name: "HeadObject, put in parts",
		header: map[string]string{
			"Content-Length": "5", "X-Amz-Checksum-Type": "COMPOSITE",
			"X-Amz-Checksum-Sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
		},
		do:   func(ctx context.Context, c *Client) (any, error) { return c.HeadObject(ctx, samplePlace, "a") },
		want: ObjectInfo{Key: "a", Size: 5},
	},
	{
		name: "GetObject", answer: "hello",
		header: map[string]string{"ETag": `"5d41"`, "Last-Modified": "Sat, 21 Nov 2026 01:02:03 GMT"},
		do: func(ctx context.Context, c *Client) (any, error) {
			body, info, err := c.GetObject(ctx, samplePlace, "a", "5d41")
			if err != nil {
				return nil, err
			}
			content, err := io.ReadAll(body)
			if err == nil {
				err = body.Close()
			}
			info.Key += "=" + string(content)
			return info, err
		},
		want: ObjectInfo{Key: "a=hello", ETag: "5d41", Size: 5, LastModified: time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC)},
	},
	{
		name: "PutObject", header: map[string]string{"ETag": `"5d41"`},
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.PutObject(ctx, samplePlace, "a/b", strings.NewReader("hello"), PutOptions{
				ContentType: "application/javascript", SHA256: strings.ToUpper(sampleSHA256), IfNoneMatch: true,
			})
		},
		want: ObjectInfo{Key: "a/b", ETag: "5d41", Size: 5, SHA256: sampleSHA256},
	},
	{
		name: "PutObject, from the middle, without a digest", header: map[string]string{"ETag": `"5d41"`},
		do: func(ctx context.Context, c *Client) (any, error) {
			body := strings.NewReader("not sent: hello")
			if _, err := body.Seek(10, io.SeekStart); err != nil {
				return nil, err
			}
			return c.PutObject(ctx, samplePlace, "a", body, PutOptions{})
		},
		want: ObjectInfo{Key: "a", ETag: "5d41", Size: 5, SHA256: sampleSHA256},
	},
	{
		name: "PutObject, empty",
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.PutObject(ctx, samplePlace, "a", bytes.NewReader(nil), PutOptions{})
		},
		want: ObjectInfo{Key: "a", SHA256: emptySHA256},
	},
	{
		name: "ListObjects",
		answer: `<ListBucketResult><Name>bundles</Name><IsTruncated>true</IsTruncated>
			<NextContinuationToken>n/x=</NextContinuationToken>
			<Contents><Key>p/a &amp; b</Key><Size>5</Size><ETag>"5d41"</ETag>
			<LastModified>2026-11-21T01:02:03.000Z</LastModified></Contents></ListBucketResult>`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return listed(c.ListObjects(ctx, samplePlace, "p/", ""))
		},
		want: page{
			[]ObjectInfo{{Key: "p/a & b", Size: 5, ETag: "5d41", LastModified: time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC)}},
			"n/x=",
		},
	},
	{
		name:   "ListObjects, the last page",
		answer: `<ListBucketResult><Name>bundles</Name><IsTruncated>false</IsTruncated></ListBucketResult>`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return listed(c.ListObjects(ctx, samplePlace, "", "n/x="))
		},
		want: page{},
	},
	{
		name: "DeleteObjects", answer: `<DeleteResult/>`,
		do: func(ctx context.Context, c *Client) (any, error) {
			return nil, c.DeleteObjects(ctx, samplePlace, []string{"a", "b & c"})
		},
	},
}

const (
	sampleSHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // of "hello"
	emptySHA256  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // of nothing
)

const storeSecretAnswer = `{"id":"i1","store_id":"s","name":"A","comment":null,"scopes":["workers"],"status":"pending",
	"created":"2026-11-21T01:02:03Z","modified":"2026-11-21T01:02:03.4Z"}`

var sampleStoreSecret = StoreSecret{
	ID: "i1", StoreID: "s", Name: "A", Status: "pending", Scopes: []string{"workers"},
	Created:  time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC),
	Modified: time.Date(2026, 11, 21, 1, 2, 3, 4e8, time.UTC),
}

var samplePlace = Place{Account: testAccount, Bucket: "bundles"}

var sampleUpload = Upload{
	MainModule: "main.js",
	Modules: []Module{
		{"main.js", "application/javascript+module", []byte("export default {}\n")},
		{"lib/räksmörgås.txt", "text/plain", []byte("x")},
		{"empty.bin", "application/octet-stream", nil},
		{`odd".js`, "application/javascript+module", []byte("cfapi-upload-0")},
	},
	CompatibilityDate:  "2026-01-01",
	CompatibilityFlags: []string{"nodejs_compat"},
	KeepBindings:       []string{"secret_text", "secret_key"},
	CodeUpdateStrategy: &CodeUpdateStrategy{Mode: "immediate"},
	Message:            "first",
	Tag:                "v1",
	Bindings: []Binding{
		{Name: "TEXT", Type: "plain_text"},
		{Name: "SECRET", Type: "secret_text", Text: "s3cret"},
		{Name: "JSON", Type: "json", JSON: json.RawMessage(`{ "a": [1, 2] }`)},
		{Name: "KV", Type: "kv_namespace", NamespaceID: "n1", BucketName: "of another type: not sent"},
		{Name: "R2", Type: "r2_bucket", BucketName: "b", Jurisdiction: "eu"},
		{Name: "OTHER", Type: "service", Service: "other", Environment: "production", Entrypoint: "Admin"},
		{Name: "OLD", Type: "inherit", OldName: "OLDER", VersionID: "v1"},
		{Name: "AI", Type: "ai"},
		{Name: "Q", Type: "queue", Raw: json.RawMessage(`{"name":"Q","type":"queue","queue_name":"q"}`)},
	},
}

type page struct {
	objects []ObjectInfo
	next    string
}

func listed(objects []ObjectInfo, next string, err error) (page, error) {
	return page{objects, next}, err
}

// shown are the headers that are part of a request's golden text.
var shown = []string{
	"Content-Type", "Content-Encoding", "Transfer-Encoding", "Cf-R2-Jurisdiction", "Cf-R2-Storage-Class",
	"Cloudflare-Workers-Script-Api-Date", "If-Match", "If-None-Match", "X-Amz-Checksum-Mode", "X-Amz-Checksum-Sha256",
	"X-Amz-Content-Sha256",
}

// text returns what matters of a request.
func text(t *testing.T, r *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	assert.True(t, err == nil && r.ContentLength == int64(len(body)), "the length is known in advance")
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.Method, r.RequestURI)
	auth := regexp.MustCompile(`/\d{8}/|SignedHeaders=.*`).ReplaceAllString(r.Header.Get("Authorization"), "…")
	fmt.Fprintf(&b, "Authorization: %s\n", auth)
	for _, name := range shown {
		if value := r.Header.Get(name); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	if len(body) > 0 {
		fmt.Fprintf(&b, "\n%s\n", bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")))
	}
	return b.String()
}

func TestEveryMethodSendsExactlyThis(t *testing.T) {
	t.Parallel()
	sendExactly(t, requests, "requests.txt")
}

// sendExactly checks what requests send against a golden file, and what comes out of them.
func sendExactly(t *testing.T, requests []request, file string) {
	t.Helper()
	var all strings.Builder
	for _, r := range requests {
		var sent []string
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			sent = append(sent, text(t, req))
			for name, value := range r.header {
				w.Header().Set(name, value)
			}
			if strings.HasPrefix(req.RequestURI, "/client/v4/") {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				fmt.Fprintf(w, `{"success":true,"errors":[],"messages":[],"result":%s}`, r.answer)
				return
			}
			_, _ = io.WriteString(w, r.answer)
		}))
		c := &Client{
			Endpoint: srv.URL + "/client/v4", R2Endpoint: srv.URL, Token: testToken,
			R2AccessKeyID: "key", R2SecretAccessKey: "key's secret",
		}
		got, err := r.do(t.Context(), c)
		srv.Close()
		require.NoError(t, err, r.name)
		assert.Equal(t, r.want, got, r.name)
		assert.Len(t, sent, max(r.sends, 1), "requests of %s", r.name)
		fmt.Fprintf(&all, "== %s\n%s\n", r.name, strings.Join(sent, "\n"))
	}
	golden(t, file, all.String())
}

func TestAListIsReadToItsLastPage(t *testing.T) {
	t.Parallel()
	var queries []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.RawQuery)
		n := 100
		if r.URL.Query().Get("page") == "3" {
			n = 1
		}
		one := fmt.Sprintf(`{"id":"%s","title":"x","name":"x"}`, r.URL.Query().Get("page"))
		reply(w, http.StatusOK, "["+strings.Join(slices.Repeat([]string{one}, n), ",")+"]")
	})
	namespaces, err := c.KVNamespaces(t.Context(), testAccount)
	require.NoError(t, err)
	assert.Len(t, namespaces, 201)
	assert.Equal(t, "3", namespaces[200].ID)
	assert.Equal(t, []string{"page=1&per_page=100", "page=2&per_page=100", "page=3&per_page=100"}, queries)

	records, err := c.DNSRecords(t.Context(), "zone", "x")
	require.NoError(t, err)
	assert.Len(t, records, 201)

	secrets, err := c.StoreSecrets(t.Context(), testAccount, "s")
	require.NoError(t, err)
	assert.Len(t, secrets, 201)
}

func TestAServerMayHaveSmallerPages(t *testing.T) {
	t.Parallel()
	assert.False(t, lastPage(20, 20))
	assert.True(t, lastPage(19, 20))
	assert.True(t, lastPage(99, 0))
	assert.False(t, lastPage(100, 0))
}

// serve returns a client of a server with the handler, which does not wait before
// it repeats.
func serve(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return &Client{
		Endpoint: srv.URL + "/client/v4", R2Endpoint: srv.URL, Token: testToken,
		R2AccessKeyID: "key", R2SecretAccessKey: "key's secret",
		HTTP:    srv.Client(),
		Backoff: func(int) time.Duration { return 0 },
	}
}

// reply answers as Cloudflare's API does: with a result, or with errors if the
// status is none of success.
func reply(w http.ResponseWriter, status int, result string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cf-Ray", "8f00ba4-AMS")
	w.WriteHeader(status)
	if status < 300 {
		fmt.Fprintf(w, `{"success":true,"errors":[],"messages":[],"result":%s}`, result)
		return
	}
	fmt.Fprintf(w, `{"success":false,"errors":%s,"messages":[],"result":null}`, result)
}

// Samples of what an R2 bucket has beside its objects.
var (
	sampleCORS = []R2CORSRule{{
		ID: "a", Allowed: R2CORSAllowed{Origins: []string{"*"}, Methods: []string{"GET"}, Headers: []string{"x"}},
		ExposeHeaders: []string{"etag"}, MaxAgeSeconds: 60,
	}}
	sampleLifecycle = []R2LifecycleRule{{
		ID: "a", Enabled: true, Delete: &R2Transition{Condition: R2Condition{Type: "Date", Date: "2027-01-01T00:00:00Z"}},
		Classes: []R2Transition{{Condition: R2Condition{Type: "Age", MaxAge: 60}, StorageClass: "InfrequentAccess"}},
	}}
	sampleLocks = []R2LockRule{{
		ID: "a", Enabled: true, Prefix: "a/", Condition: R2Condition{Type: "Age", MaxAgeSeconds: 60},
	}}
	sampleR2Domain = R2CustomDomain{Domain: "a.b", ZoneID: "z", Enabled: true, MinTLS: "1.2"}
)
