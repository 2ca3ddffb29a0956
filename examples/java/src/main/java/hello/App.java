// SPDX-License-Identifier: Apache-2.0

// docs:begin program
package hello;

import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.cloudflareworkers.CloudflareWorker;
import com.pulumi.cloudflareworkers.CloudflareWorkerArgs;
import com.pulumi.cloudflareworkers.D1Database;
import com.pulumi.cloudflareworkers.D1DatabaseArgs;
import com.pulumi.cloudflareworkers.KvNamespace;
import com.pulumi.cloudflareworkers.Queue;
import com.pulumi.cloudflareworkers.R2Bucket;
import com.pulumi.cloudflareworkers.R2BucketArgs;
import com.pulumi.cloudflareworkers.WorkerApp;
import com.pulumi.cloudflareworkers.WorkerAppArgs;
import com.pulumi.cloudflareworkers.WorkerBundle;
import com.pulumi.cloudflareworkers.WorkerBundleArgs;
import com.pulumi.cloudflareworkers.inputs.BindingArgs;
import com.pulumi.cloudflareworkers.inputs.BundleReferenceArgs;
import com.pulumi.cloudflareworkers.inputs.D1DatabaseBindingArgs;
import com.pulumi.cloudflareworkers.inputs.D1MigrationsArgs;
import com.pulumi.cloudflareworkers.inputs.KvNamespaceBindingArgs;
import com.pulumi.cloudflareworkers.inputs.QueueBindingArgs;
import com.pulumi.cloudflareworkers.inputs.RouteArgs;
import com.pulumi.cloudflareworkers.inputs.WorkersDevArgs;
import com.pulumi.cloudflareworkers.inputs.WranglerFileArgs;
import java.util.Map;

public final class App {
  public static void main(String[] args) {
    Pulumi.run(App::stack);
  }

  private static void stack(Context context) {
    var config = context.config();

    // Builds are kept here, each under its own SHA-256. An example leaves nothing behind.
    var artifacts = new R2Bucket("artifacts", R2BucketArgs.builder().forceDestroy(true).build());
    var bundle = new WorkerBundle("bundle", WorkerBundleArgs.builder()
        .bucket(artifacts.name())
        .prefix("hello")
        .path("../worker/dist")
        .build());
    var visits = new KvNamespace("visits");
    var guests = new D1Database("guests", D1DatabaseArgs.builder()
        .migrations(D1MigrationsArgs.builder().directory("../worker/migrations").build())
        .build());
    var news = new Queue("news");

    var hello = new CloudflareWorker("hello", CloudflareWorkerArgs.builder()
        .bundle(bundle.reference().applyValue(reference -> BundleReferenceArgs.builder()
            .bucket(reference.bucket())
            .key(reference.key())
            .sha256(reference.sha256().orElseThrow())
            .build()))
        .compatibilityDate("2026-11-01")
        .variables(Map.of(
            "GREETING", config.get("greeting").orElse("Hello"),
            "LIMITS", Map.of("visits", 1000)))
        .secrets(config.requireSecret("signingKey").applyValue(key -> Map.of("SIGNING_KEY", key)))
        .bindings(Map.of(
            "VISITS", BindingArgs.builder()
                .kvNamespace(KvNamespaceBindingArgs.builder().id(visits.id()).build())
                .build(),
            "GUESTS", BindingArgs.builder()
                .d1Database(D1DatabaseBindingArgs.builder().id(guests.id()).build())
                .build(),
            "NEWS", BindingArgs.builder()
                .queue(QueueBindingArgs.builder().name(news.name()).build())
                .build()))
        .workersDev(WorkersDevArgs.builder().enabled(true).build())
        .routes(Map.of("hello.example.com/*", RouteArgs.builder()
            .zoneId(config.require("zoneId"))
            .dnsRecord(true)
            .build()))
        .build());

    // The same build for trying things out: one resource, with a bucket, a counter and a queue of its own.
    var trial = new WorkerApp("trial", WorkerAppArgs.builder()
        .path("../worker/dist")
        .fromWrangler(WranglerFileArgs.builder().path("../worker").build())
        .scriptName("hello-trial")
        .kv("VISITS")
        .queues("NEWS")
        .variables(Map.of("GREETING", "Try", "LIMITS", Map.of("visits", 10)))
        .secrets(config.requireSecret("signingKey").applyValue(key -> Map.of("SIGNING_KEY", key)))
        .bindings(Map.of("GUESTS", BindingArgs.builder()
            .d1Database(D1DatabaseBindingArgs.builder().id(guests.id()).build())
            .build()))
        .build());

    context.export("urls", hello.urls());
    context.export("digest", hello.bundleDigest());
    context.export("trialUrl", trial.url());
    context.export("trialQueue", trial.queueNames().applyValue(names -> names.get("NEWS")));
  }
}
// docs:end program
