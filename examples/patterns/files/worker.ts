// SPDX-License-Identifier: Apache-2.0

// Uploads to and downloads from an R2 bucket, as streams: a file is never in the Worker's memory as a whole. Downloads
// may be conditional, or of a part.

interface Env {
  FILES: R2Bucket;
  UPLOAD_TOKEN: string; // a secret: who has it may write
}

const prefix = "/files/";

export default {
  async fetch(request, env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith(prefix)) return problem(404, "files are below /files/");
    const key = decode(pathname.slice(prefix.length));
    if (key === undefined) return problem(400, "the name is not well encoded");
    if (key === "" && request.method === "GET") return await list(searchParams, env);
    switch (request.method) {
      case "GET":
        return await download(request, env, key);
      case "HEAD":
        return await head(env, key);
      case "PUT":
      case "DELETE":
        if (!(await mayWrite(request, env))) return problem(401, "this needs the token", { "www-authenticate": "Bearer" });
        return request.method === "PUT" ? await upload(request, env, key) : await remove(env, key);
    }
    return problem(405, `${request.method} is not possible here`, { allow: "GET, HEAD, PUT, DELETE" });
  },
} satisfies ExportedHandler<Env>;

async function list(query: URLSearchParams, env: Env): Promise<Response> {
  const page = await env.FILES.list({ prefix: query.get("prefix") ?? "", cursor: query.get("cursor") ?? undefined });
  return Response.json({
    files: page.objects.map(({ key, size, httpEtag }) => ({ key, size, etag: httpEtag })),
    cursor: page.truncated ? page.cursor : undefined,
  });
}

async function upload(request: Request, env: Env, key: string): Promise<Response> {
  if (request.body === null || request.headers.get("content-length") === null) {
    return problem(411, "the file's length must be given");
  }
  // With If-None-Match: * only a new file is stored, with If-Match only in place of the one that is named.
  const object = await env.FILES.put(key, request.body, { httpMetadata: request.headers, onlyIf: request.headers });
  if (object === null) return problem(412, "the file is not what the condition says");
  return Response.json({ key, size: object.size, etag: object.httpEtag }, { status: 201 });
}

async function download(request: Request, env: Env, key: string): Promise<Response> {
  const object = await env.FILES.get(key, { onlyIf: request.headers, range: request.headers }).catch(() => "bad range");
  if (typeof object === "string") return problem(416, "the file has no such part");
  if (object === null) return problem(404, `there is no file ${key}`);
  const headers = describe(object);
  if (!("body" in object)) {
    // The condition failed. If-Match asks for what has changed, the others for what has not.
    return new Response(null, { status: request.headers.has("if-match") ? 412 : 304, headers });
  }
  if (object.range === undefined || !request.headers.has("range")) return new Response(object.body, { headers });
  const { offset, length } = part(object.range, object.size);
  headers.set("content-range", `bytes ${offset}-${offset + length - 1}/${object.size}`);
  return new Response(object.body, { status: 206, headers });
}

async function head(env: Env, key: string): Promise<Response> {
  const object = await env.FILES.head(key);
  if (object === null) return new Response(null, { status: 404 });
  const headers = describe(object);
  headers.set("content-length", String(object.size));
  return new Response(null, { headers });
}

async function remove(env: Env, key: string): Promise<Response> {
  await env.FILES.delete(key);
  return new Response(null, { status: 204 });
}

/** The headers that a file is served with: those that it was uploaded with. */
function describe(object: R2Object): Headers {
  const headers = new Headers({ etag: object.httpEtag, "accept-ranges": "bytes" });
  object.writeHttpMetadata(headers);
  return headers;
}

/** Where a part begins and how long it is. */
function part(range: R2Range, size: number): { offset: number; length: number } {
  const { offset, length, suffix } = range as { offset?: number; length?: number; suffix?: number };
  const begin = suffix === undefined ? (offset ?? 0) : Math.max(0, size - suffix);
  return { offset: begin, length: Math.min(length ?? size, size - begin) };
}

async function mayWrite(request: Request, env: Env): Promise<boolean> {
  const given = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
  // Digests have one length, so that comparing takes as long whatever was given.
  const [a, b] = await Promise.all([digest(given), digest(env.UPLOAD_TOKEN)]);
  return crypto.subtle.timingSafeEqual(a, b);
}

async function digest(text: string): Promise<ArrayBuffer> {
  return await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function problem(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error }, { status, headers });
}
