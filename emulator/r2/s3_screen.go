// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"fmt"
	"slices"
	"strings"
)

// What follows refuses headers as R2 does, from cloudflare/workers-sdk
// packages/miniflare/src/workers/r2/s3/operations.worker.ts. It agrees with the ❌ of
// https://developers.cloudflare.com/r2/api/s3/api/.
var (
	bucketOwner       = []string{"x-amz-expected-bucket-owner"}
	sourceBucketOwner = []string{"x-amz-source-expected-bucket-owner"}
	lockBypass        = []string{"x-amz-mfa", "x-amz-bypass-governance-retention"}
	sourceConditions  = []string{
		"x-amz-copy-source-if-match", "x-amz-copy-source-if-none-match", "x-amz-copy-source-if-modified-since",
		"x-amz-copy-source-if-unmodified-since",
	}
	writeRefused = []string{
		"x-amz-expected-bucket-owner", "x-amz-tagging", "x-amz-grant-full-control", "x-amz-grant-read",
		"x-amz-grant-read-acp", "x-amz-grant-write", "x-amz-grant-write-acp", "x-amz-website-redirect-location",
		"x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold",
		"x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-context",
		"x-amz-server-side-encryption-bucket-key-enabled",
	}
	// createBucketRefused is from the table of https://developers.cloudflare.com/r2/api/s3/api/.
	createBucketRefused = []string{
		"x-amz-acl", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write",
		"x-amz-grant-write-acp", "x-amz-bucket-object-lock-enabled", "x-amz-expected-bucket-owner",
	}
	// cannedACLs are accepted and mean nothing.
	cannedACLs = []string{
		"private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read",
		"bucket-owner-full-control",
	}
)

// screen refuses a request whose headers R2 refuses before it acts.
func (r *request) screen(op *operation) error {
	if r.Header.Get("X-Amz-Security-Token") != "" {
		return ErrInvalidArgument.saying("X-Amz-Security-Token")
	}
	for _, name := range op.refused {
		if value := r.Header.Get(name); value != "" {
			return errHeader(name, value)
		}
	}
	if op.writes {
		// All of R2 is encrypted with AES256, so that to ask for it is to ask for nothing.
		name := "x-amz-server-side-encryption"
		if value := r.Header.Get(name); value != "" && value != "AES256" {
			return errHeader(name, value)
		}
		name = "x-amz-acl"
		if value := r.Header.Get(name); value != "" && !slices.Contains(cannedACLs, value) {
			return errHeader(name, value)
		}
	}
	return r.screenKeys(op)
}

// screenKeys refuses keys of the customer's own, with R2's order of complaints.
func (r *request) screenKeys(op *operation) error {
	if op.ssec == ssecIgnored {
		return nil
	}
	prefixes := []string{"x-amz-"}
	if strings.Contains(op.name, "Copy") {
		prefixes = append(prefixes, "x-amz-copy-source-")
	}
	const must = "Requests specifying Server Side Encryption with Customer provided keys must provide "
	for _, prefix := range prefixes {
		name := prefix + "server-side-encryption-customer-algorithm"
		algorithm := r.Header.Get(name)
		key := r.Header.Get(prefix + "server-side-encryption-customer-key")
		sum := r.Header.Get(prefix + "server-side-encryption-customer-key-MD5")
		switch {
		case algorithm == "" && key == "" && sum == "":
		case key == "":
			return ErrInvalidArgument.saying(must + "an appropriate secret key.")
		case sum == "":
			return ErrInvalidArgument.saying(must + "the client calculated MD5 of the secret key.")
		case algorithm == "":
			return ErrInvalidArgument.saying(must + "a valid encryption algorithm.")
		case algorithm != "AES256":
			return &Error{
				Code: "InvalidEncryptionAlgorithmError", V4Code: ErrInvalidArgument.V4Code, Status: 400,
				Message: "The encryption request that you specified is not valid. The valid value is AES256.",
			}
		case op.ssec == ssecRead:
			return errInvalidRequest.saying("The encryption parameters are not applicable to this object.")
		default:
			return errHeader(name, algorithm)
		}
	}
	return nil
}

func errHeader(name, value string) error {
	return errNotImplemented(fmt.Sprintf("Header '%s' with value '%s'", name, value))
}
