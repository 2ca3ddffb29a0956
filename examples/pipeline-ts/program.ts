// SPDX-License-Identifier: Apache-2.0

import * as path from "node:path";

import { CloudflareWorker, D1Database, KvNamespace, Queue, R2Bucket, WorkerBundle } from "pulumi-cloudflare-workers";

/** The reference of a build output that is stored already. Its content is `sha256`, or it is not deployed. */
export interface Bundle {
  bucket: string;
  key: string;
  sha256: string;
}

/** What a stack is to run. */
export interface Release {
  stack: string;
  /** The build output, with the migrations beside it. */
  dist: string;
  /** The code, if another stack has stored and tested it; `dist` is then not stored. */
  promoted?: Bundle;
  signingKey: string;
  /** The newest version failed. */
  failed?: boolean;
  /** The version before that one, with this bundle, serves. */
  takenBack?: Bundle;
}

/**
 * Describes the stack. It is the same for each stack but for where the code comes from. Names are left to the provider,
 * which derives them from the stack's, so that no two stacks meet.
 */
export function program(release: Release) {
  return async () => {
    const bundle = release.promoted ?? stored(release.dist);
    const visits = new KvNamespace("visits");
    const guests = new D1Database("guests", {
      migrations: { directory: path.join(path.dirname(release.dist), "migrations") },
    });
    const news = new Queue("news");
    const hello = new CloudflareWorker("hello", {
      bundle,
      compatibilityDate: "2026-11-01",
      variables: { GREETING: `Hello from ${release.stack}:`, LIMITS: { visits: 1000 } },
      secrets: { SIGNING_KEY: release.signingKey },
      bindings: {
        VISITS: { kvNamespace: { id: visits.id } },
        GUESTS: { d1Database: { id: guests.id } },
        NEWS: { queue: { name: news.name } },
      },
      workersDev: { enabled: true },
      rollout: release.takenBack && { percentage: 0 },
    });
    // The bundle is what the stack serves: what another stack may be promoted to. There is none where it fails.
    const serving = release.failed ? release.takenBack : bundle;
    return { url: hello.urls[0], ...(serving && { bundle: serving }) };
  };
}

/** Keeps the build under its own SHA-256. An example leaves nothing behind. */
function stored(dist: string) {
  const builds = new R2Bucket("builds", { forceDestroy: true });
  return new WorkerBundle("bundle", { bucket: builds.name, path: dist }).reference;
}
