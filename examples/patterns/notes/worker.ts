// SPDX-License-Identifier: Apache-2.0

// Creates, reads, updates and deletes rows of a D1 database. Two who change the same note at once do not overwrite each
// other: an update names the version that it was made from.

interface Env {
  DB: D1Database;
}

interface Note {
  id: number;
  title: string;
  body: string;
  version: number;
}

const pageSize = 50;
const longestTitle = 200;

const one = new URLPattern({ pathname: "/notes/:id(\\d+)" });

export default {
  async fetch(request, env): Promise<Response> {
    try {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname === "/notes") {
        if (request.method === "GET") return await list(env.DB, Number(searchParams.get("after") ?? 0));
        if (request.method === "POST") return await create(env.DB, await fields(request));
        throw new Problem(405, "a list can be read (GET) and added to (POST)");
      }
      const id = Number(one.exec(request.url)?.pathname.groups["id"]);
      if (Number.isNaN(id)) throw new Problem(404, "there is nothing here");
      if (request.method === "GET") return show(await read(env.DB, id));
      if (request.method === "PUT") return await update(env.DB, id, request);
      if (request.method === "DELETE") return await remove(env.DB, id);
      throw new Problem(405, "a note can be read (GET), changed (PUT) and deleted (DELETE)");
    } catch (error) {
      if (error instanceof Problem) return Response.json({ error: error.message }, { status: error.status });
      console.error(error);
      return Response.json({ error: "something went wrong on our side" }, { status: 500 });
    }
  },
} satisfies ExportedHandler<Env>;

async function list(db: D1Database, after: number): Promise<Response> {
  const query = db.prepare("SELECT id, title, version FROM notes WHERE id > ? ORDER BY id LIMIT ?");
  const { results } = await query.bind(after, pageSize).all<Omit<Note, "body">>();
  return Response.json({ notes: results, next: results.length === pageSize ? results.at(-1)?.id : undefined });
}

async function create(db: D1Database, { title, body }: Fields): Promise<Response> {
  const insert = db.prepare("INSERT INTO notes (title, body) VALUES (?, ?) RETURNING *").bind(title, body);
  const note = await insert.first<Note>();
  if (note === null) throw new Error("a row that was inserted was not returned");
  return show(note, 201, { location: `/notes/${note.id}` });
}

async function read(db: D1Database, id: number): Promise<Note> {
  const note = await db.prepare("SELECT * FROM notes WHERE id = ?").bind(id).first<Note>();
  if (note === null) throw new Problem(404, `there is no note ${id}`);
  return note;
}

async function update(db: D1Database, id: number, request: Request): Promise<Response> {
  const version = Number(/^"(\d+)"$/.exec(request.headers.get("if-match") ?? "")?.[1]);
  if (Number.isNaN(version)) throw new Problem(428, "If-Match must say which version is changed");
  const { title, body } = await fields(request);
  const note = await db
    .prepare(
      "UPDATE notes SET title = ?, body = ?, version = version + 1 WHERE id = ? AND version = ? RETURNING *",
    )
    .bind(title, body, id, version)
    .first<Note>();
  if (note !== null) return show(note);
  const current = await read(db, id);
  throw new Problem(412, `the note was changed meanwhile: it is at version ${current.version}`);
}

async function remove(db: D1Database, id: number): Promise<Response> {
  const { meta } = await db.prepare("DELETE FROM notes WHERE id = ?").bind(id).run();
  if (meta.changes === 0) throw new Problem(404, `there is no note ${id}`);
  return new Response(null, { status: 204 });
}

type Fields = Pick<Note, "title" | "body">;

/** Reads what a note is to say. */
async function fields(request: Request): Promise<Fields> {
  const note: unknown = await request.json().catch(() => null);
  if (typeof note !== "object" || note === null) throw new Problem(400, "the body must be a JSON object");
  const { title, body = "" } = note as Record<string, unknown>;
  if (typeof title !== "string" || title.length === 0 || title.length > longestTitle) {
    throw new Problem(400, `title must be a text of 1 to ${longestTitle} characters`);
  }
  if (typeof body !== "string") throw new Problem(400, "body must be a text");
  return { title, body };
}

function show(note: Note, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(note, { status, headers: { etag: `"${note.version}"`, ...headers } });
}

/** What is wrong with a request. */
class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
