// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// TestACodeUpdateStrategyBelongsToItsDeployment: a version does not have it, nor the deployment that follows.
func TestACodeUpdateStrategyBelongsToItsDeployment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := start(t, &emulator.Server{DataDir: dir})
	strategy := func(members object) object { return object{"code_update_strategy": members} }
	immediate := strategy(object{"mode": "immediate"})
	const shown = `code update {"mode":"immediate"}`
	c.upload("hello", hello, immediate)
	assert.Contains(t, c.server.Dump(), shown)
	assert.Contains(t, (&emulator.Server{DataDir: dir}).Dump(), shown, "it is kept")
	c.upload("hello", hello, nil)
	assert.NotContains(t, c.server.Dump(), "code update")

	id := c.version("hello", hello, immediate)
	assert.NotContains(t, c.server.Dump(), "code update")
	deploy := func(members object) object {
		body := split(id, 100)
		maps.Copy(body, members)
		return body
	}
	path := scripts + "hello/deployments"
	c.must(http.MethodPost, path, deploy(immediate), nil)
	assert.Contains(t, c.server.Dump(), shown)
	c.must(http.MethodPost, path, deploy(strategy(object{"mode": "deferred", "max_delay": 0.25})), nil)
	assert.Contains(t, c.server.Dump(), `code update {"mode":"deferred","max_delay":0.25}`)
	for _, usual := range []object{
		nil, strategy(nil), strategy(object{"mode": "deferred"}), strategy(object{"mode": "deferred", "max_delay": 300}),
	} {
		c.must(http.MethodPost, path, deploy(immediate), nil)
		c.must(http.MethodPost, path, deploy(usual), nil)
		assert.NotContains(t, c.server.Dump(), "code update", "the default")
	}

	c.must(http.MethodPost, path, deploy(immediate), nil)
	c.must(http.MethodPut, scripts+"hello/secrets", secret("S", "1"), nil)
	assert.NotContains(t, c.server.Dump(), "code update", "a change of secrets deploys as usual")

	before := c.server.Dump()
	for _, wrong := range []object{
		{"mode": "later"},
		{},
		{"mode": "deferred", "max_delay": -1},
		{"mode": "deferred", "max_delay": 86401},
		{"mode": "deferred", "max_delay": 0.0005},
		{"mode": "deferred", "max_delay": "1m"},
		{"mode": "immediate", "x": 1},
	} {
		c.refused(http.StatusBadRequest, 10021, http.MethodPost, path, deploy(strategy(wrong)))
		c.refused(http.StatusBadRequest, 10021, http.MethodPut, scripts+"hello", worker(t, hello, strategy(wrong)))
	}
	c.refused(http.StatusNotImplemented, 7000, http.MethodPost, path,
		deploy(strategy(object{"mode": "immediate", "max_delay": 1})))
	assert.Equal(t, before, c.server.Dump())
}
