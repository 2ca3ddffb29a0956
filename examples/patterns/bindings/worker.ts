// SPDX-License-Identifier: Apache-2.0

// Uses every kind of binding, by name: GET /kvNamespace.

import { DurableObject, WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import type { Pipeline } from "cloudflare:pipelines";
import type { Admin } from "./auth";

interface Env {
  CACHE: KVNamespace;
  UPLOADS: R2Bucket;
  GUESTS: D1Database;
  UPSTREAM_KEY: SecretsStoreSecret;
  SIGNING_KEY: CryptoKey;
  DB: Hyperdrive;
  PAGES: Vectorize;
  VISITS: AnalyticsEngineDataset;
  REPOS: Artifacts;
  ROOMS: DurableObjectNamespace<Room>;
  SIGNUP: Workflow<{ email: string }>;
  ORDERS: Queue<{ id: number }>;
  AUTH: Service<typeof Admin>;
  CUSTOMERS: DispatchNamespace;
  LOADER: WorkerLoader;
  ASSETS: Fetcher;
  BANK: Fetcher;
  CRM: Fetcher;
  OFFICE: Fetcher;
  MAIL: SendEmail;
  EVENTS: Pipeline<{ user: string; action: string }>;
  AI: Ai;
  DOCS: AiSearchInstance;
  TENANTS: AiSearchNamespace;
  MEMORY: AgentMemoryNamespace;
  WEB: WebSearch;
  BROWSER: BrowserRun;
  IMAGES: ImagesBinding;
  MEDIA: MediaBinding;
  STREAM: StreamBinding;
  LIMIT: RateLimit;
  FLAGS: Flagship;
  VERSION: WorkerVersionMetadata;
  GREETER: { get(): Promise<unknown> };
}

export class Room extends DurableObject {
  async say(text: string): Promise<number> {
    const said = ((await this.ctx.storage.get<number>("said")) ?? 0) + 1;
    await this.ctx.storage.put({ said, [`${said}`]: text });
    return said;
  }
}

export class Signup extends WorkflowEntrypoint<Env, { email: string }> {
  async run(event: WorkflowEvent<{ email: string }>, step: WorkflowStep): Promise<string> {
    return await step.do("welcome", async () => `welcome, ${event.payload.email}`);
  }
}

const uses: Record<string, (env: Env, request: Request, body: ReadableStream<Uint8Array>) => unknown> = {
  kvNamespace: async (env) => {
    // docs:begin kvNamespace
    await env.CACHE.put("greeting", "hello", { expirationTtl: 3600 });
    const greeting = await env.CACHE.get("greeting");
    // docs:end kvNamespace
    return greeting;
  },
  r2Bucket: async (env, request) => {
    // docs:begin r2Bucket
    await env.UPLOADS.put("hello.txt", request.body ?? "hello");
    const object = await env.UPLOADS.get("hello.txt");
    // docs:end r2Bucket
    return await object?.text();
  },
  d1Database: async (env) => {
    // docs:begin d1Database
    const row = await env.GUESTS.prepare("SELECT ? AS name").bind("Ada").first();
    // docs:end d1Database
    return row;
  },
  secretsStoreSecret: async (env) => {
    // docs:begin secretsStoreSecret
    const key = await env.UPSTREAM_KEY.get();
    // docs:end secretsStoreSecret
    return key.length;
  },
  secretKey: async (env) => {
    // docs:begin secretKey
    const signature = await crypto.subtle.sign("HMAC", env.SIGNING_KEY, new TextEncoder().encode("message"));
    // docs:end secretKey
    return signature.byteLength;
  },
  hyperdrive: async (env) => {
    // docs:begin hyperdrive
    const { host, port, database } = env.DB; // or env.DB.connectionString for a driver such as pg
    // docs:end hyperdrive
    return { host, port, database };
  },
  vectorize: async (env) => {
    // docs:begin vectorize
    const { matches } = await env.PAGES.query([0.1, 0.2, 0.3], { topK: 3 });
    // docs:end vectorize
    return matches;
  },
  analyticsEngine: (env, request) => {
    // docs:begin analyticsEngine
    env.VISITS.writeDataPoint({ indexes: [new URL(request.url).host], doubles: [1] });
    // docs:end analyticsEngine
  },
  artifacts: async (env) => {
    // docs:begin artifacts
    const { remote } = await env.REPOS.create("notes", { description: "What an agent writes" });
    // docs:end artifacts
    return remote;
  },
  durableObjectNamespace: async (env) => {
    // docs:begin durableObjectNamespace
    const said = await env.ROOMS.getByName("lobby").say("hello");
    // docs:end durableObjectNamespace
    return said;
  },
  workflow: async (env) => {
    // docs:begin workflow
    const instance = await env.SIGNUP.create({ params: { email: "ada@example.com" } });
    // docs:end workflow
    return typeof instance.id;
  },
  queue: async (env) => {
    // docs:begin queue
    await env.ORDERS.send({ id: 1 });
    // docs:end queue
  },
  service: async (env) => {
    // docs:begin service
    const allowed = await env.AUTH.allowed("ada@acme.example");
    // docs:end service
    return allowed;
  },
  dispatchNamespace: async (env, request) => {
    // docs:begin dispatchNamespace
    const response = await env.CUSTOMERS.get("customer-1").fetch(request);
    // docs:end dispatchNamespace
    return response.status;
  },
  workerLoader: async (env, request) => {
    // docs:begin workerLoader
    const { pathname } = new URL(request.url);
    const worker = env.LOADER.get("hello-1", () => ({
      compatibilityDate: "2026-11-01",
      mainModule: "index.js",
      modules: { "index.js": "export default { fetch: (request) => new Response(request.url) }" },
    }));
    const response = await worker.getEntrypoint().fetch(`https://worker.internal${pathname}`);
    // docs:end workerLoader
    return await response.text();
  },
  assets: async (env, request) => {
    // docs:begin assets
    const page = await env.ASSETS.fetch(new URL("/", request.url));
    // docs:end assets
    return await page.text();
  },
  mtlsCertificate: async (env) => {
    // docs:begin mtlsCertificate
    const response = await env.BANK.fetch("https://bank.example.com/accounts");
    // docs:end mtlsCertificate
    return response.status;
  },
  vpcService: async (env) => {
    // docs:begin vpcService
    const response = await env.CRM.fetch("http://crm.internal/customers");
    // docs:end vpcService
    return response.status;
  },
  vpcNetwork: async (env) => {
    // docs:begin vpcNetwork
    const response = await env.OFFICE.fetch("http://10.0.0.5:8080/status");
    // docs:end vpcNetwork
    return response.status;
  },
  sendEmail: async (env) => {
    // docs:begin sendEmail
    await env.MAIL.send({ from: "app@example.com", to: "team@example.com", subject: "Hello", text: "A visitor." });
    // docs:end sendEmail
  },
  pipeline: async (env) => {
    // docs:begin pipeline
    await env.EVENTS.send([{ user: "ada", action: "login" }]);
    // docs:end pipeline
  },
  ai: async (env) => {
    // docs:begin ai
    const answer = await env.AI.run("@cf/meta/llama-3.1-8b-instruct", { prompt: "What is a Worker?" });
    // docs:end ai
    return answer;
  },
  aiSearch: async (env) => {
    // docs:begin aiSearch
    const { chunks } = await env.DOCS.search({ messages: [{ role: "user", content: "How do I deploy?" }] });
    // docs:end aiSearch
    return chunks;
  },
  aiSearchNamespace: async (env) => {
    // docs:begin aiSearchNamespace
    const { chunks } = await env.TENANTS.get("acme").search({ messages: [{ role: "user", content: "prices" }] });
    // docs:end aiSearchNamespace
    return chunks;
  },
  agentMemory: async (env) => {
    // docs:begin agentMemory
    const profile = await env.MEMORY.getProfile("ada");
    const { answer } = await profile.recall("Which language does she write?");
    // docs:end agentMemory
    return answer;
  },
  webSearch: async (env) => {
    // docs:begin webSearch
    const { items } = await env.WEB.search({ query: "Cloudflare Workers" });
    // docs:end webSearch
    return items;
  },
  browser: async (env) => {
    // docs:begin browser
    const screenshot = await env.BROWSER.quickAction("screenshot", { url: "https://example.com" });
    // docs:end browser
    return screenshot.status;
  },
  images: async (env, _request, body) => {
    // docs:begin images
    const image = await env.IMAGES.input(body).transform({ width: 200 }).output({ format: "image/webp" });
    // docs:end images
    return image.contentType();
  },
  media: async (env, _request, body) => {
    // docs:begin media
    const clip = env.MEDIA.input(body).transform({ width: 480 }).output({ mode: "video", duration: "5s" });
    // docs:end media
    return await clip.contentType();
  },
  stream: async (env) => {
    // docs:begin stream
    const video = await env.STREAM.video("5d5bc37ffcf54c9b82e996823bffbb81").details();
    // docs:end stream
    return video;
  },
  rateLimit: async (env) => {
    // docs:begin rateLimit
    const { success } = await env.LIMIT.limit({ key: "ada" });
    // docs:end rateLimit
    return success;
  },
  flagship: async (env) => {
    // docs:begin flagship
    const dark = await env.FLAGS.getBooleanValue("dark-mode", false);
    // docs:end flagship
    return dark;
  },
  versionMetadata: (env) => {
    // docs:begin versionMetadata
    const { id, tag, timestamp } = env.VERSION;
    // docs:end versionMetadata
    return [typeof id, typeof tag, typeof timestamp];
  },
  raw: async (env) => {
    // docs:begin raw
    const answer = await env.GREETER.get();
    // docs:end raw
    return answer;
  },
};

export default {
  async fetch(request, env): Promise<Response> {
    const kind = new URL(request.url).pathname.slice(1);
    const use = uses[kind];
    if (use === undefined) return Response.json({ kinds: Object.keys(uses) }, { status: 404 });
    try {
      const body = request.body ?? new Response("").body;
      return Response.json({ result: (await use(env, request, body as ReadableStream<Uint8Array>)) ?? null });
    } catch (error) {
      return Response.json({ error: `${error}` }, { status: 501 });
    }
  },
} satisfies ExportedHandler<Env>;
