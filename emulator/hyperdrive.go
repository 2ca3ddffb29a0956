// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Codes of the Hyperdrive API: 2006, 2007 and 2009 were recorded live by alchemy-run/distilled (packages/cloudflare/
// patches/hyperdrive and test/hyperdrive.test.ts), 2017 with its text is quoted in deployment logs. The statuses are
// those of the API's others, a best guess.
const (
	codeNoHyperdrive        = 2006
	codeBadHyperdrive       = 2007
	codePrivateHost         = 2009
	codeHyperdriveNameTaken = 2017
)

// hyperdrive is a Hyperdrive configuration. Nothing connects to its origin.
type hyperdrive struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Origin   hyperdriveOrigin  `json:"origin"`
	Caching  hyperdriveCaching `json:"caching"`
	MTLS     hyperdriveMTLS    `json:"mtls"`
	Limit    int               `json:"origin_connection_limit"`
	Created  timestamp         `json:"created_on"`
	Modified timestamp         `json:"modified_on"`
}

// hyperdriveOrigin is the database behind a configuration, which is reached in one of three ways: at a host and a port,
// at a host behind Access, or through a VPC service (cloudflare-go hyperdrive.HyperdriveOriginParam).
type hyperdriveOrigin struct {
	Scheme             string `json:"scheme"`
	Database           string `json:"database"`
	User               string `json:"user"`
	Password           string `json:"password,omitempty"` // never shown
	Host               string `json:"host,omitempty"`
	Port               int    `json:"port,omitempty"`
	AccessClientID     string `json:"access_client_id,omitempty"`
	AccessClientSecret string `json:"access_client_secret,omitempty"` // never shown
	ServiceID          string `json:"service_id,omitempty"`
}

// hyperdriveCaching says whether and for how many seconds answers are kept (cloudflare-go
// hyperdrive.HyperdriveCaching).
type hyperdriveCaching struct {
	Disabled             bool `json:"disabled"`
	MaxAge               int  `json:"max_age"`
	StaleWhileRevalidate int  `json:"stale_while_revalidate"`
}

// hyperdriveMTLS is how a configuration identifies the origin and itself (cloudflare-go hyperdrive.HyperdriveMTLS).
type hyperdriveMTLS struct {
	CA      string `json:"ca_certificate_id,omitempty"`
	Client  string `json:"mtls_certificate_id,omitempty"`
	SSLMode string `json:"sslmode,omitempty"`
}

// sslModes are the modes of each scheme: workers-sdk, packages/wrangler/src/hyperdrive/client.ts.
var sslModes = map[string][]string{
	"postgres":   {"require", "verify-ca", "verify-full"},
	"postgresql": {"require", "verify-ca", "verify-full"},
	"mysql":      {"REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"},
}

// newHyperdrive has the defaults that cloudflare-go hyperdrive.Hyperdrive names, of an account that pays.
func newHyperdrive() hyperdrive {
	return hyperdrive{Caching: hyperdriveCaching{MaxAge: 60, StaleWhileRevalidate: 15}, Limit: 60}
}

// view is the configuration as the API shows it (cloudflare-go hyperdrive.Hyperdrive), without secrets. That the
// defaults are shown as if they had been set is a best guess.
func (h *hyperdrive) view() map[string]any {
	origin := h.Origin
	origin.Password, origin.AccessClientSecret = "", ""
	view := map[string]any{
		"id": h.ID, "name": h.Name, "origin": origin, "origin_connection_limit": h.Limit,
		"created_on": h.Created, "modified_on": h.Modified, "caching": h.Caching,
	}
	if h.Caching.Disabled {
		view["caching"] = map[string]bool{"disabled": true}
	}
	if h.MTLS != (hyperdriveMTLS{}) {
		view["mtls"] = h.MTLS
	}
	return view
}

// badHyperdrive is the refusal of a configuration. Its texts are ours.
func badHyperdrive(text string) error {
	return refuse(http.StatusBadRequest, codeBadHyperdrive, "Invalid Hyperdrive config: %s", text)
}

// set changes the configuration to what the body says. Of an origin, how it is reached is always replaced as a whole
// (workers-sdk, packages/wrangler/src/hyperdrive/client.ts: "never partial").
func (h *hyperdrive) set(body json.RawMessage) error {
	network := struct {
		Origin struct {
			Host      *string `json:"host"`
			ServiceID *string `json:"service_id"`
		} `json:"origin"`
	}{}
	if err := json.Unmarshal(body, &network); err != nil {
		return badHyperdrive("the body is not an object of the form that is described")
	}
	if network.Origin.Host != nil || network.Origin.ServiceID != nil {
		o := &h.Origin
		o.Host, o.Port, o.AccessClientID, o.AccessClientSecret, o.ServiceID = "", 0, "", "", ""
	}
	want := struct {
		Name    *string            `json:"name"`
		Origin  *hyperdriveOrigin  `json:"origin"`
		Caching *hyperdriveCaching `json:"caching"`
		MTLS    *hyperdriveMTLS    `json:"mtls"`
		Limit   *int               `json:"origin_connection_limit"`
	}{&h.Name, &h.Origin, &h.Caching, &h.MTLS, &h.Limit}
	// The error could quote a password.
	if err := json.Unmarshal(body, &want); err != nil {
		return badHyperdrive("the body is not an object of the form that is described")
	}
	if o := &h.Origin; o.Host != "" && o.AccessClientID == "" && o.Port == 0 {
		o.Port = 5432
		if o.Scheme == "mysql" {
			o.Port = 3306
		}
	}
	return nil
}

// isReachable reports whether the origin says one way of the three, and that completely.
func (o *hyperdriveOrigin) isReachable() bool {
	hasAccess := o.AccessClientID != "" || o.AccessClientSecret != ""
	switch {
	case o.ServiceID != "":
		return o.Host == "" && o.Port == 0 && !hasAccess
	case hasAccess:
		return o.Host != "" && o.Port == 0 && o.AccessClientID != "" && o.AccessClientSecret != ""
	}
	return o.Host != "" && o.Port > 0 && o.Port <= 65535
}

// check refuses what cannot be a configuration.
func (h *hyperdrive) check() error {
	o := &h.Origin
	modes, known := sslModes[o.Scheme]
	switch {
	case h.Name == "":
		return badHyperdrive("name is empty")
	case !known:
		return badHyperdrive("origin.scheme must be postgres, postgresql or mysql")
	case o.Database == "" || o.User == "" || o.Password == "":
		return badHyperdrive("origin needs a database, a user and a password")
	case !o.isReachable():
		return badHyperdrive("origin needs a host with a port, a host with the id and secret of an Access token, " +
			"or a service_id")
	case isPrivateHost(o.Host):
		return refuse(http.StatusBadRequest, codePrivateHost, "The origin's host is not a public address.")
	case h.MTLS.SSLMode != "" && !slices.Contains(modes, h.MTLS.SSLMode):
		return badHyperdrive("mtls.sslmode is not one of the scheme's")
	case h.MTLS != (hyperdriveMTLS{}) && o.ServiceID != "":
		return badHyperdrive("mtls cannot be set for an origin that is a VPC service")
	case h.Caching.MaxAge < 0 || h.Caching.StaleWhileRevalidate < 0:
		return badHyperdrive("caching takes no negative numbers of seconds")
	case h.Limit < 1 || h.Limit > 100:
		return badHyperdrive("origin_connection_limit must be between 1 and 100")
	}
	return nil
}

// isPrivateHost reports whether a host is nothing that Cloudflare could reach. Names are not looked up.
func isPrivateHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && (address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast() ||
		address.IsUnspecified())
}

// checkHyperdrive refuses a configuration that does not fit into the account. That certificates must be there:
// workers-sdk, packages/wrangler/src/hyperdrive/index.ts, ca-certificate-id.
func (c *call) checkHyperdrive(h *hyperdrive) error {
	if err := h.check(); err != nil {
		return err
	}
	for _, id := range []string{h.MTLS.CA, h.MTLS.Client} {
		if id != "" && c.account.MTLS[id] == nil {
			return badHyperdrive("mtls names certificate " + id + ", which was not uploaded")
		}
	}
	for _, other := range c.account.Hyperdrives {
		if other.Name == h.Name && other.ID != h.ID {
			return refuse(http.StatusConflict, codeHyperdriveNameTaken,
				"A Hyperdrive config with the given name already exists")
		}
	}
	return nil
}

// hyperdrive returns the configuration that the path names.
func (c *call) hyperdrive() (*hyperdrive, error) {
	if h := c.account.Hyperdrives[c.path("hyperdrive")]; h != nil {
		return h, nil
	}
	return nil, refuse(http.StatusNotFound, codeNoHyperdrive, "Hyperdrive config '%s' not found", c.path("hyperdrive"))
}

// listHyperdrives answers GET /accounts/{account}/hyperdrive/configs?page= (cloudflare-go hyperdrive.ConfigListParams).
// The order and the size of a page are best guesses.
func listHyperdrives(c *call) (any, error) {
	all := sorted(c.account.Hyperdrives)
	slices.SortStableFunc(all, func(a, b *hyperdrive) int { return a.Created.compare(b.Created) })
	views := make([]any, 0, len(all))
	for _, h := range all {
		views = append(views, h.view())
	}
	return paged(c.r, views, 20), nil
}

// createHyperdrive answers POST /accounts/{account}/hyperdrive/configs (cloudflare-go hyperdrive.ConfigNewParams).
func createHyperdrive(c *call) (any, error) {
	h := newHyperdrive()
	h.ID, h.Created, h.Modified = newID(), c.now(), c.now()
	if err := h.set(c.body); err != nil {
		return nil, err
	}
	if err := c.checkHyperdrive(&h); err != nil {
		return nil, err
	}
	c.account.Hyperdrives = kept(c.account.Hyperdrives, h.ID, &h)
	return h.view(), nil
}

// getHyperdrive answers GET /accounts/{account}/hyperdrive/configs/{hyperdrive}.
func getHyperdrive(c *call) (any, error) {
	h, err := c.hyperdrive()
	if err != nil {
		return nil, err
	}
	return h.view(), nil
}

// updateHyperdrive answers PUT …/configs/{hyperdrive}, which takes all of a configuration, also the password
// (cloudflare-go hyperdrive.ConfigUpdateParams).
func updateHyperdrive(c *call) (any, error) { return c.changeHyperdrive(true) }

// editHyperdrive answers PATCH …/configs/{hyperdrive}: what is left out stays (cloudflare-go
// hyperdrive.ConfigEditParams).
func editHyperdrive(c *call) (any, error) { return c.changeHyperdrive(false) }

func (c *call) changeHyperdrive(whole bool) (any, error) {
	h, err := c.hyperdrive()
	if err != nil {
		return nil, err
	}
	changed := *h
	if whole {
		changed = newHyperdrive()
		changed.ID, changed.Created = h.ID, h.Created
	}
	changed.Modified = c.now()
	if err := changed.set(c.body); err != nil {
		return nil, err
	}
	if err := c.checkHyperdrive(&changed); err != nil {
		return nil, err
	}
	*h = changed
	return h.view(), nil
}

// deleteHyperdrive answers DELETE …/configs/{hyperdrive}. That Workers are bound to it is no obstacle: a best guess.
func deleteHyperdrive(c *call) (any, error) {
	h, err := c.hyperdrive()
	if err != nil {
		return nil, err
	}
	delete(c.account.Hyperdrives, h.ID)
	return nil, nil
}
