// SPDX-License-Identifier: Apache-2.0

import type { Env } from "./env";
import { authorize, HttpError } from "./http";
import type { Link } from "./links";
import { isExpired, isSlug, Links } from "./links";

/** How many links a page of the list has. */
const pageSize = 100;

/** The longest life of a link that is to end: ten years, in seconds. */
const longestTtl = 10 * 365 * 24 * 60 * 60;

interface Call {
  request: Request;
  env: Env;
  links: Links;
  slug: string; // of the path; empty in that of the list
}

type Handler = (call: Call) => Promise<Response>;

const paths: { pattern: URLPattern; methods: Record<string, Handler> }[] = [
  { pattern: new URLPattern({ pathname: "/api/links" }), methods: { GET: list, POST: create } },
  { pattern: new URLPattern({ pathname: "/api/links/:slug" }), methods: { GET: show, DELETE: remove } },
  { pattern: new URLPattern({ pathname: "/api/links/:slug/image" }), methods: { GET: image, PUT: putImage } },
];

/** Answers what is below /api/. */
export async function api(request: Request, env: Env): Promise<Response> {
  for (const { pattern, methods } of paths) {
    const match = pattern.exec(request.url);
    if (match === null) continue;
    const handler = methods[request.method];
    if (handler === undefined) {
      throw new HttpError(405, `${request.method} is not possible here`, { allow: Object.keys(methods).join(", ") });
    }
    if (handler !== image) await authorize(request, env.API_TOKEN);
    return await handler({ request, env, links: new Links(env), slug: match.pathname.groups["slug"] ?? "" });
  }
  throw new HttpError(404, "there is nothing here");
}

async function list({ request, links }: Call): Promise<Response> {
  const after = new URL(request.url).searchParams.get("after") ?? "";
  const page = await links.list(after, pageSize);
  const next = page.length === pageSize ? page.at(-1)?.slug : undefined;
  return Response.json({ links: page.map((link) => view(link, request)), next });
}

async function create({ request, links }: Call): Promise<Response> {
  const { url, slug, ttl } = await newLink(request);
  const link = await links.create(url, slug, ttl === undefined ? null : Date.now() + ttl * 1000);
  if (link === null) throw new HttpError(409, `the name ${slug} is taken`);
  const shown = view(link, request);
  return Response.json(shown, { status: 201, headers: { location: `/api/links/${link.slug}` } });
}

async function show({ request, env, links, slug }: Call): Promise<Response> {
  const link = await existing(links, slug);
  return Response.json({ ...view(link, request), stats: await env.STATS.summary(slug) });
}

async function remove({ env, links, slug }: Call): Promise<Response> {
  await existing(links, slug);
  await discard([slug], env, links);
  return new Response(null, { status: 204 });
}

async function putImage({ request, env, links, slug }: Call): Promise<Response> {
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^image\/(avif|gif|jpeg|png|webp)$/.test(contentType)) {
    throw new HttpError(415, "the image must be of type avif, gif, jpeg, png or webp");
  }
  // R2 stores a stream only if it is told how long it will be.
  const length = Number(request.headers.get("content-length") ?? NaN);
  if (request.body === null || !Number.isInteger(length)) throw new HttpError(411, "the image's length must be given");
  if (length > env.LIMITS.imageBytes) {
    throw new HttpError(413, `the image is larger than ${env.LIMITS.imageBytes} bytes`);
  }
  await existing(links, slug);
  const object = await env.IMAGES.put(imageKey(slug), request.body, { httpMetadata: { contentType } });
  return Response.json({ bytes: object.size, etag: object.httpEtag }, { status: 201 });
}

async function image({ request, env, links, slug }: Call): Promise<Response> {
  await existing(links, slug);
  const object = await env.IMAGES.get(imageKey(slug), { onlyIf: request.headers });
  if (object === null) throw new HttpError(404, `the link ${slug} has no image`);
  const headers = new Headers({ etag: object.httpEtag, "cache-control": "public, max-age=300" });
  object.writeHttpMetadata(headers);
  // Without a body the condition failed: what the browser has is what we have.
  return "body" in object ? new Response(object.body, { headers }) : new Response(null, { status: 304, headers });
}

/** Deletes links with all that belongs to them, and the links last: what breaks off is found again. */
export async function discard(slugs: string[], env: Env, links: Links): Promise<void> {
  if (slugs.length === 0) return;
  await Promise.all([env.IMAGES.delete(slugs.map(imageKey)), env.STATS.forget(slugs)]);
  await links.remove(slugs);
}

async function existing(links: Links, slug: string): Promise<Link> {
  const link = await links.get(slug);
  if (link === null || isExpired(link)) throw new HttpError(404, `there is no link ${slug}`);
  return link;
}

/** Reads what a link is to be made of. */
async function newLink(request: Request): Promise<{ url: string; slug?: string; ttl?: number }> {
  const body: unknown = await request.json().catch(() => {
    throw new HttpError(400, "the body must be JSON");
  });
  if (typeof body !== "object" || body === null) throw new HttpError(400, "the body must be an object");
  const { url, slug, ttl } = body as Record<string, unknown>;
  if (typeof url !== "string" || !/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new HttpError(400, "url must be an address that begins with http:// or https://");
  }
  if (slug !== undefined && (typeof slug !== "string" || !isSlug(slug))) {
    throw new HttpError(400, "slug must be 3 to 32 letters, digits, - and _");
  }
  if (ttl !== undefined && (typeof ttl !== "number" || !(ttl >= 1 && ttl <= longestTtl))) {
    throw new HttpError(400, `ttl must be a number of seconds from 1 to ${longestTtl}`);
  }
  return { url, slug, ttl };
}

/** The link as the world sees it. */
function view({ slug, url, createdAt, expiresAt }: Link, request: Request): object {
  return {
    slug,
    url,
    short: new URL(`/${slug}`, request.url).href,
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
}

const imageKey = (slug: string): string => `links/${slug}`;
