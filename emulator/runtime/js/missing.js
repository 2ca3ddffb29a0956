// SPDX-License-Identifier: Apache-2.0

// What a Worker gets for a binding that cannot be provided: an object whose every method throws, saying why.
export default function missing({ message }) {
  const fail = () => {
    throw new Error(message);
  };
  return new Proxy(fail, {
    get: (_, key) => (typeof key === "symbol" || key === "then" || key === "toJSON" ? undefined : fail),
  });
}
