// SPDX-License-Identifier: Apache-2.0

// docs:begin program
import * as pulumi from "@pulumi/pulumi";
import * as cf from "pulumi-cloudflare-workers";

const config = new pulumi.Config();

// Builds are kept here, each under its own SHA-256. An example leaves nothing behind.
const artifacts = new cf.R2Bucket("artifacts", { forceDestroy: true });
const bundle = new cf.WorkerBundle("bundle", { bucket: artifacts.name, prefix: "hello", path: "../worker/dist" });
const visits = new cf.KvNamespace("visits");
const guests = new cf.D1Database("guests", { migrations: { directory: "../worker/migrations" } });
const news = new cf.Queue("news");

const hello = new cf.CloudflareWorker("hello", {
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

// The same build for trying things out: one resource, with a bucket, a counter and a queue of its own.
const trial = new cf.WorkerApp("trial", {
  path: "../worker/dist",
  fromWrangler: { path: "../worker" },
  scriptName: "hello-trial",
  kv: ["VISITS"],
  queues: ["NEWS"],
  variables: { GREETING: "Try", LIMITS: { visits: 10 } },
  secrets: { SIGNING_KEY: config.requireSecret("signingKey") },
  bindings: { GUESTS: { d1Database: { id: guests.id } } },
});

export const urls = hello.urls;
export const digest = hello.bundleDigest;
export const trialUrl = trial.url;
export const trialQueue = trial.queueNames.apply((names) => names["NEWS"]);
// docs:end program
