// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// Codes that decide what the provider does. Codes that only need an
// explanation stand in codeHints alone.
const (
	codeDuplicateRoute   = 10020 // terraform-provider-cloudflare: "A route with the same pattern already exists"
	codeDuplicateKVTitle = 10014 // Workers KV: "a namespace with this account ID and title already exists"
	codeBucketExists     = 10004 // R2: "The bucket you tried to create already exists, and you own it."
	codeBucketNotEmpty   = 10008 // R2: "The bucket you tried to delete is not empty"
)

type apiCode struct {
	api  string
	code int
}

// What the user can do, by API and code: codes repeat from one API to another.
// Each entry says where the code was learned; a code seen nowhere has no entry.
var codeHints = map[apiCode]string{
	// wrangler, core/handle-errors.ts
	{cfapi.APIWorkers, 10000}: "the token is not accepted: is it meant for this account, and has it expired?",
	{cfapi.APIUser, 1000}:     "the token is not valid: was it copied whole?",
	{cfapi.APIWorkers, 9106}:  "no token was sent: set CLOUDFLARE_API_TOKEN or " + Name + ":apiToken",
	{cfapi.APIWorkers, 7003}:  "is the account id or zone id right?",
	// Cloudflare's own message names module and line
	{cfapi.APIWorkers, 10021}: "Cloudflare started the Worker to validate it and refused it; " +
		"the message names what in the bundle or its settings is wrong",
	// wrangler, friendly-validator-errors.ts
	{cfapi.APIWorkers, 10027}: "the bundle is too large: https://developers.cloudflare.com/workers/platform/limits/",
	{cfapi.APIWorkers, 10007}: "there is no such Worker: if somebody deleted it, run pulumi refresh",
	{cfapi.APIWorkers, 10057}: "the deployed version does not hold a secret that should be kept: run pulumi refresh, " +
		"and the next up sends it again",
	// wrangler, validate-worker-props.ts
	{cfapi.APIWorkers, 10063}: "the account has no workers.dev subdomain yet: choose one in the dashboard " +
		"under Workers & Pages, or leave workersDev out",
	{cfapi.APIWorkers, 10022}: "a route pattern is host and path, with * only at the start of the host " +
		"and the end of the path",
	{cfapi.APIWorkers, 10064}: "a queue delivers to this Worker: remove the consumer first",
	// alchemy-run/distilled, recorded live
	{cfapi.APIWorkers, 10019}: "a route needs a Worker that exists",
	{cfapi.APIWorkers, 10068}: "the entry point exports nothing that handles an event: does it have a " +
		"default export?",
	{cfapi.APIWorkers, 10142}:       "another Worker has a service binding to this one: remove the binding first",
	{cfapi.APIWorkers, 10143}:       "a service binding names a Worker that does not exist: deploy that one first",
	{cfapi.APIWorkers, 10144}:       "a service binding names a Worker that does not exist: deploy that one first",
	{cfapi.APIR2, 10006}:            "create the bucket first, with R2Bucket or wrangler r2 bucket create",
	{cfapi.APIR2, codeBucketExists}: "import it, or choose another name",
	{cfapi.APIR2, codeBucketNotEmpty}: "set forceDestroy: true and run pulumi up before destroying, or empty it " +
		"yourself",
	{cfapi.APIKV, codeDuplicateKVTitle}: "import the namespace by its id, or choose another title",
}

// s3Hints are [codeHints] for R2's S3 endpoint: https://developers.cloudflare.com/r2/api/error-codes/
var s3Hints = map[string]string{
	"NoSuchBucket": "is the bucket's name right, and is it in this account and jurisdiction?",
	"NoSuchKey":    "was the build uploaded? A directory's key ends in \"/\"",
	"Unauthorized": "the R2 keys are not accepted: the token needs \"Workers R2 Storage: Edit\", or set " +
		"r2AccessKeyId and r2SecretAccessKey",
	"AccessDenied": "the token needs \"Workers R2 Storage: Edit\" on this bucket",
}

var kindHints = []struct {
	kind error
	api  string
	hint string
}{
	{cfapi.ErrDenied, cfapi.APIWorkers, "the API token needs \"Workers Scripts: Edit\" on this account, and " +
		"\"Workers Routes: Edit\" on the zone for routes"},
	{cfapi.ErrDenied, cfapi.APIKV, "the API token needs \"Workers KV Storage: Edit\" on this account"},
	{cfapi.ErrDenied, cfapi.APIR2, "the API token needs \"Workers R2 Storage: Edit\" on this account"},
	{cfapi.ErrDenied, cfapi.APIDNS, "the API token needs \"DNS: Edit\" on this zone"},
}

// hintedError is an error that tells the user what to try.
type hintedError struct {
	error
	hints []string
}

func (e *hintedError) Unwrap() error { return e.error }

func (e *hintedError) Error() string {
	return e.error.Error() + "\n  hint: " + strings.Join(e.hints, "\n  hint: ")
}

// explain adds hints to err. It is called where an error leaves a resource,
// and adds nothing the second time.
func explain(err error) error {
	if hinted := (*hintedError)(nil); err == nil || errors.As(err, &hinted) {
		return err
	}
	hints := hintsFor(err)
	if len(hints) == 0 {
		return err
	}
	return &hintedError{err, hints[:min(len(hints), 3)]}
}

func hintsFor(err error) (hints []string) {
	add := func(hint string) {
		if hint != "" && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	if taken := (*takenError)(nil); errors.As(err, &taken) {
		add("pulumi import " + string(workerToken) + " <name> " + taken.account + "/" + taken.script + " brings it " +
			"under this stack's control")
		add("adopt: true takes it over, and replaces its code and settings")
	}
	if taken := (*routeTakenError)(nil); errors.As(err, &taken) {
		add("delete the route from the other Worker first, or leave it out here")
	}
	if none := (*noSubdomainError)(nil); errors.As(err, &none) {
		add("choose one in the dashboard under Workers & Pages, or leave workersDev out")
		return hints
	}
	if mismatch := (*bundle.MismatchError)(nil); errors.As(err, &mismatch) {
		add("the object changed after it was pinned, or the pin is another build's: nothing was deployed")
	}
	var e *cfapi.Error
	if !errors.As(err, &e) {
		return hints
	}
	for _, c := range e.Codes {
		add(codeHints[apiCode{e.API, c.Code}])
	}
	if e.API == cfapi.APIR2 {
		add(s3Hints[e.S3Code])
	}
	for _, h := range kindHints {
		if h.api == e.API && errors.Is(e, h.kind) && len(hints) == 0 {
			add(h.hint)
		}
	}
	return hints
}

// hasCode reports whether err is an answer of that API with that code.
func hasCode(err error, api string, code int) bool {
	var e *cfapi.Error
	return errors.As(err, &e) && e.API == api && e.HasCode(code)
}
