// SPDX-License-Identifier: Apache-2.0

// The first Worker that a request reaches: it hands the request to the service that the front door chose, and
// tells the front door when that service threw, which a status alone would not.
export default {
  async fetch(request, env) {
    const service = request.headers.get("emulator-service");
    if (!service) return new Response(null, { status: 204 }); // asked whether the process is alive
    const forwarded = new Request(request);
    forwarded.headers.delete("emulator-service");
    try {
      return await env[service].fetch(forwarded);
    } catch (error) {
      return new Response(null, { status: 500, headers: { "emulator-exception": encodeURIComponent(String(error)) } });
    }
  },
};
