// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/r2"
)

// R2Bucket is a bucket of R2.
type R2Bucket struct {
	Name         string
	Location     string // where it was asked to be when created, such as "weur"; empty: Cloudflare chose
	StorageClass string // of new objects: "Standard" or "InfrequentAccess"
	Jurisdiction string // "eu", "fedramp"; empty: the default one
	CreationDate time.Time
}

// defaultJurisdiction is what Cloudflare calls the absence of one.
const defaultJurisdiction = string(r2.BucketJurisdictionDefault)

// R2Bucket returns the bucket of the name. An empty jurisdiction means the default
// one; the same name may exist in several.
func (c *Client) R2Bucket(ctx context.Context, account, jurisdiction, name string) (R2Bucket, error) {
	ctx, call := begin(ctx, APIR2, fmt.Sprintf("read R2 bucket %q", name))
	var params r2.BucketGetParams
	params.AccountID.Value = segment(account)
	if jurisdiction != "" {
		params.Jurisdiction.Value = r2.BucketGetParamsCfR2Jurisdiction(jurisdiction)
		params.Jurisdiction.Present = true
	}
	got, err := c.api().buckets.Get(ctx, segment(name), params)
	if err != nil {
		return R2Bucket{}, call.failed(err)
	}
	return r2Bucket(call, got)
}

// CreateR2Bucket makes a bucket; empty fields of b are left to Cloudflare, and its
// date is ignored. It is not repeated when the response is lost. If there is one of
// that name in the jurisdiction, the error is [ErrConflict].
func (c *Client) CreateR2Bucket(ctx context.Context, account string, b R2Bucket) (R2Bucket, error) {
	ctx, call := begin(ctx, APIR2, fmt.Sprintf("create R2 bucket %q", b.Name))
	var params r2.BucketNewParams
	params.AccountID.Value = segment(account)
	params.Name.Value, params.Name.Present = b.Name, true
	if b.Location != "" {
		params.LocationHint.Value = r2.BucketNewParamsLocationHint(b.Location)
		params.LocationHint.Present = true
	}
	if b.StorageClass != "" {
		params.StorageClass.Value = r2.BucketNewParamsStorageClass(b.StorageClass)
		params.StorageClass.Present = true
	}
	if b.Jurisdiction != "" {
		params.Jurisdiction.Value = r2.BucketNewParamsCfR2Jurisdiction(b.Jurisdiction)
		params.Jurisdiction.Present = true
	}
	got, err := c.api().buckets.New(ctx, params)
	if err != nil {
		return R2Bucket{}, call.failed(err)
	}
	return r2Bucket(call, got)
}

// SetR2BucketStorageClass changes the storage class of the objects that will be
// put into the bucket.
func (c *Client) SetR2BucketStorageClass(ctx context.Context, account, jurisdiction, name, class string) error {
	ctx, call := begin(ctx, APIR2, fmt.Sprintf("change storage class of R2 bucket %q", name))
	call.repeatable = true
	var params r2.BucketEditParams
	params.AccountID.Value = segment(account)
	params.StorageClass.Value = r2.BucketEditParamsCfR2StorageClass(class)
	params.StorageClass.Present = true
	if jurisdiction != "" {
		params.Jurisdiction.Value = r2.BucketEditParamsCfR2Jurisdiction(jurisdiction)
		params.Jurisdiction.Present = true
	}
	if _, err := c.api().buckets.Edit(ctx, segment(name), params); err != nil {
		return call.failed(err)
	}
	return nil
}

// DeleteR2Bucket removes a bucket. If it holds objects, Cloudflare refuses, and the
// error is [ErrConflict].
func (c *Client) DeleteR2Bucket(ctx context.Context, account, jurisdiction, name string) error {
	ctx, call := begin(ctx, APIR2, fmt.Sprintf("delete R2 bucket %q", name))
	var params r2.BucketDeleteParams
	params.AccountID.Value = segment(account)
	if jurisdiction != "" {
		params.Jurisdiction.Value = r2.BucketDeleteParamsCfR2Jurisdiction(jurisdiction)
		params.Jurisdiction.Present = true
	}
	if _, err := c.api().buckets.Delete(ctx, segment(name), params); err != nil {
		return call.failed(err)
	}
	return nil
}

func r2Bucket(call *call, b *r2.Bucket) (R2Bucket, error) {
	if b.Name == "" {
		return R2Bucket{}, call.incomplete("bucket name")
	}
	bucket := R2Bucket{
		Name: b.Name, Location: string(b.Location), StorageClass: string(b.StorageClass),
		Jurisdiction: string(b.Jurisdiction),
	}
	if bucket.Jurisdiction == defaultJurisdiction {
		bucket.Jurisdiction = ""
	}
	if created, err := time.Parse(time.RFC3339, b.CreationDate); err == nil {
		bucket.CreationDate = created // a date that cannot be read is worth no failure
	}
	return bucket, nil
}
