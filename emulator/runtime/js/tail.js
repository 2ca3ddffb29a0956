// SPDX-License-Identifier: Apache-2.0

// Reports what other Workers logged and threw. Its props name the Worker and its service.
export default {
  async tail(events, env, ctx) {
    const report = events.map((event) => ({
      worker: ctx.props.worker,
      service: ctx.props.service,
      // The front door invokes default entrypoints only: others, such as Durable Objects, just hand its request on.
      ray: event.entrypoint ? undefined : event.event?.request?.headers["cf-ray"],
      logs: event.logs.map(({ level, message }) => ({ level, text: message.map(show).join(" ") })),
      exceptions: event.exceptions.map(({ name, message, stack }) => ({ name, message, stack })),
    }));
    const response = await env.BACKEND.fetch("http://backend/", { method: "POST", body: JSON.stringify(report) });
    await response.arrayBuffer();
  },
};

function show(value) {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}
