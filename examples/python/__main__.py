# SPDX-License-Identifier: Apache-2.0

# docs:begin program
import pulumi
import pulumi_cloudflare_workers as cf

config = pulumi.Config()

# Builds are kept here, each under its own SHA-256. An example leaves nothing behind.
artifacts = cf.R2Bucket("artifacts", force_destroy=True)
bundle = cf.WorkerBundle("bundle", bucket=artifacts.name, prefix="hello", path="../worker/dist")
visits = cf.KvNamespace("visits")
guests = cf.D1Database("guests", migrations={"directory": "../worker/migrations"})
news = cf.Queue("news")

hello = cf.CloudflareWorker(
    "hello",
    bundle=bundle.reference,
    compatibility_date="2026-11-01",
    variables={"GREETING": config.get("greeting", "Hello"), "LIMITS": {"visits": 1000}},
    secrets={"SIGNING_KEY": config.require_secret("signingKey")},
    bindings={
        "VISITS": {"kv_namespace": {"id": visits.id}},
        "GUESTS": {"d1_database": {"id": guests.id}},
        "NEWS": {"queue": {"name": news.name}},
    },
    workers_dev={"enabled": True},
    routes={"hello.example.com/*": {"zone_id": config.require("zoneId"), "dns_record": True}},
)

# The same build for trying things out: one resource, with a bucket, a counter and a queue of its own.
trial = cf.WorkerApp(
    "trial",
    path="../worker/dist",
    from_wrangler={"path": "../worker"},
    script_name="hello-trial",
    kv=["VISITS"],
    queues=["NEWS"],
    variables={"GREETING": "Try", "LIMITS": {"visits": 10}},
    secrets={"SIGNING_KEY": config.require_secret("signingKey")},
    bindings={"GUESTS": {"d1_database": {"id": guests.id}}},
)

pulumi.export("urls", hello.urls)
pulumi.export("digest", hello.bundle_digest)
pulumi.export("trialUrl", trial.url)
pulumi.export("trialQueue", trial.queue_names["NEWS"])
# docs:end program
