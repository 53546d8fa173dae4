/** The web server: a join link and a name become a token. */

import { strings } from "./strings";

/** What a join gives. */
export interface Joined {
  readonly url: string;
  readonly token: string;
  readonly identity: string;
  readonly meeting: string;
  readonly title: string;
  readonly role: string;
  readonly name: string;
}

/** Why there is no token; the message is for people. */
export class JoinError extends Error {
  override readonly name = "JoinError";

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The link's secret in the page's own address, or null. */
export function linkIn(path: string): string | null {
  const found = /^\/m\/([^/]+)\/?$/.exec(path)?.[1];
  try {
    return found === undefined ? null : decodeURIComponent(found);
  } catch {
    return null; // a broken escape
  }
}

/** Exchange a link for a token. Throws JoinError. */
export async function join(
  link: string,
  name: string,
  send: typeof fetch = fetch,
): Promise<Joined> {
  let response: Response;
  try {
    response = await send("/api/join", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ link, name }),
      cache: "no-store",
    });
  } catch {
    throw new JoinError("network", strings.unreachable);
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok && isJoined(answer)) return answer;
  throw refusal(answer, response.headers.get("Retry-After"));
}

function refusal(answer: unknown, retryAfter: string | null): JoinError {
  const error = (answer as { error?: { code?: unknown; message?: unknown } } | null)?.error;
  if (typeof error?.code !== "string" || typeof error.message !== "string") {
    return new JoinError("answer", strings.notUnderstood);
  }
  const wait = Number(retryAfter);
  const message = wait > 0 ? `${error.message} ${strings.tryAgainIn(wait)}` : error.message;
  return new JoinError(error.code, message);
}

function isJoined(answer: unknown): answer is Joined {
  const fields = ["url", "token", "identity", "meeting", "title", "role", "name"];
  return (
    typeof answer === "object" &&
    answer !== null &&
    fields.every((field) => typeof (answer as Record<string, unknown>)[field] === "string")
  );
}
