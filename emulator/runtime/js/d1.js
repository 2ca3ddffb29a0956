// SPDX-License-Identifier: Apache-2.0

// Holds the D1 databases: each is an object whose SQLite database is the user's. The runtime is its only client.
import { DurableObject } from "cloudflare:workers";

// What SQLite and Durable Objects keep in a database for themselves.
const OWN = /^(sqlite_|_cf_)/;

export class Database extends DurableObject {
  // Runs the statements in one transaction: if one fails, none of them has been.
  query(statements, format) {
    try {
      return { results: this.ctx.storage.transactionSync(() => statements.map((s) => this.#run(s, format))) };
    } catch (error) {
      return { error: error.message };
    }
  }

  // Answers the SQL that makes the database.
  dump({ noSchema, noData, tables }) {
    try {
      return { lines: [...this.#dump(noSchema, noData, new Set(tables))] };
    } catch (error) {
      return { error: error.message };
    }
  }

  // Empties the database and answers the name of its files.
  async drop() {
    await this.ctx.storage.deleteAll();
    return { id: this.ctx.id.toString() };
  }

  // Closes the database's files, by ending the object. The call fails therefore.
  leave() {
    this.ctx.abort("left");
  }

  #run({ sql, params }, format) {
    const db = this.ctx.storage.sql;
    const size = db.databaseSize;
    const [changes, row] = this.#counters();
    const cursor = db.exec(sql, ...(params ?? []).map(parameter));
    const columns = cursor.columnNames;
    const rows = Array.from(cursor.raw(), (cells) => cells.map(cell));
    const [changesAfter, rowAfter] = this.#counters();
    const sizeAfter = db.databaseSize;
    return {
      success: true,
      results: format === "ROWS_AND_COLUMNS"
        ? { columns, rows }
        : rows.map((cells) => Object.fromEntries(columns.map((name, i) => [name, cells[i]]))),
      meta: {
        served_by: "emulator",
        served_by_primary: true,
        timings: { sql_duration_ms: 0 }, // the clock stands still while SQL runs
        duration: 0,
        changes: changesAfter - changes,
        last_row_id: rowAfter,
        changed_db: changesAfter !== changes || rowAfter !== row || sizeAfter !== size,
        size_after: sizeAfter,
        rows_read: cursor.rowsRead,
        rows_written: cursor.rowsWritten,
        total_attempts: 1,
      },
    };
  }

  #counters() {
    return this.ctx.storage.sql.exec("SELECT total_changes(), last_insert_rowid()").raw().next().value;
  }

  *#dump(noSchema, noData, only) {
    const db = this.ctx.storage.sql;
    const wanted = (name) => only.size === 0 || only.has(name);
    yield "PRAGMA defer_foreign_keys=TRUE;";
    const tables = db.exec(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name = 'sqlite_sequence', rowid",
    ).toArray();
    for (const { name, sql } of tables) {
      if (!wanted(name)) continue;
      if (/^CREATE VIRTUAL/i.test(sql)) {
        throw new Error("D1 Export error: cannot export databases with Virtual Tables (fts5)");
      }
      if (name === "sqlite_sequence") {
        if (!noSchema) yield "DELETE FROM sqlite_sequence;";
      } else if (OWN.test(name)) {
        continue;
      } else if (!noSchema) {
        yield `${sql};`;
      }
      if (noData) continue;
      const columns = db.exec(`PRAGMA table_info(${quoted(name)})`).toArray().map((column) => quoted(column.name));
      const values = columns.map((column) => `quote(${column})`).join(" || ',' || ");
      for (const [row] of db.exec(`SELECT ${values} FROM ${quoted(name)}`).raw()) {
        yield `INSERT INTO ${quoted(name)} (${columns.join(",")}) VALUES(${row});`;
      }
    }
    if (noSchema) return;
    const rest = db.exec(
      "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('index', 'trigger', 'view') ORDER BY type, rowid",
    );
    for (const { name, sql } of rest.toArray()) if (wanted(name)) yield `${sql};`;
  }
}

function parameter(value) {
  if (Array.isArray(value)) return new Uint8Array(value).buffer;
  return typeof value === "boolean" ? Number(value) : value;
}

function cell(value) {
  return value instanceof ArrayBuffer ? [...new Uint8Array(value)] : value;
}

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

export default {
  async fetch(request, env) {
    const { database, method, args } = await request.json();
    const object = env.DATABASE.get(env.DATABASE.idFromName(database));
    const answer = await object[method](...args);
    if (method === "drop") await object.leave().catch(() => {});
    return Response.json(answer);
  },
};
