// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// filesDomain is where the bucket of the programs is public.
const filesDomain = "files.example.com"

func r2Bucket() subject {
	set := func(value any, path ...string) func(world, object) object {
		return func(_ world, o object) object { return o.with(value, path...) }
	}
	domain := []string{"publicAccess", "customDomains", filesDomain}
	inDomain := func(name string) []string { return append(append([]string{}, domain...), name) }
	const shownDomain = `publicAccess.customDomains["files.example.com"]`
	edited := func(name, covers string, edit func(world, object) object, diff map[string]p.DiffKind) change {
		return change{name: name, covers: strings.Fields(covers), edit: edit, diff: diff}
	}
	one := func(name string, kind p.DiffKind) map[string]p.DiffKind { return map[string]p.DiffKind{name: kind} }
	return subject{
		name:    "R2Bucket",
		token:   provider.Name + ":index:R2Bucket",
		prepare: func(world) {},
		program: func(world) object {
			return object{
				"name": "assets", "location": "weur",
				"cors": object{"site": object{
					"allowed": object{
						"origins": []any{"https://a.example.com", "https://example.com"}, "methods": []any{"GET", "HEAD"},
						"headers": []any{"x-one"},
					},
					"exposeHeaders": []any{"etag"}, "maxAgeSeconds": 3600,
				}},
				"lifecycle": object{
					"logs": object{
						"prefix": "logs/", "deleteObjectsTransition": object{"maxAge": 86400},
						"storageClassTransitions": object{"InfrequentAccess": object{"date": "2027-01-01"}},
					},
					"uploads": object{"abortMultipartUploadsTransition": object{"maxAge": 3600}},
				},
				"lockRules": object{
					"records": object{"prefix": "records/", "maxAgeSeconds": 86400},
					"kept":    object{"prefix": "kept/", "indefinite": true},
				},
				"publicAccess": object{
					"r2Dev": true, "customDomains": object{filesDomain: object{"zoneId": zone, "minTls": "1.2"}},
				},
			}
		},
		changes: []change{
			edited("renamed", "name", set("media", "name"), one("name", p.UpdateReplace)),
			edited("moved to another account", "accountId", func(_ world, o object) object { // the zone stays behind
				return o.with(otherAccount, "accountId").with(nil, domain...)
			}, map[string]p.DiffKind{"accountId": p.UpdateReplace, shownDomain: p.Delete}),
			edited("moved to a jurisdiction", "jurisdiction", set("eu", "jurisdiction"), one("jurisdiction", p.AddReplace)),
			edited("moved to another place", "location", set("enam", "location"), one("location", p.UpdateReplace)),
			edited("storage class", "storageClass", set("InfrequentAccess", "storageClass"), one("storageClass", p.Add)),
			edited("deletion forced", "forceDestroy", set(true, "forceDestroy"), one("forceDestroy", p.Add)),
			edited("another origin", "cors.*.allowed.origins",
				set([]any{"*"}, "cors", "site", "allowed", "origins"),
				map[string]p.DiffKind{"cors.site.allowed.origins[0]": p.Update, "cors.site.allowed.origins[1]": p.Delete}),
			edited("fewer methods", "cors.*.allowed.methods",
				set([]any{"GET"}, "cors", "site", "allowed", "methods"), one("cors.site.allowed.methods[1]", p.Delete)),
			edited("no headers", "cors.*.allowed.headers",
				set(nil, "cors", "site", "allowed", "headers"), one("cors.site.allowed.headers", p.Delete)),
			edited("other headers shown", "cors.*.exposeHeaders",
				set([]any{"x-two"}, "cors", "site", "exposeHeaders"), one("cors.site.exposeHeaders[0]", p.Update)),
			edited("remembered for less time", "cors.*.maxAgeSeconds",
				set(60, "cors", "site", "maxAgeSeconds"), one("cors.site.maxAgeSeconds", p.Update)),
			{
				name: "origins in another order", idle: true,
				edit: set([]any{"https://example.com", "https://a.example.com"}, "cors", "site", "allowed", "origins"),
				diff: map[string]p.DiffKind{
					"cors.site.allowed.origins[0]": p.Update, "cors.site.allowed.origins[1]": p.Update,
				},
			},
			edited("no CORS rules", "", set(nil, "cors"), one("cors", p.Delete)),
			edited("a lifecycle rule off", "lifecycle.*.enabled",
				set(false, "lifecycle", "logs", "enabled"), one("lifecycle.logs.enabled", p.Add)),
			edited("a lifecycle rule for others", "lifecycle.*.prefix",
				set("tmp/", "lifecycle", "logs", "prefix"), one("lifecycle.logs.prefix", p.Update)),
			edited("deleted later", "lifecycle.*.deleteObjectsTransition.maxAge",
				set(172800, "lifecycle", "logs", "deleteObjectsTransition", "maxAge"),
				one("lifecycle.logs.deleteObjectsTransition.maxAge", p.Update)),
			edited("deleted on a day", "lifecycle.*.deleteObjectsTransition.date",
				set(object{"date": "2027-02-01"}, "lifecycle", "logs", "deleteObjectsTransition"), map[string]p.DiffKind{
					"lifecycle.logs.deleteObjectsTransition.maxAge": p.Delete, "lifecycle.logs.deleteObjectsTransition.date": p.Add,
				}),
			edited("another class at an age", "lifecycle.*.storageClassTransitions.*.maxAge",
				set(object{"maxAge": 60}, "lifecycle", "logs", "storageClassTransitions", "InfrequentAccess"),
				map[string]p.DiffKind{
					"lifecycle.logs.storageClassTransitions.InfrequentAccess.maxAge": p.Add,
					"lifecycle.logs.storageClassTransitions.InfrequentAccess.date":   p.Delete,
				}),
			{
				name: "the same day in other words", idle: true, covers: []string{"lifecycle.*.storageClassTransitions.*.date"},
				edit: set("2027-01-01T01:00:00+01:00", "lifecycle", "logs", "storageClassTransitions", "InfrequentAccess", "date"),
				diff: one("lifecycle.logs.storageClassTransitions.InfrequentAccess.date", p.Update),
			},
			edited("uploads aborted later", "lifecycle.*.abortMultipartUploadsTransition.maxAge",
				set(7200, "lifecycle", "uploads", "abortMultipartUploadsTransition", "maxAge"),
				one("lifecycle.uploads.abortMultipartUploadsTransition.maxAge", p.Update)),
			edited("R2's own rule", "",
				set(object{"enabled": false, "abortMultipartUploadsTransition": object{"maxAge": 60}},
					"lifecycle", "Default Multipart Abort Rule"), one(`lifecycle["Default Multipart Abort Rule"]`, p.Add)),
			edited("no lifecycle rules", "", set(nil, "lifecycle"), one("lifecycle", p.Delete)),
			edited("a lock rule off", "lockRules.*.enabled",
				set(false, "lockRules", "kept", "enabled"), one("lockRules.kept.enabled", p.Add)),
			edited("a lock rule for others", "lockRules.*.prefix",
				set("k/", "lockRules", "kept", "prefix"), one("lockRules.kept.prefix", p.Update)),
			edited("locked for longer", "lockRules.*.maxAgeSeconds",
				set(172800, "lockRules", "records", "maxAgeSeconds"), one("lockRules.records.maxAgeSeconds", p.Update)),
			edited("locked until a day", "lockRules.*.date lockRules.*.indefinite",
				set(object{"prefix": "kept/", "date": "2027-01-01"}, "lockRules", "kept"),
				map[string]p.DiffKind{"lockRules.kept.date": p.Add, "lockRules.kept.indefinite": p.Delete}),
			edited("no lock rules", "", set(nil, "lockRules"), one("lockRules", p.Delete)),
			edited("taken off r2.dev", "publicAccess.r2Dev",
				set(nil, "publicAccess", "r2Dev"), one("publicAccess.r2Dev", p.Delete)),
			edited("a domain off", "publicAccess.customDomains.*.enabled",
				set(false, inDomain("enabled")...), one(shownDomain+".enabled", p.Add)),
			edited("other versions of TLS", "publicAccess.customDomains.*.minTls",
				set(nil, inDomain("minTls")...), one(shownDomain+".minTls", p.Delete)),
			edited("another domain", "publicAccess.customDomains.*.zoneId", func(_ world, o object) object {
				return o.with(object{"files.api.example.com": object{"zoneId": otherZone}}, "publicAccess", "customDomains")
			}, map[string]p.DiffKind{
				shownDomain: p.Delete, `publicAccess.customDomains["files.api.example.com"]`: p.Add,
			}),
			edited("public nowhere", "", set(object{}, "publicAccess"),
				map[string]p.DiffKind{"publicAccess.r2Dev": p.Delete, "publicAccess.customDomains": p.Delete}),
			edited("access not looked after", "", set(nil, "publicAccess"), one("publicAccess", p.Delete)),
		},
		drifts: r2BucketDrifts(),

		unclaimed: "a bucket of that name can be somebody else's: without proof it is not claimed",
		importID:  func(world, *stack) string { return account + "/assets" },
		unreadable: map[string]string{
			"forceDestroy": "is about this program alone",
			"location":     "a hint, whose absence in a program must not replace a bucket that was imported",
		},
	}
}

func r2BucketDrifts() []drift {
	place := cfapi.Place{Account: account, Bucket: "assets"}
	by := func(change func(ctx context.Context, c *cfapi.Client) error) func(world, *stack) error {
		return func(w world, _ *stack) error { return change(w.t.Context(), w.client()) }
	}
	return []drift{
		{
			name: "other storage class", diff: map[string]p.DiffKind{"storageClass": p.Delete},
			make: by(func(ctx context.Context, c *cfapi.Client) error {
				return c.SetR2BucketStorageClass(ctx, account, "", "assets", "InfrequentAccess")
			}),
		},
		{
			name: "deleted", gone: true,
			make: by(func(ctx context.Context, c *cfapi.Client) error { return c.DeleteR2Bucket(ctx, account, "", "assets") }),
		},
		{
			name: "CORS rules removed", diff: map[string]p.DiffKind{"cors": p.Add},
			make: by(func(ctx context.Context, c *cfapi.Client) error { return c.SetR2CORS(ctx, place, nil) }),
		},
		{
			name: "other CORS rules",
			make: by(func(ctx context.Context, c *cfapi.Client) error {
				rules, err := c.R2CORS(ctx, place)
				rules[0].MaxAgeSeconds = 1
				nameless := cfapi.R2CORSRule{Allowed: cfapi.R2CORSAllowed{Origins: []string{"*"}, Methods: []string{"PUT"}}}
				if err == nil {
					err = c.SetR2CORS(ctx, place, append(rules, nameless))
				}
				return err
			}),
			diff: map[string]p.DiffKind{"cors.site.maxAgeSeconds": p.Update, `cors["rule 2"]`: p.Delete},
		},
		{
			name: "a lifecycle rule added, one changed and one removed",
			make: by(func(ctx context.Context, c *cfapi.Client) error {
				rules, err := c.R2Lifecycle(ctx, place)
				if err != nil {
					return err
				}
				var next []cfapi.R2LifecycleRule
				for _, rule := range rules {
					switch rule.ID {
					case "uploads":
						rule.ID = "theirs"
					case "logs":
						rule.Enabled = false
					}
					next = append(next, rule)
				}
				return c.SetR2Lifecycle(ctx, place, next)
			}),
			diff: map[string]p.DiffKind{
				"lifecycle.uploads": p.Add, "lifecycle.theirs": p.Delete, "lifecycle.logs.enabled": p.Delete,
			},
		},
		{
			name: "locks opened", diff: map[string]p.DiffKind{"lockRules": p.Add},
			make: by(func(ctx context.Context, c *cfapi.Client) error { return c.SetR2Locks(ctx, place, nil) }),
		},
		{
			name: "made private", outputs: []string{"publicUrls"},
			make: by(func(ctx context.Context, c *cfapi.Client) error {
				_, err := c.SetR2DevDomain(ctx, place, false)
				if err == nil {
					err = c.DetachR2CustomDomain(ctx, place, filesDomain)
				}
				return err
			}),
			diff: map[string]p.DiffKind{"publicAccess.r2Dev": p.Update, "publicAccess.customDomains": p.Add},
		},
		{
			name: "public elsewhere", outputs: []string{"publicUrls"},
			make: by(func(ctx context.Context, c *cfapi.Client) error {
				err := c.EditR2CustomDomain(ctx, place, cfapi.R2CustomDomain{Domain: filesDomain, Enabled: true, MinTLS: "1.0"})
				if err == nil {
					err = c.AttachR2CustomDomain(ctx, place, cfapi.R2CustomDomain{
						Domain: "more.example.com", ZoneID: zone, Enabled: true,
					})
				}
				return err
			}),
			diff: map[string]p.DiffKind{
				`publicAccess.customDomains["files.example.com"].minTls`: p.Add,
				`publicAccess.customDomains["more.example.com"]`:         p.Delete,
			},
		},
	}
}

// plainBucket is a bucket about which the program says nothing but that it is there.
func plainBucket(world) object { return object{"name": "assets"} }

// TestABucketsDefaultsAreNoDifference: R2's own rule is neither drift nor an import's, costs a plain bucket no request,
// and survives the program's rules; what others changed in it is theirs.
func TestABucketsDefaultsAreNoDifference(t *testing.T) {
	t.Parallel()
	w, s := begun(t, r2Bucket())
	program := plainBucket(w)
	s.mustUp(properties(program))
	w.forget()
	require.NoError(t, s.refresh())
	assert.Len(t, w.Calls(), 1)
	s.previewsSame(program)
	found := newStack(t, w.cloud, r2Bucket().token)
	require.NoError(t, found.importByID(account+"/assets"))
	assert.Equal(t, canonical(t, s.inputs), canonical(t, found.inputs))

	ctx, c, place := t.Context(), w.client(), cfapi.Place{Account: account, Bucket: "assets"}
	rules, err := c.R2Lifecycle(ctx, place)
	require.NoError(t, err)
	require.Len(t, rules, 1)
	rules[0].Abort.Condition.MaxAge = 60
	require.NoError(t, c.SetR2Lifecycle(ctx, place, rules))
	program = program.with(object{"deleteObjectsTransition": object{"maxAge": 60}}, "lifecycle", "all")
	s.mustUp(properties(program))
	s.idle(w, program)
	after, err := c.R2Lifecycle(ctx, place)
	require.NoError(t, err)
	assert.Contains(t, after, rules[0])
	assert.Len(t, after, 2)
}

// textsIn are the texts in a list.
func textsIn(list property.Value) (texts []string) {
	for _, value := range list.AsArray().All {
		texts = append(texts, value.AsString())
	}
	return texts
}

// TestWhatIsLockedStays: even when the bucket is to go with everything in it.
func TestWhatIsLockedStays(t *testing.T) {
	t.Parallel()
	w, s := begun(t, r2Bucket())
	program := r2Bucket().program(w).with(true, "forceDestroy")
	s.mustUp(properties(program))
	place := cfapi.Place{Account: account, Bucket: "assets"}
	put := func(key string) error {
		_, err := w.client().PutObject(t.Context(), place, key, strings.NewReader(key), cfapi.PutOptions{})
		return err
	}
	require.NoError(t, put("kept/a"))
	require.NoError(t, put("b"))
	require.Error(t, put("kept/a"))
	before := *s
	require.ErrorContains(t, s.destroy(), "locked")
	assert.Contains(t, w.Dump(), `"kept/a"`)

	before.mustUp(properties(program.with(nil, "lockRules")))
	require.NoError(t, before.destroy())
	assert.NotContains(t, w.Dump(), "bucket assets")
}

// TestABucketThatCannotBeEmptiedSaysWhy: here the S3 endpoint leads to the bucket of that name in no jurisdiction.
func TestABucketThatCannotBeEmptiedSaysWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Contains(t, w.r2Endpoint, "{account}")
	w.r2Endpoint = strings.Replace(w.r2Endpoint, "{account}", account, 1)
	s := newStack(t, w.cloud, r2Bucket().token)
	s.mustUp(properties(object{"name": "assets", "jurisdiction": "eu", "forceDestroy": true}))
	_, err := w.R2.CreateBucket(account, r2.Bucket{Name: "assets"})
	require.NoError(t, err)
	place := r2.BucketID{Account: account, Jurisdiction: "eu", Name: "assets"}
	_, err = w.R2.Put(place, "a", r2.Body{Reader: strings.NewReader("a")}, r2.PutOptions{})
	require.NoError(t, err)
	require.ErrorContains(t, s.destroy(), "does not lead to its account and jurisdiction")
}

// TestABucketsAddressesAreOutputs: those that are in use, r2.dev first.
func TestABucketsAddressesAreOutputs(t *testing.T) {
	t.Parallel()
	w, s := begun(t, r2Bucket())
	program := r2Bucket().program(w)
	s.mustUp(properties(program))
	urls := textsIn(s.outputs.Get("publicUrls"))
	require.Len(t, urls, 2)
	assert.Regexp(t, `^https://pub-[0-9a-f]{32}\.r2\.dev$`, urls[0])
	assert.Equal(t, "https://"+filesDomain, urls[1])
	s.mustUp(properties(program.with(false, "publicAccess", "customDomains", filesDomain, "enabled")))
	assert.Equal(t, urls[:1], textsIn(s.outputs.Get("publicUrls")))
	s.mustUp(properties(program.with(nil, "publicAccess")))
	assert.Empty(t, textsIn(s.outputs.Get("publicUrls")))
}

// TestAWrongBucketIsRefused: each wrong input is named, and nothing is sent.
func TestAWrongBucketIsRefused(t *testing.T) {
	t.Parallel()
	at := func(path ...string) []string { return path }
	for name, c := range map[string]struct {
		value any
		path  []string
		want  string
	}{
		"origin with a path": {[]any{"https://a.com/x"}, at("cors", "site", "allowed", "origins"), "is not an origin"},
		"no origin":          {[]any{}, at("cors", "site", "allowed", "origins"), "must name an origin"},
		"unknown method":     {[]any{"PATCH"}, at("cors", "site", "allowed", "methods"), `"PATCH" is none of GET`},
		"remembered for long": {
			90000, at("cors", "site", "maxAgeSeconds"), "90000 is not between 0 and 86400 seconds",
		},
		"rule that does nothing": {object{"prefix": "x"}, at("lifecycle", "logs"), "does nothing"},
		"age and day": {
			object{"maxAge": 1, "date": "2027-01-01"},
			at("lifecycle", "logs", "deleteObjectsTransition"),
			"set exactly one of maxAge and date",
		},
		"no day": {"soon", at("lockRules", "kept", "date"), `"soon" is neither a day`},
		"unknown class": {
			object{"Standard": object{"maxAge": 1}}, at("lifecycle", "logs", "storageClassTransitions"), "InfrequentAccess only",
		},
		"lock for no time": {
			object{"prefix": "x"}, at("lockRules", "kept"), "set exactly one of maxAgeSeconds, date, indefinite",
		},
		"no host":      {object{"zoneId": zone}, at("publicAccess", "customDomains", "files"), "is not a host name"},
		"zone by name": {"example.com", at("publicAccess", "customDomains", filesDomain, "zoneId"), "is not a zone id"},
		"unknown TLS":  {"2", at("publicAccess", "customDomains", filesDomain, "minTls"), `"2" is none of 1.0`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r2Bucket())
			_, err := s.preview(properties(r2Bucket().program(w).with(c.value, c.path...)))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, c.path[0]+"."+strings.Split(c.path[1], ".")[0])
			assert.Empty(t, w.Calls())
		})
	}
}
