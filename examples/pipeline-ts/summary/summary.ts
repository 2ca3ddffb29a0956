// SPDX-License-Identifier: Apache-2.0

// What a preview found, for machines. It is a pure function of the engine's events.

import { EngineEvent, StepEventMetadata, StepEventStateMetadata } from "@pulumi/pulumi/automation";

import { Barrier, barriers } from "./barrier";
import { Data, dataAtRisk } from "./data";
import { Secret, secrets } from "./secret";

/** What a deployment would do to a stack. It has names of secrets, and never values. */
export interface Summary {
  stack: string;
  changes: Change[];
  bundles: Bundle[];
  secrets: Secret[];
  addresses: Address[];
  dataAtRisk: Data[];
  /** If there are any, the deployment cannot be rolled back. */
  barriers: Barrier[];
}

/** What happens to one resource. */
export interface Change {
  /** create, update, replace, delete, import, … */
  operation: string;
  type: string;
  name: string;
  /** Those that change, as paths. */
  properties: string[];
}

/** The code of a Worker, as the SHA-256 of what ran and of what is to run. Empty: none. */
export interface Bundle {
  worker: string;
  old: string;
  new: string;
}

/** Where a Worker that changes answers. */
export interface Address {
  operation: "add" | "same" | "delete";
  worker: string;
  url: string;
}

/** Stands for what is not known before the deployment. */
export const unknown = "unknown";

/** Summarizes the events of a preview. */
export function summarize(stack: string, events: EngineEvent[]): Summary {
  const steps = events.flatMap((event) => event.resOutputsEvent?.metadata ?? []).filter(changes);
  const workers = steps.filter((step) => kindOf(step.type) === "CloudflareWorker");
  // The engine works on several resources at once, so that everything is sorted.
  return {
    stack,
    changes: steps
      .map((step) => ({
        operation: step.op,
        type: step.type,
        name: nameOf(step.urn),
        properties: Object.keys(step.detailedDiff ?? {}).sort(),
      }))
      .sort(by("type", "name")),
    bundles: workers
      .map((step) => ({ worker: nameOf(step.urn), old: digest(step.old), new: digest(step.new) }))
      .filter((bundle) => bundle.old !== bundle.new)
      .sort(by("worker")),
    secrets: steps.flatMap((step) => secrets(step, nameOf(step.urn))).sort(by("resource", "name")),
    addresses: workers.flatMap(addresses).sort(by("worker", "url")),
    dataAtRisk: steps.flatMap((step) => dataAtRisk(step, nameOf(step.urn))).sort(by("resource", "name")),
    barriers: workers.flatMap((step) => barriers(step, nameOf(step.urn))).sort(by("worker", "reason")),
  };
}

/** Steps that change nothing, and the parts of a replacement, which has an event of its own. */
const silent = [
  "same", "read", "refresh", "create-replacement", "delete-replaced", "read-replacement", "discard-replaced",
];

/** Reports whether a step changes a resource other than the stack itself and providers. */
function changes(step: StepEventMetadata): boolean {
  return !silent.includes(step.op) && !step.type.startsWith("pulumi:");
}

/** The resource's name in the program. */
function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

/** The last part of a type's token. */
export function kindOf(token: string): string {
  return token.slice(token.lastIndexOf(":") + 1);
}

/** Orders by properties, the first of them first. */
function by<K extends string>(...keys: K[]) {
  return (a: Record<K, string>, b: Record<K, string>): number => {
    const key = keys.find((key) => a[key] !== b[key]);
    return key === undefined ? 0 : a[key] < b[key] ? -1 : 1;
  };
}

/**
 * How the engine writes what is not known yet:
 * https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
 */
const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The digest of the code that a Worker's program names. */
function digest(state?: StepEventStateMetadata): string {
  const bundle: unknown = state?.inputs?.bundle;
  if (bundle === undefined) {
    return "";
  }
  const { sha256 } = bundle as { sha256?: string };
  return sha256 === undefined || sha256 === unknownValue ? unknown : sha256;
}

/** Where a Worker answers before and after. */
function addresses(step: StepEventMetadata): Address[] {
  const worker = nameOf(step.urn);
  const [before, after] = [urls(step.old), urls(step.new)];
  return [
    ...before.filter((url) => !after.includes(url)).map((url) => ({ operation: "delete" as const, worker, url })),
    ...after.map((url) => ({ operation: before.includes(url) ? ("same" as const) : ("add" as const), worker, url })),
  ];
}

function urls(state?: StepEventStateMetadata): string[] {
  const all: unknown = state?.outputs?.urls ?? [];
  return (Array.isArray(all) ? all : [all]).map((url) => (url === unknownValue ? unknown : String(url)));
}
