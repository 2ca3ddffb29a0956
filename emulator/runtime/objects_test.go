// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// counterBinding is a binding of the class Counter of the same Worker.
const counterBinding = `{"type":"durable_object_namespace","name":"COUNTER","class_name":"Counter"}`

// counter is a Worker whose object counts in memory and on disk: if the two ever differ, the object existed twice.
const counter = `
	import { DurableObject } from "cloudflare:workers";
	export class Counter extends DurableObject {
		constructor(ctx, env) {
			super(ctx, env);
			ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS counts (n INTEGER)");
			this.n = this.stored();
		}
		stored() { return this.ctx.storage.sql.exec("SELECT COUNT(*) AS n FROM counts").one().n }
		add() {
			this.ctx.storage.sql.exec("INSERT INTO counts VALUES (?)", ++this.n);
			if (this.stored() !== this.n) throw new Error("the object exists twice");
			return this.n;
		}
		async fetch() { return new Response("count " + this.n) }
	}
	const VERSION = "v0";
	export default { async fetch(request, env) {
		const name = new URL(request.url).searchParams.get("name") ?? "any";
		const stub = env.COUNTER.get(env.COUNTER.idFromName(name));
		if (new URL(request.url).pathname === "/fetch") return stub.fetch(request);
		return new Response(VERSION + " " + await stub.add());
	} }`

// withObjects is a Worker with a namespace for each class, given as "class=id". All have SQL.
func withObjects(s runtime.Script, namespaces ...string) runtime.Worker {
	w := deployed(s)
	for _, n := range namespaces {
		class, id, _ := strings.Cut(n, "=")
		w.Objects = append(w.Objects, runtime.ObjectNamespace{ID: id, Class: class, SQLite: true})
	}
	return w
}

// counters is a world of one Worker with the class Counter.
func counters(version string, bindings ...string) runtime.World {
	source := strings.ReplaceAll(counter, `"v0"`, strconv.Quote(version))
	s := script("api", version, source, append([]string{counterBinding}, bindings...)...)
	return runtime.World{Workers: []runtime.Worker{withObjects(s, "Counter=ns1")}}
}

const counterURL = "https://api.emulator.workers.dev/"

func TestObjectsKeepTheirDataThroughDeployments(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for i := 1; i <= 4; i++ {
		version := "v" + strconv.Itoa(i)
		h.Apply(counters(version))
		assert.Equal(t, version+" "+strconv.Itoa(i), h.get(counterURL).body)
		assert.Equal(t, "count "+strconv.Itoa(i), h.get(counterURL+"fetch").body)
	}
	assert.Equal(t, "v4 1", h.get(counterURL+"?name=other").body)
	ids, err := h.Objects("ns1")
	require.NoError(t, err)
	require.Len(t, ids, 2)
	assert.Regexp(t, "^[0-9a-f]{64}$", ids[0])
}

func TestObjectsKeepTheirDataThroughRestarts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "objects")
	for i := 1; i <= 2; i++ {
		h := newHarness(t, func(r *runtime.Runtime) { r.ObjectsDir = dir })
		h.Apply(counters("v1"))
		assert.Equal(t, "v1 "+strconv.Itoa(i), h.get(counterURL).body)
		require.NoError(t, h.Close())
	}
}

func TestObjectsKeepTheirDataThroughCrashes(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(counters("v1"))
	for i := 1; i <= 3; i++ {
		assert.Equal(t, "v1 "+strconv.Itoa(i), h.get(counterURL).body)
		pid, ended := h.PID(), h.Ended()
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		<-ended
	}
}

func TestRedeployUnderLoadNeverHasAnObjectTwice(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Apply(counters("v0"))
	require.Equal(t, "v0 1", h.get(counterURL).body)
	const versions, clients, requests = 4, 4, 60
	var served atomic.Int64
	var seen sync.Map
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for range requests {
				a, err := h.try(http.MethodGet, counterURL, "")
				_, n, _ := strings.Cut(a.body, " ")
				_, double := seen.LoadOrStore(n, true)
				if err != nil || a.status != http.StatusOK || double {
					t.Errorf("status %d, %v: %s", a.status, err, a.body)
					return
				}
				served.Add(1)
			}
		})
	}
	for version := 1; version <= versions; version++ {
		goal := served.Load() + clients*requests/(versions+2)
		require.Eventually(t, func() bool { return served.Load() >= goal || t.Failed() }, time.Minute, time.Millisecond)
		h.Apply(counters("v" + strconv.Itoa(version)))
	}
	group.Wait()
	assert.Equal(t, fmt.Sprintf("v%d %d", versions, clients*requests+2), h.get(counterURL).body, "no count is lost")
}

func TestWorkersWithoutObjectsAreNotStoppedBeforeTheirSuccessors(t *testing.T) {
	t.Parallel()
	reached, proceed := make(chan struct{}), make(chan struct{})
	origin := newHandler(t, func(w http.ResponseWriter, _ *http.Request) {
		close(reached)
		<-proceed
		_, _ = io.WriteString(w, "done")
	})
	h := newHarness(t)
	h.Apply(worldOf(script("slow", "v1", fmt.Sprintf(`export default { fetch: () => fetch(%q) }`, origin))))
	answered := make(chan string, 1)
	go func() {
		a, _ := h.try(http.MethodGet, "https://slow.emulator.workers.dev/", "")
		answered <- a.body
	}()
	<-reached
	h.Apply(counters("v1"))
	assert.Equal(t, "v1 1", h.get(counterURL).body)
	close(proceed)
	assert.Equal(t, "done", <-answered)
}

func TestAnswersInProgressAreFinishedBeforeObjectsMove(t *testing.T) {
	t.Parallel()
	reached, proceed := make(chan struct{}), make(chan struct{})
	origin := newHandler(t, func(w http.ResponseWriter, _ *http.Request) {
		close(reached)
		<-proceed
		_, _ = io.WriteString(w, "done")
	})
	h := newHarness(t)
	slow := script("slow", "v1", fmt.Sprintf(`export default { fetch: () => fetch(%q) }`, origin))
	world := counters("v1")
	world.Workers = append(world.Workers, deployed(slow))
	h.Apply(world)
	assert.Equal(t, "v1 1", h.get(counterURL).body)
	answered := make(chan string, 2)
	ask := func(url string) {
		a, _ := h.try(http.MethodGet, url, "")
		answered <- a.body
	}
	go ask("https://slow.emulator.workers.dev/")
	<-reached
	h.Apply(counters("v2"))
	go ask(counterURL)
	close(proceed)
	assert.Equal(t, []string{"done", "v2 2"}, []string{<-answered, <-answered}, "who comes later waits at the door")
}

func TestNamespacesThatAreGoneLoseTheirData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "objects")
	h := newHarness(t, func(r *runtime.Runtime) { r.ObjectsDir = dir })
	h.Apply(counters("v1"))
	assert.Equal(t, "v1 1", h.get(counterURL).body)
	require.DirExists(t, filepath.Join(dir, "ns1"))
	ended := h.Ended()
	h.Apply(runtime.World{})
	<-ended
	assert.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, "ns1"))
		return os.IsNotExist(err)
	}, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, http.StatusNotFound, h.get(counterURL).status)
	h.Apply(counters("v2"))
	assert.Equal(t, "v2 1", h.get(counterURL).body)
}

func TestNamespacesAreKeptThroughRenamesAndTransfers(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	user := script("user", "v1", `export default { async fetch(request, env) {
		return new Response("user " + await env.C.get(env.C.idFromName("any")).add()) } }`,
		`{"type":"durable_object_namespace","name":"C","class_name":"Counter","script_name":"api","namespace_id":"ns1"}`)
	world := counters("v1")
	world.Workers = append(world.Workers, deployed(user))
	h.Apply(world)
	assert.Equal(t, "v1 1", h.get(counterURL).body)
	assert.Equal(t, "user 2", h.get("https://user.emulator.workers.dev/").body)

	rename := strings.NewReplacer("class Counter", "class Sum", `"v0"`, `"v2"`)
	renamed := script("api", "v2", rename.Replace(counter),
		`{"type":"durable_object_namespace","name":"COUNTER","class_name":"Sum"}`)
	h.Apply(runtime.World{Workers: []runtime.Worker{withObjects(renamed, "Sum=ns1"), deployed(user)}})
	assert.Equal(t, "v2 3", h.get(counterURL).body)
	assert.Equal(t, "user 4", h.get("https://user.emulator.workers.dev/").body, "bindings follow the namespace")

	h.Apply(runtime.World{Workers: []runtime.Worker{
		deployed(script("api", "v3", says("nothing left"))), deployed(user),
		withObjects(script("heir", "v1", counter, counterBinding), "Counter=ns1"),
	}})
	assert.Equal(t, "user 5", h.get("https://user.emulator.workers.dev/").body)
	assert.Equal(t, "v0 6", h.get("https://heir.emulator.workers.dev/").body)
}

func TestObjectsRunTheVersionWithTheLargerShare(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	source := func(version string) string {
		return strings.ReplaceAll(strings.ReplaceAll(counter, `"v0"`, strconv.Quote(version)), "count ", version+" has ")
	}
	one, two := script("api", "v1", source("v1"), counterBinding), script("api", "v2", source("v2"), counterBinding)
	w := withObjects(one, "Counter=ns1")
	w.Split = []runtime.Weighted{{Script: one, Percent: 40}, {Script: two, Percent: 60}}
	h.Apply(runtime.World{Workers: []runtime.Worker{w}})
	override := func(version string) []string {
		return []string{"Cloudflare-Workers-Version-Overrides", `api="` + version + `"`}
	}
	assert.Equal(t, "v1 1", h.get(counterURL, override("v1")...).body)
	assert.Equal(t, "v2 2", h.get(counterURL, override("v2")...).body)
	for _, version := range []string{"v1", "v2"} {
		assert.Equal(t, "v2 has 2", h.get(counterURL+"fetch", override(version)...).body)
	}
}

func TestAlarmsFireWithoutRequestsAndSurviveDeployments(t *testing.T) {
	t.Parallel()
	fired := make(chan string, 10)
	origin := newHandler(t, func(_ http.ResponseWriter, r *http.Request) { fired <- r.URL.Path })
	source := fmt.Sprintf(`
		import { DurableObject } from "cloudflare:workers";
		export class Clock extends DurableObject {
			async set(delay) { await this.ctx.storage.setAlarm(Date.now() + delay) }
			async alarm() { await fetch(%q + VERSION) }
		}
		export default { async fetch(request, env) {
			await env.CLOCK.get(env.CLOCK.idFromName("any")).set(Number(new URL(request.url).pathname.slice(1)));
			return new Response("set");
		} }
		const VERSION = `, origin+"/")
	world := func(version string) runtime.World {
		s := script("clock", version, source+strconv.Quote(version),
			`{"type":"durable_object_namespace","name":"CLOCK","class_name":"Clock"}`)
		return runtime.World{Workers: []runtime.Worker{withObjects(s, "Clock=clocks")}}
	}
	dir := filepath.Join(t.TempDir(), "objects")
	h := newHarness(t, func(r *runtime.Runtime) { r.ObjectsDir = dir })
	h.Apply(world("v1"))
	assert.Equal(t, "set", h.get("https://clock.emulator.workers.dev/10").body)
	assert.Equal(t, "/v1", receive(t, fired))
	assert.Equal(t, "set", h.get("https://clock.emulator.workers.dev/3000").body)
	h.Apply(world("v2"))
	assert.Equal(t, "/v2", receive(t, fired), "nobody asked for the new version")
	assert.Equal(t, "set", h.get("https://clock.emulator.workers.dev/3000").body)
	require.NoError(t, h.Close())
	again := newHarness(t, func(r *runtime.Runtime) { r.ObjectsDir = dir })
	again.Apply(world("v3"))
	assert.Equal(t, "/v3", receive(t, fired))
	assert.Equal(t, "set", again.get("https://clock.emulator.workers.dev/3000").body)
	require.NoError(t, syscall.Kill(again.PID(), syscall.SIGKILL))
	assert.Equal(t, "/v3", receive(t, fired), "nobody asked after the crash")
}

// receive returns the next value.
func receive(t *testing.T, values <-chan string) string {
	t.Helper()
	select {
	case value := <-values:
		return value
	case <-time.After(30 * time.Second):
		t.Error("nothing came")
		return ""
	}
}

func TestObjectsHoldWebSocketsUntilTheyMove(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	world := func(version string) runtime.World {
		s := script("chat", version, `
			import { DurableObject } from "cloudflare:workers";
			export class Room extends DurableObject {
				async fetch(request) {
					const [client, server] = Object.values(new WebSocketPair());
					this.ctx.acceptWebSocket(server, [new URL(request.url).searchParams.get("name")]);
					return new Response(null, { status: 101, webSocket: client });
				}
				webSocketMessage(socket, message) {
					const [name] = this.ctx.getTags(socket);
					for (const other of this.ctx.getWebSockets()) other.send(name + ": " + message);
				}
			}
			export default { fetch: (request, env) => env.ROOM.get(env.ROOM.idFromName("any")).fetch(request) }
			const VERSION = `+strconv.Quote(version), `{"type":"durable_object_namespace","name":"ROOM","class_name":"Room"}`)
		return runtime.World{Workers: []runtime.Worker{withObjects(s, "Room=rooms")}}
	}
	h.Apply(world("v1"))
	ann, bob := h.socket("chat.emulator.workers.dev", "/?name=ann"), h.socket("chat.emulator.workers.dev", "/?name=bob")
	ann.send("hello")
	assert.Equal(t, "ann: hello", ann.receive())
	assert.Equal(t, "ann: hello", bob.receive())
	bob.send("hi")
	assert.Equal(t, "bob: hi", ann.receive())
	assert.Equal(t, "bob: hi", bob.receive())
	h.Apply(world("v2")) // which waits for no request
	require.ErrorIs(t, ann.wait(), io.EOF)
	require.ErrorIs(t, bob.wait(), io.EOF)
	eve := h.socket("chat.emulator.workers.dev", "/?name=eve")
	eve.send("anybody?")
	assert.Equal(t, "eve: anybody?", eve.receive())
}

func TestWebSocketsDoNotHoldUpDeployments(t *testing.T) {
	t.Parallel()
	reached, proceed := make(chan struct{}), make(chan struct{})
	origin := newHandler(t, func(w http.ResponseWriter, _ *http.Request) {
		close(reached)
		<-proceed
		_, _ = io.WriteString(w, "done")
	})
	h := newHarness(t)
	echo := script("echo", "v1", `export default { fetch() {
		const [client, server] = Object.values(new WebSocketPair());
		server.accept();
		server.addEventListener("message", (event) => server.send(event.data));
		return new Response(null, { status: 101, webSocket: client });
	} }`)
	slow := script("slow", "v1", fmt.Sprintf(`export default { fetch: () => fetch(%q) }`, origin))
	world := counters("v1")
	world.Workers = append(world.Workers, deployed(echo), deployed(slow))
	h.Apply(world)
	s := h.socket("echo.emulator.workers.dev", "/")
	s.send("hello")
	assert.Equal(t, "hello", s.receive())
	answered := make(chan string, 1)
	go func() {
		a, _ := h.try(http.MethodGet, "https://slow.emulator.workers.dev/", "")
		answered <- a.body
	}()
	<-reached
	h.Apply(counters("v2"))
	require.ErrorIs(t, s.wait(), io.EOF)
	close(proceed)
	assert.Equal(t, "done", <-answered, "it was closed before the process had to end")
	assert.Equal(t, "v2 1", h.get(counterURL).body)
}

func TestAnObjectsEndIsNotTheEndOfItsWorker(t *testing.T) {
	t.Parallel()
	proceed := make(chan struct{})
	origin := newHandler(t, func(http.ResponseWriter, *http.Request) { <-proceed })
	h := newHarness(t)
	s := script("api", "v1", fmt.Sprintf(`
		export class Echo { fetch() { console.log("object ended"); return new Response("echo") } }
		export default { async fetch(request, env, ctx) {
			const response = await env.ECHO.get(env.ECHO.idFromName("any")).fetch(request);
			ctx.waitUntil(fetch(%q));
			return response;
		} }`, origin), `{"type":"durable_object_namespace","name":"ECHO","class_name":"Echo"}`)
	h.Apply(runtime.World{Workers: []runtime.Worker{withObjects(s, "Echo=echoes")}})
	assert.Equal(t, "echo", h.get(counterURL).body)
	assert.Eventually(t, func() bool { return strings.Contains(h.log.String(), "object ended") },
		10*time.Second, 10*time.Millisecond)
	assert.Equal(t, 1, h.AtWork())
	close(proceed)
	assert.Eventually(t, func() bool { return h.AtWork() == 0 }, 10*time.Second, 10*time.Millisecond)
}

func TestLegacyClassesHaveNoSQL(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	s := script("api", "v1", `
		export class Old {
			constructor(state) { this.storage = state.storage }
			async fetch() {
				const n = (await this.storage.get("n") ?? 0) + 1;
				await this.storage.put("n", n);
				try { this.storage.sql.exec("SELECT 1"); return new Response("sql") } catch (e) { return new Response("kv " + n) }
			}
		}
		export default { fetch: (request, env) => env.OLD.get(env.OLD.idFromName("any")).fetch(request) }`,
		`{"type":"durable_object_namespace","name":"OLD","class_name":"Old"}`)
	w := withObjects(s, "Old=old")
	w.Objects[0].SQLite = false
	h.Apply(runtime.World{Workers: []runtime.Worker{w}})
	assert.Equal(t, "kv 1", h.get(counterURL).body)
	assert.Equal(t, "kv 2", h.get(counterURL).body)
}

func TestMissingClassesThrowAndOthersGoOn(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	use := `export default { fetch(request, env) {
		try { env.C.idFromName("x"); return env.C.get(env.C.idFromName("x")).fetch(request) }
		catch (e) { return new Response(e.message) } } }`
	world := counters("v1")
	world.Workers = append(world.Workers,
		deployed(script("nobody", "v1", use, `{"type":"durable_object_namespace","name":"C","class_name":"None"}`)),
		withObjects(script("hollow", "v1", use, `{"type":"durable_object_namespace","name":"C","class_name":"None"}`),
			"None=hollow"))
	h.Apply(world)
	assert.Equal(t, "v1 1", h.get(counterURL).body)
	assert.Contains(t, h.get("https://nobody.emulator.workers.dev/").body, `there is no Durable Object class "None"`)
	assert.Equal(t, http.StatusInternalServerError, h.get("https://hollow.emulator.workers.dev/").status)
	assert.Equal(t, "v1 2", h.get(counterURL).body)
}

func TestObjectsAreThereWhenUploadsAreTried(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	report, err := h.Validate(t.Context(), script("api", "v1", `
		import { env } from "cloudflare:workers";
		const id = env.COUNTER.idFromName("fixed");`+counter, counterBinding))
	require.NoError(t, err)
	assert.Contains(t, report.NamedHandlers, runtime.NamedHandler{Name: "Counter", Handlers: []string{"class"}})
}

func TestDirectoryOfObjectsHasOneUser(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "objects")
	first := newHarness(t, func(r *runtime.Runtime) { r.ObjectsDir = dir })
	first.Apply(counters("v1"))
	assert.Equal(t, "v1 1", first.get(counterURL).body)
	second := newHarness(t, func(r *runtime.Runtime) { r.ObjectsDir = dir })
	second.Apply(counters("v1"))
	a := second.get(counterURL)
	assert.Equal(t, http.StatusServiceUnavailable, a.status)
	assert.Contains(t, a.body, "locked by another process")
	assert.Equal(t, "v1 2", first.get(counterURL).body)
	require.NoError(t, first.Close())
	assert.Equal(t, "v1 3", second.get(counterURL).body)
}

// socket is the client's end of a WebSocket (RFC 6455), for text messages of up to 125 bytes.
type socket struct {
	h      *harness
	conn   net.Conn
	reader *bufio.Reader
}

// socket opens a WebSocket.
func (h *harness) socket(host, path string) *socket {
	h.t.Helper()
	conn, err := new(net.Dialer).DialContext(h.t.Context(), "tcp", strings.TrimPrefix(h.url, "http://"))
	require.NoError(h.t, err)
	h.t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, host)
	require.NoError(h.t, err)
	s := &socket{h: h, conn: conn, reader: bufio.NewReader(conn)}
	response, err := http.ReadResponse(s.reader, nil)
	require.NoError(h.t, err)
	h.t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(h.t, http.StatusSwitchingProtocols, response.StatusCode)
	return s
}

// send sends a message, masked by zeroes.
func (s *socket) send(text string) {
	s.h.t.Helper()
	_, err := s.conn.Write(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...))
	require.NoError(s.h.t, err)
}

// receive returns the next message.
func (s *socket) receive() string {
	s.h.t.Helper()
	text, err := s.next()
	require.NoError(s.h.t, err)
	return text
}

// wait returns how the connection ends.
func (s *socket) wait() error {
	for {
		if _, err := s.next(); err != nil {
			return err
		}
	}
}

func (s *socket) next() (string, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", err
	}
	var header [2]byte
	if _, err := io.ReadFull(s.reader, header[:]); err != nil {
		if errors.Is(err, syscall.ECONNRESET) {
			err = io.EOF
		}
		return "", err
	}
	text := make([]byte, header[1])
	if _, err := io.ReadFull(s.reader, text); err != nil {
		return "", err
	}
	if header[0] == 0x88 { // close
		return "", fmt.Errorf("closed with %d: %w", binary.BigEndian.Uint16(text), io.EOF)
	}
	return string(text), nil
}
