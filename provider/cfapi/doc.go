// SPDX-License-Identifier: Apache-2.0

// Package cfapi speaks the part of Cloudflare's API that this provider needs:
// Workers, their routes and DNS records, KV namespaces, secrets in Secrets Store,
// R2 buckets, and the objects in them over R2's S3 endpoint.
//
// It is a seam. Below it are two generated clients, cloudflare-go and the AWS
// SDK's S3 client; above it only the types of this package are seen. It knows
// nothing of Pulumi. A method is one request unless its comment says otherwise,
// every failure is an [*Error], and all requests of both clients go through one
// transport, which authenticates nothing, follows no redirect, and repeats only
// what is safe to repeat.
package cfapi
