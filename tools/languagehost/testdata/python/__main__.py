# SPDX-License-Identifier: Apache-2.0
import pulumi


class Component(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("probe:index:Component", name)


config = pulumi.Config()
Component("component")
pulumi.export("greeting", "hello " + config.require("who"))
pulumi.export("word", config.require_secret("word"))
