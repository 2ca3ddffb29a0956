// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// A bindingKind is a member of [Binding].
type bindingKind struct {
	name    string // as programs write it
	apiType string // in Cloudflare's API; empty for raw, which names it itself
	field   int
}

// bindingKinds are all members of a Binding, sorted by name.
var bindingKinds = func() (kinds []bindingKind) {
	t := reflect.TypeFor[Binding]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		kinds = append(kinds, bindingKind{strings.TrimSuffix(tag.Get("pulumi"), ",optional"), tag.Get("api"), i})
	}
	slices.SortFunc(kinds, func(a, b bindingKind) int { return strings.Compare(a.name, b.name) })
	return kinds
}()

// member returns what is set in b: a pointer to a struct.
func (b Binding) member() (kind bindingKind, member reflect.Value, ok bool) {
	for _, kind := range bindingKinds {
		if member := reflect.ValueOf(b).Field(kind.field); !member.IsNil() {
			return kind, member, true
		}
	}
	return bindingKind{}, reflect.Value{}, false
}

// toAPI returns b in Cloudflare's form. Check has seen to it that one member is set.
func (b Binding) toAPI(name string) (cfapi.Binding, error) {
	kind, member, _ := b.member()
	fields, err := apiFields(member.Elem())
	if err != nil {
		return cfapi.Binding{}, err
	}
	if b.Raw != nil {
		maps.Copy(fields, b.Raw.Fields)
		kind.apiType = b.Raw.Type
	}
	fields["name"], fields["type"] = name, kind.apiType
	text, err := json.Marshal(fields)
	if err != nil {
		return cfapi.Binding{}, err
	}
	var sent cfapi.Binding
	err = json.Unmarshal(text, &sent)
	return sent, err
}

// bindingFromAPI is the inverse of toAPI, for a binding of the Worker script.
// What the API fills in is left out. A type that has no member becomes a raw binding.
func bindingFromAPI(b cfapi.Binding, script string) (Binding, error) {
	var found Binding
	text, err := json.Marshal(b) // as it was read, if it was
	if err != nil {
		return Binding{}, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return Binding{}, err
	}
	for _, kind := range bindingKinds {
		if kind.apiType != b.Type || kind.apiType == "" {
			continue
		}
		member := reflect.ValueOf(&found).Elem().Field(kind.field)
		member.Set(reflect.New(member.Type().Elem()))
		if err := setAPIFields(member.Elem(), fields); err != nil {
			return Binding{}, err
		}
		if d := found.DurableObjectNamespace; d != nil && d.ScriptName == script {
			d.ScriptName = ""
		}
		if w := found.Workflow; w != nil && w.ScriptName == script {
			w.ScriptName = ""
		}
		return found, nil
	}
	found.Raw = &RawBinding{Type: b.Type}
	if err := json.Unmarshal(text, &found.Raw.Fields); err != nil {
		return Binding{}, err
	}
	delete(found.Raw.Fields, "name")
	delete(found.Raw.Fields, "type")
	return found, nil
}

// binding checks that exactly one member is set, and what it holds.
func (c *checker) binding(path []string, b Binding) {
	var set, choices []string
	for _, kind := range bindingKinds {
		choices = append(choices, kind.name)
		known := !reflect.ValueOf(b).Field(kind.field).IsNil()
		if known || computed(c.inputs, append(slices.Clone(path), kind.name)...) {
			set = append(set, kind.name)
		}
	}
	c.fail(len(set) == 0, path, "says nothing: set one of %s", strings.Join(choices, ", "))
	c.fail(len(set) > 1, path, "sets %s: set just one member", strings.Join(set, " and "))
	kind, member, ok := b.member()
	if !ok {
		return
	}
	at := func(names ...string) []string { return append(append(slices.Clone(path), kind.name), names...) }
	t := member.Elem().Type()
	for i := range t.NumField() {
		if must := t.Field(i).Tag.Get("must"); must != "" {
			c.fail(member.Elem().Field(i).IsZero(), at(t.Field(i).Tag.Get("pulumi")), "must be %s", must)
		}
	}
	switch {
	case b.Queue != nil && b.Queue.DeliveryDelay != nil:
		delay := *b.Queue.DeliveryDelay
		c.fail(delay < 0 || delay > maxDeliveryDelay, at("deliveryDelay"), "%d is not between 0 and %d seconds",
			delay, maxDeliveryDelay)
	case b.Pipeline != nil:
		c.fail((b.Pipeline.Stream == "") == (b.Pipeline.Pipeline == "") && !c.computed(at("stream"), at("pipeline")), at(),
			"set exactly one of stream and pipeline")
	case b.VpcNetwork != nil:
		n, unknown := b.VpcNetwork, c.computed(at("tunnelId"), at("networkId"))
		c.fail((n.TunnelID == "") == (n.NetworkID == "") && !unknown, at(), "set exactly one of tunnelId and networkId")
	case b.SendEmail != nil:
		c.fail(b.SendEmail.DestinationAddress != "" && len(b.SendEmail.AllowedDestinationAddresses) > 0, at(),
			"set destinationAddress or allowedDestinationAddresses, not both")
	case b.RateLimit != nil:
		c.fail(b.RateLimit.Simple.Limit < 1, at("simple", "limit"), "must be at least 1")
		c.fail(b.RateLimit.Simple.Period != 10 && b.RateLimit.Simple.Period != 60, at("simple", "period"),
			"must be 10 or 60 seconds")
	case b.DispatchNamespace != nil && b.DispatchNamespace.Outbound != nil:
		c.fail(b.DispatchNamespace.Outbound.Service == "", at("outbound", "service"), "must be the name of a Worker")
	case b.SecretKey != nil:
		c.secretKey(at, *b.SecretKey)
	case b.Raw != nil:
		c.fail(b.Raw.Type == "", at("type"), "must be the type of the binding in Cloudflare's API")
		for _, kind := range bindingKinds {
			c.fail(b.Raw.Type != "" && kind.apiType == b.Raw.Type, at("type"), "%q has a member of its own: use %s",
				b.Raw.Type, kind.name)
		}
		c.fail(isSecretType(b.Raw.Type), at("type"), "is the type of a secret, whose value would be in the state: "+
			"use secrets or secretKey")
	}
}

// maxDeliveryDelay is the longest delay of a message in seconds: 12 hours
// (https://developers.cloudflare.com/queues/platform/limits/).
const maxDeliveryDelay = 12 * 60 * 60

// computed reports whether one of the inputs is not known yet.
func (c *checker) computed(paths ...[]string) bool {
	return slices.ContainsFunc(paths, func(path []string) bool { return computed(c.inputs, path...) })
}
