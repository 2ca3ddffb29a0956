// SPDX-License-Identifier: Apache-2.0

// docs:begin program

// A Cloudflare Worker with its artifact, storage, secret and route.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	cf "github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/sdk/go/cloudflareworkers"
)

func main() { pulumi.Run(stack) }

func stack(ctx *pulumi.Context) error {
	conf := config.New(ctx, "")
	greeting := conf.Get("greeting")
	if greeting == "" {
		greeting = "Hello"
	}
	// Builds are kept here, each under its own SHA-256. An example leaves nothing behind.
	artifacts, err := cf.NewR2Bucket(ctx, "artifacts", &cf.R2BucketArgs{ForceDestroy: pulumi.Bool(true)})
	if err != nil {
		return err
	}
	bundle, err := cf.NewWorkerBundle(ctx, "bundle", &cf.WorkerBundleArgs{
		Bucket: artifacts.Name,
		Prefix: pulumi.String("hello"),
		Path:   pulumi.String("../worker/dist"),
	})
	if err != nil {
		return err
	}
	visits, err := cf.NewKvNamespace(ctx, "visits", nil)
	if err != nil {
		return err
	}
	guests, err := cf.NewD1Database(ctx, "guests", &cf.D1DatabaseArgs{
		Migrations: cf.D1MigrationsArgs{Directory: pulumi.String("../worker/migrations")},
	})
	if err != nil {
		return err
	}
	news, err := cf.NewQueue(ctx, "news", nil)
	if err != nil {
		return err
	}
	hello, err := cf.NewCloudflareWorker(ctx, "hello", &cf.CloudflareWorkerArgs{
		Bundle:            bundle.Reference,
		CompatibilityDate: pulumi.String("2026-11-01"),
		Variables: pulumi.Map{
			"GREETING": pulumi.String(greeting),
			"LIMITS":   pulumi.Map{"visits": pulumi.Int(1000)},
		},
		Secrets: pulumi.StringMap{"SIGNING_KEY": conf.RequireSecret("signingKey")},
		Bindings: cf.BindingMap{
			"VISITS": cf.BindingArgs{KvNamespace: cf.KvNamespaceBindingArgs{Id: visits.ID()}},
			"GUESTS": cf.BindingArgs{D1Database: cf.D1DatabaseBindingArgs{Id: guests.ID()}},
			"NEWS":   cf.BindingArgs{Queue: cf.QueueBindingArgs{Name: news.Name}},
		},
		WorkersDev: cf.WorkersDevArgs{Enabled: pulumi.Bool(true)},
		Routes: cf.RouteMap{
			"hello.example.com/*": cf.RouteArgs{ZoneId: pulumi.String(conf.Require("zoneId")), DnsRecord: pulumi.Bool(true)},
		},
	})
	if err != nil {
		return err
	}
	// The same build for trying things out: one resource, with a bucket, a counter and a queue of its own.
	trial, err := cf.NewWorkerApp(ctx, "trial", &cf.WorkerAppArgs{
		Path:         pulumi.String("../worker/dist"),
		FromWrangler: cf.WranglerFileArgs{Path: pulumi.String("../worker")},
		ScriptName:   pulumi.String("hello-trial"),
		Kv:           pulumi.ToStringArray([]string{"VISITS"}),
		Queues:       pulumi.ToStringArray([]string{"NEWS"}),
		Variables: pulumi.Map{
			"GREETING": pulumi.String("Try"),
			"LIMITS":   pulumi.Map{"visits": pulumi.Int(10)},
		},
		Secrets: pulumi.StringMap{"SIGNING_KEY": conf.RequireSecret("signingKey")},
		Bindings: cf.BindingMap{
			"GUESTS": cf.BindingArgs{D1Database: cf.D1DatabaseBindingArgs{Id: guests.ID()}},
		},
	})
	if err != nil {
		return err
	}
	ctx.Export("urls", hello.Urls)
	ctx.Export("digest", hello.BundleDigest)
	ctx.Export("trialUrl", trial.Url)
	ctx.Export("trialQueue", trial.QueueNames.MapIndex(pulumi.String("NEWS")))
	return nil
}

// docs:end program
