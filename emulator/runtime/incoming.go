// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"bytes"
	"context"
	"fmt"
	"net/mail"
	"net/textproto"
)

// IncomingMail is a message that an email handler is called with.
type IncomingMail struct {
	From, To string // of the envelope
	Raw      []byte // the message with its headers
}

// MailResult is what an email handler made of a message.
type MailResult struct {
	Outcome      string   `json:"outcome"`      // "ok", or "exception"
	Error        string   `json:"error"`        // what it threw
	RejectReason string   `json:"rejectReason"` // empty: it did not reject the message
	Forwards     []string `json:"forwards"`     // the addresses that it forwarded the message to
}

// Email calls the email handler of a Worker, as [Runtime.Queue] does its queue handler. The message has the members
// that workers-sdk, packages/miniflare/src/workers/core/email.ts, gives it; reply is not there.
func (r *Runtime) Email(ctx context.Context, account, worker string, m IncomingMail) (MailResult, error) {
	message, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return MailResult{}, fmt.Errorf("email handler: %w", err)
	}
	headers := [][2]string{}
	for name, values := range message.Header {
		for _, value := range values {
			headers = append(headers, [2]string{textproto.CanonicalMIMEHeaderKey(name), value})
		}
	}
	event := map[string]any{"from": m.From, "to": m.To, "raw": m.Raw, "headers": headers}
	var result MailResult
	err = r.dispatch(ctx, account, worker, "email", event, &result)
	if result.Outcome != outcomeOK && err == nil {
		r.logLine(worker, "email handler: "+result.Error)
	}
	return result, err
}
