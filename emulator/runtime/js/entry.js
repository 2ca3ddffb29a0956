// SPDX-License-Identifier: Apache-2.0

// The first Worker that a request reaches: it hands the request to the service that the front door chose, and
// tells the front door when that service threw, which a status alone would not. A request with an event calls another
// handler of the service and is answered with what came of it.
export default {
  async fetch(request, env) {
    const service = request.headers.get("emulator-service");
    if (!service) return new Response(null, { status: 204 }); // asked whether the process is alive
    const event = request.headers.get("emulator-event");
    try {
      if (event) return Response.json((await call[event](env[service], await request.json(), env)) ?? null);
      const forwarded = new Request(request);
      forwarded.headers.delete("emulator-service");
      return await (env[`assets:${service}`] ?? env[service]).fetch(forwarded);
    } catch (error) {
      return new Response(null, { status: 500, headers: { "emulator-exception": encodeURIComponent(String(error)) } });
    }
  },
};

const call = {
  queue: (service, { queue, messages }) => service.queue(queue, (messages ?? []).map(message)),
  workflow: (_, { workflow, method, args }, env) => env[workflow][method](...args),
  email,
  scheduled: (service, { cron, scheduledTime }) => service.scheduled({ cron, scheduledTime: new Date(scheduledTime) }),
};

// email calls the handler by RPC, since no service has a method for it; so do the functions of the message come back.
async function email(service, { from, to, raw, headers }) {
  const bytes = Uint8Array.from(atob(raw), (c) => c.charCodeAt(0));
  const result = { outcome: "ok", error: "", rejectReason: "", forwards: [] };
  try {
    await service.email({
      from,
      to,
      raw: new Response(bytes).body,
      rawSize: bytes.byteLength,
      headers: new Headers(headers),
      setReject(reason) {
        result.rejectReason = String(reason);
      },
      async forward(recipient) {
        result.forwards.push(String(recipient));
        return { messageId: `<${crypto.randomUUID()}@emulator>` };
      },
      async reply() {
        throw new Error("the emulator does not have message.reply");
      },
    });
  } catch (error) {
    result.outcome = "exception";
    result.error = String(error);
  }
  await scheduler.wait(0); // a setReject that nobody waited for
  return result;
}

function message({ id, timestamp, attempts, contentType, body }) {
  const bytes = Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
  const fields = { id, timestamp: new Date(timestamp), attempts };
  switch (contentType) {
    case "text":
      return { ...fields, body: new TextDecoder().decode(bytes) };
    case "json":
      return { ...fields, body: JSON.parse(new TextDecoder().decode(bytes)) };
    case "bytes":
      return { ...fields, body: bytes.buffer };
    default:
      return { ...fields, serializedBody: bytes };
  }
}
