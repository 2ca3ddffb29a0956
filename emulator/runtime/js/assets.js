// SPDX-License-Identifier: Apache-2.0

// Stands before a Worker with static assets: the backend answers, or says that the Worker is to. Whatever else the
// Worker's default entrypoint has is reached through it.
import { WorkerEntrypoint } from "cloudflare:workers";

const DECISION = "emulator-assets";

export default class Router extends WorkerEntrypoint {
  constructor(ctx, env) {
    super(ctx, env);
    return new Proxy(this, {
      get: (target, key) => (Reflect.has(target, key) || !env.WORKER ? Reflect.get(target, key) : env.WORKER[key]),
    });
  }

  async fetch(request) {
    const { method, headers } = request;
    const asked = new Request(request.url, { method, headers, redirect: "manual" });
    const answer = await this.env.ROUTER.fetch(asked);
    if (answer.headers.get(DECISION) === "worker") {
      await answer.body?.cancel();
      return this.env.WORKER.fetch(request);
    }
    const response = new Response(answer.body, answer);
    // The front door alone learns that no Worker ran.
    if (!this.ctx.props?.door) response.headers.delete(DECISION);
    return response;
  }
}
