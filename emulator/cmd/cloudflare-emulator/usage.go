// SPDX-License-Identifier: Apache-2.0

package main

const usage = `cloudflare-emulator: a Cloudflare on your own machine.

It serves Cloudflare's API, R2's S3 endpoint, and the Workers that you deploy, which run on workerd, the runtime that
Cloudflare itself uses. wrangler, Pulumi, Terraform and S3 clients work with it unchanged: tell them where it is.

Usage:
    cloudflare-emulator [flags]

Where to listen (port 0 takes a free one):
    --api-addr ADDR     the API                            (default 127.0.0.1:8787)
    --r2-addr ADDR      R2's S3 endpoint                   (default 127.0.0.1:8788)
    --http-addr ADDR    the deployed Workers, by Host      (default 127.0.0.1:8080)

What it has:
    --account ID        the account's id, 32 hex digits    (default 0123456789abcdef0123456789abcdef)
    --token TOKEN       the API token that is accepted     (default emulator-token)
    --zone NAME         a DNS zone; may be repeated        (default example.com)
    --data DIR          keep everything in DIR; without it, everything is forgotten at the end.
                        Secrets are kept there in plain text, readable by you only.
    --rate-limit N      answer 429 after N API requests in five minutes; 0: never (Cloudflare: 1200)

How Workers run:
    --workerd PATH      the workerd binary; without it: $WORKERD, then PATH, then node_modules of this and of the
                        parent directories (npm install workerd)
    --no-runtime        serve the API only: uploads are stored, but not tried and not run

What it says:
    --ready-file FILE   once everything answers, write the addresses to FILE as JSON
    --log-format FORMAT text or json                       (default text)
    --quiet             log problems only
    --version           print the version and do nothing else

Standard output is the environment that clients need, as shell lines, written once everything answers. So this works:

    $ cloudflare-emulator --quiet > emulator.env &
    $ . ./emulator.env

wrangler then needs nothing else:

    $ wrangler deploy
    $ curl -H 'Host: my-worker.emulator.workers.dev' http://127.0.0.1:8080/

A Worker is found by the Host header: <script>.emulator.workers.dev, its version previews
<first 8 digits of a version>-<script>.emulator.workers.dev, and the routes and custom domains of the zones. curl can
also be told where the names are:

    $ curl --connect-to ::127.0.0.1:8080 http://my-worker.emulator.workers.dev/

So does Pulumi, with the provider of this project:

    $ pulumi up

The AWS CLI; the keys are derived from the API token, as on Cloudflare (its id, and its SHA-256):

    $ aws s3 ls

SIGINT (Ctrl-C) and SIGTERM stop it cleanly: no process and no temporary file stays behind.
Exit status: 0 after a signal, 1 if it cannot serve, 2 if the command line is wrong.
`
