// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func webhookPattern(*testing.T, *cloud) (config map[string]string, works proof) {
	key := []byte("a key of 24 bytes or so.")
	sign := func(id, body string, at time.Time) (headers []string) {
		stamp := strconv.FormatInt(at.Unix(), 10)
		mac := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
		signature := base64.StdEncoding.EncodeToString(mac.Sum(nil))
		return []string{"Webhook-Id: " + id, "Webhook-Timestamp: " + stamp, "Webhook-Signature: v1,AAAA v1," + signature}
	}
	config = map[string]string{"signingSecret": "whsec_" + base64.StdEncoding.EncodeToString(key)}
	return config, func(t *testing.T, s *site) {
		t.Helper()
		const body = `{"type":"invoice.paid","amount":1}`
		now := time.Now()
		for name, headers := range map[string][]string{
			"none":               nil,
			"old":                sign("msg_1", body, now.Add(-6*time.Minute)),
			"early":              sign("msg_1", body, now.Add(6*time.Minute)),
			"of another body":    sign("msg_1", "{}", now),
			"of another message": append(sign("msg_1", body, now), "Webhook-Id: msg_2"),
			"without a time":     append(sign("msg_1", body, now), "Webhook-Timestamp: "),
		} {
			assert.Equal(t, http.StatusUnauthorized, s.ask(t, http.MethodPost, "/", body, headers...).status, name)
		}
		assert.Equal(t, http.StatusBadRequest, s.ask(t, http.MethodPost, "/", "{", sign("msg_1", "{", now)...).status)
		assert.Equal(t, http.StatusMethodNotAllowed, s.ask(t, http.MethodGet, "/", "").status)
		for _, id := range []string{"msg_1", "msg_2", "msg_1"} {
			got := s.ask(t, http.MethodPost, "/", body, sign(id, body, now)...)
			assert.Equal(t, http.StatusAccepted, got.status, got.body)
		}
		s.queued(t, "deliveries", 3)
		s.pass(t, time.Minute)
		s.queued(t, "deliveries", 0)
		query := `{"sql":"SELECT id, event, payload FROM deliveries ORDER BY id"}`
		rows := s.call(t, http.MethodPost, "/d1/database/"+s.id(t, "database")+"/raw", query)
		row := func(id string) string {
			return `["` + id + `","invoice.paid","{\"type\":\"invoice.paid\",\"amount\":1}"]`
		}
		assert.Contains(t, rows.body, `"rows":[`+row("msg_1")+`,`+row("msg_2")+`]`)
	}
}
