// SPDX-License-Identifier: Apache-2.0

import { mkdir, writeFile } from "node:fs/promises";
import * as path from "node:path";

import { EngineEvent, LocalWorkspace, ProjectSettings, PulumiFn, Stack } from "@pulumi/pulumi/automation";

import { Bundle, program, Release } from "./program";
import { report } from "./progress";
import { passes, SmokeTest } from "./smoke";
import { Barrier } from "./summary/barrier";
import { markdown } from "./summary/markdown";
import { summarize, Summary } from "./summary/summary";

const project = "hello-pipeline";

/**
 * How a run ended: the stack is as it should be, or waits for approval; or the new version failed its test, and the one
 * before it serves again, or it serves, for none can take its place.
 */
export type Result = "done" | "pending" | "rolledBack" | "failing";

export interface Options {
  stack: string;
  /** Absolute path of the build output. */
  dist: string;
  /** The stack whose bundle is deployed, instead of the build output. */
  promoteFrom?: string;
  approve: boolean;
  /** Where the summary is written. */
  summaryDir?: string;
  /** Absolute path of the provider's directory. Empty: where Pulumi installs plugins. */
  plugins: string;
  smoke: SmokeTest;
}

/** Deploys one stack. */
export class Pipeline {
  constructor(private readonly options: Options) {}

  /** Previews, deploys what is approved, tests it, and takes it back if the test fails and that can be. */
  async deploy(): Promise<Result> {
    const { stack: name, dist, promoteFrom, approve, smoke } = this.options;
    const signingKey = process.env.SIGNING_KEY;
    if (!signingKey) {
      throw new Error("SIGNING_KEY is not set: the pipeline needs the Worker's secret");
    }
    const promoted = promoteFrom === undefined ? undefined : await this.tested(promoteFrom);
    const release: Release = { stack: name, dist, promoted, signingKey };
    const stack = await this.open(name, program(release));
    const summary = await this.preview(stack);
    const previous = await serving(stack);
    if (summary.changes.length > 0) {
      process.stdout.write(markdown(summary));
    } else if (previous) {
      console.log("nothing to do");
      return "done";
    } else {
      console.log("nothing has changed, but what serves has failed its smoke test: it is to be tested again");
    }
    if (!approve) {
      console.error("nothing was deployed: that needs --approve");
      return "pending";
    }
    const address = await up(stack);
    try {
      await passes(smoke, address);
    } catch (failure) {
      return takeBack(stack, release, previous, summary.barriers, failure);
    }
    console.log(`serving at ${address}`);
    return "done";
  }

  async destroy(): Promise<Result> {
    const stack = await this.open(this.options.stack, async () => {});
    await stack.destroy({ onEvent: report });
    return "done";
  }

  /**
   * Returns a stack, which is made if there is none. Each has a working directory of its own, which the Automation API
   * makes: pipelines that run at the same time share only the backend, where each stack has a lock.
   */
  private open(stackName: string, program: PulumiFn): Promise<Stack> {
    const directory = this.options.plugins;
    const projectSettings: ProjectSettings & { plugins?: object } = { name: project, runtime: "nodejs" };
    if (directory) {
      projectSettings.plugins = { providers: [{ name: "cloudflare-workers", path: directory }] };
    }
    return LocalWorkspace.createOrSelectStack({ stackName, projectName: project, program }, { projectSettings });
  }

  /** Returns the bundle that the stack to promote from serves. */
  private async tested(name: string): Promise<Bundle> {
    const bundle = await serving(await this.open(name, async () => {}));
    if (!bundle) {
      throw new Error(`stack ${name} serves nothing that could be promoted: deploy it first`);
    }
    return bundle;
  }

  /** Says what would change, and writes it to the directory for the summary. */
  private async preview(stack: Stack): Promise<Summary> {
    const events: EngineEvent[] = [];
    await stack.preview({ onEvent: (event) => events.push(event) });
    const summary = summarize(this.options.stack, events);
    const dir = this.options.summaryDir;
    if (dir !== undefined) {
      await mkdir(dir, { recursive: true });
      await writeFile(path.join(dir, "summary.json"), JSON.stringify(summary, null, 2) + "\n");
      await writeFile(path.join(dir, "summary.md"), markdown(summary));
    }
    return summary;
  }
}

/** Returns the bundle that a stack serves, as its last deployment left it. */
async function serving(stack: Stack): Promise<Bundle | undefined> {
  const outputs = await stack.outputs();
  return outputs.bundle?.value as Bundle | undefined;
}

/** Deploys, tells its progress, and returns where the Worker answers. */
async function up(stack: Stack): Promise<string> {
  const result = await stack.up({ onEvent: report, message: "deployed by the pipeline" });
  return String(result.outputs.url?.value);
}

/**
 * Lets the version serve again that served before. It takes back code, variables, secrets and bindings; what the
 * deployment did to storage stays. The stack's output bundle is what serves, so that nobody promotes the failure; where
 * the failure has to serve, there is none.
 */
async function takeBack(
  stack: Stack,
  release: Release,
  previous: Bundle | undefined,
  barriers: Barrier[],
  failure: unknown,
): Promise<Result> {
  const failing = "the new version fails its smoke test, and serves";
  let message = "";
  let takenBack: Bundle | undefined;
  if (barriers[0]) {
    const { worker, reason } = barriers[0];
    message =
      `${failing}: this deployment cannot be rolled back (${worker}: ${reason}). ` +
      "Correct the code, leave migrations as they are, and deploy again";
  } else if (!previous) {
    const none = `stack ${release.stack} has none to go back to that has passed`;
    message = `${failing}: ${none}. Correct the code, and deploy again`;
  } else {
    takenBack = previous;
    message = `rolled back to bundle ${previous.sha256}: the smoke test of the new version failed`;
  }
  stack.workspace.program = program({ ...release, failed: true, takenBack });
  try {
    await up(stack);
  } catch (error) {
    const both = `the smoke test failed: ${failure}, and so did taking the version back: ${error}`;
    throw new AggregateError([failure, error], both);
  }
  console.error(`${message}: ${failure}`);
  return takenBack ? "rolledBack" : "failing";
}
