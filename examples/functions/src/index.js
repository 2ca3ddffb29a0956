// SPDX-License-Identifier: Apache-2.0

export default {
  async fetch(_request, env) {
    const visit = Number((await env.VISITS.get("count")) ?? 0) + 1;
    await env.VISITS.put("count", String(visit));
    return Response.json({ message: env.GREETING, visit });
  },
};
