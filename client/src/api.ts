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
  /** Whether the person agreed to be heard in a copy of its voice. */
  readonly voice: boolean;
}

/** What is asked before anybody joins with a link. */
export interface Invitation {
  /** The person that it is for; "" for anybody. */
  readonly name: string;
  /** Whether a copy of that person's voice may be used, if the person agrees. */
  readonly voice: boolean;
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

/** What a link says before anybody joins; null where it says nothing: to join tells why. */
export async function look(link: string, send: typeof fetch = fetch): Promise<Invitation | null> {
  try {
    const response = await post("/api/link", { link }, send);
    const answer = (await response.json()) as Partial<Invitation> | null;
    if (!response.ok || typeof answer?.name !== "string") return null;
    return { name: answer.name, voice: answer.voice === true };
  } catch {
    return null;
  }
}

/** Exchange a link for a token; `voice` is a person's consent. Throws JoinError. */
export async function join(
  link: string,
  name: string,
  voice: boolean,
  send: typeof fetch = fetch,
): Promise<Joined> {
  let response: Response;
  try {
    response = await post("/api/join", { link, name, voice }, send);
  } catch {
    throw new JoinError("network", strings.unreachable);
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok && isJoined(answer)) return answer;
  throw refusal(answer, response.headers.get("Retry-After"));
}

function post(path: string, body: object, send: typeof fetch): Promise<Response> {
  return send(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    cache: "no-store",
  });
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
    fields.every((field) => typeof (answer as Record<string, unknown>)[field] === "string") &&
    typeof (answer as Record<string, unknown>).voice === "boolean"
  );
}
