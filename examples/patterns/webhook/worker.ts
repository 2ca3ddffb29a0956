// SPDX-License-Identifier: Apache-2.0

// Takes webhooks: it checks who sent them and answers at once; what is to be done with them waits in a queue. The sender
// signs "<id>.<seconds since 1970>.<body>" with a shared secret, as https://www.standardwebhooks.com has it.

interface Env {
  SECRET: string; // a secret: whsec_ and base64
  DELIVERIES: Queue<Delivery>;
  DB: D1Database;
}

/** One webhook, on its way through the queue. */
interface Delivery {
  id: string;
  payload: unknown;
}

/** How many seconds a signature may be old, or the sender's clock wrong. */
const tolerance = 5 * 60;

export default {
  async fetch(request, env): Promise<Response> {
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    const body = await request.text();
    const id = request.headers.get("webhook-id");
    if (id === null || !(await isSigned(request.headers, id, body, env.SECRET))) {
      return Response.json({ error: "the signature is not right" }, { status: 401 });
    }
    let payload: unknown;
    try {
      payload = JSON.parse(body);
    } catch {
      return Response.json({ error: "the body must be JSON" }, { status: 400 });
    }
    // If this fails the sender gets an error, and tries again.
    await env.DELIVERIES.send({ id, payload });
    return new Response(null, { status: 202 });
  },

  async queue(batch, env): Promise<void> {
    // Senders and queues may both deliver twice. What fails here is delivered again, and in the end to the other queue.
    const insert = env.DB.prepare("INSERT INTO deliveries (id, event, payload) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    await env.DB.batch(
      batch.messages.map(({ body: { id, payload } }) => insert.bind(id, eventOf(payload), JSON.stringify(payload))),
    );
  },
} satisfies ExportedHandler<Env, Delivery>;

async function isSigned(headers: Headers, id: string, body: string, secret: string): Promise<boolean> {
  const timestamp = headers.get("webhook-timestamp") ?? "";
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp || NaN)) <= tolerance)) return false;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", fromBase64(secret.replace(/^whsec_/, "")), hmac, false, ["verify"]);
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  // There may be several signatures, while the secret is being changed.
  for (const signature of (headers.get("webhook-signature") ?? "").split(" ")) {
    const text = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(signature)?.[1];
    // verify() takes as long whatever is wrong with the signature.
    if (text !== undefined && (await crypto.subtle.verify(hmac, key, fromBase64(text), signed))) return true;
  }
  return false;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function eventOf(payload: unknown): string {
  const type = typeof payload === "object" && payload !== null && "type" in payload ? payload.type : undefined;
  return typeof type === "string" ? type : "unknown";
}
