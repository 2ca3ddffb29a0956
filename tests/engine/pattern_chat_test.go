// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func chatPattern(*testing.T, *cloud) (config map[string]string, works proof) {
	return nil, func(t *testing.T, s *site) {
		t.Helper()
		room := func(query string) string { return s.url + "/rooms/kitchen?name=" + query }
		hears := func(who *socket, event string) {
			t.Helper()
			var got map[string]any
			require.NoError(t, json.Unmarshal([]byte(who.hears(t)), &got))
			delete(got, "at")
			text, err := json.Marshal(got)
			require.NoError(t, err)
			assert.JSONEq(t, event, string(text))
		}
		assert.Equal(t, http.StatusUpgradeRequired, s.ask(t, http.MethodGet, "/rooms/kitchen?name=Ada", "").status)
		ada := s.stack.cloud.connect(t, room("Ada"))
		hears(ada, `{"type":"joined","name":"Ada","present":["Ada"]}`)
		ada.say(t, "anybody there?")
		hears(ada, `{"type":"said","name":"Ada","text":"anybody there?"}`)

		bob := s.stack.cloud.connect(t, room("Bob"))
		hears(bob, `{"type":"said","name":"Ada","text":"anybody there?"}`)
		for _, member := range []*socket{ada, bob} {
			hears(member, `{"type":"joined","name":"Bob","present":["Ada","Bob"]}`)
		}
		elsewhere := s.stack.cloud.connect(t, s.url+"/rooms/cellar?name=Ada")
		hears(elsewhere, `{"type":"joined","name":"Ada","present":["Ada"]}`)
		bob.say(t, "ping") // answered without the object
		assert.Equal(t, "pong", bob.hears(t))
		bob.say(t, "here I am")
		for _, member := range []*socket{ada, bob} {
			hears(member, `{"type":"said","name":"Bob","text":"here I am"}`)
		}
		bob.leave(t)
		hears(ada, `{"type":"left","name":"Bob","present":["Ada"]}`)
		kind, payload := bob.receive(t)
		assert.Equal(t, byte(closeFrame), kind, payload)
		again := s.ask(t, http.MethodGet, "/rooms/kitchen?name=Ada", "", "Connection: Upgrade", "Upgrade: websocket",
			"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
		assert.Equal(t, http.StatusConflict, again.status, again.body)
	}
}
