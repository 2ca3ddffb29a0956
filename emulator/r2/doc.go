// SPDX-License-Identifier: Apache-2.0

// Package r2 is a local R2: Cloudflare's object store, its S3 endpoint and the backend of a Worker's R2 binding.
//
// [Store] holds buckets and objects, in memory or in a directory. [S3] and [Binding] are [net/http.Handler] over one
// Store, so that what one writes the other reads.
//
// # Sources
//
// R2's behaviour is taken from its documentation (https://developers.cloudflare.com/r2/), from workerd, which is the
// client of the binding, and from miniflare's R2 and S3 simulators in cloudflare/workers-sdk, whose authors captured
// what a real bucket answers. Where R2's documentation and that capture disagree, the capture is followed. What neither
// says is as AWS documents S3. Each behaviour names its source where it is implemented.
//
// # What is not emulated
//
//   - CORS and lifecycle rules, bucket ACLs and the writing of a bucket's encryption and versioning over S3: answered
//     501 NotImplemented, as R2 answers what it lacks. R2 has them.
//   - Keys of the customer's own (SSE-C): writes with one are answered 501, reads as R2 answers for an object that is
//     not encrypted so.
//   - Bucket locks, object lifecycles, event notifications, Sippy, data catalogs, public buckets and custom domains.
//     Unfinished uploads do not expire after seven days.
//   - Permissions of tokens: a key that is known may do everything in its account.
//   - Temporary credentials: a session token is refused as R2 refuses one that it does not know.
//   - Rate limits (429), among them one write per second to a key, and the wait for a copy to be consistent.
//   - Overrides of headers by search parameters (response-content-type and the like): ignored.
//   - If-Match and If-None-Match on CompleteMultipartUpload: ignored; R2 documents them for PutObject only.
//   - Requests by HTML forms, as in R2 itself.
//
// # Where it differs
//
//   - The region that a request is signed for is part of the signature but may have any name; R2 knows "auto", its
//     location hints and, as another name for "auto", "us-east-1".
//   - Creating a bucket that exists is BucketConflict, as the table of error codes has it; R2's words are not known.
//   - The entity tag of a part is its MD5. R2's is opaque.
//   - GetBucketLocation answers "auto" for a bucket that was created without a hint. R2 names where it put it.
//   - A list with metadata over the binding holds at most 100 objects, as in miniflare. R2 decides by size.
//   - That an upload was completed or aborted, so that it may be aborted once more over the binding, is forgotten when
//     the store is opened again.
//   - An object's size is bound as that of a single upload in R2 (just under 5 GiB) also for a part.
package r2
