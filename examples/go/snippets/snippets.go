// SPDX-License-Identifier: Apache-2.0

// Package snippets has pieces of programs that the documentation shows. Tests compile them, and run one.
package snippets

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	cf "github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/sdk/go/cloudflareworkers"
)

// App is a Worker with what it needs.
func App(ctx *pulumi.Context) error {
	// docs:begin app
	api, err := cf.NewWorkerApp(ctx, "api", &cf.WorkerAppArgs{
		Path:              pulumi.String("./dist"),
		CompatibilityDate: pulumi.String("2026-11-01"),
		Kv:                pulumi.ToStringArray([]string{"CACHE"}),
		Variables:         pulumi.Map{"LOG_LEVEL": pulumi.String("info")},
		Secrets:           pulumi.StringMap{"UPSTREAM_KEY": pulumi.String("env:UPSTREAM_KEY")},
	})
	if err != nil {
		return err
	}
	// docs:end app
	ctx.Export("url", api.Url)
	return nil
}

// Worker is a Worker from a bundle.
func Worker(ctx *pulumi.Context) error {
	// docs:begin worker
	bundle, err := cf.NewWorkerBundle(ctx, "api", &cf.WorkerBundleArgs{
		Bucket: pulumi.String("bundles"),
		Path:   pulumi.String("./dist"),
	})
	if err != nil {
		return err
	}
	cache, err := cf.NewKvNamespace(ctx, "cache", nil)
	if err != nil {
		return err
	}
	api, err := cf.NewCloudflareWorker(ctx, "api", &cf.CloudflareWorkerArgs{
		Bundle:            bundle.Reference,
		CompatibilityDate: pulumi.String("2026-11-01"),
		Variables:         pulumi.Map{"LOG_LEVEL": pulumi.String("info")},
		Bindings: cf.BindingMap{
			"CACHE": cf.BindingArgs{KvNamespace: cf.KvNamespaceBindingArgs{Id: cache.ID()}},
		},
		WorkersDev: cf.WorkersDevArgs{Enabled: pulumi.Bool(true)},
	})
	if err != nil {
		return err
	}
	// docs:end worker
	ctx.Export("urls", api.Urls)
	return nil
}

// Bundle is a build output in R2.
func Bundle(ctx *pulumi.Context) error {
	// docs:begin bundle
	bundle, err := cf.NewWorkerBundle(ctx, "api", &cf.WorkerBundleArgs{
		Bucket: pulumi.String("bundles"),
		Path:   pulumi.String("./dist"),
		Build:  cf.BuildCommandArgs{Command: pulumi.ToStringArray([]string{"npm", "run", "build"})},
	})
	if err != nil {
		return err
	}
	// docs:end bundle
	ctx.Export("digest", bundle.Sha256)
	return nil
}

// Kv is a namespace with a key.
func Kv(ctx *pulumi.Context) error {
	// docs:begin kv
	cache, err := cf.NewKvNamespace(ctx, "cache", &cf.KvNamespaceArgs{
		Title:   pulumi.String("api-cache"),
		Entries: pulumi.StringMap{"limits/visits": pulumi.String("1000")},
	})
	if err != nil {
		return err
	}
	// docs:end kv
	ctx.Export("id", cache.ID())
	return nil
}

// R2 is a bucket.
func R2(ctx *pulumi.Context) error {
	// docs:begin r2
	uploads, err := cf.NewR2Bucket(ctx, "uploads", &cf.R2BucketArgs{
		Name:     pulumi.String("uploads"),
		Location: pulumi.String("weur"),
	})
	if err != nil {
		return err
	}
	// docs:end r2
	ctx.Export("name", uploads.Name)
	return nil
}

// D1 is a database and a Worker that uses it.
func D1(ctx *pulumi.Context) error {
	// docs:begin d1
	orders, err := cf.NewD1Database(ctx, "orders", &cf.D1DatabaseArgs{
		Name:                pulumi.String("orders"),
		PrimaryLocationHint: pulumi.String("weur"),
		Migrations:          cf.D1MigrationsArgs{Directory: pulumi.String("./migrations")},
	})
	if err != nil {
		return err
	}
	api, err := cf.NewCloudflareWorker(ctx, "api", &cf.CloudflareWorkerArgs{
		Bundle:            cf.BundleReferenceArgs{Bucket: pulumi.String("bundles"), Key: pulumi.String("api/index.js")},
		CompatibilityDate: pulumi.String("2026-11-01"),
		Bindings: cf.BindingMap{
			"DB": cf.BindingArgs{D1Database: cf.D1DatabaseBindingArgs{Id: orders.DatabaseId}},
		},
	})
	if err != nil {
		return err
	}
	// docs:end d1
	ctx.Export("urls", api.Urls)
	return nil
}

// Queue is a queue and a Worker that sends to it.
func Queue(ctx *pulumi.Context) error {
	// docs:begin queue
	orders, err := cf.NewQueue(ctx, "orders", &cf.QueueArgs{
		Name:     pulumi.String("orders"),
		Settings: cf.QueueSettingsArgs{DeliveryDelay: pulumi.Int(10)},
	})
	if err != nil {
		return err
	}
	shop, err := cf.NewCloudflareWorker(ctx, "shop", &cf.CloudflareWorkerArgs{
		Bundle:            cf.BundleReferenceArgs{Bucket: pulumi.String("bundles"), Key: pulumi.String("shop/index.js")},
		CompatibilityDate: pulumi.String("2026-11-01"),
		Bindings: cf.BindingMap{
			"ORDERS": cf.BindingArgs{Queue: cf.QueueBindingArgs{Name: orders.Name}},
		},
	})
	if err != nil {
		return err
	}
	// docs:end queue
	ctx.Export("urls", shop.Urls)
	return nil
}

// SecretsStore is a secret that Workers share.
func SecretsStore(ctx *pulumi.Context) error {
	// docs:begin secrets-store
	key, err := cf.NewSecretsStoreSecret(ctx, "key", &cf.SecretsStoreSecretArgs{
		StoreId: pulumi.String("0123456789abcdef0123456789abcdef"),
		Name:    pulumi.String("signing-key"),
		Value:   pulumi.String("env:SIGNING_KEY"),
	})
	if err != nil {
		return err
	}
	api, err := cf.NewCloudflareWorker(ctx, "api", &cf.CloudflareWorkerArgs{
		Bundle:            cf.BundleReferenceArgs{Bucket: pulumi.String("bundles"), Key: pulumi.String("api/index.js")},
		CompatibilityDate: pulumi.String("2026-11-01"),
		Bindings: cf.BindingMap{"KEY": cf.BindingArgs{
			SecretsStoreSecret: cf.SecretsStoreSecretBindingArgs{StoreId: key.StoreId, SecretName: key.Name},
		}},
	})
	if err != nil {
		return err
	}
	// docs:end secrets-store
	ctx.Export("urls", api.Urls)
	return nil
}

// Addresses are where a Worker answers.
func Addresses(ctx *pulumi.Context) error {
	// docs:begin addresses
	api, err := cf.NewWorkerApp(ctx, "api", &cf.WorkerAppArgs{
		Path:              pulumi.String("./dist"),
		CompatibilityDate: pulumi.String("2026-11-01"),
		Routes:            cf.RouteMap{"example.com/api/*": cf.RouteArgs{}},
		CustomDomains:     cf.CustomDomainMap{"api.example.com": cf.CustomDomainArgs{}},
	})
	if err != nil {
		return err
	}
	// docs:end addresses
	ctx.Export("urls", api.Urls)
	return nil
}

// DurableObjects is a class and its history.
func DurableObjects(ctx *pulumi.Context) error {
	// docs:begin durable-objects
	chat, err := cf.NewWorkerApp(ctx, "chat", &cf.WorkerAppArgs{
		Path:              pulumi.String("./dist"),
		CompatibilityDate: pulumi.String("2026-11-01"),
		Bindings: cf.BindingMap{"ROOMS": cf.BindingArgs{
			DurableObjectNamespace: cf.DurableObjectNamespaceBindingArgs{ClassName: pulumi.String("Room")},
		}},
		Migrations: cf.MigrationArray{
			cf.MigrationArgs{Tag: pulumi.String("v1"), NewSqliteClasses: pulumi.ToStringArray([]string{"Room"})},
		},
	})
	if err != nil {
		return err
	}
	// docs:end durable-objects
	ctx.Export("url", chat.Url)
	return nil
}

// Promote deploys what another stack has tested.
func Promote(ctx *pulumi.Context) error {
	// docs:begin promote
	staging, err := pulumi.NewStackReference(ctx, "acme/shop/staging", nil)
	if err != nil {
		return err
	}
	tested := staging.GetOutput(pulumi.String("bundle")).ApplyT(func(output any) (cf.BundleReference, error) {
		bundle, ok := output.(map[string]any)
		if !ok {
			return cf.BundleReference{}, errors.New("staging has no output bundle")
		}
		digest, _ := bundle["sha256"].(string)
		bucket, _ := bundle["bucket"].(string)
		key, _ := bundle["key"].(string)
		return cf.BundleReference{Bucket: bucket, Key: key, Sha256: &digest}, nil
	}).(cf.BundleReferenceOutput)
	shop, err := cf.NewWorkerApp(ctx, "shop", &cf.WorkerAppArgs{
		PromoteFrom:       tested.ToBundleReferencePtrOutput(),
		CompatibilityDate: pulumi.String("2026-11-01"),
		Kv:                pulumi.ToStringArray([]string{"CACHE"}),
	})
	if err != nil {
		return err
	}
	// docs:end promote
	ctx.Export("url", shop.Url)
	return nil
}

// Rollout gives a new version a part of the requests.
func Rollout(ctx *pulumi.Context) error {
	// docs:begin rollout
	shop, err := cf.NewWorkerApp(ctx, "shop", &cf.WorkerAppArgs{
		Path:              pulumi.String("./dist"),
		CompatibilityDate: pulumi.String("2026-11-01"),
		Rollout:           cf.RolloutArgs{Percentage: pulumi.Float64(10)},
	})
	if err != nil {
		return err
	}
	// docs:end rollout
	ctx.Export("url", shop.Url)
	return nil
}

// Adopt describes a Worker that exists.
func Adopt(ctx *pulumi.Context) error {
	// docs:begin adopt
	api, err := cf.NewCloudflareWorker(ctx, "api", &cf.CloudflareWorkerArgs{
		ScriptName:        pulumi.String("api"), // the name that it has
		Bundle:            cf.BundleReferenceArgs{Bucket: pulumi.String("bundles"), Key: pulumi.String("api/index.js")},
		CompatibilityDate: pulumi.String("2026-11-01"),
		Bindings: cf.BindingMap{"CACHE": cf.BindingArgs{
			KvNamespace: cf.KvNamespaceBindingArgs{Id: pulumi.String("0123456789abcdef0123456789abcdef")},
		}},
		Routes: cf.RouteMap{"api.example.com/*": cf.RouteArgs{}},
	})
	if err != nil {
		return err
	}
	// docs:end adopt
	ctx.Export("urls", api.Urls)
	return nil
}

// FromWrangler is a Worker that wrangler's configuration describes.
func FromWrangler(ctx *pulumi.Context) error {
	// docs:begin from-wrangler
	bundle, err := cf.NewWorkerBundle(ctx, "web", &cf.WorkerBundleArgs{
		Bucket: pulumi.String("bundles"),
		Path:   pulumi.String("./dist"),
	})
	if err != nil {
		return err
	}
	described := cf.FromWranglerOutput(ctx, cf.FromWranglerOutputArgs{
		Path:        pulumi.String("wrangler.jsonc"),
		Environment: pulumi.String("production"),
	})
	web, err := cf.NewCloudflareWorker(ctx, "web", &cf.CloudflareWorkerArgs{
		Bundle:            bundle.Reference,
		ScriptName:        described.ScriptName(),
		CompatibilityDate: described.CompatibilityDate(),
		Variables:         described.Variables(),
		Bindings:          described.Bindings(),
		WorkersDev:        described.WorkersDev(),
	})
	if err != nil {
		return err
	}
	// docs:end from-wrangler
	ctx.Export("webUrls", web.Urls)
	return nil
}

// AppFromWrangler is the same with what it needs.
func AppFromWrangler(ctx *pulumi.Context) error {
	// docs:begin app-from-wrangler
	web, err := cf.NewWorkerApp(ctx, "web", &cf.WorkerAppArgs{
		Path: pulumi.String("./dist"),
		FromWrangler: cf.WranglerFileArgs{
			Path:        pulumi.String("wrangler.jsonc"),
			Environment: pulumi.String("production"),
		},
	})
	if err != nil {
		return err
	}
	// docs:end app-from-wrangler
	ctx.Export("webUrl", web.Url)
	return nil
}
