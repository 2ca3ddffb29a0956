// SPDX-License-Identifier: Apache-2.0

declare module "*.txt" {
  const content: string;
  export default content;
}
