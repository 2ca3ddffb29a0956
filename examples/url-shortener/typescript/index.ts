// SPDX-License-Identifier: Apache-2.0

import * as pulumi from "@pulumi/pulumi";
import { CloudflareWorker, D1Database, KvNamespace, Queue, R2Bucket, WorkerBundle } from "pulumi-cloudflare-workers";

const config = new pulumi.Config();
const compatibilityDate = "2026-11-01";
const hitsName = `${pulumi.getProject()}-${pulumi.getStack()}-hits`;

// Builds of both Workers are kept here, each under its own SHA-256. An example leaves nothing behind.
const builds = new R2Bucket("builds", { forceDestroy: true });
const build = (worker: string) =>
  new WorkerBundle(`${worker}-bundle`, { bucket: builds.name, prefix: worker, path: `../worker/dist/${worker}` }).reference;

// Links, and what belongs to them.
const links = new D1Database("links", { migrations: { directory: "../worker/migrations" } });
const cache = new KvNamespace("cache");
const images = new R2Bucket("images", { forceDestroy: true });

// Visits, on their way from the Worker that sees them to the one that counts them, and those that it failed to count.
const hits = new Queue("hits", { name: hitsName });
const lostHits = new Queue("lost-hits");

// Counts visits. It has no address: only a queue and the other Worker reach it.
const stats = new CloudflareWorker(
  "stats",
  {
    bundle: build("stats"),
    compatibilityDate,
    bindings: { COUNTERS: { durableObjectNamespace: { className: "HitCounter" } } },
    migrations: [{ tag: "v1", newSqliteClasses: ["HitCounter"] }],
    queueConsumers: { [hitsName]: { maxBatchSize: 100, maxRetries: 5, deadLetterQueue: lostHits.name } },
    observability: { enabled: true },
  },
  { dependsOn: hits }, // which it names, but by a text that is no output
);

const shortener = new CloudflareWorker("shortener", {
  bundle: build("shortener"),
  compatibilityDate,
  variables: { LIMITS: { imageBytes: 1024 * 1024 } },
  secrets: { API_TOKEN: config.requireSecret("apiToken") },
  bindings: {
    ASSETS: { assets: {} },
    CACHE: { kvNamespace: { id: cache.id } },
    DB: { d1Database: { id: links.id } },
    IMAGES: { r2Bucket: { name: images.name } },
    HITS: { queue: { name: hits.name } },
    STATS: { service: { name: stats.scriptName, entrypoint: "Stats" } },
  },
  // A file is served as it is; the API, and every address that is no file, is the Worker's.
  assets: { directory: "../worker/public", runWorkerFirstRules: ["/api/*"] },
  schedules: ["17 * * * *"],
  workersDev: { enabled: true },
  observability: { enabled: true },
});

export const url = shortener.urls[0];
export const version = shortener.versionId;
