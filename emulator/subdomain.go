// SPDX-License-Identifier: Apache-2.0

package emulator

// subdomain tells where on workers.dev a Worker is served (cloudflare-go workers.ScriptSubdomainGetResponse).
type subdomain struct {
	Enabled  bool `json:"enabled"`          // https://<script>.<account>.workers.dev
	Previews bool `json:"previews_enabled"` // a host for each version
}

// getSubdomain answers GET …/scripts/{script}/subdomain.
func getSubdomain(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	return w.Subdomain, nil
}

// setSubdomain answers POST …/scripts/{script}/subdomain. Previews that are not mentioned stay as they are under the
// API date that wrangler sends (header Cloudflare-Workers-Script-Api-Date, workers-sdk
// packages/deploy-helpers/src/triggers/deploy.ts).
func setSubdomain(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	var sent struct {
		Enabled  *bool `json:"enabled"`
		Previews *bool `json:"previews_enabled"`
	}
	if err := c.decode(&sent, 10026); err != nil {
		return nil, err
	}
	if sent.Enabled != nil {
		w.Subdomain.Enabled = *sent.Enabled
	}
	if sent.Previews != nil {
		w.Subdomain.Previews = *sent.Previews
	}
	return w.Subdomain, nil
}

// deleteSubdomain answers DELETE …/scripts/{script}/subdomain: neither is served any more (cloudflare-go
// workers.ScriptSubdomainDeleteResponse).
func deleteSubdomain(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	w.Subdomain = subdomain{}
	return w.Subdomain, nil
}
