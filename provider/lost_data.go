// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// held is what goes with a resource, by its type. Cloudflare deletes a bucket only when it is empty.
var held = map[tokens.Type]struct{ kind, name, data string }{
	databaseToken:  {"D1 database", "name", "all data in it"},
	namespaceToken: {"KV namespace", "title", "all its keys, whoever wrote them"},
	queueToken:     {"queue", "name", "all messages in it"},
}

// warnOfLostData says in the preview what is lost when a resource is replaced: the engine shows a replacement like any
// other change.
func warnOfLostData(ctx context.Context, req p.DiffRequest, resp p.DiffResponse) {
	if !replaces(resp) {
		return
	}
	what := held[req.Urn.Type()]
	p.GetLogger(ctx).Warning(fmt.Sprintf("%s %q is replaced, and with it goes %s. To keep it, take the change back; "+
		"the resource option `protect` refuses such changes", what.kind, textOf(req.State.Get(what.name)), what.data))
}
