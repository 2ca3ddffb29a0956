// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"slices"
	"strings"
)

var (
	//go:embed js/email.js
	emailSource []byte
	//go:embed js/emailmessage.js
	emailMessageSource []byte
)

// Mail is a message that a Worker sent with a send_email binding. It goes nowhere.
type Mail struct {
	Account, Worker string
	From            string   // the envelope's sender
	To, Cc, Bcc     []string // addresses without names
	Subject         string
	Text, HTML      string // of a message that was given in parts
	Raw             string // of a message that was given whole, with its headers
}

// emailRules are the addresses that a binding allows; nil: any. Source: workers-sdk, packages/wrangler/src/
// deployment-bundle/create-worker-upload-form.ts.
type emailRules struct {
	Destination  *string  `json:"destination_address,omitempty"`
	Destinations []string `json:"allowed_destination_addresses,omitempty"`
	Senders      []string `json:"allowed_sender_addresses,omitempty"`
}

// check refuses a message in the words of workers-sdk, packages/miniflare/src/workers/email/send_email.worker.ts, where
// copies are not looked at either.
func (r emailRules) check(m Mail) error {
	if r.Senders != nil && !slices.Contains(r.Senders, m.From) {
		return fmt.Errorf("email from %s not allowed", m.From)
	}
	for _, to := range m.To {
		if r.Destination != nil && to != *r.Destination || r.Destinations != nil && !slices.Contains(r.Destinations, to) {
			return fmt.Errorf("email to %s not allowed", to)
		}
	}
	return nil
}

// read takes from a whole message what it says about itself, and refuses one that could not be sent (there).
func (m *Mail) read() error {
	message, err := mail.ReadMessage(strings.NewReader(m.Raw))
	if err != nil {
		return fmt.Errorf("could not parse email: %w", err)
	}
	from, err := message.Header.AddressList("From")
	switch {
	case message.Header.Get("Message-Id") == "":
		return errors.New("invalid message-id")
	case err != nil || len(from) != 1 || from[0].Address != m.From:
		return errors.New("From: header does not match mail from") //nolint:staticcheck // the source's words
	case message.Header.Get("Received") != "":
		return errors.New("invalid headers set")
	}
	m.Subject = message.Header.Get("Subject")
	return nil
}

// bindEmail gives an object with the method send.
func bindEmail(l *linker, s *Script, b binding) (string, error) {
	var rules emailRules
	if err := b.decode(&rules); err != nil {
		return "", err
	}
	text, err := json.Marshal(rules)
	return fmt.Sprintf(`wrapped = (moduleName = "emulator:email", `+
		`innerBindings = [(name = "backend", service = %s), (name = "rules", json = %s)])`,
		l.backend("email", s.Account, s.Name), quote(string(text))), err
}

// serveEmail records a message that js/email.js sends.
func (r *Runtime) serveEmail(w http.ResponseWriter, q *http.Request, account, worker string) {
	var sent struct {
		Mail
		Rules emailRules `json:"rules"`
	}
	if err := json.NewDecoder(q.Body).Decode(&sent); err != nil {
		http.Error(w, "bad email", http.StatusBadRequest)
		return
	}
	m := sent.Mail
	m.Account, m.Worker = account, worker
	err := sent.Rules.check(m)
	if err == nil && m.Raw != "" {
		err = m.read()
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(err.Error())) // a Worker that went away cannot be told
		return
	}
	r.logLine(worker, fmt.Sprintf("email from %s to %s: %s", m.From, strings.Join(m.To, ", "), m.Subject))
	if r.Mail != nil {
		r.Mail(m)
	}
	_, domain, _ := strings.Cut(m.From, "@")
	// The form of the id: workers-sdk, there.
	if err := writeJSON(w, map[string]string{"messageId": "<" + randomText(36) + "@" + domain + ">"}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// randomText returns letters and digits.
func randomText(length int) string { return (rand.Text() + rand.Text())[:length] }
