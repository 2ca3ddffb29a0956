// SPDX-License-Identifier: Apache-2.0

import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { test } from "node:test";

import { EngineEvent } from "@pulumi/pulumi/automation";

import { markdown } from "./markdown";
import { summarize } from "./summary";

const read = (name: string) => readFileSync(path.join("summary", "testdata", name), "utf8");

/** Those of a preview that does everything that a summary tells of. */
const events = () => JSON.parse(read("events.json")) as EngineEvent[];

test("a summary tells what a preview found", () => {
  const summary = summarize("production", events());
  assert.equal(JSON.stringify(summary, null, 2) + "\n", read("summary.json"));
  assert.equal(markdown(summary), read("summary.md"));
});

test("the order of events does not matter", () => {
  assert.deepEqual(summarize("s", events().reverse()), summarize("s", events()));
});

test("nothing to do is said so", () => {
  const same = events().filter(({ resOutputsEvent }) => resOutputsEvent?.metadata.op === "same");
  assert.equal(markdown(summarize("staging", same)), "### `staging`: nothing to do\n");
});
