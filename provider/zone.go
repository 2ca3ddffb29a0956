// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// A zoneFinder finds, at Check, the zones that inputs mean, so that inputs and
// state carry the zone's id and previews are true. What the old inputs have
// resolved already costs no request.
type zoneFinder struct {
	api        *cfapi.Client
	account    string // "" as long as it is not known
	olds, news property.Map
	hosts      map[string]zoneAnswer // asked for in this Check
}

type zoneAnswer struct {
	zone   cfapi.Zone
	reason string // why there is none; "" if there is
}

// newZoneFinder returns a finder of the account's zones for one Check.
func newZoneFinder(ctx context.Context, account string, req infer.CheckRequest) *zoneFinder {
	if computed(req.NewInputs, "accountId") {
		account = ""
	}
	return &zoneFinder{
		api: api(ctx), account: account, olds: req.OldInputs, news: req.NewInputs, hosts: map[string]zoneAnswer{},
	}
}

// resolve fills in id and name, the inputs zoneId and zoneName below path. An id
// stays as it is given, and alone; a name, or, if there is neither, the longest
// part of host that is a zone, is looked up, and then both are known. What
// depends on an input that is not known yet is left as it is. The failure, if
// not nil, is the program's author's to mend.
func (f *zoneFinder) resolve(
	ctx context.Context, path []string, host string, id, name *string,
) (*p.CheckFailure, error) {
	member := func(name string) []string { return append(slices.Clone(path), name) }
	if *id != "" || f.account == "" || computed(f.news, member("zoneId")...) || computed(f.news, member("zoneName")...) {
		return nil, nil
	}
	*name = strings.ToLower(*name)
	if *name != "" && host != "" && !within(host, *name) {
		return &p.CheckFailure{
			Property: propertyPath(member("zoneName")), Reason: fmt.Sprintf("%q is not in the zone %q", host, *name),
		}, nil
	}
	if was, ok := f.resolved(path); ok && (*name == was.Name || *name == "" && within(host, was.Name)) {
		*id, *name = was.ID, was.Name
		return nil, nil
	}
	var answer zoneAnswer
	var err error
	property := member("zoneId")
	if *name != "" {
		property = member("zoneName")
		answer, err = f.named(ctx, *name)
	} else {
		answer, err = f.holding(ctx, host)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", propertyPath(property), err)
	}
	if answer.reason != "" {
		return &p.CheckFailure{Property: propertyPath(property), Reason: answer.reason}, nil
	}
	*id, *name = answer.zone.ID, answer.zone.Name
	return nil, nil
}

// resolved returns the zone that an earlier Check has found for what is at path.
// That has a name too: a zone that the program gives by its id has none.
func (f *zoneFinder) resolved(path []string) (cfapi.Zone, bool) {
	if account := f.olds.Get("accountId"); !account.IsString() || account.AsString() != f.account {
		return cfapi.Zone{}, false
	}
	value := property.New(f.olds)
	for _, key := range path {
		if !value.IsMap() {
			return cfapi.Zone{}, false
		}
		value = value.AsMap().Get(key)
	}
	if !value.IsMap() {
		return cfapi.Zone{}, false
	}
	id, name := value.AsMap().Get("zoneId"), value.AsMap().Get("zoneName")
	if !id.IsString() || !name.IsString() || id.AsString() == "" || name.AsString() == "" {
		return cfapi.Zone{}, false
	}
	return cfapi.Zone{ID: id.AsString(), Name: name.AsString()}, true
}

// named looks for the zone of that name.
func (f *zoneFinder) named(ctx context.Context, name string) (zoneAnswer, error) {
	zones, err := f.api.Zones(ctx, f.account, name)
	if err != nil {
		return zoneAnswer{}, err
	}
	switch len(zones) {
	case 0:
		return zoneAnswer{reason: fmt.Sprintf("account %s has no zone %q that the API token can read: correct it, or give "+
			"zoneId", f.account, name)}, nil
	case 1:
		return zoneAnswer{zone: zones[0]}, nil
	}
	return zoneAnswer{reason: ambiguous(name, zones)}, nil
}

func ambiguous(name string, zones []cfapi.Zone) string {
	ids := make([]string, len(zones))
	for i, z := range zones {
		ids[i] = z.ID
	}
	slices.Sort(ids)
	return fmt.Sprintf("there are %d zones %q: give zoneId, one of %s", len(ids), name, strings.Join(ids, ", "))
}

// holding looks for the zone that host is in: the longest suffix of its labels
// that is a zone, as wrangler does.
func (f *zoneFinder) holding(ctx context.Context, host string) (zoneAnswer, error) {
	host = strings.ToLower(host)
	if known, ok := f.hosts[host]; ok {
		return known, nil
	}
	answer := zoneAnswer{}
	var tried []string
	for name := host; strings.Contains(name, ".") && answer == (zoneAnswer{}); _, name, _ = strings.Cut(name, ".") {
		zones, err := f.api.Zones(ctx, f.account, name)
		switch {
		case err != nil:
			return zoneAnswer{}, err
		case len(zones) == 1:
			answer.zone = zones[0]
		case len(zones) > 1:
			answer.reason = ambiguous(name, zones)
		}
		tried = append(tried, name)
	}
	switch {
	case answer != (zoneAnswer{}):
	case len(tried) == 0:
		answer.reason = fmt.Sprintf("the host %q tells no zone: give zoneId or zoneName", host)
	default:
		answer.reason = fmt.Sprintf("no zone holds the host %q: account %s has none of %s that the API token can read; give "+
			"zoneId or zoneName", host, f.account, strings.Join(tried, ", "))
	}
	f.hosts[host] = answer
	return answer, nil
}

// within reports whether host is in the zone of that name.
func within(host, zone string) bool {
	host = strings.ToLower(host)
	return host == zone || strings.HasSuffix(host, "."+zone)
}

// zoneHostOf returns the host of a route pattern as far as it can tell a zone:
// without a wildcard at its beginning, which may also be part of a label.
func zoneHostOf(pattern string) string {
	host, _, _ := strings.Cut(withoutScheme(pattern), "/")
	return strings.TrimPrefix(strings.TrimPrefix(host, "*"), ".")
}
