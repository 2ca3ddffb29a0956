// SPDX-License-Identifier: Apache-2.0

// docs:begin program
import * as pulumi from "@pulumi/pulumi";
import { CloudflareWorker, D1Database, KvNamespace, Queue, R2Bucket, WorkerBundle } from "pulumi-cloudflare-workers";

const config = new pulumi.Config();

// Builds are kept here, each under its own SHA-256. An example leaves nothing behind.
const artifacts = new R2Bucket("artifacts", { forceDestroy: true });
const bundle = new WorkerBundle("bundle", { bucket: artifacts.name, prefix: "hello", path: "../worker/dist" });
const visits = new KvNamespace("visits");
const guests = new D1Database("guests", { migrations: { directory: "../worker/migrations" } });
const news = new Queue("news");

const hello = new CloudflareWorker("hello", {
  bundle: bundle.reference,
  compatibilityDate: "2026-11-01",
  variables: { GREETING: config.get("greeting") ?? "Hello", LIMITS: { visits: 1000 } },
  secrets: { SIGNING_KEY: config.requireSecret("signingKey") },
  bindings: {
    VISITS: { kvNamespace: { id: visits.id } },
    GUESTS: { d1Database: { id: guests.id } },
    NEWS: { queue: { name: news.name } },
  },
  workersDev: { enabled: true },
  routes: { "hello.example.com/*": { zoneId: config.require("zoneId"), dnsRecord: true } },
});

export const urls = hello.urls;
export const digest = hello.bundleDigest;
// docs:end program
