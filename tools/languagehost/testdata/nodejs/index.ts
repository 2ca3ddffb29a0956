// SPDX-License-Identifier: Apache-2.0
import * as pulumi from "@pulumi/pulumi";

class Component extends pulumi.ComponentResource {
  constructor(name: string) {
    super("probe:index:Component", name);
    this.registerOutputs({});
  }
}

const config = new pulumi.Config();
new Component("component");
export const greeting: string = `hello ${config.require("who")}`;
export const word: pulumi.Output<string> = config.requireSecret("word");
