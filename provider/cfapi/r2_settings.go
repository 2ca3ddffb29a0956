// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// R2CORSRule says which pages of other origins may read a bucket's objects.
type R2CORSRule struct {
	ID            string        `json:"id,omitempty"` // empty: it has none
	Allowed       R2CORSAllowed `json:"allowed"`
	ExposeHeaders []string      `json:"exposeHeaders,omitempty"`
	MaxAgeSeconds int           `json:"maxAgeSeconds,omitempty"`
}

// R2CORSAllowed is what an [R2CORSRule] allows.
type R2CORSAllowed struct {
	Origins []string `json:"origins"`
	Methods []string `json:"methods"`
	Headers []string `json:"headers,omitempty"`
}

// R2Condition says when a rule applies.
type R2Condition struct {
	Type          string `json:"type"`                    // "Age", "Date" or, of a lock, "Indefinite"
	MaxAge        int    `json:"maxAge,omitempty"`        // seconds, of a lifecycle rule
	MaxAgeSeconds int    `json:"maxAgeSeconds,omitempty"` // of a lock rule
	Date          string `json:"date,omitempty"`          // RFC 3339
}

// R2Transition is something that a lifecycle rule does.
type R2Transition struct {
	Condition    R2Condition `json:"condition"`
	StorageClass string      `json:"storageClass,omitempty"` // of a change of storage class
}

// R2LifecycleRule deletes objects, moves them to another storage class or aborts uploads.
type R2LifecycleRule struct {
	ID         string                `json:"id"`
	Enabled    bool                  `json:"enabled"`
	Conditions R2LifecycleConditions `json:"conditions"`
	Abort      *R2Transition         `json:"abortMultipartUploadsTransition,omitempty"`
	Delete     *R2Transition         `json:"deleteObjectsTransition,omitempty"`
	Classes    []R2Transition        `json:"storageClassTransitions,omitempty"`
}

// R2LifecycleConditions say what an [R2LifecycleRule] is about.
type R2LifecycleConditions struct {
	Prefix string `json:"prefix"` // empty: all objects
}

// R2LockRule keeps objects from being deleted and overwritten.
type R2LockRule struct {
	ID        string      `json:"id"`
	Enabled   bool        `json:"enabled"`
	Prefix    string      `json:"prefix"` // empty: all objects
	Condition R2Condition `json:"condition"`
}

// R2DevDomain is a bucket's address on r2.dev.
type R2DevDomain struct {
	Domain  string `json:"domain"`
	Enabled bool   `json:"enabled"`
}

// R2CustomDomain is a bucket's address in a zone.
type R2CustomDomain struct {
	Domain  string `json:"domain"`
	ZoneID  string `json:"zoneId,omitempty"`
	Enabled bool   `json:"enabled"`
	MinTLS  string `json:"minTLS,omitempty"` // "1.0" to "1.3"; empty: "1.0"
}

// codeNoCORS says that a bucket has no rules (alchemy-run/distilled, patches/r2/getBucketCors.json).
const codeNoCORS = 10059

// setting sends a request about a setting of a bucket. cloudflare-go's methods have a type of its own for each kind of
// condition of each kind of rule, under names that say the same; what is sent is as plain as above
// (workers-sdk, packages/wrangler/src/r2/helpers/bucket.ts and domain.ts).
func (c *Client) setting(ctx context.Context, method, op string, p Place, path string, body, result any) error {
	ctx, call := begin(ctx, APIR2, fmt.Sprintf("%s of R2 bucket %q", op, p.Bucket))
	call.repeatable = method == http.MethodPut || method == http.MethodDelete
	r := direct{
		method: method, body: body, jurisdiction: p.Jurisdiction,
		path: fmt.Sprintf("/accounts/%s/r2/buckets/%s/%s", segment(p.Account), segment(p.Bucket), path),
	}
	if body != nil {
		r.kind = "application/json"
	}
	return c.send(ctx, call, r, result)
}

type r2Rules[R any] struct {
	Rules []R `json:"rules"`
}

// R2CORS returns the bucket's CORS rules; none if it has no configuration.
func (c *Client) R2CORS(ctx context.Context, p Place) ([]R2CORSRule, error) {
	var got r2Rules[R2CORSRule]
	err := c.setting(ctx, http.MethodGet, "read CORS rules", p, "cors", nil, &got)
	if known, ok := errors.AsType[*Error](err); ok && slices.ContainsFunc(known.Codes, func(code Code) bool {
		return code.Code == codeNoCORS
	}) {
		return nil, nil
	}
	return got.Rules, err
}

// SetR2CORS replaces the bucket's CORS rules; no rules remove the configuration.
func (c *Client) SetR2CORS(ctx context.Context, p Place, rules []R2CORSRule) error {
	if len(rules) == 0 {
		return c.setting(ctx, http.MethodDelete, "remove CORS rules", p, "cors", nil, nil)
	}
	return c.setting(ctx, http.MethodPut, "change CORS rules", p, "cors", r2Rules[R2CORSRule]{rules}, nil)
}

// R2Lifecycle returns the bucket's lifecycle rules. A new bucket has one.
func (c *Client) R2Lifecycle(ctx context.Context, p Place) ([]R2LifecycleRule, error) {
	var got r2Rules[R2LifecycleRule]
	err := c.setting(ctx, http.MethodGet, "read lifecycle rules", p, "lifecycle", nil, &got)
	return got.Rules, err
}

// SetR2Lifecycle replaces the bucket's lifecycle rules.
func (c *Client) SetR2Lifecycle(ctx context.Context, p Place, rules []R2LifecycleRule) error {
	body := r2Rules[R2LifecycleRule]{append([]R2LifecycleRule{}, rules...)}
	return c.setting(ctx, http.MethodPut, "change lifecycle rules", p, "lifecycle", body, nil)
}

// R2Locks returns the bucket's lock rules.
func (c *Client) R2Locks(ctx context.Context, p Place) ([]R2LockRule, error) {
	var got r2Rules[R2LockRule]
	err := c.setting(ctx, http.MethodGet, "read lock rules", p, "lock", nil, &got)
	return got.Rules, err
}

// SetR2Locks replaces the bucket's lock rules.
func (c *Client) SetR2Locks(ctx context.Context, p Place, rules []R2LockRule) error {
	body := r2Rules[R2LockRule]{append([]R2LockRule{}, rules...)}
	return c.setting(ctx, http.MethodPut, "change lock rules", p, "lock", body, nil)
}

// R2DevDomain returns the bucket's address on r2.dev, which is there whether it is in use or not.
func (c *Client) R2DevDomain(ctx context.Context, p Place) (domain R2DevDomain, err error) {
	err = c.setting(ctx, http.MethodGet, "read the r2.dev address", p, "domains/managed", nil, &domain)
	return domain, err
}

// SetR2DevDomain says whether the bucket is public on r2.dev.
func (c *Client) SetR2DevDomain(ctx context.Context, p Place, enabled bool) (domain R2DevDomain, err error) {
	body := struct {
		Enabled bool `json:"enabled"`
	}{enabled}
	err = c.setting(ctx, http.MethodPut, "change the r2.dev address", p, "domains/managed", body, &domain)
	return domain, err
}

// R2CustomDomains returns the bucket's addresses in zones.
func (c *Client) R2CustomDomains(ctx context.Context, p Place) ([]R2CustomDomain, error) {
	var got struct {
		Domains []R2CustomDomain `json:"domains"`
	}
	err := c.setting(ctx, http.MethodGet, "list domains", p, "domains/custom", nil, &got)
	return got.Domains, err
}

// AttachR2CustomDomain makes a bucket public at an address in a zone. It is not repeated when the response is lost.
func (c *Client) AttachR2CustomDomain(ctx context.Context, p Place, d R2CustomDomain) error {
	return c.setting(ctx, http.MethodPost, fmt.Sprintf("attach domain %q", d.Domain), p, "domains/custom", d, nil)
}

// EditR2CustomDomain changes whether an address is in use, and its lowest version of TLS.
func (c *Client) EditR2CustomDomain(ctx context.Context, p Place, d R2CustomDomain) error {
	d.ZoneID = "" // it cannot be changed
	op := fmt.Sprintf("change domain %q", d.Domain)
	return c.setting(ctx, http.MethodPut, op, p, "domains/custom/"+segment(d.Domain), d, nil)
}

// DetachR2CustomDomain takes an address from a bucket.
func (c *Client) DetachR2CustomDomain(ctx context.Context, p Place, domain string) error {
	op := fmt.Sprintf("detach domain %q", domain)
	return c.setting(ctx, http.MethodDelete, op, p, "domains/custom/"+segment(domain), nil, nil)
}
