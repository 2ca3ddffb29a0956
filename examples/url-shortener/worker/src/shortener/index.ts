// SPDX-License-Identifier: Apache-2.0

// The Worker that the world sees: short addresses, an API to make them, and the site in public/, which Cloudflare
// serves without asking this Worker.

import { api, discard } from "./api";
import type { Env } from "./env";
import { errorResponse, HttpError } from "./http";
import { isSlug, Links } from "./links";

/** How many links one run of the cron job deletes. What is left waits for the next. */
const expiredAtOnce = 100;

export default {
  async fetch(request, env, ctx): Promise<Response> {
    try {
      const { pathname } = new URL(request.url);
      return pathname.startsWith("/api/") ? await api(request, env) : await redirect(request, env, ctx);
    } catch (error) {
      return errorResponse(error);
    }
  },

  /** Deletes links whose time is over. */
  async scheduled(controller, env): Promise<void> {
    const links = new Links(env);
    const slugs = await links.expired(controller.scheduledTime, expiredAtOnce);
    await discard(slugs, env, links);
    console.log(`deleted ${slugs.length} expired links`);
  },
} satisfies ExportedHandler<Env>;

async function redirect(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new HttpError(405, `${request.method} is not possible here`, { allow: "GET, HEAD" });
  }
  const slug = new URL(request.url).pathname.slice(1);
  const link = isSlug(slug) ? await new Links(env).find(slug) : null;
  if (link === null) {
    const page = await env.ASSETS.fetch(new URL("/404", request.url));
    return new Response(page.body, { status: 404, headers: page.headers });
  }
  // Nobody waits for the count, and it is no reason for a redirect to fail.
  const hit = { slug, at: Date.now(), country: String(request.cf?.country ?? "XX") };
  ctx.waitUntil(env.HITS.send(hit).catch((error: unknown) => console.error(`lost a hit of ${slug}: ${error}`)));
  return new Response(null, { status: 302, headers: { location: link.url, "cache-control": "private, no-store" } });
}
