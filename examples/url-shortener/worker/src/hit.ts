// SPDX-License-Identifier: Apache-2.0

/** One visit of a link: the message by which the shortener announces it, and that the other Worker counts. */
export interface Hit {
  slug: string;
  at: number; // milliseconds since 1970
  country: string; // two letters, as Cloudflare has it
}
