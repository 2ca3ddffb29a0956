// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
)

// withMissing refuses to import, or to get, what does not exist. The engine
// would know it by the absence of properties, which go-provider always sends;
// it would take the resource over with nothing in it.
func withMissing(prov p.Provider) p.Provider {
	read := prov.Read
	prov.Read = func(ctx context.Context, req p.ReadRequest) (p.ReadResponse, error) {
		resp, err := read(ctx, req)
		if refresh := req.Properties.Len() > 0; err == nil && resp.ID == "" && !refresh {
			return resp, fmt.Errorf("%s %q does not exist", req.Urn.Type().DisplayName(), req.ID)
		}
		return resp, err
	}
	return prov
}
