// SPDX-License-Identifier: Apache-2.0

// Pieces of programs that the documentation shows. Tests compile them, and run one.

// docs:begin imports
import * as pulumi from "@pulumi/pulumi";
import * as cf from "pulumi-cloudflare-workers";
// docs:end imports

export function app() {
  // docs:begin app
  const api = new cf.WorkerApp("api", {
    path: "./dist",
    compatibilityDate: "2026-11-01",
    kv: ["CACHE"],
    variables: { LOG_LEVEL: "info" },
    secrets: { UPSTREAM_KEY: "env:UPSTREAM_KEY" },
  });
  // docs:end app
  return api.url;
}

export function worker() {
  // docs:begin worker
  const bundle = new cf.WorkerBundle("api", { bucket: "bundles", path: "./dist" });
  const cache = new cf.KvNamespace("cache");
  const api = new cf.CloudflareWorker("api", {
    bundle: bundle.reference,
    compatibilityDate: "2026-11-01",
    variables: { LOG_LEVEL: "info" },
    bindings: { CACHE: { kvNamespace: { id: cache.id } } },
    workersDev: { enabled: true },
  });
  // docs:end worker
  return api.urls;
}

export function bundle() {
  // docs:begin bundle
  const bundle = new cf.WorkerBundle("api", {
    bucket: "bundles",
    path: "./dist",
    build: { command: ["npm", "run", "build"] },
  });
  // docs:end bundle
  return bundle.sha256;
}

export function kv() {
  // docs:begin kv
  const cache = new cf.KvNamespace("cache", {
    title: "api-cache",
    entries: { "limits/visits": "1000" },
  });
  // docs:end kv
  return cache.id;
}

export function r2() {
  // docs:begin r2
  const uploads = new cf.R2Bucket("uploads", { name: "uploads", location: "weur" });
  // docs:end r2
  return uploads.name;
}

export function d1() {
  // docs:begin d1
  const orders = new cf.D1Database("orders", {
    name: "orders",
    primaryLocationHint: "weur",
    migrations: { directory: "./migrations" },
  });
  const api = new cf.CloudflareWorker("api", {
    bundle: { bucket: "bundles", key: "api/index.js" },
    compatibilityDate: "2026-11-01",
    bindings: { DB: { d1Database: { id: orders.databaseId } } },
  });
  // docs:end d1
  return api.urls;
}

export function queue() {
  // docs:begin queue
  const orders = new cf.Queue("orders", { name: "orders", settings: { deliveryDelay: 10 } });
  const shop = new cf.CloudflareWorker("shop", {
    bundle: { bucket: "bundles", key: "shop/index.js" },
    compatibilityDate: "2026-11-01",
    bindings: { ORDERS: { queue: { name: orders.name } } },
  });
  // docs:end queue
  return shop.urls;
}

export function secretsStore() {
  // docs:begin secrets-store
  const key = new cf.SecretsStoreSecret("key", {
    storeId: "0123456789abcdef0123456789abcdef",
    name: "signing-key",
    value: "env:SIGNING_KEY",
  });
  const api = new cf.CloudflareWorker("api", {
    bundle: { bucket: "bundles", key: "api/index.js" },
    compatibilityDate: "2026-11-01",
    bindings: { KEY: { secretsStoreSecret: { storeId: key.storeId, secretName: key.name } } },
  });
  // docs:end secrets-store
  return api.urls;
}

export function addresses() {
  // docs:begin addresses
  const api = new cf.WorkerApp("api", {
    path: "./dist",
    compatibilityDate: "2026-11-01",
    routes: { "example.com/api/*": {} },
    customDomains: { "api.example.com": {} },
  });
  // docs:end addresses
  return api.urls;
}

export function durableObjects() {
  // docs:begin durable-objects
  const chat = new cf.WorkerApp("chat", {
    path: "./dist",
    compatibilityDate: "2026-11-01",
    bindings: { ROOMS: { durableObjectNamespace: { className: "Room" } } },
    migrations: [{ tag: "v1", newSqliteClasses: ["Room"] }],
  });
  // docs:end durable-objects
  return chat.url;
}

export function promote() {
  // docs:begin promote
  const staging = new pulumi.StackReference("acme/shop/staging");
  const shop = new cf.WorkerApp("shop", {
    promoteFrom: staging.requireOutput("bundle"),
    compatibilityDate: "2026-11-01",
    kv: ["CACHE"],
  });
  // docs:end promote
  return shop.url;
}

export function rollout() {
  // docs:begin rollout
  const shop = new cf.WorkerApp("shop", {
    path: "./dist",
    compatibilityDate: "2026-11-01",
    rollout: { percentage: 10 },
  });
  // docs:end rollout
  return shop.url;
}

export function adopt() {
  // docs:begin adopt
  const api = new cf.CloudflareWorker("api", {
    scriptName: "api", // the name that it has
    bundle: { bucket: "bundles", key: "api/index.js" },
    compatibilityDate: "2026-11-01",
    bindings: { CACHE: { kvNamespace: { id: "0123456789abcdef0123456789abcdef" } } },
    routes: { "api.example.com/*": {} },
  });
  // docs:end adopt
  return api.urls;
}

export async function fromWrangler() {
  // docs:begin from-wrangler
  const bundle = new cf.WorkerBundle("web", { bucket: "bundles", path: "./dist" });
  const described = await cf.fromWrangler({ path: "wrangler.jsonc", environment: "production" });
  const web = new cf.CloudflareWorker("web", { ...described, bundle: bundle.reference });
  // docs:end from-wrangler
  return web.urls;
}

export function appFromWrangler() {
  // docs:begin app-from-wrangler
  const web = new cf.WorkerApp("web", {
    path: "./dist",
    fromWrangler: { path: "wrangler.jsonc", environment: "production" },
  });
  // docs:end app-from-wrangler
  return web.url;
}
