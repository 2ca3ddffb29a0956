// SPDX-License-Identifier: Apache-2.0

// Describes the exports of a Worker. It is put in front of the candidate, whose exports the runtime checks as
// usual, since they are exported again. CANDIDATE and PROBE are replaced before it is used.
import { DurableObject, WorkerEntrypoint, WorkflowEntrypoint } from "cloudflare:workers";
import * as candidate from CANDIDATE;
export * from CANDIDATE;

const bases = [WorkerEntrypoint, DurableObject, WorkflowEntrypoint, Object, Function].map((base) => base.prototype);

function methods(value) {
  const names = new Set();
  let object = typeof value === "function" ? value.prototype : value;
  for (; object && !bases.includes(object); object = Object.getPrototypeOf(object)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (typeof value === "function" && name !== "constructor") names.add(name);
    }
  }
  return [...names].sort();
}

export const PROBE = {
  fetch() {
    const exports = Object.entries(candidate).map(([name, value]) => ({
      name,
      type: value === null ? "null" : typeof value,
      class: typeof value === "function",
      methods: value === null || !["object", "function"].includes(typeof value) ? [] : methods(value),
    }));
    return Response.json(exports);
  },
};
