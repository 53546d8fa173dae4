/** Languages are BCP-47 codes, matched by RFC 4647 look-up. */

/** What a meeting offers, from the room's metadata. */
export interface Languages {
  /** Code and own name of each language that can be read. */
  readonly offered: ReadonlyMap<string, string>;
  /** Those of them that can be heard. */
  readonly voices: readonly string[];
  /** Codes of the languages that are identified when people speak. */
  readonly spoken: readonly string[];
  /** Why somebody is not interpreted, for people; null where there is nothing to say. */
  readonly problem: string | null;
  /** Identities of those because of whom nothing more may be spent. */
  readonly limited: readonly string[];
}

/** More languages than this are no meeting but an attack. */
const MOST = 300;
const LONGEST_CODE = 35;
const LONGEST_NAME = 80;
const LONGEST_PROBLEM = 500;

/** What the room's metadata says; null while it says nothing of languages. */
export function parseLanguages(metadata: string | undefined): Languages | null {
  const ours = record(record(parsed(metadata))?.translator);
  const offered = record(ours?.languages);
  if (ours === null || offered === null) return null;
  const { spoken, problem, voices, limited } = ours;
  return {
    offered: new Map(
      Object.entries(offered)
        .filter((entry): entry is [string, string] => isCode(entry[0]) && isText(entry[1]))
        .slice(0, MOST)
        .map(([code, name]) => [code, name.slice(0, LONGEST_NAME)]),
    ),
    voices: Array.isArray(voices) ? voices.filter(isCode).slice(0, MOST) : Object.keys(offered),
    spoken: Array.isArray(spoken) ? spoken.filter(isCode).slice(0, MOST) : [],
    problem: isText(problem) ? problem.slice(0, LONGEST_PROBLEM) : null,
    limited: Array.isArray(limited) ? limited.filter(isText) : [],
  };
}

/** The best of `available` for `wanted`, by RFC 4647 §3.4: drop subtags from the end. */
export function lookup(wanted: string, available: Iterable<string>): string | null {
  const byLower = new Map([...available].map((code) => [code.toLowerCase(), code]));
  const parts = wanted.toLowerCase().split("-");
  while (parts.length > 0) {
    const found = byLower.get(parts.join("-"));
    if (found !== undefined) return found;
    parts.pop();
    // A single letter only introduces what was dropped.
    if (parts.at(-1)?.length === 1) parts.pop();
  }
  return null;
}

/** The first of the browser's languages that the meeting offers. */
export function proposal(preferred: readonly string[], available: Iterable<string>): string | null {
  const codes = [...available];
  for (const wanted of preferred) {
    const found = lookup(wanted, codes);
    if (found !== null) return found;
  }
  return null;
}

/** Whether who understands `one` understands `other`: regions do not part a language. */
export function same(one: string, other: string): boolean {
  return primary(one) === primary(other);
}

/** The language's name for itself, as the meeting says it, else as the browser knows it. */
export function ownName(code: string, languages: Languages | null): string {
  return languages?.offered.get(code) ?? displayName(code) ?? code;
}

function displayName(code: string): string | undefined {
  try {
    const name = new Intl.DisplayNames([code], { type: "language" }).of(code);
    return name && name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
  } catch {
    return undefined; // no code at all
  }
}

function primary(code: string): string {
  return code.toLowerCase().split("-", 1)[0] ?? "";
}

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? "");
  } catch {
    return null;
  }
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isCode(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(value)
    ? value.length <= LONGEST_CODE
    : false;
}
