// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		var component pulumi.ResourceState
		if err := ctx.RegisterComponentResource("probe:index:Component", "component", &component); err != nil {
			return err
		}
		ctx.Export("greeting", pulumi.String("hello "+config.Require(ctx, "who")))
		ctx.Export("word", config.RequireSecret(ctx, "word"))
		return nil
	})
}
