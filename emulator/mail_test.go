// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

func TestMailIsCheckedAndKept(t *testing.T) {
	t.Parallel()
	c, get := run(t, &emulator.Server{})
	code := `import { EmailMessage } from "cloudflare:email";
	const raw = (from, more) => "From: A <" + from + ">\r\nSubject: Hi\r\n" + more + "\r\ntext";
	const id = "Message-ID: <1@a.com>\r\n";
	const tries = {
		whole: ({ ANY }) => ANY.send(new EmailMessage("a@a.com", "b@b.com", raw("a@a.com", id))),
		parts: ({ ANY }) => ANY.send({ from: "A <a@a.com>", to: ["b@b.com", { name: "C", email: "c@c.com" }],
			cc: "d@d.com", subject: "Hi", text: "text", html: "<p>" }),
		noid: ({ ANY }) => ANY.send(new EmailMessage("a@a.com", "b@b.com", raw("a@a.com", ""))),
		other: ({ ANY }) => ANY.send(new EmailMessage("a@a.com", "b@b.com", raw("x@a.com", id))),
		received: ({ ANY }) => ANY.send(new EmailMessage("a@a.com", "b@b.com", raw("a@a.com", id + "Received: x\r\n"))),
		one: ({ ONE }) => ONE.send({ from: "a@a.com", to: "c@c.com", subject: "s", text: "t" }),
		some: ({ SOME }) => SOME.send({ from: "a@a.com", to: ["b@b.com", "c@c.com"], subject: "s", text: "t" }),
		sender: ({ SOME }) => SOME.send({ from: "x@a.com", to: "b@b.com", subject: "s", text: "t" }),
		fine: ({ SOME }) => SOME.send({ from: "a@a.com", to: "b@b.com", subject: "s", text: "t" }),
	};
	export default { async fetch(request, env) {
		try { return new Response((await tries[new URL(request.url).pathname.slice(1)](env)).messageId) }
		catch (e) { return new Response(e.message) }
	} }`
	c.upload("post", code, object{"bindings": []object{
		{"type": "send_email", "name": "ANY"},
		{"type": "send_email", "name": "ONE", "destination_address": "b@b.com"},
		{
			"type": "send_email", "name": "SOME", "allowed_destination_addresses": []string{"b@b.com"},
			"allowed_sender_addresses": []string{"a@a.com"},
		},
	}})
	c.must(http.MethodPost, scripts+"post/subdomain", object{"enabled": true}, nil)
	const url = "http://post.emulator.workers.dev/"
	for path, want := range map[string]string{
		"noid": "invalid message-id", "other": "From: header does not match mail from", "received": "invalid headers set",
		"one": "email to c@c.com not allowed", "some": "email to c@c.com not allowed",
		"sender": "email from x@a.com not allowed",
	} {
		assert.Equal(t, want, get(url+path), path)
	}
	assert.Empty(t, c.server.Mail())
	for _, path := range []string{"whole", "parts", "fine"} {
		assert.Regexp(t, `^<[A-Za-z0-9]{36}@a\.com>$`, get(url+path), path)
	}
	sent := c.server.Mail()
	require.Len(t, sent, 3)
	assert.Contains(t, sent[0].Raw, "Message-ID: <1@a.com>")
	assert.Equal(t, "Hi", sent[0].Subject)
	assert.Equal(t, []string{"b@b.com"}, sent[0].To)
	assert.Equal(t, runtime.Mail{
		Account: emulator.DefaultAccountID, Worker: "post", From: "a@a.com", To: []string{"b@b.com", "c@c.com"},
		Cc: []string{"d@d.com"}, Bcc: []string{}, Subject: "Hi", Text: "text", HTML: "<p>",
	}, sent[1])
	assert.Empty(t, c.server.Mail(), "each is told once")
}
