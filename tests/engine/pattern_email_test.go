// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

func emailPattern(*testing.T, *cloud) (config map[string]string, works proof) {
	return map[string]string{"forwardTo": "team@example.org"}, func(t *testing.T, s *site) {
		t.Helper()
		c := s.stack.cloud
		const raw = "From: Ada <ada@example.net>\r\nTo: support@example.com\r\nSubject: It does not work\r\n" +
			"Message-ID: <1@example.net>\r\n\r\nIndeed.\r\n"
		require.NoError(t, c.Receive(t.Context(), "ada@example.net", "support@example.com", []byte(raw)))
		sent := c.Mail()
		require.Len(t, sent, 1)
		assert.Equal(t, []string{"team@example.org"}, sent[0].To)
		assert.Equal(t, raw, sent[0].Raw)
		assert.Regexp(t, `object "\d{4}-\d\d-\d\d/[0-9a-f-]{36}\.eml" [0-9a-f]{32} `+
			strconv.Itoa(len(raw))+` bytes {"contentType":"message/rfc822"} `+
			`{"from":"ada@example.net","subject":"It does not work","to":"support@example.com"}`, c.Dump())

		var rejected *emulator.RejectedMailError
		require.ErrorAs(t, c.Receive(t.Context(), "eve@Spam.example", "support@example.com", []byte(raw)), &rejected)
		assert.Equal(t, "mail from spam.example is not wanted", rejected.Reason)
		require.ErrorAs(t, c.Receive(t.Context(), "ada@example.net", "other@example.com", []byte(raw)), &rejected)
		assert.Contains(t, rejected.Reason, "Address does not exist")
		assert.Empty(t, c.Mail())
	}
}
