import { expect, test } from "vitest";
import type { Line } from "../src/captions";
import type { Caption } from "../src/messages";
import { paragraphs } from "../src/paragraphs";
import { caption, tail } from "./make";

function lines(...captions: Partial<Caption>[]): Line[] {
  return captions.map((changes, i) => {
    const one = caption({ seq: i + 1, ...changes });
    return { id: `${i}`, caption: one, corrected: false };
  });
}

const sizes = (found: readonly { lines: readonly Line[] }[]) =>
  found.map((one) => one.lines.length);

test("what one person says in a row stands together, with what may change", () => {
  const found = paragraphs(lines({}, {}, {}), [tail({ start: 4, text: "and" })], "es");
  expect(sizes(found)).toEqual([3]);
  expect(found[0]?.tail).toBe("and");
});

test("another person begins a paragraph", () => {
  const found = paragraphs(lines({}, { speaker: "p-ben" }, {}), [], "es");
  expect(sizes(found)).toEqual([1, 1, 1]);
});

test("another language of the same person begins one", () => {
  const found = paragraphs(lines({}, { sourceLanguage: "fr" }), [], "es");
  expect(found.map((one) => one.sourceLanguage)).toEqual(["en", "fr"]);
});

test("a pause begins one", () => {
  const found = paragraphs(lines({ start: 0, end: 1 }, { start: 60, end: 61 }), [], "es");
  expect(sizes(found)).toEqual([1, 1]);
});

test("a long one ends with its sentence", () => {
  const long = "word ".repeat(70);
  const found = paragraphs(lines({ text: long }, { text: "end." }, { text: "New" }), [], "es");
  expect(sizes(found)).toEqual([2, 1]);
});

test("an endless one ends all the same", () => {
  const long = "word ".repeat(130);
  expect(sizes(paragraphs(lines({ text: long }, { text: "more" }), [], "es"))).toEqual([1, 1]);
});

test("the tails of two people are two paragraphs", () => {
  const tails = [tail({ start: 2 }), tail({ speaker: "p-ben", start: 2 })];
  const found = paragraphs(lines({}), tails, "es");
  expect(found.map((one) => one.tail)).toEqual(["tail", "tail"]);
  expect(sizes(found)).toEqual([1, 0]);
});

test("a tail whose language is not known yet goes on where the person spoke", () => {
  const found = paragraphs(lines({}), [tail({ start: 2, sourceLanguage: null })], "es");
  expect(found).toHaveLength(1);
});

test("what could not be interpreted stands apart and is marked", () => {
  const found = paragraphs(lines({}, { origin: "source", language: "en" }, {}), [], "es");
  expect(found.map((one) => one.uninterpreted)).toEqual([false, true, false]);
});

test("what is said in the language itself is no failure", () => {
  const spoken = lines({ origin: "source", language: "es-MX", sourceLanguage: "es-MX" });
  expect(paragraphs(spoken, [], "es")[0]?.uninterpreted).toBe(false);
});

test("nothing on the floor is a failure", () => {
  const spoken = lines({ stream: "floor/en", origin: "source", language: "en" });
  expect(paragraphs(spoken, [], "floor")[0]?.uninterpreted).toBe(false);
});

test("a paragraph keeps its id while it grows", () => {
  const before = paragraphs(lines({}), [], "es");
  const after = paragraphs(lines({}, {}), [tail({ start: 3 })], "es");
  expect(after[0]?.id).toBe(before[0]?.id);
});
