// SPDX-License-Identifier: Apache-2.0

import { EngineEvent } from "@pulumi/pulumi/automation";

/** Writes a line about an event, if it deserves one: a step that is done or failed, a warning, an error. */
export function report(event: EngineEvent): void {
  const line = progress(event);
  if (line) {
    console.error(line);
  }
}

function progress({ resOutputsEvent, resOpFailedEvent, diagnosticEvent }: EngineEvent): string | undefined {
  if (resOutputsEvent && resOutputsEvent.metadata.op !== "same") {
    return `${resOutputsEvent.metadata.op} ${of(resOutputsEvent.metadata.urn)}`;
  }
  if (resOpFailedEvent) {
    return `failed: ${resOpFailedEvent.metadata.op} ${of(resOpFailedEvent.metadata.urn)}`;
  }
  if (diagnosticEvent && !diagnosticEvent.ephemeral && diagnosticEvent.severity !== "info") {
    return `${diagnosticEvent.severity}: ${diagnosticEvent.message}`.trim();
  }
}

/** A resource's type and name, without the rest of its URN. */
function of(urn: string): string {
  const [, , type, name] = urn.split("::");
  return type && name ? `${type.slice(type.lastIndexOf(":") + 1)} ${name}` : urn;
}
