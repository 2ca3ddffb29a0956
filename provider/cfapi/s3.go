// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// s3 returns an S3 client for the bucket's endpoint. It costs some microseconds, so
// that none is kept. Nothing of it comes from the environment or from AWS's files.
func (c *Client) s3(ctx context.Context, p Place) (*s3.Client, error) {
	c.prepare()
	keys, err := c.credentials(ctx, p.Account)
	if err != nil {
		return nil, err
	}
	return s3.New(s3.Options{
		Region:       "auto",
		BaseEndpoint: aws.String(c.r2Endpoint(p)),
		UsePathStyle: true,
		Credentials:  staticKeys(keys),
		HTTPClient:   c.transport,
		Retryer:      aws.NopRetryer{}, // the transport repeats
		// R2 does not support every checksum that the SDK would add unasked.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}), nil
}

// r2Endpoint returns the S3 endpoint that serves p.
func (c *Client) r2Endpoint(p Place) string {
	host := url.PathEscape(p.Account)
	if p.Jurisdiction != "" {
		host += "." + url.PathEscape(p.Jurisdiction)
	}
	return strings.ReplaceAll(cmp.Or(c.R2Endpoint, defaultR2Endpoint), "{account}", host)
}

// staticKeys gives the S3 client its credentials.
type staticKeys aws.Credentials

// Retrieve returns the keys.
func (k staticKeys) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials(k), nil
}

// signPayload makes the signature cover the body by a digest that is known already,
// in hex: the SDK would read the body once more, or leave it out of the signature.
func signPayload(digest string) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("KnownPayloadHash", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(v4.SetPayloadHash(ctx, digest), in)
		}), middleware.Before)
	}
}
