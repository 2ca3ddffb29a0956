// SPDX-License-Identifier: Apache-2.0

// Package manifest reads a manifest of the kind CloudflareWorker, API version cloudflare.project-planton.org/v1, into
// the inputs of a CloudflareWorker. It knows their names and nothing of Pulumi's runtime.
//
// Source of the fields: github.com/project-planton/project-planton, the message CloudflareWorkerSpec in
// apis/project/planton/provider/cloudflare/cloudflareworker/v1/spec.proto. Names are read in both forms that the JSON
// of Protocol Buffers has, account_id and accountId. What is not read is an error that names it.
//
// What the manifest's own deployment got wrong, and what is done here instead:
//
//   - secrets were left out: they are `secrets`
//   - the date of the deployment stood in for compatibility_date: it must be there
//   - the bundle's path said nothing about its content: the digest is found out before each deployment
//   - whatever its name, the bundle was one module: a path that ends in "/" is a directory of them
//   - a KV binding's field_path was taken for the namespace's id: an id may stand there, else the program gives it
package manifest
