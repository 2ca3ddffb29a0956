// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"slices"
	"sync"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// maxMail is how many messages are kept for [Server.Mail].
const maxMail = 1000

// mailbox holds what Workers sent.
type mailbox struct {
	mu       sync.Mutex
	messages []runtime.Mail
}

func (b *mailbox) keep(m runtime.Mail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = append(b.messages, m)
	b.messages = b.messages[max(0, len(b.messages)-maxMail):]
}

// Mail returns the messages that Workers sent with send_email bindings since the last call of Mail, oldest first, at
// most the last 1000. They are in memory only.
func (s *Server) Mail() []runtime.Mail {
	s.mail.mu.Lock()
	defer s.mail.mu.Unlock()
	messages := s.mail.messages
	s.mail.messages = nil
	return slices.Clone(messages)
}
