// SPDX-License-Identifier: Apache-2.0

// What a Worker gets for a binding that cannot be provided: an object whose every method throws, saying why. With
// fields, reading anything of it throws.
export default function missing({ message, fields }) {
  const fail = () => {
    throw new Error(message);
  };
  return new Proxy(fail, {
    get: (_, key) => {
      if (typeof key === "symbol" || key === "then" || key === "toJSON") return undefined;
      return fields ? fail() : fail;
    },
  });
}
