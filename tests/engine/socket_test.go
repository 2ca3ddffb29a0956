// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A socket is the client's end of a WebSocket (RFC 6455), for text messages of up to 125 bytes.
type socket struct {
	conn   net.Conn
	reader *bufio.Reader
}

// connect opens a WebSocket at an address that begins with https, through the front door.
func (c *cloud) connect(t *testing.T, address string) *socket {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(c.front.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", u.RequestURI(), u.Host)
	require.NoError(t, err)
	s := &socket{conn: conn, reader: bufio.NewReader(conn)}
	resp, err := http.ReadResponse(s.reader, nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	// What RFC 6455 has for this key in section 1.3.
	require.Equal(t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", resp.Header.Get("Sec-Websocket-Accept"))
	return s
}

// The kinds of frames.
const (
	textFrame  = 0x81
	closeFrame = 0x88
)

// say sends a message.
func (s *socket) say(t *testing.T, text string) {
	t.Helper()
	s.send(t, textFrame, text)
}

// leave says that no more will be said.
func (s *socket) leave(t *testing.T) {
	t.Helper()
	s.send(t, closeFrame, "\x03\xe8") // 1000: all is well
}

// send sends a frame, masked by zeroes.
func (s *socket) send(t *testing.T, kind byte, payload string) {
	t.Helper()
	require.Less(t, len(payload), 126)
	_, err := s.conn.Write(append([]byte{kind, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...))
	require.NoError(t, err)
}

// hears returns the next message.
func (s *socket) hears(t *testing.T) string {
	t.Helper()
	kind, payload := s.receive(t)
	require.Equal(t, byte(textFrame), kind, payload)
	return payload
}

func (s *socket) receive(t *testing.T) (kind byte, payload string) {
	t.Helper()
	var header [2]byte
	_, err := io.ReadFull(s.reader, header[:])
	require.NoError(t, err)
	require.Less(t, header[1], byte(126))
	text := make([]byte, header[1])
	_, err = io.ReadFull(s.reader, text)
	require.NoError(t, err)
	return header[0], string(text)
}
