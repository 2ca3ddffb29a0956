// SPDX-License-Identifier: Apache-2.0

// Stands for a Worker in Python, which the local runtime cannot run.
const sentence =
  "The emulator stores Python Workers but does not run them: workerd would have to download Pyodide from Cloudflare.";

function refuse() {
  throw new Error(sentence);
}

export default {
  fetch: () => new Response(sentence + "\n", { status: 501 }),
  scheduled: refuse,
  queue: refuse,
};
