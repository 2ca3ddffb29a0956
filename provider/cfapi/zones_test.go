// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAZoneThatWasFoundIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	var queries []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.RawQuery)
		if r.URL.Query().Get("name") == "none.example" {
			reply(w, http.StatusOK, "[]")
			return
		}
		reply(w, http.StatusOK, `[{"id":"`+r.URL.Query().Get("account.id")+`","name":"x"}]`)
	})
	for range 2 {
		for _, account := range []string{"a", "b"} {
			zones, err := c.Zones(t.Context(), account, "example.com")
			require.NoError(t, err)
			assert.Equal(t, []Zone{{account, "x"}}, zones)
		}
		zones, err := c.Zones(t.Context(), "a", "none.example")
		require.NoError(t, err)
		assert.Empty(t, zones)
	}
	assert.Equal(t, []string{
		"account.id=a&name=example.com&page=1&per_page=50",
		"account.id=b&name=example.com&page=1&per_page=50",
		"account.id=a&name=none.example&page=1&per_page=50",
		"account.id=a&name=none.example&page=1&per_page=50", // it may have come to be
	}, queries)
}

func TestZonesAreReadToTheirLastPage(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		page, n := r.URL.Query().Get("page"), 50
		if page == "2" {
			n = 1
		}
		one := fmt.Sprintf(`{"id":"%s","name":"x"}`, page)
		reply(w, http.StatusOK, "["+strings.Join(slices.Repeat([]string{one}, n), ",")+"]")
	})
	zones, err := c.Zones(t.Context(), "a", "x")
	require.NoError(t, err)
	require.Len(t, zones, 51)
	assert.Equal(t, "2", zones[50].ID)
}

func TestAFailureToFindAZoneIsNotRemembered(t *testing.T) {
	t.Parallel()
	denied := true
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if denied {
			reply(w, http.StatusForbidden, `[{"code":9109,"message":"Unauthorized to access requested resource"}]`)
			return
		}
		reply(w, http.StatusOK, `[{"id":"1","name":"x"}]`)
	})
	_, err := c.Zones(t.Context(), "a", "x")
	require.ErrorIs(t, err, ErrDenied)
	denied = false
	zones, err := c.Zones(t.Context(), "a", "x")
	require.NoError(t, err)
	assert.Len(t, zones, 1)
}
