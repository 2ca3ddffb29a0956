// SPDX-License-Identifier: Apache-2.0

import * as pulumi from "@pulumi/pulumi";
import { CloudflareWorker, R2Bucket, SecretsStoreSecret, WorkerBundle } from "pulumi-cloudflare-workers";

const config = new pulumi.Config();

// An example leaves nothing behind.
const artifacts = new R2Bucket("artifacts", { forceDestroy: true });
const bundle = new WorkerBundle("bundle", { bucket: artifacts.name, path: "../worker/dist" });

const key = new SecretsStoreSecret("key", {
  // The account's store, which is made once and is not part of a stack: see the README.
  storeId: config.require("storeId"),
  name: "signing-key",
  value: config.requireSecret("signingKey"), // in a pipeline rather a reference, such as env:SIGNING_KEY
  comment: "Signs what the Worker answers",
});

const signer = new CloudflareWorker("signer", {
  bundle: bundle.reference,
  compatibilityDate: "2026-11-01",
  bindings: { KEY: { secretsStoreSecret: { storeId: key.storeId, secretName: key.name } } },
  workersDev: { enabled: true },
});

export const url = signer.urls[0];
export const setAt = key.setAt;
