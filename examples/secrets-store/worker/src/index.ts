// SPDX-License-Identifier: Apache-2.0

/** What the programs beside this directory give the Worker. */
interface Env {
  KEY: StoredSecret; // a secret in Secrets Store
}

/** A secret in Secrets Store. Unlike one of the Worker's own it has to be asked for its value. */
interface StoredSecret {
  get(): Promise<string>;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    return new Response(await sign(new URL(request.url).pathname, await env.KEY.get()));
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
