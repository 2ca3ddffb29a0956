// SPDX-License-Identifier: Apache-2.0

import * as http from "node:http";
import * as https from "node:https";
import { setTimeout } from "node:timers/promises";

/** How to ask a Worker whether it works. */
export interface SmokeTest {
  /** Where requests go instead of the Worker's own host. */
  via?: string;
  /** How often to ask, once a second: a new version takes a few seconds to be everywhere. */
  tries: number;
}

/** Returns as soon as the Worker at address answers as it should, or throws what was wrong with its last answer. */
export async function passes(test: SmokeTest, address: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { status, body } = await ask(new URL(address), test.via);
      return check(status, body);
    } catch (error) {
      if (!(attempt < test.tries)) {
        throw error;
      }
    }
    await setTimeout(1000);
  }
}

/** Sends a request. It is not `fetch`, which may not choose the host that it asks for. */
function ask(url: URL, via?: string): Promise<{ status: number; body: string }> {
  const target = via ? new URL(url.pathname + url.search, via) : url;
  return new Promise((resolve, reject) => {
    const client = target.protocol === "https:" ? https : http;
    const request = client.get(target, { headers: { host: url.host }, timeout: 10_000 }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error("no answer within ten seconds")));
    request.on("error", reject);
  });
}

/** Throws what is wrong with an answer of the Worker. Replace it by what yours must do. */
function check(status: number, body: string): void {
  if (status !== 200) {
    throw new Error(`status ${status}`);
  }
  const { message, visit } = JSON.parse(body) as { message?: unknown; visit?: unknown };
  if (typeof message !== "string" || message === "" || typeof visit !== "number" || visit < 1) {
    throw new Error(`no message or no visit in ${body}`);
  }
}
