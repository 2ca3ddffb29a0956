// SPDX-License-Identifier: Apache-2.0

// A pipeline that deploys a Worker: it previews, deploys only if something changes, and says where the Worker answers.
// There is no project file and no language host; the program is the function stack below.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	cf "github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/sdk/go/cloudflareworkers"
)

const (
	project    = "hello-pipeline"
	signingKey = "SIGNING_KEY" // the secret, and the environment variable in which the pipeline has it
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	dist := flag.String("dist", "../worker/dist", "the Worker's build output")
	plugins := flag.String("plugins", "../../bin", "directory of the provider's binary")
	name := flag.String("stack", "dev", "the stack")
	destroy := flag.Bool("destroy", false, "remove the Worker again")
	flag.Parse()
	err := run(ctx, *name, *dist, *plugins, *destroy)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name, dist, plugins string, destroy bool) error {
	// An inline program runs in a directory of its own.
	dist, distErr := filepath.Abs(dist)
	plugins, pluginsErr := filepath.Abs(plugins)
	if err := errors.Join(distErr, pluginsErr); err != nil {
		return err
	}
	s, err := auto.UpsertStackInlineSource(ctx, name, project, stack(dist), auto.Project(workspace.Project{
		Name:    tokens.PackageName(project),
		Runtime: workspace.NewProjectRuntimeInfo("go", nil),
		Plugins: &workspace.Plugins{Providers: []workspace.PluginOptions{{Name: "cloudflare-workers", Path: plugins}}},
	}))
	if err != nil {
		return err
	}
	if destroy {
		_, err := s.Destroy(ctx)
		return err
	}
	if os.Getenv(signingKey) == "" {
		return errors.New(signingKey + " is not set")
	}
	preview, err := s.Preview(ctx, optpreview.Diff())
	if err != nil {
		return err
	}
	changes := maps.Clone(preview.ChangeSummary)
	delete(changes, apitype.OpSame)
	if len(changes) == 0 {
		fmt.Println("nothing to do")
		return nil
	}
	for _, op := range slices.Sorted(maps.Keys(changes)) {
		fmt.Printf("preview: %s %d\n", op, changes[op])
	}
	up, err := s.Up(ctx, optup.Message("deployed by the pipeline"))
	if err != nil {
		return err
	}
	fmt.Println("serving at", up.Outputs["url"].Value)
	return nil
}

// stack returns the program that deploys what is in dist, with the migrations beside it.
func stack(dist string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		artifacts, err := cf.NewR2Bucket(ctx, "artifacts", &cf.R2BucketArgs{ForceDestroy: pulumi.Bool(true)})
		if err != nil {
			return err
		}
		bundle, err := cf.NewWorkerBundle(ctx, "bundle", &cf.WorkerBundleArgs{
			Bucket: artifacts.Name,
			Path:   pulumi.String(dist),
		})
		if err != nil {
			return err
		}
		visits, err := cf.NewKvNamespace(ctx, "visits", nil)
		if err != nil {
			return err
		}
		guests, err := cf.NewD1Database(ctx, "guests", &cf.D1DatabaseArgs{
			Migrations: cf.D1MigrationsArgs{Directory: pulumi.String(filepath.Join(filepath.Dir(dist), "migrations"))},
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
				"GREETING": pulumi.String("Hello from the pipeline:"),
				"LIMITS":   pulumi.Map{"visits": pulumi.Int(1000)},
			},
			Secrets: pulumi.StringMap{signingKey: pulumi.String(os.Getenv(signingKey))},
			Bindings: cf.BindingMap{
				"VISITS": cf.BindingArgs{KvNamespace: cf.KvNamespaceBindingArgs{Id: visits.ID()}},
				"GUESTS": cf.BindingArgs{D1Database: cf.D1DatabaseBindingArgs{Id: guests.ID()}},
				"NEWS":   cf.BindingArgs{Queue: cf.QueueBindingArgs{Name: news.Name}},
			},
			WorkersDev: cf.WorkersDevArgs{Enabled: pulumi.Bool(true)},
		})
		if err != nil {
			return err
		}
		ctx.Export("url", hello.Urls.Index(pulumi.Int(0)))
		return nil
	}
}
