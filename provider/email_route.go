// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// EmailRoute is a rule of Email Routing that hands mail to a Worker.
type EmailRoute struct {
	ZoneID   string `pulumi:"zoneId,optional"`
	ZoneName string `pulumi:"zoneName,optional"`
	Enabled  *bool  `pulumi:"enabled,optional"`
	Name     string `pulumi:"name,optional"`
	Priority *int   `pulumi:"priority,optional"`
	TakeOver bool   `pulumi:"takeOver,optional"`
}

// emailAddress is an address, or "*" and a domain for all addresses of a zone.
var emailAddress = regexp.MustCompile(`^(?:\*|[^@\s*"]+)@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]+$`)

// catchAllID stands for the id of a catch-all rule of which Cloudflare did not tell it.
const catchAllID = "catch_all"

// Annotate describes the rule.
func (e *EmailRoute) Annotate(a infer.Annotator) {
	a.Describe(&e, "A rule of Email Routing that hands mail to a Worker. Email Routing must be enabled for the zone.")
	a.Describe(&e.ZoneID, "The zone (32 hex digits). Default: found by `zoneName`, or by the address's domain: its "+
		"longest suffix that is a zone of the account.")
	a.Describe(&e.ZoneName, "The zone's name, such as `example.com`. Default: see `zoneId`.")
	a.Describe(&e.Enabled, "Whether the rule is in force. Default: true.")
	a.Describe(&e.Name, "What the rule is called in Cloudflare's dashboard. Default: it is left to Cloudflare and to "+
		"others.")
	a.Describe(&e.Priority, "Which of the zone's rules comes first: that of the lowest number. The catch-all rule comes "+
		"last and has none. Default: it is left to Cloudflare and to others.")
	a.Describe(&e.TakeOver, "Whether to take the address over from a rule that forwards, drops or goes to another "+
		"Worker: it is replaced, and not restored later. Default: false; such a rule is then an error that names it.")
}

// enabled reports whether the rule is in force.
func (e EmailRoute) enabled() bool { return e.Enabled == nil || *e.Enabled }

// isCatchAll reports whether the address stands for all mail of a zone that no other rule takes.
func isCatchAll(address string) bool { return strings.HasPrefix(address, "*@") }

func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}

// emailRoutes checks the addresses.
func (c *checker) emailRoutes(args CloudflareWorkerArgs) {
	seen, catchAlls := map[string]string{}, map[string]string{}
	for _, address := range slices.Sorted(maps.Keys(args.EmailRoutes)) {
		route, path := args.EmailRoutes[address], []string{"emailRoutes", address}
		at := func(member string) []string { return append(slices.Clone(path), member) }
		c.fail(!emailAddress.MatchString(address), path, "is no e-mail address; for all mail of a zone that no other rule "+
			"takes, write \"*@\" and the zone's name")
		other, twice := seen[strings.ToLower(address)]
		c.fail(twice, path, "is the same address as %q: leave one of them out", other)
		seen[strings.ToLower(address)] = address
		c.fail(route.ZoneID != "" && !zoneID.MatchString(route.ZoneID), at("zoneId"), "%q is not a zone id: 32 lower-case "+
			"hex digits, as on the zone's overview page", route.ZoneID)
		c.fail(orZero(route.Priority) < 0, at("priority"), "must be at least 0")
		if !isCatchAll(address) {
			continue
		}
		c.fail(route.Priority != nil, at("priority"), "the catch-all rule comes last and has no priority: leave it out")
		c.fail(route.ZoneName != "" && !strings.EqualFold(route.ZoneName, domainOf(address)), path, "the catch-all rule is "+
			"of a whole zone: write \"*@%s\"", route.ZoneName)
		other, twice = catchAlls[route.ZoneID]
		c.fail(twice && route.ZoneID != "", path, "the zone has one catch-all rule, and %q is that one too", other)
		catchAlls[route.ZoneID] = address
	}
}

// resolveEmailZones fills in the zones of the addresses.
func resolveEmailZones(
	ctx context.Context, args *CloudflareWorkerArgs, req infer.CheckRequest,
) ([]p.CheckFailure, error) {
	if len(args.EmailRoutes) == 0 {
		return nil, nil
	}
	zones := newZoneFinder(ctx, args.AccountID, req)
	var failures []p.CheckFailure
	for _, address := range slices.Sorted(maps.Keys(args.EmailRoutes)) {
		route, path := args.EmailRoutes[address], []string{"emailRoutes", address}
		if computed(req.NewInputs, path...) {
			continue
		}
		failure, err := zones.resolve(ctx, path, domainOf(address), &route.ZoneID, &route.ZoneName)
		if err != nil {
			return nil, err
		}
		if failure != nil {
			failures = append(failures, *failure)
		}
		args.EmailRoutes[address] = route
	}
	if len(failures) == 0 {
		c := &checker{inputs: req.NewInputs}
		c.emailRoutes(*args)
		failures = c.failures
	}
	return failures, nil
}

type (
	// findEmailRules looks that no rule of others stands where the Worker is to get mail.
	findEmailRules struct {
		zones  []string
		wishes map[string]EmailRoute
	}
	// createEmailRoute makes the rule of an address, where findEmailRules found none of others.
	createEmailRoute struct {
		address string
		wish    EmailRoute
	}
	// changeEmailRoute changes the settings of the rule of an address.
	changeEmailRoute struct {
		address string
		wish    EmailRoute
	}
	// deleteEmailRoute removes the rule of an address. A catch-all rule is switched off.
	deleteEmailRoute struct{ address, zone, id string }
)

func (findEmailRules) String() string     { return "look for e-mail rules" }
func (s createEmailRoute) String() string { return fmt.Sprintf("create e-mail route %q", s.address) }

func (s changeEmailRoute) String() string { return fmt.Sprintf("change e-mail route %q", s.address) }

func (s deleteEmailRoute) String() string { return fmt.Sprintf("delete e-mail route %q", s.address) }

// planEmailRoutes lists the calls for the addresses whose mail the Worker gets: one that
// looks, before anything is deployed, and the changes.
func planEmailRoutes(seen CloudflareWorkerState, want CloudflareWorkerArgs) (look, changes []step) {
	find := findEmailRules{wishes: map[string]EmailRoute{}}
	for _, address := range slices.Sorted(maps.Keys(want.EmailRoutes)) {
		wish, was, id := want.EmailRoutes[address], seen.EmailRoutes[address], seen.EmailRuleIDs[address]
		moved := id != "" && was.ZoneID != wish.ZoneID
		if moved { // it can only be in one of them: start over
			changes = append(changes, deleteEmailRoute{address, was.ZoneID, id})
		}
		switch {
		case moved || id == "" || id == unknownID:
			find.zones = append(find.zones, wish.ZoneID)
			find.wishes[address] = wish
			changes = append(changes, createEmailRoute{address, wish})
		case was.enabled() != wish.enabled() || was.Name != wish.Name || orZero(was.Priority) != orZero(wish.Priority):
			changes = append(changes, changeEmailRoute{address, wish})
		}
	}
	if len(find.zones) > 0 {
		slices.Sort(find.zones)
		find.zones = slices.Compact(find.zones)
		look = append(look, find)
	}
	for _, address := range slices.Sorted(maps.Keys(seen.EmailRuleIDs)) {
		if _, wanted := want.EmailRoutes[address]; !wanted {
			changes = append(changes, deleteEmailRoute{address, seen.EmailRoutes[address].ZoneID, seen.EmailRuleIDs[address]})
		}
	}
	return look, changes
}

func (s findEmailRules) run(ctx context.Context, d deployer, _ *CloudflareWorkerState) error {
	for _, zone := range s.zones {
		rules, err := d.api.EmailRules(ctx, zone)
		if err != nil {
			return err
		}
		d.found.emailRules[zone] = rules
	}
	for _, address := range slices.Sorted(maps.Keys(s.wishes)) {
		wish := s.wishes[address]
		if err := d.mayTake(address, wish, ruleOf(d.found.emailRules[wish.ZoneID], address)); err != nil {
			return err
		}
	}
	return nil
}

// ruleOf returns the rule of an address among those of its zone; nil if there is none.
func ruleOf(rules []cfapi.EmailRule, address string) *cfapi.EmailRule {
	for _, rule := range rules {
		if isCatchAll(address) && rule.CatchAll || !isCatchAll(address) && strings.EqualFold(rule.To, address) {
			return &rule
		}
	}
	return nil
}

// mayTake refuses an address that a rule of others has. A catch-all rule that is switched
// off is nobody's: it is always there.
func (d deployer) mayTake(address string, wish EmailRoute, is *cfapi.EmailRule) error {
	if wish.TakeOver || !isOthers(is, d.script) {
		return nil
	}
	return &emailTakenError{address: address, rule: *is}
}

// isOthers reports whether a rule, which may be none, is in the way of the script's.
func isOthers(is *cfapi.EmailRule, script string) bool {
	return is != nil && is.Worker() != script && (!is.CatchAll || is.Settings.Enabled)
}

// logMailTakeOvers says in a preview which rules of others would be replaced. Only for
// addresses that are taken over newly it asks for the rules.
func logMailTakeOvers(ctx context.Context, seen CloudflareWorkerState, want CloudflareWorkerArgs) {
	rules := map[string][]cfapi.EmailRule{}
	for _, address := range slices.Sorted(maps.Keys(want.EmailRoutes)) {
		wish := want.EmailRoutes[address]
		if !wish.TakeOver || wish.ZoneID == "" || seen.EmailRuleIDs[address] != "" {
			continue
		}
		if _, asked := rules[wish.ZoneID]; !asked {
			list, err := api(ctx).EmailRules(ctx, wish.ZoneID)
			if err != nil {
				p.GetLogger(ctx).Warning("which e-mail rules would be replaced is not known: " + explain(err).Error())
				return
			}
			rules[wish.ZoneID] = list
		}
		if is := ruleOf(rules[wish.ZoneID], address); isOthers(is, want.ScriptName) {
			taken := emailTakenError{address: address, rule: *is}
			p.GetLogger(ctx).Warning(taken.Error() + " and will be taken over")
		}
	}
}

// emailTakenError refuses to replace a rule that is not the Worker's.
type emailTakenError struct {
	address string
	rule    cfapi.EmailRule
}

func (e *emailTakenError) Error() string {
	return fmt.Sprintf("e-mail to %q %s (rule id %s%s)", e.address, describeEmailRule(e.rule), e.rule.ID, ruleName(e.rule))
}

// describeEmailRule says what a rule does with mail.
func describeEmailRule(rule cfapi.EmailRule) string {
	text := "is subject to a rule with the action " + rule.Action
	switch {
	case rule.Worker() != "":
		text = fmt.Sprintf("goes to the Worker %q already", rule.Worker())
	case rule.Action == "forward":
		text = "is forwarded to " + strings.Join(rule.Targets, ", ")
	case rule.Action == "drop":
		text = "is dropped by a rule"
	}
	if !rule.Settings.Enabled {
		text += ", by a rule that is switched off"
	}
	return text
}

func ruleName(rule cfapi.EmailRule) string {
	if name := orZero(rule.Settings.Name); name != "" {
		return fmt.Sprintf(", %q", name)
	}
	return ""
}

// ruleSettings are the settings of the rule that makes wish of was. What neither
// mentions is left to Cloudflare.
func ruleSettings(was, wish EmailRoute) cfapi.EmailRuleSettings {
	settings := cfapi.EmailRuleSettings{Enabled: wish.enabled()}
	if wish.Name != "" || was.Name != "" {
		settings.Name = &wish.Name
	}
	if wish.Priority != nil || was.Priority != nil {
		settings.Priority = new(orZero(wish.Priority))
	}
	return settings
}

func (s createEmailRoute) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	is := ruleOf(d.found.emailRules[s.wish.ZoneID], s.address)
	if is == nil && !isCatchAll(s.address) {
		id, err := d.api.CreateEmailRule(
			cfapi.AfterCreate(ctx), s.wish.ZoneID, s.address, d.script, ruleSettings(EmailRoute{}, s.wish))
		if cfapi.LostResponse(err) || errors.Is(err, cfapi.ErrConflict) {
			is, err = d.findEmailRule(ctx, s, err)
		}
		if err != nil {
			return err
		}
		if is == nil {
			s.done(facts, id)
			return nil
		}
	}
	found := orZero(is)
	if found.Worker() == d.script && s.wish.describes(found) {
		s.done(facts, found.ID)
		return nil
	}
	return s.replace(ctx, d, facts, cmp.Or(found.ID, catchAllID), ruleSettings(EmailRoute{}, s.wish))
}

// describes reports whether the rule is as the program has it, as far as that speaks of it.
func (e EmailRoute) describes(rule cfapi.EmailRule) bool {
	return e.enabled() == rule.Settings.Enabled && (e.Name == "" || e.Name == orZero(rule.Settings.Name)) &&
		(e.Priority == nil || rule.CatchAll || *e.Priority == orZero(rule.Settings.Priority))
}

// findEmailRule settles a create that failed with cause: the rule may be there.
func (d deployer) findEmailRule(ctx context.Context, s createEmailRoute, cause error) (*cfapi.EmailRule, error) {
	rules, err := d.api.EmailRules(ctx, s.wish.ZoneID)
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	is := ruleOf(rules, s.address)
	if is == nil {
		return nil, cause
	}
	return is, d.mayTake(s.address, s.wish, is)
}

// replace puts the wanted rule in the place of the one that is there.
func (s createEmailRoute) replace(
	ctx context.Context, d deployer, facts *CloudflareWorkerState, id string, settings cfapi.EmailRuleSettings,
) error {
	ctx = cfapi.AfterCreate(ctx)
	var err error
	if isCatchAll(s.address) {
		err = d.api.SetEmailCatchAll(ctx, s.wish.ZoneID, d.script, settings)
	} else {
		err = d.api.UpdateEmailRule(ctx, s.wish.ZoneID, id, s.address, d.script, settings)
	}
	if err != nil {
		return err
	}
	s.done(facts, id)
	return nil
}

func (s createEmailRoute) done(facts *CloudflareWorkerState, id string) {
	facts.EmailRoutes = withEntry(facts.EmailRoutes, s.address, s.wish)
	facts.EmailRuleIDs[s.address] = id
}

func (s changeEmailRoute) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	settings := ruleSettings(facts.EmailRoutes[s.address], s.wish)
	return createEmailRoute(s).replace(ctx, d, facts, facts.EmailRuleIDs[s.address], settings)
}

func (s deleteEmailRoute) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	id := s.id
	if id == unknownID || isCatchAll(s.address) { // a zone's only catch-all rule may be somebody else's by now
		id = ""
		rules, err := d.api.EmailRules(ctx, s.zone)
		if err != nil && !errors.Is(err, cfapi.ErrNotFound) {
			return err
		}
		if is := ruleOf(rules, s.address); is != nil && is.Worker() == d.script {
			id = cmp.Or(is.ID, catchAllID)
		}
	}
	var err error
	switch {
	case id == "": // never made, or gone
	case isCatchAll(s.address):
		err = d.api.SetEmailCatchAll(ctx, s.zone, "", cfapi.EmailRuleSettings{Name: new("")})
	default:
		err = d.api.DeleteEmailRule(ctx, s.zone, id)
	}
	if err != nil && !errors.Is(err, cfapi.ErrNotFound) {
		return err
	}
	delete(facts.EmailRuleIDs, s.address)
	facts.EmailRoutes = withoutEntry(facts.EmailRoutes, s.address)
	return nil
}

// emailRoutes fills in the rules that hand mail to the Worker, in the zones that the
// program uses; for an import, which knows no zone, in all of the account.
func (r reader) emailRoutes(ctx context.Context, imported bool, state *CloudflareWorkerState) error {
	rules, err := r.emailRules(ctx, imported, state)
	if err != nil {
		return err
	}
	was := state.EmailRoutes
	state.EmailRoutes, state.EmailRuleIDs = nil, map[string]string{}
	for _, rule := range rules {
		if rule.Worker() != r.script {
			continue
		}
		address := rule.To
		if rule.CatchAll {
			address = "*@" + cmp.Or(rule.ZoneName, zoneNameOf(rule.Zone, was))
		}
		for known := range was { // which may be written otherwise
			if was[known].ZoneID == rule.Zone && ruleOf([]cfapi.EmailRule{rule}, known) != nil {
				address = known
			}
		}
		if address == "" {
			continue // a matcher that no program has
		}
		state.EmailRoutes = withEntry(state.EmailRoutes, address, emailRouteOf(rule, was[address], imported))
		state.EmailRuleIDs[address] = cmp.Or(rule.ID, catchAllID)
	}
	return nil
}

// zoneNameOf returns the name of a zone as far as the routes tell it.
func zoneNameOf(zone string, routes map[string]EmailRoute) (name string) {
	for address, route := range routes {
		domain := cmp.Or(route.ZoneName, domainOf(address))
		if route.ZoneID == zone && (name == "" || len(domain) < len(name)) {
			name = domain
		}
	}
	return name
}

// emailRouteOf is the rule as a program would write it that wrote it as was. Of an import
// everything is mentioned that is not as in a new rule.
func emailRouteOf(rule cfapi.EmailRule, was EmailRoute, imported bool) EmailRoute {
	route := was
	route.ZoneID = rule.Zone
	if was.ZoneID != rule.Zone {
		route.ZoneName = ""
	}
	if was.enabled() != rule.Settings.Enabled {
		route.Enabled = new(rule.Settings.Enabled)
	}
	if name := orZero(rule.Settings.Name); was.Name != "" || imported {
		route.Name = name
	}
	if rule.CatchAll { // which has none, whatever Cloudflare shows
		return route
	}
	if priority := orZero(rule.Settings.Priority); was.Priority != nil && *was.Priority != priority ||
		imported && priority != 0 {
		route.Priority = &priority
	}
	return route
}

// emailRules are the rules of the zones that the program uses, or all of the account's.
func (r reader) emailRules(
	ctx context.Context, imported bool, state *CloudflareWorkerState,
) (rules []cfapi.EmailRule, err error) {
	if imported {
		rules, err = r.api.AccountEmailRules(ctx, r.account)
		if errors.Is(err, cfapi.ErrDenied) { // a token that is not for e-mail can import what has none
			p.GetLogger(ctx).Warning("emailRoutes was not looked for: " + explain(err).Error())
			return nil, nil
		}
		return rules, err
	}
	zones := map[string]bool{}
	for _, route := range state.EmailRoutes {
		zones[route.ZoneID] = true
	}
	for _, zone := range slices.Sorted(maps.Keys(zones)) {
		list, err := r.api.EmailRules(ctx, zone)
		if err != nil {
			return nil, err
		}
		rules = append(rules, list...)
	}
	return rules, nil
}
