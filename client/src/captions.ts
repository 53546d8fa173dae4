/**
 * The captions of what is being read. Pure: messages in, lines and tails out.
 *
 * Rule 1. Only the wanted language's stream counts, or every `floor/…` where `floor` is wanted.
 * Rule 2. `seq` counts a stream's messages, tails too. A message that jumps ahead leaves a gap:
 *         `push` says so, and whoever holds the connection asks for what is missing, once.
 * Rule 3. The answer's captions have `fill`: they go where they belong and leave no gap, but
 *         behind a full answer there may be more: `push` says so as of a gap.
 * Rule 4. A tail replaces the speaker's tail of its stream, never by an older revision.
 * Rule 5. A bridge that starts anew counts from 1 again: `restart` keeps the lines, and what
 *         comes then stands behind them.
 * Rule 6. Only a person's correction changes a line, whichever of the two comes first.
 */

import type { Caption, CaptionMessage } from "./messages";

export const FLOOR = "floor";

/** Lines that are kept. */
export const KEPT = 500;

/** Captions of a full answer. */
export const FULL = 200;

/** A committed caption in its place. */
export interface Line {
  readonly id: string;
  readonly caption: Caption;
  readonly corrected: boolean;
}

/** Captions of a stream that are missing. */
export interface Gap {
  readonly stream: string;
  /** The last that is known; 0 where none is, for the latest. */
  readonly afterSeq: number;
}

interface Entry extends Line {
  /** How many times the bridge had started anew. */
  readonly life: number;
  /** Its place; a correction keeps the one of what it corrects. */
  readonly seq: number;
}

export class Captions {
  private entries: Entry[] = [];
  private readonly open = new Map<string, Caption>();
  /** By stream, of what came by itself. */
  private readonly newest = new Map<string, number>();
  /** By stream, of what came at all. */
  private readonly known = new Map<string, number>();
  /** By stream, how many came of those that were asked for. */
  private readonly filled = new Map<string, number>();
  private readonly revisions = new Map<string, number>();
  private readonly languages = new Map<string, { language: string; start: number; life: number }>();
  private wanted = "";
  private life = 0;

  /** What is read now: a language, `floor`, or "" for nothing. */
  get reading(): string {
    return this.wanted;
  }

  /** Committed lines, oldest first. */
  get lines(): readonly Line[] {
    return this.entries;
  }

  /** Uncommitted text, by who began first. */
  get tails(): readonly Caption[] {
    return [...this.open.values()].sort((a, b) => a.start - b.start);
  }

  /** The language that a person spoke last, as far as it is known. */
  languageOf(speaker: string): string | null {
    return this.languages.get(speaker)?.language ?? null;
  }

  /** What may be missing after a silence. */
  get since(): readonly Gap[] {
    const gaps = [...this.known].map(([stream, afterSeq]) => ({ stream, afterSeq }));
    const first = this.wanted === FLOOR || (this.wanted !== "" && gaps.length === 0);
    return first ? [...gaps, { stream: this.wanted, afterSeq: 0 }] : gaps;
  }

  /** Read something else; what was read before goes. */
  read(stream: string): void {
    if (stream === this.wanted) return;
    this.wanted = stream;
    this.entries = [];
    this.forget();
  }

  /** The bridge begins anew. */
  restart(): void {
    this.life += 1;
    this.forget();
  }

  /** A person is gone, and what was not committed of it. */
  leave(speaker: string): void {
    for (const [key, tail] of this.open) if (tail.speaker === speaker) this.open.delete(key);
  }

  /** Take a message; the gap that it leaves behind, or null. */
  push(message: CaptionMessage): Gap | null {
    const { caption, tail, fill } = message;
    this.note(caption);
    if (!this.wants(caption.stream)) return null;
    this.known.set(caption.stream, Math.max(this.known.get(caption.stream) ?? 0, caption.seq));
    const gap = fill ? this.countFilled(caption) : this.count(caption);
    if (caption.kind === "tail") this.replaceTail(caption);
    else this.commit(caption);
    if (tail !== null && !fill && tail.stream === caption.stream) this.replaceTail(tail);
    return gap;
  }

  private wants(stream: string): boolean {
    return stream === this.wanted || (this.wanted === FLOOR && stream.startsWith(`${FLOOR}/`));
  }

  private forget(): void {
    this.open.clear();
    this.newest.clear();
    this.known.clear();
    this.filled.clear();
    this.revisions.clear();
  }

  /** Who spoke what last: a caption that comes late says nothing of now. */
  private note({ speaker, sourceLanguage, start }: Caption): void {
    if (sourceLanguage === null) return;
    const known = this.languages.get(speaker);
    if (known === undefined || known.life < this.life || known.start <= start) {
      this.languages.set(speaker, { language: sourceLanguage, start, life: this.life });
    }
  }

  private count({ stream, seq }: Caption): Gap | null {
    const newest = this.newest.get(stream);
    this.newest.set(stream, Math.max(newest ?? 0, seq));
    return newest !== undefined && seq > newest + 1 ? { stream, afterSeq: newest } : null;
  }

  private countFilled({ stream, seq }: Caption): Gap | null {
    const filled = (this.filled.get(stream) ?? 0) + 1;
    this.filled.set(stream, filled);
    return filled % FULL === 0 ? { stream, afterSeq: seq } : null;
  }

  private replaceTail(tail: Caption): void {
    const key = JSON.stringify([tail.stream, tail.speaker]);
    if (tail.revision <= (this.revisions.get(key) ?? -1)) return;
    this.revisions.set(key, tail.revision);
    if (tail.text === "") this.open.delete(key);
    else this.open.set(key, tail);
  }

  private commit(caption: Caption): void {
    const entry: Entry = {
      id: `${this.life}/${caption.stream}/${caption.seq}`,
      life: this.life,
      seq: caption.seq,
      caption,
      corrected: caption.origin === "correction",
    };
    if (this.entries.some((other) => other.id === entry.id)) return;
    if (this.correct(entry)) return;
    const place = this.entries.findLastIndex((other) => this.precedes(other, entry)) + 1;
    this.entries.splice(place, 0, entry);
    this.entries.splice(0, this.entries.length - KEPT);
  }

  /** Whether the segment has its line already; a correction takes that line over. */
  private correct({ caption, corrected }: Entry): boolean {
    const place = this.entries.findIndex(
      (other) =>
        (corrected || other.corrected) &&
        caption.segmentId !== null &&
        other.caption.segmentId === caption.segmentId &&
        other.caption.stream === caption.stream,
    );
    const line = this.entries[place];
    if (line === undefined) return false;
    const newer = corrected && (!line.corrected || caption.seq > line.caption.seq);
    if (newer) this.entries[place] = { ...line, caption, corrected };
    return true;
  }

  /** A stream is ordered by `seq`; several of them, of the floor, by when it was said. */
  private precedes(one: Entry, other: Entry): boolean {
    if (one.life !== other.life) return one.life < other.life;
    if (this.wanted !== FLOOR) return one.seq < other.seq;
    return one.caption.start <= other.caption.start;
  }
}
