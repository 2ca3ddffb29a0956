// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// R2CorsRule says which pages of other origins may read a bucket's objects.
type R2CorsRule struct {
	Allowed       R2CorsAllowed `pulumi:"allowed"`
	ExposeHeaders []string      `pulumi:"exposeHeaders,optional"`
	MaxAgeSeconds *int          `pulumi:"maxAgeSeconds,optional"`
}

// R2CorsAllowed is what an [R2CorsRule] allows.
type R2CorsAllowed struct {
	Origins []string `pulumi:"origins"`
	Methods []string `pulumi:"methods"`
	Headers []string `pulumi:"headers,optional"`
}

// R2LifecycleRule deletes objects, moves them to another storage class or aborts uploads.
type R2LifecycleRule struct {
	Enabled *bool  `pulumi:"enabled,optional"`
	Prefix  string `pulumi:"prefix,optional"`

	AbortMultipartUploadsTransition *R2AgeCondition        `pulumi:"abortMultipartUploadsTransition,optional"`
	DeleteObjectsTransition         *R2Condition           `pulumi:"deleteObjectsTransition,optional"`
	StorageClassTransitions         map[string]R2Condition `pulumi:"storageClassTransitions,optional"`
}

// R2AgeCondition says at which age something happens.
type R2AgeCondition struct {
	MaxAge int `pulumi:"maxAge"`
}

// R2Condition says at which age or on which day something happens.
type R2Condition struct {
	MaxAge *int   `pulumi:"maxAge,optional"`
	Date   string `pulumi:"date,optional"`
}

// R2LockRule keeps objects from being deleted and overwritten.
type R2LockRule struct {
	Enabled       *bool  `pulumi:"enabled,optional"`
	Prefix        string `pulumi:"prefix,optional"`
	MaxAgeSeconds *int   `pulumi:"maxAgeSeconds,optional"`
	Date          string `pulumi:"date,optional"`
	Indefinite    bool   `pulumi:"indefinite,optional"`
}

// R2PublicAccess says where everybody can read a bucket's objects.
type R2PublicAccess struct {
	R2Dev         bool                      `pulumi:"r2Dev,optional"`
	CustomDomains map[string]R2CustomDomain `pulumi:"customDomains,optional"`
}

// R2CustomDomain is an address of a bucket in a zone.
type R2CustomDomain struct {
	ZoneID  string `pulumi:"zoneId"`
	Enabled *bool  `pulumi:"enabled,optional"`
	MinTLS  string `pulumi:"minTls,optional"`
}

// defaultLifecycleRule is what R2 calls the rule that a new bucket has: unfinished uploads are aborted after 7 days
// (https://developers.cloudflare.com/r2/buckets/object-lifecycles/).
const defaultLifecycleRule = "Default Multipart Abort Rule"

// The types of conditions: cloudflare-go v7, r2.BucketLockUpdateParamsRulesConditionType.
const (
	byAge      = "Age"
	byDate     = "Date"
	indefinite = "Indefinite"
)

const infrequentAccess = "InfrequentAccess"

// What R2 accepts: cloudflare-go v7, r2.BucketCORSUpdateParams and r2.BucketDomainCustomNewParamsMinTLS.
var (
	corsMethods = []string{"GET", "PUT", "POST", "DELETE", "HEAD"}
	tlsVersions = []string{"1.0", "1.1", "1.2", "1.3"}
	corsOrigin  = regexp.MustCompile(`^(\*|[a-z][a-z0-9+.-]*://[^/\s]+)$`)
)

const (
	maxCORSAge    = 86400 // seconds
	defaultMinTLS = "1.0"
)

// Annotate describes the rule.
func (r *R2CorsRule) Annotate(a infer.Annotator) {
	a.Describe(&r, "Which pages of other origins may read a bucket's objects, and how.")
	a.Describe(&r.Allowed, "What the rule allows.")
	a.Describe(&r.ExposeHeaders, "Headers of an answer that a page may read. Their order says nothing. Default: those "+
		"that every page may read.")
	a.Describe(&r.MaxAgeSeconds, "How long a browser may remember what is allowed, in seconds, at most 86400. Default: "+
		"the browser's own.")
}

// Annotate describes what is allowed.
func (r *R2CorsAllowed) Annotate(a infer.Annotator) {
	a.Describe(&r, "Who may do what. The order of origins, methods and headers says nothing.")
	a.Describe(&r.Origins, "Origins of the pages, such as `https://example.com`, without a path, or `*` for all.")
	a.Describe(&r.Methods, "`GET`, `PUT`, `POST`, `DELETE` and `HEAD`.")
	a.Describe(&r.Headers, "Headers that a page may send beside those that every page may. Default: none.")
}

// Annotate describes the rule.
func (r *R2LifecycleRule) Annotate(a infer.Annotator) {
	a.Describe(&r, "What becomes of objects and unfinished uploads in time. Set at least one transition.")
	a.Describe(&r.Enabled, "Whether the rule is in effect. Default: true.")
	a.Describe(&r.Prefix, "How the keys begin that the rule is about. Default: all keys.")
	a.Describe(&r.AbortMultipartUploadsTransition, "When unfinished uploads are aborted. Default: not by this rule.")
	a.Describe(&r.DeleteObjectsTransition, "When objects are deleted. Default: not by this rule.")
	a.Describe(&r.StorageClassTransitions, "When objects move to another storage class, by that class, which can be "+
		"`InfrequentAccess`. Default: not by this rule.")
}

// Annotate describes the condition.
func (r *R2AgeCondition) Annotate(a infer.Annotator) {
	a.Describe(&r, "An age.")
	a.Describe(&r.MaxAge, "The age in seconds.")
}

// Annotate describes the condition.
func (r *R2Condition) Annotate(a infer.Annotator) {
	a.Describe(&r, "An age or a day. Set exactly one member.")
	a.Describe(&r.MaxAge, "The age in seconds. Default: none, and `date` is set.")
	a.Describe(&r.Date, "The day, such as `2027-01-01`, or a time as in RFC 3339. Default: none, and `maxAge` is set.")
}

// Annotate describes the rule.
func (r *R2LockRule) Annotate(a infer.Annotator) {
	a.Describe(&r, "How long objects cannot be deleted or overwritten. Set exactly one of `maxAgeSeconds`, `date` and "+
		"`indefinite`.")
	a.Describe(&r.Enabled, "Whether the rule is in effect. Default: true.")
	a.Describe(&r.Prefix, "How the keys begin that the rule is about. Default: all keys.")
	a.Describe(&r.MaxAgeSeconds, "Until an object is that old, in seconds. Default: another member is set.")
	a.Describe(&r.Date, "Until that day, such as `2027-01-01`, or a time as in RFC 3339. Default: another member is set.")
	a.Describe(&r.Indefinite, "As long as the rule is there. Default: another member is set.")
}

// Annotate describes the access.
func (r *R2PublicAccess) Annotate(a infer.Annotator) {
	a.Describe(&r, "Where everybody can read a bucket's objects.")
	a.Describe(&r.R2Dev, "Whether at the bucket's address on r2.dev, which is limited in rate and meant for development. "+
		"Default: false.")
	a.Describe(&r.CustomDomains, "At which addresses in your zones, by host name. Cloudflare makes their DNS records. "+
		"Default: none.")
}

// Annotate describes the domain.
func (d *R2CustomDomain) Annotate(a infer.Annotator) {
	a.Describe(&d, "An address of a bucket in a zone.")
	a.Describe(&d.ZoneID, "Id of the zone that the host belongs to: 32 hex digits from the zone's overview page.")
	a.Describe(&d.Enabled, "Whether the bucket is public there. Default: true.")
	a.Describe(&d.MinTLS, "Lowest version of TLS that is accepted: `1.0`, `1.1`, `1.2` or `1.3`. Default: `1.0`.")
}

// bucketSettings checks rules and domains.
func (c *checker) bucketSettings(args R2BucketArgs) {
	for _, name := range slices.Sorted(maps.Keys(args.Cors)) {
		rule, path := args.Cors[name], []string{"cors", name}
		at := func(names ...string) []string { return append(slices.Clone(path), names...) }
		c.fail(name == "", path, "a rule's name cannot be empty")
		c.fail(len(rule.Allowed.Origins) == 0, at("allowed", "origins"), "must name an origin, or \"*\" for all")
		for _, origin := range c.known(at("allowed", "origins"), rule.Allowed.Origins) {
			c.fail(!corsOrigin.MatchString(origin), at("allowed", "origins"), "%q is not an origin such as "+
				"https://example.com, without a path, or *", origin)
		}
		c.fail(len(rule.Allowed.Methods) == 0, at("allowed", "methods"), "must name a method: %s",
			strings.Join(corsMethods, ", "))
		for _, method := range c.known(at("allowed", "methods"), rule.Allowed.Methods) {
			c.fail(!slices.Contains(corsMethods, method), at("allowed", "methods"), "%q is none of %s", method,
				strings.Join(corsMethods, ", "))
		}
		age := orZero(rule.MaxAgeSeconds)
		c.fail(age < 0 || age > maxCORSAge, at("maxAgeSeconds"), "%d is not between 0 and %d seconds", age, maxCORSAge)
	}
	for _, name := range slices.Sorted(maps.Keys(args.Lifecycle)) {
		c.lifecycleRule([]string{"lifecycle", name}, name, args.Lifecycle[name])
	}
	for _, name := range slices.Sorted(maps.Keys(args.LockRules)) {
		rule, path := args.LockRules[name], []string{"lockRules", name}
		c.fail(name == "", path, "a rule's name cannot be empty")
		set, until := 0, []string{"maxAgeSeconds", "date", "indefinite"}
		for i, is := range []bool{rule.MaxAgeSeconds != nil, rule.Date != "", rule.Indefinite} {
			if is || computed(c.inputs, append(slices.Clone(path), until[i])...) {
				set++
			}
		}
		c.fail(set != 1, path, "set exactly one of %s", strings.Join(until, ", "))
		c.fail(rule.MaxAgeSeconds != nil && *rule.MaxAgeSeconds < 1, append(slices.Clone(path), "maxAgeSeconds"),
			"must be at least 1")
		c.day(append(slices.Clone(path), "date"), rule.Date)
	}
	if args.PublicAccess == nil {
		return
	}
	for _, host := range args.PublicAccess.domains() {
		domain, path := args.PublicAccess.CustomDomains[host], []string{"publicAccess", "customDomains", host}
		at := func(name string) []string { return append(slices.Clone(path), name) }
		c.fail(!hostName.MatchString(host), path, "%q is not a host name such as files.example.com", host)
		c.fail(!zoneID.MatchString(domain.ZoneID), at("zoneId"), "%q is not a zone id: 32 lower-case hex digits, as on the "+
			"zone's overview page", domain.ZoneID)
		c.fail(domain.MinTLS != "" && !slices.Contains(tlsVersions, domain.MinTLS), at("minTls"), "%q is none of %s",
			domain.MinTLS, strings.Join(tlsVersions, ", "))
	}
}

func (c *checker) lifecycleRule(path []string, name string, rule R2LifecycleRule) {
	at := func(names ...string) []string { return append(slices.Clone(path), names...) }
	c.fail(name == "", path, "a rule's name cannot be empty")
	nothing := rule.AbortMultipartUploadsTransition == nil && rule.DeleteObjectsTransition == nil &&
		len(rule.StorageClassTransitions) == 0
	c.fail(nothing && !c.computed(at("abortMultipartUploadsTransition"), at("deleteObjectsTransition"),
		at("storageClassTransitions")), path, "does nothing: set deleteObjectsTransition, storageClassTransitions or "+
		"abortMultipartUploadsTransition")
	if abort := rule.AbortMultipartUploadsTransition; abort != nil {
		c.fail(abort.MaxAge < 1, at("abortMultipartUploadsTransition", "maxAge"), "must be at least 1")
	}
	if rule.DeleteObjectsTransition != nil {
		c.condition(at("deleteObjectsTransition"), *rule.DeleteObjectsTransition)
	}
	for _, class := range slices.Sorted(maps.Keys(rule.StorageClassTransitions)) {
		c.fail(class != infrequentAccess, at("storageClassTransitions", class), "objects can move to %s only",
			infrequentAccess)
		c.condition(at("storageClassTransitions", class), rule.StorageClassTransitions[class])
	}
}

func (c *checker) condition(path []string, when R2Condition) {
	age, day := append(slices.Clone(path), "maxAge"), append(slices.Clone(path), "date")
	c.fail((when.MaxAge == nil) == (when.Date == "") && !c.computed(age, day), path, "set exactly one of maxAge and date")
	c.fail(when.MaxAge != nil && *when.MaxAge < 1, age, "must be at least 1")
	c.day(day, when.Date)
}

func (c *checker) day(path []string, text string) {
	_, ok := parseDay(text)
	c.fail(text != "" && !ok, path, "%q is neither a day such as 2027-01-01 nor a time as in RFC 3339", text)
}

// known is the list at path, or nothing while a part of it is not known.
func (c *checker) known(path, list []string) []string {
	if valueAt(c.inputs, path).HasComputed() {
		return nil
	}
	return list
}

// parseDay reads a day, which begins at midnight UTC, or a time.
func parseDay(text string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// place says which bucket is meant.
func (b R2BucketArgs) place() cfapi.Place {
	return cfapi.Place{Account: b.AccountID, Jurisdiction: b.Jurisdiction, Bucket: b.Name}
}

// bare is a new bucket, before anything is set.
func (b R2BucketArgs) bare() R2BucketArgs {
	b.Cors, b.Lifecycle, b.LockRules, b.PublicAccess = nil, nil, nil, nil
	return b
}

func (r *R2PublicAccess) domains() []string {
	if r == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(r.CustomDomains))
}

func isOn(enabled *bool) bool { return enabled == nil || *enabled }

// corsToAPI is the inverse of corsFromAPI, with everything whose order says nothing sorted.
func corsToAPI(rules map[string]R2CorsRule) (list []cfapi.R2CORSRule) {
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		r := rules[id]
		list = append(list, cfapi.R2CORSRule{
			ID: id, ExposeHeaders: sorted(r.ExposeHeaders), MaxAgeSeconds: orZero(r.MaxAgeSeconds),
			Allowed: cfapi.R2CORSAllowed{
				Origins: sorted(r.Allowed.Origins), Methods: sorted(r.Allowed.Methods), Headers: sorted(r.Allowed.Headers),
			},
		})
	}
	return list
}

// corsFromAPI names rules without a name by their place.
func corsFromAPI(list []cfapi.R2CORSRule) map[string]R2CorsRule {
	rules := map[string]R2CorsRule{}
	for i, r := range list {
		rules[cmp.Or(r.ID, "rule "+strconv.Itoa(i+1))] = R2CorsRule{
			Allowed:       R2CorsAllowed{Origins: r.Allowed.Origins, Methods: r.Allowed.Methods, Headers: r.Allowed.Headers},
			ExposeHeaders: r.ExposeHeaders, MaxAgeSeconds: orNil(r.MaxAgeSeconds),
		}
	}
	return rules
}

func (r R2Condition) toAPI() cfapi.R2Condition {
	if day, ok := parseDay(r.Date); ok {
		return cfapi.R2Condition{Type: byDate, Date: day.UTC().Format(time.RFC3339)}
	}
	return cfapi.R2Condition{Type: byAge, MaxAge: orZero(r.MaxAge)}
}

func lifecycleToAPI(rules map[string]R2LifecycleRule) (list []cfapi.R2LifecycleRule) {
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		r := rules[id]
		rule := cfapi.R2LifecycleRule{ID: id, Enabled: isOn(r.Enabled)}
		rule.Conditions.Prefix = r.Prefix
		if r.AbortMultipartUploadsTransition != nil {
			rule.Abort = &cfapi.R2Transition{
				Condition: cfapi.R2Condition{Type: byAge, MaxAge: r.AbortMultipartUploadsTransition.MaxAge},
			}
		}
		if r.DeleteObjectsTransition != nil {
			rule.Delete = &cfapi.R2Transition{Condition: r.DeleteObjectsTransition.toAPI()}
		}
		for _, class := range slices.Sorted(maps.Keys(r.StorageClassTransitions)) {
			rule.Classes = append(rule.Classes, cfapi.R2Transition{
				Condition: r.StorageClassTransitions[class].toAPI(), StorageClass: class,
			})
		}
		list = append(list, rule)
	}
	return list
}

func lifecycleFromAPI(list []cfapi.R2LifecycleRule) map[string]R2LifecycleRule {
	rules := map[string]R2LifecycleRule{}
	for _, r := range list {
		rule := R2LifecycleRule{Enabled: off(r.Enabled), Prefix: r.Conditions.Prefix}
		if r.Abort != nil {
			rule.AbortMultipartUploadsTransition = &R2AgeCondition{MaxAge: r.Abort.Condition.MaxAge}
		}
		if r.Delete != nil {
			rule.DeleteObjectsTransition = new(conditionFromAPI(r.Delete.Condition))
		}
		for _, move := range r.Classes {
			if rule.StorageClassTransitions == nil {
				rule.StorageClassTransitions = map[string]R2Condition{}
			}
			rule.StorageClassTransitions[move.StorageClass] = conditionFromAPI(move.Condition)
		}
		rules[r.ID] = rule
	}
	return rules
}

func conditionFromAPI(c cfapi.R2Condition) R2Condition {
	return R2Condition{MaxAge: orNil(c.MaxAge), Date: dayOf(c.Date)}
}

// dayOf writes a time as a day if it is one.
func dayOf(text string) string {
	if day, ok := strings.CutSuffix(text, "T00:00:00Z"); ok {
		return day
	}
	if day, ok := strings.CutSuffix(text, "T00:00:00.000Z"); ok {
		return day
	}
	return text
}

// off is what a program writes of something that is on unless it says otherwise.
func off(enabled bool) *bool {
	if enabled {
		return nil
	}
	return &enabled
}

// orNil is a number that is left out if it is zero.
func orNil(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func locksToAPI(rules map[string]R2LockRule) (list []cfapi.R2LockRule) {
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		r := rules[id]
		condition := cfapi.R2Condition{Type: byAge, MaxAgeSeconds: orZero(r.MaxAgeSeconds)}
		if day, ok := parseDay(r.Date); ok {
			condition = cfapi.R2Condition{Type: byDate, Date: day.UTC().Format(time.RFC3339)}
		}
		if r.Indefinite {
			condition = cfapi.R2Condition{Type: indefinite}
		}
		list = append(list, cfapi.R2LockRule{ID: id, Enabled: isOn(r.Enabled), Prefix: r.Prefix, Condition: condition})
	}
	return list
}

func locksFromAPI(list []cfapi.R2LockRule) map[string]R2LockRule {
	rules := map[string]R2LockRule{}
	for _, r := range list {
		rules[r.ID] = R2LockRule{
			Enabled: off(r.Enabled), Prefix: r.Prefix, MaxAgeSeconds: orNil(r.Condition.MaxAgeSeconds),
			Date: dayOf(r.Condition.Date), Indefinite: r.Condition.Type == indefinite,
		}
	}
	return rules
}

// settle brings the bucket to what is wanted and records each step that was made. changed tells whether one was.
func (s *R2BucketState) settle(ctx context.Context, want R2BucketArgs) (changed bool, err error) {
	s.PublicURLs = append([]string{}, s.PublicURLs...) // infer reads an empty list as none
	for _, step := range planBucket(s.R2BucketArgs, want) {
		err := ctx.Err()
		if err == nil {
			err = step(ctx, s)
		}
		if err != nil {
			return changed, err
		}
		changed = true
	}
	s.R2BucketArgs = want
	return changed, nil
}

// A bucketStep makes a change and records it.
type bucketStep func(ctx context.Context, facts *R2BucketState) error

// planBucket lists the calls that take a bucket from what was last seen to what is wanted: public it becomes last.
func planBucket(seen, want R2BucketArgs) (steps []bucketStep) {
	p := want.place()
	if class := storageClass(want.StorageClass); storageClass(seen.StorageClass) != class {
		steps = append(steps, func(ctx context.Context, facts *R2BucketState) error {
			err := api(ctx).SetR2BucketStorageClass(ctx, p.Account, p.Jurisdiction, p.Bucket, class)
			if err == nil {
				facts.StorageClass = want.StorageClass
			}
			return err
		})
	}
	if rules := corsToAPI(want.Cors); !reflect.DeepEqual(corsToAPI(seen.Cors), rules) {
		steps = append(steps, func(ctx context.Context, facts *R2BucketState) error {
			err := api(ctx).SetR2CORS(ctx, p, rules)
			if err == nil {
				facts.Cors = want.Cors
			}
			return err
		})
	}
	if rules := lifecycleToAPI(want.Lifecycle); !reflect.DeepEqual(lifecycleToAPI(seen.Lifecycle), rules) {
		steps = append(steps, func(ctx context.Context, facts *R2BucketState) error {
			err := setLifecycle(ctx, p, seen.Lifecycle, want.Lifecycle)
			if err == nil {
				facts.Lifecycle = want.Lifecycle
			}
			return err
		})
	}
	if rules := locksToAPI(want.LockRules); !reflect.DeepEqual(locksToAPI(seen.LockRules), rules) {
		steps = append(steps, func(ctx context.Context, facts *R2BucketState) error {
			err := api(ctx).SetR2Locks(ctx, p, rules)
			if err == nil {
				facts.LockRules = want.LockRules
			}
			return err
		})
	}
	return append(steps, planPublicAccess(p, orZero(seen.PublicAccess), orZero(want.PublicAccess))...)
}

// setLifecycle replaces all rules but R2's own, which is kept as it is unless the program names it; a program that has
// named it gives it back as R2 made it.
func setLifecycle(ctx context.Context, p cfapi.Place, seen, want map[string]R2LifecycleRule) error {
	rules := lifecycleToAPI(want)
	_, own := want[defaultLifecycleRule]
	if _, was := seen[defaultLifecycleRule]; was && !own {
		rules = append(rules, lifecycleToAPI(map[string]R2LifecycleRule{defaultLifecycleRule: {
			AbortMultipartUploadsTransition: &R2AgeCondition{MaxAge: 7 * 24 * 60 * 60},
		}})...)
	} else if !own {
		is, err := api(ctx).R2Lifecycle(ctx, p)
		if err != nil {
			return err
		}
		rules = append(rules, slices.DeleteFunc(is, func(r cfapi.R2LifecycleRule) bool {
			return r.ID != defaultLifecycleRule
		})...)
	}
	return api(ctx).SetR2Lifecycle(ctx, p, rules)
}

func planPublicAccess(p cfapi.Place, seen, want R2PublicAccess) (steps []bucketStep) {
	access := func(facts *R2BucketState) *R2PublicAccess { // to be changed
		next := orZero(facts.PublicAccess)
		next.CustomDomains = maps.Clone(next.CustomDomains)
		facts.PublicAccess = &next
		return &next
	}
	for _, host := range seen.domains() {
		if domain, wanted := want.CustomDomains[host]; wanted && domain.ZoneID == seen.CustomDomains[host].ZoneID {
			continue
		}
		steps = append(steps, func(ctx context.Context, facts *R2BucketState) error {
			if err := api(ctx).DetachR2CustomDomain(ctx, p, host); err != nil && !errors.Is(err, cfapi.ErrNotFound) {
				return err
			}
			left := access(facts)
			if delete(left.CustomDomains, host); len(left.CustomDomains) == 0 {
				left.CustomDomains = nil
			}
			facts.seePublicURLs("")
			return nil
		})
	}
	if want.R2Dev != seen.R2Dev {
		steps = append(steps, func(ctx context.Context, facts *R2BucketState) error {
			domain, err := api(ctx).SetR2DevDomain(ctx, p, want.R2Dev)
			if err != nil {
				return err
			}
			access(facts).R2Dev = want.R2Dev
			facts.seePublicURLs(domain.Domain)
			return nil
		})
	}
	for _, host := range want.domains() {
		wish := want.CustomDomains[host]
		was, there := seen.CustomDomains[host]
		there = there && was.ZoneID == wish.ZoneID
		if there && was.sameAs(wish) {
			continue
		}
		steps = append(steps, func(ctx context.Context, facts *R2BucketState) error {
			if err := setCustomDomain(ctx, p, wish.toAPI(host), there); err != nil {
				return err
			}
			next := access(facts)
			if next.CustomDomains == nil {
				next.CustomDomains = map[string]R2CustomDomain{}
			}
			next.CustomDomains[host] = wish
			facts.seePublicURLs("")
			return nil
		})
	}
	return steps
}

// setCustomDomain attaches a domain or, if it is there, changes it. Whether it is there is looked up if an answer was
// lost.
func setCustomDomain(ctx context.Context, p cfapi.Place, d cfapi.R2CustomDomain, there bool) error {
	if there {
		return api(ctx).EditR2CustomDomain(ctx, p, d)
	}
	err := api(ctx).AttachR2CustomDomain(ctx, p, d)
	if !cfapi.LostResponse(err) && !errors.Is(err, cfapi.ErrConflict) {
		return err
	}
	list, lookErr := api(ctx).R2CustomDomains(ctx, p)
	if lookErr != nil {
		return errors.Join(err, lookErr)
	}
	for _, is := range list {
		if is.Domain == d.Domain && is.ZoneID == d.ZoneID {
			return api(ctx).EditR2CustomDomain(ctx, p, d)
		}
	}
	return err
}

func (d R2CustomDomain) toAPI(host string) cfapi.R2CustomDomain {
	return cfapi.R2CustomDomain{
		Domain: host, ZoneID: d.ZoneID, Enabled: isOn(d.Enabled), MinTLS: cmp.Or(d.MinTLS, defaultMinTLS),
	}
}

func (d R2CustomDomain) sameAs(other R2CustomDomain) bool { return d.toAPI("") == other.toAPI("") }

const r2DevDomain = ".r2.dev"

// seePublicURLs lists the addresses anew. The one on r2.dev is told by the answer to a request; empty: as before.
func (s *R2BucketState) seePublicURLs(dev string) {
	if dev == "" {
		for _, url := range s.PublicURLs {
			if host := strings.TrimPrefix(url, "https://"); strings.HasSuffix(host, r2DevDomain) {
				dev = host
			}
		}
	}
	access := orZero(s.PublicAccess)
	s.PublicURLs = []string{}
	if access.R2Dev && dev != "" {
		s.PublicURLs = append(s.PublicURLs, "https://"+dev)
	}
	for _, host := range access.domains() {
		if isOn(access.CustomDomains[host].Enabled) {
			s.PublicURLs = append(s.PublicURLs, "https://"+host)
		}
	}
}

// readSettings fills in what the bucket has of that which the program manages; of an imported one, everything.
func (s *R2BucketState) readSettings(ctx context.Context, imported bool) error {
	p := s.place()
	if imported || len(s.Cors) > 0 {
		is, err := api(ctx).R2CORS(ctx, p)
		if err != nil {
			return err
		}
		s.Cors = writtenRules(corsFromAPI(is), s.Cors, corsToAPI)
	}
	if imported || len(s.Lifecycle) > 0 {
		is, err := api(ctx).R2Lifecycle(ctx, p)
		if err != nil {
			return err
		}
		rules := lifecycleFromAPI(is)
		if _, own := s.Lifecycle[defaultLifecycleRule]; !own {
			delete(rules, defaultLifecycleRule)
		}
		s.Lifecycle = writtenRules(rules, s.Lifecycle, lifecycleToAPI)
	}
	if imported || len(s.LockRules) > 0 {
		is, err := api(ctx).R2Locks(ctx, p)
		if err != nil {
			return err
		}
		s.LockRules = writtenRules(locksFromAPI(is), s.LockRules, locksToAPI)
	}
	if imported || s.PublicAccess != nil {
		return s.readPublicAccess(ctx, p)
	}
	return nil
}

func (s *R2BucketState) readPublicAccess(ctx context.Context, p cfapi.Place) error {
	dev, err := api(ctx).R2DevDomain(ctx, p)
	if err != nil {
		return err
	}
	list, err := api(ctx).R2CustomDomains(ctx, p)
	if err != nil {
		return err
	}
	was := orZero(s.PublicAccess)
	is := R2PublicAccess{R2Dev: dev.Enabled}
	for _, d := range list {
		domain := R2CustomDomain{ZoneID: d.ZoneID, Enabled: off(d.Enabled), MinTLS: d.MinTLS}
		if domain.MinTLS == defaultMinTLS {
			domain.MinTLS = ""
		}
		if old, there := was.CustomDomains[d.Domain]; there && old.sameAs(domain) {
			domain = old
		}
		if is.CustomDomains == nil {
			is.CustomDomains = map[string]R2CustomDomain{}
		}
		is.CustomDomains[d.Domain] = domain
	}
	if s.PublicAccess != nil || is.R2Dev || is.CustomDomains != nil {
		s.PublicAccess = &is
	}
	s.seePublicURLs(dev.Domain)
	return nil
}

// writtenRules returns the rules as the program wrote them, as far as that says the same.
func writtenRules[R, A any](is, was map[string]R, toAPI func(map[string]R) []A) map[string]R {
	if len(is) == 0 {
		return nil
	}
	for name, rule := range is {
		old, there := was[name]
		if there && reflect.DeepEqual(toAPI(map[string]R{name: rule}), toAPI(map[string]R{name: old})) {
			is[name] = old
		}
	}
	return is
}
