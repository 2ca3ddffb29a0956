// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// zonesServer serves the zones of an account and counts the requests.
func zonesServer(t *testing.T, asked *[]string, zones ...cfapi.Zone) *cfapi.Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Query().Get("name")
		*asked = append(*asked, name)
		found := []cfapi.Zone{}
		for _, z := range zones {
			if z.Name == name {
				found = append(found, z)
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "result": found})
	}))
	t.Cleanup(srv.Close)
	return &cfapi.Client{Endpoint: srv.URL, Token: "token", HTTP: srv.Client()}
}

func TestAZoneIsFoundOnceByNameOrByTheLongestPartOfTheHost(t *testing.T) {
	t.Parallel()
	texts := func(pairs ...string) property.Map {
		m := property.Map{}
		for i := 0; i < len(pairs); i += 2 {
			m = m.Set(pairs[i], property.New(pairs[i+1]))
		}
		return m
	}
	under := func(m property.Map) property.Map {
		return property.NewMap(map[string]property.Value{
			"accountId": property.New("acc"),
			"routes":    property.New(property.NewMap(map[string]property.Value{"r": property.New(m)})),
		})
	}
	unknown := property.New(property.Computed)
	type result struct{ ID, Name, Failure string }
	for name, test := range map[string]struct {
		host  string
		olds  property.Map
		news  property.Map
		want  result
		asked []string
	}{
		"by id": {host: "a.example.com", news: texts("zoneId", "x"), want: result{ID: "x"}},
		"by name": {
			host: "a.sub.example.com", news: texts("zoneName", "Example.com"),
			want: result{"1", "example.com", ""}, asked: []string{"example.com"},
		},
		"by host": {
			host: "A.example.com", want: result{"1", "example.com", ""}, asked: []string{"a.example.com", "example.com"},
		},
		"longest": {
			host: "a.sub.example.com", want: result{"2", "sub.example.com", ""},
			asked: []string{"a.sub.example.com", "sub.example.com"},
		},
		"the zone itself": {host: "example.com", want: result{"1", "example.com", ""}, asked: []string{"example.com"}},
		"no label's part is a zone": {
			host: "badexample.com", asked: []string{"badexample.com"},
			want: result{Failure: `routes.r.zoneId: no zone holds the host "badexample.com": account acc has none of ` +
				`badexample.com that the API token can read; give zoneId or zoneName`},
		},
		"no host": {want: result{Failure: `routes.r.zoneId: the host "" tells no zone: give zoneId or zoneName`}},
		"no such name": {
			host: "a.example.net", news: texts("zoneName", "example.net"), asked: []string{"example.net"},
			want: result{Name: "example.net", Failure: `routes.r.zoneName: account acc has no zone "example.net" that the ` +
				`API token can read: correct it, or give zoneId`},
		},
		"not in the zone": {
			host: "example.com", news: texts("zoneName", "example.org"),
			want: result{Name: "example.org", Failure: `routes.r.zoneName: "example.com" is not in the zone "example.org"`},
		},
		"ambiguous": {
			host: "a.example.org", asked: []string{"a.example.org", "example.org"},
			want: result{Failure: `routes.r.zoneId: there are 2 zones "example.org": give zoneId, one of 3, 4`},
		},
		"ambiguous name": {
			host: "a.example.org", news: texts("zoneName", "example.org"), asked: []string{"example.org"},
			want: result{Name: "example.org", Failure: `routes.r.zoneName: there are 2 zones "example.org": give zoneId, ` +
				`one of 3, 4`},
		},
		"resolved before": {
			host: "a.example.com", olds: texts("zoneId", "7", "zoneName", "example.com"),
			want: result{"7", "example.com", ""},
		},
		"resolved before, named now": {
			host: "a.example.com", olds: texts("zoneId", "7", "zoneName", "example.com"),
			news: texts("zoneName", "example.com"), want: result{"7", "example.com", ""},
		},
		"another name than before": {
			host: "a.sub.example.com", olds: texts("zoneId", "1", "zoneName", "example.com"),
			news: texts("zoneName", "sub.example.com"), want: result{"2", "sub.example.com", ""},
			asked: []string{"sub.example.com"},
		},
		"an id that was given before": {
			host: "example.com", olds: texts("zoneId", "7"), want: result{"1", "example.com", ""},
			asked: []string{"example.com"},
		},
		"the id is not known": {
			host: "example.com", news: property.NewMap(map[string]property.Value{"zoneId": unknown}),
		},
		"the name is not known": {
			host: "example.com", news: property.NewMap(map[string]property.Value{"zoneName": unknown}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			client := zonesServer(t, &asked, cfapi.Zone{ID: "1", Name: "example.com"},
				cfapi.Zone{ID: "2", Name: "sub.example.com"}, cfapi.Zone{ID: "3", Name: "example.org"},
				cfapi.Zone{ID: "4", Name: "example.org"})
			f := &zoneFinder{
				api: client, account: "acc", olds: under(test.olds), news: under(test.news), hosts: map[string]zoneAnswer{},
			}
			text := func(key string) string {
				if v := test.news.Get(key); v.IsString() {
					return v.AsString()
				}
				return ""
			}
			for range 2 { // the second time costs nothing, unless there was nothing
				id, name := text("zoneId"), text("zoneName")
				failure, err := f.resolve(t.Context(), []string{"routes", "r"}, test.host, &id, &name)
				require.NoError(t, err)
				got := result{ID: id, Name: name, Failure: said(failure)}
				assert.Equal(t, test.want, got)
				if test.want.Failure != "" {
					break
				}
			}
			assert.Equal(t, test.asked, asked)
		})
	}
}

func said(failure *p.CheckFailure) string {
	if failure == nil {
		return ""
	}
	return failure.Property + ": " + failure.Reason
}

func TestAZoneOfAnotherAccountIsNotTakenFromTheOldInputs(t *testing.T) {
	t.Parallel()
	var asked []string
	route := property.NewMap(map[string]property.Value{
		"zoneId": property.New("7"), "zoneName": property.New("example.com"),
	})
	f := &zoneFinder{
		api:     zonesServer(t, &asked, cfapi.Zone{ID: "1", Name: "example.com"}),
		account: "new", hosts: map[string]zoneAnswer{}, olds: property.NewMap(map[string]property.Value{
			"accountId": property.New("old"),
			"routes":    property.New(property.NewMap(map[string]property.Value{"r": property.New(route)})),
		}),
	}
	var id, name string
	failure, err := f.resolve(t.Context(), []string{"routes", "r"}, "example.com", &id, &name)
	require.NoError(t, err)
	assert.Nil(t, failure)
	assert.Equal(t, "1", id)
}

func TestATokenThatCannotReadZonesIsToldSo(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"success":false,"errors":[{"code":9109,"message":"Unauthorized"}],"result":null}`))
	}))
	t.Cleanup(srv.Close)
	f := &zoneFinder{api: &cfapi.Client{Endpoint: srv.URL, Token: "token"}, account: "acc", hosts: map[string]zoneAnswer{}}
	var id, name string
	_, err := f.resolve(t.Context(), []string{"routes", "example.com/*"}, "example.com", &id, &name)
	require.Error(t, err)
	assert.Equal(t, `routes["example.com/*"].zoneId: find zone "example.com": denied (HTTP 403): Unauthorized [code 9109]`+
		"\n"+`  hint: the API token needs "Zone: Read" to find a zone by name or host: give it that, or give zoneId`,
		explain(err).Error())
}

func TestTheHostThatTellsAZone(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"example.com/*": "example.com", "https://a.example.com/x": "a.example.com", "*.example.com/*": "example.com",
		"*example.com/*": "example.com", "*.b.example.com": "b.example.com",
	} {
		assert.Equal(t, want, zoneHostOf(pattern), pattern)
	}
}
