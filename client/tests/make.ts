/** Captions as the bridge would send them. */

import type { Caption, CaptionMessage } from "../src/messages";

export function caption(changes: Partial<Caption> = {}): Caption {
  return {
    stream: "es",
    seq: 1,
    kind: "segment",
    segmentId: `s${changes.seq ?? 1}`,
    revision: 0,
    origin: "rendition",
    speaker: "p-ana",
    speakerName: "Ana",
    sourceLanguage: "en",
    language: "es",
    text: `text ${changes.seq ?? 1}`,
    start: changes.seq ?? 1,
    end: (changes.seq ?? 1) + 1,
    ...changes,
  };
}

export function tail(changes: Partial<Caption> = {}): Caption {
  return caption({ kind: "tail", segmentId: null, revision: 1, text: "tail", ...changes });
}

export function message(
  changes: Partial<Caption> = {},
  left: Caption | null = null,
): CaptionMessage {
  return { caption: caption(changes), tail: left, fill: false };
}

export function tailMessage(changes: Partial<Caption> = {}): CaptionMessage {
  return { caption: tail(changes), tail: null, fill: false };
}

export function fill(changes: Partial<Caption> = {}): CaptionMessage {
  return { caption: caption(changes), tail: null, fill: true };
}

/** What stands on the wire for a caption. */
export function wire(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    v: 1,
    stream: "es",
    seq: 7,
    kind: "segment",
    segment_id: "s7",
    revision: 0,
    final: true,
    origin: "rendition",
    speaker: "p-ana",
    speaker_name: "Ana",
    source_language: "en",
    language: "es",
    text: "hola",
    start: 1.5,
    end: 2.5,
    ...changes,
  };
}

export function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}
