/** Lines and tails as they are read: what one person says in a row stands together. Pure. */

import { FLOOR, type Line } from "./captions";
import { same } from "./languages";
import type { Caption } from "./messages";

export interface Paragraph {
  readonly id: string;
  readonly speaker: string;
  readonly speakerName: string;
  readonly sourceLanguage: string | null;
  readonly language: string;
  /** Whether it stands as it was spoken because it could not be interpreted. */
  readonly uninterpreted: boolean;
  readonly lines: readonly Line[];
  /** Text that may change. */
  readonly tail: string;
}

/** Characters after which a paragraph ends with its sentence. */
const LONG = 320;
/** Characters after which it ends anyhow. */
const TOO_LONG = 640;
/** Seconds of silence that end it. */
const PAUSE = 6;

type Growing = Paragraph & { lines: Line[]; tail: string };

export function paragraphs(
  lines: readonly Line[],
  tails: readonly Caption[],
  reading: string,
): Paragraph[] {
  const found: Growing[] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && continues(last, line.caption, reading)) last.lines.push(line);
    else found.push(begin(line.id, line.caption, reading, [line]));
  }
  for (const tail of tails) {
    const last = found.at(-1);
    if (last !== undefined && last.tail === "" && continues(last, tail, reading)) {
      last.tail = tail.text;
    } else {
      const opened = begin(`tail/${tail.stream}/${tail.speaker}`, tail, reading, []);
      opened.tail = tail.text;
      found.push(opened);
    }
  }
  return found;
}

function begin(id: string, caption: Caption, reading: string, lines: Line[]): Growing {
  return {
    id,
    speaker: caption.speaker,
    speakerName: caption.speakerName,
    sourceLanguage: caption.sourceLanguage,
    language: caption.language,
    uninterpreted: isUninterpreted(caption, reading),
    lines,
    tail: "",
  };
}

function isUninterpreted(caption: Caption, reading: string): boolean {
  return caption.origin === "source" && reading !== FLOOR && !same(caption.language, reading);
}

function continues(paragraph: Paragraph, caption: Caption, reading: string): boolean {
  const last = paragraph.lines.at(-1)?.caption;
  return (
    last !== undefined &&
    paragraph.speaker === caption.speaker &&
    paragraph.speakerName === caption.speakerName &&
    paragraph.language === caption.language &&
    (paragraph.sourceLanguage === caption.sourceLanguage || caption.sourceLanguage === null) &&
    paragraph.uninterpreted === isUninterpreted(caption, reading) &&
    caption.start - last.end < PAUSE &&
    !isFull(paragraph, last)
  );
}

function isFull(paragraph: Paragraph, last: Caption): boolean {
  const size = paragraph.lines.reduce((sum, line) => sum + line.caption.text.length, 0);
  return size > TOO_LONG || (size > LONG && /[.!?…。！？؟]["'”’»)\]]*$/u.test(last.text));
}
