// SPDX-License-Identifier: Apache-2.0

// A gateway in front of an API that has no address of its own: it knows the clients by their keys, lets each make so
// many requests in a minute, and tells the API who asks.

import type Api from "./api";

interface Env {
  CLIENTS: KVNamespace; // the name of each client by the SHA-256 of its key in hex
  LIMIT: RateLimit;
  API: Service<typeof Api>;
}

export default {
  async fetch(request, env): Promise<Response> {
    const key = request.headers.get("x-api-key");
    if (key === null) return problem(401, "x-api-key is missing");
    const client = await env.CLIENTS.get(await digest(key), { cacheTtl: 60 });
    if (client === null) return problem(403, "the key is not known");
    const { success } = await env.LIMIT.limit({ key: client });
    if (!success) return problem(429, "too many requests", { "retry-after": "60" });

    const headers = new Headers(request.headers);
    headers.delete("x-api-key");
    headers.set("x-client", client); // whatever the client has called itself
    try {
      return await env.API.fetch(new Request(request, { headers }));
    } catch (error) {
      console.error(`${request.method} ${request.url}: ${error}`);
      return problem(502, "the API cannot be reached");
    }
  },
} satisfies ExportedHandler<Env>;

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function problem(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error }, { status, headers });
}
