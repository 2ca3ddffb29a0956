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
	codeMigrationTag     = 10079 // Workers: "… expected tag …", when old_tag is not the Worker's
	codeDatabaseExists   = 7502  // D1: workers-sdk, packages/wrangler/src/d1/create.ts
	codeQueueExists      = 11009 // Queues: "Queue name '…' is already taken. Please use a different name and try again."
	codeInvalidScript    = 10021 // Workers: the code cannot run (developers.cloudflare.com/workers/observability/errors)
	codeNoHandlers       = 10068 // Workers: "The uploaded script has no registered event handlers."
	codeBucketNotEmpty   = 10008 // R2: "The bucket you tried to delete is not empty"

	// Secrets Store: "secret_name_already_exists", and too many of something (alchemy-run/distilled,
	// packages/cloudflare/patches/secrets-store).
	codeStoredSecretExists = 1003
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
	// workers-sdk, issues and packages/wrangler/e2e
	{cfapi.APIWorkers, 10061}: "a binding names a class of Durable Objects that no migration has made",
	{cfapi.APIWorkers, 10070}: "the bundle does not export a class that a migration makes",
	{cfapi.APIWorkers, 10074}: "a migration does not fit the classes that the Worker has",
	// wrangler, validate-worker-props.ts
	{cfapi.APIWorkers, 10063}: "the account has no workers.dev subdomain yet: choose one in the dashboard " +
		"under Workers & Pages, or leave workersDev out",
	{cfapi.APIWorkers, 10022}: "a route pattern is host and path, with * only at the start of the host " +
		"and the end of the path",
	{cfapi.APIWorkers, 10064}: "a queue delivers to this Worker: pulumi refresh finds the consumer, or remove it " +
		"with wrangler queues consumer remove <queue> <worker>",
	{cfapi.APIWorkers, 11001}: codeHintNoQueueHandler,
	{cfapi.APIQueues, 11001}:  codeHintNoQueueHandler,
	// wrangler 4.164.0, triggersDeploy
	{cfapi.APIWorkflows, 10208}: "schedules of a Workflow need the paid Workers plan",
	{cfapi.APIWorkflows, 10209}: "the Workflow is in another jurisdiction already, and stays there: give the Workflow a " +
		"new name, or delete it first, with its instances: wrangler workflows delete <name>",
	// alchemy-run/distilled, recorded live
	{cfapi.APIWorkers, 10019}: "a route needs a Worker that exists",
	{cfapi.APIWorkers, 10068}: "the entry point exports nothing that handles an event: does it have a " +
		"default export?",
	{cfapi.APIWorkers, 10142}: "another Worker has a service binding to this one: remove the binding first",
	{cfapi.APIWorkers, 10143}: "a service binding names a Worker that does not exist: deploy that one first",
	{cfapi.APIWorkers, 10144}: "a service binding names a Worker that does not exist: deploy that one first",
	// alchemy-run/distilled, HostnameAlreadyInUse; 100117 is in many logs of deployments
	{cfapi.APIWorkers, 100116}:      originHint,
	{cfapi.APIWorkers, 100117}:      recordHint,
	{cfapi.APIR2, 10006}:            "create the bucket first, with R2Bucket or wrangler r2 bucket create",
	{cfapi.APIR2, codeBucketExists}: "import it, or choose another name",
	{cfapi.APIR2, codeBucketNotEmpty}: "set forceDestroy: true and run pulumi up before destroying, or empty it " +
		"yourself",
	{cfapi.APID1, codeDatabaseExists}: "import the database as <accountId>/<databaseId>, or choose another name",
	// wrangler, d1/create.ts
	{cfapi.APID1, 7406}: "the account has as many D1 databases as it may: delete one, or ask for more: " +
		"https://developers.cloudflare.com/d1/platform/limits/",
	// Cloudflare's texts, in logs of deployments: "Queue name '…' is already taken", "Cannot delete queue '…' that is
	// still referenced by a binding in a Worker"
	{cfapi.APIQueues, codeQueueExists}: "import the queue as <accountId>/<queueId>, or choose another name",
	{cfapi.APIQueues, 11005}: "remove the binding or the consumer first; a program that takes the name from the " +
		"queue's output does so in order",
	{cfapi.APIKV, codeDuplicateKVTitle}: "import the namespace by its id, or choose another title",
	{cfapi.APISecretsStore, codeStoredSecretExists}: "if the store has a secret of this name, import it by its id " +
		"(wrangler secrets-store secret list <storeId> --remote) or choose another name; if not, the account has as " +
		"many secrets as it may",
}

// s3Hints are [codeHints] for R2's S3 endpoint: https://developers.cloudflare.com/r2/api/error-codes/
var s3Hints = map[string]string{
	"NoSuchBucket": "is the bucket's name right, and is it in this account and jurisdiction?",
	"NoSuchKey":    "was the build uploaded? A directory's key ends in \"/\"",
	"Unauthorized": "the R2 keys are not accepted: the token needs \"Workers R2 Storage: Edit\", or set " +
		"r2AccessKeyId and r2SecretAccessKey",
	"AccessDenied": "the token needs \"Workers R2 Storage: Edit\" on this bucket",
	// Amazon S3's: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
	"RequestTimeTooSkewed": "is this machine's clock right? A request must arrive when it was signed, or 15 minutes " +
		"before or after at most",
}

var kindHints = []struct {
	kind error
	api  string
	hint string
}{
	{cfapi.ErrDenied, cfapi.APIWorkers, "the API token needs \"Workers Scripts: Edit\" on this account, and " +
		"\"Workers Routes: Edit\" on the zone for routes"},
	{cfapi.ErrDenied, cfapi.APIKV, "the API token needs \"Workers KV Storage: Edit\" on this account"},
	{cfapi.ErrDenied, cfapi.APID1, "the API token needs \"D1: Edit\" on this account"},
	{cfapi.ErrDenied, cfapi.APIQueues, "the API token needs \"Queues: Edit\" on this account"},
	{cfapi.ErrDenied, cfapi.APIEmail, "the API token needs \"Email Routing Rules: Edit\" on this zone; to import, " +
		"also \"Email Routing Rules: Read\" on the account"},
	{cfapi.ErrDenied, cfapi.APIWorkflows, "the API token needs \"Workers Scripts: Edit\" on this account"},
	{cfapi.ErrDenied, cfapi.APIR2, "the API token needs \"Workers R2 Storage: Edit\" on this account"},
	{cfapi.ErrDenied, cfapi.APIDNS, "the API token needs \"DNS: Edit\" on this zone"},
	{cfapi.ErrDenied, cfapi.APIZones, "the API token needs \"Zone: Read\" to find a zone by name or host: give it " +
		"that, or give zoneId"},
	{cfapi.ErrDenied, cfapi.APISecretsStore, "the API token needs \"Secrets Store: Edit\" on this account"},
	{cfapi.ErrNotFound, cfapi.APISecretsStore, "is storeId the id of the account's store? wrangler secrets-store " +
		"store list --remote shows it. If somebody deleted the secret, run pulumi refresh"},
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

// maxHints is how many hints an error has at most.
const maxHints = 3

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
	return &hintedError{err, hints[:min(len(hints), maxHints)]}
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
		add(routeTakenHint)
	}
	if taken := (*addressesError)(nil); errors.As(err, &taken) {
		for _, c := range taken.conflicts {
			add(c.hint)
		}
		if last := maxHints - 1; len(hints) > maxHints { // each names an input, and none may be left out
			hints = append(hints[:last], strings.Join(hints[last:], "; "))
		}
	}
	add(eventHint(err))
	if none := (*noValueError)(nil); errors.As(err, &none) {
		add(noValueHint)
	}
	if missing := (*missingSecretsError)(nil); errors.As(err, &missing) {
		add("set them with wrangler secret put or in the dashboard, or in the program's secrets")
	}
	if foreign := (*unmanagedSecretsError)(nil); errors.As(err, &foreign) {
		add("set them in the program's secrets, name them in requiredSecrets, or set unmanagedSecrets to \"keep\" or " +
			"\"remove\"; if they are gone, run pulumi refresh")
	}
	if replaced := (*replacedSecretError)(nil); errors.As(err, &replaced) {
		add("delete the secret first and run pulumi refresh, or choose another name")
	}
	if lost := (*lostSecretsError)(nil); errors.As(err, &lost) {
		add("delete them with wrangler secret delete, or set unmanagedSecrets to \"remove\"; if they are gone, run " +
			"pulumi refresh")
	}
	if syntax := (*syntaxError)(nil); errors.As(err, &syntax) {
		add("the entry point calls addEventListener and exports nothing: set format to \"service-worker\"")
	}
	if tag := (*unknownTagError)(nil); errors.As(err, &tag) {
		add("give migrations as the full history, in order: was this Worker migrated by another program, or a step renamed?")
	}
	if loss := (*dataLossError)(nil); errors.As(err, &loss) {
		add("if that is meant, name the classes in allowDataLoss for this update")
	}
	if loss := (*replacementError)(nil); errors.As(err, &loss) {
		add("to keep the data, leave the Worker as it is, or let a migration of the new one take the classes over " +
			"(transferredClasses)")
		add("if that is meant, name the classes in allowDataLoss for this update")
	}
	if none := (*noSubdomainError)(nil); errors.As(err, &none) {
		add("choose one in the dashboard under Workers & Pages, or leave workersDev out")
		return hints
	}
	if applied := (*appliedMigrationError)(nil); errors.As(err, &applied) {
		add("bring the file back as it was, and put what is new into a new migration")
	}
	if failed := (*migrationError)(nil); errors.As(err, &failed) {
		add("nothing of this migration was applied, and those before it stay: correct the file and run pulumi up again")
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

// hasCode reports whether err is an answer of that API with one of the codes.
func hasCode(err error, api string, codes ...int) bool {
	var e *cfapi.Error
	return errors.As(err, &e) && e.API == api && slices.ContainsFunc(codes, e.HasCode)
}
