// SPDX-License-Identifier: Apache-2.0

// The API behind the gateway. It has no route and no workers.dev address, so that whoever asks has passed the gateway.

import { WorkerEntrypoint } from "cloudflare:workers";

export default class Api extends WorkerEntrypoint {
  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    return Response.json({ path: pathname, client: request.headers.get("x-client") });
  }
}
