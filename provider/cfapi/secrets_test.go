// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAHundredSecretsGoInOneRequest(t *testing.T) {
	t.Parallel()
	s := &script{}
	changes := map[string]*string{}
	for i := range 100 {
		changes[fmt.Sprint("N", i)] = new("v")
	}
	require.NoError(t, s.client().PatchSecrets(t.Context(), testAccount, "api", changes))
	require.Len(t, s.bodies, 1)
	assert.Equal(t, 100, strings.Count(s.bodies[0], "secret_text"))
}

func TestNoChangeOfSecretsSendsNothing(t *testing.T) {
	t.Parallel()
	s := &script{}
	require.NoError(t, s.client().PatchSecrets(t.Context(), testAccount, "api", nil))
	assert.Empty(t, s.bodies)
}

// hard are values whose form changes on the way into a message.
var hard = []string{
	"p4ssw0rd-of-nobody",
	`{"user":"<root>","password":"a\b"}`,
	"-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n",
	"  spaces around  ",
	"räksmörgås & \u2028 100%",
}

// setters are the methods that send the value of a secret.
var setters = map[string]func(ctx context.Context, c *Client, value string) error{
	"PatchSecrets": func(ctx context.Context, c *Client, value string) error {
		return c.PatchSecrets(ctx, testAccount, "api", map[string]*string{"A": &value, "B": new("other")})
	},
	"PatchLatestVersion": func(ctx context.Context, c *Client, value string) error {
		_, err := c.PatchLatestVersion(ctx, testAccount, "api", map[string]*string{"A": &value}, "")
		return err
	},
	"PutScript, a key": func(ctx context.Context, c *Client, value string) error {
		u := sampleUpload
		u.Bindings = []Binding{{Name: "K", Type: "secret_key", Format: "raw", KeyBase64: value}}
		_, err := c.PutScript(ctx, testAccount, "api", u)
		return err
	},
	"CreateVersion, a JSON Web Key": func(ctx context.Context, c *Client, value string) error {
		key, err := json.Marshal(map[string]string{"kty": "oct", "k": value})
		if err != nil {
			return err
		}
		u := sampleUpload
		u.Bindings = []Binding{{Name: "K", Type: "secret_key", Format: "jwk", KeyJWK: key}}
		_, err = c.CreateVersion(ctx, testAccount, "api", u)
		return err
	},
	"CreateStoreSecret": func(ctx context.Context, c *Client, value string) error {
		_, err := c.CreateStoreSecret(ctx, testAccount, "s", StoreSecretInput{Name: "A", Value: value})
		return err
	},
	"ChangeStoreSecret": func(ctx context.Context, c *Client, value string) error {
		_, err := c.ChangeStoreSecret(ctx, testAccount, "s", "i", StoreSecretChange{Value: &value})
		return err
	},
}

// echoes are the ways in which a server may send a value back.
func echoes(value string) map[string]step {
	plain := func(s string) string { // as the text of a JSON string, with nothing escaped that need not be
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if e.Encode(s) != nil {
			return `""`
		}
		return b.String()
	}
	said := func(text string) string {
		return `{"success":false,"errors":[{"code":1,"message":` + plain(text) + `,"error_chain":[{"code":2,"message":` +
			plain(text) + `}]}]}`
	}
	return map[string]step{
		"in a message":        {status: 400, body: said("the value " + value + " is wrong")},
		"in JSON in it":       {status: 400, body: said("the value " + plain(value) + " is wrong")},
		"quoted in it":        {status: 400, body: said(fmt.Sprintf("the value %q is wrong", value))},
		"its query form":      {status: 400, body: said("the form v=" + url.QueryEscape(value))},
		"its lines":           {status: 400, body: said(strings.ReplaceAll(strings.TrimSpace(value), "\n", " | "))},
		"in a failure of 200": {status: 200, body: said(value)},
		"in a 500":            {status: 500, body: said(value)},
		"as a date":           {status: 200, body: `{"success":true,"result":{"id":"i","created":` + plain(value) + `}}`},
		"as a date in a list": {status: 200, body: `{"success":true,"result":[{"id":"i","created":` + plain(value) + `}]}`},
		"in the result":       {status: 200, body: `{"success":true,"result":{"id":{"x":` + plain(value) + `}}}`},
		"in HTML":             {status: 400, body: "<html>" + value + "</html>"},
		"in a transport":      {err: errors.New("malformed response: " + value)},
	}
}

func TestNoErrorHoldsTheValueOfASecret(t *testing.T) {
	t.Parallel()
	for name, set := range setters {
		for _, value := range hard {
			for how, answer := range echoes(value) {
				s := &script{steps: []step{answer, {status: http.StatusTooManyRequests, body: answer.body}, answer}}
				c := s.client()
				c.MaxRetries, c.Backoff = new(1), func(int) time.Duration { return 0 }
				var log strings.Builder
				c.Log = func(_ context.Context, message string) { log.WriteString(message) }
				err := set(t.Context(), c, value)
				if err == nil { // what the method does not read, it cannot print
					assert.Contains(t, answer.body, `"success":true`, name+", "+how)
					continue
				}
				for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err), log.String()} {
					assertHidden(t, text, value, name+", "+how)
				}
			}
		}
	}
}

func TestAnAnswerThatCannotBeReadIsNotShown(t *testing.T) {
	t.Parallel()
	_, c := begin(t.Context(), APIWorkers, "op")
	c.begun, c.secrets = true, redactorOf("p4ssw0rd")
	err := c.failed(fmt.Errorf("decode: %w", errors.New(`parsing time "p4ss\x770rd"`)))
	require.EqualError(t, err, "op: failed: the response cannot be read")
	c.secrets = redactor{}
	err = c.failed(fmt.Errorf("decode: %w", errors.New("unexpected EOF")))
	require.EqualError(t, err, "op: failed: the response cannot be read: unexpected EOF")
}

// assertHidden asserts that a text holds no line of a value in any form.
func assertHidden(t *testing.T, text, value, where string) {
	t.Helper()
	for line := range strings.Lines(value) {
		line = strings.TrimSpace(line)
		assert.NotContains(t, text, line, where)
		quoted, err := json.Marshal(line)
		require.NoError(t, err)
		assert.NotContains(t, text, strings.Trim(string(quoted), `"`), where)
		assert.NotContains(t, text, url.QueryEscape(line), where)
	}
}

func TestARedactorLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	r := redactorOf("", "secret", "secrets of many", "a\nb")
	assert.Equal(t, "[secret] and [secret], a or b", r.redact("secret and secrets of many, a or b"))
	assert.Equal(t, "as it was", redactor{}.redact("as it was"))
	err := errors.New("as it was")
	assert.Same(t, err, r.redacted(err))
}
