// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	cf "github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/sdk/go/cloudflareworkers"
)

// signingKey is the name of the secret, and of the environment variable in which CI has it.
const signingKey = "SIGNING_KEY"

// The names of a stack's outputs.
const (
	urlOutput    = "url"
	bundleOutput = "bundle" // what the stack serves: what another stack may be promoted to. None: it fails
)

// A bundle is the reference of a build output that is stored already. Its content is SHA256, or it is not deployed.
type bundle struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	SHA256 string `json:"sha256"`
}

func (b *bundle) args() cf.BundleReferenceArgs {
	return cf.BundleReferenceArgs{
		Bucket: pulumi.String(b.Bucket), Key: pulumi.String(b.Key), Sha256: pulumi.String(b.SHA256),
	}
}

// A release is what a stack is to run.
type release struct {
	stack      string
	dist       string  // the build output, with the migrations beside it
	promoted   *bundle // if not nil, the code is this bundle, and dist is not stored
	signingKey string
	failed     bool    // the newest version failed
	takenBack  *bundle // if not nil, the version before that one, with this bundle, serves
}

// program describes the stack. It is the same for each stack but for where the code comes from. Names are left to the
// provider, which derives them from the stack's, so that no two stacks meet.
func (r release) program(ctx *pulumi.Context) error {
	var code cf.BundleReferenceInput
	if r.promoted != nil {
		code = r.promoted.args()
	} else {
		// Builds are kept here, each under its own SHA-256. An example leaves nothing behind.
		builds, err := cf.NewR2Bucket(ctx, "builds", &cf.R2BucketArgs{ForceDestroy: pulumi.Bool(true)})
		if err != nil {
			return err
		}
		stored, err := cf.NewWorkerBundle(ctx, "bundle", &cf.WorkerBundleArgs{
			Bucket: builds.Name,
			Path:   pulumi.String(r.dist),
		})
		if err != nil {
			return err
		}
		code = stored.Reference
	}
	visits, err := cf.NewKvNamespace(ctx, "visits", nil)
	if err != nil {
		return err
	}
	guests, err := cf.NewD1Database(ctx, "guests", &cf.D1DatabaseArgs{
		Migrations: cf.D1MigrationsArgs{Directory: pulumi.String(filepath.Join(filepath.Dir(r.dist), "migrations"))},
	})
	if err != nil {
		return err
	}
	news, err := cf.NewQueue(ctx, "news", nil)
	if err != nil {
		return err
	}
	args := &cf.CloudflareWorkerArgs{
		Bundle:            code.ToBundleReferenceOutput().ToBundleReferencePtrOutput(),
		CompatibilityDate: pulumi.String("2026-11-01"),
		Variables: pulumi.Map{
			"GREETING": pulumi.String("Hello from " + r.stack + ":"),
			"LIMITS":   pulumi.Map{"visits": pulumi.Int(1000)},
		},
		Secrets: pulumi.StringMap{signingKey: pulumi.String(r.signingKey)},
		Bindings: cf.BindingMap{
			"VISITS": cf.BindingArgs{KvNamespace: cf.KvNamespaceBindingArgs{Id: visits.ID()}},
			"GUESTS": cf.BindingArgs{D1Database: cf.D1DatabaseBindingArgs{Id: guests.ID()}},
			"NEWS":   cf.BindingArgs{Queue: cf.QueueBindingArgs{Name: news.Name}},
		},
		WorkersDev: cf.WorkersDevArgs{Enabled: pulumi.Bool(true)},
	}
	serving := code
	if r.takenBack != nil {
		args.Rollout, serving = cf.RolloutArgs{Percentage: pulumi.Float64(0)}, r.takenBack.args()
	}
	hello, err := cf.NewCloudflareWorker(ctx, "hello", args)
	if err != nil {
		return err
	}
	ctx.Export(urlOutput, hello.Urls.Index(pulumi.Int(0)))
	if !r.failed || r.takenBack != nil {
		ctx.Export(bundleOutput, serving)
	}
	return nil
}
