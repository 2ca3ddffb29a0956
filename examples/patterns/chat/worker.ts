// SPDX-License-Identifier: Apache-2.0

// Chat rooms: each is a Durable Object that holds the WebSockets of those who are in it. While nobody says anything the
// object hibernates: it leaves memory, and the connections stay. So all that it knows is in its storage or attached to
// the sockets.

import { DurableObject } from "cloudflare:workers";

interface Env {
  ROOMS: DurableObjectNamespace<Room>;
}

/** What a room says to those in it, as JSON. */
type Event =
  | { type: "joined" | "left"; name: string; present: string[] }
  | { type: "said"; name: string; text: string; at: number };

/** What is attached to a socket. */
interface Member {
  name: string;
}

const historyLength = 100;
const longestText = 2000;

const path = new URLPattern({ pathname: "/rooms/:room([a-z0-9]{1,32})" });

export default {
  async fetch(request, env): Promise<Response> {
    const room = path.exec(request.url)?.pathname.groups["room"];
    if (room === undefined) return new Response("a room is at /rooms/<name>?name=<yours>", { status: 404 });
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("connect with a WebSocket", { status: 426, headers: { upgrade: "websocket" } });
    }
    return await env.ROOMS.getByName(room).fetch(request);
  },
} satisfies ExportedHandler<Env>;

/** One room. */
export class Room extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS said (at INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL)");
    // Answered without waking the object.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  /** Lets somebody in, and tells them what was said lately. */
  override async fetch(request: Request): Promise<Response> {
    const name = new URL(request.url).searchParams.get("name")?.trim() ?? "";
    if (!/^[\p{L}\p{N} ]{1,20}$/u.test(name)) return new Response("name must be 1 to 20 letters", { status: 400 });
    if (this.#members().includes(name)) return new Response(`${name} is in the room`, { status: 409 });
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment({ name } satisfies Member);
    for (const event of this.#history()) server.send(JSON.stringify(event));
    this.#tell({ type: "joined", name, present: this.#members() });
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (typeof message !== "string" || message.length > longestText) {
      socket.close(1009, `say at most ${longestText} characters`);
      return;
    }
    const { name } = member(socket);
    const at = Date.now();
    const { sql } = this.ctx.storage;
    sql.exec("INSERT INTO said (at, name, text) VALUES (?, ?, ?)", at, name, message);
    sql.exec("DELETE FROM said WHERE rowid <= (SELECT max(rowid) FROM said) - ?", historyLength);
    this.#tell({ type: "said", name, text: message, at });
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    // 1005 and 1006 say that the other side gave no code, and cannot be sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code);
    this.#leave(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    this.#leave(socket);
  }

  #leave(socket: WebSocket): void {
    const others = this.ctx.getWebSockets().filter((other) => other !== socket);
    this.#tell({ type: "left", name: member(socket).name, present: others.map((other) => member(other).name).sort() }, others);
  }

  #members(): string[] {
    return this.ctx.getWebSockets().map((socket) => member(socket).name).sort();
  }

  #history(): Event[] {
    const rows = this.ctx.storage.sql.exec<{ at: number; name: string; text: string }>(
      "SELECT at, name, text FROM said ORDER BY rowid",
    );
    return Array.from(rows, (row) => ({ type: "said", ...row }));
  }

  #tell(event: Event, sockets: WebSocket[] = this.ctx.getWebSockets()): void {
    const text = JSON.stringify(event);
    for (const socket of sockets) {
      try {
        socket.send(text);
      } catch {
        // It is going; webSocketClose or webSocketError will say so.
      }
    }
  }
}

const member = (socket: WebSocket): Member => socket.deserializeAttachment() as Member;
