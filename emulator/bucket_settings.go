// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
)

// codeNoCORS is what a bucket without CORS rules is answered with: alchemy-run/distilled,
// patches/r2/getBucketCors.json.
const codeNoCORS = 10059

// codeBadRule refuses rules that are wrong in themselves. The number is a best guess: that of JSON that cannot be read.
const codeBadRule = 10040

// codeNoDomain answers for an address that the bucket does not have. The number is a best guess; the status is 404 as
// for everything that is not there.
const codeNoDomain = 10015

// putSetting keeps a document with the bucket of the path; nil removes it.
func (c *call) putSetting(name string, document any) error {
	var text json.RawMessage
	if document != nil {
		var err error
		if text, err = json.Marshal(document); err != nil {
			return err
		}
	}
	_, err := c.R2.UpdateBucket(c.bucketID(), func(b *r2.Bucket) {
		delete(b.Settings, name)
		if text != nil {
			if b.Settings == nil {
				b.Settings = map[string]json.RawMessage{}
			}
			b.Settings[name] = text
		}
	})
	if err != nil {
		return refused(err)
	}
	return nil
}

// orNothing is list, or nil if there is nothing in it.
func orNothing[V any](list []V) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// listOf is list as JSON shows it, empty if it is nil.
func listOf[V any](list []V) []V { return append([]V{}, list...) }

// settings reads the body: requests about buckets come with it unread, because most are objects.
func (c *call) settings(want any) error {
	body, err := io.ReadAll(c.r.Body)
	if err != nil {
		return refuse(http.StatusRequestEntityTooLarge, 413, "request body cannot be read: %v", err)
	}
	c.body = body
	return c.decode(want, codeBadRule)
}

// bucket returns the bucket of the path.
func (c *call) bucket() (r2.Bucket, error) {
	b, err := c.R2.Bucket(c.bucketID())
	if err != nil {
		return r2.Bucket{}, refused(err)
	}
	return b, nil
}

func badRule(format string, args ...any) error {
	return refuse(http.StatusBadRequest, codeBadRule, format, args...)
}

// getBucketCORS answers GET …/buckets/{bucket}/cors.
func getBucketCORS(c *call) (any, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	rules, err := b.CORS()
	if err == nil && len(rules) == 0 {
		return nil, refuse(http.StatusNotFound, codeNoCORS, "The CORS configuration does not exist.")
	}
	return map[string]any{"rules": rules}, err
}

var corsMethods = []string{"GET", "PUT", "POST", "DELETE", "HEAD"}

// putBucketCORS answers PUT …/buckets/{bucket}/cors (cloudflare-go r2.BucketCORSUpdateParams): all rules at once.
func putBucketCORS(c *call) (any, error) {
	var want struct {
		Rules []r2.CORSRule `json:"rules"`
	}
	if err := c.settings(&want); err != nil {
		return nil, err
	}
	for i, rule := range want.Rules {
		switch {
		case len(rule.Allowed.Origins) == 0 || len(rule.Allowed.Methods) == 0:
			return nil, badRule("CORS rule %d allows no origin or no method", i+1)
		case rule.MaxAgeSeconds < 0 || rule.MaxAgeSeconds > 86400:
			return nil, badRule("CORS rule %d: maxAgeSeconds must be between 0 and 86400", i+1)
		}
		for _, method := range rule.Allowed.Methods {
			if !slices.Contains(corsMethods, method) {
				return nil, badRule("CORS rule %d: method %q is not known", i+1, method)
			}
		}
	}
	return map[string]any{}, c.putSetting(r2.SettingCORS, orNothing(want.Rules))
}

// deleteBucketCORS answers DELETE …/buckets/{bucket}/cors.
func deleteBucketCORS(c *call) (any, error) {
	return map[string]any{}, c.putSetting(r2.SettingCORS, nil)
}

// getBucketLifecycle answers GET …/buckets/{bucket}/lifecycle.
func getBucketLifecycle(c *call) (any, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	rules, err := b.Lifecycle()
	return map[string]any{"rules": listOf(rules)}, err
}

// maxRules is how many rules of a kind a bucket has
// (https://developers.cloudflare.com/r2/buckets/object-lifecycles/ and …/bucket-locks/).
const maxRules = 1000

// putBucketLifecycle answers PUT …/buckets/{bucket}/lifecycle (cloudflare-go r2.BucketLifecycleUpdateParams): all rules
// at once, the one that a new bucket has among them.
func putBucketLifecycle(c *call) (any, error) {
	var want struct {
		Rules []r2.LifecycleRule `json:"rules"`
	}
	if err := c.settings(&want); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, rule := range want.Rules {
		conditions := []r2.Condition{}
		if rule.Abort != nil {
			conditions = append(conditions, rule.Abort.Condition)
			if rule.Abort.Condition.Type != r2.ByAge {
				return nil, badRule("rule %q: uploads are aborted by age only", rule.ID)
			}
		}
		if rule.Delete != nil {
			conditions = append(conditions, rule.Delete.Condition)
		}
		for _, move := range rule.Classes {
			conditions = append(conditions, move.Condition)
			if move.StorageClass != r2.InfrequentAccess {
				return nil, badRule("rule %q: objects cannot move to storage class %q", rule.ID, move.StorageClass)
			}
		}
		if err := checkRule(rule.ID, seen, conditions); err != nil {
			return nil, err
		}
	}
	if len(want.Rules) > maxRules {
		return nil, badRule("there are %d rules; R2 allows %d", len(want.Rules), maxRules)
	}
	if reflect.DeepEqual(want.Rules, r2.DefaultLifecycle()) {
		return map[string]any{}, c.putSetting(r2.SettingLifecycle, nil)
	}
	return map[string]any{}, c.putSetting(r2.SettingLifecycle, listOf(want.Rules))
}

// checkRule refuses a rule without a name of its own, and one that does nothing or at no time.
func checkRule(id string, seen map[string]bool, conditions []r2.Condition) error {
	if id == "" || seen[id] {
		return badRule("rule id %q is empty or there twice", id)
	}
	seen[id] = true
	if len(conditions) == 0 {
		return badRule("rule %q does nothing", id)
	}
	for _, c := range conditions {
		byAge := c.Type == r2.ByAge && c.MaxAge+c.MaxAgeSeconds > 0 && c.Date.IsZero()
		byDate := c.Type == r2.ByDate && c.MaxAge+c.MaxAgeSeconds == 0 && !c.Date.IsZero()
		if !byAge && !byDate && c != (r2.Condition{Type: r2.Indefinite}) {
			return badRule("rule %q: the condition of type %q is incomplete", id, c.Type)
		}
	}
	return nil
}

// getBucketLock answers GET …/buckets/{bucket}/lock.
func getBucketLock(c *call) (any, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	rules, err := b.Locks()
	return map[string]any{"rules": listOf(rules)}, err
}

// putBucketLock answers PUT …/buckets/{bucket}/lock (cloudflare-go r2.BucketLockUpdateParams): all rules at once.
func putBucketLock(c *call) (any, error) {
	var want struct {
		Rules []r2.LockRule `json:"rules"`
	}
	if err := c.settings(&want); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, rule := range want.Rules {
		if err := checkRule(rule.ID, seen, []r2.Condition{rule.Condition}); err != nil {
			return nil, err
		}
	}
	if len(want.Rules) > maxRules {
		return nil, badRule("there are %d rules; R2 allows %d", len(want.Rules), maxRules)
	}
	return map[string]any{}, c.putSetting(r2.SettingLock, orNothing(want.Rules))
}

// managedDomain is the bucket's address on r2.dev, whether it is public there or not. On Cloudflare its digits say
// nothing; here they follow from the name, so that two runs have the same.
func (c *call) managedDomain(enabled bool) r2.ManagedDomain {
	id := derivedID("bucket", c.account.ID, c.jurisdiction(), c.path("bucket"))
	return r2.ManagedDomain{BucketID: id, Domain: "pub-" + id + ".r2.dev", Enabled: enabled}
}

// getManagedDomain answers GET …/buckets/{bucket}/domains/managed (cloudflare-go r2.BucketDomainManagedListResponse).
func getManagedDomain(c *call) (any, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	is, err := b.Managed()
	return c.managedDomain(is.Enabled), err
}

// putManagedDomain answers PUT …/buckets/{bucket}/domains/managed (cloudflare-go r2.BucketDomainManagedUpdateParams).
func putManagedDomain(c *call) (any, error) {
	var want struct {
		Enabled *bool `json:"enabled"`
	}
	if err := c.settings(&want); err != nil {
		return nil, err
	}
	if want.Enabled == nil {
		return nil, badRule("enabled is required")
	}
	domain := c.managedDomain(*want.Enabled)
	if !domain.Enabled {
		return domain, c.putSetting(r2.SettingManaged, nil)
	}
	return domain, c.putSetting(r2.SettingManaged, domain)
}

// bucketDomains returns the bucket's addresses in zones, and the place among them of the path's, -1 if it has none.
func (c *call) bucketDomains() ([]r2.CustomDomain, int, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, 0, err
	}
	list, err := b.Domains()
	at := slices.IndexFunc(list, func(d r2.CustomDomain) bool { return d.Domain == c.path("domain") })
	return list, at, err
}

// bucketDomain is bucketDomains for an address that must be there.
func (c *call) bucketDomain() ([]r2.CustomDomain, int, error) {
	list, at, err := c.bucketDomains()
	if err == nil && at < 0 {
		err = refuse(http.StatusNotFound, codeNoDomain, "The bucket has no custom domain %q.", c.path("domain"))
	}
	return list, at, err
}

// listBucketDomains answers GET …/buckets/{bucket}/domains/custom (cloudflare-go r2.BucketDomainCustomListResponse).
func listBucketDomains(c *call) (any, error) {
	list, _, err := c.bucketDomains()
	return map[string]any{"domains": listOf(list)}, err
}

// getBucketDomain answers GET …/domains/custom/{domain}.
func getBucketDomain(c *call) (any, error) {
	list, at, err := c.bucketDomain()
	if err != nil {
		return nil, err
	}
	return list[at], nil
}

// tlsVersions: cloudflare-go r2.BucketDomainCustomNewParamsMinTLS.
var tlsVersions = []string{"", "1.0", "1.1", "1.2", "1.3"}

// attachBucketDomain answers POST …/domains/custom (cloudflare-go r2.BucketDomainCustomNewParams). It is at work at
// once, where Cloudflare takes minutes. The texts and numbers of the refusals are best guesses.
func attachBucketDomain(c *call) (any, error) {
	var want r2.CustomDomain
	if err := c.settings(&want); err != nil {
		return nil, err
	}
	c.mu.Lock() // requests about buckets come without
	defer c.mu.Unlock()
	list, _, err := c.bucketDomains()
	if err != nil {
		return nil, err
	}
	z := c.state.Zones[want.ZoneID]
	_, taken := c.R2.PublicBucket(want.Domain)
	taken = taken || slices.ContainsFunc(list, func(d r2.CustomDomain) bool { return d.Domain == want.Domain })
	switch {
	case want.Domain == "" || want.ZoneID == "":
		return nil, badRule("domain and zoneId are required")
	case z == nil || z.AccountID != c.account.ID:
		return nil, badRule("zone %s is not in this account", want.ZoneID)
	case want.Domain != z.Name && !strings.HasSuffix(want.Domain, "."+z.Name):
		return nil, badRule("%s is not in the zone %s", want.Domain, z.Name)
	case !slices.Contains(tlsVersions, want.MinTLS):
		return nil, badRule("minTLS %q is not known", want.MinTLS)
	case taken:
		return nil, refuse(http.StatusConflict, codeBadRule, "The domain %s is in use already.", want.Domain)
	}
	want.ZoneName, want.Status = z.Name, r2.DomainStatus{Ownership: "active", SSL: "active"}
	list = append(list, want)
	slices.SortFunc(list, func(a, b r2.CustomDomain) int { return strings.Compare(a.Domain, b.Domain) })
	return want, c.putSetting(r2.SettingDomains, list)
}

// editBucketDomain answers PUT …/domains/custom/{domain} (cloudflare-go r2.BucketDomainCustomUpdateParams): what is not
// mentioned stays.
func editBucketDomain(c *call) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list, at, err := c.bucketDomain()
	if err != nil {
		return nil, err
	}
	var want struct {
		Enabled *bool    `json:"enabled"`
		MinTLS  string   `json:"minTLS"`
		Ciphers []string `json:"ciphers"`
	}
	if err := c.settings(&want); err != nil {
		return nil, err
	}
	if !slices.Contains(tlsVersions, want.MinTLS) {
		return nil, badRule("minTLS %q is not known", want.MinTLS)
	}
	d := &list[at]
	if want.Enabled != nil {
		d.Enabled = *want.Enabled
	}
	if want.MinTLS != "" {
		d.MinTLS = want.MinTLS
	}
	if want.Ciphers != nil {
		d.Ciphers = want.Ciphers
	}
	return *d, c.putSetting(r2.SettingDomains, list)
}

// removeBucketDomain answers DELETE …/domains/custom/{domain}.
func removeBucketDomain(c *call) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list, at, err := c.bucketDomain()
	if err != nil {
		return nil, err
	}
	domain := list[at].Domain
	return map[string]any{"domain": domain}, c.putSetting(r2.SettingDomains, orNothing(slices.Delete(list, at, at+1)))
}

// servePublicBucket answers a request for the public address of a bucket, and reports whether it was one. A bucket
// comes before a route of the same host, which on Cloudflare comes first.
func (s *Server) servePublicBucket(w http.ResponseWriter, r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	id, public := s.R2.PublicBucket(strings.TrimSuffix(strings.ToLower(host), ".localhost"))
	if !public {
		return false
	}
	s.R2.ServePublic(w, r, id)
	return true
}
