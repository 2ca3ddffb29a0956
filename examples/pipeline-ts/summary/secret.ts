// SPDX-License-Identifier: Apache-2.0

import { StepEventMetadata, StepEventStateMetadata } from "@pulumi/pulumi/automation";

import { kindOf } from "./summary";

/** A secret that is given a value, another one, or none. */
export interface Secret {
  /** add, update, delete */
  operation: string;
  resource: string;
  name: string;
}

/** The names of the secrets that a step changes. */
export function secrets(step: StepEventMetadata, resource: string): Secret[] {
  if (!step.new) {
    return []; // they go with their Worker
  }
  let changed: { name: string; operation?: string }[] = [];
  switch (kindOf(step.type)) {
    case "SecretsStoreSecret":
      changed = [{ name: String(step.new.inputs.name), operation: operationOn(step, "value") }];
      break;
    case "CloudflareWorker":
      changed = [...new Set([...names(step.old), ...names(step.new)])].map((name) => ({
        name,
        operation: operationOn(step, "secrets", name),
      }));
  }
  return changed.flatMap(({ name, operation }) => (operation ? [{ operation, resource, name }] : []));
}

/**
 * Marks an object that stands for a secret in the engine's events:
 * https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
 */
const signature = "4dabf18193072939515e22adb298388d";

/** The names of a Worker's secrets. */
function names(state?: StepEventStateMetadata): string[] {
  const all: object = state?.inputs.secrets ?? {};
  return signature in all ? ["(all)"] : Object.keys(all); // the program may keep the names secret too
}

/** What a step does to the property at path or to what it is in: add, update, delete, or nothing. */
function operationOn(step: StepEventMetadata, ...path: string[]): string | undefined {
  if (step.op !== "update") {
    return "add"; // a new resource gets them all
  }
  for (const [at, change] of Object.entries(step.detailedDiff ?? {})) {
    const head = split(at);
    if (head.length <= path.length && head.every((part, i) => part === path[i])) {
      return String(change.diffKind).split("-")[0]; // add-replace and others
    }
  }
}

/** Takes a property path apart, such as secrets.KEY or secrets["a.b"]. */
function split(path: string): string[] {
  const parts = path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[\d+\]|[^.[]+/g);
  return [...parts].map(([whole, quoted]) => quoted?.replaceAll('\\"', '"') ?? whole);
}
