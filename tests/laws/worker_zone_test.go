// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
)

// addressed is a program with routes and custom domains alone.
func addressed(w world, routes, domains object) object {
	program := unset(w).with(nil, "routes")
	if routes != nil {
		program = program.with(routes, "routes")
	}
	if domains != nil {
		program = program.with(domains, "customDomains")
	}
	return program
}

// ofZones are those of the requests that look zones up.
func ofZones(calls []string) (lookups []string) {
	for _, call := range calls {
		if path, zones := strings.CutPrefix(call, "GET /zones?"); zones {
			lookups = append(lookups, path)
		}
	}
	return lookups
}

// TestZonesAreFoundOnceAndKept: by name and by host, for routes and custom domains;
// what was found stands in inputs and state, and costs no request afterwards.
func TestZonesAreFoundOnceAndKept(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	program := properties(addressed(w,
		object{
			"a.example.com/*": object{}, "a.example.com/b/*": object{}, "*.example.com/*": object{},
			"deep.api.example.com/*": object{}, "b.example.com/*": object{"zoneName": "Example.com"},
		},
		object{"c.example.com": object{}, "d.example.com": object{"zoneName": "example.com"}},
	))
	s.mustUp(program)
	const query = "account.id={account}&name="
	const page = "&page=1&per_page=50"
	assert.Equal(t, []string{ // each part of each host once, and each zone once
		query + "example.com" + page, query + "a.example.com" + page, query + "deep.api.example.com" + page,
		query + "api.example.com" + page, query + "c.example.com" + page,
	}, ofZones(w.requests()))
	zoneOf := func(section, key string) string {
		assert.True(t, s.outputs.Get(section).AsMap().Get(key).Equals(s.inputs.Get(section).AsMap().Get(key)))
		return s.outputs.Get(section).AsMap().Get(key).AsMap().Get("zoneId").AsString()
	}
	for _, pattern := range []string{"a.example.com/*", "a.example.com/b/*", "*.example.com/*", "b.example.com/*"} {
		assert.Equal(t, zone, zoneOf("routes", pattern))
	}
	assert.Equal(t, otherZone, zoneOf("routes", "deep.api.example.com/*"))
	assert.Equal(t, zone, zoneOf("customDomains", "c.example.com"))

	inputs := s.inputs
	s.mustUp(program)
	require.NoError(t, s.refresh())
	assert.Equal(t, canonical(t, inputs), canonical(t, s.inputs))
	w.forget()
	pl, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, "same", pl.op, "%v", pl.kinds())
	assert.Empty(t, w.Calls())
}

// TestHowAZoneIsNamedSaysNothingMore: by id, by name or not at all, it is the same zone.
func TestHowAZoneIsNamedSaysNothingMore(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	ways := []object{{"zoneId": zone}, {"zoneName": "example.com"}, {}}
	program := func(way object) object {
		return addressed(w, object{"a.example.com/*": way}, object{"b.example.com": way})
	}
	for _, from := range ways {
		s.mustUp(properties(program(from)))
		before := w.Dump()
		for _, to := range ways {
			pl, err := s.preview(properties(program(to)))
			require.NoError(t, err)
			assert.Equal(t, "same", pl.op, "from %v to %v: %v", from, to, pl.kinds())
		}
		imported := newStack(t, w.cloud, s.urn.Type())
		require.NoError(t, imported.importByID(account+"/api"))
		pl, err := imported.plan(properties(program(from)))
		require.NoError(t, err)
		for path := range pl.kinds() {
			assert.NotContains(t, path, "outes")
			assert.NotContains(t, path, "Domains")
		}
		assert.Equal(t, before, w.Dump())
	}
}

// TestAZoneThatCannotBeFoundIsTheProgramsError: by the property's name, before anything is changed.
func TestAZoneThatCannotBeFoundIsTheProgramsError(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	before := w.Dump()
	err := s.up(properties(addressed(w,
		object{"a.example.net/*": object{}, "b.example.com/*": object{"zoneName": "exmaple.com"}},
		object{"c.example.org": object{}},
	)))
	require.ErrorContains(t, err, `routes["a.example.net/*"].zoneId: no zone holds the host "a.example.net": account `+
		account+" has none of a.example.net, example.net that the API token can read; give zoneId or zoneName")
	require.ErrorContains(t, err, `routes["b.example.com/*"].zoneName: "b.example.com" is not in the zone "exmaple.com"`)
	require.ErrorContains(t, err, `customDomains["c.example.org"].zoneId: no zone holds`)
	assert.Equal(t, before, w.Dump())

	w.on(hooks{before: func(_ int, r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/zones") {
			return http.StatusForbidden
		}
		return 0
	}})
	err = s.up(properties(addressed(w, object{"a.example.com/*": object{}}, nil)))
	require.ErrorContains(t, err, `routes["a.example.com/*"].zoneId: find zone "a.example.com": denied`)
	require.ErrorContains(t, err, `"Zone: Read"`)
	require.NoError(t, s.up(properties(addressed(w, object{"a.example.com/*": object{"zoneId": zone}}, nil))))
}

// TestAWrongZoneIsMended: an id that is taken out of the program is not kept for a zone that was found.
func TestAWrongZoneIsMended(t *testing.T) {
	t.Parallel()
	w, s := begun(t, cloudflareWorker())
	wrong := properties(addressed(w, object{"a.example.com/*": object{"zoneId": otherZone}}, nil))
	require.ErrorContains(t, s.up(wrong), "must include zone name")
	program := properties(addressed(w, object{"a.example.com/*": object{}}, nil))
	s.mustUp(program)
	assert.Contains(t, w.Dump(), `route a.example.com/* -> "api"`)
	pl, err := s.preview(program)
	require.NoError(t, err)
	assert.Equal(t, map[string]p.DiffKind{}, pl.kinds())
}
