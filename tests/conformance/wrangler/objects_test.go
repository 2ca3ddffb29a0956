// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// objects is the configuration of a binding to a class, and of migrations.
func objects(name, class string, migrations ...config) config {
	return config{
		"durable_objects": config{"bindings": []config{{"name": name, "class_name": class}}}, "migrations": migrations,
	}
}

func TestDurableObjectsFromTheirFirstMigrationToTheLast(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	const url, other = "http://counter.emulator.workers.dev/", "http://other.emulator.workers.dev/"
	// The smallest module that exports a function: f() = 7.
	wasm := "\x00asm\x01\x00\x00\x00" + "\x01\x05\x01\x60\x00\x01\x7f" + "\x03\x02\x01\x00" + "\x07\x05\x01\x01f\x00\x00" +
		"\x0a\x06\x01\x04\x00\x41\x07\x0b"
	class := func(name string) string {
		return `import { DurableObject } from "cloudflare:workers";
			import wasm from "./seven.wasm";
			const { exports } = new WebAssembly.Instance(wasm);
			export class ` + name + ` extends DurableObject {
				constructor(ctx, env) {
					super(ctx, env);
					ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS counts (n INTEGER)");
				}
				add() {
					this.ctx.storage.sql.exec("INSERT INTO counts VALUES (?)", exports.f());
					return this.ctx.storage.sql.exec("SELECT SUM(n) AS n FROM counts").one().n;
				}
			}`
	}
	index := func(name string) string {
		return `export { ` + name + ` } from "./class.js";
			export default { fetch: async (request, env) => new Response(await env.COUNTER.getByName("any").add()) }`
	}
	v1 := config{"tag": "v1", "new_sqlite_classes": []string{"Counter"}}
	v2 := config{"tag": "v2", "renamed_classes": []config{{"from": "Counter", "to": "Sum"}}}
	v3 := config{"tag": "v3", "deleted_classes": []string{"Sum"}}
	base := plain("counter")
	user := func(name string) config {
		return plain("other").with(config{"durable_objects": config{"bindings": []config{
			{"name": "COUNTER", "class_name": name, "script_name": "counter"},
		}}})
	}
	files := map[string]string{"class.js": class("Counter"), "index.js": index("Counter"), "seven.wasm": wasm}
	moved := func(t *testing.T, w *workspace, _ string) {
		t.Helper()
		assert.Contains(t, w.server.Dump(), `code update {"mode":"deferred","max_delay":0.5}`)
	}
	forward := map[string]string{"index.js": `export default { fetch: async (request, env) =>
		new Response("other " + await env.COUNTER.getByName("any").add()) }`}
	w.steps(
		step{
			run: "deploy", config: base.with(objects("COUNTER", "Counter")), files: files, fails: true,
			out: []string{"10061", "is not currently configured to implement Durable Objects"},
		},
		step{
			run:    "deploy",
			config: base.with(objects("COUNTER", "None", config{"tag": "v1", "new_sqlite_classes": []string{"None"}})),
			fails:  true, out: []string{"None"},
		},
		step{
			run: "deploy", config: base.with(objects("COUNTER", "Counter", v1)).with(config{"durable_objects": config{
				"bindings":             []config{{"name": "COUNTER", "class_name": "Counter"}},
				"code_update_strategy": config{"mode": "deferred", "max_delay": 0.5},
			}}),
			out: []string{"env.COUNTER (Counter)"}, get: map[string]string{url: "7"}, then: moved,
		},
		step{run: "deploy --var CHANGED:1", get: map[string]string{url: "14"}, then: moved},
		step{
			run: "versions upload", files: map[string]string{"index.js": index("Counter") + "\n// changed"},
			capture: `Worker Version ID: (?P<v>\S+)`, get: map[string]string{url: "21"},
		},
		step{run: "versions deploy {v}@100% -y", get: map[string]string{url: "28"}, then: moved},
		step{run: "deploy", config: user("Counter"), files: forward, get: map[string]string{other: "other 35"}},
		step{
			run: "versions upload", config: base.with(objects("COUNTER", "Sum", v1, v2)),
			files: map[string]string{"class.js": class("Sum"), "index.js": index("Sum")}, fails: true,
			out: []string{"migration"},
		},
		step{run: "deploy", out: []string{"env.COUNTER (Sum)"}, get: map[string]string{other: "other 42"}},
		step{run: "rollback {v} -y --message back", fails: true, out: []string{"migration has occurred"}},
		step{
			run: "deploy", config: base.with(config{"migrations": []config{v1, v2}}),
			files: map[string]string{"index.js": says("none")}, fails: true,
			out: []string{"10064", "does not export class 'Sum'"}, get: map[string]string{url: "49"},
		},
		step{
			run: "deploy", config: base.with(config{"migrations": []config{v1, v2, v3}}), fails: true,
			out: []string{"10061", "without also removing the binding"}, // that of the other Worker
		},
		step{
			run: "delete", out: []string{
				`Worker other (production) has a binding to the Durable Object Namespace "counter_Sum"`, "Successfully deleted",
			},
		},
		step{run: "delete --force", config: user("Sum")},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
	w.steps(
		step{
			run: "deploy", config: base.with(objects("COUNTER", "Counter", v1)),
			files: map[string]string{"class.js": class("Counter"), "index.js": index("Counter")},
			get:   map[string]string{url: "7"},
		},
		step{
			run: "deploy",
			config: base.with(config{"migrations": []config{
				v1, {"tag": "v2", "deleted_classes": []string{"Counter"}},
			}}),
			files: map[string]string{"index.js": says("none")}, get: map[string]string{url: "none"},
		},
		step{
			run: "deploy",
			config: base.with(objects("COUNTER", "Counter", v1, config{"tag": "v2", "deleted_classes": []string{"Counter"}},
				config{"tag": "v3", "new_sqlite_classes": []string{"Counter"}})),
			files: map[string]string{"index.js": index("Counter")}, get: map[string]string{url: "7"},
		},
		step{run: "delete --force"},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}

func TestChatRoomsWithWebSockets(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := plain("chat").with(objects("ROOMS", "Room", config{"tag": "v1", "new_sqlite_classes": []string{"Room"}}))
	w.steps(step{run: "deploy", config: c, files: map[string]string{
		"index.js": `export { Room } from "./room.js";
			export default { fetch: (request, env) =>
				env.ROOMS.getByName(new URL(request.url).pathname).fetch(request) }`,
		"room.js": `import { DurableObject } from "cloudflare:workers";
			export class Room extends DurableObject {
				async fetch(request) {
					const { 0: client, 1: server } = new WebSocketPair();
					this.ctx.acceptWebSocket(server);
					server.serializeAttachment(new URL(request.url).searchParams.get("name"));
					const last = await this.ctx.storage.get("last");
					if (last) server.send("earlier: " + last);
					return new Response(null, { status: 101, webSocket: client });
				}
				async webSocketMessage(socket, message) {
					await this.ctx.storage.put("last", message);
					const line = socket.deserializeAttachment() + ": " + message;
					for (const member of this.ctx.getWebSockets()) member.send(line);
				}
			}`,
	}})
	ann, bob := w.socket("chat", "/lobby?name=ann"), w.socket("chat", "/lobby?name=bob")
	eve := w.socket("chat", "/cellar?name=eve")
	ann.send("hello")
	assert.Equal(t, "ann: hello", ann.receive())
	assert.Equal(t, "ann: hello", bob.receive())
	eve.send("alone")
	assert.Equal(t, "eve: alone", eve.receive(), "rooms are apart")
	w.steps(step{run: "deploy --var CHANGED:1"})
	for _, s := range []*socket{ann, bob, eve} {
		_, err := s.next()
		require.ErrorIs(t, err, io.EOF, "a deployment closes WebSockets")
	}
	ann = w.socket("chat", "/lobby?name=ann")
	assert.Equal(t, "earlier: hello", ann.receive())
	w.steps(step{run: "delete --force"})
}

// socket is the client's end of a WebSocket (RFC 6455), for text messages of up to 125 bytes.
type socket struct {
	w      *workspace
	conn   net.Conn
	reader *bufio.Reader
}

// socket opens a WebSocket to a Worker.
func (w *workspace) socket(worker, path string) *socket {
	w.t.Helper()
	conn, err := new(net.Dialer).DialContext(w.t.Context(), "tcp", w.door.Listener.Addr().String())
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s.emulator.workers.dev\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		path, worker)
	require.NoError(w.t, err)
	s := &socket{w: w, conn: conn, reader: bufio.NewReader(conn)}
	response, err := http.ReadResponse(s.reader, nil)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(w.t, http.StatusSwitchingProtocols, response.StatusCode)
	return s
}

// send sends a message, masked by zeroes.
func (s *socket) send(text string) {
	s.w.t.Helper()
	_, err := s.conn.Write(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...))
	require.NoError(s.w.t, err)
}

// receive returns the next message.
func (s *socket) receive() string {
	s.w.t.Helper()
	text, err := s.next()
	require.NoError(s.w.t, err)
	return text
}

// next returns the next message, or io.EOF after the end of the connection.
func (s *socket) next() (string, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		return "", err
	}
	var header [2]byte
	_, err := io.ReadFull(s.reader, header[:])
	if errors.Is(err, syscall.ECONNRESET) || err == nil && header[0] == 0x88 { // a close frame
		err = io.EOF
	}
	if err != nil {
		return "", err
	}
	text := make([]byte, header[1])
	_, err = io.ReadFull(s.reader, text)
	return string(text), err
}

// The steps are those of workers-sdk, packages/wrangler/e2e/durable-objects-exports.test.ts.
func TestDeclarativeExportsOfDurableObjects(t *testing.T) {
	t.Parallel()
	w := open(t)
	empty := w.server.Dump()
	const url = "http://giver.emulator.workers.dev/"
	class := func(names ...string) map[string]string {
		lines := []string{`import { DurableObject } from "cloudflare:workers";
			export default { fetch: async (request, env) => new Response(await env.DO?.getByName("any").add() ?? "none") }`}
		for _, name := range names {
			lines = append(lines, "export class "+name+` extends DurableObject { async add() {
				const n = (await this.ctx.storage.get("n") ?? 0) + 1; await this.ctx.storage.put("n", n); return n } }`)
		}
		return map[string]string{"index.js": strings.Join(lines, "\n")}
	}
	declared := func(name, bound string, exports config) config {
		for _, e := range exports {
			e.(config)["type"] = "durable-object"
		}
		c := plain(name).with(config{"exports": exports})
		if bound == "" {
			return c
		}
		return c.with(config{"durable_objects": config{"bindings": []config{{"name": "DO", "class_name": bound}}}})
	}
	live := func() config { return config{"storage": "sqlite"} }
	w.steps(
		step{
			run: "deploy", config: declared("giver", "Counter", config{"Counter": live()}), files: class("Counter"),
			out: []string{"Durable Object exports reconciliation", "Created: Counter"}, get: map[string]string{url: "1"},
		},
		step{run: "deploy --var X:1", never: []string{"Created: ", "Deleted: "}, get: map[string]string{url: "2"}},
		step{
			run: "deploy", files: class("CounterV2"),
			config: declared("giver", "CounterV2", config{
				"CounterV2": live(), "Counter": config{"state": "renamed", "renamed_to": "CounterV2"},
			}),
			out: []string{"Renamed: Counter → CounterV2"}, never: []string{"Created: "}, get: map[string]string{url: "3"},
		},
		step{
			run: "deploy", config: declared("giver", "CounterV2", config{"CounterV2": live()}),
			never: []string{"Renamed: ", "Created: "}, get: map[string]string{url: "4"},
		},
		step{
			run: "versions upload", files: class("CounterV2", "Another"), capture: `Worker Version ID:\s+(?P<v>\S+)`,
			config: declared("giver", "CounterV2", config{"CounterV2": live(), "Another": live()}),
			never:  []string{"reconciliation", "Created: "},
		},
		step{run: "versions deploy {v}@100% --yes", out: []string{"SUCCESS"}, get: map[string]string{url: "5"}},
		step{
			run: "deploy", files: class("CounterV2"), fails: true,
			config: declared("giver", "CounterV2", config{
				"CounterV2": live(), "Phantom": live(), "Another": config{"state": "deleted"},
			}),
			out: []string{"Durable Object exports reconciliation failed", "[config_references_nonexistent_class]"},
		},
		step{
			run: "deploy", config: declared("giver", "CounterV2", config{
				"CounterV2": live(), "Another": config{"state": "deleted"},
			}),
			out: []string{"Deleted: Another"},
		},
		step{run: "deploy --var X:1", out: []string{
			"[stale_tombstone] Another", "Safe to remove from `exports`: Another",
		}},
		step{
			run: "deploy", config: declared("heir", "", config{"CounterV2": config{
				"state": "expecting-transfer", "storage": "sqlite", "transfer_from": "giver",
			}}),
			out: []string{"Transfer pending: CounterV2 ← giver"},
		},
		step{
			run: "deploy", files: class(),
			config: declared("giver", "", config{"CounterV2": config{"state": "transferred", "transferred_to": "heir"}}),
			out:    []string{"Transferred (committed): CounterV2 → heir"}, get: map[string]string{url: "none"},
		},
		step{
			run: "deploy", config: declared("heir", "CounterV2", config{"CounterV2": live()}), files: class("CounterV2"),
			out: []string{"env.DO (CounterV2)"}, never: []string{"Created: ", "Transfer pending: "},
			get: map[string]string{"http://heir.emulator.workers.dev/": "6"},
		},
		step{run: "delete --force"},
		step{run: "delete --force", config: plain("giver")},
	)
	assert.Equal(t, empty, w.server.Dump(), "nothing is left")
}
