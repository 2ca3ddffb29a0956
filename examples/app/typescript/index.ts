// SPDX-License-Identifier: Apache-2.0

import { WorkerApp } from "pulumi-cloudflare-workers";

const guestbook = new WorkerApp("guestbook", {
  path: "../worker/dist",
  compatibilityDate: "2026-11-01",
  kv: ["VISITS"],
  variables: { GREETING: "Hello" },
});

export const url = guestbook.url;
