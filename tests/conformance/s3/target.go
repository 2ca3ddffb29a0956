// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
)

// Target is a server that the suite is run against. What R2 answers is what the suite expects; where a target
// legitimately answers otherwise, it says so, with the reason.
type Target struct {
	// Endpoint is the base URL, for example "http://127.0.0.1:9000".
	Endpoint string
	// Region is what requests are signed for.
	Region string
	// AccessKeyID and SecretAccessKey may do everything.
	AccessKeyID, SecretAccessKey string
	// HTTP sends the requests; nil: http.DefaultClient.
	HTTP *http.Client
	// Answers replace R2's refusals.
	Answers map[Refusal]Answer
	// Without are tests, by name without "Test", that do not apply, and why not.
	Without map[string]string
}

// Refusal is an occasion on which a server refuses.
type Refusal string

// The occasions on which servers are known to differ.
const (
	UnknownAccessKey Refusal = "unknown access key"
	Unsigned         Refusal = "unsigned request"
	ExpiredURL       Refusal = "expired presigned URL"
	MalformedMD5     Refusal = "malformed Content-MD5"
	BucketExists     Refusal = "bucket exists"
	MalformedRange   Refusal = "malformed range"
	UnchangedSource  Refusal = "copy of what has not changed"
)

// Answer is a status and an S3 error code.
type Answer struct {
	Status int
	Code   string
	// Reason says why this target differs from R2; empty in R2's own answers.
	Reason string
}

// r2Answers are R2's refusals: https://developers.cloudflare.com/r2/api/error-codes/, and for the malformed range and
// the status of the expired URL cloudflare/workers-sdk packages/miniflare/test/plugins/r2/s3.spec.ts.
var r2Answers = map[Refusal]Answer{
	UnknownAccessKey: {Status: http.StatusUnauthorized, Code: "Unauthorized"},
	Unsigned:         {Status: http.StatusBadRequest, Code: "InvalidArgument"},
	ExpiredURL:       {Status: http.StatusForbidden, Code: "ExpiredRequest"},
	MalformedMD5:     {Status: http.StatusBadRequest, Code: "InvalidDigest"},
	BucketExists:     {Status: http.StatusConflict, Code: "BucketConflict"},
	MalformedRange:   {Status: http.StatusBadRequest, Code: "InvalidArgument"},
	UnchangedSource:  {Status: http.StatusPreconditionFailed, Code: "PreconditionFailed"},
}

// answer is what the target says on an occasion.
func (t Target) answer(r Refusal) Answer {
	if answer, ok := t.Answers[r]; ok {
		return answer
	}
	return r2Answers[r]
}

// client returns a client with the target's keys; change may alter its options.
func (t Target) client(change ...func(*sdk.Options)) *sdk.Client {
	return t.clientWith(t.AccessKeyID, t.SecretAccessKey, change...)
}

// clientWith returns a client with other keys. It sends and verifies checksums as a client with default configuration
// does, and does not retry, so that each answer is seen.
func (t Target) clientWith(id, secret string, change ...func(*sdk.Options)) *sdk.Client {
	credentials := aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}
	return sdk.New(sdk.Options{
		BaseEndpoint: aws.String(t.Endpoint),
		Region:       t.Region,
		UsePathStyle: true,
		Credentials:  fixed(credentials),
		HTTPClient:   t.http(),
		Retryer:      aws.NopRetryer{},

		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}, change...)
}

func (t Target) http() *http.Client {
	if t.HTTP == nil {
		return http.DefaultClient
	}
	return t.HTTP
}
