// SPDX-License-Identifier: Apache-2.0

// Takes mail to an address: what is not wanted is refused, so that its sender learns it; the rest is kept in an R2 bucket
// and forwarded to people.

interface Env {
  FORWARD_TO: string; // a variable: an address that is verified for Email Routing
  UNWANTED: string[]; // a variable: domains
  MAIL: R2Bucket;
}

export default {
  async email(message, env): Promise<void> {
    const domain = message.from.slice(message.from.lastIndexOf("@") + 1).toLowerCase();
    if (env.UNWANTED.includes(domain)) {
      message.setReject(`mail from ${domain} is not wanted`);
      return;
    }
    const key = `${new Date().toISOString().slice(0, 10)}/${crypto.randomUUID()}.eml`;
    // R2 stores a stream only if it is told how long it will be.
    await env.MAIL.put(key, message.raw.pipeThrough(new FixedLengthStream(message.rawSize)), {
      httpMetadata: { contentType: "message/rfc822" },
      customMetadata: { from: message.from, to: message.to, subject: message.headers.get("subject") ?? "" },
    });
    await message.forward(env.FORWARD_TO, new Headers({ "X-Archived-As": key }));
  },
} satisfies ExportedHandler<Env>;
