// SPDX-License-Identifier: Apache-2.0

// What the stack binds.
interface Env {
  GREETING: string;
  VISITS: {
    get(key: string): Promise<string | null>;
    put(key: string, value: string): Promise<void>;
  };
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url);
    const visit = Number((await env.VISITS.get(pathname)) ?? 0) + 1;
    await env.VISITS.put(pathname, String(visit));
    return new Response(`${env.GREETING}, visitor ${visit} of ${pathname}`);
  },
};
