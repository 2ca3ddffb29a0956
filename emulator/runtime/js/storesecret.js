// SPDX-License-Identifier: Apache-2.0

// A binding to a secret of Secrets Store. Its props name the secret; the value is asked for at each call. The message is
// that of packages/miniflare/src/workers/secrets-store/secret.worker.ts in workers-sdk.
import { WorkerEntrypoint } from "cloudflare:workers";

export class StoreSecret extends WorkerEntrypoint {
  async get() {
    const { account, store, name } = this.ctx.props;
    const body = JSON.stringify({ account, store, name });
    const response = await this.env.BACKEND.fetch("http://backend/", { method: "POST", body });
    const value = await response.arrayBuffer();
    if (!response.ok) {
      throw new Error(`Secret "${name}" not found`);
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(value);
  }
}

export default {};
