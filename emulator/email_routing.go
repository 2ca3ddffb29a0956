// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Codes of the Email Routing API. 2007, 2014 and their texts: answers quoted in public repositories ("only one action
// per rule is allowed", "forward action must contain exactly one destination", "Duplicated Zone rule"). 2016:
// workers-sdk, packages/deploy-helpers/src/triggers/email-routing.ts; its text and status: alchemy-run/distilled pull
// request 476. 2020 and its text: workers-sdk, packages/wrangler/src/__tests__/email-routing.test.ts; its status:
// alchemy-run/alchemy issue 413. The rest, and that of a rule that does not exist, is ours.
const (
	codeBadEmailRule       = 2007
	codeDuplicateEmailRule = 2014
	codeNoEmailWorker      = 2016
	codeEmailOperation     = 2020
	codeNoEmailRule        = 2019
)

// emailRule is a rule of Email Routing (cloudflare-go email_routing.EmailRoutingRule).
type emailRule struct {
	ID       string         `json:"id"`
	Tag      string         `json:"tag"` // the same: deprecated
	Name     string         `json:"name"`
	Enabled  bool           `json:"enabled"`
	Priority int            `json:"priority"`
	Matchers []emailMatcher `json:"matchers"`
	Actions  []emailAction  `json:"actions"`
	Source   string         `json:"source"`
}

type emailMatcher struct {
	Type  string `json:"type"`            // "literal", or "all" of the catch-all rule
	Field string `json:"field,omitempty"` // "to"
	Value string `json:"value,omitempty"`
}

type emailAction struct {
	Type  string   `json:"type"` // "worker", "forward" or "drop"
	Value []string `json:"value,omitempty"`
}

// emailRuleInput is what clients send (cloudflare-go email_routing.RuleNewParams).
type emailRuleInput struct {
	Name     string         `json:"name"`
	Enabled  *bool          `json:"enabled"`
	Priority *float64       `json:"priority"`
	Matchers []emailMatcher `json:"matchers"`
	Actions  []emailAction  `json:"actions"`
	Source   string         `json:"source"`
	OwnerTag string         `json:"owner_worker_tag"`
}

// emailAddress is an address as a matcher names one.
var emailAddress = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)

// catchAll returns the zone's catch-all rule, which is always there: it drops mail, and is switched off (workers-sdk,
// packages/deploy-helpers/src/triggers/email-routing.ts, "Generated default catch-all").
func (z *zone) catchAll() *emailRule {
	if z.EmailCatchAll == nil {
		id := newID()
		z.EmailCatchAll = &emailRule{
			ID: id, Tag: id, Matchers: []emailMatcher{{Type: "all"}}, Actions: []emailAction{{Type: "drop"}}, Source: "api",
			Priority: catchAllPriority,
		}
	}
	return z.EmailCatchAll
}

// catchAllPriority is what lists show, for the catch-all rule comes last: a best guess.
const catchAllPriority = 2147483647

// emailRules are the zone's rules in the order in which they are tried.
func (z *zone) emailRules() []*emailRule {
	rules := sorted(z.EmailRules)
	slices.SortStableFunc(rules, func(a, b *emailRule) int { return cmp.Compare(a.Priority, b.Priority) })
	return append(rules, z.catchAll())
}

// listEmailRules answers GET /zones/{zone}/email/routing/rules?page=&per_page=&enabled=. The catch-all rule is one of
// them (workers-sdk, packages/wrangler/src/email-routing/rules/list.ts).
func listEmailRules(c *call) (any, error) {
	return paged(c.r, c.filteredEmailRules(c.zone), 20), nil
}

func (c *call) filteredEmailRules(z *zone) []*emailRule {
	return slices.DeleteFunc(z.emailRules(), func(r *emailRule) bool {
		return c.query("enabled") != "" && c.query("enabled") != strconv.FormatBool(r.Enabled)
	})
}

// listAccountEmailRules answers GET /accounts/{account}/email/routing/rules, which says of each rule in which zone it
// is (cloudflare-go email_routing.AccountRule).
func listAccountEmailRules(c *call) (any, error) {
	type view struct {
		*emailRule

		Zone map[string]string `json:"zone"`
	}
	views := []view{}
	for _, z := range sorted(c.state.Zones) {
		if z.AccountID != c.account.ID {
			continue
		}
		for _, rule := range c.filteredEmailRules(z) {
			views = append(views, view{rule, map[string]string{"tag": z.ID, "name": z.Name}})
		}
	}
	return paged(c.r, views, 20), nil
}

// emailRule returns the rule that the path names. The catch-all rule has paths of its own.
func (c *call) emailRule() (*emailRule, error) {
	id := c.path("rule")
	if id == c.zone.catchAll().ID {
		return nil, refuse(http.StatusConflict, codeEmailOperation, "Invalid rule operation")
	}
	if rule := c.zone.EmailRules[id]; rule != nil {
		return rule, nil
	}
	return nil, refuse(http.StatusNotFound, codeNoEmailRule, "Rule not found")
}

// getEmailRule answers GET /zones/{zone}/email/routing/rules/{rule}.
func getEmailRule(c *call) (any, error) { return c.emailRule() }

// createEmailRule answers POST /zones/{zone}/email/routing/rules. An address has one rule at most.
func createEmailRule(c *call) (any, error) {
	id := newID()
	rule := &emailRule{ID: id, Tag: id}
	if err := c.defineEmailRule(rule, "literal"); err != nil {
		return nil, err
	}
	c.zone.EmailRules = kept(c.zone.EmailRules, id, rule)
	return rule, nil
}

// updateEmailRule answers PUT /zones/{zone}/email/routing/rules/{rule}, which replaces all but the id. That what is
// left out returns to its default is a best guess.
func updateEmailRule(c *call) (any, error) {
	old, err := c.emailRule()
	if err != nil {
		return nil, err
	}
	changed := &emailRule{ID: old.ID, Tag: old.Tag}
	if err := c.defineEmailRule(changed, "literal"); err != nil {
		return nil, err
	}
	*old = *changed
	return old, nil
}

// deleteEmailRule answers DELETE /zones/{zone}/email/routing/rules/{rule}.
func deleteEmailRule(c *call) (any, error) {
	rule, err := c.emailRule()
	if err != nil {
		return nil, err
	}
	delete(c.zone.EmailRules, rule.ID)
	return rule, nil
}

// getCatchAll answers GET /zones/{zone}/email/routing/rules/catch_all.
func getCatchAll(c *call) (any, error) { return c.zone.catchAll(), nil }

// setCatchAll answers PUT /zones/{zone}/email/routing/rules/catch_all.
func setCatchAll(c *call) (any, error) {
	old := c.zone.catchAll()
	changed := &emailRule{ID: old.ID, Tag: old.Tag}
	if err := c.defineEmailRule(changed, "all"); err != nil {
		return nil, err
	}
	changed.Priority = catchAllPriority
	*old = *changed
	return old, nil
}

// defineEmailRule gives a rule what the body says. Its matcher must be of the type.
func (c *call) defineEmailRule(rule *emailRule, matcher string) error {
	var want emailRuleInput
	if err := c.decode(&want, codeBadEmailRule); err != nil {
		return err
	}
	if len(want.Matchers) == 1 && want.Matchers[0].Type == "all" && matcher != "all" {
		return refuse(http.StatusConflict, codeEmailOperation, "Invalid rule operation") // there is a catch-all rule already
	}
	if err := c.checkEmailMatchers(want.Matchers, matcher, rule.ID); err != nil {
		return err
	}
	if err := c.checkEmailActions(want.Actions); err != nil {
		return err
	}
	switch want.Source {
	case "", "api":
		want.Source = "api"
	case "wrangler":
		if want.OwnerTag == "" { // cloudflare-go, RuleNewParams: "Required when source is wrangler"
			return refuse(http.StatusBadRequest, codeBadEmailRule, "owner_worker_tag is required")
		}
	default:
		return refuse(http.StatusBadRequest, codeBadEmailRule, "source must be api or wrangler, not %q", want.Source)
	}
	rule.Name, rule.Matchers, rule.Actions, rule.Source = want.Name, want.Matchers, want.Actions, want.Source
	rule.Enabled = want.Enabled == nil || *want.Enabled // "default: true" (the API's description)
	if want.Priority != nil {
		rule.Priority = int(*want.Priority)
		if rule.Priority < 0 {
			return refuse(http.StatusBadRequest, codeBadEmailRule, "priority must not be negative")
		}
	}
	return nil
}

func (c *call) checkEmailMatchers(matchers []emailMatcher, kind, id string) error {
	if len(matchers) != 1 || matchers[0].Type != kind {
		return refuse(http.StatusBadRequest, codeBadEmailRule, "a rule must have one matcher, of type %s", kind)
	}
	if kind == "all" {
		return nil
	}
	m := matchers[0]
	if m.Field != "to" || !emailAddress.MatchString(m.Value) {
		return refuse(http.StatusBadRequest, codeBadEmailRule, "a literal matcher must have an address in the field to")
	}
	_, domain, _ := strings.Cut(strings.ToLower(m.Value), "@")
	if domain != c.zone.Name && !strings.HasSuffix(domain, "."+c.zone.Name) {
		return refuse(http.StatusBadRequest, codeBadEmailRule, "the address %s is not in the zone %s", m.Value, c.zone.Name)
	}
	for _, other := range c.zone.EmailRules {
		if other.ID != id && strings.EqualFold(other.Matchers[0].Value, m.Value) {
			return refuse(http.StatusConflict, codeDuplicateEmailRule, "Duplicated Zone rule")
		}
	}
	return nil
}

// checkEmailActions refuses actions that cannot be taken. That the destination of a forward was verified is not asked
// for.
func (c *call) checkEmailActions(actions []emailAction) error {
	if len(actions) != 1 {
		return refuse(http.StatusBadRequest, codeBadEmailRule, "only one action per rule is allowed")
	}
	switch a := actions[0]; a.Type {
	case "drop":
	case "forward":
		if len(a.Value) != 1 || !emailAddress.MatchString(a.Value[0]) {
			return refuse(http.StatusBadRequest, codeBadEmailRule, "forward action must contain exactly one destination")
		}
	case "worker":
		if len(a.Value) != 1 {
			return refuse(http.StatusBadRequest, codeBadEmailRule, "worker action must contain exactly one Worker")
		}
		if w := c.state.Accounts[c.zone.AccountID].Workers[a.Value[0]]; w == nil || w.active() == nil {
			return refuse(http.StatusNotFound, codeNoEmailWorker, "Workers Script Info not found")
		}
	default:
		return refuse(http.StatusBadRequest, codeBadEmailRule, "action must be drop, forward or worker, not %q", a.Type)
	}
	return nil
}

// dumpEmail writes the zone's rules, but for a catch-all rule that nobody has touched.
func (z *zone) dumpEmail(w io.Writer) {
	dumpSorted(w, z.EmailRules, func(r *emailRule) string { return "  e-mail " + r.text() })
	if r := z.EmailCatchAll; r != nil && (r.Enabled || r.Name != "" || r.Actions[0].Type != "drop") {
		fmt.Fprintln(w, "  e-mail", r.text())
	}
}

func (r *emailRule) text() string {
	return fmt.Sprintf("%s%s -> %s %v enabled %t priority %d name %q source %s", r.Matchers[0].Type, r.Matchers[0].Value,
		r.Actions[0].Type, r.Actions[0].Value, r.Enabled, r.Priority, r.Name, r.Source)
}
