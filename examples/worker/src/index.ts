// SPDX-License-Identifier: Apache-2.0

import about from "./about.txt";

/** What the programs beside this directory give the Worker. */
interface Env {
  GREETING: string; // a variable
  LIMITS: { visits: number }; // a variable that is not a string: JSON
  SIGNING_KEY: string; // a secret
  VISITS: Counter; // a KV namespace
}

/** The part of a KV namespace that is used here. */
interface Counter {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const visit = Number((await env.VISITS.get("count")) ?? 0) + 1;
    if (visit > env.LIMITS.visits) {
      return new Response("come back tomorrow\n", { status: 429 });
    }
    await env.VISITS.put("count", String(visit));
    const message = `${env.GREETING} from ${new URL(request.url).host}`;
    return Response.json({ message, visit, signature: await sign(message, env.SIGNING_KEY), about: about.trim() });
  },
};

/** Proves that the Worker has the key without telling it. */
async function sign(text: string, key: string): Promise<string> {
  const utf8 = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const hmac = await crypto.subtle.importKey("raw", utf8.encode(key), algorithm, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", hmac, utf8.encode(text)));
  return Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
