// SPDX-License-Identifier: Apache-2.0

import { isDeepStrictEqual } from "node:util";

import { StepEventMetadata } from "@pulumi/pulumi/automation";

import { declared } from "./data";

/** Why a deployment cannot be rolled back. */
export interface Barrier {
  worker: string;
  /** Such as "migration v2". */
  reason: string;
}

/**
 * Why what a step does to a Worker cannot be rolled back. Cloudflare deploys no version from before a migration of
 * Durable Objects, and none that declares other classes than the one that it shares the traffic with:
 * https://developers.cloudflare.com/workers/configuration/versions-and-deployments/rollbacks/
 */
export function barriers(step: StepEventMetadata, worker: string): Barrier[] {
  if (step.op === "replace") {
    return [{ worker, reason: "replacement by another Worker" }];
  }
  if (!step.old || !step.new) {
    return []; // there is nothing before it, or nothing after it
  }
  const tags = (inputs: { migrations?: { tag: string }[] }) => (inputs.migrations ?? []).map(({ tag }) => tag);
  const had = tags(step.old.inputs);
  const all = tags(step.new.inputs)
    .filter((tag) => !had.includes(tag))
    .map((tag) => ({ worker, reason: `migration ${tag}` }));
  if (!isDeepStrictEqual(declared(step.old), declared(step.new))) {
    all.push({ worker, reason: "exports" });
  }
  return all;
}
