// SPDX-License-Identifier: Apache-2.0

/** What is wrong with a request, to be told to whoever made it. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

/** Turns what was thrown into an answer. What was not meant for the world goes into the log only. */
export function errorResponse(error: unknown): Response {
  if (error instanceof HttpError) {
    return Response.json({ error: error.message }, { status: error.status, headers: error.headers });
  }
  console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  return Response.json({ error: "something went wrong on our side" }, { status: 500 });
}

/** Refuses a request that does not bring the token. */
export async function authorize(request: Request, token: string): Promise<void> {
  const given = request.headers.get("authorization")?.match(/^Bearer (.+)$/i)?.[1] ?? "";
  // Digests have one length, so that comparing takes as long whatever was given.
  const [a, b] = await Promise.all([digest(given), digest(token)]);
  if (!crypto.subtle.timingSafeEqual(a, b)) {
    throw new HttpError(401, "this needs the API token", { "www-authenticate": "Bearer" });
  }
}

async function digest(text: string): Promise<ArrayBuffer> {
  return await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
