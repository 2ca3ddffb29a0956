// SPDX-License-Identifier: Apache-2.0

// Routes requests by method and path, and answers from a cache in KV what is slow to get from an upstream service.

interface Env {
  UPSTREAM: string; // a variable: where the articles are
  CACHE: KVNamespace;
}

/** How long an article is answered from the cache, and how long an old one may stand in for an upstream that is down. */
const freshSeconds = 60;
const staleSeconds = 24 * 60 * 60;

type Handler = (params: Record<string, string>, env: Env, ctx: ExecutionContext) => Promise<Response>;

const routes: { method: string; pattern: URLPattern; handler: Handler }[] = [
  { method: "GET", pattern: new URLPattern({ pathname: "/articles/:id(\\d+)" }), handler: article },
  { method: "DELETE", pattern: new URLPattern({ pathname: "/cache/:id(\\d+)" }), handler: purge },
];

export default {
  async fetch(request, env, ctx): Promise<Response> {
    let allowed: string[] = [];
    for (const { method, pattern, handler } of routes) {
      const match = pattern.exec(request.url);
      if (match === null) continue;
      if (method === request.method) return await handler(match.pathname.groups as Record<string, string>, env, ctx);
      allowed.push(method);
    }
    if (allowed.length === 0) return problem(404, "there is nothing here");
    return problem(405, `${request.method} is not possible here`, { allow: allowed.join(", ") });
  },
} satisfies ExportedHandler<Env>;

/** What the cache knows of an article besides its text. */
interface Cached {
  fetchedAt: number; // milliseconds since 1970
  contentType: string;
}

async function article({ id }: Record<string, string>, env: Env, ctx: ExecutionContext): Promise<Response> {
  const key = `article:${id}`;
  const { value, metadata } = await env.CACHE.getWithMetadata<Cached>(key);
  if (value !== null && metadata !== null && metadata.fetchedAt > Date.now() - freshSeconds * 1000) {
    return answer(value, metadata.contentType, "hit");
  }
  try {
    const response = await fetch(new URL(`/articles/${id}`, env.UPSTREAM), { signal: AbortSignal.timeout(5000) });
    if (response.status === 404) return problem(404, `there is no article ${id}`);
    if (!response.ok) throw new Error(`upstream answered ${response.status}`);
    const text = await response.text();
    const contentType = response.headers.get("content-type") ?? "text/plain";
    // The visitor does not wait until it is stored.
    ctx.waitUntil(
      env.CACHE.put(key, text, { expirationTtl: staleSeconds, metadata: { fetchedAt: Date.now(), contentType } }),
    );
    return answer(text, contentType, "miss");
  } catch (error) {
    console.error(`article ${id}: ${error}`);
    if (value !== null && metadata !== null) return answer(value, metadata.contentType, "stale");
    return problem(502, "the articles cannot be reached");
  }
}

async function purge({ id }: Record<string, string>, env: Env): Promise<Response> {
  await env.CACHE.delete(`article:${id}`);
  return new Response(null, { status: 204 });
}

function answer(text: string, contentType: string, cache: "hit" | "miss" | "stale"): Response {
  return new Response(text, { headers: { "content-type": contentType, "x-cache": cache } });
}

function problem(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error }, { status, headers });
}
