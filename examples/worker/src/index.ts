// SPDX-License-Identifier: Apache-2.0

import about from "./about.txt";

/** What the programs beside this directory give the Worker. */
interface Env {
  GREETING: string; // a variable
  LIMITS: { visits: number }; // a variable that is not a string: JSON
  SIGNING_KEY: string; // a secret
  VISITS: Counter; // a KV namespace
  GUESTS: Database; // a D1 database
  NEWS: Sender; // a queue
}

/** The part of a KV namespace that is used here. */
interface Counter {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
}

/** The part of a D1 database that is used here. */
interface Database {
  prepare(sql: string): { bind(...values: unknown[]): { run(): Promise<unknown> } };
}

/** The part of a queue that is used here. */
interface Sender {
  send(message: unknown): Promise<unknown>;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const visit = Number((await env.VISITS.get("count")) ?? 0) + 1;
    if (visit > env.LIMITS.visits) {
      return new Response("come back tomorrow\n", { status: 429 });
    }
    await env.VISITS.put("count", String(visit));
    const { host } = new URL(request.url);
    await env.GUESTS.prepare("INSERT INTO guests (visit, host) VALUES (?, ?)").bind(visit, host).run();
    await env.NEWS.send({ visit });
    const message = `${env.GREETING} from ${host}`;
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
