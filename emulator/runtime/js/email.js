// SPDX-License-Identifier: Apache-2.0

// A send_email binding: an EmailMessage, or an object with from, to, subject and text or html, is handed to the
// emulator, which checks and records it.
export default function email(env) {
  const raw = Symbol.for("emulator:raw");
  const list = (addresses) => (addresses === undefined ? [] : [addresses].flat()).map(address);
  return {
    async send(message) {
      const { from, to, cc, bcc, subject, text, html } = message;
      const body = { rules: env.rules, from: address(from), to: list(to), cc: list(cc), bcc: list(bcc) };
      if (message[raw] === undefined) Object.assign(body, { subject, text, html });
      else body.raw = await new Response(message[raw]).text();
      const answer = await env.backend.fetch("http://email/", { method: "POST", body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(await answer.text());
      return await answer.json();
    },
  };
}

// address is the address in "Name <address>", { name, email } or a plain address.
function address(value) {
  if (typeof value !== "string") return value?.email;
  return (/<([^>]+)>$/.exec(value)?.[1] ?? value).trim();
}
