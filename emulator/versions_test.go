// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// deployed is a deployment as the API shows it.
type deployed struct {
	ID, Source  string
	AuthorEmail string `json:"author_email"`
	Annotations map[string]string
	Versions    []struct {
		VersionID  string `json:"version_id"`
		Percentage float64
	}
}

// deployments are the Worker's deployments, newest first.
func (c *client) deployments(name string) []deployed {
	c.t.Helper()
	var got struct{ Deployments []deployed }
	c.must(http.MethodGet, scripts+name+"/deployments", nil, &got)
	return got.Deployments
}

// bindings are the bindings of a version.
func (c *client) bindings(name, version string) []map[string]any {
	c.t.Helper()
	var got struct {
		Resources struct{ Bindings []map[string]any }
	}
	c.must(http.MethodGet, scripts+name+"/versions/"+version, nil, &got)
	return got.Resources.Bindings
}

// split is the body of a deployment of versions, given as pairs of id and percentage.
func split(shares ...any) object {
	var versions []object
	for i := 0; i < len(shares); i += 2 {
		versions = append(versions, object{"version_id": shares[i], "percentage": shares[i+1]})
	}
	return object{"strategy": "percentage", "versions": versions}
}

func TestAVersionWaitsToBeDeployed(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.refused(http.StatusNotFound, 10007, http.MethodPost, scripts+"hello/versions", worker(t, hello, nil))
	first := c.upload("hello", hello, nil)
	second := c.version("hello", hello+"//2", object{"annotations": object{"workers/message": "why", "workers/tag": "t"}})
	assert.Equal(t, first, c.deployments("hello")[0].Versions[0].VersionID)

	var got struct {
		ID          string
		Number      int
		Annotations map[string]string
		Metadata    struct {
			Source      string
			AuthorEmail string `json:"author_email"`
			HasPreview  bool   `json:"has_preview"`
		}
		Resources struct {
			Script  struct{ ETag string }
			Runtime struct {
				CompatibilityDate string `json:"compatibility_date"`
			} `json:"script_runtime"`
		}
	}
	c.must(http.MethodGet, scripts+"hello/versions/"+second, nil, &got)
	assert.Equal(t, second, got.ID)
	assert.Equal(t, 2, got.Number)
	assert.Equal(t, map[string]string{
		"workers/message": "why", "workers/tag": "t", "workers/triggered_by": "upload",
	}, got.Annotations)
	assert.Equal(t, "api", got.Metadata.Source)
	assert.NotEmpty(t, got.Metadata.AuthorEmail)
	assert.True(t, got.Metadata.HasPreview)
	assert.NotEmpty(t, got.Resources.Script.ETag)
	assert.Equal(t, "2026-01-01", got.Resources.Runtime.CompatibilityDate)
	c.refused(http.StatusNotFound, 100146, http.MethodGet, scripts+"hello/versions/none", nil)
}

func TestAVersionLeavesTheScriptsSettingsAlone(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, object{"logpush": true, "tags": []string{"a"}})
	before := c.must(http.MethodGet, scripts+"hello/script-settings", nil, nil)
	c.version("hello", hello, object{"logpush": false, "tags": []string{"b"}, "observability": object{"enabled": true}})
	after := c.must(http.MethodGet, scripts+"hello/script-settings", nil, nil)
	assert.JSONEq(t, string(before.Result), string(after.Result))
}

func TestVersionsAreListedInPagesNewestFirst(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	c.upload("hello", hello, nil)
	for range 11 {
		c.version("hello", hello, nil)
	}
	page := func(query string) []int {
		var got struct{ Items []struct{ Number int } }
		c.must(http.MethodGet, scripts+"hello/versions"+query, nil, &got)
		var numbers []int
		for _, v := range got.Items {
			numbers = append(numbers, v.Number)
		}
		return numbers
	}
	assert.Equal(t, []int{12, 11, 10, 9, 8, 7, 6, 5, 4, 3}, page(""))
	assert.Equal(t, []int{2, 1}, page("?page=2"))
	assert.Empty(t, page("?page=3"))
	assert.Equal(t, []int{9, 8, 7}, page("?page=2&per_page=3"))
	assert.Len(t, page("?deployable=true"), 12)
}

func TestOnlyAHundredVersionsCanBeDeployed(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	first := c.upload("hello", hello, nil)
	second := c.version("hello", hello, nil)
	for range 99 {
		c.version("hello", hello, nil)
	}
	got := c.refused(http.StatusBadRequest, 10021, http.MethodPost, scripts+"hello/deployments", split(first, 100))
	assert.Contains(t, got.Errors[0].Message, "100 most recent")
	c.must(http.MethodPost, scripts+"hello/deployments", split(second, 100), nil)
	var list struct{ Items []struct{ ID string } }
	c.must(http.MethodGet, scripts+"hello/versions?deployable=true", nil, &list)
	require.Len(t, list.Items, 100)
	assert.Equal(t, second, list.Items[99].ID)
}

func TestASplitIsOfAtMostTwoVersionsAndAddsUp(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	var ids []string
	ids = append(ids, c.upload("hello", hello, nil))
	for range 2 {
		ids = append(ids, c.version("hello", hello, nil))
	}
	before := c.server.Dump()
	for name, body := range map[string]object{
		"none":             split(),
		"three":            split(ids[0], 40, ids[1], 40, ids[2], 20),
		"not 100":          split(ids[0], 50, ids[1], 40),
		"one at 50":        split(ids[0], 50),
		"twice the same":   split(ids[0], 50, ids[0], 50),
		"negative":         split(ids[0], -10, ids[1], 110),
		"another strategy": {"strategy": "chance", "versions": split(ids[0], 100)["versions"]},
		"message too long": {
			"strategy": "percentage", "versions": split(ids[0], 100)["versions"],
			"annotations": object{"workers/message": fmt.Sprintf("%01001d", 0)},
		},
	} {
		got := c.send(http.MethodPost, scripts+"hello/deployments", body)
		require.Lenf(t, got.Errors, 1, name)
		assert.Equal(t, 10021, got.Errors[0].Code, name)
		assert.Equal(t, before, c.server.Dump(), name)
	}
	c.refused(http.StatusNotFound, 100146, http.MethodPost, scripts+"hello/deployments", split("none", 100))

	body := split(ids[0], 0, ids[2], 100)
	body["annotations"] = object{"workers/message": "gradual"}
	var created deployed
	c.must(http.MethodPost, scripts+"hello/deployments", body, &created)
	assert.Equal(t, "gradual", created.Annotations["workers/message"])
	var got deployed
	c.must(http.MethodGet, scripts+"hello/deployments/"+created.ID, nil, &got)
	assert.Equal(t, created, got)
	assert.Equal(t, created, c.deployments("hello")[0])
	c.refused(http.StatusNotFound, 10336, http.MethodGet, scripts+"hello/deployments/none", nil)
}

func TestGoingBackPastAChangedSecretNeedsForce(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	first := c.upload("hello", hello, object{"bindings": []object{secret("S", "1"), secret("T", "1")}})
	c.must(http.MethodPut, scripts+"hello/secrets", secret("S", "2"), nil)
	got := c.refused(http.StatusBadRequest, 10220, http.MethodPost, scripts+"hello/deployments", split(first, 100))
	assert.Regexp(t, "The following secrets have changed: S$", got.Errors[0].Message, "wrangler parses this")
	c.must(http.MethodPost, scripts+"hello/deployments?force=true", split(first, 100), nil)
}

func TestPatchingTheLatestVersionMakesOneThatIsNotDeployed(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	const patch = account + "/workers/workers/hello/versions/latest"
	first := c.upload("hello", hello, object{"bindings": []object{secret("OLD", "1"), text("A", "2")}})
	var made struct {
		ID     string
		Number int
	}
	c.must(http.MethodPatch, patch, object{
		"env":         object{"NEW": object{"type": "secret_text", "text": "3"}, "OLD": nil},
		"annotations": object{"workers/message": "why"},
	}, &made)
	assert.Equal(t, 2, made.Number)
	assert.Equal(t, first, c.deployments("hello")[0].Versions[0].VersionID)
	got := c.bindings("hello", made.ID)
	require.Len(t, got, 2)
	assert.Equal(t, "2", got[0]["text"])
	assert.Equal(t, map[string]any{"type": "secret_text", "name": "NEW"}, got[1])
	c.refused(http.StatusNotImplemented, 7000, http.MethodPatch, patch, object{"main_module": "other.js"})
	c.refused(http.StatusBadRequest, 10021, http.MethodPatch, patch, object{"env": object{"X": object{"type": "abacus"}}})
}
