import { describe, expect, test } from "vitest";
import { Captions, FULL, KEPT } from "../src/captions";
import { fill, message, tail, tailMessage } from "./make";

function reading(stream: string): Captions {
  const captions = new Captions();
  captions.read(stream);
  return captions;
}

const texts = (captions: Captions) => captions.lines.map(({ caption }) => caption.text);
const tails = (captions: Captions) => captions.tails.map(({ text }) => text);
const seqs = (captions: Captions) => captions.lines.map(({ caption }) => caption.seq);

describe("gaps", () => {
  test("a message that jumps ahead says what is missing, once", () => {
    const captions = reading("es");
    expect(captions.push(message({ seq: 4 }))).toBeNull();
    expect(captions.push(message({ seq: 7 }))).toEqual({ stream: "es", afterSeq: 4 });
    expect(captions.push(message({ seq: 8 }))).toBeNull();
  });

  test("the first message is no gap, whatever its number", () => {
    expect(reading("es").push(message({ seq: 90 }))).toBeNull();
  });

  test("tails count", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1 }));
    captions.push(tailMessage({ seq: 2 }));
    expect(captions.push(message({ seq: 3 }))).toBeNull();
    expect(captions.push(tailMessage({ seq: 5, revision: 9 }))).toEqual({
      stream: "es",
      afterSeq: 3,
    });
  });

  test("every stream of the floor counts for itself", () => {
    const captions = reading("floor");
    captions.push(message({ stream: "floor/en", seq: 1 }));
    expect(captions.push(message({ stream: "floor/fr", seq: 40 }))).toBeNull();
    expect(captions.push(message({ stream: "floor/en", seq: 3 }))).toEqual({
      stream: "floor/en",
      afterSeq: 1,
    });
  });

  test("a duplicate changes nothing and leaves no gap", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1 }));
    captions.push(message({ seq: 2 }));
    expect(captions.push(message({ seq: 1, text: "other" }))).toBeNull();
    expect(texts(captions)).toEqual(["text 1", "text 2"]);
    expect(captions.push(message({ seq: 3 }))).toBeNull();
  });

  test("captions that were asked for go where they belong and leave no gap", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1 }));
    captions.push(message({ seq: 9 }));
    for (const seq of [3, 6, 1, 9]) expect(captions.push(fill({ seq }))).toBeNull();
    expect(seqs(captions)).toEqual([1, 3, 6, 9]);
  });

  test("what was asked for does not hide a gap behind it", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1 }));
    captions.push(fill({ seq: 30 }));
    expect(captions.push(message({ seq: 4 }))).toEqual({ stream: "es", afterSeq: 1 });
  });
});

describe("a long hole", () => {
  const answer = (captions: Captions, from: number, to: number) => {
    const asked = [];
    for (let seq = from; seq <= to; seq += 1) asked.push(captions.push(fill({ seq })));
    return asked.filter((gap) => gap !== null);
  };

  test("is asked for from the last that came, until an answer is not full", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1 }));
    expect(captions.push(message({ seq: 300 }))).toEqual({ stream: "es", afterSeq: 1 });
    expect(answer(captions, 2, 1 + FULL)).toEqual([{ stream: "es", afterSeq: 1 + FULL }]);
    expect(answer(captions, 2 + FULL, 300)).toEqual([]);
    expect(captions.lines).toHaveLength(300);
  });

  test("is asked for again by a bridge that begins anew only when its own answer is full", () => {
    const captions = reading("es");
    answer(captions, 1, FULL - 1);
    captions.restart();
    expect(answer(captions, 1, FULL - 1)).toEqual([]);
    expect(answer(captions, FULL, FULL)).toEqual([{ stream: "es", afterSeq: FULL }]);
  });
});

describe("after a silence", () => {
  test("the latest are asked for where none is known", () => {
    expect(reading("es").since).toEqual([{ stream: "es", afterSeq: 0 }]);
    expect(reading("floor").since).toEqual([{ stream: "floor", afterSeq: 0 }]);
    expect(reading("").since).toEqual([]);
  });

  test("everything behind the newest is asked for, whether it came by itself or was asked for", () => {
    const captions = reading("es");
    captions.push(fill({ seq: 40 }));
    expect(captions.since).toEqual([{ stream: "es", afterSeq: 40 }]);
    captions.push(tailMessage({ seq: 52 }));
    captions.push(fill({ seq: 44 }));
    expect(captions.since).toEqual([{ stream: "es", afterSeq: 52 }]);
  });

  test("every language of the floor is asked for, and those that nobody spoke before", () => {
    const captions = reading("floor");
    captions.push(message({ stream: "floor/en", seq: 8 }));
    captions.push(message({ stream: "floor/fr", seq: 3 }));
    expect(captions.since).toEqual([
      { stream: "floor/en", afterSeq: 8 },
      { stream: "floor/fr", afterSeq: 3 },
      { stream: "floor", afterSeq: 0 },
    ]);
  });

  test("a bridge that has begun anew, and another language, are asked for the latest", () => {
    const captions = reading("es");
    captions.push(message({ seq: 40 }));
    captions.restart();
    expect(captions.since).toEqual([{ stream: "es", afterSeq: 0 }]);
    captions.push(message({ seq: 2 }));
    captions.read("fr");
    expect(captions.since).toEqual([{ stream: "fr", afterSeq: 0 }]);
  });
});

describe("order", () => {
  test("a language is ordered by seq, in whatever order it comes", () => {
    const captions = reading("es");
    for (const seq of [5, 2, 9, 1]) captions.push(message({ seq, start: 10 - seq }));
    expect(seqs(captions)).toEqual([1, 2, 5, 9]);
  });

  test("the floor is ordered by when it was said", () => {
    const captions = reading("floor");
    captions.push(message({ stream: "floor/en", seq: 8, start: 20, text: "second" }));
    captions.push(message({ stream: "floor/fr", seq: 1, start: 30, text: "third" }));
    captions.push(fill({ stream: "floor/fr", seq: 2, start: 10, text: "first" }));
    expect(texts(captions)).toEqual(["first", "second", "third"]);
  });

  test("the oldest lines go", () => {
    const captions = reading("es");
    for (let seq = 1; seq <= KEPT + 20; seq += 1) captions.push(message({ seq }));
    captions.push(fill({ seq: 3 }));
    expect(captions.lines).toHaveLength(KEPT);
    expect(seqs(captions)[0]).toBe(21);
  });
});

describe("tails", () => {
  test("a tail replaces the speaker's tail before", () => {
    const captions = reading("es");
    captions.push(tailMessage({ seq: 1, revision: 1, text: "ho" }));
    captions.push(tailMessage({ seq: 2, revision: 2, text: "hola" }));
    expect(tails(captions)).toEqual(["hola"]);
  });

  test("an older tail replaces nothing", () => {
    const captions = reading("es");
    captions.push(tailMessage({ seq: 2, revision: 2, text: "hola" }));
    captions.push(tailMessage({ seq: 1, revision: 1, text: "ho" }));
    expect(tails(captions)).toEqual(["hola"]);
  });

  test("a segment and what is left behind it change together", () => {
    const captions = reading("es");
    captions.push(tailMessage({ seq: 1, revision: 1, text: "hola a todos" }));
    captions.push(
      message({ seq: 2, text: "hola" }, tail({ seq: 2, revision: 2, text: "a todos" })),
    );
    expect(texts(captions)).toEqual(["hola"]);
    expect(tails(captions)).toEqual(["a todos"]);
  });

  test("an empty tail is none", () => {
    const captions = reading("es");
    captions.push(tailMessage({ seq: 1, revision: 1, text: "hola" }));
    captions.push(message({ seq: 2, text: "hola" }, tail({ seq: 2, revision: 2, text: "" })));
    expect(tails(captions)).toEqual([]);
  });

  test("every speaker has a tail, the one who began first comes first", () => {
    const captions = reading("es");
    captions.push(tailMessage({ seq: 1, speaker: "p-ben", start: 9, text: "later" }));
    captions.push(tailMessage({ seq: 2, speaker: "p-ana", start: 3, text: "sooner" }));
    expect(tails(captions)).toEqual(["sooner", "later"]);
  });

  test("who is gone leaves no tail", () => {
    const captions = reading("es");
    captions.push(tailMessage({ speaker: "p-ben" }));
    captions.leave("p-ben");
    expect(tails(captions)).toEqual([]);
  });

  test("a tail of another stream does not come in with a segment", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1 }, tail({ stream: "fr", text: "bonjour" })));
    expect(tails(captions)).toEqual([]);
  });
});

describe("what is read", () => {
  test("other languages are not shown", () => {
    const captions = reading("es");
    captions.push(message({ stream: "fr" }));
    captions.push(message({ stream: "floor/es" }));
    captions.push(message({ stream: "es-MX" }));
    expect(captions.lines).toEqual([]);
  });

  test("another language begins empty, and without gaps", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1 }));
    captions.push(tailMessage({ seq: 2 }));
    captions.read("fr");
    expect(captions.lines).toEqual([]);
    expect(captions.tails).toEqual([]);
    expect(captions.push(message({ stream: "fr", seq: 12 }))).toBeNull();
  });

  test("reading the same again keeps it", () => {
    const captions = reading("es");
    captions.push(message());
    captions.read("es");
    expect(captions.lines).toHaveLength(1);
  });
});

describe("a bridge that begins anew", () => {
  test("keeps what was said before, and goes behind it", () => {
    const captions = reading("es");
    captions.push(message({ seq: 40, text: "before" }));
    captions.push(tailMessage({ seq: 41, revision: 30 }));
    captions.restart();
    expect(tails(captions)).toEqual([]);
    expect(captions.push(message({ seq: 1, text: "after" }))).toBeNull();
    captions.push(tailMessage({ seq: 2, revision: 1, text: "new tail" }));
    expect(texts(captions)).toEqual(["before", "after"]);
    expect(tails(captions)).toEqual(["new tail"]);
  });
});

describe("corrections", () => {
  const corrected = { seq: 5, segmentId: "s1", origin: "correction", text: "right" } as const;

  test("a correction stands where the line stood, and is marked", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1, text: "wrong" }));
    captions.push(message({ seq: 2, text: "next" }));
    captions.push(message(corrected));
    expect(texts(captions)).toEqual(["right", "next"]);
    expect(captions.lines.map((line) => line.corrected)).toEqual([true, false]);
  });

  test("the line that comes after its correction is not shown", () => {
    const captions = reading("es");
    captions.push(fill(corrected));
    captions.push(fill({ seq: 1, text: "wrong" }));
    expect(texts(captions)).toEqual(["right"]);
  });

  test("an older correction does not undo a newer one", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1, text: "wrong" }));
    captions.push(fill({ ...corrected, seq: 9, text: "newest" }));
    captions.push(fill(corrected));
    expect(texts(captions)).toEqual(["newest"]);
  });

  test("segments without an id are never taken for one another", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1, segmentId: null, origin: "booth" }));
    captions.push(message({ seq: 2, segmentId: null, origin: "correction" }));
    expect(captions.lines).toHaveLength(2);
  });
});

describe("who speaks what", () => {
  test("is known from what was said last, in whatever stream", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1, start: 5, sourceLanguage: "en" }));
    captions.push(message({ stream: "fr", seq: 9, start: 8, sourceLanguage: "es" }));
    expect(captions.languageOf("p-ana")).toBe("es");
  });

  test("does not change by what comes late", () => {
    const captions = reading("es");
    captions.push(message({ seq: 9, start: 50, sourceLanguage: "es" }));
    captions.push(fill({ seq: 1, start: 5, sourceLanguage: "en" }));
    expect(captions.languageOf("p-ana")).toBe("es");
  });

  test("does not change by a tail whose language is not known yet", () => {
    const captions = reading("es");
    captions.push(message({ seq: 1, sourceLanguage: "es" }));
    captions.push(tailMessage({ seq: 2, start: 9, sourceLanguage: null }));
    expect(captions.languageOf("p-ana")).toBe("es");
    expect(captions.languageOf("p-ben")).toBeNull();
  });
});
