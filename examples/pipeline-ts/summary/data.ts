// SPDX-License-Identifier: Apache-2.0

import { StepEventMetadata, StepEventStateMetadata } from "@pulumi/pulumi/automation";

import { kindOf } from "./summary";

/** What a deletion would lose. */
export interface Data {
  operation: "replace" | "delete";
  resource: string;
  /** Such as D1Database, or "Durable Object class". */
  kind: string;
  /** Cloudflare's. */
  name: string;
}

/** The resources that hold data, with the output that is Cloudflare's name of each. */
const stores: Record<string, string> = { D1Database: "name", KvNamespace: "title", Queue: "name", R2Bucket: "name" };

/** What a step would lose. What is retained on deletion is not lost. */
export function dataAtRisk(step: StepEventMetadata, resource: string): Data[] {
  if (!step.old) {
    return []; // there was nothing
  }
  const gone = (step.op === "delete" || step.op === "replace") && !step.old.retainOnDelete ? step.op : undefined;
  const kind = kindOf(step.type);
  const store = stores[kind];
  if (store && gone) {
    return [{ operation: gone, resource, kind, name: String(step.old.outputs[store] ?? "") }];
  }
  if (kind !== "CloudflareWorker") {
    return [];
  }
  const classes = gone ? live(step.old) : deleted(step.old, step.new);
  return classes.map((name) => ({ operation: gone ?? "delete", resource, kind: "Durable Object class", name }));
}

/** A step in the history of a Worker's classes: what is used of it here. */
interface Migration {
  tag: string;
  newClasses?: string[];
  newSqliteClasses?: string[];
  renamedClasses?: { from: string; to: string }[];
  transferredClasses?: { from: string; fromScript: string; to: string }[];
  deletedClasses?: string[];
}

function migrations(state: StepEventStateMetadata): Migration[] {
  return state.inputs.migrations ?? [];
}

/** A class of Durable Objects that a Worker declares: what is used of it here. */
interface Declaration {
  type?: string;
  state?: string;
}

/** The classes of Durable Objects among a Worker's exports, which may also be Workflows and entry points. */
export function declared(state: StepEventStateMetadata): Record<string, Declaration> {
  const exports: [string, Declaration][] = Object.entries(state.inputs.exports ?? {});
  return Object.fromEntries(exports.filter(([, { type }]) => type === undefined || type === "durable-object"));
}

/** The classes that an update deletes, by the steps that are new in a Worker's history or by declaration. */
function deleted(before: StepEventStateMetadata, after?: StepEventStateMetadata): string[] {
  if (!after) {
    return [];
  }
  const had = new Set(migrations(before).map((step) => step.tag));
  const steps = migrations(after).filter((step) => !had.has(step.tag));
  const created = new Set<string>(); // with no data yet
  const names = new Set<string>();
  for (const step of steps) {
    [...(step.newClasses ?? []), ...(step.newSqliteClasses ?? [])].forEach((name) => created.add(name));
    (step.deletedClasses ?? []).filter((name) => !created.has(name)).forEach((name) => names.add(name));
  }
  live(before)
    .filter((name) => declared(after)[name]?.state === "deleted")
    .forEach((name) => names.add(name));
  return [...names];
}

/** The classes that a Worker has, by its history or its declarations. */
function live(state: StepEventStateMetadata): string[] {
  const names = new Set<string>();
  for (const step of migrations(state)) {
    [...(step.newClasses ?? []), ...(step.newSqliteClasses ?? [])].forEach((name) => names.add(name));
    for (const { from, to } of step.renamedClasses ?? []) {
      names.delete(from);
      names.add(to);
    }
    (step.transferredClasses ?? []).forEach(({ to }) => names.add(to));
    (step.deletedClasses ?? []).forEach((name) => names.delete(name));
  }
  for (const [name, { state: wanted }] of Object.entries(declared(state))) {
    if (wanted === undefined || wanted === "created") {
      names.add(name);
    }
  }
  return [...names];
}
