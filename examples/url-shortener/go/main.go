// SPDX-License-Identifier: Apache-2.0

// A URL shortener: two Workers, and the storage, queues and static assets that they need.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	cf "github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/sdk/go/cloudflareworkers"
)

const compatibilityDate = pulumi.String("2026-11-01")

func main() { pulumi.Run(stack) }

func stack(ctx *pulumi.Context) error {
	// Builds of both Workers are kept here, each under its own SHA-256. An example leaves nothing behind.
	builds, err := cf.NewR2Bucket(ctx, "builds", &cf.R2BucketArgs{ForceDestroy: pulumi.Bool(true)})
	if err != nil {
		return err
	}
	// Visits, on their way from the Worker that sees them to the one that counts them, and those that it failed to count.
	hitsName := ctx.Project() + "-" + ctx.Stack() + "-hits"
	hits, err := cf.NewQueue(ctx, "hits", &cf.QueueArgs{Name: pulumi.String(hitsName)})
	if err != nil {
		return err
	}
	lostHits, err := cf.NewQueue(ctx, "lost-hits", nil)
	if err != nil {
		return err
	}
	consumers := cf.QueueConsumerMap{hitsName: cf.QueueConsumerArgs{
		MaxBatchSize:    pulumi.Int(100),
		MaxRetries:      pulumi.Int(5),
		DeadLetterQueue: lostHits.Name,
	}}
	// It names the queue, but by a text that is no output.
	stats, err := newStats(ctx, builds, consumers, pulumi.DependsOn([]pulumi.Resource{hits}))
	if err != nil {
		return err
	}
	shortener, err := newShortener(ctx, builds, hits, stats)
	if err != nil {
		return err
	}
	ctx.Export("url", shortener.Urls.Index(pulumi.Int(0)))
	ctx.Export("version", shortener.VersionId)
	return nil
}

// newStats makes the Worker that counts visits. It has no address: only a queue and the other Worker reach it.
func newStats(
	ctx *pulumi.Context, builds *cf.R2Bucket, consumers cf.QueueConsumerMap, opts ...pulumi.ResourceOption,
) (*cf.CloudflareWorker, error) {
	bundle, err := newBundle(ctx, builds, "stats")
	if err != nil {
		return nil, err
	}
	return cf.NewCloudflareWorker(ctx, "stats", &cf.CloudflareWorkerArgs{
		Bundle:            bundle.Reference,
		CompatibilityDate: compatibilityDate,
		Bindings: cf.BindingMap{"COUNTERS": cf.BindingArgs{
			DurableObjectNamespace: cf.DurableObjectNamespaceBindingArgs{ClassName: pulumi.String("HitCounter")},
		}},
		Migrations: cf.MigrationArray{cf.MigrationArgs{
			Tag:              pulumi.String("v1"),
			NewSqliteClasses: pulumi.ToStringArray([]string{"HitCounter"}),
		}},
		QueueConsumers: consumers,
		Observability:  cf.ObservabilityArgs{Enabled: pulumi.Bool(true)},
	}, opts...)
}

// newShortener makes the Worker that the world sees, with links and what belongs to them.
func newShortener(
	ctx *pulumi.Context, builds *cf.R2Bucket, hits *cf.Queue, stats *cf.CloudflareWorker,
) (*cf.CloudflareWorker, error) {
	bundle, err := newBundle(ctx, builds, "shortener")
	if err != nil {
		return nil, err
	}
	links, err := cf.NewD1Database(ctx, "links", &cf.D1DatabaseArgs{
		Migrations: cf.D1MigrationsArgs{Directory: pulumi.String("../worker/migrations")},
	})
	if err != nil {
		return nil, err
	}
	cache, err := cf.NewKvNamespace(ctx, "cache", nil)
	if err != nil {
		return nil, err
	}
	images, err := cf.NewR2Bucket(ctx, "images", &cf.R2BucketArgs{ForceDestroy: pulumi.Bool(true)})
	if err != nil {
		return nil, err
	}
	return cf.NewCloudflareWorker(ctx, "shortener", &cf.CloudflareWorkerArgs{
		Bundle:            bundle.Reference,
		CompatibilityDate: compatibilityDate,
		Variables:         pulumi.Map{"LIMITS": pulumi.Map{"imageBytes": pulumi.Int(1024 * 1024)}},
		Secrets:           pulumi.StringMap{"API_TOKEN": config.New(ctx, "").RequireSecret("apiToken")},
		Bindings: cf.BindingMap{
			"ASSETS": cf.BindingArgs{Assets: cf.AssetsBindingArgs{}},
			"CACHE":  cf.BindingArgs{KvNamespace: cf.KvNamespaceBindingArgs{Id: cache.ID()}},
			"DB":     cf.BindingArgs{D1Database: cf.D1DatabaseBindingArgs{Id: links.ID()}},
			"IMAGES": cf.BindingArgs{R2Bucket: cf.R2BucketBindingArgs{Name: images.Name}},
			"HITS":   cf.BindingArgs{Queue: cf.QueueBindingArgs{Name: hits.Name}},
			"STATS": cf.BindingArgs{
				Service: cf.ServiceBindingArgs{Name: stats.ScriptName, Entrypoint: pulumi.String("Stats")},
			},
		},
		// A file is served as it is; the API, and every address that is no file, is the Worker's.
		Assets: cf.WorkerAssetsArgs{
			Directory:           pulumi.String("../worker/public"),
			RunWorkerFirstRules: pulumi.ToStringArray([]string{"/api/*"}),
		},
		Schedules:     pulumi.ToStringArray([]string{"17 * * * *"}),
		WorkersDev:    cf.WorkersDevArgs{Enabled: pulumi.Bool(true)},
		Observability: cf.ObservabilityArgs{Enabled: pulumi.Bool(true)},
	})
}

// newBundle stores what the Worker of that name was built into.
func newBundle(ctx *pulumi.Context, builds *cf.R2Bucket, worker string) (*cf.WorkerBundle, error) {
	return cf.NewWorkerBundle(ctx, worker+"-bundle", &cf.WorkerBundleArgs{
		Bucket: builds.Name,
		Prefix: pulumi.String(worker),
		Path:   pulumi.String("../worker/dist/" + worker),
	})
}
