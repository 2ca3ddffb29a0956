// SPDX-License-Identifier: Apache-2.0

// A script in service-worker syntax: its bindings are global variables.

addEventListener("fetch", (event) => {
  event.respondWith(Response.json({ text: TERMS, bytes: TERMS_BYTES.byteLength }));
});
