/** What the interpreter sends, as it comes over the wire; see docs/protocol.md. */

export const CAPTION_TOPIC = "translator.caption";
export const FACT_TOPIC = "translator.fact";

/** One caption. */
export interface Caption {
  /** What `seq` counts: a language, or `floor/` and a language. */
  readonly stream: string;
  readonly seq: number;
  readonly kind: "segment" | "tail";
  readonly segmentId: string | null;
  readonly revision: number;
  readonly origin: Origin;
  readonly speaker: string;
  readonly speakerName: string;
  readonly sourceLanguage: string | null;
  readonly language: string;
  readonly text: string;
  /** Seconds of meeting time. */
  readonly start: number;
  readonly end: number;
}

export type Origin = "source" | "rendition" | "booth" | "correction";

/** One caption message. */
export interface CaptionMessage {
  readonly caption: Caption;
  /** What is left uncommitted behind a segment. */
  readonly tail: Caption | null;
  /** Whether it was asked for; such a one leaves no gap behind. */
  readonly fill: boolean;
}

/** Something that organizers are told. */
export type Fact =
  | { readonly fact: "SettingsChanged"; readonly number: number; readonly changes: string[] }
  | { readonly fact: "SettingsRefused"; readonly faults: string[] }
  | {
      readonly fact: "Availability";
      readonly engine: string;
      readonly stage: string;
      readonly available: boolean;
      readonly why: string;
      readonly instead: string[];
    }
  | { readonly fact: "Ceiling"; readonly message: string }
  | {
      readonly fact: "Failed";
      readonly stage: string;
      readonly language: string | null;
      readonly message: string;
    };

const VERSION = 1;
const ORIGINS: readonly unknown[] = ["source", "rendition", "booth", "correction"];
const LINES = 50;

type Fields = Readonly<Record<string, unknown>>;

/** A caption message, or null for what is none. */
export function parseCaption(payload: Uint8Array): CaptionMessage | null {
  const fields = decoded(payload);
  const found = fields && caption(fields);
  if (!fields || !found) return null;
  const { tail } = fields;
  return {
    caption: found,
    tail: found.kind === "segment" && isFields(tail) ? caption(tail) : null,
    fill: fields.fill === true,
  };
}

/** A fact that is for people, or null. */
export function parseFact(payload: Uint8Array): Fact | null {
  const fields = decoded(payload);
  switch (fields?.fact) {
    case "SettingsChanged": {
      const { number } = fields;
      return typeof number === "number"
        ? { fact: "SettingsChanged", number, changes: lines(fields.changes) }
        : null;
    }
    case "SettingsRefused":
      return { fact: "SettingsRefused", faults: lines(fields.faults) };
    case "Availability": {
      const { engine, stage, available, why, instead } = fields;
      return isText(engine) && isText(stage) && typeof available === "boolean" && isText(why)
        ? { fact: "Availability", engine, stage, available, why, instead: lines(instead) }
        : null;
    }
    case "Ceiling":
      return isText(fields.message) ? { fact: "Ceiling", message: fields.message } : null;
    case "Failed": {
      const { stage, language, message } = fields;
      return isText(stage) && isText(message)
        ? { fact: "Failed", stage, language: isText(language) ? language : null, message }
        : null;
    }
    default:
      return null;
  }
}

function caption(fields: Fields): Caption | null {
  const { v, stream, seq, kind, segment_id, revision, origin, speaker, speaker_name } = fields;
  const { source_language, language, text, start, end } = fields;
  const valid =
    v === VERSION &&
    isText(stream) &&
    isCount(seq) &&
    (kind === "segment" || kind === "tail") &&
    (segment_id === null || isText(segment_id)) &&
    isCount(revision) &&
    isOrigin(origin) &&
    isText(speaker) &&
    isText(speaker_name) &&
    (source_language === null || isText(source_language)) &&
    isText(language) &&
    isText(text) &&
    isSeconds(start) &&
    isSeconds(end);
  if (!valid) return null;
  return {
    stream,
    seq,
    kind,
    segmentId: segment_id,
    revision,
    origin,
    speaker,
    speakerName: speaker_name,
    sourceLanguage: source_language,
    language,
    text,
    start,
    end,
  };
}

function decoded(payload: Uint8Array): Fields | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    return isFields(value) ? value : null;
  } catch {
    return null; // no JSON, or no UTF-8
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSeconds(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isOrigin(value: unknown): value is Origin {
  return ORIGINS.includes(value);
}

function lines(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(isText).slice(0, LINES) : [];
}
