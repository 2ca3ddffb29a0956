// SPDX-License-Identifier: Apache-2.0

// A ratelimit binding. The counters are the emulator's; what it takes and says is that of workers-sdk,
// packages/miniflare/src/workers/ratelimit/ratelimit.worker.ts.
class RateLimit {
  #env;

  constructor(env) {
    this.#env = env;
  }

  async limit(options) {
    check(typeof options === "object" && options !== null, "invalid rate limit options");
    const wrong = Object.keys(options).filter((name) => !["key", "limit", "period"].includes(name));
    check(wrong.length === 0, `bad rate limit options: [${wrong.join(",")}]`);
    const { key = "", limit = this.#env.limit, period = this.#env.period } = options;
    check(typeof key === "string", `invalid key: ${key}`);
    check(typeof limit === "number", `limit must be a number: ${limit}`);
    check(typeof period === "number", `period must be a number: ${period}`);
    check(period === 10 || period === 60, `unsupported period: ${period}`);
    const answer = await this.#env.backend.fetch("http://ratelimit/", {
      method: "POST",
      body: JSON.stringify({ key, limit, period }),
    });
    check(answer.ok, "the rate limit cannot be counted");
    return { success: (await answer.json()).success };
  }
}

function check(valid, message) {
  if (!valid) throw new Error(message);
}

export default function ratelimit(env) {
  return new RateLimit(env);
}
