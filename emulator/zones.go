// SPDX-License-Identifier: Apache-2.0

package emulator

import "strings"

// zoneView is a zone as the API shows it (cloudflare-go zones.Zone, the members that tools read).
type zoneView struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	Status  string      `json:"status"`
	Type    string      `json:"type"`
	Paused  bool        `json:"paused"`
	Account accountView `json:"account"`
}

func (c *call) zoneView(z *zone) zoneView {
	view := zoneView{ID: z.ID, Name: z.Name, Status: "active", Type: "full"}
	if a := c.state.Accounts[z.AccountID]; a != nil {
		view.Account = a.view()
	}
	return view
}

// listZones answers GET /zones, filtered by name and account.id (cloudflare-go zones.ZoneListParams).
func listZones(c *call) (any, error) {
	views := []zoneView{}
	for _, z := range sorted(c.state.Zones) {
		name, owner := c.query("name"), c.query("account.id")
		if (name == "" || name == z.Name) && (owner == "" || owner == z.AccountID) {
			views = append(views, c.zoneView(z))
		}
	}
	return paged(c.r, views, 20), nil
}

// getZone answers GET /zones/{zone}.
func getZone(c *call) (any, error) { return c.zoneView(c.zone), nil }

// zoneOf returns the account's zone that host belongs to: the longest that is a suffix of it. Nil if there is none.
func (c *call) zoneOf(accountID, host string) *zone {
	var best *zone
	for _, z := range c.state.Zones {
		if z.AccountID != accountID || host != z.Name && !strings.HasSuffix(host, "."+z.Name) {
			continue
		}
		if best == nil || len(z.Name) > len(best.Name) {
			best = z
		}
	}
	return best
}
