// SPDX-License-Identifier: Apache-2.0

import { kindOf, Summary } from "./summary";

/** The summary as a comment on a pull request. */
export function markdown(summary: Summary): string {
  if (summary.changes.length === 0) {
    return `### ${code(summary.stack)}: nothing to do\n`;
  }
  const parts = [`### ${code(summary.stack)}: ${counts(summary)}\n`];
  if (summary.dataAtRisk.length > 0) {
    const lines = summary.dataAtRisk.map(
      (d) => `> - ${code(d.resource)}: ${d.kind} ${code(d.name)}, by ${d.operation}\n`,
    );
    parts.push("> [!CAUTION]\n> Data would be lost:\n" + lines.join(""));
  }
  if (summary.barriers.length > 0) {
    const lines = summary.barriers.map((barrier) => `> - ${code(barrier.worker)}: ${code(barrier.reason)}\n`);
    const warning = "This deployment cannot be rolled back: if its smoke test fails, it serves nevertheless.";
    parts.push(`> [!WARNING]\n> ${warning}\n` + lines.join(""));
  }
  const rows = summary.changes.map(
    (c) => `| ${c.operation} | ${kindOf(c.type)} ${code(c.name)} | ${c.properties.map(code).join(", ")} |\n`,
  );
  parts.push("| | resource | properties |\n|---|---|---|\n" + rows.join(""));
  const said = { add: " (new)", same: "", delete: " (no more)" };
  parts.push(
    ...list("Code", summary.bundles, (c) => `${code(c.worker)}: ${short(c.old)} → ${short(c.new)}`),
    ...list("Secrets, by name", summary.secrets, (c) => `${code(c.resource)}: ${c.operation} ${code(c.name)}`),
    ...list("Addresses", summary.addresses, (a) => `${code(a.worker)}: ${a.url}${said[a.operation]}`),
  );
  return parts.join("\n");
}

/** A list with its heading, if it has items. */
function list<T>(heading: string, items: T[], line: (item: T) => string): string[] {
  return items.length === 0 ? [] : [`**${heading}**\n\n${items.map((item) => `- ${line(item)}\n`).join("")}`];
}

/** How many resources there are of each operation, in the order of their first. */
function counts({ changes }: Summary): string {
  const operations = [...new Set(changes.map((change) => change.operation))];
  return operations
    .map((operation) => `${changes.filter((change) => change.operation === operation).length} to ${operation}`)
    .join(", ");
}

/** A digest that people can compare; the JSON has all of it. */
function short(digest: string): string {
  return digest === "" ? "none" : digest.length > 12 ? code(digest.slice(0, 12)) : digest;
}

/** Sets a name so that nothing in it is markup. */
function code(name: string): string {
  return "`" + name.replaceAll("`", "'").replaceAll("|", "\\|").replaceAll(/[\n\r]/g, " ") + "`";
}
