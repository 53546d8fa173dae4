/**
 * What of each language can be had now: attribute `translator.conditions` of the bridge. Of what
 * is not in it nothing is missing. Pure.
 */

import { FLOOR } from "./captions";
import { same } from "./languages";

export const CONDITIONS = "translator.conditions";

export interface Condition {
  /** Captions: what is written is not spoken; off: there are neither. */
  readonly voice: "on" | "captions" | "off";
  /** Languages in which what is said stands in the captions as it was said. */
  readonly asSaid: readonly string[];
  readonly why: "engine" | "cost" | null;
  /** Engines of the language that are not used, also where others do their work. */
  readonly down: readonly string[];
}

export type Conditions = ReadonlyMap<string, Condition>;

/** One thing that a listener or reader misses. */
export type Missing =
  | { readonly what: "voice" | "language"; readonly why: Condition["why"] }
  /** `spoken` are the languages in question; empty where it is all of them. */
  | { readonly what: "speech" | "text"; readonly spoken: readonly string[] };

const WELL: Condition = { voice: "on", asSaid: [], why: null, down: [] };
const VOICES: readonly unknown[] = ["on", "captions", "off"];
const REASONS: readonly unknown[] = ["engine", "cost"];
/** More names than this are read of nothing. */
const MOST = 100;

/** By language; what is none is left out. */
export function parseConditions(attribute: string | undefined): Conditions {
  let found: unknown;
  try {
    found = JSON.parse(attribute ?? "{}");
  } catch {
    found = {};
  }
  const entries = Object.entries(isFields(found) ? found : {}).slice(0, MOST);
  return new Map(
    entries.flatMap(([code, value]) => {
      const one = condition(value);
      return one === null ? [] : [[code, one] as const];
    }),
  );
}

/** What somebody misses who listens to one language and reads another. */
export function missing(
  conditions: Conditions,
  wanted: { readonly listen: string; readonly read: string },
  spoken: readonly string[],
): Missing[] {
  const { listen, read } = wanted;
  const found: Missing[] = [];
  const heard = conditions.get(listen) ?? WELL;
  if (heard.voice === "captions") found.push({ what: "voice", why: heard.why });
  if (heard.voice === "off") found.push({ what: "language", why: heard.why });
  const text = read === FLOOR ? WELL : (conditions.get(read) ?? WELL);
  if (text.voice === "off" && read !== listen) found.push({ what: "language", why: text.why });
  if (text.asSaid.length > 0) {
    found.push({ what: "text", spoken: part(text.asSaid, read, spoken) });
  } else if (heard.asSaid.length > 0 && heard.voice === "on") {
    found.push({ what: "speech", spoken: part(heard.asSaid, listen, spoken) });
  }
  return found;
}

/** Whether a channel says what somebody says in `language`; null: nobody knows which it is. */
export function interprets(one: Condition | undefined, language: string | null): boolean {
  const { voice, asSaid } = one ?? WELL;
  return voice === "on" && !asSaid.some((code) => language !== null && same(code, language));
}

/** Engines that are not used. */
export function down(conditions: Conditions): string[] {
  return [...new Set([...conditions.values()].flatMap((one) => one.down))];
}

/** Nothing, where all that is spoken beside `target` is affected. */
function part(some: readonly string[], target: string, spoken: readonly string[]): string[] {
  const others = spoken.filter((code) => !same(code, target));
  return others.every((code) => some.includes(code)) ? [] : [...some];
}

function condition(value: unknown): Condition | null {
  if (!isFields(value) || !VOICES.includes(value.voice)) return null;
  return {
    voice: value.voice as Condition["voice"],
    asSaid: names(value.as_said),
    why: REASONS.includes(value.why) ? (value.why as Condition["why"]) : null,
    down: names(value.down),
  };
}

function names(value: unknown): string[] {
  const all: unknown[] = Array.isArray(value) ? value : [];
  return all.filter((one): one is string => typeof one === "string").slice(0, MOST);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
