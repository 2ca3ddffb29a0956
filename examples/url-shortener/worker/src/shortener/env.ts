// SPDX-License-Identifier: Apache-2.0

import type { Hit } from "../hit";
import type { Stats } from "../stats/index";

/** What the programs beside this directory give the Worker. */
export interface Env {
  API_TOKEN: string; // a secret: who has it may make and delete links
  LIMITS: { imageBytes: number }; // a variable that is not a string: JSON
  ASSETS: Fetcher; // what is in public/
  CACHE: KVNamespace; // links that were asked for lately
  DB: D1Database; // all links
  IMAGES: R2Bucket; // a picture for each link that has one
  HITS: Queue<Hit>; // visits, for the Worker that counts them
  STATS: Service<typeof Stats>; // that Worker
}
