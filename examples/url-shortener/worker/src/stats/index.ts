// SPDX-License-Identifier: Apache-2.0

// The Worker that counts. The world cannot reach it: it takes messages from a queue, and answers other Workers through
// a service binding.

import { WorkerEntrypoint } from "cloudflare:workers";

import type { Hit } from "../hit";
import type { Summary } from "./counter";
import { HitCounter } from "./counter";

export { HitCounter };

/** What the programs beside this directory give the Worker. */
interface Env {
  COUNTERS: DurableObjectNamespace<HitCounter>; // one object for each link
}

/** How long after a failure a message is delivered again. */
const retryDelaySeconds = 30;

/** What other Workers may call. */
export class Stats extends WorkerEntrypoint<Env> {
  /** Says how often a link was visited. */
  async summary(slug: string): Promise<Summary> {
    return await this.env.COUNTERS.getByName(slug).summary();
  }

  /** Deletes what is known of links. */
  async forget(slugs: string[]): Promise<void> {
    await Promise.all(slugs.map((slug) => this.env.COUNTERS.getByName(slug).forget()));
  }
}

export default {
  async queue(batch, env) {
    const bySlug = Map.groupBy(batch.messages, (message) => message.body.slug);
    await Promise.all(
      Array.from(bySlug, async ([slug, messages]) => {
        try {
          await env.COUNTERS.getByName(slug).record(messages.map(({ id, body }) => ({ id, ...body })));
          for (const message of messages) message.ack();
        } catch (error) {
          // The hits of other links are counted nevertheless.
          console.error(`count ${messages.length} hits of ${slug}: ${error}`);
          for (const message of messages) message.retry({ delaySeconds: retryDelaySeconds });
        }
      }),
    );
  },
} satisfies ExportedHandler<Env, Hit>;
