// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// maxEmail is the size of a message in bytes that Email Routing takes
// (developers.cloudflare.com/email-routing/limits/#message-size).
const maxEmail = 25 << 20

// emailPaths are where the front door takes mail, whatever the host. The paths are those of a Worker's address under
// wrangler dev: developers.cloudflare.com/email-routing/email-workers/local-development and workers-sdk,
// packages/miniflare/src/workers/core/constants.ts. Here the rules of Email Routing say which Worker gets the mail.
var emailPaths = map[string]bool{"/cdn-cgi/handler/email": true, "/cdn-cgi/local/email": true}

// RejectedMailError says why a message was not accepted: no rule took it, or a Worker rejected it.
type RejectedMailError struct{ Reason string }

// Error returns the reason.
func (e *RejectedMailError) Error() string { return e.Reason }

// Receive takes a message as a mail server does, from the sender and to the recipient of its envelope, and does with it
// what the rules of Email Routing of the recipient's zone say: it calls the email handler of a Worker and waits until
// that is done, or it drops the message. What is forwarded, by a rule or by a Worker, goes to [Server.Mail] and nowhere
// else. An error of type [*RejectedMailError] is an answer to the sender; others say that the handler failed.
func (s *Server) Receive(ctx context.Context, from, to string, raw []byte) error {
	if err := s.Open(); err != nil {
		return err
	}
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	switch {
	case len(raw) > maxEmail:
		return &RejectedMailError{fmt.Sprintf("message is larger than %d bytes", maxEmail)}
	case err != nil:
		return &RejectedMailError{"message could not be parsed: " + err.Error()}
	case message.Header.Get("Message-Id") == "": // there, packages/miniflare/src/workers/core/email.ts
		return &RejectedMailError{"message could not be parsed: invalid or no message id provided"}
	}
	account, action := s.emailActionFor(to)
	switch action.Type {
	case "drop":
		return nil
	case "forward":
		s.mail.keep(runtime.Mail{Account: account, From: from, To: action.Value, Raw: string(raw)})
		return nil
	case "worker":
		return s.deliverMail(ctx, account, action.Value[0], runtime.IncomingMail{From: from, To: to, Raw: raw})
	}
	// The words: developers.cloudflare.com/email-routing/postmaster.
	return &RejectedMailError{"550 5.1.1 Address does not exist"}
}

// emailActionFor returns what becomes of mail to an address, and in which account; no type if no rule takes it.
func (s *Server) emailActionFor(to string) (account string, action emailAction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, domain, _ := strings.Cut(strings.ToLower(to), "@")
	var home *zone
	for _, z := range sorted(s.state.Zones) {
		if (domain == z.Name || strings.HasSuffix(domain, "."+z.Name)) && (home == nil || len(z.Name) > len(home.Name)) {
			home = z
		}
	}
	if home == nil {
		return "", emailAction{}
	}
	for _, rule := range home.emailRules() {
		if m := rule.Matchers[0]; rule.Enabled && (m.Type == "all" || strings.EqualFold(m.Value, to)) {
			return home.AccountID, rule.Actions[0]
		}
	}
	return home.AccountID, emailAction{}
}

// deliverMail hands a message to a Worker.
func (s *Server) deliverMail(ctx context.Context, account, script string, m runtime.IncomingMail) error {
	if s.Runtime == nil {
		return errors.New("the emulator hands mail to Workers on workerd only: start it with a runtime")
	}
	result, err := s.Runtime.Email(ctx, account, script, m)
	if err != nil {
		return err
	}
	for _, to := range result.Forwards {
		s.mail.keep(runtime.Mail{Account: account, Worker: script, From: m.From, To: []string{to}, Raw: string(m.Raw)})
	}
	switch {
	case result.Outcome != "ok":
		return fmt.Errorf("email handler of Worker %q: %s", script, result.Error)
	case result.RejectReason != "":
		return &RejectedMailError{result.RejectReason}
	}
	return nil
}

// serveEmail takes a message over HTTP: from and to in the query, the message in the body. Answers are those of
// workers-sdk, packages/miniflare/src/workers/core/email.ts.
func (s *Server) serveEmail(w http.ResponseWriter, r *http.Request) {
	from, to := r.URL.Query().Get("from"), r.URL.Query().Get("to")
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEmail+1))
	if err != nil || len(raw) == 0 || from == "" || to == "" {
		http.Error(w, "Invalid email. Your request must include URL parameters specifying the `from` and `to` addresses, as "+
			"well as an email in the body", http.StatusBadRequest)
		return
	}
	err = s.Receive(r.Context(), from, to, raw)
	if r.URL.Query().Get("format") == "json" {
		s.tellOutcome(w, err)
		return
	}
	var rejected *RejectedMailError
	switch {
	case errors.As(err, &rejected):
		http.Error(w, "Worker rejected email with the following reason: "+rejected.Reason, http.StatusBadRequest)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		_, _ = io.WriteString(w, "Worker successfully processed email") // the client may be gone
	}
}

// tellOutcome answers in JSON, without the lists of what was forwarded and replied.
func (s *Server) tellOutcome(w http.ResponseWriter, err error) {
	status, answer := http.StatusOK, map[string]any{"outcome": "ok"}
	var rejected *RejectedMailError
	switch {
	case errors.As(err, &rejected):
		answer["rejectReason"] = rejected.Reason
	case err != nil:
		status, answer["outcome"] = http.StatusInternalServerError, "exception"
	}
	text, err := json.Marshal(answer)
	if err != nil {
		text = nil // two texts always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone
}
