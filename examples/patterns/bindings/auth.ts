// SPDX-License-Identifier: Apache-2.0

// A Worker that others call, without an address. What they are called is in their bindings' props.

import { WorkerEntrypoint } from "cloudflare:workers";

interface Props {
  tenant: string;
}

export class Admin extends WorkerEntrypoint<unknown, Props> {
  async allowed(user: string): Promise<boolean> {
    return user.endsWith(`@${this.ctx.props.tenant}.example`);
  }
}

export default {
  fetch: (request) => fetch(request), // what a dispatch namespace's Workers send out
} satisfies ExportedHandler;
