// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
)

// maxCodeUpdateDelay is a day, in seconds.
const maxCodeUpdateDelay = 24 * 60 * 60

// codeUpdateStrategy says when Durable Objects that run move to the code of a deployment: with immediate at once, with
// deferred when they hibernate, or after a delay. It belongs to the deployment that it is sent with, which is one of
// POST …/deployments or the one that PUT …/scripts/{script} makes by itself. Sources:
// developers.cloudflare.com/durable-objects/deployments/durable-objects-code-updates, and wrangler 4.164.0,
// wrangler-dist/cli.js, createDeployment, createWorkerUploadForm and validateDurableObjectsProperty. The runtime here
// moves objects at once, whatever was asked for.
type codeUpdateStrategy struct {
	Mode     string   `json:"mode"`
	MaxDelay *float64 `json:"max_delay,omitempty"` // in seconds, to the millisecond; nil: 300
}

// readCodeUpdate reads a strategy that was sent; nil: there is none, or it is the one that there is without any. Code
// and texts are best guesses: wrangler refuses before it sends.
func readCodeUpdate(sent json.RawMessage) (*codeUpdateStrategy, error) {
	if len(sent) == 0 || string(sent) == "null" {
		return nil, nil //nolint:nilnil // nothing is no error
	}
	var s codeUpdateStrategy
	strict := json.NewDecoder(bytes.NewReader(sent))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&s); err != nil {
		return nil, invalid("code_update_strategy: %v", err)
	}
	switch {
	case s.Mode != "immediate" && s.Mode != "deferred":
		return nil, invalid("code_update_strategy: mode must be \"immediate\" or \"deferred\", not %q", s.Mode)
	case s.MaxDelay == nil:
	case s.Mode == "immediate":
		return nil, refuse(http.StatusNotImplemented, 7000, "code_update_strategy: what max_delay means beside "+
			"\"immediate\" is not known; wrangler leaves it out")
	case *s.MaxDelay < 0 || *s.MaxDelay > maxCodeUpdateDelay:
		return nil, invalid("code_update_strategy: max_delay must be between 0 and %d seconds", maxCodeUpdateDelay)
	case math.Abs(*s.MaxDelay*1e3-math.Round(*s.MaxDelay*1e3)) > 1e-6:
		return nil, invalid("code_update_strategy: max_delay must have millisecond precision")
	}
	if s.Mode == "deferred" && (s.MaxDelay == nil || *s.MaxDelay == 300) {
		return nil, nil //nolint:nilnil // the default
	}
	return &s, nil
}
