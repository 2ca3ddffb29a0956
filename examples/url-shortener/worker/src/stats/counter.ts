// SPDX-License-Identifier: Apache-2.0

import { DurableObject } from "cloudflare:workers";

import type { Hit } from "../hit";

/** How often a link was visited. */
export interface Summary {
  total: number;
  days: { day: string; hits: number }[]; // in UTC, the latest first, at most 30
  countries: { country: string; hits: number }[]; // the most frequent first, at most 10
}

/** A queue keeps a message for 4 days and may deliver it twice; so long must it be known that it was counted. */
const rememberedMilliseconds = 5 * 24 * 60 * 60 * 1000;

/** Counts the visits of one link. */
export class HitCounter extends DurableObject {
  /** Counts hits, each once however often it is delivered. */
  record(hits: (Hit & { id: string })[]): void {
    const sql = this.#open();
    // All of it or nothing: an exception takes back what was done before it.
    this.ctx.storage.transactionSync(() => {
      for (const { id, at, country } of hits) {
        const isNew = sql.exec("INSERT INTO seen (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id", id, at);
        if (isNew.toArray().length === 0) continue;
        const day = new Date(at).toISOString().slice(0, 10);
        sql.exec(
          `INSERT INTO hits (day, country, hits) VALUES (?, ?, 1)
           ON CONFLICT (day, country) DO UPDATE SET hits = hits + 1`,
          day,
          country,
        );
      }
      sql.exec("DELETE FROM seen WHERE at < ?", Date.now() - rememberedMilliseconds);
    });
  }

  /** Says what was counted. */
  summary(): Summary {
    const sql = this.#open();
    return {
      total: sql.exec<{ total: number }>("SELECT coalesce(sum(hits), 0) AS total FROM hits").one().total,
      days: sql
        .exec<{ day: string; hits: number }>(
          "SELECT day, sum(hits) AS hits FROM hits GROUP BY day ORDER BY day DESC LIMIT 30",
        )
        .toArray(),
      countries: sql
        .exec<{ country: string; hits: number }>(
          "SELECT country, sum(hits) AS hits FROM hits GROUP BY country ORDER BY hits DESC, country LIMIT 10",
        )
        .toArray(),
    };
  }

  /** Deletes all that was counted. An object that stores nothing ceases to exist. */
  async forget(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  /** Makes the tables where they are missing: in a new object, and in one that was told to forget. */
  #open(): SqlStorage {
    this.ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS hits (
        day TEXT, country TEXT, hits INTEGER NOT NULL, PRIMARY KEY (day, country)
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
    `);
    return this.ctx.storage.sql;
  }
}
