// SPDX-License-Identifier: Apache-2.0

import type { Env } from "./env";

/** A short name and what it stands for. Times are milliseconds since 1970. */
export interface Link {
  slug: string;
  url: string;
  createdAt: number;
  expiresAt: number | null; // null: never
}

/** How long a link stays in the cache, in seconds. */
const cacheSeconds = 60 * 60;

/** KV keeps nothing for less than a minute. */
const shortestCacheSeconds = 60;

/** How often another name is tried when one that was made up is taken. */
const attempts = 5;

/** A name that somebody may choose: none that a file of the site has, for those have a dot. */
const slugPattern = /^[A-Za-z0-9_-]{3,32}$/;

const columns = "slug, url, created_at AS createdAt, expires_at AS expiresAt";

/** Links in D1, with KV in front. */
export class Links {
  readonly #db: D1Database;
  readonly #cache: KVNamespace;

  constructor(env: Pick<Env, "DB" | "CACHE">) {
    this.#db = env.DB;
    this.#cache = env.CACHE;
  }

  /** Returns the link of that name unless it has expired. Where it is cached, this asks no database. */
  async find(slug: string): Promise<Link | null> {
    const cached = await this.#cache.get<Link>(slug, "json");
    const link = cached ?? (await this.get(slug));
    if (link === null || isExpired(link)) return null;
    if (cached === null) await this.#remember(link);
    return link;
  }

  /** Returns the link of that name as the database has it. */
  async get(slug: string): Promise<Link | null> {
    return await this.#db.prepare(`SELECT ${columns} FROM links WHERE slug = ?`).bind(slug).first<Link>();
  }

  /** Returns links in the order of their names, from the one that follows a name. */
  async list(after: string, limit: number): Promise<Link[]> {
    const query = this.#db.prepare(`SELECT ${columns} FROM links WHERE slug > ? ORDER BY slug LIMIT ?`);
    return (await query.bind(after, limit).all<Link>()).results;
  }

  /** Makes a link, with a name of its own if it is given none. Null: the name is taken. */
  async create(url: string, slug: string | undefined, expiresAt: number | null): Promise<Link | null> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const link = await this.#insert({ slug: slug ?? randomSlug(), url, createdAt: Date.now(), expiresAt });
      if (link !== null || slug !== undefined) return link;
    }
    throw new Error(`found no free name in ${attempts} attempts`);
  }

  async #insert({ slug, url, createdAt, expiresAt }: Link): Promise<Link | null> {
    return await this.#db
      .prepare(
        `INSERT INTO links (slug, url, created_at, expires_at) VALUES (?, ?, ?, ?)
         ON CONFLICT DO NOTHING RETURNING ${columns}`,
      )
      .bind(slug, url, createdAt, expiresAt)
      .first<Link>();
  }

  /** Returns the names of links that expired before a time, the longest expired first. */
  async expired(before: number, limit: number): Promise<string[]> {
    const { results } = await this.#db
      .prepare("SELECT slug FROM links WHERE expires_at <= ? ORDER BY expires_at LIMIT ?")
      .bind(before, limit)
      .all<{ slug: string }>();
    return results.map(({ slug }) => slug);
  }

  /** Deletes links. KV may answer with one for up to a minute elsewhere in the world. */
  async remove(slugs: string[]): Promise<void> {
    if (slugs.length === 0) return;
    const statement = this.#db.prepare("DELETE FROM links WHERE slug = ?");
    await this.#db.batch(slugs.map((slug) => statement.bind(slug)));
    await Promise.all(slugs.map((slug) => this.#cache.delete(slug)));
  }

  async #remember(link: Link): Promise<void> {
    const left = link.expiresAt === null ? Infinity : Math.floor((link.expiresAt - Date.now()) / 1000);
    if (left < shortestCacheSeconds) return;
    await this.#cache.put(link.slug, JSON.stringify(link), { expirationTtl: Math.min(left, cacheSeconds) });
  }
}

/** Reports whether a link can have that name. */
export function isSlug(text: string): boolean {
  return slugPattern.test(text) && text !== "api";
}

/** Reports whether the link's time is over. */
export function isExpired({ expiresAt }: Link): boolean {
  return expiresAt !== null && expiresAt <= Date.now();
}

/** Makes up a name of 7 letters and digits: one of 3.5 million millions, each as likely as another. */
function randomSlug(): string {
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  let slug = "";
  while (slug.length < 7) {
    // 248 is the largest multiple of 62 that a byte can reach; what is above it would favour some characters.
    for (const byte of crypto.getRandomValues(new Uint8Array(16))) {
      if (byte < 248 && slug.length < 7) slug += alphabet[byte % alphabet.length];
    }
  }
  return slug;
}
