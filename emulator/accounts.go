// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"strings"
)

// userEmail is the address of the token's owner, which is the author of all versions and deployments.
const userEmail = "developer@example.com"

// userID is the id of the token's owner.
func userID() string { return derivedID("user", userEmail) }

// getUser answers GET /user (cloudflare-go user.UserGetResponse).
func getUser(*call) (any, error) {
	return map[string]any{"id": userID(), "email": userEmail}, nil
}

// verifyToken answers GET /user/tokens/verify and GET /accounts/{account}/tokens/verify (cloudflare-go
// user.TokenVerifyResponse). A real token is verified by one of the two only. Its id is R2's access key id too
// (developers.cloudflare.com/r2/api/tokens).
func verifyToken(c *call) (any, error) {
	id, _ := c.R2Credential()
	return map[string]any{"id": id, "status": "active"}, nil
}

// accountView is an account as the API shows it.
type accountView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (a *account) view() accountView { return accountView{ID: a.ID, Name: a.Name} }

// listAccounts answers GET /accounts (cloudflare-go accounts.Account).
func listAccounts(c *call) (any, error) {
	views := []accountView{}
	for _, a := range sorted(c.state.Accounts) {
		if name := c.query("name"); name == "" || strings.Contains(a.Name, name) {
			views = append(views, a.view())
		}
	}
	return paged(c.r, views, 20), nil
}

// getAccount answers GET /accounts/{account}.
func getAccount(c *call) (any, error) { return c.account.view(), nil }

// listMemberships answers GET /memberships (cloudflare-go memberships.Membership), which wrangler intersects with the
// accounts (workers-sdk, packages/workers-auth/src/core/factory.ts).
func listMemberships(c *call) (any, error) {
	views := []any{}
	for _, a := range sorted(c.state.Accounts) {
		views = append(views, map[string]any{
			"id": derivedID("membership", a.ID), "status": "accepted", "account": a.view(),
		})
	}
	return paged(c.r, views, 20), nil
}

// getAccountSubdomain answers GET /accounts/{account}/workers/subdomain. Code 10007 when there is none:
// workers-sdk, packages/deploy-helpers/src/triggers/subdomain.ts.
func getAccountSubdomain(c *call) (any, error) {
	if c.account.Subdomain == "" {
		return nil, refuse(http.StatusNotFound, 10007, "haven't registered workers.dev")
	}
	return map[string]any{"subdomain": c.account.Subdomain}, nil
}

// putAccountSubdomain answers PUT /accounts/{account}/workers/subdomain. Code 10031 for a name that another account
// has: workers-sdk, packages/deploy-helpers/src/triggers/subdomain.ts. Code 10036 when the account has one already:
// alchemy-run/distilled, SubdomainAlreadyExists.
func putAccountSubdomain(c *call) (any, error) {
	var want struct {
		Subdomain string `json:"subdomain"`
	}
	if err := c.decode(&want, 10026); err != nil {
		return nil, err
	}
	if c.account.Subdomain != "" && c.account.Subdomain != want.Subdomain {
		return nil, refuse(http.StatusConflict, 10036, "the account already has a workers.dev subdomain")
	}
	if err := c.subdomainFree(want.Subdomain); err != nil {
		return nil, err
	}
	c.account.Subdomain = want.Subdomain
	return map[string]any{"subdomain": c.account.Subdomain}, nil
}

// checkSubdomain answers GET /accounts/{account}/workers/subdomains/{subdomain}: code 10032 says that the name can be
// registered, 10031 that it cannot (workers-sdk, packages/deploy-helpers/src/triggers/subdomain.ts).
func checkSubdomain(c *call) (any, error) {
	if err := c.subdomainFree(c.path("subdomain")); err != nil {
		return nil, err
	}
	return nil, refuse(http.StatusNotFound, 10032, "workers.api.error.subdomain_unavailable")
}

func (c *call) subdomainFree(name string) error {
	taken := !validLabel(name)
	for _, a := range c.state.Accounts {
		taken = taken || a.Subdomain == name && a != c.account
	}
	if taken {
		return refuse(http.StatusConflict, 10031, "workers.api.error.subdomain_taken")
	}
	return nil
}

// validLabel reports whether name can be a label of a host name.
func validLabel(name string) bool {
	if name == "" || len(name) > 63 || strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-") {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
