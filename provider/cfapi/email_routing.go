// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"
	"strconv"

	emailrouting "github.com/cloudflare/cloudflare-go/v7/email_routing"
	"github.com/cloudflare/cloudflare-go/v7/option"
)

// EmailActionWorker is the type of the action that hands a message to a Worker. Others
// are "forward" and "drop".
const EmailActionWorker = "worker"

// EmailRule is a rule of Email Routing: what becomes of mail to an address of a zone.
type EmailRule struct {
	ID       string
	Zone     string // id of the zone
	ZoneName string // empty: Cloudflare did not say, as it does not in a list of one zone
	To       string // the address; empty: the rule has another matcher
	CatchAll bool   // it is the zone's rule for all mail that no other rule matches
	Action   string // EmailActionWorker, or another one
	Targets  []string
	Settings EmailRuleSettings
}

// Worker returns the Worker that gets the mail, "" if none does.
func (r EmailRule) Worker() string {
	if r.Action != EmailActionWorker || len(r.Targets) != 1 {
		return ""
	}
	return r.Targets[0]
}

// EmailRuleSettings are the settings of a rule. In a request a nil field is left to
// Cloudflare; in an answer it is one that Cloudflare did not mention.
type EmailRuleSettings struct {
	Enabled  bool
	Name     *string
	Priority *int // those of lower numbers come first; the catch-all rule, which comes last, has none
}

// emailPageSize is how many rules a page holds at most: the description of the API,
// email-routing-routing-rules-list-routing-rules.
const emailPageSize = 50

// EmailRules returns the rules of the zone, its catch-all rule among them, with one
// request for each fifty of them. That the catch-all rule is listed: workers-sdk,
// packages/wrangler/src/email-routing/rules/list.ts.
func (c *Client) EmailRules(ctx context.Context, zone string) ([]EmailRule, error) {
	var params emailrouting.RuleListParams
	params.ZoneID.Value = segment(zone)
	rules, err := c.emailRules(ctx, fmt.Sprintf("list e-mail rules of zone %q", zone), params)
	for i := range rules {
		rules[i].Zone = zone
	}
	return rules, err
}

// AccountEmailRules returns the rules of all zones of the account, as [Client.EmailRules] does.
func (c *Client) AccountEmailRules(ctx context.Context, account string) ([]EmailRule, error) {
	var params emailrouting.RuleListParams
	params.AccountID.Value = segment(account)
	return c.emailRules(ctx, "list e-mail rules", params)
}

func (c *Client) emailRules(ctx context.Context, op string, params emailrouting.RuleListParams) ([]EmailRule, error) {
	var all []EmailRule
	for page := 1; ; page++ {
		ctx, call := begin(ctx, APIEmail, op)
		got, err := c.api().emailRules.List(ctx, params, option.WithQuery("page", strconv.Itoa(page)),
			option.WithQuery("per_page", strconv.Itoa(emailPageSize)))
		if err != nil {
			return nil, call.failed(err)
		}
		for i := range got.Result {
			all = append(all, emailRule(&got.Result[i]))
		}
		size := emailPageSize
		if said := int(got.ResultInfo.PerPage); said > 0 {
			size = said
		}
		if len(got.Result) < size {
			return all, nil
		}
	}
}

func emailRule(r *emailrouting.AccountRule) EmailRule {
	rule := EmailRule{
		ID: r.ID, Zone: r.Zone.Tag, ZoneName: r.Zone.Name,
		Settings: EmailRuleSettings{Enabled: bool(r.Enabled), Name: &r.Name},
	}
	if !r.JSON.Priority.IsMissing() && !r.JSON.Priority.IsNull() {
		rule.Settings.Priority = new(int(r.Priority))
	}
	if len(r.Matchers) == 1 {
		switch m := r.Matchers[0]; {
		case m.Type == emailrouting.MatcherTypeAll:
			rule.CatchAll = true
		case m.Type == emailrouting.MatcherTypeLiteral && m.Field == emailrouting.MatcherFieldTo:
			rule.To = m.Value
		}
	}
	if len(r.Actions) == 1 {
		rule.Action, rule.Targets = string(r.Actions[0].Type), r.Actions[0].Value
	}
	return rule
}

// CreateEmailRule makes a rule that hands mail to an address of the zone to a Worker. It
// is not repeated when the response is lost. If the address has a rule, the error is
// [ErrConflict].
func (c *Client) CreateEmailRule(ctx context.Context, zone, to, script string, s EmailRuleSettings) (string, error) {
	ctx, call := begin(ctx, APIEmail, fmt.Sprintf("create e-mail rule for %q", to))
	var params emailrouting.RuleNewParams
	params.ZoneID.Value = segment(zone)
	params.Matchers.Value, params.Matchers.Present = literalTo(to), true
	params.Actions.Value, params.Actions.Present = toWorker(script), true
	params.Enabled.Value, params.Enabled.Present = emailrouting.RuleNewParamsEnabled(s.Enabled), true
	if s.Name != nil {
		params.Name.Value, params.Name.Present = *s.Name, true
	}
	if s.Priority != nil {
		params.Priority.Value, params.Priority.Present = float64(*s.Priority), true
	}
	got, err := c.api().emailRules.New(ctx, params)
	if err != nil {
		return "", call.failed(err)
	}
	if got.ID == "" {
		return "", call.incomplete("rule id")
	}
	return got.ID, nil
}

// UpdateEmailRule replaces the rule with the id by one as [Client.CreateEmailRule] makes it.
func (c *Client) UpdateEmailRule(ctx context.Context, zone, id, to, script string, s EmailRuleSettings) error {
	ctx, call := begin(ctx, APIEmail, fmt.Sprintf("update e-mail rule for %q", to))
	var params emailrouting.RuleUpdateParams
	params.ZoneID.Value = segment(zone)
	params.Matchers.Value, params.Matchers.Present = literalTo(to), true
	params.Actions.Value, params.Actions.Present = toWorker(script), true
	params.Enabled.Value, params.Enabled.Present = emailrouting.RuleUpdateParamsEnabled(s.Enabled), true
	if s.Name != nil {
		params.Name.Value, params.Name.Present = *s.Name, true
	}
	if s.Priority != nil {
		params.Priority.Value, params.Priority.Present = float64(*s.Priority), true
	}
	if _, err := c.api().emailRules.Update(ctx, segment(id), params); err != nil {
		return call.failed(err)
	}
	return nil
}

// DeleteEmailRule removes a rule. The catch-all rule cannot be removed.
func (c *Client) DeleteEmailRule(ctx context.Context, zone, id string) error {
	ctx, call := begin(ctx, APIEmail, fmt.Sprintf("delete e-mail rule %q", id))
	var params emailrouting.RuleDeleteParams
	params.ZoneID.Value = segment(zone)
	if _, err := c.api().emailRules.Delete(ctx, segment(id), params); err != nil {
		return call.failed(err)
	}
	return nil
}

// SetEmailCatchAll makes the zone's catch-all rule hand mail to a Worker; without one it
// drops mail. The settings' Priority is not used.
func (c *Client) SetEmailCatchAll(ctx context.Context, zone, script string, s EmailRuleSettings) error {
	ctx, call := begin(ctx, APIEmail, fmt.Sprintf("change the catch-all e-mail rule of zone %q", zone))
	var params emailrouting.RuleCatchAllUpdateParams
	params.ZoneID.Value = segment(zone)
	var all emailrouting.CatchAllMatcherParam
	all.Type.Value, all.Type.Present = emailrouting.CatchAllMatcherTypeAll, true
	params.Matchers.Value, params.Matchers.Present = []emailrouting.CatchAllMatcherParam{all}, true
	var action emailrouting.CatchAllActionParam
	action.Type.Value, action.Type.Present = emailrouting.CatchAllActionTypeDrop, true
	if script != "" {
		action.Type.Value = emailrouting.CatchAllActionTypeWorker
		action.Value.Value, action.Value.Present = []string{script}, true
	}
	params.Actions.Value, params.Actions.Present = []emailrouting.CatchAllActionParam{action}, true
	params.Enabled.Value, params.Enabled.Present = emailrouting.RuleCatchAllUpdateParamsEnabled(s.Enabled), true
	if s.Name != nil {
		params.Name.Value, params.Name.Present = *s.Name, true
	}
	if _, err := c.api().emailRules.CatchAlls.Update(ctx, params); err != nil {
		return call.failed(err)
	}
	return nil
}

func literalTo(address string) []emailrouting.MatcherParam {
	var m emailrouting.MatcherParam
	m.Type.Value, m.Type.Present = emailrouting.MatcherTypeLiteral, true
	m.Field.Value, m.Field.Present = emailrouting.MatcherFieldTo, true
	m.Value.Value, m.Value.Present = address, true
	return []emailrouting.MatcherParam{m}
}

func toWorker(script string) []emailrouting.ActionParam {
	var a emailrouting.ActionParam
	a.Type.Value, a.Type.Present = emailrouting.ActionTypeWorker, true
	a.Value.Value, a.Value.Present = []string{script}, true
	return []emailrouting.ActionParam{a}
}
