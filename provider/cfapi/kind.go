// SPDX-License-Identifier: Apache-2.0

package cfapi

import "net/http"

// Codes of Cloudflare's API that say more than the status they come with.
const (
	codeNoCredentials   = 9106  // any API, with status 400: the header is missing or malformed
	codeBadHeaders      = 6003  // any API, with status 400: the token is not even of the right form
	codeNoRoute         = 7000  // any API: "No route for that URI", as when the endpoint is not the API's
	codeMisrouted       = 7003  // any API: "Could not route to …, perhaps your object identifier is invalid?"
	codeWorkersFirstPut = 10002 // Workers: transient, at the first upload
	codeWorkerNotFound  = 10007
	codeWorkersInternal = 10013 // Workers: internal error, whatever the status says
	codeRouteNoWorker   = 10019 // routes: the Worker does not exist
	codeServiceNotFound = 10090
	codeWorkersBusy     = 10104 // Workers: transient
	codeKVTitleTaken    = 10014
	codeD1NameTaken     = 7502
	codeQueueNotFound   = 11000
	codeConsumerExists  = 11004
	codeQueueInUse      = 11005 // by a binding, or as dead letter queue
	codeQueueNameTaken  = 11009
	codeWorkflowScript  = 10001 // Workflows: internal error, and what it says of a script that does not exist
	codeNoWorkflow      = 10200
	codeEmailNoWorker   = 2016 // Email Routing: workers-sdk, packages/deploy-helpers/src/triggers/email-routing.ts
	codeEmailDuplicate  = 2014 // Email Routing: "Duplicated Zone rule"
	codeDNSHostTaken    = 81053
	codeDNSHostTakenToo = 81054 // a CNAME is in the way
	codeDNSNameTaken    = 81057
	codeDNSSameRecord   = 81058

	// Secrets Store: secret_name_already_exists, and maximum_stores_exceeded. Its code for what is not there, 1001,
	// is also that of what is invalid: the status tells them apart. Source: alchemy-run/distilled,
	// packages/cloudflare/patches/secrets-store.
	codeStoreNameTaken = 1003
)

// kindOf returns the kind of a response that is not a success. The status decides,
// so that an HTML page with status 502 is a 502; the few codes that overrule it do
// so in their own API only, since codes repeat across APIs.
func kindOf(api string, status int, codes []Code) error {
	for _, c := range codes {
		switch {
		case c.Code == codeNoCredentials, c.Code == codeBadHeaders:
			return ErrDenied
		case c.Code == codeNoRoute, c.Code == codeMisrouted:
			return ErrInvalid // says nothing about an object, even with status 404
		case transient(api, c.Code):
			return ErrUnavailable
		case taken(api, c.Code):
			return ErrConflict
		case api == APIQueues && c.Code == codeQueueNotFound:
			return ErrNotFound // whatever the status, which is not documented
		case api == APIWorkflows && c.Code == codeNoWorkflow:
			return ErrNotFound
		}
	}
	switch {
	case status == http.StatusNotFound, status == http.StatusGone:
		return ErrNotFound
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ErrDenied
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return ErrConflict
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return ErrUnavailable
	case status == http.StatusNotImplemented:
		return ErrUnknown
	case status >= 500:
		return ErrUnavailable
	case status >= 400:
		return ErrInvalid
	}
	return ErrUnknown
}

// transient reports whether the code is one of an internal error that passes.
func transient(api string, code int) bool {
	return api == APIWorkers &&
		(code == codeWorkersInternal || code == codeWorkersFirstPut || code == codeWorkersBusy)
}

// missing reports whether a response says that a Worker does not exist.
func missing(api string, status int, codes []Code) bool {
	switch api {
	case APIWorkers:
		return status == http.StatusNotFound || has(codes, codeWorkerNotFound) || has(codes, codeRouteNoWorker) ||
			has(codes, codeServiceNotFound)
	case APIQueues:
		return has(codes, codeWorkerNotFound)
	case APIEmail: // the code was seen in another answer; the status goes with "Workers Script Info not found"
		return status == http.StatusNotFound || has(codes, codeEmailNoWorker)
	case APIWorkflows:
		return has(codes, codeWorkflowScript)
	}
	return false
}

// taken reports whether the code says that the object exists already, or that another
// one is in the way of its removal.
func taken(api string, code int) bool {
	switch api {
	case APIKV:
		return code == codeKVTitleTaken
	case APISecretsStore:
		return code == codeStoreNameTaken
	case APID1:
		return code == codeD1NameTaken
	case APIQueues:
		return code == codeQueueNameTaken || code == codeConsumerExists || code == codeQueueInUse
	case APIEmail:
		return code == codeEmailDuplicate
	case APIDNS:
		return code == codeDNSHostTaken || code == codeDNSHostTakenToo ||
			code == codeDNSNameTaken || code == codeDNSSameRecord
	}
	return false
}

// undecided reports whether a response says nothing about what became of the
// request: it may have been acted on.
func undecided(api string, status int, codes []Code) bool {
	for _, c := range codes {
		if transient(api, c.Code) {
			return true
		}
	}
	return status == http.StatusRequestTimeout || status >= 500 && status != http.StatusNotImplemented
}
