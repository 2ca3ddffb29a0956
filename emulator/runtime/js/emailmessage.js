// SPDX-License-Identifier: Apache-2.0

// What cloudflare:email exports: a message whose raw text only the binding that sends it can get at.
class EmailMessage {
  constructor(from, to, raw) {
    this.from = from;
    this.to = to;
    Object.defineProperty(this, Symbol.for("emulator:raw"), { value: raw });
  }
}

export default { EmailMessage };
