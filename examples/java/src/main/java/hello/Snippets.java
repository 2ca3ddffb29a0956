// SPDX-License-Identifier: Apache-2.0

package hello;

import com.pulumi.cloudflareworkers.CloudflareWorker;
import com.pulumi.cloudflareworkers.CloudflareWorkerArgs;
import com.pulumi.cloudflareworkers.CloudflareworkersFunctions;
import com.pulumi.cloudflareworkers.D1Database;
import com.pulumi.cloudflareworkers.D1DatabaseArgs;
import com.pulumi.cloudflareworkers.KvNamespace;
import com.pulumi.cloudflareworkers.KvNamespaceArgs;
import com.pulumi.cloudflareworkers.Queue;
import com.pulumi.cloudflareworkers.QueueArgs;
import com.pulumi.cloudflareworkers.R2Bucket;
import com.pulumi.cloudflareworkers.R2BucketArgs;
import com.pulumi.cloudflareworkers.SecretsStoreSecret;
import com.pulumi.cloudflareworkers.SecretsStoreSecretArgs;
import com.pulumi.cloudflareworkers.WorkerApp;
import com.pulumi.cloudflareworkers.WorkerAppArgs;
import com.pulumi.cloudflareworkers.WorkerBundle;
import com.pulumi.cloudflareworkers.WorkerBundleArgs;
import com.pulumi.cloudflareworkers.inputs.BindingArgs;
import com.pulumi.cloudflareworkers.inputs.BuildCommandArgs;
import com.pulumi.cloudflareworkers.inputs.BundleReferenceArgs;
import com.pulumi.cloudflareworkers.inputs.CustomDomainArgs;
import com.pulumi.cloudflareworkers.inputs.D1DatabaseBindingArgs;
import com.pulumi.cloudflareworkers.inputs.D1MigrationsArgs;
import com.pulumi.cloudflareworkers.inputs.DurableObjectNamespaceBindingArgs;
import com.pulumi.cloudflareworkers.inputs.FromWranglerArgs;
import com.pulumi.cloudflareworkers.inputs.KvNamespaceBindingArgs;
import com.pulumi.cloudflareworkers.inputs.MigrationArgs;
import com.pulumi.cloudflareworkers.inputs.QueueBindingArgs;
import com.pulumi.cloudflareworkers.inputs.QueueSettingsArgs;
import com.pulumi.cloudflareworkers.inputs.RolloutArgs;
import com.pulumi.cloudflareworkers.inputs.RouteArgs;
import com.pulumi.cloudflareworkers.inputs.SecretsStoreSecretBindingArgs;
import com.pulumi.cloudflareworkers.inputs.WorkersDevArgs;
import com.pulumi.cloudflareworkers.inputs.WranglerFileArgs;
import com.pulumi.resources.StackReference;
import java.util.Map;

/** Pieces of programs that the documentation shows. They are compiled with the program; nothing calls them. */
final class Snippets {
  private Snippets() {}

  static void app() {
    // docs:begin app
    var api = new WorkerApp("api", WorkerAppArgs.builder()
        .path("./dist")
        .compatibilityDate("2026-11-01")
        .kv("CACHE")
        .variables(Map.of("LOG_LEVEL", "info"))
        .secrets(Map.of("UPSTREAM_KEY", "env:UPSTREAM_KEY"))
        .build());
    // docs:end app
  }

  static void worker() {
    // docs:begin worker
    var bundle = new WorkerBundle("api", WorkerBundleArgs.builder().bucket("bundles").path("./dist").build());
    var cache = new KvNamespace("cache");
    var api = new CloudflareWorker("api", CloudflareWorkerArgs.builder()
        .bundle(bundle.reference().applyValue(reference -> BundleReferenceArgs.builder()
            .bucket(reference.bucket())
            .key(reference.key())
            .sha256(reference.sha256().orElseThrow())
            .build()))
        .compatibilityDate("2026-11-01")
        .variables(Map.of("LOG_LEVEL", "info"))
        .bindings(Map.of("CACHE", BindingArgs.builder()
            .kvNamespace(KvNamespaceBindingArgs.builder().id(cache.id()).build())
            .build()))
        .workersDev(WorkersDevArgs.builder().enabled(true).build())
        .build());
    // docs:end worker
  }

  static void bundle() {
    // docs:begin bundle
    var bundle = new WorkerBundle("api", WorkerBundleArgs.builder()
        .bucket("bundles")
        .path("./dist")
        .build(BuildCommandArgs.builder().command("npm", "run", "build").build())
        .build());
    // docs:end bundle
  }

  static void kv() {
    // docs:begin kv
    var cache = new KvNamespace("cache", KvNamespaceArgs.builder()
        .title("api-cache")
        .entries(Map.of("limits/visits", "1000"))
        .build());
    // docs:end kv
  }

  static void r2() {
    // docs:begin r2
    var uploads = new R2Bucket("uploads", R2BucketArgs.builder().name("uploads").location("weur").build());
    // docs:end r2
  }

  static void d1() {
    // docs:begin d1
    var orders = new D1Database("orders", D1DatabaseArgs.builder()
        .name("orders")
        .primaryLocationHint("weur")
        .migrations(D1MigrationsArgs.builder().directory("./migrations").build())
        .build());
    var api = new CloudflareWorker("api", CloudflareWorkerArgs.builder()
        .bundle(BundleReferenceArgs.builder().bucket("bundles").key("api/index.js").build())
        .compatibilityDate("2026-11-01")
        .bindings(Map.of("DB", BindingArgs.builder()
            .d1Database(D1DatabaseBindingArgs.builder().id(orders.databaseId()).build())
            .build()))
        .build());
    // docs:end d1
  }

  static void queue() {
    // docs:begin queue
    var orders = new Queue("orders", QueueArgs.builder()
        .name("orders")
        .settings(QueueSettingsArgs.builder().deliveryDelay(10).build())
        .build());
    var shop = new CloudflareWorker("shop", CloudflareWorkerArgs.builder()
        .bundle(BundleReferenceArgs.builder().bucket("bundles").key("shop/index.js").build())
        .compatibilityDate("2026-11-01")
        .bindings(Map.of("ORDERS", BindingArgs.builder()
            .queue(QueueBindingArgs.builder().name(orders.name()).build())
            .build()))
        .build());
    // docs:end queue
  }

  static void secretsStore() {
    // docs:begin secrets-store
    var key = new SecretsStoreSecret("key", SecretsStoreSecretArgs.builder()
        .storeId("0123456789abcdef0123456789abcdef")
        .name("signing-key")
        .value("env:SIGNING_KEY")
        .build());
    var api = new CloudflareWorker("api", CloudflareWorkerArgs.builder()
        .bundle(BundleReferenceArgs.builder().bucket("bundles").key("api/index.js").build())
        .compatibilityDate("2026-11-01")
        .bindings(Map.of("KEY", BindingArgs.builder()
            .secretsStoreSecret(SecretsStoreSecretBindingArgs.builder()
                .storeId(key.storeId())
                .secretName(key.name())
                .build())
            .build()))
        .build());
    // docs:end secrets-store
  }

  static void addresses() {
    // docs:begin addresses
    var api = new WorkerApp("api", WorkerAppArgs.builder()
        .path("./dist")
        .compatibilityDate("2026-11-01")
        .routes(Map.of("example.com/api/*", RouteArgs.builder().build()))
        .customDomains(Map.of("api.example.com", CustomDomainArgs.builder().build()))
        .build());
    // docs:end addresses
  }

  static void durableObjects() {
    // docs:begin durable-objects
    var chat = new WorkerApp("chat", WorkerAppArgs.builder()
        .path("./dist")
        .compatibilityDate("2026-11-01")
        .bindings(Map.of("ROOMS", BindingArgs.builder()
            .durableObjectNamespace(DurableObjectNamespaceBindingArgs.builder().className("Room").build())
            .build()))
        .migrations(MigrationArgs.builder().tag("v1").newSqliteClasses("Room").build())
        .build());
    // docs:end durable-objects
  }

  static void promote() {
    // docs:begin promote
    var staging = new StackReference("acme/shop/staging");
    var tested = staging.requireOutput("bundle").applyValue(output -> {
      var bundle = (Map<?, ?>) output;
      return BundleReferenceArgs.builder()
          .bucket((String) bundle.get("bucket"))
          .key((String) bundle.get("key"))
          .sha256((String) bundle.get("sha256"))
          .build();
    });
    var shop = new WorkerApp("shop", WorkerAppArgs.builder()
        .promoteFrom(tested)
        .compatibilityDate("2026-11-01")
        .kv("CACHE")
        .build());
    // docs:end promote
  }

  static void rollout() {
    // docs:begin rollout
    var shop = new WorkerApp("shop", WorkerAppArgs.builder()
        .path("./dist")
        .compatibilityDate("2026-11-01")
        .rollout(RolloutArgs.builder().percentage(10.0).build())
        .build());
    // docs:end rollout
  }

  static void adopt() {
    // docs:begin adopt
    var api = new CloudflareWorker("api", CloudflareWorkerArgs.builder()
        .scriptName("api") // the name that it has
        .bundle(BundleReferenceArgs.builder().bucket("bundles").key("api/index.js").build())
        .compatibilityDate("2026-11-01")
        .bindings(Map.of("CACHE", BindingArgs.builder()
            .kvNamespace(KvNamespaceBindingArgs.builder().id("0123456789abcdef0123456789abcdef").build())
            .build()))
        .routes(Map.of("api.example.com/*", RouteArgs.builder().build()))
        .build());
    // docs:end adopt
  }

  static void fromWrangler() {
    // docs:begin from-wrangler
    var bundle = new WorkerBundle("web", WorkerBundleArgs.builder().bucket("bundles").path("./dist").build());
    var described = CloudflareworkersFunctions.fromWrangler(FromWranglerArgs.builder()
        .path("wrangler.jsonc")
        .environment("production")
        .build());
    var web = new CloudflareWorker("web", CloudflareWorkerArgs.builder()
        .bundle(bundle.reference().applyValue(reference -> BundleReferenceArgs.builder()
            .bucket(reference.bucket())
            .key(reference.key())
            .sha256(reference.sha256().orElseThrow())
            .build()))
        .scriptName(described.applyValue(worker -> worker.scriptName().orElseThrow()))
        .compatibilityDate(described.applyValue(worker -> worker.compatibilityDate()))
        .variables(described.applyValue(worker -> worker.variables()))
        .bindings(described.applyValue(worker -> Map.of("CACHE", BindingArgs.builder()
            .kvNamespace(KvNamespaceBindingArgs.builder()
                .id(worker.bindings().get("CACHE").kvNamespace().orElseThrow().id())
                .build())
            .build())))
        .workersDev(WorkersDevArgs.builder().enabled(true).build())
        .build());
    // docs:end from-wrangler
  }

  static void appFromWrangler() {
    // docs:begin app-from-wrangler
    var web = new WorkerApp("web", WorkerAppArgs.builder()
        .path("./dist")
        .fromWrangler(WranglerFileArgs.builder().path("wrangler.jsonc").environment("production").build())
        .build());
    // docs:end app-from-wrangler
  }
}
