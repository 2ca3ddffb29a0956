# SPDX-License-Identifier: Apache-2.0

"""Pieces of programs that the documentation shows. A test calls them without an engine."""

# docs:begin imports
import pulumi
import pulumi_cloudflare_workers as cf
# docs:end imports


def app():
    # docs:begin app
    api = cf.WorkerApp(
        "api",
        path="./dist",
        compatibility_date="2026-11-01",
        kv=["CACHE"],
        variables={"LOG_LEVEL": "info"},
        secrets={"UPSTREAM_KEY": "env:UPSTREAM_KEY"},
    )
    # docs:end app
    return api.url


def worker():
    # docs:begin worker
    bundle = cf.WorkerBundle("api", bucket="bundles", path="./dist")
    cache = cf.KvNamespace("cache")
    api = cf.CloudflareWorker(
        "api",
        bundle=bundle.reference,
        compatibility_date="2026-11-01",
        variables={"LOG_LEVEL": "info"},
        bindings={"CACHE": {"kv_namespace": {"id": cache.id}}},
        workers_dev={"enabled": True},
    )
    # docs:end worker
    return api.urls


def bundle():
    # docs:begin bundle
    bundle = cf.WorkerBundle(
        "api",
        bucket="bundles",
        path="./dist",
        build={"command": ["npm", "run", "build"]},
    )
    # docs:end bundle
    return bundle.sha256


def kv():
    # docs:begin kv
    cache = cf.KvNamespace("cache", title="api-cache", entries={"limits/visits": "1000"})
    # docs:end kv
    return cache.id


def r2():
    # docs:begin r2
    uploads = cf.R2Bucket("uploads", name="uploads", location="weur")
    # docs:end r2
    return uploads.name


def d1():
    # docs:begin d1
    orders = cf.D1Database(
        "orders",
        name="orders",
        primary_location_hint="weur",
        migrations={"directory": "./migrations"},
    )
    api = cf.CloudflareWorker(
        "api",
        bundle={"bucket": "bundles", "key": "api/index.js"},
        compatibility_date="2026-11-01",
        bindings={"DB": {"d1_database": {"id": orders.database_id}}},
    )
    # docs:end d1
    return api.urls


def queue():
    # docs:begin queue
    orders = cf.Queue("orders", name="orders", settings={"delivery_delay": 10})
    shop = cf.CloudflareWorker(
        "shop",
        bundle={"bucket": "bundles", "key": "shop/index.js"},
        compatibility_date="2026-11-01",
        bindings={"ORDERS": {"queue": {"name": orders.name}}},
    )
    # docs:end queue
    return shop.urls


def secrets_store():
    # docs:begin secrets-store
    key = cf.SecretsStoreSecret(
        "key",
        store_id="0123456789abcdef0123456789abcdef",
        name="signing-key",
        value="env:SIGNING_KEY",
    )
    api = cf.CloudflareWorker(
        "api",
        bundle={"bucket": "bundles", "key": "api/index.js"},
        compatibility_date="2026-11-01",
        bindings={"KEY": {"secrets_store_secret": {"store_id": key.store_id, "secret_name": key.name}}},
    )
    # docs:end secrets-store
    return api.urls


def addresses():
    # docs:begin addresses
    api = cf.WorkerApp(
        "api",
        path="./dist",
        compatibility_date="2026-11-01",
        routes={"example.com/api/*": {}},
        custom_domains={"api.example.com": {}},
    )
    # docs:end addresses
    return api.urls


def durable_objects():
    # docs:begin durable-objects
    chat = cf.WorkerApp(
        "chat",
        path="./dist",
        compatibility_date="2026-11-01",
        bindings={"ROOMS": {"durable_object_namespace": {"class_name": "Room"}}},
        migrations=[{"tag": "v1", "new_sqlite_classes": ["Room"]}],
    )
    # docs:end durable-objects
    return chat.url


def promote():
    # docs:begin promote
    staging = pulumi.StackReference("acme/shop/staging")
    shop = cf.WorkerApp(
        "shop",
        promote_from=staging.require_output("bundle"),
        compatibility_date="2026-11-01",
        kv=["CACHE"],
    )
    # docs:end promote
    return shop.url


def rollout():
    # docs:begin rollout
    shop = cf.WorkerApp(
        "shop",
        path="./dist",
        compatibility_date="2026-11-01",
        rollout={"percentage": 10},
    )
    # docs:end rollout
    return shop.url


def adopt():
    # docs:begin adopt
    api = cf.CloudflareWorker(
        "api",
        script_name="api",  # the name that it has
        bundle={"bucket": "bundles", "key": "api/index.js"},
        compatibility_date="2026-11-01",
        bindings={"CACHE": {"kv_namespace": {"id": "0123456789abcdef0123456789abcdef"}}},
        routes={"api.example.com/*": {}},
    )
    # docs:end adopt
    return api.urls


def from_wrangler():
    # docs:begin from-wrangler
    bundle = cf.WorkerBundle("web", bucket="bundles", path="./dist")
    described = cf.from_wrangler(path="wrangler.jsonc", environment="production")
    web = cf.CloudflareWorker(
        "web",
        bundle=bundle.reference,
        script_name=described.script_name,
        compatibility_date=described.compatibility_date,
        variables=described.variables,
        bindings=described.bindings,
        workers_dev=described.workers_dev,
    )
    # docs:end from-wrangler
    return web.urls


def app_from_wrangler():
    # docs:begin app-from-wrangler
    web = cf.WorkerApp(
        "web",
        path="./dist",
        from_wrangler={"path": "wrangler.jsonc", "environment": "production"},
    )
    # docs:end app-from-wrangler
    return web.url
