// SPDX-License-Identifier: Apache-2.0

// A pipeline that deploys a Worker to staging and promotes what was tested there to production. It shows what would
// change, deploys what is approved, tests it over HTTP, and takes it back if the test fails and that can be.

import * as path from "node:path";
import { parseArgs } from "node:util";

import { Pipeline, Result } from "./pipeline";

/** What the process exits with tells CI what to do next. */
const exitStatus: Record<Result, number> = { done: 0, pending: 2, rolledBack: 3, failing: 4 };
const failed = 1;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      stack: { type: "string", default: "staging" }, // the stack to deploy
      dist: { type: "string", default: "../worker/dist" }, // the Worker's build output
      "promote-from": { type: "string" }, // deploy what this stack runs, and no build output
      approve: { type: "boolean", default: false }, // deploy the changes; without it, they are only shown
      summary: { type: "string" }, // directory for summary.json and summary.md
      plugins: { type: "string", default: "../../bin" }, // directory of the provider's binary; empty: the one installed
      via: { type: "string" }, // send the smoke test to this address: the local Cloudflare's front door
      tries: { type: "string", default: "10" }, // how often the smoke test asks, once a second, before it fails
      destroy: { type: "boolean", default: false }, // remove the stack's resources
    },
  });
  const pipeline = new Pipeline({
    stack: values.stack,
    dist: path.resolve(values.dist), // an inline program runs in a directory of its own
    promoteFrom: values["promote-from"],
    approve: values.approve,
    summaryDir: values.summary,
    plugins: values.plugins && path.resolve(values.plugins),
    smoke: { via: values.via, tries: Number(values.tries) },
  });
  return exitStatus[values.destroy ? await pipeline.destroy() : await pipeline.deploy()];
}

main().then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = failed;
  },
);
