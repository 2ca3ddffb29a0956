// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A site is a Worker at the address that its stack puts out as url, if it has any.
type site struct {
	stack     *stack
	clock     *clock
	url       string
	resources map[string]resource // of the stack, when it was deployed
}

func (s *stack) site(t *testing.T, clock *clock) *site {
	t.Helper()
	url, _ := s.outputs(t)["url"].(string)
	return &site{stack: s, clock: clock, url: url, resources: s.resources(t)}
}

// ask sends a request. Headers are "Name: value".
func (s *site) ask(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	return s.stack.cloud.ask(t, method, s.url+path, body, headers...)
}

// call sends a request to Cloudflare's API, below the account.
func (s *site) call(t *testing.T, method, path, body string) answer {
	t.Helper()
	return s.stack.cloud.call(t, method, path, body)
}

// id is that of a resource of the stack.
func (s *site) id(t *testing.T, resource string) string {
	t.Helper()
	id := s.resources[resource].ID
	require.NotEmpty(t, id)
	return id
}

// queued waits until as many messages are in a queue: a Worker may send them when it has answered.
func (s *site) queued(t *testing.T, queue string, messages int) {
	t.Helper()
	id := s.id(t, queue)
	require.Eventually(t, func() bool { return s.stack.cloud.backlog(t, id) == messages }, time.Minute, time.Millisecond)
}

// pass lets the cloud do what is due after a time.
func (s *site) pass(t *testing.T, d time.Duration) {
	t.Helper()
	s.stack.cloud.pass(t, s.clock, d)
}
